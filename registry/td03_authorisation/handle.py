"""The story of TD0.3: read, check, decide and change in one transaction, answer.

Spec: DMP, TD0.3. What was chosen holds at once, for every process.
"""

from dataclasses import dataclass
from typing import Final

from registry.records.entrance import Entrance
from registry.records.fields import operation_room, read_fields, write_answer
from registry.td03_authorisation.rules import (
    FIELDS,
    SPEC,
    change_of,
    complaint_of,
    said_of,
    wish_of,
)
from xds.audit.event import Concerned, RecordAction
from xds.soap.exchange import Answer
from xds.story import Call, Outcome, Refused, Room

NAMESPACE: Final = "urn:si-dmp-habilitations"
ACTION: Final = f"{NAMESPACE}:HabilitationsEndPoint:setAuthorization"
OPERATION: Final = "setAuthorization"
RESPONSE: Final = f"{OPERATION}Response"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declare:
    """The room's handle."""

    entrance: Entrance

    def __call__(self, call: Call) -> Outcome:
        """Declare oneself authorised, or no more [TD0.3]. Errors: Refused."""
        # (1) Read and check what the message alone gives.
        where = call.request.body_where
        texts, complaints = read_fields(call.request.body, where, FIELDS, spec=SPEC)
        if complaints:
            raise Refused(complaints, Concerned())
        wish, patient_id = wish_of(texts), self.entrance.own_patient(call)
        # (2) Decide.
        visitor = self.entrance.visitor(call, patient_id)
        concerned = visitor.concerned(wish.action)
        self.entrance.admit(visitor, wish.action, where)
        if complaint := complaint_of(wish, visitor, where):
            raise Refused((complaint,), concerned)
        # (3) Change, if it is permitted still.
        change = change_of(wish, visitor)
        changed = self.entrance.change(call, patient_id, change, wish.action)
        # (4) Answer.
        context = said_of(wish, is_new=bool(changed.differences))
        return Outcome(
            answer=Answer(
                action=f"{ACTION}Response",
                body=(write_answer(RESPONSE, NAMESPACE, context=context),),
            ),
            concerned=concerned,
            actions=(RecordAction.UPDATE,),
        )


def room(*, entrance: Entrance) -> Room:
    """Return the room."""
    return operation_room(
        transaction="TD0.3",
        action=ACTION,
        namespace=NAMESPACE,
        operation=OPERATION,
        handle=Declare(entrance=entrance),
    )
