"""The outbox: letters to patients, each in one state, in the Registry's own database.

Theory. A letter is queued in the transaction that `queue` returns from, and then goes

    queued ──claim──▶ claimed ──hand──▶ handed ──settle──▶ sent | failed
       ▲                 │                 │
       └──── put back ───┴── outcome unknown: `doubts` + 1

One sender works at a time (`registry.ledger.sender_lock`); it gives the letters that it claims its
own token, and every later step is conditional on that token. A new sender takes over what an ended
one left: a `claimed` letter was never given to the mail server whole, so nothing can be doubled; of
a `handed` one nobody can know, and it is sent again as the same message. Whoever has lost a letter
to another sender finds out at its next step, before the last octets leave.

Spec: RFC 1047 (why the moment between the server's acceptance and our note of it cannot be closed).
This module neither composes nor sends.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from registry.ledger.api import Unit, Wanted
from registry.ledger.engine import translating
from registry.ledger.tables import letters as table
from registry.ledger.writing import GroupWriter, LockingWriter, SqlUnit
from registry.telling.letter import Letter
from xds.access.model import Mode

T = TypeVar("T")


class State(StrEnum):
    """How far a letter is."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    """A sender works on it; the mail server has not got it whole."""
    HANDED = "handed"
    """The last octets may have left; what the server said of them is not written down yet."""
    SENT = "sent"
    """The mail server took it."""
    FAILED = "failed"
    """It will not be sent, unless an operator says so."""


UNSETTLED: Final = (State.QUEUED, State.CLAIMED, State.HANDED)
MAX_PROBLEM: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A letter in the outbox. Times are 14 digits, UTC."""

    seq: int
    letter: Letter
    state: State
    tries: int
    doubts: int
    """How often a try ended without anybody knowing whether the server took the letter."""
    due: str
    """Not tried before."""
    changed: str
    problem: str
    """What the mail server said, or what kept us from asking it."""


class SqlLetters:
    """The outbox. Safe for use by many threads and processes."""

    def __init__(self, engine: Engine, writer: GroupWriter | LockingWriter) -> None:
        """Keep letters in this engine's database; writes share the commits of the others."""
        self._engine = engine
        self._writer = writer

    def queue(
        self,
        letters: Sequence[Letter],
        instant: str,
        *,
        problem: str = "",
        since: str = "",
        within: Unit | None = None,
    ) -> None:
        """Return when the letters are durable; with a problem, as failed from the start.

        `since`: a letter is left out when the same caller's access to the same record, in the same
        mode, is told by a letter of that moment or later. `within`: a write that makes the letters
        durable with what it changes, or does neither.

        Errors: LedgerBusyError, LedgerFullError.
        """

        def work(connection: Connection) -> None:
            told = _told(connection, letters, since) if since else frozenset()
            rows = [r for r in _rows(letters, instant, problem) if _matter(r) not in told]
            if rows:
                connection.execute(sa.insert(table), rows)

        if within is not None:
            work(cast("SqlUnit", within).connection)
        elif letters:
            # One at a time for a patient, so that two accesses at once are one letter too.
            self._write(work, frozenset(letter.patient_id for letter in letters))

    def take_over(self, instant: str) -> int:
        """Put back what an ended sender left; returns how many may have been sent already."""

        def work(connection: Connection) -> int:
            doubtful = connection.execute(
                sa.update(table)
                .where(table.c.state == State.HANDED)
                .values(state=State.QUEUED, doubts=table.c.doubts + 1, holder="", changed=instant)
            ).rowcount
            connection.execute(
                sa.update(table)
                .where(table.c.state == State.CLAIMED)
                .values(state=State.QUEUED, holder="", changed=instant)
            )
            return doubtful

        return self._write(work)

    def claim(self, holder: str, instant: str) -> Queued | None:
        """Give the sender the letter that is longest due; None when none is."""

        def work(connection: Connection) -> Queued | None:
            due = (
                sa.select(table)
                .where(table.c.state == State.QUEUED, table.c.due <= instant)
                .order_by(table.c.due, table.c.seq)
                .limit(1)
            )
            row = connection.execute(due).first()
            if row is None:
                return None
            taken = connection.execute(
                sa.update(table)
                .where(table.c.seq == row.seq, table.c.state == State.QUEUED)
                .values(
                    state=State.CLAIMED, holder=holder, tries=table.c.tries + 1, changed=instant
                )
            ).rowcount
            return _queued(row, state=State.CLAIMED, tries=row.tries + 1) if taken else None

        # Nothing due is the rule, and it costs no write.
        return self._write(work) if self.next_due() <= instant else None

    def hand(self, seq: int, holder: str, instant: str) -> bool:
        """Note that the last octets are about to leave; False when the letter is another's now."""
        return self._change(seq, holder, State.CLAIMED, state=State.HANDED, changed=instant)

    def settle(self, seq: int, holder: str, instant: str, state: State, problem: str = "") -> bool:
        """Note that a letter was sent, or that it will not be; False when it is another's."""
        return self._change(
            seq,
            holder,
            *(State.CLAIMED, State.HANDED),
            state=state,
            changed=instant,
            problem=problem[:MAX_PROBLEM],
            holder="",
        )

    def put_back(  # noqa: PLR0913 - what there is to note
        self, seq: int, holder: str, instant: str, *, due: str, problem: str, is_doubtful: bool
    ) -> bool:
        """Note that a letter is to be tried again; False when it is another's."""
        return self._change(
            seq,
            holder,
            *(State.CLAIMED, State.HANDED),
            state=State.QUEUED,
            due=due,
            changed=instant,
            problem=problem[:MAX_PROBLEM],
            doubts=table.c.doubts + int(is_doubtful),
            holder="",
        )

    def next_due(self) -> str:
        """Return when the next letter is due, `~` (later than any time) when none waits."""
        first = sa.select(sa.func.min(table.c.due)).where(table.c.state == State.QUEUED)
        return self._read(lambda connection: connection.execute(first).scalar_one()) or "~"

    def all(self, states: Iterable[State] = tuple(State)) -> list[Queued]:
        """Return letters in these states, the oldest first."""
        wanted = sa.select(table).where(table.c.state.in_(list(states))).order_by(table.c.seq)
        return self._read(lambda connection: [_queued(r) for r in connection.execute(wanted)])

    def retry(self, message_id: str, instant: str, address: str) -> bool:
        """Queue a failed letter again, to this address; False when there is no such letter."""
        again = (
            sa.update(table)
            .where(table.c.message_id == message_id, table.c.state == State.FAILED)
            .values(
                state=State.QUEUED,
                due=instant,
                changed=instant,
                tries=0,
                problem="",
                address=address,
            )
        )
        return self._write(lambda connection: connection.execute(again).rowcount == 1)

    def forget(self, before: str) -> int:
        """Drop letters that were sent before a moment: the trail keeps what has to be kept."""
        old = sa.delete(table).where(table.c.state == State.SENT, table.c.changed < before)
        return self._write(lambda connection: connection.execute(old).rowcount)

    def _change(self, seq: int, mine: str, *from_states: State, **values: Any) -> bool:
        change = (
            sa.update(table)
            .where(
                table.c.seq == seq,
                table.c.holder == mine,
                table.c.state.in_(from_states),
            )
            .values(values)
        )
        return self._write(lambda connection: connection.execute(change).rowcount == 1)

    def _write(
        self, work: Callable[[Connection], T], patient_ids: frozenset[str] = frozenset()
    ) -> T:
        wanted = Wanted(patient_ids=patient_ids)
        return self._writer.write(wanted, lambda unit: work(cast("SqlUnit", unit).connection))

    def _read(self, work: Callable[[Connection], T]) -> T:
        with translating(), self._engine.connect() as connection:
            return work(connection)


def _rows(letters: Iterable[Letter], instant: str, problem: str) -> list[dict[str, Any]]:
    return [
        {
            **{name: getattr(letter, name) for name in Letter.__dataclass_fields__},
            "state": State.FAILED if problem else State.QUEUED,
            "due": instant,
            "changed": instant,
            "problem": problem,
        }
        for letter in letters
    ]


def _told(
    connection: Connection, letters: Sequence[Letter], since: str
) -> frozenset[tuple[str, ...]]:
    """Return what letters of these patients are about that were written since then."""
    patients = sorted({letter.patient_id for letter in letters})
    recent = sa.select(table.c.patient_id, table.c.caller, table.c.mode).where(
        table.c.patient_id.in_(patients), table.c.instant >= since, table.c.state != State.FAILED
    )
    return frozenset(_matter(row) for row in connection.execute(recent).mappings())


def _matter(row: Mapping[Any, Any]) -> tuple[str, ...]:
    return (row["patient_id"], row["caller"], str(row["mode"]))


def _queued(row: Any, **now: Any) -> Queued:
    values = {**row._mapping, **now}  # noqa: SLF001 - SQLAlchemy's public name for it
    letter = {name: values[name] for name in Letter.__dataclass_fields__}
    return Queued(
        letter=Letter(**{**letter, "mode": Mode(letter["mode"])}),
        state=State(values["state"]),
        **{name: values[name] for name in ("seq", "tries", "doubts", "due", "changed", "problem")},
    )
