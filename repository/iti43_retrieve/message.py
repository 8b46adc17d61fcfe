"""RetrieveDocumentSetRequest in, RetrieveDocumentSetResponse out.

Spec: ITI TF-2 §3.43.4.1.2, §3.43.5. Reads and writes only; what is held is not known here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from lxml import etree

from repository.iti43_retrieve.rules import DocumentRequest
from xds.ebrim.reader import elements, line_of, text_of
from xds.ebrim.response import Status, registry_response_content
from xds.errors import Complaint, ErrorCode, Where, quote
from xds.namespaces import RS, XDSB, prefixed
from xds.soap.exchange import OutgoingDocument

RESPONSE = "urn:ihe:iti:2007:RetrieveDocumentSetResponse"
HOME, REPOSITORY, DOCUMENT = "HomeCommunityId", "RepositoryUniqueId", "DocumentUniqueId"
HEAD = (f'<xds:RetrieveDocumentSetResponse xmlns:xds="{XDSB}" xmlns:rs="{RS}">').encode()
TAIL = b"</xds:RetrieveDocumentSetResponse>"
FIELDS = (HOME, REPOSITORY, DOCUMENT)
SCHEMA_RULE = (
    "a RetrieveDocumentSetRequest holds DocumentRequests, each an optional HomeCommunityId, one "
    "RepositoryUniqueId and one DocumentUniqueId, in this order (ITI TF-2 §3.43.4.1.2)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentResponse:
    """One document given."""

    request: DocumentRequest
    document: OutgoingDocument


def read_request(
    body: etree._Element, where: Where
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
            complaints.append(_misshapen(place, f"the element {prefixed(child.tag)}"))
            continue
        request, faults = _read_one(child, place)
        complaints.extend(faults)
        if request:
            requests.setdefault(request)
    if not children:
        complaints.append(_misshapen(where, "no DocumentRequest"))
    return _once(requests), tuple(complaints)


def write_response(
    responses: Sequence[DocumentResponse], complaints: Sequence[Complaint], status: Status
) -> tuple[bytes | OutgoingDocument, ...]:
    """Return the response in the pieces between which the documents go.

    Spec: ITI TF-2 §3.43.4.2.2, §3.43.5.
    """
    pieces: list[bytes | OutgoingDocument] = []
    text = HEAD + registry_response_content(complaints, status)
    for response in responses:
        pieces += [text + _before(response), response.document]
        text = b"</xds:Document></xds:DocumentResponse>"
    return (*pieces, text + TAIL)


def refusal(complaints: Sequence[Complaint]) -> bytes:
    """Return the response of a request that was refused as a whole."""
    return HEAD + registry_response_content(complaints, Status.FAILURE) + TAIL


def _before(response: DocumentResponse) -> bytes:
    """Return a DocumentResponse up to its document's content."""
    asked = response.request
    home = asked.home_community_id
    fields = (
        *(((HOME, home),) if home is not None else ()),
        (REPOSITORY, asked.repository_unique_id),
        (DOCUMENT, asked.document_unique_id),
        ("mimeType", response.document.mime_type),
    )
    written = "".join(f"<xds:{name}>{escape(value)}</xds:{name}>" for name, value in fields)
    return f"<xds:DocumentResponse>{written}<xds:Document>".encode()


def _read_one(
    element: etree._Element, where: Where
) -> tuple[DocumentRequest | None, list[Complaint]]:
    came = elements(element)
    names = [child.tag for child in came]
    legal = ([f"{{{XDSB}}}{n}" for n in FIELDS[1:]], [f"{{{XDSB}}}{n}" for n in FIELDS])
    if names not in legal:
        listed = ", ".join(prefixed(n) for n in names) or "nothing"
        return None, [_misshapen(where, f"a DocumentRequest with {listed}")]
    values = {prefixed(child.tag)[len("xds:") :]: text_of(child).strip() for child in came}
    empty = [name for name, value in values.items() if not value]
    if empty or any(len(child) for child in came):
        return None, [_misshapen(where, f"an empty or nested {', '.join(empty) or 'value'}")]
    request = DocumentRequest(
        home_community_id=values.get(HOME),
        repository_unique_id=values[REPOSITORY],
        document_unique_id=values[DOCUMENT],
        where=where,
    )
    return request, []


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


def _misshapen(where: Where, came: str) -> Complaint:
    return Complaint(
        code=ErrorCode.XDS_REPOSITORY_ERROR,
        subject="RetrieveDocumentSetRequest",
        rule=SCHEMA_RULE,
        came=came if len(came) < 200 else quote(came),  # noqa: PLR2004
        expected="what the schema XDS.b_DocumentRepository.xsd says",
        fix="send DocumentRequests of that shape",
        where=where,
    )
