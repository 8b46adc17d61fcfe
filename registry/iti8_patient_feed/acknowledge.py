"""What became of a message, as HL7's ACK. Pure: time and the control id are parameters.

The answer has the delimiters and the version of the message, and is ASCII. ERR has its form of HL7
v2.5 (ERR-2 location, ERR-3 code, ERR-4 severity, ERR-7 and ERR-8 texts), as ITI TF-2 Appendix
C.2.3.2 has it for every transaction; MSA-3 is not sent (C.2.3.1).

Spec: ITI TF-2 Appendix C.2.3.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from registry.iti8_patient_feed.er7 import Delimiters, Segment
from registry.iti8_patient_feed.problem import REJECTING, TEXTS, Place, Problem

ACCEPT, ERROR, REJECT = "AA", "AE", "AR"
MAX_ECHO: Final = 227
"""Characters of a header field that are sent back: the longest HD (HL7 v2.5)."""
MAX_DIAGNOSIS: Final = 2048
"""ERR-7."""
MAX_USER_TEXT: Final = 250
"""ERR-8."""
CONDITIONS: Final = "HL70357"
HAS_STRUCTURE: Final = "2.4"
"""The first version whose ACK has MSH-9.3."""


def code_of(problems: Iterable[Problem]) -> str:
    """Return MSA-1."""
    errors = [problem for problem in problems if problem.is_error]
    if not errors:
        return ACCEPT
    return REJECT if all(problem.code in REJECTING for problem in errors) else ERROR


def acknowledge(
    header: Segment, problems: Iterable[Problem], *, instant: datetime, control_id: str
) -> bytes:
    """Return the ACK of a message with this MSH: as good as the header, never failing."""
    problems = tuple(problems)
    delimiters = header.delimiters
    trigger, version = header.component(9, 2)[:3], header.component(12, 1)[:10] or "2.3.1"
    kind = ["ACK", trigger] if trigger.isalnum() else ["ACK"]
    if trigger.isalnum() and version >= HAS_STRUCTURE:
        kind.append("ACK")
    msh = [
        "MSH",
        delimiters.encoding,
        *(header.field(n)[:MAX_ECHO] for n in (5, 6, 3, 4)),
        f"{instant:%Y%m%d%H%M%S}+0000",
        "",
        delimiters.component.join(kind),
        control_id,
        header.field(11)[:3] or "P",
        version,
    ]
    msa = ["MSA", code_of(problems), header.field(10)[:MAX_ECHO]]
    segments = [msh, msa, *(_err(problem, delimiters) for problem in problems)]
    text = "".join(delimiters.field.join(fields).rstrip() + "\r" for fields in segments)
    return text.encode("ascii", "replace")


def _err(problem: Problem, delimiters: Delimiters) -> list[str]:
    condition = (str(int(problem.code)), TEXTS[problem.code], CONDITIONS)
    return [
        "ERR",
        "",
        _location(problem.place, delimiters),
        delimiters.component.join(condition),
        "E" if problem.is_error else "W",
        "",
        "",
        _escaped(problem.text[:MAX_DIAGNOSIS], delimiters),
        _escaped(f"{problem.place or 'Registry'}: {problem.fix}"[:MAX_USER_TEXT], delimiters),
    ]


def _location(place: Place | None, delimiters: Delimiters) -> str:
    """Return ERR-2: segment, its number, field, repetition, component."""
    if place is None or not place.segment.isalnum():
        return ""
    parts = [place.segment, "1"]
    if place.field:
        parts += [str(place.field), str(place.repetition or 1)]
    if place.component:
        parts.append(str(place.component))
    return delimiters.component.join(parts)


def _escaped(text: str, delimiters: Delimiters) -> str:
    """Return a text fit for a field of a message with these delimiters."""
    escape = delimiters.escape
    meanings = {
        delimiters.field: "F",
        delimiters.component: "S",
        delimiters.repetition: "R",
        delimiters.subcomponent: "T",
        escape: "E",
    }
    written = (
        f"{escape}{meanings[c]}{escape}" if c in meanings else c if " " <= c <= "~" else "?"
        for c in text.replace("§", "section ")
    )
    return "".join(written)
