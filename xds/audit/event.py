"""What one transaction leaves behind in the trail: a typed event.

Spec: ITI TF-2 §3.20 (Record Audit Event), §3.41.5, §3.42.5, §3.18.5, §3.43.5. It holds what an
audit message needs; such messages are made in `xds.audit.dicom`, from the trail and not from here.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from xds.security.caller import Caller

MIXED: Final = 2
"""So many different actions make a message that is told apart."""


class RecordAction(StrEnum):
    """What was done to a patient's record. Spec: ITI TF-2 §3.8.5.1, §3.44.5.1 (EventActionCode)."""

    CREATE = "C"
    UPDATE = "U"
    DELETE = "D"


class Outcome(StrEnum):
    """How a transaction ended."""

    SUCCESS = "success"
    PARTIAL = "partial"
    REFUSED = "refused"
    """The standard's own refusal: a RegistryResponse with errors."""
    FAULT = "fault"
    """A SOAP fault: no valid request, no valid caller."""
    DEFECT = "defect"
    """Our own failure."""


class Occasion(StrEnum):
    """What is traced without being a transaction. Spec: ITI TF-2 §3.20.4.1.1.1."""

    START = "service start"
    STOP = "service stop"
    LOG_USED = "audit log used"


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutObject:
    """What is known of one of the documents or objects of a transaction besides its id."""

    id: str
    """As in `Concerned.documents` or `Concerned.objects`."""
    repository_unique_id: str = ""
    """Where it was asked for."""
    home_community_id: str = ""
    patient: str = ""
    """CX; where the transaction is about several patients."""
    is_refused: bool = False
    """Whether it was not given, or not removed, while others were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Onward:
    """A transaction that the service began itself, in the caller's name."""

    transaction: str
    endpoint: str
    """Whom it asked: address of the other service."""
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Concerned:
    """Whom and what a transaction was about."""

    patients: tuple[str, ...] = ()
    """CX."""
    documents: tuple[str, ...] = ()
    """DocumentEntry.uniqueId."""
    patient_roles: tuple[str, ...] = ()
    """What each of `patients` was in the transaction, where they differ (ITI TF-2 §3.64.5.1)."""
    objects: tuple[str, ...] = ()
    """Ids of registered objects (entryUUID), where the message names them by these."""
    about: tuple[AboutObject, ...] = ()
    """More of some of `documents` and `objects`, where more is known."""
    submission_set: str = ""
    """SubmissionSet.uniqueId."""
    submission_set_uuid: str = ""
    """Its entryUUID, for a transaction that makes a SubmissionSet itself (ITI TF-2
    §3.64.5.1.2)."""
    query: bytes = b""
    """The AdhocQueryRequest as XML."""
    query_id: str = ""
    """AdhocQuery/@id."""
    query_home: str = ""
    """AdhocQuery/@home."""
    onward: tuple[Onward, ...] = ()
    """What the service asked of others on the way."""
    decision: str = ""
    """Why it was permitted or denied, in a few words: `permit: authorised`."""
    is_emergency: bool = False
    """Whether an emergency opened what the patient restricts (event 110127)."""
    record_message: str = ""
    """The id of the identity feed's message: root, and extension after a `^`; MSH-10 of HL7 v2."""


def apart(
    concerned: Concerned, actions: tuple[RecordAction, ...]
) -> tuple[tuple[Concerned, str], ...]:
    """Return what the trail has separate events for, with their actions: the halves of a merge.

    `actions` are what was done to each of the patients. Why: a merge is a delete of one patient
    record and an update of another, and separate audit records shall be written (ITI TF-2
    §3.44.5.1).
    """
    if len(set(actions)) < MIXED:
        return ((concerned, "".join(actions[:1])),)
    return tuple(
        (replace(concerned, patients=(patient,)), action)
        for patient, action in zip(concerned.patients, actions, strict=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One transaction, whatever became of it."""

    instant: datetime
    transaction: str
    """`ITI-41`, …; the action when no room was found."""
    outcome: Outcome
    message_id: str
    peer: str
    caller: Caller | None
    """None when nobody was identified."""
    concerned: Concerned
    codes: tuple[str, ...] = ()
    """Error codes or the fault's code and subcode."""
    detail: str = ""
    """For the operator: why a caller was refused, or an error id."""
    action: str = ""
    """EventActionCode where a transaction has several: C, U or D (ITI TF-2 §3.8.5)."""
    source: str = ""
    """Who sent, as the message itself says it: facility|application (ITI TF-2 §3.8.5.1.2)."""
    destination: str = ""
    """To whom, likewise."""
    service: str = ""
    """`registry` or `repository`: who writes this."""
    endpoint: str = ""
    """The service's own address, under which callers reach it."""
    process: int = 0
    """Id of the process that worked on it, as the local system logs have it."""
