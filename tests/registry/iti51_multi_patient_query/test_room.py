"""ITI-51: documents and folders of several patients, or of whoever has a code."""

import pytest

from registry.query.catalogue import MULTI_PATIENT_QUERIES
from tests.build.submission import (
    OTHER_PATIENT,
    PATIENT,
    ROOT,
    a_code,
    a_submission,
    changing,
    changing_classification,
    with_identifier,
)
from tests.registry.build import APPROVED, BOTH, QUERY_IDS, STRANGER, Registry, text, texts
from xds.limits import Limits
from xds.metadata import vocabulary as v

DOCUMENTS, FOLDERS = (query.name for query in MULTI_PATIENT_QUERIES)
CLASS = "History and Physical^^Connect-a-thon classCodes"
EVENT, FACILITY = "T-D4909^^SNM3", "Outpatient^^Connect-a-thon facilityCodes"
FOLDER_CODE = "FolderCodeExample^^Connect-a-thon"
RARE = "rare^^1.2.3"


def of(patient: str, number: int, *, rare: bool = False):
    """A document in a folder, under uniqueIds of its own."""
    objects = a_submission(folders=1, patient=patient)
    for rim, scheme, unique_id in (
        ("Document01", v.DOCUMENT_ENTRY_UNIQUE_ID, f"{ROOT}.51.{number}"),
        ("Folder01", v.FOLDER_UNIQUE_ID, f"{ROOT}.52.{number}"),
        ("SubmissionSet01", v.SUBMISSION_SET_UNIQUE_ID, f"{ROOT}.53.{number}"),
    ):
        objects = changing(objects, rim, lambda o, s=scheme, u=unique_id: with_identifier(o, s, u))
    if rare:
        code, _, scheme = RARE.partition("^^")
        for rim, of_scheme in (
            ("Document01", v.EVENT_CODE_LIST),
            ("Folder01", v.FOLDER_CODE_LIST),
        ):
            coded = a_code(rim, of_scheme, code, scheme, code)
            objects = changing(
                objects,
                rim,
                lambda o, s=of_scheme, c=coded: changing_classification(o, s, lambda _: c),
            )
    return objects


@pytest.fixture
def several(registry):
    """Two documents in folders of one patient and one of another, the first with a rare code."""
    for number, patient in enumerate((PATIENT, PATIENT, OTHER_PATIENT)):
        registry.registered(*of(patient, number, rare=number == 0))
    return registry


def ask(registry, query, patients="", status=BOTH, **named):
    prefix = "XDSDocumentEntry" if query == DOCUMENTS else "XDSFolder"
    slots = {f"{prefix}{name}": value for name, value in named.items()}
    if patients:
        slots[f"{prefix}PatientId"] = patients
    return registry.ask(query, **slots, **{f"{prefix}Status": status})


@pytest.mark.parametrize(
    ("patients", "count"),
    [
        (text(PATIENT), 2),
        (texts(PATIENT), 2),
        (texts(PATIENT, OTHER_PATIENT), 3),
        (texts(PATIENT, PATIENT), 2),
        (texts(OTHER_PATIENT, STRANGER), 1),
        (text(STRANGER), 0),
    ],
)
@pytest.mark.parametrize("query", [DOCUMENTS, FOLDERS])
def test_the_patients_are_alternatives_and_may_come_in_one_answer(several, query, patients, count):
    answer = ask(several, query, patients)
    assert (answer.status, len(answer.ids)) == ("Success", count)


@pytest.mark.parametrize(
    ("named", "count"),
    [
        ({"ClassCode": texts(CLASS)}, 3),
        ({"EventCodeList": texts(EVENT)}, 2),
        ({"EventCodeList": texts(RARE)}, 1),
        ({"EventCodeList": texts(RARE, EVENT)}, 3),
        ({"HealthcareFacilityTypeCode": texts(FACILITY)}, 3),
        ({"ClassCode": texts(CLASS), "EventCodeList": texts(RARE)}, 1),
        ({"ClassCode": texts(CLASS), "CreationTimeFrom": "2030"}, 0),
        ({"ClassCode": texts(CLASS), "AuthorPerson": texts("%BERNARD%")}, 3),
        ({"ClassCode": texts("nothing^^1.2.3")}, 0),
    ],
)
def test_a_code_is_enough_to_ask_for_documents_of_everybody(several, named, count):
    assert len(ask(several, DOCUMENTS, **named).ids) == count
    within = ask(several, DOCUMENTS, texts(PATIENT, OTHER_PATIENT), **named)
    assert len(within.ids) == count


def test_a_code_is_enough_to_ask_for_folders_of_everybody(several):
    assert len(ask(several, FOLDERS, CodeList=texts(FOLDER_CODE)).ids) == 2
    assert len(ask(several, FOLDERS, CodeList=texts(RARE)).ids) == 1
    assert len(ask(several, FOLDERS, text(OTHER_PATIENT), CodeList=texts(RARE)).ids) == 0


def test_repeated_codes_are_and_as_in_iti_18(several):
    slots = [
        ("$XDSDocumentEntryEventCodeList", texts(EVENT)),
        ("$XDSDocumentEntryEventCodeList", texts(RARE)),
        ("$XDSDocumentEntryStatus", APPROVED),
    ]
    assert several.ask(DOCUMENTS, slots).ids == []


def test_both_kinds_of_answer(several):
    patients = texts(PATIENT, OTHER_PATIENT)
    leaves = ask(several, DOCUMENTS, patients)
    slots = {"$XDSDocumentEntryPatientId": patients, "$XDSDocumentEntryStatus": BOTH}
    references = several.ask(DOCUMENTS, slots, returns="ObjectRef")
    assert references.ids == leaves.ids
    assert {o.tag for o in references.objects} == {"ObjectRef"}
    assert {o.tag for o in leaves.objects} == {"ExtrinsicObject"}


@pytest.mark.parametrize(
    ("query", "named"),
    [
        (DOCUMENTS, {}),
        (DOCUMENTS, {"TypeCode": texts("34108-1^^2.16.840.1.113883.6.1")}),
        (FOLDERS, {}),
        (FOLDERS, {"LastUpdateTimeFrom": "2000"}),
    ],
)
def test_neither_patient_nor_code_is_refused(several, query, named):
    answer = ask(several, query, **named)
    assert (answer.status, answer.codes) == ("Failure", ("XDSStoredQueryMissingParam",))


def test_without_a_status_it_is_refused(several):
    answer = several.ask(DOCUMENTS, XDSDocumentEntryPatientId=texts(PATIENT))
    assert answer.codes == ("XDSStoredQueryMissingParam",)


def test_each_transaction_has_its_own_queries(several):
    for query in (DOCUMENTS, "FindDocuments"):
        slots = {"$XDSDocumentEntryPatientId": text(PATIENT), "$XDSDocumentEntryStatus": BOTH}
        answer = several.ask(QUERY_IDS[query].upper(), slots)
        expected = () if query == "FindDocuments" else ("XDSUnknownStoredQuery",)
        assert answer.codes == expected


def test_past_the_limit_is_said_and_never_cut(several):
    small = Registry.over(several.ledger, limits=Limits(results=2))
    assert ask(small, DOCUMENTS, texts(PATIENT)).status == "Success"
    for named in ({"patients": texts(PATIENT, OTHER_PATIENT)}, {"ClassCode": texts(CLASS)}):
        answer = ask(small, DOCUMENTS, **named)
        assert (answer.status, answer.codes, answer.ids) == ("Failure", ("XDSTooManyResults",), [])


def test_the_actions_are_those_of_the_standard(registry):
    room = registry.asking_of_several
    assert room.action == "urn:ihe:iti:2009:MultiPatientStoredQuery"
    assert room.response_action == "urn:ihe:iti:2009:MultiPatientStoredQueryResponse"
