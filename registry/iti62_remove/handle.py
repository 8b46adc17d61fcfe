"""The story of ITI-62: read, look up, check, plan, apply, answer; one transaction.

Spec: RMD supplement §3.62.4.1.3 (all or nothing).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from registry.failures import failing
from registry.iti62_remove.message import Named, read_removal
from registry.iti62_remove.rules import Removal, check, make_plan
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
from xds.audit.event import Concerned
from xds.ebrim.response import Status, registry_response
from xds.namespaces import LCM
from xds.soap.exchange import Answer
from xds.story import Call, Outcome, Refused, Room

ACTION: Final = "urn:ihe:iti:2010:DeleteDocumentSet"
RESPONSE: Final = f"{ACTION}Response"
MAX_ATTEMPTS: Final = 3


class _MovedError(Exception):
    """Objects became another patient's between the look at whose they are and the write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """The room's handle."""

    ledger: Ledger

    def __call__(self, call: Call) -> Outcome:
        """Remove Metadata [ITI-62].

        Spec: RMD supplement §3.62.4.1.3. Errors: as the room's contract says.
        """
        # (1) Read: which objects, and every fault of the request.
        named, complaints = read_removal(call.request.body, call.request.body_where)
        if complaints:
            raise Refused(complaints, Concerned())
        with failing(Concerned()):
            concerned = self._remove(named, f"{call.instant:%Y%m%d%H%M%S}")
        # (6) Answer.
        return Outcome(
            answer=Answer(action=RESPONSE, body=(registry_response((), Status.SUCCESS),)),
            concerned=concerned,
        )

    def _remove(self, named: tuple[Named, ...], instant: str) -> Concerned:
        uuids = frozenset(one.entry_uuid for one in named)
        for _ in range(MAX_ATTEMPTS):
            # The message names no patient, and a write says whom it concerns: so a look first.
            wanted = Wanted(
                patient_ids=self.ledger.read(lambda reader: _patients(reader, uuids)),
                entry_uuids=uuids,
                touching=uuids,
            )
            try:
                return self.ledger.write(wanted, _work(named, wanted, instant))
            except _MovedError:
                continue
        raise LedgerBusyError


def _work(named: tuple[Named, ...], wanted: Wanted, instant: str) -> Callable[[Unit], Concerned]:
    def work(unit: Unit) -> Concerned:
        # (2) Look up what is named, and all that the ends of named Associations hang on.
        ends = {
            end
            for rim in unit.objects(wanted.entry_uuids).values()
            if rim.tag == "Association"
            for end in (rim.attribute("sourceObject"), rim.attribute("targetObject"))
            if end
        }
        known = unit.look_up(replace(wanted, touching=wanted.touching | ends))
        concerned = _concerned(known, wanted.entry_uuids)
        if not {o.patient_id for o in _objects(known, wanted.entry_uuids)} <= wanted.patient_ids:
            raise _MovedError
        # (3) Check every rule.
        removal = Removal(named=named, known=known)
        if complaints := check(removal):
            raise Refused(complaints, concerned)
        # (4) Plan, and (5) apply.
        unit.apply(make_plan(removal, instant=instant))
        return concerned

    return work


def _patients(reader: Reader, entry_uuids: frozenset[str]) -> frozenset[str]:
    """Return whose objects these are now."""
    condition = Columns(column="entry_uuid", values=tuple(sorted(entry_uuids)))
    return frozenset(
        found.patient_id
        for kind in Kind
        for found in reader.select(Select(kind=kind, where=(condition,)))
    )


def _objects(known: Known, entry_uuids: frozenset[str]) -> list[KnownObject]:
    return [known.by_uuid[uuid] for uuid in sorted(entry_uuids) if uuid in known.by_uuid]


def _concerned(known: Known, entry_uuids: frozenset[str]) -> Concerned:
    """Return whom and what a removal concerns, for the audit event."""
    objects = _objects(known, entry_uuids)
    return Concerned(
        patients=tuple(sorted({o.patient_id for o in objects})),
        documents=tuple(o.unique_id for o in objects if o.kind is Kind.DOCUMENT_ENTRY),
    )


def room(*, ledger: Ledger) -> Room:
    """Return the room over a ledger."""
    return Room(
        transaction="ITI-62",
        action=ACTION,
        response_action=RESPONSE,
        body=f"{{{LCM}}}RemoveObjectsRequest",
        handle=Remove(ledger=ledger),
        refuse=lambda complaints, _: registry_response(complaints, Status.FAILURE),
    )
