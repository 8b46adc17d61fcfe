"""One caller before one patient's record: what is decided, and what may be told of a refusal. Pure.

Theory. Of a record, a caller learns by the services around it no more than the test of existence
(TD0.2) tells the same caller. So a refusal that follows from the caller's own message is told; one
that follows from the record is told in TD0.2's terms to whom TD0.2 answers; to anybody else, and
for a patient who is not known, the answer is one and the same.

Spec: DMP transactions TD0.2 to TD0.4, TD1.1, TD1.2, TD1.4, TD1.6.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from registry.records.model import Record
from registry.records.words import by_policy, by_record, no_record
from xds.access.case import Case
from xds.access.decide import decide
from xds.access.model import (
    Action,
    Choices,
    Decision,
    Deny,
    Obligation,
    Permit,
    Reason,
    RecordState,
    Resource,
)
from xds.access.policy import Policy
from xds.audit.event import Concerned
from xds.errors import Complaint, Where
from xds.security.caller import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A caller, a patient, and the patient's record as it is at this moment."""

    caller: Caller
    policy: Policy
    instant: datetime
    patient_id: str
    """`cx_key`'s form."""
    record: Record | None
    """None when the patient is not known."""
    chosen: Choices | None = None
    """Other choices than the record's, to find out what depends on them."""

    @property
    def choices(self) -> Choices:
        """What the patient chose."""
        if self.chosen is not None:
            return self.chosen
        return Choices() if self.record is None else self.record.choices()

    def decide(self, action: Action) -> Decision:
        """Return whether the caller may do this to the record as such."""
        resource = Resource(patient_id=self.patient_id)
        return decide(
            self.caller, self.choices, resource, action, self.policy, self.instant
        )  # fmt: skip

    def case(self, action: Action) -> Case:
        """Return the question, with what follows from it."""
        return Case.of(
            self.caller,
            self.choices,
            Resource(patient_id=self.patient_id),
            action,
            self.policy,
            self.instant,
        )

    @property
    def exists(self) -> bool:
        """Whether there is a record: one that was never opened is none."""
        record = self.record
        return record is not None and (record.is_chosen or record.state is RecordState.OPEN)

    @property
    def may_know(self) -> bool:
        """Whether TD0.2 would tell this caller that the record exists."""
        return self.exists and isinstance(self.decide(Action.TEST_EXISTENCE), Permit)

    def complaint(self, denial: Deny, where: Where | None) -> Complaint:
        """Return what the caller is told of a refusal."""
        if denial.is_tellable:
            return by_policy(denial, where)
        return by_record(denial, where) if self.may_know else no_record(where)

    def refusal(self, action: Action, where: Where | None) -> Complaint | None:
        """Return why the caller may not do this to an existing record, None when it may."""
        decision = self.decide(action)
        if isinstance(decision, Permit):
            return None if self.may_know else no_record(where)
        if self._is_closed_to(action):
            decision = self._of_closed(action)
        return self.complaint(decision, where)

    def _is_closed_to(self, action: Action) -> bool:
        is_closed = self.choices.state is not RecordState.OPEN
        return is_closed and action not in self.policy.when_closed and self.may_know

    def _of_closed(self, action: Action) -> Deny:
        """Return the refusal of what no closed record gives, the same whatever the caller is in it.

        TD0.2 does not tell whose médecin traitant one is while the record is closed.
        """
        known = Choices(), Choices(attending=frozenset({self.caller.identity}))
        stranger, attending = (replace(self, chosen=choices).decide(action) for choices in known)
        if isinstance(stranger, Deny) and isinstance(attending, Deny) and stranger.is_tellable:
            return stranger
        return Deny(reason=Reason.RECORD_CLOSED, rule="the record is closed")

    @staticmethod
    def unknown(where: Where | None) -> Complaint:
        """Return what a caller is told of a record that there is not, or not for the caller."""
        return no_record(where)

    def concerned(self, action: Action) -> Concerned:
        """Return whom it concerns and what was decided, for the trail."""
        decision = self.decide(action)
        return Concerned(
            patients=(self.patient_id,),
            decision=f"permit: {decision.basis}"
            if isinstance(decision, Permit)
            else f"deny: {decision.reason}",
            is_emergency=isinstance(decision, Permit)
            and Obligation.TRACE_EMERGENCY in decision.obligations,
        )
