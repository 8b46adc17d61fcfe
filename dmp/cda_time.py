"""A point in time of HL7 v3 (TS) → DTM, which is always UTC.

Spec: HL7 v3 data types, TS; ITI TF-3 Table 4.2.3.1.7-2, DTM. The precision that was written stays,
but for an offset that is no whole hour, which needs minutes.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from xds.metadata.datatype import DatatypeError
from xds.metadata.dtm import parse_dtm

_TS: Final = re.compile(r"([0-9]{4,14})(?:\.[0-9]+)?(?:([+-])([0-9]{2})([0-9]{2})?)?", re.ASCII)
_DATE, _HOUR, _MINUTE, _SECOND = 8, 10, 12, 14
_FORMATS: Final = {_HOUR: "%Y%m%d%H", _MINUTE: "%Y%m%d%H%M", _SECOND: "%Y%m%d%H%M%S"}
EXPECTED: Final = "YYYYMMDDhhmmss+hhmm, such as 20240312143000+0100"


def utc_of(text: str) -> str:
    """Return the DTM of a TS. A time of day without an offset is taken as UTC.

    Errors: DatatypeError.
    """
    match = _TS.fullmatch(text)
    if match is None:
        raise DatatypeError(
            "a time is digits from the year on, with its offset from UTC",
            expected=EXPECTED,
            fix="write it so",
        )
    digits, sign, hours, minutes = match.groups()
    parse_dtm(digits)
    if sign is None or len(digits) <= _DATE:
        return digits  # of a day or less, no offset can say more
    shift = timedelta(hours=int(hours), minutes=int(minutes or 0))
    if shift >= timedelta(days=1):
        raise DatatypeError(
            "an offset from UTC is less than a day", expected=EXPECTED, fix="correct the offset"
        )
    zone = timezone(shift if sign == "+" else -shift)
    length = _MINUTE if len(digits) == _HOUR and shift.seconds % 3600 else len(digits)
    try:
        local = datetime.strptime(digits, _FORMATS[len(digits)]).replace(tzinfo=zone)
        return f"{local.astimezone(UTC).strftime(_FORMATS[length]):0>{length}}"
    except (ValueError, OverflowError):
        raise DatatypeError(
            "a time is a real date and time", expected=EXPECTED, fix="send a date that exists"
        ) from None


def lacks_offset(text: str) -> bool:
    """Return whether a TS says a time of day and not where."""
    match = _TS.fullmatch(text)
    return match is not None and match[2] is None and len(match[1]) > _DATE
