"""The three rooms over both databases: what a message does, and what its acknowledgement says."""

import threading
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import pytest
from lxml import etree

from dmp.ins import CHECKS, control_key
from registry.iti44_patient_feed.handle import rooms
from registry.ledger.api import LedgerBusyError, LedgerFullError
from registry.patients.change import Patients
from tests.build.feed import (
    ADD,
    AUTHORITY,
    MERGE,
    MESSAGE_EXTENSION,
    MESSAGE_ROOT,
    OTHER_AUTHORITY,
    RECEIVER,
    REVISE,
    SENDER,
    a_feed,
    a_merge,
    a_person,
    an_organization,
    ii,
    other_ids,
)
from tests.build.submission import OPEN_DOMAIN, OTHER_PATIENT, PATIENT, a_submission
from tests.registry.build import START, a_call
from xds.audit.event import RecordAction
from xds.contract import FEED_BODY, load_schema
from xds.domain import Authority, load_domain
from xds.errors import Refusal

HL7 = {"h": "urn:hl7-org:v3"}
OFFICIAL = (
    Path(__file__).parents[4]
    / "shared/reference/schema/HL7V3/NE2008/multicacheschemas/MCCI_IN000002UV01.xsd"
)
NEW_ID = uuid.UUID("00000000-0000-4000-8000-000000000007")
NEWCOMER = f"NEW-1^^^&{AUTHORITY}&ISO"
_validating = threading.Lock()


@pytest.fixture(scope="session")
def official_schema():
    return etree.XMLSchema(etree.parse(OFFICIAL)) if OFFICIAL.exists() else None


@pytest.fixture
def feed(registry, official_schema):
    return Feed(registry.ledger, official_schema)


class Feed:
    """The rooms of a Registry, as a Patient Identity Source sees them."""

    def __init__(self, ledger, official, domain=OPEN_DOMAIN):
        patients = Patients(ledger=ledger, domain=domain, identifier_checks=CHECKS)
        made = rooms(patients=patients, domain=domain, clock=lambda: START, new_id=lambda: NEW_ID)
        self.rooms = {etree.QName(room.body).localname: room for room in made}
        self.official = official
        self.concerned, self.actions = None, ()

    def send(self, text):
        """Send a message; returns the acknowledgement, which is valid by both schemas."""
        call = a_call(text.encode())
        room = self.rooms[etree.QName(call.request.body).localname]
        try:
            outcome = room.handle(call)
            self.concerned, self.actions = outcome.concerned, outcome.actions
            (body,) = outcome.answer.body
        except Refusal as refusal:
            self.concerned, self.actions = refusal.concerned, refusal.actions
            body = room.refuse(refusal.complaints, call.request)
        answer = etree.fromstring(body)
        with _validating:
            load_schema(FEED_BODY).assertValid(answer)
            if self.official is not None:
                self.official.assertValid(answer)
        return answer


def ack(answer):
    """Return the kind of an acknowledgement, and the codes of its details."""
    (kind,) = answer.xpath("h:acknowledgement/h:typeCode/@code", namespaces=HL7)
    details = answer.xpath("h:acknowledgement/h:acknowledgementDetail", namespaces=HL7)
    return str(kind), [
        (d.get("typeCode"), str(d.xpath("string(h:code/@code)", namespaces=HL7))) for d in details
    ]


def documents(registry, patient):
    return len(registry.find(patient).of("ExtrinsicObject"))


def test_a_patient_who_is_added_is_known(feed, registry):
    submission = a_submission(patient=NEWCOMER)
    assert registry.register(*submission).codes == ("XDSUnknownPatientId",)
    assert ack(feed.send(a_feed(ids=((AUTHORITY, "NEW-1"),)))) == ("CA", [])
    registry.registered(*submission)
    assert feed.concerned.patients == (NEWCOMER,)
    assert feed.actions == (RecordAction.CREATE,)
    assert feed.concerned.record_message == f"{MESSAGE_ROOT}^{MESSAGE_EXTENSION}"


def test_adding_a_patient_again_changes_nothing(feed):
    assert ack(feed.send(a_feed())) == ("CA", [])
    assert ack(feed.send(a_feed())) == ("CA", [])


def test_a_revision_is_acknowledged_and_makes_nobody_known(feed, registry):
    assert ack(feed.send(a_feed(REVISE, ids=((AUTHORITY, "NEW-1"),)))) == ("CA", [])
    assert registry.register(*a_submission(patient=NEWCOMER)).codes == ("XDSUnknownPatientId",)
    assert feed.actions == (RecordAction.UPDATE,)


def test_after_a_merge_the_survivor_has_both_and_the_subsumed_one_is_refused(feed, registry):
    registry.registered(*a_submission(patient=OTHER_PATIENT))
    assert ack(feed.send(a_merge())) == ("CA", [])
    assert documents(registry, PATIENT) == 1
    assert documents(registry, OTHER_PATIENT) == 0
    refused = registry.register(*a_submission(patient=OTHER_PATIENT))
    assert "XDSUnknownPatientId" in refused.codes
    assert feed.concerned.patients == (PATIENT, OTHER_PATIENT)
    assert feed.actions == (RecordAction.UPDATE, RecordAction.DELETE)


@pytest.mark.parametrize(
    ("message", "detail"),
    [
        (a_merge(subsumed=(AUTHORITY, "SELF-5")), ("E", "SYN102")),
        (a_merge(subsumed=(AUTHORITY, "NOBODY")), ("E", "")),
        (a_merge(survivor=(AUTHORITY, "NOBODY")), ("E", "")),
        (a_merge(subsumed=("not-an-oid", "OTHER-6")), ("E", "SYN102")),
        (a_merge(survivor=("not-an-oid", "SELF-5")), ("E", "SYN102")),
    ],
)
def test_a_merge_that_the_standard_forbids_changes_nothing(feed, registry, message, detail):
    registry.registered(*a_submission(patient=OTHER_PATIENT))
    assert ack(feed.send(message)) == ("CE", [detail])
    assert (documents(registry, PATIENT), documents(registry, OTHER_PATIENT)) == (0, 1)


def test_a_merge_is_made_once_and_who_was_subsumed_stays_so(feed):
    assert ack(feed.send(a_merge())) == ("CA", [])
    assert ack(feed.send(a_merge())) == ("CE", [("E", "")])
    back = a_merge(survivor=(AUTHORITY, "OTHER-6"), subsumed=(AUTHORITY, "SELF-5"))
    assert ack(feed.send(back)) == ("CE", [("E", "")])
    assert ack(feed.send(a_feed(ids=((AUTHORITY, "OTHER-6"),)))) == ("CE", [("E", "")])


def test_merges_form_a_chain(feed, registry):
    registry.registered(*a_submission(patient=OTHER_PATIENT))
    assert ack(feed.send(a_feed(ids=((AUTHORITY, "NEW-1"),)))) == ("CA", [])
    assert ack(feed.send(a_merge())) == ("CA", [])
    onwards = a_merge(survivor=(AUTHORITY, "NEW-1"), subsumed=(AUTHORITY, "SELF-5"))
    assert ack(feed.send(onwards)) == ("CA", [])
    assert documents(registry, NEWCOMER) == 1


def test_several_identifiers_of_one_message_become_known_together_or_not_at_all(feed, registry):
    assert ack(feed.send(a_merge())) == ("CA", [])
    both = a_feed(ids=((AUTHORITY, "NEW-1"), (AUTHORITY, "OTHER-6")))
    assert ack(feed.send(both)) == ("CE", [("E", "")])
    assert registry.register(*a_submission(patient=NEWCOMER)).codes == ("XDSUnknownPatientId",)
    both = a_feed(ids=((AUTHORITY, "NEW-1"), (AUTHORITY, "NEW-2")))
    assert ack(feed.send(both)) == ("CA", [])
    assert registry.register(*a_submission(patient=NEWCOMER)).status == "Success"


def test_an_acknowledgement_relates_to_the_message_and_goes_back_where_it_came_from(feed):
    answer = feed.send(a_feed())
    target = answer.xpath("h:acknowledgement/h:targetMessage/h:id", namespaces=HL7)[0]
    assert dict(target.attrib) == {"root": MESSAGE_ROOT, "extension": MESSAGE_EXTENSION}
    for party, oid in (("receiver", SENDER), ("sender", RECEIVER)):
        assert answer.xpath(f"h:{party}/h:device/h:id/@root", namespaces=HL7) == [oid]
    assert answer.xpath("h:id/@root", namespaces=HL7) == [f"2.25.{NEW_ID.int}"]
    assert answer.xpath("h:creationTime/@value", namespaces=HL7) == ["20260301120000+0000"]
    assert answer.xpath("h:interactionId/@extension", namespaces=HL7) == ["MCCI_IN000002UV01"]
    assert answer.xpath("h:acceptAckCode/@code", namespaces=HL7) == ["NE"]
    assert answer.xpath("h:processingCode/@code", namespaces=HL7) == ["P"]


def test_a_detail_names_the_place_the_rule_and_the_fix(feed):
    answer = feed.send(a_merge(subsumed=(AUTHORITY, "NOBODY")))
    (text,) = answer.xpath("//h:acknowledgementDetail/h:text/text()", namespaces=HL7)
    (place,) = answer.xpath("//h:acknowledgementDetail/h:location/text()", namespaces=HL7)
    assert "NOBODY" in text
    assert "Fix: " in text
    assert "§3.8.4.2.4" in text
    assert place.endswith("hl7:subject1/hl7:priorRegisteredRole/hl7:id (line 1)")


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ('extension="PRPA_IN201301UV02"', 'extension="PRPA_IN201305UV02"', "CR"),
        ('<processingCode code="P"/>', '<processingCode code="Q"/>', "CR"),
        ('<processingModeCode code="T"/>', '<processingModeCode code="I"/>', "CR"),
        ('<acceptAckCode code="AL"/>', '<acceptAckCode code="ER"/>', "CE"),
        (ii(MESSAGE_ROOT, MESSAGE_EXTENSION), "", "CE"),
        (ii(MESSAGE_ROOT, MESSAGE_EXTENSION), ii("§ no root"), "CA"),
    ],
)
def test_what_is_rejected_and_what_is_in_error(feed, old, new, kind):
    assert ack(feed.send(a_feed().replace(old, new)))[0] == kind


def test_a_message_of_another_domain_is_accepted_and_nobody_becomes_known(feed, registry):
    own = replace(OPEN_DOMAIN, authorities=MappingProxyType({AUTHORITY: Authority(oid=AUTHORITY)}))
    strict = Feed(registry.ledger, feed.official, own)
    stranger = a_feed(ids=((OTHER_AUTHORITY, "X"),), organization=an_organization(OTHER_AUTHORITY))
    assert ack(strict.send(stranger)) == ("CA", [("W", "SYN102")])
    unknown = registry.register(*a_submission(patient=f"X^^^&{OTHER_AUTHORITY}&ISO"))
    assert unknown.codes == ("XDSUnknownPatientId",)
    mixed = a_feed(
        ids=((OTHER_AUTHORITY, "X"),),
        person=a_person(other_ids(AUTHORITY, "NEW-1")),
        organization=an_organization(OTHER_AUTHORITY),
    )
    assert ack(strict.send(mixed)) == ("CA", [])
    assert registry.register(*a_submission(patient=NEWCOMER)).status == "Success"


def test_an_ins_with_a_wrong_key_is_refused_and_one_of_the_test_authority_is_a_warning(ledger):
    feed = Feed(ledger, None, load_domain("dmp"))
    body = "2840269381042"
    wrong = f"{(int(control_key(body)) + 1) % 97:02}"
    real, test = "1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.10"
    for root, key, expected in (
        (real, control_key(body), ("CA", [])),
        (real, wrong, ("CE", [("E", "SYN102")])),
        (test, wrong, ("CA", [("W", "SYN102")])),
    ):
        ins = f"{body}{int(key):02}"
        message = a_feed(ids=((root, ins),), organization=an_organization(root))
        assert ack(feed.send(message)) == expected


class Failing:
    """A ledger that fails."""

    def __init__(self, error):
        self.error = error

    def write(self, wanted, work):
        raise self.error


@pytest.mark.parametrize(
    ("error", "code"), [(LedgerBusyError("busy"), "INTERR"), (LedgerFullError("full"), "NOSTORE")]
)
def test_a_ledger_that_cannot_is_said_in_an_acknowledgement(official_schema, error, code):
    assert ack(Feed(Failing(error), official_schema).send(a_feed())) == ("CE", [("E", code)])


def test_the_rooms_are_those_of_the_published_description():
    made = Feed(Failing(None), None).rooms
    assert made.keys() == {ADD, REVISE, MERGE}
    for name, room in made.items():
        assert room.action == f"urn:hl7-org:v3:{name}"
        assert room.response_action == "urn:hl7-org:v3:MCCI_IN000002UV01"
        assert room.body == f"{{urn:hl7-org:v3}}{name}"
        assert room.transaction == "ITI-44"
    assert datetime(2026, 3, 1, 12, tzinfo=UTC) == START


def test_a_refusal_that_knows_no_request_is_an_acknowledgement_all_the_same(feed):
    room = feed.rooms[ADD]
    call = a_call(a_feed().replace('code="AL"', 'code="NE"').encode())
    with pytest.raises(Refusal) as refusal:
        room.handle(call)
    answer = etree.fromstring(room.refuse(refusal.value.complaints, None))
    load_schema(FEED_BODY).assertValid(answer)
    assert ack(answer) == ("CE", [("E", "SYN103")])
