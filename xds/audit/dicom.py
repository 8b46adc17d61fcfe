"""An event of the trail as audit messages: pure, by the rows of `xds.audit.transactions`.

One event can make several messages: one for each patient, one for what succeeded and one for what
did not, one for what the service asked of others on the way, and a security alert beside the rest
when an emergency opened what the patient restricts.

Spec: ITI TF-2 §3.20.7.1 (one message for each patient), §3.18.5.1 and §3.43.6.1 (partial success),
§3.40.4.2 (UserName of a verified assertion), §3.40.4.1.3 (failed authentication); DICOM PS3.15
§A.5.3.1 (Application Activity), §A.5.3.2 (Audit Log Used), §A.5.3.10 (Security Alert), §A.5.3.11
(User Authentication).
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from xds.audit.event import AuditEvent, Occasion, Onward, Outcome
from xds.audit.message import DCM, RFC_3881, AuditMessage, Code, Participant, ParticipantObject
from xds.audit.objects import SYSTEM, objects_of, patient_object
from xds.audit.participants import NOBODY, Origin, code_of, participants_of, process_of
from xds.audit.transactions import ANY_OTHER, ONWARD, ROWS, Part, Row

OUTCOMES: Final = {
    Outcome.SUCCESS: "0",
    Outcome.PARTIAL: "4",
    Outcome.REFUSED: "4",
    Outcome.FAULT: "8",
    Outcome.DEFECT: "12",
}
"""EventOutcomeIndicator; a partial success makes a message of each kind."""
USER_AUTHENTICATION: Final = Code("110114", DCM, "User Authentication")
LOGIN: Final = Code("110122", DCM, "Login")
SECURITY_ALERT: Final = Code("110113", DCM, "Security Alert")
EMERGENCY_STARTED: Final = Code("110127", DCM, "Emergency Override Started")
APPLICATION_ACTIVITY: Final = Code("110100", DCM, "Application Activity")
AUDIT_LOG_USED: Final = Code("110101", DCM, "Audit Log Used")
APPLICATION: Final = Code("110150", DCM, "Application")
ACTIVITIES: Final = {
    Occasion.START: Code("110120", DCM, "Application Start"),
    Occasion.STOP: Code("110121", DCM, "Application Stop"),
}
URI: Final = Code("12", RFC_3881, "URI")
SECURITY_RESOURCE: Final = "13"


def messages_of(event: AuditEvent, origin: Origin) -> tuple[AuditMessage, ...]:
    """Return what an event is reported as, in order; never nothing.

    Spec: ITI TF-2 §3.20.4.1.1.1, §3.20.7.1.
    """
    if event.transaction in ACTIVITIES:
        return (_activity(event, origin),)
    if event.transaction == Occasion.LOG_USED:
        return (_log_used(event, origin),)
    if event.outcome is Outcome.FAULT and event.caller is None and not event.source:
        return (_not_authenticated(event, origin),)
    row = ROWS.get(event.transaction, ANY_OTHER)
    found = [m for half in _halves(event) for m in _transaction(half, row, origin)]
    for onward in event.concerned.onward:
        found += _onward(event, onward, origin)
    if event.concerned.is_emergency:
        found += [_alert(half, row, origin) for half in _by_patient(event, row)]
    return tuple(found)


def _halves(event: AuditEvent) -> Iterator[AuditEvent]:
    """Yield a partial success as a success and a failure, each with its own documents."""
    if event.outcome is not Outcome.PARTIAL:
        yield event
        return
    concerned = event.concerned
    refused = {about.id for about in concerned.about if about.is_refused}
    given = tuple(d for d in concerned.documents if d not in refused)
    missed = tuple(d for d in concerned.documents if d in refused)
    if given or not missed:
        done = replace(concerned, documents=given)
        yield replace(event, outcome=Outcome.SUCCESS, concerned=done, codes=())
    rest = replace(concerned, documents=missed if refused else concerned.documents)
    yield replace(event, outcome=Outcome.REFUSED, concerned=rest)


def _by_patient(event: AuditEvent, row: Row) -> Iterator[AuditEvent]:
    """Yield the event once for each patient, with that patient's documents."""
    concerned = event.concerned
    if Part.LINKED_PATIENTS in row.parts or len(concerned.patients) < 2:  # noqa: PLR2004
        yield event
        return
    owners = {about.id: about.patient for about in concerned.about if about.patient}
    for patient in concerned.patients:
        own = replace(
            concerned,
            patients=(patient,),
            documents=tuple(d for d in concerned.documents if owners.get(d, patient) == patient),
            objects=tuple(o for o in concerned.objects if owners.get(o, patient) == patient),
        )
        yield replace(event, concerned=own)


def _transaction(event: AuditEvent, row: Row, origin: Origin) -> Iterator[AuditMessage]:
    for one in _by_patient(event, row):
        yield _message(
            one,
            origin,
            event_id=row.event,
            event_types=(row.type_code(event.transaction),),
            action=row.action or event.action or "R",
            participants=participants_of(one, row.way, origin),
            objects=objects_of(one, row.parts),
        )


def _onward(event: AuditEvent, onward: Onward, origin: Origin) -> Iterator[AuditMessage]:
    row = ONWARD.get(onward.transaction)
    if row is not None:
        destination = replace(
            event,
            transaction=onward.transaction,
            outcome=onward.outcome,
            destination=onward.endpoint,
            codes=() if onward.outcome is Outcome.SUCCESS else event.codes,
        )
        yield from _transaction(destination, row, origin)


def _alert(event: AuditEvent, row: Row, origin: Origin) -> AuditMessage:
    """Return the security alert of an emergency. Spec: ITI TF-2 §3.20.4.1.1.1, Security Alert."""
    caller, alerts = event.caller, list[ParticipantObject]()
    reason = caller.emergency_reason if caller else ""
    for patient in event.concerned.patients or (NOBODY,):
        alerts.append(
            patient_object(patient, ("Alert Description", reason.encode(errors="replace")))
        )
    return _message(
        event,
        origin,
        event_id=SECURITY_ALERT,
        event_types=(EMERGENCY_STARTED,),
        action="E",
        participants=participants_of(event, row.way, origin),
        objects=tuple(alerts),
    )


def _not_authenticated(event: AuditEvent, origin: Origin) -> AuditMessage:
    """Return the failed authentication. Spec: ITI TF-2 §3.40.4.1.3; DICOM PS3.15 §A.5.3.11."""
    claimed = Participant(user_id=event.peer or NOBODY, is_requestor=True, access_point=event.peer)
    node = Participant(
        user_id=event.endpoint or event.service or NOBODY,
        alternative_id=process_of(event),
        is_requestor=False,
        access_point=origin.host,
    )
    return _message(
        event,
        origin,
        event_id=USER_AUTHENTICATION,
        event_types=(LOGIN,),
        action="E",
        participants=(claimed, node),
        objects=(),
        description=f"{event.transaction}: {_description(event)}",
    )


def _activity(event: AuditEvent, origin: Origin) -> AuditMessage:
    """Return the start or stop of a service. Spec: DICOM PS3.15 §A.5.3.1."""
    application = Participant(
        user_id=event.endpoint or event.service or NOBODY,
        alternative_id=process_of(event),
        is_requestor=False,
        roles=(APPLICATION,),
        access_point=origin.host,
    )
    return _message(
        event,
        origin,
        event_id=APPLICATION_ACTIVITY,
        event_types=(ACTIVITIES[Occasion(event.transaction)],),
        action="E",
        participants=(application,),
        objects=(),
    )


def _log_used(event: AuditEvent, origin: Origin) -> AuditMessage:
    """Return the use of the trail itself. Spec: DICOM PS3.15 §A.5.3.2."""
    reader = Participant(
        user_id=event.source or NOBODY,
        alternative_id=process_of(event),
        is_requestor=True,
        access_point=origin.host,
    )
    log = ParticipantObject(
        id=event.destination or f"{event.service}.jsonl",
        id_type=URI,
        type=SYSTEM,
        role=SECURITY_RESOURCE,
        name="Security Audit Log",
    )
    return _message(
        event,
        origin,
        event_id=AUDIT_LOG_USED,
        event_types=(),
        action="R",
        participants=(reader,),
        objects=(log, *map(patient_object, event.concerned.patients)),
    )


def _message(  # noqa: PLR0913 - the parts of a message, by name
    event: AuditEvent,
    origin: Origin,
    *,
    event_id: Code,
    event_types: tuple[Code, ...],
    action: str,
    participants: tuple[Participant, ...],
    objects: tuple[ParticipantObject, ...],
    description: str = "",
) -> AuditMessage:
    purpose = event.caller.purpose_of_use if event.caller else None
    return AuditMessage(
        event_id=event_id,
        event_types=event_types,
        action=action,
        instant=event.instant,
        outcome=OUTCOMES[event.outcome],
        description=description or _description(event),
        purposes=(code_of(purpose),) if purpose else (),
        participants=participants,
        source_id=f"greffe {event.service}".strip(),
        site=origin.site,
        objects=objects,
    )


def _description(event: AuditEvent) -> str:
    """Return why, in the codes of the answer, the access decision and the operator's words."""
    return "; ".join(filter(None, (*event.codes, event.concerned.decision, event.detail)))
