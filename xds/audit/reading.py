"""A line of a trail back as the event that it was: the reader beside `chain.render_event`.

A line written by an older version lacks fields, which get their defaults; one of a newer version
may have more, which are not read.

Spec: none; the form of a line is this project's own (`xds.audit.chain`).
"""

import base64
import types
import typing
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, Final

from xds.audit.chain import read_event
from xds.audit.event import AuditEvent


class UnreadableEventError(Exception):
    """What is no event of a trail."""


def event_of(line: bytes) -> AuditEvent:
    """Return the event of a line. Errors: UnreadableEventError."""
    try:
        shown = read_event(line)
        concerned = shown.get("concerned") or {}
        concerned["query"] = concerned.pop("query_base64", "")
        read: AuditEvent = _EVENT({**shown, "concerned": concerned})
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UnreadableEventError(f"no event: {type(error).__name__}") from error
    return read


Read = Callable[[Any], Any]
"""From a value of JSON to the value of a field."""

_READERS: Final[dict[Any, Read]] = {
    datetime: datetime.fromisoformat,
    bytes: base64.b64decode,
}


@cache
def _reader(kind: Any) -> Read | None:
    """Return how a field of this type is read; None for what JSON has already as it is."""
    if isinstance(kind, types.UnionType):
        (inner,) = (one for one in kind.__args__ if one is not types.NoneType)
        return _optional(_reader(inner))
    if typing.get_origin(kind) is tuple:
        return _tuple(_reader(typing.get_args(kind)[0]))
    if is_dataclass(kind):
        return _dataclass(typing.cast("type", kind))
    is_enumerated = isinstance(kind, type) and issubclass(kind, Enum)
    return _READERS.get(kind) or (kind if is_enumerated else None)


def _optional(read: Read | None) -> Read | None:
    return read and (lambda value: None if value is None else read(value))


def _tuple(read: Read | None) -> Read:
    return tuple if read is None else lambda value: tuple(map(read, value))


def _dataclass(kind: type) -> Read:
    hints = typing.get_type_hints(kind)
    readers = {field.name: _reader(hints[field.name]) for field in fields(kind)}

    def read(value: dict[str, Any]) -> Any:
        found = {}
        for name, one in value.items():
            if name in readers:
                inner = readers[name]
                found[name] = one if inner is None else inner(one)
        return kind(**found)

    return read


_EVENT: Final = _dataclass(AuditEvent)
