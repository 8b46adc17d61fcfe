"""What the services around a record answer with: a word, and a complaint that a vendor can act on.

Spec: the DMP's interface guide is not public; the words that begin with DMP are those that public
examples show (status of an output, code of an acknowledgementDetail). Words without it are ours.
Pure.
"""

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from xds.access.model import Deny, Reason
from xds.errors import Complaint, ErrorCode, Where


class Word(StrEnum):
    """The outcome in one word."""

    OK = "DMPOk"
    FOUND = "DMPFound"
    """The record that is to be created, or to be opened again, is open."""
    CLOSED = "DMPClosed"
    """The record is closed."""
    NOT_PERMITTED = "NotPermitted"
    """Ours: the access policy, or the patient, says no."""
    INVALID = "InvalidRequest"
    """Ours: the request is not as its contract says."""


UNKNOWN: Final = str(ErrorCode.XDS_UNKNOWN_PATIENT_ID)
"""The DMP uses XDS's own word for a patient who has no record."""
FIXES: Final = MappingProxyType(
    {
        Reason.NO_POLICY: "tell the operator of the node",
        Reason.ROLE_UNKNOWN: "send a role that the access policy knows (`greffe policy show`)",
        Reason.MODE_UNKNOWN: "set the purpose of use in the assertion",
        Reason.NO_EMERGENCY_REASON: "say in the assertion why it is an emergency",
        Reason.OTHER_PATIENT: "get an assertion for the patient of this message",
        Reason.FUNCTION: "call in a role, mode and authentication that have this function "
        "(`greffe policy show`)",
    }
)
SAID_BY_RECORD: Final = MappingProxyType(
    {
        Reason.RECORD_CLOSED: (
            Word.CLOSED,
            "the record is closed",
            "if the patient asks for it, open it again first (TD1.2)",
        ),
        Reason.BLOCKED: (
            Word.NOT_PERMITTED,
            "the patient blocked this professional or the structure (TD0.2: INTERDIT)",
            "nothing can be done by software: the patient lifts it",
        ),
    }
)
OTHERWISE: Final = (
    Word.NOT_PERMITTED,
    "the patient has not authorised this caller (TD0.2: NON_EXISTE, EXPIRE)",
    "with the patient's consent, declare yourself authorised first (TD0.3)",
)


def by_policy(denial: Deny, where: Where | None) -> Complaint:
    """Return a refusal that follows from the caller's own message."""
    return Complaint(
        code=Word.NOT_PERMITTED,
        subject="the caller",
        rule="a caller does what the access policy gives to its role, mode and authentication",
        came=f"a request that is refused: {denial.rule}",
        expected="a request that the policy gives to this caller",
        fix=FIXES[denial.reason],
        where=where,
    )


def by_record(denial: Deny, where: Where | None) -> Complaint:
    """Return a refusal that follows from the record, for a caller whom TD0.2 tells as much."""
    word, came, fix = SAID_BY_RECORD.get(denial.reason, OTHERWISE)
    return Complaint(
        code=word,
        subject="the patient's record",
        rule="the patient decides who opens the record",
        came=came,
        expected="a record that is open to this caller",
        fix=fix,
        where=where,
    )


def no_record(where: Where | None) -> Complaint:
    """Return the one refusal for a patient without a record, or of whom nothing may be told."""
    return Complaint(
        code=UNKNOWN,
        subject="the patient's record",
        rule="this is asked of a record that exists (TD0.2: NF otherwise)",
        came="the identifier of a patient without a record here",
        expected="the identifier of a patient with a record",
        fix="check the identifier; create the record (TD1.1) if the patient wants one",
        where=where,
    )


def already_open(where: Where | None) -> Complaint:
    """Return the refusal to open what is open."""
    return Complaint(
        code=Word.FOUND,
        subject="the patient's record",
        rule="a record that is open is neither created nor opened again",
        came="the identifier of a patient whose record is open",
        expected="a patient without a record (TD1.1), or with one that is closed (TD1.2)",
        fix="nothing: the record can be used",
        where=where,
    )


def closed_already(where: Where | None) -> Complaint:
    """Return the refusal to create, or to close, what is closed."""
    return Complaint(
        code=Word.CLOSED,
        subject="the patient's record",
        rule="a record that is closed is neither created nor closed again",
        came="the identifier of a patient whose record is closed",
        expected="a patient without a record (TD1.1), or with one that is open (TD1.4)",
        fix="if the patient asks for it, open it again (TD1.2)",
        where=where,
    )


def invalid(  # noqa: PLR0913 - what a complaint is made of
    *, subject: str, rule: str, came: str, expected: str, fix: str, where: Where | None
) -> Complaint:
    """Return a complaint about the request itself."""
    return Complaint(
        code=Word.INVALID,
        subject=subject,
        rule=rule,
        came=came,
        expected=expected,
        fix=fix,
        where=where,
    )
