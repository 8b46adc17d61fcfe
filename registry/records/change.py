"""The story of a patient's choice: look up, check, trace, save; one transaction of the ledger.

A choice is traced before it is committed: if the trail cannot be written, nothing was chosen. From
the commit on it holds for every process that reads this ledger.

Spec: none of IHE's. Who may ask is for the door to decide; the instant is a parameter; the ledger's
own errors (busy, full) are the caller's to answer.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from registry.ledger.api import Ledger, Unit, Wanted
from registry.records.changes import (
    Difference,
    RecordChange,
    RecordChangeRefused,
    RecordFault,
    applied,
    differences,
)
from registry.records.model import Record, unchosen
from registry.records.rules import check
from xds.access.policy import Policy
from xds.audit.event import AuditEvent, Concerned, Outcome
from xds.audit.trail import Trail
from xds.errors import quote
from xds.metadata.hl7v2 import cx_key
from xds.security.caller import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenBy:
    """In whose name a choice is made, for the trail."""

    caller: Caller | None = None
    """Over SOAP: who the assertion says."""
    operator: str = ""
    """At the command line: who is logged in."""
    peer: str = ""
    message_id: str = ""


Admit = Callable[[Record | None], None]
"""Raises what the asker is answered who may not; None stands for a patient who is not known."""


def admit_all(_: Record | None) -> None:
    """Let everybody ask: the door has decided already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordChanged:
    """What became of a choice that was accepted; it is durable."""

    before: Record
    after: Record
    differences: tuple[Difference, ...]
    """Empty when it had been chosen before."""


def known_record(ledger: Ledger, policy: Policy, patient_id: str) -> Record:
    """Return the record of a patient who is known.

    Errors: RecordChangeRefused for any other; LedgerBusyError.
    """
    key = cx_key(patient_id)

    def work(unit: Unit) -> Record:
        _refuse(_unknown(unit, key))
        return unit.reader.records((key,)).get(key) or unchosen(key, policy)

    return ledger.write(Wanted(patient_ids=frozenset({key})), work)


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The patients' records of a Registry. Safe for use by many threads."""

    ledger: Ledger
    policy: Policy
    trail: Trail
    """The Registry's own."""

    def read(self, patient_id: str) -> Record:
        """Return a patient's record; of one who chose nothing, or is unknown, what the policy says.

        Errors: LedgerBusyError.
        """
        key = cx_key(patient_id)
        found = self.ledger.read(lambda reader: reader.records((key,)))
        return found.get(key) or unchosen(key, self.policy)

    def change(
        self,
        patient_id: str,
        change: RecordChange,
        *,
        instant: datetime,
        by: ChosenBy,
        admit: Admit = admit_all,
    ) -> RecordChanged:
        """Make a choice; it is durable, and traced, when this returns.

        `admit` sees the record in the transaction of the change: nobody can be blocked in between.

        Errors: RecordChangeRefused, OSError (the trail), whatever `admit` raises; in all cases
        nothing was changed. LedgerBusyError, LedgerFullError.
        """
        return self._work(_Work(patient_id, (change,), instant, admit), self._saving(instant, by))

    def begin(
        self,
        patient_id: str,
        changes: tuple[RecordChange, ...],
        *,
        instant: datetime,
        by: ChosenBy,
        admit: Admit = admit_all,
    ) -> RecordChanged:
        """Make choices together, for a patient who need not be known before. Errors: as `change`.

        The identifier has been checked; one that was merged into another one is refused.
        """
        work = _Work(patient_id, changes, instant, admit, makes_known=True)
        return self._work(work, self._saving(instant, by))

    def rehearse(
        self, patient_id: str, change: RecordChange, *, instant: datetime
    ) -> RecordChanged:
        """Return what `change` would do, and do nothing. Errors: as `change`."""
        return self._work(_Work(patient_id, (change,), instant), lambda _, __, ___: None)

    def _saving(self, instant: datetime, by: ChosenBy) -> "Save":
        def save(unit: Unit, changed: RecordChanged, change: RecordChange) -> None:
            if changed.differences:
                # (3) Trace first, (4) save.
                self.trail.record(_event(changed, change, instant, by))
                unit.save_record(changed.after)

        return save

    def _work(self, asked: "_Work", save: "Save") -> RecordChanged:
        key, now = cx_key(asked.patient_id), f"{asked.instant:%Y%m%d%H%M%S}"
        wanted = Wanted(patient_ids=frozenset({key}))

        def work(unit: Unit) -> RecordChanged:
            # (1) Look up, (2) check.
            known = unit.look_up(wanted)
            before = unit.reader.records((key,)).get(key) or unchosen(key, self.policy)
            is_known = key in known.patient_ids
            asked.admit(before if is_known else None)
            if not is_known and asked.makes_known and key not in known.merged:
                unit.add_patient(key, now)
            else:
                _refuse(_unknown(unit, key))
            after = before
            for change in asked.changes:
                _refuse(check(after, change, now))
                after = applied(after, change, now)
            changed = RecordChanged(
                before=before, after=after, differences=differences(before, after)
            )
            save(unit, changed, asked.changes[0])
            return changed

        return self.ledger.write(wanted, work)


Save = Callable[[Unit, RecordChanged, RecordChange], None]


@dataclass(frozen=True, slots=True)
class _Work:
    """What is asked of a record."""

    patient_id: str
    changes: tuple[RecordChange, ...]
    instant: datetime
    admit: Admit = admit_all
    makes_known: bool = False


def _unknown(unit: Unit, key: str) -> list[RecordFault]:
    """Return what is wrong with whose record it is."""
    known = unit.look_up(Wanted(patient_ids=frozenset({key})))
    if key in known.patient_ids:
        return []
    survivor = known.merged.get(key)
    return [
        RecordFault(
            subject=f"patient {quote(key)}",
            rule="a record is a known patient's",
            came=f"an identifier that was merged into {quote(survivor)}"
            if survivor
            else "an identifier that this Registry does not know",
            expected="the identifier of a known patient",
            fix=f"use {survivor}"
            if survivor
            else "make the patient known first (greffe patient add), or correct the identifier",
        )
    ]


def _refuse(faults: list[RecordFault]) -> None:
    if faults:
        raise RecordChangeRefused(faults)


def _event(
    changed: RecordChanged, change: RecordChange, instant: datetime, by: ChosenBy
) -> AuditEvent:
    return AuditEvent(
        instant=instant,
        transaction=f"record {type(change).__name__.lower()}",
        outcome=Outcome.SUCCESS,
        message_id=by.message_id,
        peer=by.peer,
        caller=by.caller,
        concerned=Concerned(patients=(changed.after.patient_id,)),
        detail="; ".join(difference.text() for difference in changed.differences),
        action="U" if changed.before.is_chosen else "C",
        source=f"command line|{by.operator}" if by.operator else "web service",
        service="registry",
        process=os.getpid(),
    )
