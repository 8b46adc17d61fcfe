"""RetrieveDocumentSetRequest in, RetrieveDocumentSetResponse out.

Spec: ITI TF-2 §3.43.4.1.2, §3.43.5. Reads and writes only; what is held is not known here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from lxml import etree

from repository.document_request import (
    DOCUMENT,
    HOME,
    REPOSITORY,
    DocumentRequest,
    Named,
    read_requests,
)
from xds.ebrim.response import Status, registry_response_content
from xds.errors import Complaint, Where
from xds.namespaces import RS, XDSB
from xds.soap.exchange import OutgoingDocument

RESPONSE = "urn:ihe:iti:2007:RetrieveDocumentSetResponse"
HEAD = (f'<xds:RetrieveDocumentSetResponse xmlns:xds="{XDSB}" xmlns:rs="{RS}">').encode()
TAIL = b"</xds:RetrieveDocumentSetResponse>"
REQUEST = Named(
    element="RetrieveDocumentSetRequest",
    schema="XDS.b_DocumentRepository.xsd",
    section="ITI TF-2 §3.43.4.1.2",
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
    return read_requests(body, where, REQUEST)


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
