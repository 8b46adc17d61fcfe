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
        read: AuditEvent = _made(AuditEvent, {**shown, "concerned": concerned})
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UnreadableEventError(f"no event: {type(error).__name__}") from error
    return read


_READERS: Final[dict[Any, Callable[[Any], Any]]] = {
    datetime: datetime.fromisoformat,
    bytes: base64.b64decode,
}


@cache
def _types(kind: type) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _made(kind: Any, value: Any) -> Any:
    """Return a value of JSON as the type that a field has."""
    if isinstance(kind, types.UnionType):
        if value is None:
            return None
        (kind,) = (one for one in kind.__args__ if one is not types.NoneType)
    if typing.get_origin(kind) is tuple:
        (inner, *_) = typing.get_args(kind)
        return tuple(_made(inner, one) for one in value)
    if is_dataclass(kind):
        known = _types(typing.cast("type", kind))
        return kind(**{n: _made(known[n], v) for n, v in value.items() if n in known})  # type: ignore[operator]
    is_enumerated = isinstance(kind, type) and issubclass(kind, Enum)
    read = _READERS.get(kind) or (kind if is_enumerated else None)
    return read(value) if read else value
