"""The story of ITI-62: read, look up, check, plan, apply, answer; one transaction.

Spec: RMD supplement §3.62.4.1.3 (all or nothing).
"""

from dataclasses import dataclass, replace
from typing import Final

from registry.access.admission import Admission
from registry.access.needs import of_removal
from registry.access.verdicts import Asker
from registry.failures import failing
from registry.iti62_remove.message import Named, read_removal
from registry.iti62_remove.rules import Removal, check, make_plan
from registry.ledger.api import Kind, KnownObject, Ledger, Unit, Wanted
from registry.named import ends_of_associations, named_objects, write_named
from xds.access.policy import ANY_TRUSTED, Policy
from xds.audit.event import AboutObject, Concerned
from xds.ebrim.response import Status, registry_response
from xds.namespaces import LCM
from xds.soap.exchange import Answer
from xds.story import Call, Outcome, Refused, Room

ACTION: Final = "urn:ihe:iti:2010:DeleteDocumentSet"
RESPONSE: Final = f"{ACTION}Response"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """The room's handle."""

    ledger: Ledger
    policy: Policy = ANY_TRUSTED
    """Says who may remove what."""

    def __call__(self, call: Call) -> Outcome:
        """Remove Metadata [ITI-62].

        Spec: RMD supplement §3.62.4.1.3. Errors: as the room's contract says.
        """
        # (1) Read: which objects, and every fault of the request.
        named, complaints = read_removal(call.request.body, call.request.body_where)
        if complaints:
            raise Refused(complaints, Concerned())
        with failing(Concerned()):
            concerned = self._remove(named, call)
        # (6) Answer.
        return Outcome(
            answer=Answer(action=RESPONSE, body=(registry_response((), Status.SUCCESS),)),
            concerned=concerned,
        )

    def _remove(self, named: tuple[Named, ...], call: Call) -> Concerned:
        uuids = frozenset(one.entry_uuid for one in named)
        asker = Asker(caller=call.caller, policy=self.policy, instant=call.instant)

        def work(unit: Unit, held: Wanted) -> Concerned:
            # (2) Look up what is named, and all that the ends of named Associations hang on.
            ends = ends_of_associations(unit, uuids)
            known = unit.look_up(replace(held, touching=uuids | ends))
            concerned = _concerned(named_objects(known, held))
            # (3) Decide, and check every rule.
            admission = Admission.within(unit, asker)
            complaints = admission.judge(
                known,
                lambda known: tuple(check(Removal(named=named, known=known))),
                lambda known: of_removal(uuids, known),
            )
            concerned = admission.traced(concerned)
            if complaints:
                raise Refused(complaints, concerned)
            # (4) Plan, and (5) apply.
            removal = Removal(named=named, known=known)
            unit.apply(make_plan(removal, instant=f"{call.instant:%Y%m%d%H%M%S}"))
            return concerned

        return write_named(self.ledger, Wanted(entry_uuids=uuids), work)


def _concerned(objects: list[KnownObject]) -> Concerned:
    """Return whom and what a removal concerns, for the audit event."""
    patients = tuple(sorted({o.patient_id for o in objects}))
    documents = tuple(o.unique_id for o in objects if o.kind is Kind.DOCUMENT_ENTRY)
    about = (
        AboutObject(id=identifier, patient=o.patient_id)
        for o in objects
        for identifier in dict.fromkeys((o.unique_id, o.entry_uuid))
        if len(patients) > 1 and identifier
    )
    return Concerned(
        patients=patients,
        documents=documents,
        objects=tuple(o.entry_uuid for o in objects),
        about=tuple(about),
    )


def room(*, ledger: Ledger, policy: Policy = ANY_TRUSTED) -> Room:
    """Return the room over a ledger."""
    return Room(
        transaction="ITI-62",
        action=ACTION,
        response_action=RESPONSE,
        body=f"{{{LCM}}}RemoveObjectsRequest",
        handle=Remove(ledger=ledger, policy=policy),
        refuse=lambda complaints, _: registry_response(complaints, Status.FAILURE),
    )
