"""xds:DocumentRequest: which documents a request names, of which repository.

Spec: ITI TF-2 §3.43.4.1.2; RMD supplement §3.86.4.1.2, whose request has the same type under a name
of its own. Reads only; what is held is not known here.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass

from lxml import etree

from xds.audit.event import AboutObject, Concerned
from xds.ebrim.reader import elements, line_of, text_of
from xds.errors import Complaint, ErrorCode, Where, quote
from xds.namespaces import XDSB, prefixed

HOME, REPOSITORY, DOCUMENT = "HomeCommunityId", "RepositoryUniqueId", "DocumentUniqueId"
FIELDS = (HOME, REPOSITORY, DOCUMENT)
MAX_CAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRequest:
    """One document asked for."""

    home_community_id: str | None
    """As given; the answer repeats it, and has none where none was given."""
    repository_unique_id: str
    document_unique_id: str
    where: Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What the request is called, where a complaint says so."""

    element: str
    """Its local name."""
    schema: str
    section: str


def read_requests(
    body: etree._Element, where: Where, named: Named
) -> tuple[tuple[DocumentRequest, ...], tuple[Complaint, ...]]:
    """Return what was asked for, each once, and every complaint of shape.

    Spec: ITI TF-2 §3.43.4.1.2. Errors: XDSRepositoryError.
    """
    requests: dict[DocumentRequest, None] = {}
    complaints: list[Complaint] = []
    children = elements(body)
    for number, child in enumerate(children, start=1):
        place = where.child(f"{prefixed(child.tag)}[{number}]", line_of(child))
        if child.tag != f"{{{XDSB}}}DocumentRequest":
            came = f"the element {prefixed(child.tag)}"
            complaints.append(_misshapen(named, place, came))
            continue
        request, fault = _read_one(child, place)
        if request:
            requests.setdefault(request)
        else:
            complaints.append(_misshapen(named, place, fault))
    if not children:
        complaints.append(_misshapen(named, where, "no DocumentRequest"))
    return _once(requests), tuple(complaints)


def concerned_by(
    requests: Sequence[DocumentRequest], refused: Container[DocumentRequest] = ()
) -> Concerned:
    """Return what a request concerns, for the audit event; `refused` of it was not done."""
    return Concerned(
        documents=tuple(r.document_unique_id for r in requests),
        about=tuple(
            AboutObject(
                id=r.document_unique_id,
                repository_unique_id=r.repository_unique_id,
                home_community_id=r.home_community_id or "",
                is_refused=r in refused,
            )
            for r in requests
        ),
    )


def wrong_repository(request: DocumentRequest, own: str, section: str) -> Complaint | None:
    """Return a complaint when another repository was meant. Errors: XDSUnknownRepositoryId."""
    if request.repository_unique_id == own:
        return None
    return complaint_of(
        request,
        code=ErrorCode.XDS_UNKNOWN_REPOSITORY_ID,
        rule=f"RepositoryUniqueId names the repository that is asked ({section})",
        came=f"RepositoryUniqueId {quote(request.repository_unique_id)}",
        expected=f"{quote(own)}, which is this repository",
        fix="send the request to the repository that the DocumentEntry's repositoryUniqueId "
        "names (of an On-Demand DocumentEntry: its On-Demand Document Source), or correct the id",
    )


def complaint_of(  # noqa: PLR0913 - the parts of a complaint, by name
    request: DocumentRequest, *, code: ErrorCode, rule: str, came: str, expected: str, fix: str
) -> Complaint:
    """Return a complaint about one document; its location is the id, so the text has the place."""
    return Complaint(
        code=code,
        subject=f"DocumentRequest {quote(request.document_unique_id)} at {request.where}",
        rule=rule,
        came=came,
        expected=expected,
        fix=fix,
        relayed_location=request.document_unique_id,
    )


def _read_one(element: etree._Element, where: Where) -> tuple[DocumentRequest | None, str]:
    came = elements(element)
    names = [child.tag for child in came]
    legal = ([f"{{{XDSB}}}{n}" for n in FIELDS[1:]], [f"{{{XDSB}}}{n}" for n in FIELDS])
    if names not in legal:
        listed = ", ".join(prefixed(n) for n in names) or "nothing"
        return None, f"a DocumentRequest with {listed}"
    values = {prefixed(child.tag)[len("xds:") :]: text_of(child).strip() for child in came}
    empty = [name for name, value in values.items() if not value]
    if empty or any(len(child) for child in came):
        return None, f"an empty or nested {', '.join(empty) or 'value'}"
    request = DocumentRequest(
        home_community_id=values.get(HOME),
        repository_unique_id=values[REPOSITORY],
        document_unique_id=values[DOCUMENT],
        where=where,
    )
    return request, ""


def _once(requests: dict[DocumentRequest, None]) -> tuple[DocumentRequest, ...]:
    """Drop repetitions: a set holds each document once, and an answer must not be amplified."""
    seen: dict[tuple[str | None, str, str], DocumentRequest] = {}
    for request in requests:
        key = (
            request.home_community_id,
            request.repository_unique_id,
            request.document_unique_id,
        )
        seen.setdefault(key, request)
    return tuple(seen.values())


def _misshapen(named: Named, where: Where, came: str) -> Complaint:
    return Complaint(
        code=ErrorCode.XDS_REPOSITORY_ERROR,
        subject=named.element,
        rule=f"a {named.element} holds DocumentRequests, each an optional HomeCommunityId, one "
        f"RepositoryUniqueId and one DocumentUniqueId, in this order ({named.section})",
        came=came if len(came) < MAX_CAME else quote(came),
        expected=f"what the schema {named.schema} says",
        fix="send DocumentRequests of that shape, in the namespace " + XDSB,
        where=where,
    )
