"""The story of TD1.6: read, check, decide, list, answer.

Spec: DMP, TD1.6.
"""

from dataclasses import dataclass
from typing import Final

from registry.records.entrance import Entrance
from registry.records.fields import operation_room, read_fields, write_answer, written
from registry.records.words import no_record
from registry.td16_professionals.rules import FIELDS, SPEC, Listed, Mode, listed
from xds.access.model import Action
from xds.audit.event import Concerned
from xds.soap.exchange import Answer
from xds.story import Call, Outcome, Refused, Room

NAMESPACE: Final = "urn:si-dmp-habilitations"
ACTION: Final = f"{NAMESPACE}:HabilitationsEndPoint:listAuthorizationByPatient"
OPERATION: Final = "listAuthorizationByPatient"
RESPONSE: Final = f"{OPERATION}Response"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListThem:
    """The room's handle."""

    entrance: Entrance

    def __call__(self, call: Call) -> Outcome:
        """List authorised and blocked professionals [TD1.6]. Errors: Refused."""
        # (1) Read and check what the message alone gives.
        where = call.request.body_where
        texts, complaints = read_fields(call.request.body, where, FIELDS, spec=SPEC)
        if complaints:
            raise Refused(complaints, Concerned())
        patient_id = self.entrance.own_patient(call)
        # (2) Decide.
        visitor = self.entrance.visitor(call, patient_id)
        concerned = visitor.concerned(Action.LIST_PROFESSIONALS)
        self.entrance.admit(visitor, Action.LIST_PROFESSIONALS, where)
        if visitor.record is None:
            raise Refused((no_record(where),), concerned)
        self.entrance.tell(visitor, Action.LIST_PROFESSIONALS)
        # (3) List, and answer.
        wanted = Mode(texts["mode"] or Mode.ALL)
        items = listed(visitor.record, wanted, call.instant)
        inside = "".join(map(_item, items))
        return Outcome(
            answer=Answer(
                action=f"{ACTION}Response",
                body=(write_answer(RESPONSE, NAMESPACE, inside=inside),),
            ),
            concerned=concerned,
        )


def _item(one: Listed) -> str:
    person = one.person
    return (
        "<listOfAuthorizationByPatient>"
        + written("nationalId", person.identity)
        + written("nationalIdType", one.id_type)
        + written("lastName", person.name)
        + written("codeSpeciality", person.specialty)
        + written("startOfAuthorization", person.since)
        + written("lastActionDate", person.last_action)
        + written("mode", one.mode)
        + (written("specificRight", "MEDECIN_TRAITANT") if one.is_attending else "")
        + "</listOfAuthorizationByPatient>"
    )


def room(*, entrance: Entrance) -> Room:
    """Return the room."""
    return operation_room(
        transaction="TD1.6",
        action=ACTION,
        namespace=NAMESPACE,
        operation=OPERATION,
        handle=ListThem(entrance=entrance),
    )
