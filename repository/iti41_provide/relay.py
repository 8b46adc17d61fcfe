"""The Registry's answer, turned into one about the caller's own ITI-41 message.

Spec: ITI TF-2 §3.41.4.1.3.2 (all errors and warnings of the ITI-42 response are included). The
Repository sends the caller's objects on in their order and under their own ids, so a place in the
ITI-42 message is a place in the ITI-41 message: its XPath is walked over the tree that the caller
sent and the line is taken from there. What a foreign Registry writes as location, and is no such
path, is passed on quoted.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from lxml import etree

from repository.registry_client import Registration
from xds.ebrim.reader import line_of
from xds.errors import Complaint, ErrorCode, Where, quote
from xds.namespaces import LCM, PREFIXES

MAX_CONTEXT_CHARACTERS = 4000
MAX_LOCATION_CHARACTERS = 1000
RULE = "as the Registry says (ITI TF-2 §3.41.4.1.3.2)"
"""For the log, where the Registry's own text, which may quote values, does not go."""
NO_CONTEXT = "The Registry gave no codeContext for this error."
SUBMISSION = "lcm:SubmitObjectsRequest"
URIS = {prefix: uri for uri, prefix in PREFIXES.items()}
STEP = re.compile(
    r"(?P<prefix>[a-z0-9]+):(?P<name>[A-Za-z]+)"
    r"(?:\[(?:(?P<number>[1-9][0-9]{0,5})"
    r"|@(?P<key>[A-Za-z]+)=(?P<quote>['\"])(?P<value>[^'\"]{0,300})(?P=quote))\])?"
)
ATTRIBUTE = re.compile(r"/@([A-Za-z]+)$")
LINE = re.compile(r" \(line [0-9]+\)$")


def relayed(
    registration: Registration, body: etree._Element, body_where: Where
) -> tuple[Complaint, ...]:
    """Return every error and warning of the Registry, as a complaint about the ITI-41 message.

    Spec: ITI TF-2 §3.41.4.1.3.2. Errors: whatever the Registry's are.
    """
    return tuple(_relay(c, body, body_where) for c in registration.complaints)


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
    where = body_where.child(SUBMISSION, line_of(submission))
    for text, step in steps:
        if step is None:  # an attribute, which has its element's line
            return where.child(text)
        found = _child(element, step)
        if found is None:
            return where
        element, where = found, where.child(text, line_of(found))
    return where


def _relay(complaint: Complaint, body: etree._Element, body_where: Where) -> Complaint:
    location = complaint.location
    where = locate(location, body, body_where)
    foreign = f"in the Registry: {quote(location)}" if location and where is None else None
    return replace(
        complaint,
        code=complaint.code or ErrorCode.XDS_REGISTRY_ERROR,
        where=where,
        rule=RULE,
        relayed_context=complaint.code_context[:MAX_CONTEXT_CHARACTERS] or NO_CONTEXT,
        relayed_location=foreign,
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
