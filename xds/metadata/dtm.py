"""DTM: a UTC date and time as precise as it was written, from a year to a second.

Spec: ITI TF-3 §4.2.3.1.7 (Table 4.2.3.1.7-2, DTM); ITI TF-2 §3.18.4.1.2.3.4 (comparing in queries).
A query on 2005 is no query on one instant: a DTM is the half-open span from `earliest` to `after`.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from xds.metadata.datatype import DatatypeError

FORMAT = "YYYY[MM[DD[hh[mm[ss]]]]]"
YEAR, MONTH = 4, 6
LENGTHS = (YEAR, MONTH, 8, 10, 12, 14)
FILL = "00000101000000"
"""What a missing part starts with: the first month, the first day, midnight."""
ZONED = re.compile(r"\d{4,14}(?:\.\d+)?(?:[+-]\d{2}:?\d{2}|Z)")
ISO = re.compile(r"\d{4}-\d{2}(?:-\d{2}.*)?")
STEPS = {
    8: timedelta(days=1),
    10: timedelta(hours=1),
    12: timedelta(minutes=1),
    14: timedelta(seconds=1),
}


@dataclass(frozen=True, slots=True)
class Dtm:
    """A date and time in UTC. Made by `parse_dtm`; equal only to a DTM of the same precision."""

    text: str
    """As written: 4, 6, 8, 10, 12 or 14 digits."""

    @property
    def padded(self) -> str:
        """Its first second as 14 digits, which sort as time does."""
        return self.text + FILL[len(self.text) :]

    @property
    def earliest(self) -> datetime:
        """Its first instant."""
        d = self.padded
        day = int(d[:4]), int(d[4:6]), int(d[6:8])
        return datetime(*day, int(d[8:10]), int(d[10:12]), int(d[12:]), tzinfo=UTC)

    @property
    def after(self) -> datetime:
        """The first instant that is past it; the end of time for what lasts until then."""
        start = self.earliest
        try:
            if len(self.text) == YEAR:
                return start.replace(year=start.year + 1)
            if len(self.text) == MONTH:
                return (start + timedelta(days=31)).replace(day=1)
            return start + STEPS[len(self.text)]
        except (ValueError, OverflowError):
            return datetime.max.replace(tzinfo=UTC)

    def is_within(self, lower: "Dtm | None", upper: "Dtm | None") -> bool:
        """Return whether it lies in a query's range: `lower` inclusive, `upper` exclusive.

        Spec: ITI TF-2 §3.18.4.1.2.3.4. Each is taken at its first second; None leaves a side open.
        """
        return (lower is None or lower.padded <= self.padded) and (
            upper is None or self.padded < upper.padded
        )


def parse_dtm(text: str) -> Dtm:
    """Return the DTM of a text.

    Spec: ITI TF-3 Table 4.2.3.1.7-2. Errors: DatatypeError.
    """
    if ZONED.fullmatch(text):
        raise _error(
            "a DTM has no time zone: it is always UTC", "convert the time to UTC, drop the offset"
        )
    if ISO.fullmatch(text):
        raise _error(
            "a DTM has digits only, no ISO 8601 separators", "remove everything but digits"
        )
    if not (text.isascii() and text.isdigit()):
        raise _error("a DTM has digits only", "send digits only")
    if len(text) not in LENGTHS:
        raise _error(
            f"a DTM has 4, 6, 8, 10, 12 or 14 digits, not {len(text)}",
            "cut fractions and offsets, in UTC" if len(text) > LENGTHS[-1] else "add the digits",
        )
    dtm = Dtm(text)
    try:
        _ = dtm.earliest
    except ValueError:
        raise _error("a DTM is a real date and time", "send a date that exists") from None
    return dtm


def _error(rule: str, fix: str) -> DatatypeError:
    return DatatypeError(rule, expected=f"{FORMAT}, such as 20050102030405", fix=fix)
