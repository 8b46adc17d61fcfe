"""The story of a change to patients: check, look up, check, apply; one transaction of the ledger.

Spec: ITI TF-2 §3.8.4.1.4, §3.8.4.2.4, §3.64.4.1.3. The instant is a parameter; the ledger's own
errors (busy, full) are the caller's to answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from registry.ledger.api import Ledger, Unit, Wanted
from registry.patients.changes import Add, Changed, Merge, PatientChange, PatientChangeRefused
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
        # (1) What the identifiers alone tell.
        policy = PatientPolicy(domain=self.domain, identifier_checks=self.identifier_checks)
        faults = check_identifiers(change, policy)
        if any(f.is_error for f in faults):
            raise PatientChangeRefused(faults)
        wanted = Wanted(patient_ids=frozenset(cx_key(cx) for _, cx in patient_parts(change)))

        def work(unit: Unit) -> Changed:
            # (2) Look up, (3) check against what is known.
            found = [*faults, *check_standing(change, known := unit.look_up(wanted))]
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
            return Changed(is_new=is_new, warnings=tuple(found))

        return self.ledger.write(wanted, work)
