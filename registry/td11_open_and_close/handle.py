"""The story of TD1.1, TD1.2 and TD1.4: read, check, decide and change in one transaction, answer.

    record                              TD1.1 create    TD1.2 open again    TD1.4 close
    none, or never opened               created         no record           no record
    open                                DMPFound        DMPFound            closed
    closed                              DMPClosed       opened              DMPClosed

To create a record makes its patient known to the Registry, who need not have been: in one
transaction with the choices that the message carries. Nobody is authorised by any of the three.

Spec: DMP, TD1.1, TD1.2, TD1.4.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import uuid4

from registry.failures import failing
from registry.hl7v3.interaction import NewId, empty
from registry.records.change import RecordChanged
from registry.records.changes import Close, Consent, Open, RecordChange, RecordChangeRefused
from registry.records.entrance import Entrance, as_complaints, by
from registry.records.model import Record
from registry.records.visitor import Visitor
from registry.records.words import already_open, closed_already
from registry.td11_open_and_close.answer import answer
from registry.td11_open_and_close.message import Asked, judge_message, read_message
from registry.td11_open_and_close.rules import ACTIONS, CREATE, REVISE, Request
from xds.access.model import Deny, RecordState
from xds.audit.event import Concerned, RecordAction
from xds.clock import Clock
from xds.errors import Complaint
from xds.metadata.hl7v2 import cx_key
from xds.namespaces import HL7V3
from xds.soap.exchange import Answer, SoapRequest
from xds.story import Call, Outcome, Refused, Room

TRANSACTIONS: Final = {CREATE: "TD1.1", REVISE: "TD1.2, TD1.4"}
RESPONSES: Final = {
    CREATE: f"{HL7V3}:PRPA_IN201311ResponseUV02",
    REVISE: f"{HL7V3}:PRPA_IN201314ResponseUV02",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manage:
    """The handle of the two rooms."""

    entrance: Entrance
    new_id: NewId

    def __call__(self, call: Call) -> Outcome:
        """Create, open again, close [TD1.1, TD1.2, TD1.4]. Errors: Refused."""
        # (1) Read and check what the message alone gives.
        message = read_message(call.request.body, call.request.body_where)
        asked, complaints = judge_message(message, self.entrance.domain.authorities)
        if asked is not None:
            found = self.entrance.identifier_complaints(asked.patient_id, asked.where)
            complaints = (*complaints, *found)
        if asked is None or any(c.is_error for c in complaints):
            known = (asked.patient_id,) if asked else ()
            raise Refused(complaints, Concerned(patients=known))
        # (2) Decide, and (3) change, in one transaction.
        key = cx_key(asked.patient_id)
        changed = self._change(call, asked, key)
        # (4) Answer.
        body = answer(
            message.name,
            message,
            key,
            complaints,
            new_id=self.new_id(),
            instant=call.instant,
        )
        visitor = self.entrance.before(call, key, changed.before)
        return Outcome(
            answer=Answer(action=RESPONSES[message.name], body=(body,)),
            concerned=visitor.concerned(ACTIONS[asked.request]),
            complaints=complaints,
            actions=(
                RecordAction.CREATE if asked.request is Request.CREATE else RecordAction.UPDATE,
            ),
        )

    def _change(self, call: Call, asked: Asked, key: str) -> RecordChanged:
        action = ACTIONS[asked.request]

        def admit(record: Record | None) -> None:
            visitor = self.entrance.before(call, key, record)
            complaint = _complaint(visitor, asked)
            if complaint is not None:
                raise Refused((complaint,), visitor.concerned(action))

        # The decision outside the ledger's work first: telling writes to the ledger too.
        visitor = self.entrance.visitor(call, key)
        admit(visitor.record)
        self.entrance.tell(visitor, action)
        concerned = visitor.concerned(action)
        records = self.entrance.records
        story: Any = {"instant": call.instant, "by": by(call), "admit": admit}
        try:
            with failing(concerned):
                if asked.request is Request.CREATE:
                    return records.begin(key, _beginning(asked.consent), **story)
                return records.change(key, CHANGES[asked.request], **story)
        except RecordChangeRefused as refused:
            # Into whom an unknown identifier was merged is nothing for whoever asks.
            told = (
                as_complaints(refused.faults, asked.where)
                if visitor.exists
                else (visitor.unknown(asked.where),)
            )
            raise Refused(told, concerned) from refused


CHANGES: Final[dict[Request, RecordChange]] = {Request.REOPEN: Open(), Request.CLOSE: Close()}


def _beginning(consent: Consent) -> tuple[RecordChange, ...]:
    return (Open(),) if consent == Consent() else (Open(), consent)


def _complaint(visitor: Visitor, asked: Asked) -> Complaint | None:
    """Return why a request is not done, None when it is."""
    where, action = asked.where, ACTIONS[asked.request]
    is_open = visitor.record is not None and visitor.record.state is RecordState.OPEN
    if asked.request is not Request.CREATE:
        complaint = visitor.refusal(action, where)
        if complaint is None and is_open == (asked.request is Request.REOPEN):
            return already_open(where) if is_open else closed_already(where)
        return complaint
    decision = visitor.decide(action)
    if isinstance(decision, Deny):
        return visitor.complaint(decision, where)
    if not visitor.exists:
        return None
    if not visitor.may_know:
        return visitor.unknown(where)
    return already_open(where) if is_open else closed_already(where)


def rooms(*, entrance: Entrance, clock: Clock, new_id: NewId = uuid4) -> tuple[Room, ...]:
    """Return the two rooms; `clock` is for answers of what is refused, made outside a call."""
    handle = Manage(entrance=entrance, new_id=new_id)
    return tuple(
        Room(
            transaction=TRANSACTIONS[name],
            action=f"{HL7V3}:{name}",
            response_action=RESPONSES[name],
            body=f"{{{HL7V3}}}{name}",
            handle=handle,
            refuse=partial(_refuse, interaction=name, clock=clock, new_id=new_id),
        )
        for name in (CREATE, REVISE)
    )


def _refuse(
    complaints: tuple[Complaint, ...],
    request: SoapRequest | None,
    *,
    interaction: str,
    clock: Clock,
    new_id: NewId,
) -> bytes:
    message = read_message(request.body, request.body_where) if request else empty()
    return answer(interaction, message, "", complaints, new_id=new_id(), instant=clock())
