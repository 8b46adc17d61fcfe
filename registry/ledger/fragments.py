"""Changes to a stored fragment: a status, a folder's lastUpdateTime. Pure, on octets.

Why on octets: a fragment was written by `xds.ebrim.writer`, which escapes every quote inside a
value, so the first ` status="` is the start tag's attribute and nothing else. Reading and writing
the whole object would give the same octets at fifty times the cost.

Spec: ITI TF-3 §4.2.3.2.2 (availabilityStatus), §4.2.3.4.6 (lastUpdateTime).
"""

import re
from typing import Final

_STATUS: Final = re.compile(rb'( status=")[^"]*(")')
_LAST_UPDATE: Final = re.compile(
    rb'(<rim:Slot name="lastUpdateTime"(?: slotType="[^"]*")?><rim:ValueList><rim:Value>)'
    rb"[^<]*(</rim:Value>)"
)


def with_status(fragment: bytes, status: str) -> bytes:
    """Return the fragment with another availabilityStatus. Errors: ValueError when it has none."""
    return _replace(_STATUS, fragment, status, "status")


def with_last_update_time(fragment: bytes, instant: str) -> bytes:
    """Return a folder's fragment with another lastUpdateTime. Errors: ValueError if without."""
    return _replace(_LAST_UPDATE, fragment, instant, "lastUpdateTime")


def _replace(pattern: re.Pattern[bytes], fragment: bytes, value: str, what: str) -> bytes:
    changed, count = pattern.subn(
        lambda found: found.group(1) + value.encode("utf-8") + found.group(2), fragment, count=1
    )
    if count != 1:
        raise ValueError(f"a stored fragment has no {what}")
    return changed
