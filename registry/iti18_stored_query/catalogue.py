"""THE table of stored queries: id, parameters, what each filters, what comes back.

Spec: ITI TF-2 §3.18.4.1.2.3.7 (parameters), §3.18.4.1.2.4 (ids). Adding a query is adding a row.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from registry.iti18_stored_query import recipes
from registry.ledger.api import Kind

SET, ENTRY, FOLDER = Kind.SUBMISSION_SET, Kind.DOCUMENT_ENTRY, Kind.FOLDER


class Form(StrEnum):
    """How a parameter's values are written and what they become."""

    TEXT = "text"
    """The column is one of the values."""
    PATIENT = "patient"
    """CX; identifier and authority count."""
    CODE = "code"
    """code^^coding-scheme."""
    AUTHOR = "author"
    """LIKE pattern over authorPerson."""
    REFERENCE = "reference"
    """LIKE pattern over referenceIdList."""
    TIME_FROM = "time from"
    TIME_TO = "time to"
    STATUS = "status"
    OBJECT_TYPE = "object type"
    GIVEN = "given"
    """No column: the recipe takes the values as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One row of a query's parameter table."""

    name: str
    """With its dollar sign."""
    form: Form
    about: tuple[Kind, ...] = ()
    """Which objects it filters."""
    column: str = ""
    """Column, or attribute name for codes."""
    is_required: bool = False
    is_multiple: bool = True
    """Whether several values may come (OR)."""
    is_conjunctive: bool = False
    """Whether the slot may come again (AND)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredQuery:
    """One stored query."""

    id: str
    name: str
    spec: str
    parameters: tuple[Parameter, ...]
    recipe: recipes.Recipe
    exactly_one_of: tuple[str, ...] = ()
    is_for_one_patient: bool = False
    """Whether LeafClass answers are refused when they concern several patients."""


def _patient(name: str, *about: Kind) -> Parameter:
    return Parameter(
        name=name,
        form=Form.PATIENT,
        about=about,
        column="patient_id",
        is_required=True,
        is_multiple=False,
    )


def _ids(name: str, column: str, about: Kind, *, is_multiple: bool = True) -> Parameter:
    return Parameter(
        name=name, form=Form.TEXT, about=(about,), column=column, is_multiple=is_multiple
    )


def _code(name: str, column: str, about: Kind, *, is_conjunctive: bool = False) -> Parameter:
    return Parameter(
        name=name, form=Form.CODE, about=(about,), column=column, is_conjunctive=is_conjunctive
    )


def _times(name: str, column: str, about: Kind) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(name=f"{name}{side}", form=form, about=(about,), column=column, is_multiple=False)
        for side, form in (("From", Form.TIME_FROM), ("To", Form.TIME_TO))
    )


def _status(name: str, about: Kind) -> Parameter:
    return Parameter(name=name, form=Form.STATUS, about=(about,), column="status", is_required=True)


def _given(name: str) -> Parameter:
    return Parameter(name=name, form=Form.GIVEN, is_required=True)


ENTRY_UUID: Final = "$XDSDocumentEntryEntryUUID"
ENTRY_UNIQUE_ID: Final = "$XDSDocumentEntryUniqueId"
SET_UUID: Final = "$XDSSubmissionSetEntryUUID"
SET_UNIQUE_ID: Final = "$XDSSubmissionSetUniqueId"
FOLDER_UUID: Final = "$XDSFolderEntryUUID"
FOLDER_UNIQUE_ID: Final = "$XDSFolderUniqueId"

FORMAT: Final = _code("$XDSDocumentEntryFormatCode", "formatCode", ENTRY)
CONFIDENTIALITY: Final = _code(
    "$XDSDocumentEntryConfidentialityCode", "confidentialityCode", ENTRY, is_conjunctive=True
)
ENTRY_TYPE: Final = Parameter(
    name="$XDSDocumentEntryType", form=Form.OBJECT_TYPE, about=(ENTRY,), column="object_type"
)
ENTRY_FILTERS: Final = (
    _code("$XDSDocumentEntryClassCode", "classCode", ENTRY),
    _code("$XDSDocumentEntryTypeCode", "typeCode", ENTRY),
    _code("$XDSDocumentEntryPracticeSettingCode", "practiceSettingCode", ENTRY),
    *_times("$XDSDocumentEntryCreationTime", "creation_time", ENTRY),
    *_times("$XDSDocumentEntryServiceStartTime", "service_start_time", ENTRY),
    *_times("$XDSDocumentEntryServiceStopTime", "service_stop_time", ENTRY),
    _code("$XDSDocumentEntryHealthcareFacilityTypeCode", "healthcareFacilityTypeCode", ENTRY),
    _code("$XDSDocumentEntryEventCodeList", "eventCodeList", ENTRY, is_conjunctive=True),
    CONFIDENTIALITY,
    Parameter(name="$XDSDocumentEntryAuthorPerson", form=Form.AUTHOR, about=(ENTRY,)),
    FORMAT,
    _status("$XDSDocumentEntryStatus", ENTRY),
    ENTRY_TYPE,
)
ENTRIES_BY_ID: Final = (
    _ids(ENTRY_UUID, "entry_uuid", ENTRY),
    _ids(ENTRY_UNIQUE_ID, "unique_id", ENTRY),
)
ENTRY_BY_ID: Final = (
    _ids(ENTRY_UUID, "entry_uuid", ENTRY, is_multiple=False),
    _ids(ENTRY_UNIQUE_ID, "unique_id", ENTRY, is_multiple=False),
)
BY_ENTRY: Final = (ENTRY_UUID, ENTRY_UNIQUE_ID)

STORED_QUERIES: Final = (
    StoredQuery(
        id="urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d",
        name="FindDocuments",
        spec="ITI TF-2 §3.18.4.1.2.3.7.1",
        parameters=(_patient("$XDSDocumentEntryPatientId", ENTRY), *ENTRY_FILTERS),
        recipe=recipes.selected(ENTRY),
    ),
    StoredQuery(
        id="urn:uuid:f26abbcb-ac74-4422-8a30-edb644bbc1a9",
        name="FindSubmissionSets",
        spec="ITI TF-2 §3.18.4.1.2.3.7.2",
        parameters=(
            _patient("$XDSSubmissionSetPatientId", SET),
            _ids("$XDSSubmissionSetSourceId", "source_id", SET),
            *_times("$XDSSubmissionSetSubmissionTime", "submission_time", SET),
            Parameter(
                name="$XDSSubmissionSetAuthorPerson",
                form=Form.AUTHOR,
                about=(SET,),
                is_multiple=False,
            ),
            _code("$XDSSubmissionSetContentType", "contentTypeCode", SET),
            _status("$XDSSubmissionSetStatus", SET),
        ),
        recipe=recipes.selected(SET),
    ),
    StoredQuery(
        id="urn:uuid:958f3006-baad-4929-a4de-ff1114824431",
        name="FindFolders",
        spec="ITI TF-2 §3.18.4.1.2.3.7.3",
        parameters=(
            _patient("$XDSFolderPatientId", FOLDER),
            *_times("$XDSFolderLastUpdateTime", "last_update_time", FOLDER),
            _code("$XDSFolderCodeList", "codeList", FOLDER, is_conjunctive=True),
            _status("$XDSFolderStatus", FOLDER),
        ),
        recipe=recipes.selected(FOLDER),
    ),
    StoredQuery(
        id="urn:uuid:10b545ea-725c-446d-9b95-8aeb444eddf3",
        name="GetAll",
        spec="ITI TF-2 §3.18.4.1.2.3.7.4",
        parameters=(
            _patient("$patientId", SET, ENTRY, FOLDER),
            _status("$XDSDocumentEntryStatus", ENTRY),
            _status("$XDSSubmissionSetStatus", SET),
            _status("$XDSFolderStatus", FOLDER),
            FORMAT,
            CONFIDENTIALITY,
            ENTRY_TYPE,
        ),
        recipe=recipes.everything,
    ),
    StoredQuery(
        id="urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4",
        name="GetDocuments",
        spec="ITI TF-2 §3.18.4.1.2.3.7.5",
        parameters=ENTRIES_BY_ID,
        exactly_one_of=BY_ENTRY,
        recipe=recipes.selected(ENTRY),
        is_for_one_patient=True,
    ),
    StoredQuery(
        id="urn:uuid:5737b14c-8a1a-4539-b659-e03a34a5e1e4",
        name="GetFolders",
        spec="ITI TF-2 §3.18.4.1.2.3.7.6",
        parameters=(
            _ids(FOLDER_UUID, "entry_uuid", FOLDER),
            _ids(FOLDER_UNIQUE_ID, "unique_id", FOLDER),
        ),
        exactly_one_of=(FOLDER_UUID, FOLDER_UNIQUE_ID),
        recipe=recipes.selected(FOLDER),
        is_for_one_patient=True,
    ),
    StoredQuery(
        id="urn:uuid:a7ae438b-4bc2-4642-93e9-be891f7bb155",
        name="GetAssociations",
        spec="ITI TF-2 §3.18.4.1.2.3.7.7",
        parameters=(_given("$uuid"),),
        recipe=recipes.associations,
    ),
    StoredQuery(
        id="urn:uuid:bab9529a-4a10-40b3-a01f-f68a615d247a",
        name="GetDocumentsAndAssociations",
        spec="ITI TF-2 §3.18.4.1.2.3.7.8",
        parameters=ENTRIES_BY_ID,
        exactly_one_of=BY_ENTRY,
        recipe=recipes.documents_and_associations,
        is_for_one_patient=True,
    ),
    StoredQuery(
        id="urn:uuid:51224314-5390-4169-9b91-b1980040715a",
        name="GetSubmissionSets",
        spec="ITI TF-2 §3.18.4.1.2.3.7.9",
        parameters=(_given("$uuid"),),
        recipe=recipes.submission_sets,
        is_for_one_patient=True,
    ),
    StoredQuery(
        id="urn:uuid:e8e3cb2c-e39c-46b9-99e4-c12f57260b83",
        name="GetSubmissionSetAndContents",
        spec="ITI TF-2 §3.18.4.1.2.3.7.10",
        parameters=(
            _ids(SET_UUID, "entry_uuid", SET, is_multiple=False),
            _ids(SET_UNIQUE_ID, "unique_id", SET, is_multiple=False),
            FORMAT,
            CONFIDENTIALITY,
            ENTRY_TYPE,
        ),
        exactly_one_of=(SET_UUID, SET_UNIQUE_ID),
        recipe=recipes.submission_set_and_contents,
        is_for_one_patient=True,
    ),
    StoredQuery(
        id="urn:uuid:b909a503-523d-4517-8acf-8e5834dfc4c7",
        name="GetFolderAndContents",
        spec="ITI TF-2 §3.18.4.1.2.3.7.11",
        parameters=(
            _ids(FOLDER_UUID, "entry_uuid", FOLDER, is_multiple=False),
            _ids(FOLDER_UNIQUE_ID, "unique_id", FOLDER, is_multiple=False),
            FORMAT,
            CONFIDENTIALITY,
            ENTRY_TYPE,
        ),
        exactly_one_of=(FOLDER_UUID, FOLDER_UNIQUE_ID),
        recipe=recipes.folder_and_contents,
        is_for_one_patient=True,
    ),
    StoredQuery(
        id="urn:uuid:10cae35a-c7f9-4cf5-b61e-fc3278ffb578",
        name="GetFoldersForDocument",
        spec="ITI TF-2 §3.18.4.1.2.3.7.12",
        parameters=ENTRY_BY_ID,
        exactly_one_of=BY_ENTRY,
        recipe=recipes.folders_for_document,
    ),
    StoredQuery(
        id="urn:uuid:d90e5407-b356-4d91-a89f-873917b4b0e6",
        name="GetRelatedDocuments",
        spec="ITI TF-2 §3.18.4.1.2.3.7.13",
        parameters=(*ENTRY_BY_ID, _given("$AssociationTypes"), ENTRY_TYPE),
        exactly_one_of=BY_ENTRY,
        recipe=recipes.related_documents,
    ),
    StoredQuery(
        id="urn:uuid:12941a89-e02e-4be5-967c-ce4bfc8fe492",
        name="FindDocumentsByReferenceId",
        spec="ITI TF-2 §3.18.4.1.2.3.7.14",
        parameters=(
            _patient("$XDSDocumentEntryPatientId", ENTRY),
            Parameter(
                name="$XDSDocumentEntryReferenceIdList",
                form=Form.REFERENCE,
                about=(ENTRY,),
                is_required=True,
                is_conjunctive=True,
            ),
            *ENTRY_FILTERS,
        ),
        recipe=recipes.selected(ENTRY),
    ),
)
BY_ID: Final = {query.id: query for query in STORED_QUERIES}
TOLERATED: Final = frozenset({"$MetadataLevel", "$homeCommunityId"})
"""Parameters that any query may have: metadata level of the answer (Metadata Update), and the
home community, which belongs in AdhocQuery/@home; neither filters anything here."""
