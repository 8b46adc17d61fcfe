"""TD0.2: what each caller is told of a record, and of one that there is not."""

from datetime import timedelta

import pytest

from registry.records.changes import Attending, Authorise, Block, Close, Represent
from registry.td02_existence.handle import room
from tests.build.asking import (
    A_PATIENT,
    ADA,
    CABINET,
    DOCTOR,
    INS,
    INS_TEST,
    NURSE,
    OTHER,
    OTHER_INS,
    PATIENT,
    SECRETARY,
    a_caller,
    a_test,
)
from tests.registry.desk import HL7, Desk
from tests.registry.official import official
from xds.security.caller import CodedValue

UNKNOWN_INS = "269054958815780"


@pytest.fixture
def desk(ledger):
    return made(ledger)


@pytest.fixture
def quick(sqlite_registry):
    return made(sqlite_registry.ledger)


def made(ledger):
    desk = Desk(ledger)
    desk.rooms = (room(entrance=desk.entrance, clock=desk.clock),)
    return desk


def said(answer):
    """Return (queryResponseCode, status, AUTORISATION, STATUT_MT), '' for what is not said."""
    official("PRPA_IN201308UV02", answer)

    def text(path):
        return str(answer.xpath(f"string({path})", namespaces=HL7))

    return (
        text("//h:queryResponseCode/@code"),
        text("//h:patient/h:statusCode/@code"),
        text("h:attentionLine[h:keyWordText/@code='AUTORISATION']/h:value/@code"),
        text("h:attentionLine[h:keyWordText/@code='STATUT_MT']/h:value/@value"),
    )


def acknowledged(answer):
    (kind,) = answer.xpath("h:acknowledgement/@typeCode", namespaces=HL7)
    codes = answer.xpath("h:acknowledgement/h:acknowledgementDetail/h:code/@code", namespaces=HL7)
    return str(kind), list(map(str, codes))


def test_a_record_without_choices_is_open_and_nobody_is_authorised(desk):
    assert said(desk.ask(a_test())) == ("OK", "active", "NON_EXISTE", "false")
    assert desk.concerned.patients == (f"{INS}^^^&{INS_TEST}&ISO",)
    assert desk.concerned.decision == "permit: function"


@pytest.mark.parametrize("identity", [ADA, CABINET])
def test_who_is_authorised_or_whose_structure_is_reads_so_at_once(desk, identity):
    desk.choose(Authorise(identity=identity, is_structure=identity == CABINET))
    assert said(desk.ask(a_test())) == ("OK", "active", "VALIDE", "false")


def test_an_authorisation_that_is_over_is_told_as_such(desk):
    until = f"{desk.now + timedelta(minutes=2):%Y%m%d%H%M%S}"
    desk.choose(Authorise(identity=ADA, until=until))
    assert said(desk.ask(a_test()))[2] == "EXPIRE"


def test_an_attending_doctor_is_authorised_and_is_told_the_role(quick):
    quick.choose(Attending(identity=ADA))
    assert said(quick.ask(a_test())) == ("OK", "active", "VALIDE", "true")
    assert said(quick.ask(a_test(), a_caller(roles=NURSE)))[3] == "false"


def test_who_is_blocked_is_told_so_and_no_more(quick):
    quick.choose(Authorise(identity=CABINET, is_structure=True))
    quick.choose(Block(identity=ADA))
    assert said(quick.ask(a_test())) == ("OK", "active", "INTERDIT", "false")


@pytest.mark.parametrize("choice", [Authorise(identity=ADA), Block(identity=ADA)])
def test_of_a_closed_record_no_more_is_told_than_that_it_is_closed(quick, choice):
    quick.choose(choice)
    quick.choose(Close())
    assert said(quick.ask(a_test())) == ("OK", "terminated", "NON_EXISTE", "false")


def test_a_patient_who_is_not_known_has_no_record(quick):
    answer = quick.ask(a_test(UNKNOWN_INS), a_caller(patient=""))
    assert said(answer) == ("NF", "", "", "")
    assert acknowledged(answer) == ("AA", [])


def test_a_patient_learns_of_the_own_record_only(quick):
    own = a_caller(roles=A_PATIENT, identity=INS, structure="")
    stranger = a_caller(roles=A_PATIENT, identity=OTHER_INS, structure="")
    assert said(quick.ask(a_test(), own)) == ("OK", "active", "VALIDE", "false")
    nothing = quick.ask(a_test(UNKNOWN_INS), a_caller(roles=A_PATIENT, identity="1", patient=""))
    assert said(quick.ask(a_test(), stranger)) == said(nothing) == ("NF", "", "", "")
    assert quick.concerned.decision == "deny: not_authorised"
    quick.choose(Represent(identity=OTHER_INS))
    assert said(quick.ask(a_test(), stranger))[:3] == ("OK", "active", "VALIDE")


def test_a_record_that_was_never_opened_is_none(quick):
    from dataclasses import replace

    quick.policy = replace(quick.policy, records_begin_open=False)
    quick.rooms = (room(entrance=quick.entrance, clock=quick.clock),)
    assert said(quick.ask(a_test()))[0] == "NF"


@pytest.mark.parametrize(
    "caller",
    [
        a_caller(purpose="centre_15"),
        a_caller(purpose="bris_de_glace"),
        a_caller(roles=SECRETARY),
        a_caller(mode="indirect"),
        a_caller(mode="indirect_renforcee"),
        a_caller(patient=""),
    ],
)
def test_every_kind_of_caller_may_ask_in_every_mode(quick, caller):
    assert said(quick.ask(a_test(), caller))[0] == "OK"
    assert quick.concerned.is_emergency == (caller.purpose_of_use.code != "normal")


@pytest.mark.parametrize(
    ("caller", "word"),
    [
        (a_caller(patient=OTHER), "another patient"),
        (a_caller(purpose="bris_de_glace", emergency_reason=" "), "needs its reason"),
        (a_caller(roles=()), "knows no such caller"),
        (a_caller(roles=DOCTOR[:1]), "knows no such caller"),
        (a_caller(roles=(CodedValue(code="10", system="1.2.3"),)), "knows no such caller"),
        (a_caller(purpose="curiosity"), "the purpose of use must be one of"),
    ],
)
def test_what_follows_from_the_message_is_told_whether_there_is_a_record_or_not(
    quick, caller, word
):
    known = quick.ask(a_test(), caller)
    assert said(known) == ("AE", "", "", "")
    assert acknowledged(known) == ("AE", ["NotPermitted"])
    assert word in text_of(known)
    unknown = quick.ask(a_test(UNKNOWN_INS), caller)
    assert acknowledged(unknown) == ("AE", ["NotPermitted"])


def text_of(answer):
    return " ".join(answer.xpath("//h:acknowledgementDetail/h:text/text()", namespaces=HL7))


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        (a_test(reason="CNSLT_DATA"), "AE", "administrative data"),
        (a_test(query=""), "AE", "a query has an id"),
        (a_test(root="1.2.3.4"), "AE", "1.2.250.1.213.1.4.10"),
        (a_test(root="none"), "AE", "a CX is"),
        (a_test(ins=""), "AE", "a CX is"),
        (a_test().replace('code="new"', 'code="old"'), "AE", "a query is new"),
        (a_test().replace("patientIdentifier", "patientName"), "AE", "about one patient"),
        (a_test().replace('"P"/>', '"X"/>'), "AR", "processingCode"),
        ('<PRPA_IN201307UV02 xmlns="urn:hl7-org:v3"/>', "AE", "interactionId"),
    ],
)
def test_a_question_that_is_none_is_told_the_rule_and_the_fix(quick, text, kind, words):
    answer = quick.ask(text)
    assert said(answer) == ("AE", "", "", "")
    assert acknowledged(answer)[0] == kind
    assert words in text_of(answer)
    assert "Fix: " in text_of(answer)


def test_the_answer_relates_to_message_and_query(quick):
    answer = quick.ask(a_test())
    (target,) = answer.xpath("h:acknowledgement/h:targetMessage/h:id", namespaces=HL7)
    assert dict(target.attrib) == {"root": "1.2.3.4", "extension": "M-1"}
    (query,) = answer.xpath("//h:queryAck/h:queryId", namespaces=HL7)
    assert dict(query.attrib) == {"root": "1.2.3.5", "extension": "Q-1"}
    (patient,) = answer.xpath("//h:patient/h:id", namespaces=HL7)
    assert dict(patient.attrib) == {"root": INS_TEST, "extension": INS}
    assert PATIENT.startswith(INS)


def test_two_values_in_one_question_are_refused(quick):
    value = f'<value root="{INS_TEST}" extension="{INS}"/>'
    answer = quick.ask(a_test().replace(value, value * 2))
    assert acknowledged(answer) == ("AE", ["SYN112"])
