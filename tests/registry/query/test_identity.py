"""A patient identifier whose control key is wrong: said in queries and in updates, as elsewhere."""

from dataclasses import replace

import pytest

from dmp.ins import CHECKS, control_key
from registry.iti18_stored_query import handle as iti18
from registry.iti51_multi_patient_query import handle as iti51
from registry.iti57_update import handle as iti57
from registry.iti92_restricted_update import handle as iti92
from registry.query.identity import patient_check
from tests.build.submission import OPEN_DOMAIN, PATIENT, a_submission
from tests.build.update import a_version
from tests.registry.build import APPROVED, a_call, a_query, run, text, texts
from xds.domain import load_domain
from xds.ebrim.submit import write_submit_objects
from xds.limits import Limits

BODY = "2790351215189"
KEY = control_key(BODY)
WRONG_KEY = f"{(int(KEY) + 1) % 97:02}"
REAL, TEST = "1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.10"
FRENCH = replace(
    OPEN_DOMAIN,
    authorities=load_domain("dmp").authorities,
    departures=load_domain("dmp").departures,
)


def an_ins(authority, key=KEY):
    return f"{BODY}{key}^^^&{authority}&ISO^NH"


def ask(registry, query, pairs):
    make = iti51 if "MultiplePatients" in query else iti18
    room = make.room(
        ledger=registry.ledger, limits=Limits(), check_patient=patient_check(FRENCH, CHECKS)
    )
    return run(room, a_call(a_query(query, pairs)))


QUERIES = {
    "FindDocuments": ("$XDSDocumentEntryPatientId", "$XDSDocumentEntryStatus"),
    "FindSubmissionSets": ("$XDSSubmissionSetPatientId", "$XDSSubmissionSetStatus"),
    "FindFolders": ("$XDSFolderPatientId", "$XDSFolderStatus"),
    "GetAll": (
        "$patientId",
        "$XDSDocumentEntryStatus",
        "$XDSSubmissionSetStatus",
        "$XDSFolderStatus",
    ),
}


def a_find(query, patient):
    name, *statuses = QUERIES[query]
    return [(name, text(patient)), *((status, APPROVED) for status in statuses)]


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_for_a_real_ins_with_a_wrong_key_is_refused(sqlite_registry, query):
    answer = ask(sqlite_registry, query, a_find(query, an_ins(REAL, WRONG_KEY)))
    assert (answer.status, answer.codes) == ("Failure", ("XDSRegistryError",))
    assert "control key" in answer.complaints[0].code_context
    assert QUERIES[query][0] in answer.complaints[0].code_context


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_for_a_test_ins_with_a_wrong_key_is_answered_with_a_warning(sqlite_registry, query):
    answer = ask(sqlite_registry, query, a_find(query, an_ins(TEST, WRONG_KEY)))
    assert (answer.status, answer.codes) == ("Success", ())
    (warning,) = answer.complaints
    assert "control key" in warning.code_context


@pytest.mark.parametrize(
    "patient",
    [
        *(an_ins(authority) for authority in (REAL, TEST)),
        f"{BODY}{WRONG_KEY}^^^&1.2.3&ISO",  # not an INS
        PATIENT,
        "no cx",
    ],
)
def test_of_any_other_identifier_nothing_is_said(sqlite_registry, patient):
    answer = ask(sqlite_registry, "FindDocuments", a_find("FindDocuments", patient))
    assert (answer.status, answer.complaints) == ("Success", ())


def test_each_of_several_patients_is_looked_at(sqlite_registry):
    patients = texts(an_ins(REAL), an_ins(REAL, WRONG_KEY), an_ins(TEST, WRONG_KEY))
    pairs = [
        ("$XDSDocumentEntryPatientId", patients),
        ("$XDSDocumentEntryStatus", APPROVED),
        ("$XDSDocumentEntryClassCode", "('A^^1.2')"),
    ]
    answer = ask(sqlite_registry, "FindDocumentsForMultiplePatients", pairs)
    assert answer.codes == ("XDSRegistryError",)
    assert [c.is_error for c in answer.complaints] == [True, False]


@pytest.mark.parametrize("room", [iti57, iti92])
@pytest.mark.parametrize(("authority", "status"), [(REAL, "Failure"), (TEST, "Success")])
def test_an_update_for_an_ins_with_a_wrong_key_is_told(sqlite_registry, room, authority, status):
    registry = sqlite_registry
    patient = an_ins(authority, WRONG_KEY)
    registry.ledger.add_patient(patient, "20260101000000")
    take = replace(OPEN_DOMAIN, departures=FRENCH.departures)
    registering = type(registry).over(registry.ledger, take)
    registering.registered(*a_submission(patient=patient))
    (entry,) = registry.find(patient).objects
    objects = a_version(entry, patient=patient)
    made = room.room(ledger=registry.ledger, domain=FRENCH, identifier_checks=CHECKS)
    answer = run(made, a_call(write_submit_objects(objects)))
    assert answer.status == status
    assert {c.is_error for c in answer.complaints} == {status == "Failure"}
    assert all("control key" in c.code_context for c in answer.complaints)
