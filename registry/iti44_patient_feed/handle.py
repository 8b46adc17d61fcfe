"""The story of ITI-44: read, check, find whose identifiers these are, change, acknowledge.

Spec: ITI TF-2 §3.44.4.1.4 (add, revise), §3.44.4.2.4 (resolve duplicates), §3.44.5 (audit). What a
change of patients does is `registry.patients`' business.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from registry.access.admission import told
from registry.access.verdicts import shown
from registry.failures import failing
from registry.hl7v3.codes import DetailCode
from registry.hl7v3.tree import Node
from registry.iti44_patient_feed.acknowledge import ACKNOWLEDGEMENT, acknowledge
from registry.iti44_patient_feed.identities import PlacedId, Record, read_record
from registry.iti44_patient_feed.interactions import Interaction
from registry.iti44_patient_feed.message import judge_message, message_id, read_message
from registry.patients.change import Patients
from registry.patients.changes import (
    Add,
    Fault,
    FaultKind,
    Merge,
    Part,
    PatientChange,
    PatientChangeRefused,
    Revise,
)
from xds.access.decide import decide
from xds.access.model import Action, Choices, Deny, Resource
from xds.access.policy import ANY_TRUSTED, Policy
from xds.audit.event import Concerned, RecordAction
from xds.clock import Clock
from xds.domain import AffinityDomain
from xds.errors import Complaint, ErrorCode, Severity, Where
from xds.metadata.hl7v2 import cx_key
from xds.namespaces import HL7V3
from xds.soap.exchange import Answer, SoapRequest
from xds.story import Call, Outcome, Refused, Room

NewId = Callable[[], UUID]
RESPONSE: Final = f"{HL7V3}:{ACKNOWLEDGEMENT}"
ACTIONS: Final = {
    Interaction.ADD: (RecordAction.CREATE,),
    Interaction.REVISE: (RecordAction.UPDATE,),
    Interaction.MERGE: (RecordAction.UPDATE, RecordAction.DELETE),
}
"""What is done to the patients of a record (§3.44.5.1)."""
UNKNOWN: Final = frozenset({FaultKind.UNKNOWN, FaultKind.SUBSUMED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """The handle of the three rooms."""

    patients: Patients
    domain: AffinityDomain
    new_id: NewId
    policy: Policy = ANY_TRUSTED
    """Says who may feed identities."""

    def __call__(self, call: Call) -> Outcome:
        """Patient Identity Feed HL7 V3 [ITI-44].

        Spec: ITI TF-2 §3.44.4.1.4, §3.44.4.2.4. Errors: Refused, with every complaint at once.
        """
        # (1) Read: a tree, and every complaint that the message alone gives.
        message = read_message(call.request.body, call.request.body_where)
        interaction, odd = judge_message(message)
        # (2) Find out which identifiers are the affinity domain's.
        record, foreign = read_record(message, interaction, self.domain)
        concerned, actions = _concerned(message, record), _actions(record)
        complaints = (*odd, *foreign)
        if any(c.is_error for c in complaints):
            raise Refused(complaints, concerned, actions)
        # (3) Decide: no patient's choices count, for a feed is about none.
        if denial := self._denial(call, record):
            concerned = replace(concerned, decision=shown(denial))
            raise Refused((told(denial),), concerned, actions)
        # (4) Change what the Registry knows, in one transaction.
        try:
            with failing(concerned):
                changed = self.patients.change_all(_changes(record), instant=call.instant)
        except PatientChangeRefused as refused:
            found = (*complaints, *_complaints(refused.faults, record))
            raise Refused(found, concerned, actions) from refused
        # (5) Acknowledge.
        warnings = tuple(warning for one in changed for warning in one.warnings)
        said = (*complaints, *_complaints(warnings, record))
        answer = acknowledge(message, said, new_id=self.new_id(), instant=call.instant)
        return Outcome(
            answer=Answer(action=RESPONSE, body=(answer,)),
            concerned=concerned,
            complaints=said,
            actions=actions,
            detail="; ".join(filter(None, (one.choices_told for one in changed))),
        )

    def _denial(self, call: Call, record: Record) -> Deny | None:
        caller = call.caller
        patients = [cx_key(placed.patient_id) for placed in _placed(record)]
        named = cx_key(caller.patient_concerned)
        # An assertion is for one patient; the two of a merge are one.
        for patient_id in (named,) if named in patients else patients:
            resource, action = Resource(patient_id=patient_id), Action.FEED_IDENTITIES
            decision = decide(caller, Choices(), resource, action, self.policy, call.instant)
            if isinstance(decision, Deny):
                return decision
        return None


def _changes(record: Record) -> tuple[PatientChange, ...]:
    """Return what a record asks for."""
    if record.subsumed is not None:
        survivor = record.patients[0].patient_id
        return (Merge(survivor=survivor, subsumed=record.subsumed.patient_id),)
    kind = Add if record.interaction is Interaction.ADD else Revise
    return tuple(kind(patient_id=placed.patient_id) for placed in record.patients)


def _concerned(message: Node, record: Record) -> Concerned:
    own = message_id(message)
    return Concerned(
        patients=tuple(one.patient_id for one in _placed(record)),
        record_message="^".join(filter(None, (own.root, own.extension))) if own else "",
    )


def _placed(record: Record) -> tuple[PlacedId, ...]:
    return (*record.patients, *((record.subsumed,) if record.subsumed else ()))


def _actions(record: Record) -> tuple[RecordAction, ...]:
    """Return what is done to each patient, the subsumed one last; nothing for half a merge."""
    actions, count = ACTIONS[record.interaction], len(_placed(record))
    if record.interaction is Interaction.MERGE:
        return actions if count == len(actions) else ()
    return actions * count


def _complaints(faults: tuple[Fault, ...], record: Record) -> tuple[Complaint, ...]:
    return tuple(_complaint(fault, record) for fault in faults)


def _complaint(fault: Fault, record: Record) -> Complaint:
    """Return a fault of `registry.patients` as a complaint about this message."""
    return Complaint(
        code=ErrorCode.XDS_UNKNOWN_PATIENT_ID if fault.kind in UNKNOWN else DetailCode.WRONG_VALUE,
        subject=fault.part,
        rule=fault.rule,
        came=fault.came,
        expected=fault.expected,
        fix=fault.fix,
        where=_place(fault, record),
        severity=Severity.ERROR if fault.is_error else Severity.WARNING,
    )


def _place(fault: Fault, record: Record) -> Where | None:
    if fault.part is Part.SUBSUMED:
        return record.subsumed.where if record.subsumed else None
    return record.patients[0].where if record.patients else None


def rooms(
    *,
    patients: Patients,
    domain: AffinityDomain,
    clock: Clock,
    new_id: NewId = uuid4,
    policy: Policy = ANY_TRUSTED,
) -> tuple[Room, ...]:
    """Return the rooms of the three interactions over the Registry's patients.

    `clock` is for acknowledgements of what is refused, which are made outside a call.
    """
    feed = Feed(patients=patients, domain=domain, new_id=new_id, policy=policy)

    def refuse(complaints: tuple[Complaint, ...], request: SoapRequest | None) -> bytes:
        return _refusal(complaints, request, new_id=new_id, instant=clock())

    return tuple(
        Room(
            transaction="ITI-44",
            action=f"{HL7V3}:{interaction}",
            response_action=RESPONSE,
            body=f"{{{HL7V3}}}{interaction}",
            handle=feed,
            refuse=refuse,
        )
        for interaction in Interaction
    )


def _refusal(
    complaints: tuple[Complaint, ...],
    request: SoapRequest | None,
    *,
    new_id: NewId,
    instant: datetime,
) -> bytes:
    """Return the acknowledgement of a message that was refused; it is read again for its ids."""
    nothing = Node(name="", attributes={}, where=Where("message"))
    message = read_message(request.body, request.body_where) if request else nothing
    return acknowledge(message, complaints, new_id=new_id(), instant=instant)
