"""Notify XAD-PID Link Change [ITI-64]: what an A43 must say, its answers, what is traced.

What becomes of documents and folders is in tests/registry/patients/test_link*.py.
"""

import uuid
from datetime import UTC, datetime

import pytest

from registry.iti8_patient_feed.handle import PatientFeed, Sender
from registry.patients.change import Patients
from registry.patients.changes import Merge
from tests.build.submission import OPEN_DOMAIN, OTHER_PATIENT, PATIENT, SOURCE_PATIENT, a_submission
from tests.registry.build import STRANGER
from tests.registry.iti8_patient_feed.build import Ack, adt
from tests.registry.patients.link_build import a_document, joined, only, submit
from xds.metadata import vocabulary as v
from xds.metadata.views import read_document_entry, read_submission_set

INSTANT = datetime(2026, 5, 1, 10, 0, 0, tzinfo=UTC)
LOCAL = SOURCE_PATIENT
SUBSUMED = LOCAL.replace("1000", "2000")
NEW, PREVIOUS = OTHER_PATIENT, PATIENT
SENDER_OID = "1.3.6.1.4.1.21367.77"


class Memory:
    """A trail that keeps what it is told."""

    def __init__(self) -> None:
        self.events = []

    def record(self, event) -> None:
        self.events.append(event)


@pytest.fixture
def feed(sqlite_registry):
    return PatientFeed(
        patients=Patients(ledger=sqlite_registry.ledger, domain=OPEN_DOMAIN, identifier_checks={}),
        trail=Memory(),
        clock=lambda: INSTANT,
    )


@pytest.fixture
def registry(sqlite_registry):
    sqlite_registry.registered(*a_submission())
    return sqlite_registry


def an_a43(pid=f"{NEW}~{LOCAL}", mrg=PREVIOUS, sender=SENDER_OID, **more) -> bytes:
    """As the Framework has it: PID-5 is one space, MSH-3 an OID."""
    octets = adt("A43", pid, mrg, **{"structure": "ADT_A43", "version": "2.5"} | more)
    named = octets.replace(b"||MARTIN^Jeanne^^^^^L||19600101|F", b"|| |")
    return named.replace(b"|PAS|", f"|{sender}|".encode(), 1)


def answer(feed, octets):
    return Ack(feed.answer(octets, Sender(peer="127.0.0.1")))


def content(registry):
    return [registry.everything(p).body for p in (PATIENT, OTHER_PATIENT)]


def test_a43_moves_the_local_identifier_s_documents(feed, registry):
    ack = answer(feed, an_a43())
    assert (ack.code, ack.errors) == ("AA", [])
    assert str(ack.message.segment("MSH")[9]) == "ACK^A43^ACK"
    assert (len(registry.find(NEW).objects), len(registry.find(PREVIOUS).objects)) == (1, 0)


def test_a43_merges_local_identifiers(feed, registry):
    ack = answer(feed, an_a43(f"{PREVIOUS}~{SUBSUMED}", f"{PREVIOUS}~{LOCAL}"))
    assert (ack.code, ack.errors) == ("AA", [])
    (entry,) = registry.find(PREVIOUS, f"('{v.APPROVED}')").objects
    assert read_document_entry(entry).source_patient_id == SUBSUMED


def test_a_namespace_before_the_universal_id_is_no_matter(feed, registry):
    named = f"{NEW}~{LOCAL}".replace("^^^&", "^^^NAMED&")
    assert answer(feed, an_a43(named, PREVIOUS.replace("^^^&", "^^^NAMED&"))).code == "AA"
    (entry,) = registry.find(NEW).objects
    assert read_document_entry(entry).patient_id == NEW


def test_an_answer_tells_what_was_left_behind(feed, registry):
    """Not a refusal: the document moves, its relationship to one that stays does not."""
    other = only(submit(registry, a_document(local=SUBSUMED)))
    submit(registry, a_document(), joined(v.APPEND, "Document01", other.id))
    ack = answer(feed, an_a43())
    assert (ack.code, ack.conditions) == ("AA", [("PID^1^3^2", "102", "W")])
    assert other.id in ack.texts[0]
    (event,) = feed.trail.events
    assert event.detail.startswith("left behind: ")
    assert other.id in event.detail


def test_a_change_without_a_document_is_accepted_with_a_word(feed, registry):
    before = content(registry)
    ack = answer(feed, an_a43(f"{NEW}~{SUBSUMED}"))
    assert (ack.code, ack.conditions) == ("AA", [("PID^1^3^2", "102", "W")])
    assert content(registry) == before


def the_source_id(registry):
    sets = registry.everything(NEW).of("RegistryPackage")
    (one,) = [read_submission_set(o).source_id for o in sets]
    return one


@pytest.mark.parametrize("sender", [SENDER_OID, f"PIX^{SENDER_OID}^ISO"])
def test_the_sender_is_the_submission_set_s_source(feed, registry, sender):
    assert answer(feed, an_a43(sender=sender)).errors == []
    assert the_source_id(registry) == SENDER_OID


def test_a_sender_without_an_oid_is_told_which_one_it_gets(feed, registry):
    ack = answer(feed, an_a43(sender="PIX"))
    assert (ack.code, ack.conditions) == ("AA", [("MSH^1^3^1", "102", "W")])
    made = the_source_id(registry)
    assert made in ack.texts[0]
    assert uuid.UUID(int=int(made.removeprefix("2.25."))).version == 5


REFUSED = {
    "no local identifier": (an_a43(NEW), [("PID^1^3^1", "102", "E")]),
    "three identifiers": (an_a43(f"{NEW}~{LOCAL}~{SUBSUMED}"), [("PID^1^3^1", "102", "E")]),
    "three subsumed ones": (
        an_a43(mrg=f"{PREVIOUS}~{SUBSUMED}~{SUBSUMED}"),
        [("MRG^1^1^1", "102", "E")],
    ),
    "no previous identifier": (an_a43(mrg=""), [("MRG^1^1^1", "102", "E")]),
    "a local identifier without authority": (
        an_a43(f"{NEW}~L-1"),
        [("PID^1^3^2^4", "101", "E")],
    ),
    "a local identifier of an authority that is no OID": (
        an_a43(f"{NEW}~L-1^^^&abc&DNS"),
        [("PID^1^3^1", "102", "E")],
    ),
    "an unknown new patient": (an_a43(f"{STRANGER}~{LOCAL}"), [("PID^1^3^1", "204", "E")]),
    "an unknown previous patient": (an_a43(mrg=STRANGER), [("MRG^1^1^1", "204", "E")]),
    "both unknown": (
        an_a43(f"{STRANGER}~{LOCAL}", STRANGER.replace("7", "8", 1)),
        [("PID^1^3^1", "204", "E"), ("MRG^1^1^1", "204", "E")],
    ),
    "nothing that changes": (an_a43(f"{PREVIOUS}~{LOCAL}"), [("MRG^1^1^1", "102", "E")]),
    "locals of two authorities": (
        an_a43(mrg=f"{PREVIOUS}~L^^^&1.2.3&ISO"),
        [("MRG^1^1^2", "204", "E")],
    ),
    "a local identifier merged into itself": (
        an_a43(mrg=f"{PREVIOUS}~{LOCAL}"),
        [("MRG^1^1^2", "205", "E")],
    ),
    "no MRG": (an_a43(mrg=None), [("MRG^1", "100", "E")]),
    "two PID": (an_a43(more=(f"PID|||{NEW}~{LOCAL}",)), [("PID^1", "100", "E")]),
    "two MRG": (an_a43(more=(f"MRG|{PREVIOUS}",)), [("MRG^1", "100", "E")]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_a43_that_is_refused_changes_nothing_and_says_why(feed, registry, name):
    octets, conditions = REFUSED[name]
    before = content(registry)
    ack = answer(feed, octets)
    assert (ack.code, ack.conditions) == ("AE", conditions)
    assert all("Fix: " in text for text in ack.texts)
    assert content(registry) == before
    (event,) = feed.trail.events
    assert event.outcome in ("refused", "fault")
    assert event.concerned.submission_set == ""


def test_a_patient_that_was_merged_away_is_refused(feed, registry):
    feed.patients.change(Merge(survivor=NEW, subsumed=PREVIOUS), instant=INSTANT)
    ack = answer(feed, an_a43())
    assert (ack.code, ack.conditions) == ("AE", [("MRG^1^1^1", "204", "E")])
    assert "was merged into" in ack.texts[0]


def test_it_is_traced_as_one_update_of_all_patients_and_their_submission_set(feed, registry):
    answer(feed, an_a43(f"{NEW}~{SUBSUMED}", f"{PREVIOUS}~{LOCAL}"))
    (event,) = feed.trail.events
    assert (event.transaction, event.action, event.outcome) == ("ITI-64", "U", "success")
    assert (event.message_id, event.source, event.destination) == (
        "MSG-1",
        f"CHU|{SENDER_OID}",
        "REGION|GREFFE",
    )
    assert dict(zip(event.concerned.patient_roles, event.concerned.patients, strict=True)) == {
        "newPatientId": NEW,
        "previousPatientId": PREVIOUS,
        "localPatientId": SUBSUMED,
        "subsumedPatientId": LOCAL,
    }
    (rim,) = registry.everything(NEW).of("RegistryPackage")
    assert event.concerned.submission_set_uuid == rim.id
    assert event.concerned.submission_set == read_submission_set(rim).unique_id
    assert len(event.concerned.documents) == 1
