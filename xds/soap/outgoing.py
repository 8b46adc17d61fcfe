"""An answer as it leaves: framed as the request was, documents streamed where they go.

Spec: MTOM §3; XOP 1.0 §3.1; RFC 2387; ITI TF-2 §V.3, §V.8. MTOM in, MTOM out, faults too; plain
in, plain out, with documents as base64 in place.
"""

import base64
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from xds.namespaces import XOP
from xds.soap.envelope import ENVELOPE_CLOSE, answer_open, write_fault
from xds.soap.exchange import Answer, OutgoingDocument
from xds.soap.fault import SoapFault
from xds.soap.mtom import write_multipart

ROOT_ID = "root@greffe"
ROOT_HEAD = {
    "Content-Type": 'application/xop+xml; charset=UTF-8; type="application/soap+xml"',
    "Content-Transfer-Encoding": "binary",
    "Content-ID": f"<{ROOT_ID}>",
}
PIECE = 64 * 1024
BASE64_PIECE = 3 * 16 * 1024  # octets; a multiple of 3, so that pieces join without padding


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """An HTTP response."""

    status: int
    content_type: str
    chunks: Iterator[bytes]
    content_length: int | None
    """None when it is not known before the documents are read."""


def write_answer(answer: Answer, relates_to: str | None, *, is_mtom: bool) -> Outgoing:
    """Return the response for an answer."""
    head = answer_open(answer.action, relates_to)
    if is_mtom:
        return _multipart(200, (head, *answer.body, ENVELOPE_CLOSE))
    pieces = (head, *answer.body, ENVELOPE_CLOSE)
    length = sum(len(p) if isinstance(p, bytes) else 4 * ((p.size_octets + 2) // 3) for p in pieces)
    return Outgoing(
        status=200,
        content_type=f'application/soap+xml; charset=UTF-8; action="{answer.action}"',
        chunks=_joined(_inline(pieces)),
        content_length=length,
    )


def write_fault_response(fault: SoapFault, relates_to: str | None, *, is_mtom: bool) -> Outgoing:
    """Return the response for a fault."""
    octets = write_fault(fault, relates_to)
    if is_mtom:
        return _multipart(fault.http_status, (octets,))
    return Outgoing(
        status=fault.http_status,
        content_type="application/soap+xml; charset=UTF-8",
        chunks=iter((octets,)),
        content_length=len(octets),
    )


def _inline(pieces: Iterable[bytes | OutgoingDocument]) -> Iterator[bytes]:
    for piece in pieces:
        if isinstance(piece, bytes):
            yield piece
        else:
            yield from _base64(piece.chunks())


def _base64(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        rest += chunk
        whole = len(rest) - len(rest) % 3
        for start in range(0, whole, BASE64_PIECE):
            yield base64.b64encode(rest[start : min(whole, start + BASE64_PIECE)])
        rest = rest[whole:]
    if rest:
        yield base64.b64encode(rest)


def _multipart(status: int, pieces: tuple[bytes | OutgoingDocument, ...]) -> Outgoing:
    boundary = f"greffe-{secrets.token_hex(16)}"
    documents = [p for p in pieces if isinstance(p, OutgoingDocument)]
    root = b"".join(p if isinstance(p, bytes) else _include(p.content_id) for p in pieces)
    heads = [ROOT_HEAD, *(_document_head(d) for d in documents)]
    contents: list[Iterable[bytes]] = [(root,), *(d.chunks() for d in documents)]
    sizes = [len(root), *(d.size_octets for d in documents)]
    empty: list[Iterable[bytes]] = [() for _ in heads]
    framing = sum(map(len, write_multipart(boundary, zip(heads, empty, strict=True))))
    return Outgoing(
        status=status,
        content_type=(
            f'multipart/related; type="application/xop+xml"; start="<{ROOT_ID}>"; '
            f'start-info="application/soap+xml"; boundary="{boundary}"'
        ),
        chunks=_joined(write_multipart(boundary, zip(heads, contents, strict=True))),
        content_length=framing + sum(sizes),
    )


def _joined(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in fewer pieces: each piece costs a call into the network stack."""
    small: list[bytes] = []
    size = 0
    for chunk in chunks:
        if len(chunk) < PIECE:
            small.append(chunk)
            size += len(chunk)
            if size < PIECE:
                continue
            chunk = b""  # noqa: PLW2901 - it is in `small`
        if small:
            yield b"".join(small)
            small, size = [], 0
        if chunk:
            yield chunk
    if small:
        yield b"".join(small)


def _include(content_id: str) -> bytes:
    return f'<xop:Include xmlns:xop="{XOP}" href="cid:{content_id}"/>'.encode("ascii")


def _document_head(document: OutgoingDocument) -> dict[str, str]:
    return {
        "Content-Type": _in_a_header(document.mime_type) or "application/octet-stream",
        "Content-Transfer-Encoding": "binary",
        "Content-ID": f"<{_in_a_header(document.content_id)}>",
    }


def _in_a_header(text: str) -> str:
    """Return a text without what would end the header or is not ASCII."""
    return "".join(c for c in text if " " <= c <= "~")
