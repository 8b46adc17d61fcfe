"""Strategies: stored queries of every kind, with parameters.

Like a step of a history, a question names objects by numbers: the n-th of those registered.
"""

from dataclasses import dataclass

from hypothesis import strategies as st

from tests.build.submission import OTHER_PATIENT
from tests.registry.build import STRANGER
from tests.strategies.histories import (
    EVENTS,
    PATIENTS,
    REFERENCES,
    RELATIONS,
    SOURCES,
    TIMES,
    rarely,
    subset,
)
from xds.metadata import vocabulary as v

PATTERNS = ("%", "%DUPONT%", "%Dup_n_%", "^Dupont^Zoé", "%\\%", "1^O'Neil^Ann_", "^_^_", "nobody")
STATUSES = (
    (v.APPROVED,),
    (v.DEPRECATED,),
    (v.APPROVED, v.DEPRECATED),
    (v.APPROVED, "urn:example:unheard-of"),
    (v.ARCHIVED, v.DELETED, v.DEPRECATED),
)
TYPES = ((), (v.STABLE,), (v.ON_DEMAND,), (v.STABLE, v.ON_DEMAND))
CODED = {
    "$XDSDocumentEntryClassCode": (v.CLASS_CODE, "Connect-a-thon classCodes"),
    "$XDSDocumentEntryTypeCode": (v.TYPE_CODE, "2.16.840.1.113883.6.1"),
    "$XDSDocumentEntryPracticeSettingCode": (
        v.PRACTICE_SETTING_CODE,
        "Connect-a-thon practiceSettingCodes",
    ),
    "$XDSDocumentEntryHealthcareFacilityTypeCode": (
        v.HEALTHCARE_FACILITY_TYPE_CODE,
        "Connect-a-thon facilityCodes",
    ),
    "$XDSDocumentEntryEventCodeList": (v.EVENT_CODE_LIST, "scheme"),
    "$XDSDocumentEntryConfidentialityCode": (v.CONFIDENTIALITY_CODE, "2.16.840.1.113883.5.25"),
    "$XDSDocumentEntryFormatCode": (v.FORMAT_CODE, "1.3.6.1.4.1.19376.1.2.3"),
    "$XDSSubmissionSetContentType": (v.CONTENT_TYPE_CODE, "1.2.250.1.213.2.2"),
    "$XDSFolderCodeList": (v.FOLDER_CODE_LIST, "Connect-a-thon"),
}
"""Parameter to classification scheme and coding scheme."""
TIMED = {
    "$XDSDocumentEntryCreationTime": "creationTime",
    "$XDSDocumentEntryServiceStartTime": "serviceStartTime",
    "$XDSDocumentEntryServiceStopTime": "serviceStopTime",
    "$XDSSubmissionSetSubmissionTime": "submissionTime",
    "$XDSFolderLastUpdateTime": "lastUpdateTime",
}


@dataclass(frozen=True)
class Question:
    """A stored query."""

    query: str
    patients: tuple[str, ...] = ()
    """One, but for ITI-51."""
    status: tuple[tuple[str, ...], ...] = ()
    """Of documents, SubmissionSets, Folders, as far as the query has them."""
    types: tuple[str, ...] = ()
    codes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Parameter and alternatives; the parameter again is one more condition."""
    times: tuple[tuple[str, str, str], ...] = ()
    """Parameter without its ending, from, to."""
    persons: tuple[str, ...] = ()
    references: tuple[tuple[str, ...], ...] = ()
    sources: tuple[str, ...] = ()
    which: tuple[int, ...] = ()
    """Objects asked for."""
    by: str = "EntryUUID"
    """EntryUUID, UniqueId or LogicalID."""
    relations: tuple[str, ...] = ()
    is_split: bool = False
    """Whether the values of a list come one rim:Value each."""
    level: str = ""
    """$MetadataLevel; '' for none, which means 1."""
    link_status: tuple[str, ...] = ()
    """$XDSAssociationStatus, where the query has it."""


def one_of(values, most=3):
    return subset(values, most, least=1)


def _codes(**alternatives):
    choices = [
        st.tuples(st.just(f"$XDS{name}"), one_of(values)) for name, values in alternatives.items()
    ]
    return rarely(st.lists(st.one_of(choices), max_size=2).map(_once_where_once))


def _once_where_once(codes):
    """Only some parameters may come twice."""
    many = ("EventCodeList", "ConfidentialityCode", "FolderCodeList")
    return tuple(
        code
        for n, code in enumerate(codes)
        if code[0].endswith(many) or code[0] not in [name for name, _ in codes[:n]]
    )


def _times(*names: str, among=TIMES):
    bound = st.sampled_from(among)
    span = st.tuples(st.sampled_from([f"$XDS{n}" for n in names]), bound, bound)
    return st.lists(span, max_size=1).map(tuple)


status = st.sampled_from(STATUSES)
types = st.sampled_from((*TYPES, ()))
patient = st.sampled_from((*PATIENTS, OTHER_PATIENT, OTHER_PATIENT))
patients = patient.map(lambda p: (p,))
is_split = st.booleans()
entry_codes = {
    "DocumentEntryClassCode": "xyz",
    "DocumentEntryTypeCode": "xyz",
    "DocumentEntryPracticeSettingCode": "xyz",
    "DocumentEntryHealthcareFacilityTypeCode": "xyz",
    "DocumentEntryEventCodeList": (*EVENTS, "z"),
    "DocumentEntryConfidentialityCode": "NRVX",
    "DocumentEntryFormatCode": "xyz",
}
narrow_codes = {
    name: entry_codes[name]
    for name in ("DocumentEntryConfidentialityCode", "DocumentEntryFormatCode")
}
of_entries = {
    "patients": patients,
    "status": st.tuples(status),
    "types": types,
    "codes": _codes(**entry_codes),
    "times": _times(
        "DocumentEntryCreationTime", "DocumentEntryServiceStartTime", "DocumentEntryServiceStopTime"
    ),
    "persons": rarely(subset(PATTERNS)),
    "is_split": is_split,
}
numbers = st.lists(st.integers(0, 9), min_size=1, max_size=3).map(tuple)
number = st.integers(0, 9).map(lambda n: (n,))


level = st.sampled_from(("", "1", "2", "2"))
by = st.sampled_from(("EntryUUID", "UniqueId"))
by_any = st.sampled_from(("EntryUUID", "UniqueId", "LogicalID"))
LINKED = {
    *("GetAll", "GetAssociations", "GetDocumentsAndAssociations", "GetFolderAndContents"),
    *("GetSubmissionSetAndContents", "GetFoldersForDocument", "GetRelatedDocuments"),
}
"""Queries that have $XDSAssociationStatus."""


def asking(query: str, **fields):
    if query in LINKED:
        fields["link_status"] = st.sampled_from(((), *STATUSES[:3]))
    return st.builds(Question, query=st.just(query), level=level, **fields)


REGISTERED = ("2026", "20260301", "202603011203", "20260301120500", "2027")
"""About the time at which the tests' clock stands."""

some_patients = subset((PATIENTS[0], OTHER_PATIENT, STRANGER), 2)


def several_codes(alternatives):
    """Codes more often than for one patient: without a patient one is needed."""
    return st.one_of(_codes(**alternatives), _codes(**alternatives))


finds = asking("FindDocuments", **of_entries)
questions = st.one_of(
    finds,
    asking(
        "FindDocumentsByReferenceId",
        **of_entries,
        references=st.lists(
            one_of(("1%", "12^%", "%", REFERENCES[0], "1")), min_size=1, max_size=2
        ).map(tuple),
    ),
    asking(
        "FindSubmissionSets",
        patients=patients,
        status=st.tuples(status),
        codes=_codes(SubmissionSetContentType=("04", "x")),
        times=_times("SubmissionSetSubmissionTime"),
        persons=rarely(subset(PATTERNS, 1)),
        sources=rarely(subset((*SOURCES, "9.9"))),
        is_split=is_split,
    ),
    asking(
        "FindFolders",
        patients=patients,
        status=st.tuples(status),
        codes=_codes(FolderCodeList="xyz"),
        times=_times("FolderLastUpdateTime", among=("", *REGISTERED)),
        is_split=is_split,
    ),
    asking(
        "GetAll",
        patients=patients,
        status=st.tuples(status, status, status),
        types=types,
        codes=_codes(**narrow_codes),
        is_split=is_split,
    ),
    *(
        asking(query, which=numbers, by=by_any, is_split=is_split)
        for query in ("GetDocuments", "GetFolders")
    ),
    asking("GetDocumentsAndAssociations", which=numbers, by=by, is_split=is_split),
    *(
        asking(query, which=numbers, is_split=is_split)
        for query in ("GetAssociations", "GetSubmissionSets")
    ),
    *(
        asking(
            query,
            which=number,
            by=by,
            types=types,
            codes=_codes(**narrow_codes),
            is_split=is_split,
        )
        for query in ("GetSubmissionSetAndContents", "GetFolderAndContents")
    ),
    asking("GetFoldersForDocument", which=number, by=by),
    asking(
        "GetRelatedDocuments",
        which=number,
        by=by,
        types=types,
        relations=one_of((*RELATIONS, v.HAS_MEMBER), 4),
        is_split=is_split,
    ),
    asking(
        "FindDocumentsForMultiplePatients",
        **{**of_entries, "patients": some_patients, "codes": several_codes(entry_codes)},
    ),
    asking(
        "FindFoldersForMultiplePatients",
        patients=some_patients,
        status=st.tuples(status),
        codes=several_codes({"FolderCodeList": "xyz"}),
        times=_times("FolderLastUpdateTime", among=("", *REGISTERED)),
        is_split=is_split,
    ),
)
