"""The Registry's answer, turned into one about the caller's own ITI-41 message.

Spec: ITI TF-2 §3.41.4.1.3.2 (all errors and warnings of the ITI-42 response are included). The
Repository sends the caller's objects on in their order and under their own ids, so a place in the
ITI-42 message is a place in the ITI-41 message: its XPath is walked over the tree that the caller
sent and the line is taken from there. What a foreign Registry writes as location, and is no such
path, is passed on quoted.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

from lxml import etree

from repository.registry_client import RegistryAnswer, RegistryError
from xds.error_codes import ErrorCode
from xds.errors import Complaint, Severity, Where, quote
from xds.namespaces import LCM, PREFIXES

MAX_CONTEXT_CHARACTERS = 4000
MAX_LOCATION_CHARACTERS = 1000
KNOWN = frozenset(code.value for code in ErrorCode)
SUBMISSION = "lcm:SubmitObjectsRequest"
URIS = {prefix: uri for uri, prefix in PREFIXES.items()}
STEP = re.compile(
    r"(?P<prefix>[a-z0-9]+):(?P<name>[A-Za-z]+)"
    r"(?:\[(?:(?P<number>[1-9][0-9]{0,5})|@(?P<key>[A-Za-z]+)='(?P<value>[^']{0,300})')\])?"
)
ATTRIBUTE = re.compile(r"/@([A-Za-z]+)$")
LINE = re.compile(r" \(line [0-9]+\)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayedComplaint(Complaint):
    """A complaint of the Registry, in its own words and about the caller's own message."""

    words: str = field(repr=False)
    """The Registry's codeContext."""

    @property
    def code_context(self) -> str:
        """The RegistryError's codeContext: the Registry's words."""
        return self.words


def relayed(answer: RegistryAnswer, body: etree._Element, body_where: Where) -> list[Complaint]:
    """Return every error and warning of the answer, as a complaint about the ITI-41 message.

    Spec: ITI TF-2 §3.41.4.1.3.2. A failure without an error gets one that says so.
    Errors: whatever the Registry's are.
    """
    complaints: list[Complaint] = [_relay(e, body, body_where) for e in answer.errors]
    if not answer.is_success and not any(c.is_error for c in complaints):
        complaints.append(_unexplained())
    return complaints


def locate(location: str, body: etree._Element, body_where: Where) -> Where | None:
    """Return the place in the ITI-41 message that an ITI-42 location means, or None.

    Where the path leads to something that the Repository added, the nearest element of the caller's
    is meant.
    """
    steps = _steps(LINE.sub("", location))
    submission = body.find(f"{{{LCM}}}SubmitObjectsRequest")
    if steps is None or submission is None:
        return None
    element = submission
    where = body_where.child(SUBMISSION, submission.sourceline or 0)
    for text, step in steps:
        if step is None:  # an attribute, which has its element's line
            return where.child(text)
        found = _child(element, step)
        if found is None:
            return where
        element, where = found, where.child(text, found.sourceline or 0)
    return where


def _relay(error: RegistryError, body: etree._Element, body_where: Where) -> Complaint:
    where = locate(error.location, body, body_where)
    foreign = error.location[:MAX_LOCATION_CHARACTERS]
    return RelayedComplaint(
        code=_code(error.code),
        subject="the submission",
        rule="the Registry's own rules (ITI TF-2 §3.42.4.1.3)",
        came="metadata that the Registry complains about",
        expected="metadata that it accepts",
        fix="read the Registry's codeContext",
        words=error.code_context[:MAX_CONTEXT_CHARACTERS]
        or "The Registry gave no codeContext for this error.",
        where=where,
        severity=error.severity,
        relayed_location=None if where or not foreign else f"in the Registry: {quote(foreign)}",
    )


def _code(code: str) -> ErrorCode:
    """Return the code as the Registry wrote it; one that our table lacks travels as plain text."""
    return ErrorCode(code) if code in KNOWN else cast("ErrorCode", code)


def _unexplained() -> Complaint:
    return Complaint(
        code=ErrorCode.XDS_REGISTRY_ERROR,
        subject="the submission",
        rule="a failure names its errors (ITI TF-3 §4.2.4.1)",
        came="a Failure of the Registry without a single error",
        expected="at least one RegistryError",
        fix="ask the operator of the Registry, whose log has the MessageID of this time",
        severity=Severity.ERROR,
    )


def _steps(location: str) -> list[tuple[str, re.Match[str] | None]] | None:
    """Parse the path below the submission strictly; None when it is not one."""
    if not location.startswith("/") or len(location) > MAX_LOCATION_CHARACTERS:
        return None
    found = list(_scan(location))
    if not found or found[-1] == ("", None):
        return None
    for index, (text, _) in enumerate(found):
        if text == SUBMISSION:
            return found[index + 1 :]
    return None


def _scan(location: str) -> Iterator[tuple[str, re.Match[str] | None]]:
    """Yield each step with its match (None for an attribute), then ('', None) if ill-formed."""
    position = 0
    while position < len(location):
        match = STEP.match(location, position + 1) if location[position] == "/" else None
        if match and match["prefix"] in URIS:
            yield match[0], match
            position = match.end()
            continue
        attribute = ATTRIBUTE.match(location, position)
        yield (f"@{attribute[1]}", None) if attribute else ("", None)
        return


def _child(parent: etree._Element, step: re.Match[str]) -> etree._Element | None:
    wanted = f"{{{URIS[step['prefix']]}}}{step['name']}"
    children = [c for c in parent if c.tag == wanted]
    if step["key"]:
        children = [c for c in children if c.get(step["key"]) == step["value"]]
    index = int(step["number"] or 1) - 1
    return children[index] if index < len(children) else None
