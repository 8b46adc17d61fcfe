"""The story of TD0.2: read, check, find the record, decide what is told, answer.

Spec: DMP, TD0.2. Every caller whom the access policy gives this function is answered: that is how
one learns whether one is authorised. A caller of whom the record is none of the business (a patient
who asks for somebody else's) gets the answer for no record.
"""

from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import uuid4

from registry.hl7v3.interaction import NewId, empty
from registry.records.entrance import Entrance
from registry.td02_existence.answer import ANSWER, answer, existence
from registry.td02_existence.message import judge_message, read_message
from registry.td02_existence.rules import INTERACTION
from xds.access.model import Action, Deny
from xds.audit.event import Concerned
from xds.clock import Clock
from xds.errors import Complaint
from xds.namespaces import HL7V3
from xds.soap.exchange import Answer, SoapRequest
from xds.story import Call, Outcome, Refused, Room

RESPONSE: Final = f"{HL7V3}:{ANSWER}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """The room's handle."""

    entrance: Entrance
    new_id: NewId

    def __call__(self, call: Call) -> Outcome:
        """Test of existence and authorisation [TD0.2]. Errors: Refused."""
        # (1) Read and check what the message alone gives.
        message = read_message(call.request.body, call.request.body_where)
        question, complaints = judge_message(message)
        if question is not None:
            found = self.entrance.identifier_complaints(question.patient_id, question.where)
            complaints = (*complaints, *found)
        if question is None or any(c.is_error for c in complaints):
            known = (question.patient_id,) if question else ()
            raise Refused(complaints, Concerned(patients=known))
        # (2) Find the record, and decide.
        visitor = self.entrance.visitor(call, question.patient_id)
        concerned = visitor.concerned(Action.TEST_EXISTENCE)
        decision = visitor.decide(Action.TEST_EXISTENCE)
        if isinstance(decision, Deny) and decision.is_tellable:
            raise Refused((visitor.complaint(decision, question.where),), concerned)
        self.entrance.tell(visitor, Action.TEST_EXISTENCE)
        # (3) Answer.
        body = answer(
            message,
            existence(visitor),
            complaints,
            new_id=self.new_id(),
            instant=call.instant,
        )
        return Outcome(
            answer=Answer(action=RESPONSE, body=(body,)),
            concerned=concerned,
            complaints=complaints,
        )


def room(*, entrance: Entrance, clock: Clock, new_id: NewId = uuid4) -> Room:
    """Return the room; `clock` is for answers of what is refused, made outside a call."""
    return Room(
        transaction="TD0.2",
        action=f"{HL7V3}:{INTERACTION}",
        response_action=RESPONSE,
        body=f"{{{HL7V3}}}{INTERACTION}",
        handle=Test(entrance=entrance, new_id=new_id),
        refuse=partial(_refuse, clock=clock, new_id=new_id),
    )


def _refuse(
    complaints: tuple[Complaint, ...],
    request: SoapRequest | None,
    *,
    clock: Clock,
    new_id: NewId,
) -> bytes:
    message = read_message(request.body, request.body_where) if request else empty()
    return answer(message, None, complaints, new_id=new_id(), instant=clock())
