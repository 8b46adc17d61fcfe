"""What is wrong (or merely odd) with an HL7 message, in HL7's own codes. Pure.

Spec: HL7 Table 0357 (codes), ITI TF-2 Appendix C.2.3 (AE, AR, where an error is located).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class Code(IntEnum):
    """HL7 Table 0357."""

    SEGMENT_SEQUENCE = 100
    REQUIRED_FIELD = 101
    DATA_TYPE = 102
    TABLE_VALUE = 103
    MESSAGE_TYPE = 200
    EVENT = 201
    PROCESSING_ID = 202
    VERSION = 203
    UNKNOWN_KEY = 204
    DUPLICATE_KEY = 205
    LOCKED = 206
    INTERNAL = 207


TEXTS: Final = {
    Code.SEGMENT_SEQUENCE: "Segment sequence error",
    Code.REQUIRED_FIELD: "Required field missing",
    Code.DATA_TYPE: "Data type error",
    Code.TABLE_VALUE: "Table value not found",
    Code.MESSAGE_TYPE: "Unsupported message type",
    Code.EVENT: "Unsupported trigger event",
    Code.PROCESSING_ID: "Unsupported processing id",
    Code.VERSION: "Unsupported version id",
    Code.UNKNOWN_KEY: "Unknown key identifier",
    Code.DUPLICATE_KEY: "Duplicate key identifier",
    Code.LOCKED: "Application record locked",
    Code.INTERNAL: "Application internal error",
}
REJECTING: Final = frozenset(
    {
        Code.MESSAGE_TYPE,
        Code.EVENT,
        Code.PROCESSING_ID,
        Code.VERSION,
        Code.LOCKED,
        Code.INTERNAL,
    }
)
"""Codes that are answered with AR: the message is not for us, or may be sent again as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in a message: `PID-3(2).4` is component 4 of the second repetition of PID-3."""

    segment: str
    field: int = 0
    repetition: int = 0
    component: int = 0

    def __str__(self) -> str:
        text = f"{self.segment}-{self.field}" if self.field else self.segment
        text += f"({self.repetition})" if self.repetition > 1 else ""
        return text + (f".{self.component}" if self.component else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with a message."""

    code: Code
    place: Place | None
    """None when it is not the message's fault."""
    rule: str
    """The rule and its section."""
    came: str
    """Quoted; '' when there is nothing to show."""
    fix: str
    is_error: bool = True

    @property
    def text(self) -> str:
        """The problem in words: place, rule, what came, the fix."""
        came = f" Came: {self.came}." if self.came else ""
        subject = f"{self.place}: " if self.place else ""
        return f"{subject}{self.rule}.{came} Fix: {self.fix}."


class UnfitMessage(Exception):  # noqa: N818 - an answer of the standard, not a defect
    """A message that cannot be carried out."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("; ".join(problem.text for problem in self.problems))
