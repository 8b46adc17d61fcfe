"""A room whose message is a SubmitObjectsRequest: ITI-42, ITI-57, ITI-61, ITI-92.

Spec: ITI TF-2 §3.42.4.1.2, §3.61.4.1.2; MU §3.57.4.1.2; RMU §3.92.4.1.2.
"""

from typing import Protocol

from xds.ebrim.response import Status, registry_response
from xds.namespaces import LCM
from xds.story import Call, Outcome, Room


class Handle(Protocol):
    """What a room does with a message."""

    @property
    def response(self) -> str:
        """The answer's wsa:Action."""
        ...

    def __call__(self, call: Call) -> Outcome:
        """Answer. Errors: Refused."""
        ...


def submitting_room(*, transaction: str, action: str, handle: Handle) -> Room:
    """Return the room of a transaction that submits objects."""
    return Room(
        transaction=transaction,
        action=action,
        response_action=handle.response,
        body=f"{{{LCM}}}SubmitObjectsRequest",
        handle=handle,
        refuse=lambda complaints, _: registry_response(complaints, Status.FAILURE),
    )
