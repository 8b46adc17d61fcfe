"""TD0.4: which records are listed, for whom, since when; what is hidden lists nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from registry.records.changes import Attending, Authorise, Block, Close
from registry.td04_my_records.handle import room
from tests.build.asking import (
    A_PATIENT,
    ADA,
    CABINET,
    INS,
    NURSE,
    OTHER,
    OTHER_INS,
    PATIENT,
    SECRETARY,
    a_caller,
    my_records,
)
from tests.build.submission import a_code, a_document_entry, a_submission_set, has_member
from tests.registry.build import START
from tests.registry.desk import Desk
from xds.metadata import vocabulary as v
from xds.metadata.hl7v2 import cx_key

NS = {"h": "urn:si-dmp-patients"}
CALLER = a_caller(patient="")
MASKS = "1.2.250.1.213.1.1.4.13"


@pytest.fixture
def desk(registry):
    return made(registry)


@pytest.fixture
def quick(sqlite_registry):
    return made(sqlite_registry)


def made(registry):
    desk = Desk(registry.ledger)
    desk.rooms = (room(entrance=desk.entrance),)
    desk.registry = registry
    return desk


def said(answer):
    (status,) = answer.xpath("h:output/h:status/text()", namespaces=NS)
    context = answer.xpath("string(h:output/h:context)", namespaces=NS)
    items = [
        {e.tag.rpartition("}")[2]: e.text for e in item.iter() if e.text}
        for item in answer.xpath("h:output/h:patientlistData", namespaces=NS)
    ]
    return str(status), items, str(context)


def ids(answer):
    status, items, context = said(answer)
    assert status == "DMPOk", context
    return [item["nationalId"] for item in items]


def at(minutes):
    return f"{START + timedelta(minutes=minutes):%Y%m%d%H%M%S}"


def test_records_are_listed_as_soon_as_they_may_be_opened_and_no_longer(desk):
    assert ids(desk.ask(my_records(), CALLER)) == []
    desk.choose(Authorise(identity=ADA))
    desk.choose(Attending(identity=ADA), OTHER)
    status, items, _ = said(desk.ask(my_records(), CALLER))
    assert status == "DMPOk"
    assert items == [
        {
            "nationalId": OTHER_INS,
            "nationalIdType": "1.2.250.1.213.1.4.10",
            "MT": "true",
            "message": "false",
        },
        {
            "nationalId": INS,
            "nationalIdType": "1.2.250.1.213.1.4.10",
            "MT": "false",
            "message": "false",
        },
    ]
    assert set(desk.concerned.patients) == {p.replace("^NH", "") for p in (PATIENT, OTHER)}
    desk.choose(Block(identity=ADA))
    desk.choose(Close(), OTHER)
    assert ids(desk.ask(my_records(), CALLER)) == []


def test_an_authorisation_that_is_over_lists_nothing(quick):
    quick.choose(Authorise(identity=ADA, until=at(3)))
    assert ids(quick.ask(my_records(), CALLER)) == [INS]
    assert ids(quick.ask(my_records(), CALLER)) == []


def test_what_the_structure_is_authorised_for_is_listed_for_its_people(quick):
    quick.choose(Authorise(identity=CABINET, is_structure=True))
    quick.choose(Authorise(identity=ADA), OTHER)
    assert ids(quick.ask(my_records(), CALLER)) == [OTHER_INS, INS]
    assert ids(quick.ask(my_records(), a_caller(patient="", structure="x"))) == [OTHER_INS]
    for caller in (a_caller(roles=SECRETARY, patient=""), a_caller(mode="indirect", patient="")):
        assert ids(quick.ask(my_records(at(0)), caller)) == [INS]


def test_a_structure_says_since_when(quick):
    status, items, context = said(quick.ask(my_records(), a_caller(mode="indirect", patient="")))
    assert (status, items) == ("InvalidRequest", [])
    assert "add startDate" in context


def test_only_authorisations_since_then_are_listed(quick):
    quick.choose(Authorise(identity=ADA))
    quick.choose(Authorise(identity=ADA), OTHER)
    assert ids(quick.ask(my_records(at(1), "LASTAUTORIZATION"), CALLER)) == [OTHER_INS, INS]
    assert ids(quick.ask(my_records(at(2)), CALLER)) == [OTHER_INS]
    assert ids(quick.ask(my_records("2027"), CALLER)) == []


def test_an_assertion_for_one_patient_lists_no_other(quick):
    for patient in (PATIENT, OTHER):
        quick.choose(Authorise(identity=ADA), patient)
    assert ids(quick.ask(my_records(), a_caller(patient=OTHER))) == [OTHER_INS]


@pytest.mark.parametrize("purpose", ["centre_15", "bris_de_glace"])
def test_an_emergency_lists_no_more_than_what_was_authorised(quick, purpose):
    assert ids(quick.ask(my_records(), a_caller(patient="", purpose=purpose))) == []
    quick.choose(Authorise(identity=ADA))
    assert ids(quick.ask(my_records(), a_caller(patient="", purpose=purpose))) == [INS]


@pytest.mark.parametrize(
    "caller",
    [
        a_caller(roles=A_PATIENT, identity=INS, structure=""),
        a_caller(roles=A_PATIENT, identity=INS, structure="", patient=""),
        a_caller(mode="indirect", purpose="centre_15", patient=""),
        a_caller(roles=(), patient=""),
    ],
)
def test_who_has_not_the_function_is_told_so(quick, caller):
    quick.choose(Authorise(identity=ADA))
    status, items, context = said(quick.ask(my_records(at(0)), caller))
    assert (status, items) == ("NotPermitted", [])
    assert "Fix: " in context


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (my_records("yesterday"), "startDate"),
        (my_records("20261301"), "startDate"),
        (my_records("", "LASTDOC"), "add startDate"),
        (my_records("2026", "LAST"), "LASTAUTORIZATION or LASTDOC"),
        (my_records().replace("/>", "><x/></patientList>").replace("></", "><x/></"), "'x'"),
    ],
)
def test_a_body_that_is_none_is_told_the_rule_and_the_fix(quick, text, words):
    status, items, context = said(quick.ask(text, CALLER))
    assert (status, items) == ("InvalidRequest", [])
    assert words in context
    assert "Fix: " in context


def deposited(desk, patient, number, *, masked=False):
    """Register one document of a patient, submitted in 2004."""
    patient = cx_key(patient)
    entry = a_document_entry(patient=patient, unique_id=f"1.2.3.9.{number}")
    if masked:
        code = a_code(entry.id, v.CONFIDENTIALITY_CODE, "MASQUE_PS", MASKS, "MASQUE_PS")
        entry = replace(entry, classifications=(*entry.classifications, code))
    of = a_submission_set(patient=patient, unique_id=f"1.2.3.8.{number}")
    member = has_member(of.id, entry.id, status=v.ORIGINAL)
    desk.registry.registered(entry, of, member)


def test_a_document_moves_a_record_into_the_list_only_if_the_caller_sees_it(desk):
    for patient in (PATIENT, OTHER):
        desk.choose(Authorise(identity=ADA), patient)
    deposited(desk, PATIENT, 1)
    deposited(desk, OTHER, 2, masked=True)
    answer = desk.ask(my_records("2000", "LASTDOC"), CALLER)
    assert ids(answer) == [INS]
    assert said(answer)[1][0]["lastAddDate"] == "20041225235050"
    assert ids(desk.ask(my_records("2099", "LASTDOC"), CALLER)) == []
    desk.choose(Attending(identity=ADA), OTHER)
    assert ids(desk.ask(my_records("2000", "LASTDOC"), CALLER)) == [OTHER_INS, INS]


def test_who_may_not_search_documents_is_told_of_none(quick):
    quick.choose(Authorise(identity=CABINET, is_structure=True))
    deposited(quick, PATIENT, 1)
    caller = a_caller(roles=SECRETARY, patient="")
    status, items, context = said(quick.ask(my_records("2000", "LASTDOC"), caller))
    assert (status, items) == ("InvalidRequest", [])
    assert "ask with LASTAUTORIZATION" in context


def test_a_nurse_named_as_attending_lists_the_record_but_not_the_role(quick):
    quick.choose(Attending(identity=ADA))
    nurse = replace(CALLER, roles=NURSE)
    (item,) = said(quick.ask(my_records(), nurse))[1]
    assert item["MT"] == "false"
