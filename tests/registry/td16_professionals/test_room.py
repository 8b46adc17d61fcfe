"""TD1.6: who is listed, in which mode, to whom."""

from datetime import timedelta

import pytest

from registry.records.changes import Attending, Authorise, Block, Close, Represent
from registry.td16_professionals.handle import room
from tests.build.asking import A_PATIENT, ADA, CABINET, INS, PATIENT, a_caller, professionals
from tests.registry.desk import Desk

NS = {"h": "urn:si-dmp-habilitations"}
BOB, EVE, ZOE = "899900000002", "899900000003", "899900000004"


@pytest.fixture
def desk(sqlite_registry):
    desk = Desk(sqlite_registry.ledger)
    desk.rooms = (room(entrance=desk.entrance),)
    return desk


@pytest.fixture
def full(desk):
    """A record with somebody in every standing; the caller is authorised."""
    until = f"{desk.now + timedelta(minutes=6):%Y%m%d%H%M%S}"
    desk.choose(Authorise(identity=ADA, name="ESSAI ADA", specialty="G15_10/SM26"))
    desk.choose(Authorise(identity=CABINET, is_structure=True, name="Cabinet"))
    desk.choose(Attending(identity=BOB, name="Bob"))
    desk.choose(Block(identity=EVE, name="Eve & Co"))
    desk.choose(Authorise(identity=ZOE, until=until))
    desk.choose(Represent(identity="1600175001001"))
    return desk


def said(answer):
    (status,) = answer.xpath("h:output/h:status/text()", namespaces=NS)
    return str(status), [
        {child.tag.rpartition("}")[2]: child.text for child in item}
        for item in answer.xpath("h:output/h:listOfAuthorizationByPatient", namespaces=NS)
    ]


def ids(answer):
    return [item["nationalId"] for item in said(answer)[1]]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("ACTIVE", [ADA, CABINET, BOB]),
        ("INTERDITE", [EVE]),
        ("TOUTE", [ADA, CABINET, BOB, EVE]),
        ("", [ADA, CABINET, BOB, EVE]),
    ],
)
def test_each_mode_lists_its_own_and_nobody_whose_time_is_over(full, mode, expected):
    assert ids(full.ask(professionals(mode))) == expected


def test_an_authorisation_with_an_end_is_listed_until_then(full):
    full.minutes = 0
    assert ZOE in ids(full.ask(professionals("ACTIVE")))


def test_an_item_says_who_since_when_and_with_which_right(full):
    ada, cabinet, bob, eve = said(full.ask(professionals()))[1]
    assert ada == {
        "nationalId": ADA,
        "nationalIdType": "1.2.250.1.71.4.2.1",
        "lastName": "ESSAI ADA",
        "codeSpeciality": "G15_10/SM26",
        "startOfAuthorization": "20260301120100",
        "mode": "ACTIVE",
    }
    assert cabinet["nationalIdType"] == "1.2.250.1.71.4.2.2"
    assert bob["specificRight"] == "MEDECIN_TRAITANT"
    assert (eve["mode"], eve["lastName"]) == ("INTERDITE", "Eve & Co")
    assert full.concerned.decision == "permit: authorised"


def test_a_patient_sees_the_own_list_and_an_empty_one_is_no_error(desk):
    own = a_caller(roles=A_PATIENT, identity=INS, structure="")
    assert said(desk.ask(professionals(), own)) == ("DMPOk", [])


def test_who_is_not_authorised_is_not_shown_who_is(full):
    for caller, status in (
        (a_caller(identity="899900000009", structure="4"), "NotPermitted"),
        (a_caller(identity=ZOE, structure="4"), "NotPermitted"),
        (a_caller(identity=EVE), "NotPermitted"),
        (a_caller(purpose="bris_de_glace"), "NotPermitted"),
        (a_caller(mode="indirect"), "NotPermitted"),
    ):
        assert said(full.ask(professionals(), caller)) == (status, [])


def test_a_closed_record_lists_nobody(full):
    full.choose(Close())
    assert said(full.ask(professionals())) == ("DMPClosed", [])


@pytest.mark.parametrize("mode", ["ALL", "toute", " "])
def test_an_unknown_mode_is_told_the_known_ones(desk, mode):
    answer = desk.ask(professionals(mode))
    assert said(answer) == ("InvalidRequest", [])
    (context,) = answer.xpath("h:output/h:context/text()", namespaces=NS)
    assert "ACTIVE or INTERDITE or TOUTE" in context
    assert PATIENT not in context
