"""What a caller may write: the decision on a submission, an update or a removal, before it is made.

Theory. A write is held against the same rules and decisions twice: against all that is registered,
as the standard demands, and against what the caller sees. When both give the same complaints, the
caller gets them. When they differ, the answer would depend on something hidden, and the caller gets
one constant text. So a submission that meets a hidden object (its uniqueId with other bytes, its
entryUUID, a replacement of it) is refused, and what it met is not told.

Spec: ITI TF-3 Table 4.2.4.1-2 (XDSRegistryError); what is revealed is this project's own rule.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from registry.access.needs import Need
from registry.access.sight import Sight
from registry.access.verdicts import Asker, Verdicts
from registry.ledger.api import Known, KnownObject, Unit
from xds.access.model import Action, Decision, Deny, Permit, Reason
from xds.access.silence import FORBIDDEN
from xds.audit.event import Concerned
from xds.errors import Complaint, ErrorCode

FIXES: Final = MappingProxyType(
    {
        Reason.NO_POLICY: "tell the operator of the node",
        Reason.ROLE_UNKNOWN: "send the role that the access policy knows (`greffe policy show`)",
        Reason.MODE_UNKNOWN: "set the purpose of use in the assertion",
        Reason.NO_EMERGENCY_REASON: "say in the assertion why it is an emergency",
        Reason.OTHER_PATIENT: "get an assertion for the patient of this message",
        Reason.FUNCTION: "call in a role, mode and authentication that have this function "
        "(`greffe policy show`)",
        Reason.NOT_OWN: "ask the author of the document, or the patient's médecin traitant (to "
        "register a document once more takes what replacing it takes)",
    }
)


def told(denial: Deny, *, is_seen: bool = False) -> Complaint:
    """Return what a caller is told of a refusal: the reason if it may be told, else `FORBIDDEN`.

    Whose a document is may be told to who sees the document.
    """
    if not (denial.is_tellable or (is_seen and denial.reason is Reason.NOT_OWN)):
        return FORBIDDEN
    return Complaint(
        code=ErrorCode.XDS_REGISTRY_ERROR,
        subject="the request",
        rule="a caller does what the access policy gives to its role, mode and authentication",
        came=f"a request that is refused: {denial.rule}",
        expected="a request that the policy gives to this caller",
        fix=FIXES[denial.reason],
    )


@dataclass(slots=True, kw_only=True)
class Admission:
    """What one caller may write within one transaction of the ledger."""

    asker: Asker
    verdicts: Verdicts
    sight: Sight

    @classmethod
    def within(cls, unit: Unit, asker: Asker) -> "Admission":
        """Decide on what the unit's own transaction sees."""
        verdicts = Verdicts(asker=asker, records=unit.reader.records)
        sight = Sight(reader=unit.reader, verdicts=verdicts, action=Action.FIND_REFERENCE)
        return cls(asker=asker, verdicts=verdicts, sight=sight)

    def traced(self, concerned: Concerned) -> Concerned:
        """Return whom and what a request concerned, with what was decided, for the trail."""
        verdicts = self.verdicts
        return replace(concerned, decision=verdicts.shown, is_emergency=verdicts.is_emergency)

    def judge(
        self,
        known: Known,
        check: Callable[[Known], tuple[Complaint, ...]],
        needs: Callable[[Known], Iterable[Need]],
    ) -> tuple[Complaint, ...]:
        """Return every complaint that the caller may be told; warnings are among them.

        `check` holds the request against what is known, `needs` says what it needs permission for.
        A refusal that may not be told comes alone, so that it is the same whatever else was wrong.
        """
        if self.asker.may_all:
            return check(known)
        if denial := self.asker.unfit:
            return (told(denial),)

        def verdict(known: Known) -> tuple[Complaint, ...]:
            return self._denied(needs(known)) or check(known)

        found = verdict(known)
        seen = self.as_seen(known)
        return found if seen is known or verdict(seen) == found else (FORBIDDEN,)

    def as_seen(self, known: Known) -> Known:
        """Return what would be known if only what the caller sees were registered."""
        objects = dict(known.by_uuid)
        for same in (*known.by_unique_id.values(), *known.by_logical_id.values()):
            objects.update((o.entry_uuid, o) for o in same)
        uuids = {*objects, *(a.entry_uuid for a in known.associations)}
        seen = self.sight.seen(uuids)
        if len(seen) == len(uuids):
            return known
        return replace(
            known,
            by_uuid={u: o for u, o in known.by_uuid.items() if u in seen},
            by_unique_id=_only(known.by_unique_id, seen),
            by_logical_id=_only(known.by_logical_id, seen),
            associations=tuple(a for a in known.associations if a.entry_uuid in seen),
        )

    def _denied(self, needs: Iterable[Need]) -> tuple[Complaint, ...]:
        for need in needs:
            decision = self._decide(need)
            if isinstance(decision, Deny):
                return (told(decision, is_seen=self._sees(need)),)
        return ()

    def _decide(self, need: Need) -> Decision:
        decision = self._on(need, need.action)
        if isinstance(decision, Deny) and need.otherwise is not None:
            other = self._on(need, need.otherwise)
            return other if isinstance(other, Permit) else decision
        return decision

    def _on(self, need: Need, action: Action) -> Decision:
        if need.document is None:
            return self.verdicts.on_record(action, need.patient_id)
        of = (need.document.patient_id, need.document.access, need.document.status)
        return self.verdicts.on_document(action, of)

    def _sees(self, need: Need) -> bool:
        return need.document is not None and bool(self.sight.seen((need.document.entry_uuid,)))


def _only(
    groups: dict[str, tuple[KnownObject, ...]], seen: frozenset[str]
) -> dict[str, tuple[KnownObject, ...]]:
    kept = {name: tuple(o for o in group if o.entry_uuid in seen) for name, group in groups.items()}
    return {name: group for name, group in kept.items() if group}
