"""An event as one line of a trail, each line chained to the one before it: pure, text to text.

A line is one JSON object: `previous` (the hash of the line before), `event`, and `hash`, which is
SHA-256 over the previous hash, a newline, and the event exactly as it stands in the line. Whoever
changes, removes or swaps a line breaks the chain there. A chain alone does not show that its end
was cut off: for that the last hash must be kept somewhere else.

Spec: ITI TF-2 §3.20.4 (what is recorded). Rendering as a DICOM audit message is a later matter.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any, Final

from xds.audit.event import AuditEvent

GENESIS: Final = "0" * 64
"""What the first line of a trail names as the hash before it."""

_LINE: Final = re.compile(
    rb'\{"previous":"([0-9a-f]{64})","event":(\{.*\}),"hash":"([0-9a-f]{64})"\}\Z', re.DOTALL
)


class ChainBrokenError(Exception):
    """A trail whose lines are not what was written; the text names the line and what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A trail that is what was written."""

    lines: int
    head: str
    """Hash of the last line; `GENESIS` when there is none."""


def render_event(event: AuditEvent) -> bytes:
    """Return an event as one JSON object in one line."""
    shown = _shown(event)
    shown["instant"] = event.instant.isoformat()
    if event.caller is not None and event.caller.issued_at is not None:
        shown["caller"]["issued_at"] = event.caller.issued_at.isoformat()
    query = shown["concerned"].pop("query")
    shown["concerned"]["query_base64"] = base64.b64encode(query).decode("ascii")
    return json.dumps(shown, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def _shown(value: Any) -> Any:
    """Return a value of frozen dataclasses as JSON has it; `asdict` would copy every text."""
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, tuple):
        return [_shown(one) for one in value]
    if is_dataclass(value):
        return {name: _shown(getattr(value, name)) for name in _names(value.__class__)}
    return value


_PLAIN: Final = (str, bytes, int, type(None))


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def with_field(event: bytes, name: str, value: int) -> bytes:
    """Return a rendered event with one more field, which the trail itself has to say."""
    return event[:-1] + f',"{name}":{value}}}'.encode("ascii")


def link(previous: str, event: bytes) -> tuple[bytes, str]:
    """Return the line for a rendered event, with its newline, and the line's hash."""
    own = _hash(previous, event)
    line = b"".join(
        (
            b'{"previous":"',
            previous.encode("ascii"),
            b'","event":',
            event,
            b',"hash":"',
            own.encode("ascii"),
            b'"}\n',
        )
    )
    return line, own


def hash_of(line: bytes) -> str | None:
    """Return the hash of a line (without newline) that is sound in itself, or None."""
    found = _LINE.match(line)
    if found is None:
        return None
    previous, event, own = found.group(1).decode(), found.group(2), found.group(3).decode()
    return own if _hash(previous, event) == own else None


def previous_of(line: bytes) -> str:
    """Return what a line (without newline) names as the hash before it; '' for no line."""
    found = _LINE.match(line)
    return found.group(1).decode() if found else ""


def verify(lines: Iterable[bytes]) -> Verified:
    """Follow a trail from its first line.

    Errors: ChainBrokenError, naming the first line that is damaged or does not follow.
    """
    head, count = GENESIS, 0
    for number, raw in enumerate(lines, start=1):
        line = raw.removesuffix(b"\n")
        own = hash_of(line)
        if own is None:
            raise ChainBrokenError(f"line {number} was changed or is no line of a trail")
        if not line.startswith(b'{"previous":"' + head.encode("ascii") + b'"'):
            raise ChainBrokenError(
                f"line {number} does not follow line {number - 1}: one between them is missing, "
                "or lines were swapped"
            )
        head, count = own, number
    return Verified(lines=count, head=head)


def read_event(line: bytes) -> dict[str, Any]:
    """Return the event of a line as it was rendered. Errors: ValueError for no line of a trail."""
    read: dict[str, Any] = json.loads(line)["event"]
    return read


def _hash(previous: str, event: bytes) -> str:
    return hashlib.sha256(previous.encode("ascii") + b"\n" + event).hexdigest()
