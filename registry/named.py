"""A write whose message names objects, and not whose they are: look first, be sure afterwards.

Spec: MU §3.57.4.1.3, RMU §3.92.4.1.3, RMD §3.62.4.1.3 (all or nothing). A write says beforehand
whom it concerns (`Wanted.patient_ids`), but between the look and the write an object may become
another patient's; then the work is done anew.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final, TypeVar

from registry.ledger.api import (
    Columns,
    Kind,
    Known,
    KnownObject,
    Ledger,
    LedgerBusyError,
    Reader,
    Select,
    Unit,
    Wanted,
)

T = TypeVar("T")
MAX_ATTEMPTS: Final = 3


class _MovedError(Exception):
    """Objects became another patient's between the look at whose they are and the write."""


def write_named(ledger: Ledger, wanted: Wanted, work: Callable[[Unit, Wanted], T]) -> T:
    """Run the work in a transaction that also concerns the patients of the objects named.

    The work gets what it may touch, and begins with `named_objects`, which makes sure of it.

    Errors: LedgerBusyError, also when objects change hands again and again; LedgerFullError;
    whatever the work raises.
    """
    for _ in range(MAX_ATTEMPTS):
        try:
            return _attempt(ledger, wanted, work)
        except _MovedError:
            continue
    raise LedgerBusyError


def named_objects(known: Known, held: Wanted) -> list[KnownObject]:
    """Return the objects that the message names, by id or logicalID; all are of held patients."""
    found = [known.by_uuid[uuid] for uuid in sorted(held.entry_uuids) if uuid in known.by_uuid]
    found += [o for lid in sorted(held.logical_ids) for o in known.by_logical_id.get(lid, ())]
    if not {o.patient_id for o in found} <= held.patient_ids:
        raise _MovedError
    return found


def ends_of_associations(unit: Unit, entry_uuids: Iterable[str]) -> set[str]:
    """Return what those of the objects that are Associations lead from and to."""
    return {
        end
        for rim in unit.objects(entry_uuids).values()
        if rim.tag == "Association"
        for end in (rim.attribute("sourceObject"), rim.attribute("targetObject"))
        if end
    }


def _attempt(ledger: Ledger, wanted: Wanted, work: Callable[[Unit, Wanted], T]) -> T:
    patients = ledger.read(lambda reader: _patients(reader, wanted))
    held = replace(wanted, patient_ids=wanted.patient_ids | patients)
    return ledger.write(held, lambda unit: work(unit, held))


def _patients(reader: Reader, wanted: Wanted) -> frozenset[str]:
    """Return whose are now the objects that the message names."""
    names = (("entry_uuid", wanted.entry_uuids), ("logical_id", wanted.logical_ids))
    return frozenset(
        found.patient_id
        for column, values in names
        if values
        for kind in Kind
        for found in reader.select(
            Select(kind=kind, where=(Columns(column=column, values=tuple(sorted(values))),))
        )
    )
