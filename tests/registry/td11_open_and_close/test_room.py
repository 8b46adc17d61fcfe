"""TD1.1, TD1.2, TD1.4: what becomes of a record, and who may ask for it."""

from dataclasses import replace

import pytest
from lxml import etree

from dmp.ins import CHECKS
from registry.patients.change import Patients
from registry.patients.changes import Merge
from registry.records.changes import Authorise, Block, Close
from registry.td11_open_and_close.handle import rooms
from tests.build.asking import (
    A_PATIENT,
    ADA,
    CONSENT,
    INS,
    INS_TEST,
    NURSE,
    OTHER,
    OTHER_INS,
    PATIENT,
    SECRETARY,
    a_caller,
    a_closing,
    a_creation,
    a_reactivation,
    a_test,
    observed,
)
from tests.build.feed import ii
from tests.build.records import standings
from tests.registry.desk import DOMAIN, HL7, Desk
from tests.registry.official import need_official, official
from xds.access.model import RecordState, Standing
from xds.audit.event import RecordAction

NEW = "269054958815780"
NEW_CX = f"{NEW}^^^&{INS_TEST}&ISO^NH"
NOBODY = a_caller(patient="")


@pytest.fixture
def desk(ledger):
    return made(ledger)


@pytest.fixture
def quick(sqlite_registry):
    return made(sqlite_registry.ledger)


def made(ledger):
    desk = Desk(ledger)
    desk.rooms = rooms(entrance=desk.entrance, clock=desk.clock)
    return desk


def said(answer):
    """Return the answer's name, the record's status, and the codes of the details."""
    (message,) = answer
    name = etree.QName(message).localname
    official(name, message)
    (kind,) = message.xpath("h:acknowledgement/@typeCode", namespaces=HL7)
    codes = message.xpath("h:acknowledgement/h:acknowledgementDetail/h:code/@code", namespaces=HL7)
    status = message.xpath("string(//h:patient/h:statusCode/@code)", namespaces=HL7)
    assert (kind == "AA") == (name in {"PRPA_IN201312UV02", "PRPA_IN201315UV02"})
    return name.removeprefix("PRPA_IN").removesuffix("UV02"), str(status), list(map(str, codes))


def text_of(answer):
    return " ".join(answer.xpath("//h:acknowledgementDetail/h:text/text()", namespaces=HL7))


def state(desk, patient=PATIENT):
    return desk.records.read(patient).state


def is_known(desk, patient=NEW_CX):
    return bool(
        desk.ledger.read(lambda reader: reader.known_patients([patient.replace("^NH", "")]))
    )


@pytest.mark.parametrize("text", [a_test(), a_creation(), a_reactivation(), a_closing()])
def test_the_messages_of_these_tests_are_hl7s(text):
    need_official()
    root = etree.fromstring(text)
    official(etree.QName(root).localname, root)


def test_a_record_is_created_for_somebody_unknown_and_nobody_is_authorised(desk):
    answer = desk.ask(a_creation(ins=NEW), NOBODY)
    assert said(answer) == ("201312", "active", [])
    record = desk.records.read(NEW_CX)
    assert (record.state, record.is_chosen, record.people) == (RecordState.OPEN, True, ())
    assert is_known(desk)
    assert desk.outcome.actions == (RecordAction.CREATE,)
    (event,) = desk.trail.events
    assert event.transaction == "record open"
    assert event.caller.identity == ADA


@pytest.mark.parametrize(
    ("said_no", "regulation", "break_glass"),
    [
        ("", True, True),
        (observed("OPPOSITION_BRIS_DE_GLACE", "false"), True, True),
        (observed("OPPOSITION_BRIS_DE_GLACE", "true"), True, False),
        (observed("OPPOSITION_ACCES_URGENCE", "true"), False, True),
        (
            observed("OPPOSITION_ACCES_URGENCE", "false")
            + observed("OPPOSITION_ACCES_URGENCE", "true"),
            False,
            True,
        ),
    ],
)
def test_what_the_patient_opposes_holds_from_the_first_moment(
    quick, said_no, regulation, break_glass
):
    assert said(quick.ask(a_creation(ins=NEW, consents=CONSENT + said_no), NOBODY))[0] == "201312"
    record = quick.records.read(NEW_CX)
    assert (record.regulation, record.break_glass) == (regulation, break_glass)


def test_a_record_that_exists_is_not_created(quick):
    assert said(quick.ask(a_creation())) == ("201313", "active", ["DMPFound"])
    quick.choose(Close())
    assert said(quick.ask(a_creation())) == ("201313", "active", ["DMPClosed"])
    assert state(quick) is RecordState.CLOSED


def test_a_record_that_was_never_opened_is_created(quick):
    quick.policy = replace(quick.policy, records_begin_open=False)
    quick.rooms = rooms(entrance=quick.entrance, clock=quick.clock)
    assert said(quick.ask(a_reactivation()))[2] == ["XDSUnknownPatientId"]
    assert said(quick.ask(a_creation()))[0] == "201312"
    assert state(quick) is RecordState.OPEN


def test_to_close_ends_everything_and_to_open_again_brings_all_choices_back(desk):
    desk.choose(Authorise(identity=ADA))
    desk.choose(Block(identity="899900000009"))
    before = standings(desk.records.read(PATIENT))
    assert said(desk.ask(a_closing())) == ("201315", "terminated", [])
    assert state(desk) is RecordState.CLOSED
    assert said(desk.ask(a_closing())) == ("201316", "terminated", ["DMPClosed"])
    assert said(desk.ask(a_reactivation())) == ("201315", "active", [])
    assert state(desk) is RecordState.OPEN
    assert standings(desk.records.read(PATIENT)) == before
    assert said(desk.ask(a_reactivation())) == ("201316", "active", ["DMPFound"])


def test_the_patient_closes_the_own_record_and_nobody_elses(quick):
    own = a_caller(roles=A_PATIENT, identity=INS, structure="")
    other = a_caller(roles=A_PATIENT, identity=OTHER_INS, structure="", patient=PATIENT)
    for text in (a_closing(), a_reactivation(), a_creation()):
        assert said(quick.ask(text, other))[2] == ["XDSUnknownPatientId"]
    assert said(quick.ask(a_closing(), own))[0] == "201315"
    assert state(quick) is RecordState.CLOSED
    assert state(quick, OTHER) is RecordState.OPEN


def test_who_is_not_authorised_closes_nothing(quick):
    assert said(quick.ask(a_closing(), a_caller(roles=NURSE)))[2] == ["NotPermitted"]
    quick.choose(Block(identity=ADA))
    assert said(quick.ask(a_closing()))[2] == ["NotPermitted"]
    assert state(quick) is RecordState.OPEN
    assert standings(quick.records.read(PATIENT)) == {(ADA, Standing.BLOCKED)}


def test_who_is_blocked_does_not_open_a_record_again(quick):
    quick.choose(Block(identity=ADA))
    quick.choose(Close())
    answer = quick.ask(a_reactivation())
    assert said(answer)[2] == ["NotPermitted"]
    assert state(quick) is RecordState.CLOSED


@pytest.mark.parametrize(
    "caller",
    [
        a_caller(mode="indirect"),
        a_caller(roles=SECRETARY),
        a_caller(purpose="bris_de_glace"),
        a_caller(purpose="centre_15"),
        a_caller(patient=OTHER),
    ],
)
@pytest.mark.parametrize("text", [a_creation(ins=NEW), a_creation(), a_reactivation(), a_closing()])
def test_who_has_not_the_function_changes_nothing(quick, caller, text):
    caller = replace(caller, patient_concerned="" if caller.patient_concerned == PATIENT else OTHER)
    assert said(quick.ask(text, caller))[2] == ["NotPermitted"]
    assert not is_known(quick)
    assert not quick.records.read(PATIENT).is_chosen


@pytest.mark.parametrize("text", [a_reactivation(ins=NEW), a_closing(ins=NEW)])
def test_a_patient_without_a_record_is_told_as_such(quick, text):
    assert said(quick.ask(text, NOBODY))[2] == ["XDSUnknownPatientId"]
    assert not is_known(quick)


def test_of_a_merged_identifier_the_survivor_is_not_told(quick):
    patients = Patients(ledger=quick.ledger, domain=DOMAIN, identifier_checks=CHECKS)
    merge = Merge(survivor=PATIENT, subsumed=OTHER)
    patients.change(merge, instant=quick.now)
    for text in (
        a_creation(ins=OTHER_INS),
        a_closing(ins=OTHER_INS),
        a_reactivation(ins=OTHER_INS),
    ):
        answer = quick.ask(text, NOBODY)
        assert said(answer)[2] == ["XDSUnknownPatientId"]
        assert INS.encode() not in etree.tostring(answer)


def test_several_identifiers_of_a_patient_are_understood(quick):
    insc = ii("1.2.250.1.213.1.4.2", "1197854176879056415520")
    both = a_closing().replace(ii(INS_TEST, INS), insc + ii(INS_TEST, INS))
    quick.choose(Authorise(identity=ADA))
    assert said(quick.ask(both))[0] == "201315"
    two = a_reactivation().replace(ii(INS_TEST, INS), ii(INS_TEST, INS) + ii(INS_TEST, OTHER_INS))
    answer = quick.ask(two)
    assert said(answer)[2] == ["InvalidRequest"]
    assert "one identifier" in text_of(answer)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (a_closing(because=""), "because its patient asks for it"),
        (a_closing(status="active"), "terminated with reason FERM"),
        (a_reactivation(status="terminated"), "active with reason REAC"),
        (a_creation(consents=""), "with its patient's consent"),
        (a_creation(consents=observed("CONSENTEMENT_OUVERTURE_DMP", "false")), "consent"),
        (a_creation(consents=CONSENT.replace('"true"', '"perhaps"')), "true or false"),
        (a_creation(reason="FERM"), "CREA_RD"),
        (a_reactivation(reason="MODIF_DATA"), "administrative data"),
        (a_closing(root="1.2.3"), "affinity domain"),
        (a_closing().replace(ii(INS_TEST, INS), ""), "named by one identifier"),
        ('<PRPA_IN201311UV02 xmlns="urn:hl7-org:v3"/>', "ITSVersion"),
        ('<PRPA_IN201314UV02 xmlns="urn:hl7-org:v3"/>', "ITSVersion"),
    ],
)
def test_a_request_that_is_none_is_told_the_rule_and_the_fix(quick, text, words):
    quick.choose(Authorise(identity=ADA))
    answer = quick.ask(text)
    assert said(answer)[0] in {"201313", "201316"}
    assert words in text_of(answer)
    assert "Fix: " in text_of(answer)
    assert state(quick) is RecordState.OPEN


def test_a_creation_that_cannot_be_traced_makes_nobody_known(quick):
    quick.trail.error = OSError("disk full")
    with pytest.raises(OSError, match="disk full"):
        quick.ask(a_creation(ins=NEW), NOBODY)
    assert not is_known(quick)
