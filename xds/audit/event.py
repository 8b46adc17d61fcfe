"""What one transaction leaves behind in the trail: a typed event.

Spec: ITI TF-2 §3.20 (Record Audit Event), §3.41.5, §3.42.5, §3.18.5, §3.43.5. Rendering as an ATNA
message is a later matter; this value holds what such a message needs.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Concerned:
    """Whom and what a transaction was about."""

    patients: tuple[str, ...] = ()
    """CX."""
    documents: tuple[str, ...] = ()
    """DocumentEntry.uniqueId."""
    patient_roles: tuple[str, ...] = ()
    """What each of `patients` was in the transaction, where they differ (ITI TF-2 §3.64.5.1)."""
    submission_set: str = ""
    """SubmissionSet.uniqueId."""
    query: bytes = b""
    """The AdhocQueryRequest as XML."""
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
