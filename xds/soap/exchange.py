"""What passes between the door and a room: one request with its attachments in, one answer out.

Spec: ITI TF-2 Appendix V.3 (SOAP), V.8 (MTOM/XOP). Values only; the bytes are made and read
elsewhere.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from lxml import etree

from xds.errors import Where


@dataclass(frozen=True, slots=True, kw_only=True)
class SoapRequest:
    """A SOAP 1.2 request whose envelope is whole; nobody has been identified yet."""

    action: str
    """wsa:Action."""
    message_id: str | None
    """wsa:MessageID, for RelatesTo; None when the caller sent none."""
    to: str | None
    body: etree._Element
    """The single child of soap:Body, xop:Include in documents left as it came."""
    body_where: Where
    envelope: etree._Element
    envelope_octets: bytes
    """The SOAP part as received: error positions and byte-for-byte forwarding need it."""
    is_mtom: bool
    """Whether the request came as multipart/related; the answer mirrors it."""
    peer: str = ""
    """Network address of the caller, for the audit trail."""


class Attachment(Protocol):
    """One MIME part that is still on the wire."""

    @property
    def content_id(self) -> str:
        """Without angle brackets, percent-decoded."""

    def chunks(self) -> Iterator[bytes]:
        """Yield the decoded content; once, and before the next attachment is asked for."""


class Attachments(Protocol):
    """The parts after the root, in wire order, each read once and in constant memory.

    Iterating past a part that was not read skips its bytes. Errors: SoapFault for bad framing, a
    document over its limit, or a caller slower than the minimum rate.
    """

    def __iter__(self) -> Iterator[Attachment]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingDocument:
    """A document's bytes in an answer: an MTOM part, or base64 in place."""

    content_id: str
    mime_type: str
    size_octets: int
    chunks: Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A room's answer: the child of soap:Body as bytes, with places where documents go."""

    action: str
    """wsa:Action of the response."""
    body: tuple[bytes | OutgoingDocument, ...]
    """UTF-8 XML that declares its own namespaces, cut where an OutgoingDocument's content goes."""
