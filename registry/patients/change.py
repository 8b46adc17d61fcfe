"""The story of a change to patients: check, look up, check, apply; one transaction of the ledger.

Spec: ITI TF-2 §3.8.4.1.4, §3.8.4.2.4, §3.64.4.1.3. The instant is a parameter; the ledger's own
errors (busy, full) are the caller's to answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from registry.ledger.api import Ledger, Unit, Wanted
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
        self, changes: tuple[PatientChange, ...], *, instant: datetime
    ) -> tuple[Changed, ...]:
        """Make all of these changes or none; they are durable when this returns.

        Why: one message may name several identifiers of a patient. Errors: as `change`.
        """
        # (1) What the identifiers alone tell.
        policy = PatientPolicy(domain=self.domain, identifier_checks=self.identifier_checks)
        judged = tuple((change, check_identifiers(change, policy)) for change in changes)
        faults = [fault for _, found in judged for fault in found]
        if any(f.is_error for f in faults):
            raise PatientChangeRefused(faults)
        patient_ids = (cx_key(cx) for change in changes for _, cx in patient_parts(change))
        wanted = Wanted(patient_ids=frozenset(patient_ids))

        def work(unit: Unit) -> tuple[Changed, ...]:
            return tuple(_make(unit, change, tuple(found), instant) for change, found in judged)

        return self.ledger.write(wanted, work) if changes else ()


def _make(
    unit: Unit, change: PatientChange, faults: tuple[Fault, ...], instant: datetime
) -> Changed:
    # (2) Look up, (3) check against what is known.
    wanted = Wanted(patient_ids=frozenset(cx_key(cx) for _, cx in patient_parts(change)))
    known = unit.look_up(wanted)
    found = (*faults, *check_standing(change, known))
    if any(f.is_error for f in found):
        raise PatientChangeRefused(found)
    # (4) Apply.
    is_new = False
    match change:
        case Add():
            is_new = cx_key(change.patient_id) not in known.patient_ids
            if is_new:
                unit.add_patient(cx_key(change.patient_id), f"{instant:%Y%m%d%H%M%S}")
        case Merge():
            unit.merge_patient(cx_key(change.subsumed), cx_key(change.survivor))
    return Changed(is_new=is_new, warnings=found)
