"""What one transaction leaves behind in the trail: a typed event.

Spec: ITI TF-2 §3.20 (Record Audit Event), §3.41.5, §3.42.5, §3.18.5, §3.43.5. Rendering as an ATNA
message is a later matter; this value holds what such a message needs.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from xds.security.caller import Caller


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
    submission_set: str = ""
    """SubmissionSet.uniqueId."""
    query: bytes = b""
    """The AdhocQueryRequest as XML."""


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
