"""`greffe outbox`: letters as an operator sees them, beside the node that may be serving."""

import json
from dataclasses import replace

import pytest

from greffe.cli import main
from greffe.home import make_home
from registry.ledger.api import Wanted
from registry.ledger.letters import State
from registry.ledger.sql import open_ledger
from registry.records.model import Record
from tests.registry.telling.build import INSTANT, WHEN, a_letter
from xds.access.model import RecordState
from xds.settings import load_settings

FAILED = "550 5.1.1 nobody [of that name]"


@pytest.fixture
def home(tmp_path):
    make_home(tmp_path / "home", domain="ihe", instant=INSTANT)
    return tmp_path / "home"


@pytest.fixture
def ledger(home):
    opened = open_ledger(load_settings(home).database_url)
    yield opened
    opened.close()


def with_record(ledger, letter, email):
    ledger.add_patient(letter.patient_id, WHEN)
    record = Record(
        patient_id=letter.patient_id,
        state=RecordState.OPEN,
        since=WHEN,
        email=email,
        is_chosen=True,
    )
    wanted = Wanted(patient_ids=frozenset({letter.patient_id}))
    ledger.write(wanted, lambda unit: unit.save_record(record))


def outbox(capsys, home, *words):
    code = main(["outbox", *words, "--home", str(home), "--json"])
    answer = json.loads(capsys.readouterr().out)
    assert answer["exit_code"] == code
    return code, answer["letters"], [e["text"] for e in answer["errors"]]


def test_what_waits_and_what_failed_is_listed_and_what_was_sent_on_demand(home, ledger, capsys):
    queued, failed, sent = (a_letter() for _ in range(3))
    ledger.letters.queue([sent], WHEN)
    claimed = ledger.letters.claim("me", WHEN)
    ledger.letters.settle(claimed.seq, "me", WHEN, State.SENT, "250 ok")
    ledger.letters.queue([queued], WHEN)
    ledger.letters.queue([failed], WHEN, problem=FAILED)
    code, letters, errors = outbox(capsys, home, "list")
    assert (code, errors) == (0, [])
    assert [(x["letter"], x["state"], x["problem"]) for x in letters] == [
        (queued.reference, "queued", ""),
        (failed.reference, "failed", FAILED),
    ]
    assert len(outbox(capsys, home, "list", "--all")[1]) == 3
    assert main(["outbox", "list", "--home", str(home)]) == 0
    shown = capsys.readouterr().out
    assert queued.reference in shown
    assert FAILED in shown
    assert sent.reference not in shown


def test_an_empty_outbox_says_so(home, capsys):
    assert main(["outbox", "list", "--home", str(home)]) == 0
    assert capsys.readouterr().out == "no letter waits\n"


def test_a_failed_letter_goes_again_to_the_address_that_the_record_has_now(home, ledger, capsys):
    file = home / "greffe.toml"
    file.write_text(file.read_text().replace('host = ""', 'host = "mail.example.org"', 1))
    letters = [replace(a_letter(), message_id=f"<0000000{n}@x>") for n in range(3)]
    ledger.letters.queue(letters, WHEN, problem=FAILED)
    with_record(ledger, letters[0], "new@example.org")
    with_record(ledger, letters[1], "")
    code, again, errors = outbox(capsys, home, "retry")
    assert code == 2
    assert [(x["letter"], x["state"], x["address"]) for x in again] == [
        ("00000000", "queued", "new@example.org")
    ]
    assert len(errors) == 2
    assert all("no address any more" in text for text in errors)
    assert again[0]["message_id"] == letters[0].message_id


def test_only_the_letter_that_is_named_goes_again(home, ledger, capsys):
    letters = [a_letter(), a_letter()]
    ledger.letters.queue(letters, WHEN, problem=FAILED)
    for letter in letters:
        with_record(ledger, letter, letter.address)
    code, again, errors = outbox(capsys, home, "retry", letters[1].reference.lower())
    assert [x["letter"] for x in again] == [letters[1].reference]
    assert (code, errors) == (2, ["no mail server is named. Fix: set [mail] host in greffe.toml"])
    assert [q.state for q in ledger.letters.all()] == [State.FAILED, State.QUEUED]


@pytest.mark.parametrize("state", ["nobody", "queued"])
def test_what_did_not_fail_is_not_sent_again(home, ledger, capsys, state):
    letter = a_letter()
    if state == "queued":
        ledger.letters.queue([letter], WHEN)
    code, again, errors = outbox(capsys, home, "retry", letter.reference)
    assert (code, again) == (2, [])
    assert errors == [f"no failed letter is named {letter.reference}"]


def test_a_folder_that_is_no_home_is_said(tmp_path, capsys):
    code, _, errors = outbox(capsys, tmp_path, "list")
    assert code == 2
    assert "is no home of Greffe" in errors[0]
