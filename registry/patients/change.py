"""The story of a change to patients: check, look up, check, apply; one transaction of the ledger.

Spec: ITI TF-2 §3.8.4.1.4, §3.8.4.2.4, §3.64.4.1.3. The instant is a parameter; the ledger's own
errors (busy, full) are the caller's to answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from registry.ledger.api import Known, Ledger, Unit, Wanted
from registry.patients.changes import (
    Add,
    Changed,
    Fault,
    Merge,
    PatientChange,
    PatientChangeRefused,
)
from registry.patients.rules import (
    PatientPolicy,
    check_identifiers,
    check_standing,
    patient_parts,
)
from registry.records.changes import differences
from registry.records.model import stricter, unchosen
from xds.access.policy import ANY_TRUSTED
from xds.domain import AffinityDomain
from xds.metadata.hl7v2 import cx_key
from xds.metadata.policy import IdentifierCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class Patients:
    """The patients of a Registry. Safe for use by many threads."""

    ledger: Ledger
    domain: AffinityDomain
    identifier_checks: Mapping[str, IdentifierCheck]
    """By the name that the domain gives an authority's check; `dmp.ins.CHECKS`."""

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

        def work(unit: Unit) -> tuple[Changed, ...]:
            # (2) Look up, (3) check against what is known, (4) apply; each after the one before.
            done: list[Changed] = []
            found = list(faults)
            for number, change in enumerate(changes):
                known = unit.look_up(wanted)
                found[number] = [*faults[number], *check_standing(change, known)]
                if not any(f.is_error for f in found[number]):
                    done.append(_apply(change, known, unit, instant))
            _refuse_errors(found)
            return tuple(replace(d, warnings=tuple(f)) for d, f in zip(done, found, strict=True))

        return self.ledger.write(wanted, work) if wanted.patient_ids else ()


def _refuse_errors(faults: Sequence[Sequence[Fault]]) -> None:
    if any(fault.is_error for some in faults for fault in some):
        raise PatientChangeRefused(fault for some in faults for fault in some)


def _apply(change: PatientChange, known: Known, unit: Unit, instant: datetime) -> Changed:
    match change:
        case Add():
            key = cx_key(change.patient_id)
            is_new = key not in known.patient_ids
            if is_new:
                unit.add_patient(key, f"{instant:%Y%m%d%H%M%S}")
            return Changed(is_new=is_new)
        case Merge():
            return _merge(cx_key(change.subsumed), cx_key(change.survivor), unit)
    return Changed()


def _merge(subsumed: str, survivor: str, unit: Unit) -> Changed:
    """Make one patient of two, with one record: in what they chose, the stricter wins."""
    records = unit.records((subsumed, survivor))
    unit.merge_patient(subsumed, survivor)
    if subsumed not in records:
        return Changed()
    # Whatever a policy says of a record in which nothing was chosen, it counts for nothing here.
    before = records.get(survivor, unchosen(survivor, ANY_TRUSTED))
    after = stricter(before, records[subsumed])
    unit.save_record(after)
    return Changed(choices=differences(before, after))
