"""What is wrong with a trail, and where: every changed, missing or displaced entry by its line.

Theory. Each line names the hash of the one before it and has a hash of its own. A line whose own
hash is wrong was changed; a line that is right in itself but does not follow the one before it
means that something between them is missing, or that lines stand in another order (then the line
that it follows is found elsewhere). What is cut off at the end, and a trail that was written anew
as a whole, leave no such trace: these show only against a head that was kept somewhere else.

Spec: none; the form of a line is this project's own (`xds.audit.chain`). Pure.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from xds.audit.chain import GENESIS, hash_of, previous_of

_CLAIMED: Final = re.compile(rb'"hash":"([0-9a-f]{64})"\}\Z')

Lines = Callable[[], Iterable[bytes]]
"""Gives the lines of a trail with their ends, from the first, each time anew."""


class Flaw(StrEnum):
    """What may be wrong with a line."""

    CHANGED = "changed"
    MISSING = "missing"
    DISPLACED = "displaced"
    UNFINISHED = "unfinished"
    """The trail ends in half a line."""
    CUT = "cut"
    """A head that was kept elsewhere is not in the trail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One flaw."""

    line: int
    """From 1; for what was cut off, the line after the last."""
    flaw: Flaw
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """A trail that was read from its first line to its last."""

    lines: int
    head: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gap:
    """A line that does not follow the one before it."""

    line: int
    previous: str


def examine(lines: Lines, kept_heads: Iterable[str] = ()) -> Examined:
    """Follow a trail; `kept_heads` must each be the hash of one of its lines."""
    missing_heads = set(kept_heads)
    findings: list[Finding] = []
    gaps: list[_Gap] = []
    count, head, expected = 0, GENESIS, GENESIS
    for count, raw in enumerate(lines(), start=1):
        line = raw.removesuffix(b"\n")
        own = hash_of(line)
        if own is None:
            findings.append(_unsound(count, raw))
            expected = _claimed(line)
            continue
        previous = previous_of(line)
        if expected not in ("", previous):
            gaps.append(_Gap(line=count, previous=previous))
        head = expected = own
        missing_heads.discard(own)
    findings += _gaps(gaps, lines)
    findings += (_cut(count, kept) for kept in sorted(missing_heads))
    return Examined(
        lines=count, head=head, findings=tuple(sorted(findings, key=lambda found: found.line))
    )


def _claimed(line: bytes) -> str:
    """Return the hash that a changed line still has, '' for none: then nothing follows from it."""
    found = _CLAIMED.search(line)
    return found.group(1).decode() if found else ""


def _unsound(number: int, raw: bytes) -> Finding:
    if not raw.endswith(b"\n"):
        text = (
            "the trail ends in half a line: the service was stopped while it wrote, and moves "
            "the rest away at its next start; or somebody cut it"
        )
        return Finding(line=number, flaw=Flaw.UNFINISHED, text=text)
    return Finding(
        line=number,
        flaw=Flaw.CHANGED,
        text="the entry was changed: its hash is not what it says",
    )


def _gaps(gaps: list[_Gap], lines: Lines) -> Iterator[Finding]:
    """Yield what each gap is; only a trail that has one is read a second time."""
    if not gaps:
        return
    wanted = {gap.previous for gap in gaps}
    found: dict[str, int] = {}
    for number, raw in enumerate(lines(), start=1):
        claimed = _claimed(raw.removesuffix(b"\n"))
        if claimed in wanted:
            found[claimed] = number
    for gap in gaps:
        yield _gap(gap, found.get(gap.previous, 0))


def _gap(gap: _Gap, follows: int) -> Finding:
    if follows:
        return Finding(
            line=gap.line,
            flaw=Flaw.DISPLACED,
            text=f"the entry stands in the wrong place: it follows line {follows}",
        )
    if gap.line == 1:
        text = "the trail's beginning is missing: its first entry follows one that is not here"
    elif gap.previous == GENESIS:
        text = f"a trail begins anew here: line {gap.line - 1} and this one are of two trails"
    else:
        text = f"one or more entries are missing before it, or line {gap.line - 1} was written anew"
    return Finding(line=gap.line, flaw=Flaw.MISSING, text=text)


def _cut(last: int, kept: str) -> Finding:
    return Finding(
        line=last + 1,
        flaw=Flaw.CUT,
        text=f"the head {kept[:16]}… that was kept elsewhere is not in the trail: its end was cut "
        "off, or it was written anew",
    )
