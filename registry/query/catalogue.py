"""THE table of stored queries: id, parameters, what each filters, what comes back.

Spec: ITI TF-2 §3.18.4.1.2.3.7 (parameters), §3.18.4.1.2.4 (ids); §3.51.4.1.2.1 and .2 for those of
several patients; XDS Metadata Update, §3.18, for $MetadataLevel, $XDSAssociationStatus and the
logical ids. Adding a query is adding a row.
"""

from typing import Final

from registry.ledger.api import Kind
from registry.query import recipes
from registry.query.table import (
    Form,
    Parameter,
    StoredQuery,
    any_patients,
    code,
    given,
    ids,
    logical_ids,
    patient,
    status,
    times,
)

SET, ENTRY, FOLDER = Kind.SUBMISSION_SET, Kind.DOCUMENT_ENTRY, Kind.FOLDER
LINK = Kind.ASSOCIATION


ENTRY_UUID: Final = "$XDSDocumentEntryEntryUUID"
ENTRY_UNIQUE_ID: Final = "$XDSDocumentEntryUniqueId"
SET_UUID: Final = "$XDSSubmissionSetEntryUUID"
SET_UNIQUE_ID: Final = "$XDSSubmissionSetUniqueId"
FOLDER_UUID: Final = "$XDSFolderEntryUUID"
FOLDER_UNIQUE_ID: Final = "$XDSFolderUniqueId"
ENTRY_LOGICAL_ID: Final = "$XDSDocumentEntryLogicalID"
FOLDER_LOGICAL_ID: Final = "$XDSFolderLogicalID"

FORMAT: Final = code("$XDSDocumentEntryFormatCode", "formatCode", ENTRY)
CONFIDENTIALITY: Final = code(
    "$XDSDocumentEntryConfidentialityCode", "confidentialityCode", ENTRY, is_conjunctive=True
)
ENTRY_TYPE: Final = Parameter(
    name="$XDSDocumentEntryType", form=Form.OBJECT_TYPE, about=(ENTRY,), column="object_type"
)
ENTRY_FILTERS: Final = (
    code("$XDSDocumentEntryClassCode", "classCode", ENTRY),
    code("$XDSDocumentEntryTypeCode", "typeCode", ENTRY),
    code("$XDSDocumentEntryPracticeSettingCode", "practiceSettingCode", ENTRY),
    *times("$XDSDocumentEntryCreationTime", "creation_time", ENTRY),
    *times("$XDSDocumentEntryServiceStartTime", "service_start_time", ENTRY),
    *times("$XDSDocumentEntryServiceStopTime", "service_stop_time", ENTRY),
    code("$XDSDocumentEntryHealthcareFacilityTypeCode", "healthcareFacilityTypeCode", ENTRY),
    code("$XDSDocumentEntryEventCodeList", "eventCodeList", ENTRY, is_conjunctive=True),
    CONFIDENTIALITY,
    Parameter(name="$XDSDocumentEntryAuthorPerson", form=Form.AUTHOR, about=(ENTRY,)),
    FORMAT,
    status("$XDSDocumentEntryStatus", ENTRY),
    ENTRY_TYPE,
)
ENTRIES_BY_ID: Final = (
    ids(ENTRY_UUID, "entry_uuid", ENTRY),
    ids(ENTRY_UNIQUE_ID, "unique_id", ENTRY),
)
ENTRY_BY_ID: Final = (
    ids(ENTRY_UUID, "entry_uuid", ENTRY, is_multiple=False),
    ids(ENTRY_UNIQUE_ID, "unique_id", ENTRY, is_multiple=False),
)
BY_ENTRY: Final = (ENTRY_UUID, ENTRY_UNIQUE_ID)
LINK_STATUS: Final = Parameter(
    name="$XDSAssociationStatus", form=Form.STATUS, about=(LINK,), column="status"
)
LEVEL: Final = Parameter(name="$MetadataLevel", form=Form.LEVEL, is_multiple=False)
FOR_ALL: Final = (LEVEL,)
"""Parameters that every query has (Metadata Update, §3.18.4.1.2.3.5.1)."""
FOLDER_FILTERS: Final = (
    *times("$XDSFolderLastUpdateTime", "last_update_time", FOLDER),
    code("$XDSFolderCodeList", "codeList", FOLDER, is_conjunctive=True),
    status("$XDSFolderStatus", FOLDER),
)

STORED_QUERIES: Final = (
    StoredQuery(
        id="urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d",
        name="FindDocuments",
        spec="ITI TF-2 §3.18.4.1.2.3.7.1",
        parameters=(patient("$XDSDocumentEntryPatientId", ENTRY), *ENTRY_FILTERS),
        recipe=recipes.selected(ENTRY),
    ),
    StoredQuery(
        id="urn:uuid:f26abbcb-ac74-4422-8a30-edb644bbc1a9",
        name="FindSubmissionSets",
        spec="ITI TF-2 §3.18.4.1.2.3.7.2",
        parameters=(
            patient("$XDSSubmissionSetPatientId", SET),
            ids("$XDSSubmissionSetSourceId", "source_id", SET),
            *times("$XDSSubmissionSetSubmissionTime", "submission_time", SET),
            Parameter(
                name="$XDSSubmissionSetAuthorPerson",
                form=Form.AUTHOR,
                about=(SET,),
                is_multiple=False,
            ),
            code("$XDSSubmissionSetContentType", "contentTypeCode", SET),
            status("$XDSSubmissionSetStatus", SET),
        ),
        recipe=recipes.selected(SET),
    ),
    StoredQuery(
        id="urn:uuid:958f3006-baad-4929-a4de-ff1114824431",
        name="FindFolders",
        spec="ITI TF-2 §3.18.4.1.2.3.7.3",
        parameters=(
            patient("$XDSFolderPatientId", FOLDER),
            *FOLDER_FILTERS,
        ),
        recipe=recipes.selected(FOLDER),
    ),
    StoredQuery(
        id="urn:uuid:10b545ea-725c-446d-9b95-8aeb444eddf3",
        name="GetAll",
        spec="ITI TF-2 §3.18.4.1.2.3.7.4",
        parameters=(
            patient("$patientId", SET, ENTRY, FOLDER),
            status("$XDSDocumentEntryStatus", ENTRY),
            status("$XDSSubmissionSetStatus", SET),
            status("$XDSFolderStatus", FOLDER),
            FORMAT,
            CONFIDENTIALITY,
            ENTRY_TYPE,
            LINK_STATUS,
        ),
        recipe=recipes.everything,
    ),
    StoredQuery(
        id="urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4",
        name="GetDocuments",
        spec="ITI TF-2 §3.18.4.1.2.3.7.5",
        parameters=(*ENTRIES_BY_ID, logical_ids(ENTRY_LOGICAL_ID, ENTRY)),
        exactly_one_of=(*BY_ENTRY, ENTRY_LOGICAL_ID),
        recipe=recipes.selected(ENTRY),
        is_for_one_patient=True,
    ),
    StoredQuery(
        id="urn:uuid:5737b14c-8a1a-4539-b659-e03a34a5e1e4",
        name="GetFolders",
        spec="ITI TF-2 §3.18.4.1.2.3.7.6",
        parameters=(
            ids(FOLDER_UUID, "entry_uuid", FOLDER),
            ids(FOLDER_UNIQUE_ID, "unique_id", FOLDER),
            logical_ids(FOLDER_LOGICAL_ID, FOLDER),
        ),
        exactly_one_of=(FOLDER_UUID, FOLDER_UNIQUE_ID, FOLDER_LOGICAL_ID),
        recipe=recipes.selected(FOLDER),
        is_for_one_patient=True,
    ),
    StoredQuery(
        id="urn:uuid:a7ae438b-4bc2-4642-93e9-be891f7bb155",
        name="GetAssociations",
        spec="ITI TF-2 §3.18.4.1.2.3.7.7",
        parameters=(given("$uuid"), LINK_STATUS),
        recipe=recipes.associations,
    ),
    StoredQuery(
        id="urn:uuid:bab9529a-4a10-40b3-a01f-f68a615d247a",
        name="GetDocumentsAndAssociations",
        spec="ITI TF-2 §3.18.4.1.2.3.7.8",
        parameters=(*ENTRIES_BY_ID, LINK_STATUS),
        exactly_one_of=BY_ENTRY,
        recipe=recipes.documents_and_associations,
        is_for_one_patient=True,
    ),
    StoredQuery(
        id="urn:uuid:51224314-5390-4169-9b91-b1980040715a",
        name="GetSubmissionSets",
        spec="ITI TF-2 §3.18.4.1.2.3.7.9",
        parameters=(given("$uuid"),),
        recipe=recipes.submission_sets,
        is_for_one_patient=True,
    ),
    StoredQuery(
        id="urn:uuid:e8e3cb2c-e39c-46b9-99e4-c12f57260b83",
        name="GetSubmissionSetAndContents",
        spec="ITI TF-2 §3.18.4.1.2.3.7.10",
        parameters=(
            ids(SET_UUID, "entry_uuid", SET, is_multiple=False),
            ids(SET_UNIQUE_ID, "unique_id", SET, is_multiple=False),
            FORMAT,
            CONFIDENTIALITY,
            ENTRY_TYPE,
            LINK_STATUS,
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
            ids(FOLDER_UUID, "entry_uuid", FOLDER, is_multiple=False),
            ids(FOLDER_UNIQUE_ID, "unique_id", FOLDER, is_multiple=False),
            FORMAT,
            CONFIDENTIALITY,
            ENTRY_TYPE,
            LINK_STATUS,
        ),
        exactly_one_of=(FOLDER_UUID, FOLDER_UNIQUE_ID),
        recipe=recipes.folder_and_contents,
        is_for_one_patient=True,
    ),
    StoredQuery(
        id="urn:uuid:10cae35a-c7f9-4cf5-b61e-fc3278ffb578",
        name="GetFoldersForDocument",
        spec="ITI TF-2 §3.18.4.1.2.3.7.12",
        parameters=(*ENTRY_BY_ID, LINK_STATUS),
        exactly_one_of=BY_ENTRY,
        recipe=recipes.folders_for_document,
    ),
    StoredQuery(
        id="urn:uuid:d90e5407-b356-4d91-a89f-873917b4b0e6",
        name="GetRelatedDocuments",
        spec="ITI TF-2 §3.18.4.1.2.3.7.13",
        parameters=(*ENTRY_BY_ID, given("$AssociationTypes"), ENTRY_TYPE, LINK_STATUS),
        exactly_one_of=BY_ENTRY,
        recipe=recipes.related_documents,
    ),
    StoredQuery(
        id="urn:uuid:12941a89-e02e-4be5-967c-ce4bfc8fe492",
        name="FindDocumentsByReferenceId",
        spec="ITI TF-2 §3.18.4.1.2.3.7.14",
        parameters=(
            patient("$XDSDocumentEntryPatientId", ENTRY),
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

MULTI_PATIENT_QUERIES: Final = (
    StoredQuery(
        id="urn:uuid:3d1bdb10-39a2-11de-89c2-2f44d94eaa9f",
        name="FindDocumentsForMultiplePatients",
        spec="ITI TF-2 §3.51.4.1.2.1.1",
        parameters=(any_patients("$XDSDocumentEntryPatientId", ENTRY), *ENTRY_FILTERS),
        at_least_one_of=(
            "$XDSDocumentEntryPatientId",
            "$XDSDocumentEntryClassCode",
            "$XDSDocumentEntryEventCodeList",
            "$XDSDocumentEntryHealthcareFacilityTypeCode",
        ),
        recipe=recipes.selected(ENTRY),
    ),
    StoredQuery(
        id="urn:uuid:50d3f5ac-39a2-11de-a1ca-b366239e58df",
        name="FindFoldersForMultiplePatients",
        spec="ITI TF-2 §3.51.4.1.2.1.2",
        parameters=(any_patients("$XDSFolderPatientId", FOLDER), *FOLDER_FILTERS),
        at_least_one_of=("$XDSFolderPatientId", "$XDSFolderCodeList"),
        recipe=recipes.selected(FOLDER),
    ),
)
"""Those of Multi-Patient Stored Query [ITI-51]."""

TOLERATED: Final = frozenset({"$homeCommunityId"})
"""What any query may have besides: the home community, which belongs in AdhocQuery/@home and
filters nothing here (§3.18.4.1.2.3.8)."""
