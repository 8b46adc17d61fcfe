"""How a service around a record gets to it: whose it is, who asks, what happens to it.

The story that the rooms share: the identifier is held against the affinity domain, the record is
read, the caller is decided about, and a change is made in the transaction of the decision.

Spec: DMP transactions TD0.2 to TD1.6; who may do what is `xds.access`' business.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from registry.failures import failing
from registry.ledger.api import Ledger, Reader
from registry.patients.changes import Part
from registry.patients.rules import PatientPolicy, identifier_faults
from registry.records.change import ChosenBy, RecordChanged, Records
from registry.records.changes import RecordChange, RecordChangeRefused, RecordFault
from registry.records.model import Record, unchosen
from registry.records.visitor import Visitor
from registry.records.words import invalid
from registry.telling.api import Telling
from xds.access.case import mode_of
from xds.access.model import Action, Obligation, Permit
from xds.access.policy import Policy
from xds.audit.event import Concerned
from xds.domain import AffinityDomain
from xds.errors import Complaint, Where
from xds.metadata.hl7v2 import cx_key
from xds.metadata.policy import IdentifierCheck
from xds.story import Call, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """What the rooms around a record stand on. Safe for use by many threads."""

    ledger: Ledger
    records: Records
    policy: Policy
    domain: AffinityDomain
    identifier_checks: Mapping[str, IdentifierCheck]
    telling: Telling

    def identifier_complaints(self, patient_id: str, where: Where) -> Iterator[Complaint]:
        """Yield what is wrong with a patient's identifier as such."""
        policy = PatientPolicy(domain=self.domain, identifier_checks=self.identifier_checks)
        for fault in identifier_faults(Part.PATIENT, patient_id, policy):
            if fault.is_error:
                yield invalid(
                    subject="patient",
                    rule=fault.rule,
                    came=fault.came,
                    expected=fault.expected,
                    fix=fault.fix,
                    where=where,
                )

    def own_patient(self, call: Call) -> str:
        """Return the patient whom the assertion names: these messages name none themselves.

        Errors: Refused.
        """
        named, where = call.caller.patient_concerned, call.request.body_where
        if not named:
            complaint = invalid(
                subject="the assertion",
                rule="the record is that of the assertion's patient (resource-id)",
                came="an assertion that names no patient",
                expected="an assertion with the patient's identifier as its resource-id",
                fix="put the patient into the assertion",
                where=where,
            )
            raise Refused((complaint,), Concerned())
        wrong = tuple(self.identifier_complaints(named, where))
        if wrong:
            raise Refused(wrong, Concerned(patients=(named,)))
        return cx_key(named)

    def visitor(self, call: Call, patient_id: str) -> Visitor:
        """Return the caller before the record as it is now. Errors: Refused (busy)."""
        key = cx_key(patient_id)

        def read(reader: Reader) -> Record | None:
            if key not in reader.known_patients((key,)):
                return None
            return reader.records((key,)).get(key) or unchosen(key, self.policy)

        with failing(Concerned(patients=(key,))):
            record = self.ledger.read(read)
        return self.before(call, key, record)

    def before(self, call: Call, patient_id: str, record: Record | None) -> Visitor:
        """Return the caller before a record that was read."""
        return Visitor(
            caller=call.caller,
            policy=self.policy,
            instant=call.instant,
            patient_id=patient_id,
            record=record,
        )

    def admit(self, visitor: Visitor, action: Action, where: Where) -> None:
        """Let the caller in, or not. Errors: Refused."""
        complaint = visitor.refusal(action, where)
        if complaint is not None:
            raise Refused((complaint,), visitor.concerned(action))

    def tell(self, visitor: Visitor, action: Action) -> None:
        """Let the patient know of what an emergency opened; outside the ledger's own work."""
        decision, mode = visitor.decide(action), mode_of(visitor.caller, self.policy)
        is_due = isinstance(decision, Permit) and Obligation.TELL_PATIENT in decision.obligations
        if is_due and mode is not None:
            self.telling.tell((visitor.patient_id,), visitor.caller, mode, visitor.instant)

    def change(
        self, call: Call, patient_id: str, change: RecordChange, action: Action
    ) -> RecordChanged:
        """Change the record if the caller may at that moment. Errors: Refused."""
        where = call.request.body_where
        visitor = self.visitor(call, patient_id)
        self.admit(visitor, action, where)
        self.tell(visitor, action)

        def admit(record: Record | None) -> None:
            self.admit(self.before(call, patient_id, record), action, where)

        concerned = visitor.concerned(action)
        try:
            with failing(concerned):
                return self.records.change(
                    patient_id, change, instant=call.instant, by=by(call), admit=admit
                )
        except RecordChangeRefused as refused:
            raise Refused(as_complaints(refused.faults, where), concerned) from refused


def by(call: Call) -> ChosenBy:
    """Return in whose name a change is made, for the trail."""
    return ChosenBy(
        caller=call.caller, peer=call.request.peer, message_id=call.request.message_id or ""
    )


def as_complaints(faults: tuple[RecordFault, ...], where: Where) -> tuple[Complaint, ...]:
    """Return what is wrong with a choice as complaints about the request."""
    return tuple(
        invalid(
            subject=fault.subject,
            rule=fault.rule,
            came=fault.came,
            expected=fault.expected,
            fix=fault.fix,
            where=where,
        )
        for fault in faults
    )
