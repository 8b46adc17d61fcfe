"""The story of a change to patients: check, look up, check, apply; one transaction of the ledger.

Spec: ITI TF-2 §3.8.4.1.4, §3.8.4.2.4, §3.64.4.1.3. The instant is a parameter; the ledger's own
errors (busy, full) are the caller's to answer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

from registry.ledger.api import Known, Ledger, LedgerBusyError, Unit, Wanted
from registry.patients.changes import (
    Add,
    Changed,
    Fault,
    LinkChange,
    Merge,
    PatientChange,
    PatientChangeRefused,
)
from registry.patients.linking import OutdatedError, link, touched_by
from registry.patients.rules import (
    PatientPolicy,
    check_identifiers,
    check_standing,
    patient_parts,
)
from registry.records.changes import differences
from registry.records.model import stricter, unchosen
from registry.submission.naming import NewUuid, new_uuid
from xds.access.policy import ANY_TRUSTED
from xds.domain import AffinityDomain
from xds.metadata.hl7v2 import cx_key
from xds.metadata.policy import IdentifierCheck

MAX_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Patients:
    """The patients of a Registry. Safe for use by many threads."""

    ledger: Ledger
    domain: AffinityDomain
    identifier_checks: Mapping[str, IdentifierCheck]
    """By the name that the domain gives an authority's check; `dmp.ins.CHECKS`."""
    new_uuid: NewUuid = new_uuid

    def change(self, change: PatientChange, *, instant: datetime) -> Changed:
        """Make a change; it is durable when this returns.

        Errors: PatientChangeRefused (nothing was changed), LedgerBusyError, LedgerFullError.
        """
        return self.change_all((change,), instant=instant)[0]

    def change_all(
        self, changes: Sequence[PatientChange], *, instant: datetime
    ) -> tuple[Changed, ...]:
        """Make changes together or not at all, in their order. Errors: as `change`."""
        # (1) What the identifiers alone tell.
        policy = PatientPolicy(domain=self.domain, identifier_checks=self.identifier_checks)
        faults = [check_identifiers(change, policy) for change in changes]
        _refuse_errors(faults)
        wanted = Wanted(
            patient_ids=frozenset(cx_key(cx) for c in changes for _, cx in patient_parts(c))
        )

        if not wanted.patient_ids:
            return ()
        for _ in range(MAX_ATTEMPTS):
            held = self._held(changes, wanted)
            try:
                return self.ledger.write(held, self._work(changes, faults, held, instant))
            except OutdatedError:
                continue
        raise LedgerBusyError

    def _held(self, changes: Sequence[PatientChange], wanted: Wanted) -> Wanted:
        """Return all that the changes touch: a link change touches more than it names."""
        patients, entry_uuids = wanted.patient_ids, wanted.entry_uuids
        for change in changes:
            if isinstance(change, LinkChange):
                touched = self.ledger.read(partial(touched_by, change=change))
                patients |= touched.patient_ids
                entry_uuids |= touched.entry_uuids
        return replace(wanted, patient_ids=patients, entry_uuids=entry_uuids)

    def _work(
        self,
        changes: Sequence[PatientChange],
        faults: Sequence[Sequence[Fault]],
        held: Wanted,
        instant: datetime,
    ) -> Callable[[Unit], tuple[Changed, ...]]:
        named = Wanted(patient_ids=held.patient_ids)

        def work(unit: Unit) -> tuple[Changed, ...]:
            # (2) Look up, (3) check against what is known, (4) apply; each after the one before.
            done: list[Changed] = []
            found = [list(some) for some in faults]
            for number, change in enumerate(changes):
                known = unit.look_up(named)
                found[number] += check_standing(change, known)
                if not any(f.is_error for f in found[number]):
                    done.append(self._apply(change, known, unit, held, instant))
            _refuse_errors(found)
            return tuple(
                replace(d, warnings=(*f, *d.warnings)) for d, f in zip(done, found, strict=True)
            )

        return work

    def _apply(
        self, change: PatientChange, known: Known, unit: Unit, held: Wanted, instant: datetime
    ) -> Changed:
        match change:
            case Add():
                key = cx_key(change.patient_id)
                is_new = key not in known.patient_ids
                if is_new:
                    unit.add_patient(key, f"{instant:%Y%m%d%H%M%S}")
                return Changed(is_new=is_new)
            case Merge():
                return _merge(cx_key(change.subsumed), cx_key(change.survivor), unit)
            case LinkChange():
                return link(
                    change,
                    unit,
                    held,
                    content_type=self.domain.link_change,
                    instant=instant,
                    new_uuid=self.new_uuid,
                )
        return Changed()


def _refuse_errors(faults: Sequence[Sequence[Fault]]) -> None:
    if any(fault.is_error for some in faults for fault in some):
        raise PatientChangeRefused(fault for some in faults for fault in some)


def _merge(subsumed: str, survivor: str, unit: Unit) -> Changed:
    """Make one patient of two, with one record: in what they chose, the stricter wins."""
    records = unit.reader.records((subsumed, survivor))
    unit.merge_patient(subsumed, survivor)
    if subsumed not in records:
        return Changed()
    # Whatever a policy says of a record in which nothing was chosen, it counts for nothing here.
    before = records.get(survivor, unchosen(survivor, ANY_TRUSTED))
    after = stricter(before, records[subsumed])
    unit.save_record(after)
    return Changed(choices=differences(before, after))
