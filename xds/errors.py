"""What a complaint is, and THE table of every error code a Registry or Repository can answer with.

Spec: ITI TF-3 §4.2.4.1 (RegistryError element, Table 4.2.4.1-2 error codes). This module knows
nothing of XML or transport: a `Complaint` is rendered to a RegistryError by `xds.ebrim`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypedDict

from xds.error_codes import ERROR_TABLE, ErrorCode, ErrorRow

__all__ = [
    "ERROR_TABLE",
    "Complaint",
    "ErrorCode",
    "ErrorRow",
    "Refusal",
    "Severity",
    "Where",
    "Words",
    "quote",
]

MAX_QUOTE_CHARACTERS = 80
MAX_IDENTIFIER_CHARACTERS = 256
"""Of a rim:Value and an ExternalIdentifier (ITI TF-3 §4.2.3.1.1)."""


class Severity(StrEnum):
    """Severity of a RegistryError. Spec: ITI TF-3 §4.2.4.1; a warning never makes a failure."""

    ERROR = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error"
    WARNING = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Warning"


@dataclass(frozen=True, slots=True)
class Where:
    """A place in the message as the caller sent it: a chain of XPath steps and a line.

    A chain and not a string, so that reading a message costs no string building; `path` is rendered
    only for the few places that end in an error.
    """

    step: str
    """One XPath step with this project's prefixes, such as `rim:Slot[@name='hash']`."""
    line: int = 0
    """Line in the SOAP part of the message, from 1; 0 when unknown."""
    parent: "Where | None" = None

    def child(self, step: str, line: int = 0) -> "Where":
        """Return the place of a child; without a line of its own it inherits this one's."""
        return Where(step, line or self.line, self)

    @property
    def path(self) -> str:
        """The whole XPath, from the root."""
        steps: list[str] = []
        place: Where | None = self
        while place is not None:
            steps.append(place.step)
            place = place.parent
        return "/" + "/".join(reversed(steps))

    def __str__(self) -> str:
        return f"{self.path} (line {self.line})" if self.line else self.path


def quote_identifier(text: str) -> str:
    """Return an identifier that a codeContext shall hold whole, escaped and in quotes.

    Spec: ITI TF-3 Table 4.2.4.1-2 (uniqueId, patientId).
    """
    return quote(text, most=MAX_IDENTIFIER_CHARACTERS)


def quote(text: str, *, most: int = MAX_QUOTE_CHARACTERS) -> str:
    """Return the caller's own text fit for an error: shortened, escaped, in quotes."""
    shown = text[:most]
    if not shown.isprintable():
        shown = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in shown)
    return f"'{shown}…'" if len(text) > most else f"'{shown}'"


class Words(TypedDict):
    """The five parts of what a complaint says, for functions that pass them through."""

    subject: str
    rule: str
    came: str
    expected: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """One thing that is wrong (or merely odd) with a request, in words that help to mend it."""

    code: str
    """An `ErrorCode`; another actor's own extension only when relayed."""
    subject: str
    """The object concerned, as the caller named it: `DocumentEntry 'Document01'`."""
    rule: str
    """The rule and its section: `creationTime is required (ITI TF-3 §4.2.3.2.6)`."""
    came: str
    """What came, quoted with `quote` if it is the caller's text."""
    expected: str
    fix: str
    where: Where | None = None
    severity: Severity = Severity.ERROR
    relayed_context: str | None = field(default=None, repr=False)
    """The codeContext of another actor's RegistryError, which is passed on as it came."""
    relayed_location: str | None = field(default=None, repr=False)
    """Its location; used when `where` is unknown."""

    @classmethod
    def relayed(
        cls, *, code: str, code_context: str, location: str, severity: Severity
    ) -> "Complaint":
        """Return another actor's RegistryError as a complaint that reads as it came."""
        return cls(
            code=code,
            subject="",
            rule="",
            came="",
            expected="",
            fix="",
            severity=severity,
            relayed_context=code_context,
            relayed_location=location,
        )

    @property
    def code_context(self) -> str:
        """The RegistryError's codeContext: object, rule, what came, what was expected, the fix."""
        if self.relayed_context is not None:
            return self.relayed_context
        return (
            f"{self.subject}: {self.rule}. Came: {self.came}. Expected: {self.expected}. "
            f"Fix: {self.fix}."
        )

    @property
    def location(self) -> str:
        """The RegistryError's location: XPath and line in the message as received."""
        if self.where is not None:
            return str(self.where)
        return self.relayed_location or ""

    @property
    def is_error(self) -> bool:
        """Whether this complaint makes the request fail."""
        return self.severity is Severity.ERROR


class Refusal(Exception):  # noqa: N818 - a refusal is an answer of the standard, not a defect
    """A request that the standard answers with RegistryErrors, all of them at once.

    Errors: ValueError without a complaint: an empty error list helps nobody.
    """

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        self.complaints: tuple[Complaint, ...] = tuple(complaints)
        if not self.complaints:
            raise ValueError("a refusal needs at least one complaint")
        super().__init__(", ".join(c.code for c in self.complaints))
