"""TD0.3: what declaring oneself authorised, or no more, does to the record, and who may."""

from datetime import timedelta

import pytest

from registry.records.changes import Attending, Authorise, Block, Close
from registry.td03_authorisation.handle import room
from tests.build.asking import (
    A_PATIENT,
    ADA,
    CABINET,
    DOCTOR,
    G15,
    INS,
    NURSE,
    OTHER,
    OTHER_INS,
    PATIENT,
    R38,
    SECRETARY,
    a_caller,
    an_authorisation,
)
from tests.build.records import standings
from tests.registry.desk import Desk
from xds.access.model import Standing
from xds.audit.event import RecordAction
from xds.security.caller import CodedValue

NS = {"h": "urn:si-dmp-habilitations"}
MT = "MEDECIN_TRAITANT"
OCCUPATIONAL = (CodedValue(code="10", system=G15), CodedValue(code="SM25", system=R38))
UNKNOWN = "269054958815780^^^&1.2.250.1.213.1.4.10&ISO^NH"


@pytest.fixture
def desk(ledger):
    return made(ledger)


@pytest.fixture
def quick(sqlite_registry):
    return made(sqlite_registry.ledger)


def made(ledger):
    desk = Desk(ledger)
    desk.rooms = (room(entrance=desk.entrance),)
    return desk


def said(answer):
    return tuple(
        str(answer.xpath(f"string(h:output/h:{name})", namespaces=NS))
        for name in ("status", "context")
    )


def people(desk, patient=PATIENT):
    return standings(desk.records.read(patient))


def test_a_doctor_declares_an_authorisation_which_holds_at_once_and_is_traced(desk):
    assert said(desk.ask(an_authorisation())) == ("DMPOk", "the authorisation is given")
    (person,) = desk.records.read(PATIENT).people
    assert (person.identity, person.standing) == (ADA, Standing.AUTHORISED)
    assert (person.name, person.specialty) == ("ESSAI ADA", "G15_10/SM26")
    assert (person.until, person.is_structure) == ("", False)
    assert people(desk, OTHER) == set()
    (event,) = desk.trail.events
    assert event.transaction == "record authorise"
    assert event.caller.identity == ADA
    assert desk.outcome.actions == (RecordAction.UPDATE,)
    assert desk.concerned.decision == "permit: function"


def test_to_declare_it_again_changes_nothing_and_is_no_error(desk):
    desk.ask(an_authorisation())
    before = desk.records.read(PATIENT)
    answer = said(desk.ask(an_authorisation()))
    assert answer == ("DMPOk", "the authorisation was already present, nothing was done")
    assert desk.records.read(PATIENT) == before
    assert len(desk.trail.events) == 1


def test_to_withdraw_ends_it_and_to_withdraw_again_is_no_error(desk):
    desk.ask(an_authorisation())
    assert said(desk.ask(an_authorisation("SUPPRESSION")))[0] == "DMPOk"
    assert people(desk) == set()
    again = said(desk.ask(an_authorisation("SUPPRESSION")))
    assert again == ("DMPOk", "the authorisation was not present, nothing was done")


def test_a_secretary_declares_the_structure_authorised_and_withdraws_nothing(quick):
    caller = a_caller(roles=SECRETARY)
    assert said(quick.ask(an_authorisation(), caller))[0] == "DMPOk"
    (person,) = quick.records.read(PATIENT).people
    assert (person.identity, person.is_structure) == (CABINET, True)
    assert said(quick.ask(an_authorisation("SUPPRESSION"), caller))[0] == "NotPermitted"


def test_an_attending_doctor_takes_the_role_and_gives_it_up(quick):
    assert said(quick.ask(an_authorisation(role=MT)))[0] == "DMPOk"
    assert people(quick) == {(ADA, Standing.ATTENDING)}
    again = said(quick.ask(an_authorisation(role=MT)))
    assert again == ("DMPOk", "the role of médecin traitant was already present, nothing was done")
    status, context = said(quick.ask(an_authorisation("SUPPRESSION")))
    assert status == "InvalidRequest"
    assert "send role MEDECIN_TRAITANT first" in context
    assert said(quick.ask(an_authorisation("SUPPRESSION", MT)))[0] == "DMPOk"
    assert people(quick) == set()


@pytest.mark.parametrize("roles", [NURSE, SECRETARY])
def test_who_is_no_doctor_does_not_become_attending(quick, roles):
    status, context = said(quick.ask(an_authorisation(role=MT), a_caller(roles=roles)))
    assert status == "InvalidRequest"
    assert "kinds doctor" in context
    assert people(quick) == set()


def test_nobody_prolongs_what_the_patient_gave_an_end(quick):
    until = f"{quick.now + timedelta(minutes=3):%Y%m%d%H%M%S}"
    quick.choose(Authorise(identity=ADA, until=until))
    assert "already present" in said(quick.ask(an_authorisation()))[1]
    assert quick.records.read(PATIENT).person(ADA, Standing.AUTHORISED).until == until
    quick.minutes += 5
    assert said(quick.ask(an_authorisation())) == ("DMPOk", "the authorisation is given")
    assert quick.records.read(PATIENT).person(ADA, Standing.AUTHORISED).until == ""


@pytest.mark.parametrize(
    "caller",
    [
        a_caller(purpose="centre_15"),
        a_caller(purpose="bris_de_glace"),
        a_caller(roles=OCCUPATIONAL),
        a_caller(mode="indirect"),
        a_caller(roles=A_PATIENT, identity=INS, structure=""),
        a_caller(roles=()),
        a_caller(roles=DOCTOR[:1]),
    ],
)
def test_who_has_not_the_function_is_told_so_whoever_the_patient_is(quick, caller):
    from dataclasses import replace

    status, context = said(quick.ask(an_authorisation(), caller))
    assert status == "NotPermitted"
    assert "greffe policy show" in context
    assert people(quick) == set()
    unknown = replace(caller, patient_concerned=UNKNOWN)
    if caller.roles != A_PATIENT:
        assert said(quick.ask(an_authorisation(), unknown)) == (status, context)


@pytest.mark.parametrize("action", ["AJOUT", "SUPPRESSION"])
def test_who_is_blocked_stays_so(quick, action):
    quick.choose(Block(identity=ADA))
    status, context = said(quick.ask(an_authorisation(action)))
    assert status == "NotPermitted"
    assert "INTERDIT" in context
    assert people(quick) == {(ADA, Standing.BLOCKED)}
    assert quick.concerned.decision == "deny: blocked"


def test_a_closed_record_is_told_as_closed_and_keeps_its_choices(quick):
    quick.choose(Attending(identity=ADA))
    quick.choose(Close())
    for action, role in (("AJOUT", ""), ("SUPPRESSION", ""), ("SUPPRESSION", MT)):
        assert said(quick.ask(an_authorisation(action, role)))[0] == "DMPClosed"
    assert people(quick) == {(ADA, Standing.ATTENDING)}


def test_a_patient_without_a_record_is_told_as_such_and_nothing_is_made(quick):
    status, context = said(quick.ask(an_authorisation(), a_caller(patient=UNKNOWN)))
    assert status == "XDSUnknownPatientId"
    assert "TD1.1" in context
    assert not quick.ledger.read(lambda reader: reader.known_patients([UNKNOWN]))


def test_to_a_stranger_a_record_looks_like_none(quick):
    stranger = {"roles": A_PATIENT, "identity": OTHER_INS, "structure": ""}
    known = said(quick.ask(an_authorisation(), a_caller(**stranger)))
    assert known == said(quick.ask(an_authorisation(), a_caller(**stranger, patient=UNKNOWN)))
    assert known[0] == "XDSUnknownPatientId"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (an_authorisation(action=""), "action is needed"),
        (an_authorisation("ADD"), "AJOUT or SUPPRESSION"),
        (an_authorisation(role="INFIRMIER"), "MEDECIN_TRAITANT"),
        (an_authorisation().replace("<action>", "<x/><action>"), "action or role"),
        (an_authorisation().replace("<action>", '<action xmlns="urn:x">'), "action or role"),
        (
            an_authorisation().replace("</action>", "</action><action>AJOUT</action>"),
            "said once",
        ),
    ],
)
def test_a_body_that_is_none_is_told_the_rule_the_place_and_the_fix(quick, text, words):
    status, context = said(quick.ask(text))
    assert status == "InvalidRequest"
    assert words in context
    assert "Fix: " in context
    assert people(quick) == set()


@pytest.mark.parametrize("patient", ["", "x", "1^^^&1.2.3&ISO"])
def test_an_assertion_without_a_patient_of_the_domain_asks_nothing(quick, patient):
    status, context = said(quick.ask(an_authorisation(), a_caller(patient=patient)))
    assert status == "InvalidRequest"
    assert "patient" in context


def test_a_choice_that_cannot_be_traced_is_not_made(quick):
    quick.trail.error = OSError("disk full")
    with pytest.raises(OSError, match="disk full"):
        quick.ask(an_authorisation())
    assert people(quick) == set()


def test_who_is_blocked_between_decision_and_change_does_not_come_in(quick):
    """The decision is made again in the transaction of the change."""
    entrance = quick.entrance
    visitor = entrance.visitor

    class Racing(type(entrance)):
        __slots__ = ()

    def late(self, call, patient_id):
        found = visitor(call, patient_id)
        if not people(quick):
            quick.choose(Block(identity=ADA))
        return found

    racing = Racing(**{name: getattr(entrance, name) for name in entrance.__dataclass_fields__})
    Racing.visitor = late
    quick.rooms = (room(entrance=racing),)
    assert said(quick.ask(an_authorisation()))[0] == "NotPermitted"
    assert people(quick) == {(ADA, Standing.BLOCKED)}
