"""What rooms tell: a letter for each patient who has an address, durable, with nothing medical."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from dmp.professions import NAMED
from dmp.vihf import G15
from registry.ledger import tables as t
from registry.ledger.api import LedgerFullError, Wanted
from registry.ledger.letters import State
from registry.records.model import Record
from registry.telling.outbox import Outbox
from tests.registry.telling.build import INSTANT, WHEN
from xds.access.model import Mode, RecordState
from xds.security.caller import Caller, CodedValue

FIRST, SECOND, THIRD = (f"P-{n}^^^&1.2.3&ISO" for n in (1, 2, 3))
CALLER = Caller(
    identity="899700000001",
    issuer="CN=issuer",
    name="ESSAI ALIX",
    structure="10B0127189",
    roles=(
        CodedValue(code="10", system=G15, display_name="Oncologue"),
        CodedValue(code="SM42", system="1.2.250.1.71.4.2.5", display_name="Psychiatrie"),
    ),
    emergency_reason="coma hyperglycémique",
)


@pytest.fixture
def woken():
    return []


@pytest.fixture
def outbox(ledger, woken):
    return Outbox(
        ledger=ledger,
        letters=ledger.letters,
        host="greffe.test",
        professions=NAMED,
        new_token=lambda: uuid.uuid4().hex,
        together=timedelta(),
        wake=lambda: woken.append(1),
    )


def give_address(ledger, patient_id, email, language="fr"):
    ledger.add_patient(patient_id, WHEN)
    record = Record(
        patient_id=patient_id,
        state=RecordState.OPEN,
        since=WHEN,
        email=email,
        language=language,
        is_chosen=True,
    )
    wanted = Wanted(patient_ids=frozenset({patient_id}))
    ledger.write(wanted, lambda unit: unit.save_record(record))


def test_who_has_an_address_is_told_once_in_the_own_language(ledger, outbox, woken):
    give_address(ledger, FIRST, "first@example.org")
    give_address(ledger, SECOND, "second@example.org", "en")
    give_address(ledger, THIRD, "")
    outbox.tell([SECOND, FIRST, THIRD, FIRST, "UNKNOWN"], CALLER, Mode.BREAK_GLASS, INSTANT)
    queued = {q.letter.patient_id: q for q in ledger.letters.all()}
    assert set(queued) == {FIRST, SECOND}
    assert queued[SECOND].letter.language == "en"
    for one in queued.values():
        assert (one.state, one.letter.instant) == (State.QUEUED, WHEN)
        assert (one.letter.role, one.letter.structure) == ("doctor", "10B0127189")
    assert len({q.letter.message_id for q in queued.values()}) == 2
    assert woken == [1]


def test_nobody_with_an_address_is_nothing_to_do(ledger, outbox, woken):
    outbox.tell([FIRST], CALLER, Mode.BREAK_GLASS, INSTANT)
    outbox.tell([], CALLER, Mode.BREAK_GLASS, INSTANT)
    assert (ledger.letters.all(), woken) == ([], [])


def test_an_address_that_cannot_be_written_to_has_failed_and_stops_no_doctor(ledger, outbox, woken):
    give_address(ledger, FIRST, "no address")
    outbox.tell([FIRST], CALLER, Mode.BREAK_GLASS, INSTANT)
    (queued,) = ledger.letters.all()
    assert queued.state is State.FAILED
    assert "no e-mail address" in queued.problem
    assert woken == []


def test_nothing_medical_and_no_name_is_kept_for_a_letter(ledger, outbox):
    give_address(ledger, FIRST, "first@example.org")
    outbox.tell([FIRST], CALLER, Mode.BREAK_GLASS, INSTANT)
    with ledger._engine.connect() as connection:
        row = str(connection.execute(sa.select(t.letters)).one())
    for secret in ("ESSAI", "Oncologue", "Psychiatrie", "SM42", "coma", "8997"):
        assert secret not in row


@pytest.mark.parametrize(
    ("code", "said"), [("10", "doctor"), ("36", "ambulance"), ("50", ""), ("32", "")]
)
def test_a_profession_that_would_say_why_is_not_named(ledger, outbox, code, said):
    give_address(ledger, FIRST, "first@example.org")
    caller = replace(CALLER, roles=(CodedValue(code=code, system=G15),))
    outbox.tell([FIRST], caller, Mode.REGULATION, INSTANT)
    assert ledger.letters.all()[0].letter.role == said


def test_what_cannot_be_made_durable_is_raised(ledger, outbox, monkeypatch):
    give_address(ledger, FIRST, "first@example.org")

    def full(*_):
        raise LedgerFullError

    letters = ledger.letters
    monkeypatch.setattr(letters, "_write", full)
    with pytest.raises(LedgerFullError):
        replace(outbox, letters=letters).tell([FIRST], CALLER, Mode.BREAK_GLASS, INSTANT)
    assert ledger.letters.all() == []


def test_each_access_has_a_letter_unless_they_are_told_together(ledger, outbox):
    give_address(ledger, FIRST, "first@example.org")
    for _ in range(2):
        outbox.tell([FIRST], CALLER, Mode.BREAK_GLASS, INSTANT)
    assert len(ledger.letters.all()) == 2


def test_what_one_caller_opens_within_the_time_is_told_by_the_first_letter(ledger, outbox):
    together = replace(outbox, together=timedelta(minutes=60))
    give_address(ledger, FIRST, "first@example.org")
    give_address(ledger, SECOND, "second@example.org")
    another = replace(CALLER, identity="899700000002")
    for caller, mode, minutes, letters in (
        (CALLER, Mode.BREAK_GLASS, 0, 2),
        (CALLER, Mode.BREAK_GLASS, 59, 2),
        (CALLER, Mode.REGULATION, 59, 4),
        (another, Mode.BREAK_GLASS, 59, 6),
        (CALLER, Mode.BREAK_GLASS, 61, 8),
    ):
        instant = INSTANT + timedelta(minutes=minutes)
        together.tell([FIRST, SECOND], caller, mode, instant)
        assert len(ledger.letters.all()) == letters


def test_a_letter_that_failed_stands_for_no_other(ledger, outbox):
    together = replace(outbox, together=timedelta(minutes=60))
    give_address(ledger, FIRST, "no address")
    together.tell([FIRST], CALLER, Mode.BREAK_GLASS, INSTANT)
    give_address(ledger, FIRST, "first@example.org")
    together.tell([FIRST], CALLER, Mode.BREAK_GLASS, INSTANT)
    assert [q.state for q in ledger.letters.all()] == [State.FAILED, State.QUEUED]


def test_accesses_at_the_same_moment_are_one_letter_too(ledger, outbox):
    together = replace(outbox, together=timedelta(minutes=60))
    give_address(ledger, FIRST, "first@example.org")
    with ThreadPoolExecutor(8) as pool:
        for done in [
            pool.submit(together.tell, [FIRST], CALLER, Mode.BREAK_GLASS, INSTANT)
            for _ in range(16)
        ]:
            done.result()
    assert len(ledger.letters.all()) == 1


@pytest.mark.parametrize("is_committed", [True, False])
def test_what_a_write_opens_is_told_with_it_or_not_at_all(ledger, outbox, is_committed):
    give_address(ledger, FIRST, "first@example.org")

    def work(unit):
        outbox.tell([FIRST], CALLER, Mode.BREAK_GLASS, INSTANT, unit)
        if not is_committed:
            raise LookupError

    wanted = Wanted(patient_ids=frozenset({FIRST}))
    if is_committed:
        ledger.write(wanted, work)
    else:
        with pytest.raises(LookupError):
            ledger.write(wanted, work)
    assert [q.letter.address for q in ledger.letters.all()] == ["first@example.org"] * is_committed
