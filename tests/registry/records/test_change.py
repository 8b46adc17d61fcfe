"""The story of a choice, and of a merge of two patients who chose differently; both databases."""

import json
from datetime import UTC, datetime

import pytest

from registry.iti8_patient_feed.handle import PatientFeed, Sender
from registry.ledger.sql import open_ledger
from registry.patients.change import Patients
from registry.patients.changes import Merge
from registry.records.change import ChosenBy, Records
from registry.records.changes import Authorise, Block, Close, Contact, RecordChangeRefused, Resign
from tests.build.records import ADA, BOB, DMP
from tests.build.submission import OPEN_DOMAIN, OTHER_PATIENT, PATIENT
from tests.registry.iti8_patient_feed.build import Ack, a_merge
from xds.access.model import RecordState, Standing
from xds.audit.trail import Trail, verify_trail
from xds.metadata.hl7v2 import cx_key
from xds.security.caller import Caller

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OPERATOR = ChosenBy(operator="alice")
KEY = cx_key(PATIENT)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "registry.jsonl"


@pytest.fixture
def records(ledger, path):
    for patient in (PATIENT, OTHER_PATIENT):
        ledger.add_patient(patient, "20260101000000")
    trail = Trail(path)
    yield Records(ledger=ledger, policy=DMP, trail=trail)
    trail.close()


def events(path):
    return [json.loads(line)["event"] for line in path.read_text().splitlines()]


def choose(records, change, patient=PATIENT, by=OPERATOR):
    return records.change(patient, change, instant=NOW, by=by)


def test_a_choice_holds_at_once_for_every_process(records, database_url):
    choose(records, Block(identity=ADA, name="Ada"))
    other = open_ledger(database_url)
    read = other.read(lambda reader: reader.records([KEY]))
    other.close()
    assert read[KEY].choices().blocked == {ADA}
    assert records.read(PATIENT) == read[KEY]


def test_a_patient_is_one_whatever_the_text_of_the_identifier(records):
    choose(records, Block(identity=ADA), patient=f"{PATIENT}^NH")
    assert records.read(PATIENT).choices().blocked == {ADA}


def test_a_choice_is_traced_with_who_and_what(records, path):
    choose(records, Authorise(identity=ADA, until="20270101000000"))
    caller = Caller(identity=ADA, issuer="CN=x")
    choose(records, Block(identity=BOB), by=ChosenBy(caller=caller, message_id="urn:uuid:m"))
    first, second = events(path)
    assert first["transaction"] == "record authorise"
    assert first["detail"] == f"authorised {ADA}: no -> yes, until 20270101000000"
    assert first["concerned"]["patients"] == [KEY]
    assert (first["source"], first["action"]) == ("command line|alice", "C")
    assert second["caller"]["identity"] == ADA
    assert (second["message_id"], second["action"]) == ("urn:uuid:m", "U")
    assert verify_trail(path).lines == 2


def test_what_was_chosen_before_is_no_change_and_leaves_no_trace(records, path):
    choose(records, Block(identity=ADA))
    assert choose(records, Block(identity=ADA)).differences == ()
    assert choose(records, Resign(identity=BOB)).differences == ()
    assert len(events(path)) == 1


def test_an_address_is_not_in_the_trail(records, path):
    choose(records, Contact(email="claire@example.org"))
    assert records.read(PATIENT).email == "claire@example.org"
    assert "claire" not in path.read_text()
    assert events(path)[0]["detail"] == "e-mail address: none -> known"


def test_a_rehearsal_changes_nothing_and_says_what_would(records, path):
    told = records.rehearse(PATIENT, Close(), instant=NOW)
    assert [d.text() for d in told.differences] == ["record: open -> closed"]
    assert not records.read(PATIENT).is_chosen
    assert events(path) == []


def test_without_a_trail_there_is_no_choice(records, monkeypatch):
    def full(_event):
        raise OSError("no room")

    monkeypatch.setattr(records.trail, "record", full)
    with pytest.raises(OSError, match="no room"):
        choose(records, Block(identity=ADA))
    assert not records.read(PATIENT).is_chosen


def test_who_is_not_known_has_no_record(records, path):
    with pytest.raises(RecordChangeRefused, match="greffe patient add"):
        choose(records, Close(), patient="X^^^&1.2.3&ISO")
    assert events(path) == []


def test_a_refusal_changes_nothing(records):
    choose(records, Block(identity=ADA))
    with pytest.raises(RecordChangeRefused, match="an act of its own"):
        choose(records, Authorise(identity=ADA))
    assert records.read(PATIENT).choices().authorised == {}


# -- merges ----------------------------------------------------------------------------------------


def merge(ledger):
    patients = Patients(ledger=ledger, domain=OPEN_DOMAIN, identifier_checks={})
    return patients.change(Merge(survivor=PATIENT, subsumed=OTHER_PATIENT), instant=NOW)


def test_a_merge_of_two_patients_with_different_choices_is_the_stricter(ledger, records):
    choose(records, Authorise(identity=ADA))
    choose(records, Authorise(identity=BOB))
    choose(records, Block(identity=BOB), patient=OTHER_PATIENT)
    choose(records, Authorise(identity=ADA, until="20260601000000"), patient=OTHER_PATIENT)
    choose(records, Close(), patient=OTHER_PATIENT)
    told = merge(ledger).choices
    record = records.read(PATIENT)
    assert record.state is RecordState.CLOSED
    assert record.choices().blocked == {BOB}
    assert record.person(ADA, Standing.AUTHORISED).until == "20260601000000"
    assert "record: open -> closed" in [d.text() for d in told]
    assert not records.read(OTHER_PATIENT).is_chosen


def test_the_stricter_wins_for_a_feed_as_well_and_is_in_its_trail(ledger, records, path):
    choose(records, Authorise(identity=ADA))
    choose(records, Block(identity=ADA), patient=OTHER_PATIENT)
    patients = Patients(ledger=ledger, domain=OPEN_DOMAIN, identifier_checks={})
    feed = PatientFeed(patients=patients, trail=records.trail, clock=lambda: NOW)
    ack = Ack(feed.answer(a_merge(survivor=PATIENT, subsumed=OTHER_PATIENT), Sender(peer="x")))
    assert ack.code == "AA"
    assert records.read(PATIENT).choices().blocked == {ADA}
    merges = [e for e in events(path) if e["transaction"] == "ITI-8"]
    assert merges
    assert all(f"blocked {ADA}: no -> yes" in event["detail"] for event in merges)


def test_the_choices_of_the_only_one_who_chose_are_kept(ledger, records):
    choose(records, Block(identity=ADA), patient=OTHER_PATIENT)
    merge(ledger)
    assert records.read(PATIENT).choices().blocked == {ADA}


def test_a_merge_where_nobody_chose_leaves_no_record(ledger, records):
    assert merge(ledger).choices == ()
    assert not records.read(PATIENT).is_chosen


def test_a_subsumed_patient_chooses_nothing_more(ledger, records):
    merge(ledger)
    with pytest.raises(RecordChangeRefused, match="merged into"):
        choose(records, Close(), patient=OTHER_PATIENT)
