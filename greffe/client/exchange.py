"""One SOAP message out and one answer in, over HTTP, both streamed.

Spec: SOAP 1.2 part 2 §7; ITI TF-2 Appendix V.3 (WS-Addressing), V.8 (MTOM/XOP). A document is read
from its source and written to its sink in pieces; only the SOAP part of an answer is held.
"""

import secrets
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol
from xml.sax.saxutils import escape

import urllib3
from lxml import etree
from urllib3.exceptions import HTTPError

from greffe.client.faults import fault_of
from greffe.exits import UnreachableError
from xds.limits import MIB, Limits
from xds.namespaces import SOAP, WSA, local, prefixed
from xds.soap.addressing import ANONYMOUS
from xds.soap.fault import SoapFault
from xds.soap.mtom import (
    Event,
    MultipartReader,
    PartBegin,
    PartData,
    PartEnd,
    parse_content_type,
    write_multipart,
)
from xds.soap.xop import canonical_content_id

PIECE_OCTETS: Final = 256 * 1024
ROOT_OCTETS: Final = 256 * MIB
"""SOAP part of an answer: far above any, and a bound all the same."""
CONNECT_SECONDS: Final = 10.0
SILENCE_SECONDS: Final = 300.0
_ROOT_ID: Final = "root@greffe"
_LIMITS: Final = Limits(parts=100_000, part_head_octets=64 * 1024)
_SHOWN_CHARACTERS: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPart:
    """A document on its way out."""

    content_id: str
    mime_type: str
    size_octets: int
    chunks: Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A request; documents make it an MTOM message, and so does `is_mtom`."""

    url: str
    action: str
    security: bytes
    """A wsse:Security element, sent as it is."""
    body: bytes
    """The child of soap:Body; documents are xop:Include elements in it."""
    documents: tuple[DocumentPart, ...] = ()
    is_mtom: bool = False


class Sink(Protocol):
    """Where an answer's MIME parts go."""

    def begin(self, content_id: str, mime_type: str) -> None:
        """Take the head of a part."""

    def write(self, octets: bytes) -> None:
        """Take some of its content."""

    def end(self) -> None:
        """Take note that it is whole."""


def _nothing(_: int) -> None:
    """Report no progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Sends messages."""

    pool: urllib3.PoolManager = field(default_factory=urllib3.PoolManager)
    on_sent: Callable[[int], None] = _nothing
    """Told the octets of each piece that was sent."""
    on_received: Callable[[int], None] = _nothing

    def send(self, message: Message, sink: Sink | None = None) -> etree._Element:
        """Return the child of the answer's soap:Body.

        Errors: FaultError; UnreachableError when nobody answers, or not in SOAP 1.2.
        """
        headers, chunks = _outgoing(message)
        try:
            response = self.pool.request(
                "POST",
                message.url,
                body=self._counted(chunks),
                headers=headers,
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=SILENCE_SECONDS),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            with response:
                return self._read(response, message.url, sink)
        except HTTPError as error:
            raise UnreachableError(f"{message.url} does not answer: {_reason(error)}") from error

    def _counted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            yield chunk
            self.on_sent(len(chunk))

    def _read(
        self, response: urllib3.BaseHTTPResponse, url: str, sink: Sink | None
    ) -> etree._Element:
        media_type, parameters = parse_content_type(response.headers.get("Content-Type", ""))
        pieces = self._received(response)
        try:
            if media_type == "multipart/related":
                root = _read_parts(parameters, pieces, sink)
            else:
                root = _joined(pieces)
        except SoapFault as broken:  # our own reader's word for a body that is not well framed
            told = broken.reason.partition(" Fix:")[0]
            raise UnreachableError(f"{url} sent an answer that cannot be read: {told}") from broken
        return payload_of(root, url, response.status)

    def _received(self, response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        for chunk in response.stream(PIECE_OCTETS, decode_content=False):
            self.on_received(len(chunk))
            yield chunk


def payload_of(octets: bytes, url: str, http_status: int) -> etree._Element:
    """Return the child of soap:Body. Errors: FaultError; UnreachableError for no SOAP 1.2."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True
    )
    try:
        root = etree.fromstring(octets, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        shown = octets[:_SHOWN_CHARACTERS].decode("utf-8", "replace").strip()
        came = f"no XML: {shown!r}" if shown else "an empty body"
        raise _unusable(url, http_status, came) from error
    if root.tag != f"{{{SOAP}}}Envelope":
        raise _unusable(url, http_status, f"a {prefixed(str(root.tag))}, no SOAP 1.2 envelope")
    inside = [c for c in root.iterfind(f"{{{SOAP}}}Body/*") if isinstance(c.tag, str)]
    if len(inside) != 1:
        raise _unusable(url, http_status, f"a soap:Body with {len(inside)} elements")
    if inside[0].tag == f"{{{SOAP}}}Fault":
        raise fault_of(inside[0])
    return inside[0]


def expect(payload: etree._Element, clark: str, url: str) -> etree._Element:
    """Return the payload if it has this name. Errors: UnreachableError."""
    if payload.tag != clark:
        raise UnreachableError(
            f"{url} answers with {prefixed(str(payload.tag))}, expected {local(clark)}: "
            "is it the address of the right service?"
        )
    return payload


def envelope(message: Message) -> bytes:
    """Return the SOAP envelope of a message."""
    head = (
        f'<soap:Envelope xmlns:soap="{SOAP}" xmlns:wsa="{WSA}"><soap:Header>'
        f'<wsa:Action soap:mustUnderstand="true">{escape(message.action)}</wsa:Action>'
        f"<wsa:MessageID>urn:uuid:{uuid.uuid4()}</wsa:MessageID>"
        f"<wsa:ReplyTo><wsa:Address>{ANONYMOUS}</wsa:Address></wsa:ReplyTo>"
        f'<wsa:To soap:mustUnderstand="true">{escape(message.url)}</wsa:To>'
    )
    return b"".join(
        (
            head.encode(),
            message.security,
            b"</soap:Header><soap:Body>",
            message.body,
            b"</soap:Body></soap:Envelope>",
        )
    )


def _outgoing(message: Message) -> tuple[dict[str, str], Iterable[bytes]]:
    root = envelope(message)
    if not (message.documents or message.is_mtom):
        content_type = f'application/soap+xml; charset=UTF-8; action="{message.action}"'
        return {"Content-Type": content_type, "Content-Length": str(len(root))}, (root,)
    boundary = f"greffe-{secrets.token_hex(16)}"
    heads = [_root_head(message.action), *(_part_head(d) for d in message.documents)]
    contents: list[Iterable[bytes]] = [(root,), *(d.chunks() for d in message.documents)]
    empty: list[Iterable[bytes]] = [() for _ in heads]
    framing = sum(map(len, write_multipart(boundary, zip(heads, empty, strict=True))))
    length = framing + len(root) + sum(d.size_octets for d in message.documents)
    content_type = (
        f'multipart/related; type="application/xop+xml"; start="<{_ROOT_ID}>"; '
        f'start-info="application/soap+xml"; action="{message.action}"; boundary="{boundary}"'
    )
    chunks = write_multipart(boundary, zip(heads, contents, strict=True))
    return {"Content-Type": content_type, "Content-Length": str(length)}, chunks


def _root_head(action: str) -> dict[str, str]:
    return {
        "Content-Type": "application/xop+xml; charset=UTF-8; "
        f'type="application/soap+xml"; action="{action}"',
        "Content-Transfer-Encoding": "binary",
        "Content-ID": f"<{_ROOT_ID}>",
    }


def _part_head(document: DocumentPart) -> dict[str, str]:
    return {
        "Content-Type": document.mime_type,
        "Content-Transfer-Encoding": "binary",
        "Content-ID": f"<{document.content_id}>",
    }


def _read_parts(parameters: dict[str, str], pieces: Iterable[bytes], sink: Sink | None) -> bytes:
    """Return the root part; the others go to the sink."""
    reader = MultipartReader(parameters.get("boundary", ""), _LIMITS)
    parts = _Parts(canonical_content_id(parameters.get("start", "")), sink)
    for piece in pieces:
        for event in reader.feed(piece):
            parts.take(event)
    for event in reader.close():
        parts.take(event)
    return bytes(parts.root)


class _Parts:
    """The parts of an answer as they come."""

    def __init__(self, start: str, sink: Sink | None) -> None:
        self.root = bytearray()
        self._start = start
        """Content-ID of the root; '' when it is the first part (RFC 2387)."""
        self._sink = sink
        self._is_first = True
        self._is_root = False

    def take(self, event: Event) -> None:
        match event:
            case PartBegin():
                content_id = canonical_content_id(event.headers.get("content-id", ""))
                self._is_root = content_id == self._start if self._start else self._is_first
                self._is_first = False
                if not self._is_root and self._sink:
                    self._sink.begin(content_id, event.headers.get("content-type", ""))
            case PartData() if self._is_root:
                self.root += event.octets
                _bound(self.root)
            case PartData():
                if self._sink:
                    self._sink.write(event.octets)
            case PartEnd():
                if not self._is_root and self._sink:
                    self._sink.end()


def _joined(pieces: Iterable[bytes]) -> bytes:
    content = bytearray()
    for piece in pieces:
        content += piece
        _bound(content)
    return bytes(content)


def _bound(content: bytearray) -> None:
    if len(content) > ROOT_OCTETS:
        raise UnreachableError(f"the answer's SOAP part is over {ROOT_OCTETS // MIB} MiB")


def _unusable(url: str, http_status: int, came: str) -> UnreachableError:
    return UnreachableError(
        f"{url} answers HTTP {http_status} with {came}. Fix: give the address of an XDS.b service"
    )


def _reason(error: Exception) -> str:
    """Return what happened in a few words; the library's texts carry object addresses."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror.lower()
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__
