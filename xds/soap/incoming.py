"""A message as it arrives: the envelope whole and in memory, the documents still on the wire.

Theory. Nothing is read past what is needed: a plain body up to the envelope limit, or a multipart
body up to the end of its root part and of the parts that complete it (see `xds.soap.xop`). Parts
that come before the root, or are passed over while completing it, are held in memory and count
against the same limit. What is left is handed over as `Attachments`, which pull from the same
stream.

Spec: RFC 2387; MTOM §3; ITI TF-2 §V.8. `chunks` is any iterator of bytes; how it meets a socket
is the door's business.
"""

import base64
import binascii
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from lxml import etree

from xds.errors import quote
from xds.limits import Limits
from xds.namespaces import SOAP, SOAP11
from xds.soap import xop
from xds.soap.exchange import Attachment
from xds.soap.fault import FaultCode, SoapFault
from xds.soap.mtom import (
    Event,
    MultipartReader,
    PartBegin,
    PartData,
    bad_multipart,
    parse_content_type,
)
from xds.soap.xml import parse

SOAP_TYPE: Final = "application/soap+xml"
ROOT_TYPES: Final = frozenset({"application/xop+xml", SOAP_TYPE, "text/xml", "application/xml"})
OTHER_SOAP_TYPES: Final = ("text/xml", "application/xml", "")
WIRE_FACTOR: Final = 2
"""Of the envelope limit, what may come over the wire for it: base64, heads, preamble."""
IDENTITY: Final = frozenset({"", "binary", "8bit", "7bit"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A message whose root part is whole; who sent it is not known yet."""

    root: etree._Element
    octets: bytes
    is_mtom: bool
    http_action: str
    """The action that HTTP or MIME named, '' when none did."""
    attachments: "StreamedAttachments"


class _Budget:
    """What the envelope limit still leaves."""

    def __init__(self, octets: int, factor: int = 1) -> None:
        self._limit = octets
        self._left = octets * factor

    def spend(self, octets: int) -> None:
        self._left -= octets
        if self._left < 0:
            raise SoapFault(
                FaultCode.SENDER,
                f"The envelope with inline documents and the parts that must be read before it "
                f"or complete it is over the limit of {self._limit} octets. Fix: send documents as "
                "MTOM parts after the root part.",
            )


def is_multipart(content_type: str) -> bool:
    """Return whether an answer to a request of this Content-Type must be multipart."""
    return parse_content_type(content_type)[0].startswith("multipart/")


def receive(
    content_type: str, soap_action: str, chunks: Iterator[bytes], limits: Limits
) -> Incoming:
    """Read a message up to the end of its envelope.

    Errors: SoapFault for a wrong Content-Type, bad framing, malformed XML, or a limit.
    """
    media_type, parameters = parse_content_type(content_type)
    budget = _Budget(limits.envelope_octets)
    if media_type.startswith("multipart/"):
        if media_type != "multipart/related":
            raise SoapFault(
                FaultCode.SENDER,
                f"The Content-Type is {quote(media_type)}; expected multipart/related (RFC 2387).",
            )
        return _receive_multipart(parameters, soap_action, chunks, limits, budget)
    if media_type not in (SOAP_TYPE, *OTHER_SOAP_TYPES):
        raise _wrong_type(content_type)
    octets = _gather(chunks, budget)
    root = parse(octets, limits, charset=parameters.get("charset", ""))
    if media_type != SOAP_TYPE:
        raise _wrong_version(root, content_type)
    if next(root.iter(xop.INCLUDE), None) is not None:
        raise SoapFault(
            FaultCode.SENDER,
            "The message holds an xop:Include but is not multipart/related: its part cannot have "
            "come. Fix: send the request as MTOM, or the bytes as base64 in place.",
        )
    return Incoming(
        root=root,
        octets=octets,
        is_mtom=False,
        http_action=_http_action(parameters, soap_action),
        attachments=StreamedAttachments(None, [], limits),
    )


def _gather(chunks: Iterator[bytes], budget: _Budget) -> bytes:
    gathered = []
    for chunk in chunks:
        budget.spend(len(chunk))
        gathered.append(chunk)
    return b"".join(gathered)


def _wrong_type(content_type: str) -> SoapFault:
    return SoapFault(
        FaultCode.SENDER,
        f"The Content-Type is {quote(content_type)}; expected application/soap+xml (SOAP 1.2) or "
        'multipart/related; type="application/xop+xml" (MTOM).',
    )


def _wrong_version(root: etree._Element, content_type: str) -> SoapFault:
    """Return the fault for XML that came under a type of another SOAP, or of none."""
    if root.tag not in (f"{{{SOAP}}}Envelope", f"{{{SOAP11}}}Envelope"):
        return _wrong_type(content_type)
    version = "1.2" if root.tag == f"{{{SOAP}}}Envelope" else "1.1"
    return SoapFault(
        FaultCode.VERSION_MISMATCH,
        f"The Content-Type is {quote(content_type)} and the envelope is SOAP {version}'s; expected "
        f"application/soap+xml and an envelope of SOAP 1.2 ({SOAP}). Fix: use the SOAP 1.2 binding "
        "of the WSDL.",
    )


def _http_action(parameters: Mapping[str, str], *others: str) -> str:
    """Return the action that came outside the envelope, wherever the stack put it."""
    named = parameters.get("action", "").strip()
    if named:
        return named
    _, inside = parse_content_type(parameters.get("start-info", ""))
    if inside.get("action", "").strip():
        return inside["action"].strip()
    for value in others:
        stripped = value.strip().strip('"').strip()
        if stripped:
            return stripped
    return ""


def _receive_multipart(
    parameters: Mapping[str, str],
    soap_action: str,
    chunks: Iterator[bytes],
    limits: Limits,
    budget: _Budget,
) -> Incoming:
    reader = MultipartReader(parameters.get("boundary", ""), limits)
    stream = _Parts(reader, chunks, _Budget(limits.envelope_octets, WIRE_FACTOR))
    start = parameters.get("start")
    wanted = xop.canonical_content_id(start) if start else None
    early: list[_HeldPart] = []
    for part in stream:
        content = b"".join(_metered(part.decoded(), budget))
        if wanted is None or part.content_id == wanted:
            break
        early.append(_HeldPart(part.content_id, content))
    else:
        raise bad_multipart(
            f"its start parameter names {quote(start or '')}, and no part has this Content-ID; "
            f"Content-IDs that came: {xop.listed(p.content_id for p in early)}"
        )
    if part.media_type and part.media_type not in ROOT_TYPES:
        raise SoapFault(
            FaultCode.SENDER,
            f"The root part's Content-Type is {quote(part.media_type)}; expected "
            "application/xop+xml or application/soap+xml.",
        )
    root = parse(content, limits, charset=part.parameters.get("charset", ""))
    attachments = StreamedAttachments(stream, early, limits)
    includes = xop.includes_to_complete(root)
    if includes:
        attachments.complete(includes, budget)
        content = etree.tostring(root)
    stream.budget = None
    inner_action = part.parameters.get("action", "")
    return Incoming(
        root=root,
        octets=content,
        is_mtom=True,
        http_action=_http_action(parameters, inner_action, soap_action),
        attachments=attachments,
    )


def _metered(octets: Iterator[bytes], budget: _Budget) -> Iterator[bytes]:
    for chunk in octets:
        budget.spend(len(chunk))
        yield chunk


@dataclass(frozen=True, slots=True)
class _HeldPart:
    """A part that is already in memory."""

    content_id: str
    content: bytes

    def chunks(self) -> Iterator[bytes]:
        if self.content:
            yield self.content


class _Part:
    """A part on the wire; reading it moves the stream."""

    def __init__(self, headers: PartBegin, number: int, pull: Callable[[], Event | None]) -> None:
        named = headers.headers
        self.media_type, self.parameters = parse_content_type(named.get("content-type", ""))
        self.content_id = xop.canonical_content_id(named.get("content-id", ""))
        self._encoding = named.get("content-transfer-encoding", "").strip().lower()
        self._number = number
        self._pull = pull
        self.is_whole = False

    def raw(self) -> Iterator[bytes]:
        """Yield what is left of the part as it stands on the wire."""
        while not self.is_whole:
            event = self._pull()
            if isinstance(event, PartData):
                yield event.octets
            else:
                self.is_whole = True

    def decoded(self) -> Iterator[bytes]:
        """Yield the content. Errors: SoapFault for an encoding that is unknown or not kept."""
        if self._encoding in IDENTITY:
            return self.raw()
        if self._encoding == "base64":
            return self._base64()
        raise bad_multipart(
            f"part {self._number} has the Content-Transfer-Encoding {quote(self._encoding)}; "
            "expected binary, 8bit, 7bit or base64"
        )

    def _base64(self) -> Iterator[bytes]:
        rest = b""
        for chunk in self.raw():
            rest += chunk.translate(None, b" \t\r\n")
            # The last group is held back: only it may have padding.
            whole = max(0, len(rest) - len(rest) % 4 - 4)
            if whole:
                yield self._decode(rest[:whole], is_last=False)
                rest = rest[whole:]
        if rest:
            yield self._decode(rest, is_last=True)

    def _decode(self, text: bytes, *, is_last: bool) -> bytes:
        fault = bad_multipart(f"part {self._number} is not the base64 that its head says it is")
        if not is_last and b"=" in text:
            raise fault
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error:
            raise fault from None


class _Parts:
    """The parts of a multipart stream, one after the other."""

    def __init__(self, reader: MultipartReader, chunks: Iterator[bytes], budget: _Budget) -> None:
        self._reader = reader
        self._chunks = chunks
        self.budget: _Budget | None = budget
        """For bytes on the wire, preamble and heads too; None once the envelope is whole."""
        self._piece = 0
        self._seen: set[str] = set()
        self._queue: deque[Event] = deque()
        self._number = 0
        self._current: _Part | None = None

    def __iter__(self) -> "Iterator[_Part]":
        return self

    def __next__(self) -> _Part:
        if self._current is not None:
            for _ in self._current.raw():
                pass
        event = self._pull()
        if event is None:
            raise StopIteration
        if not isinstance(event, PartBegin):
            raise TypeError("a part starts with its head")
        self._number += 1
        self._current = part = _Part(event, self._number, self._pull)
        if part.content_id and part.content_id in self._seen:
            raise bad_multipart(
                f"two parts have the Content-ID {quote(part.content_id)}; each must be unique "
                "(RFC 2392)"
            )
        self._seen.add(part.content_id)
        return part

    def _pull(self) -> Event | None:
        while not self._queue:
            if self._reader.is_finished:
                return None
            if self.budget is not None:
                # The piece before this one: its end may already be a document's.
                self.budget.spend(self._piece)
            chunk = next(self._chunks, b"")
            self._piece = len(chunk)
            self._queue.extend(self._reader.feed(chunk) if chunk else self._reader.close())
        return self._queue.popleft()


class StreamedAttachments:
    """`xds.soap.exchange.Attachments` over the rest of a stream; can be iterated once."""

    def __init__(self, stream: _Parts | None, early: list[_HeldPart], limits: Limits) -> None:
        self._stream = stream
        self._held = early
        self._limits = limits

    def complete(self, includes: list[tuple[etree._Element, str]], budget: _Budget) -> None:
        """Put the parts that the envelope needs in place, reading on as far as they are.

        Each place counts: many Includes may name one part.
        """
        cap = self._limits.text_octets
        for include, content_id in includes:
            text = base64.b64encode(self._held_content(content_id, budget))
            if len(text) > cap:
                raise SoapFault(
                    FaultCode.SENDER,
                    f"The part {quote(content_id)} stands for a text outside xds:Document and is "
                    f"over {cap} characters long in base64.",
                )
            budget.spend(len(text))
            xop.put_in_place(include, text)

    def _held_content(self, content_id: str, budget: _Budget) -> bytes:
        for held in self._held:
            if held.content_id == content_id:
                return held.content
        for part in self._stream or ():
            content = b"".join(_metered(part.decoded(), budget))
            self._held.append(_HeldPart(part.content_id, content))
            if part.content_id == content_id:
                return content
        raise xop.missing_parts([content_id], [p.content_id for p in self._held])

    def __iter__(self) -> Iterator[Attachment]:
        yield from self._held
        for part in self._stream or ():
            yield StreamedAttachment(part, self._limits)


class StreamedAttachment:
    """One document on the wire."""

    def __init__(self, part: _Part, limits: Limits) -> None:
        self._part = part
        self._limit = limits.document_octets
        self.content_id = part.content_id

    def chunks(self) -> Iterator[bytes]:
        """Yield the decoded content. Errors: SoapFault past the limit of one document."""
        size = 0
        for chunk in self._part.decoded():
            size += len(chunk)
            if size > self._limit:
                raise SoapFault(
                    FaultCode.SENDER,
                    f"The document in the part {quote(self.content_id)} is over the limit of "
                    f"{self._limit} octets for one document.",
                )
            yield chunk
