"""How one transaction runs, whichever room it is: who calls, what happens, what is written down.

    (1) authenticate the caller                  gate
    (2) run the room                             read, decide, look up, check, plan, apply, answer
    (3) write the audit event, durably           trail: nothing is served before it is traced
    (4) hand the answer to the door

Errors meet here and nowhere else: a `Refusal` becomes the room's own response, a `SoapFault` stays
one, and anything else becomes a fault that carries an error id only, with the trace in the
operator's log.

Spec: ITI TF-2 Appendix V; §3.20.4 (record the event whatever happened).
"""

import logging
import os
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Protocol

from xds.audit.event import AuditEvent, Concerned, RecordAction, apart
from xds.audit.event import Outcome as Ending
from xds.clock import Clock
from xds.door import Operation
from xds.errors import Complaint, Refusal
from xds.log import trace
from xds.security.caller import Caller
from xds.soap.exchange import Answer, Attachments, SoapRequest
from xds.soap.fault import FaultCode, SoapFault

log = logging.getLogger("greffe.story")


class Gate(Protocol):
    """Who finds out who is calling."""

    def authenticate(self, request: SoapRequest, action: str, instant: datetime) -> Caller:
        """Return the verified caller. Errors: SoapFault."""
        ...


class Trail(Protocol):
    """Where events are written down."""

    def record(self, event: AuditEvent) -> None:
        """Return when the event is durable. Errors: OSError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a room is, for the trail."""

    service: str = ""
    """`registry` or `repository`."""
    endpoint: str = ""
    """The address under which callers reach it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a room is given."""

    request: SoapRequest
    attachments: Attachments
    caller: Caller
    instant: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a room gives back."""

    answer: Answer
    concerned: Concerned
    complaints: tuple[Complaint, ...] = ()
    """What the answer says, errors and warnings, for the log and the trail."""
    actions: tuple[RecordAction, ...] = ()
    """What a patient identity feed did to each of the patients."""
    detail: str = ""
    """For the trail: what was done beside what the message says."""


class Refused(Refusal):
    """A refusal that also says whom it concerned."""

    def __init__(
        self,
        complaints: Iterable[Complaint],
        concerned: Concerned,
        actions: tuple[RecordAction, ...] = (),
    ) -> None:
        super().__init__(complaints)
        self.concerned = concerned
        self.actions = actions


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """One transaction of one actor."""

    transaction: str
    """`ITI-42`."""
    action: str
    response_action: str
    body: str
    """Name of the request element, in Clark notation."""
    handle: Callable[[Call], Outcome]
    refuse: Callable[[tuple[Complaint, ...], SoapRequest | None], bytes]
    """Renders a refusal as the room's response body."""


def operation(
    room: Room, *, gate: Gate, trail: Trail, clock: Clock, place: Place | None = None
) -> Operation:
    """Return the room as the door's operation: authenticated, audited, its errors in one place."""
    telling = partial(_Telling, room=room, trail=trail, place=place or Place())

    def handle(request: SoapRequest, attachments: Attachments) -> Answer:
        return telling(request=request, instant=clock()).tell(gate, attachments)

    return Operation(
        action=room.action,
        response_action=room.response_action,
        body=room.body,
        handle=handle,
    )


@dataclass(slots=True, kw_only=True)
class _Telling:
    """One transaction while it runs."""

    room: Room
    trail: Trail
    place: Place
    request: SoapRequest
    instant: datetime
    caller: Caller | None = field(default=None)

    def tell(self, gate: Gate, attachments: Attachments) -> Answer:
        try:
            self.caller = gate.authenticate(self.request, self.room.action, self.instant)
            outcome = self.room.handle(
                Call(
                    request=self.request,
                    attachments=attachments,
                    caller=self.caller,
                    instant=self.instant,
                )
            )
        except Refusal as refusal:
            return self._refuse(refusal)
        except SoapFault as fault:
            codes = tuple(c for c in (fault.code.value, fault.subcode) if c)
            self._record(Ending.FAULT, Concerned(), codes, fault.operator_detail or fault.reason)
            raise
        except Exception as defect:
            raise self._defect(defect) from defect
        self._log(outcome.complaints)
        errors = tuple(str(c.code) for c in outcome.complaints if c.is_error)
        ending = Ending.PARTIAL if errors else Ending.SUCCESS
        self._record(ending, outcome.concerned, errors, outcome.detail, actions=outcome.actions)
        return outcome.answer

    def _refuse(self, refusal: Refusal) -> Answer:
        known = (
            refusal if isinstance(refusal, Refused) else Refused(refusal.complaints, Concerned())
        )
        # What has no place of its own (nobody answered, a disk is full) is about the whole request.
        place = self.request.body_where
        complaints = tuple(c if c.location else replace(c, where=place) for c in refusal.complaints)
        self._log(complaints)
        codes = tuple(dict.fromkeys(str(c.code) for c in complaints))
        self._record(Ending.REFUSED, known.concerned, codes, actions=known.actions)
        body = self.room.refuse(complaints, self.request)
        return Answer(action=self.room.response_action, body=(body,))

    def _defect(self, defect: Exception) -> SoapFault:
        """Log the trace under an error id; the caller gets the id only."""
        error_id = secrets.token_hex(6)
        log.error("error %s in %s: %s", error_id, self.room.transaction, trace(defect))
        self._record(Ending.DEFECT, Concerned(), (), error_id)
        return SoapFault(
            FaultCode.RECEIVER,
            f"the node failed; its operator finds the cause in its log under error id {error_id}",
        )

    def _record(
        self,
        ending: Ending,
        concerned: Concerned,
        codes: tuple[str, ...],
        detail: str = "",
        actions: tuple[RecordAction, ...] = (),
    ) -> None:
        """Write the event, or the events of a merge; what cannot be traced is not served."""
        events = tuple(
            AuditEvent(
                instant=self.instant,
                transaction=self.room.transaction,
                outcome=ending,
                message_id=self.request.message_id or "",
                peer=self.request.peer,
                caller=self.caller,
                concerned=one,
                codes=codes,
                detail=detail,
                action=action,
                service=self.place.service,
                endpoint=self.place.endpoint,
                process=os.getpid(),
            )
            for one, action in apart(concerned, actions)
        )
        try:
            for event in events:
                self.trail.record(event)
        except OSError as error:
            log.error("the audit trail cannot be written: %s", trace(error))  # noqa: TRY400
            raise SoapFault(
                FaultCode.RECEIVER,
                "the node cannot write its audit trail, so it serves nothing; try again later",
            ) from error

    def _log(self, complaints: tuple[Complaint, ...]) -> None:
        """Log what the answer says, without the values that could be medical."""
        for complaint in complaints:
            log.info(
                "%s %s %s: %s at %s",
                self.room.transaction,
                self.request.message_id,
                complaint.code,
                complaint.rule,
                complaint.location,
            )
