"""A defect as one line for the operator's log: where it happened, never the values it happened to.

An exception's message quotes what its code was working on (a key, a row, a parameter), which here
may be a patient's. So of each exception of a chain the line has its type and the places in the
code; the message only where the operating system wrote it.

Spec: none; the project's rule that medical content reaches no log.
"""

import traceback
from pathlib import Path
from typing import Final

PLACES: Final = 12
"""Innermost places of one exception that are shown."""


def trace(error: BaseException) -> str:
    """Return a defect and what it came from, in one line, the innermost place of each first."""
    told: list[str] = []
    current: BaseException | None = error
    while current is not None and len(told) < PLACES:
        told.append(_one(current))
        current = current.__cause__ or current.__context__
    return " | from ".join(told)


def _one(error: BaseException) -> str:
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    why = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
    frames = traceback.extract_tb(error.__traceback__)[-PLACES:]
    places = " < ".join(
        f"{'/'.join(Path(frame.filename).parts[-3:])}:{frame.lineno} {frame.name}"
        for frame in reversed(frames)
    )
    return f"{kind}{why} at {places or 'nowhere'}"
