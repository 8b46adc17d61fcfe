"""The parts of a multipart message while it is read: held in memory, put in place, or on the wire.

Parts come one after the other and each is read once; asking for the next skips what is left of the
one before. Content-Transfer-Encodings are undone here. Which part is the root, and when the
envelope is whole, is `xds.soap.incoming`'s business.

Spec: RFC 2045 §6, RFC 2387, RFC 2392; MTOM §3.
"""

import base64
import binascii
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from xds.errors import quote
from xds.limits import Limits
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

IDENTITY: Final = frozenset({"", "binary", "8bit", "7bit"})


class Budget:
    """What the envelope limit still leaves."""

    def __init__(self, octets: int, factor: int = 1) -> None:
        self._limit = octets
        self._left = octets * factor

    def spend(self, octets: int) -> None:
        """Count octets. Errors: SoapFault past the limit."""
        self._left -= octets
        if self._left < 0:
            raise SoapFault(
                FaultCode.SENDER,
                f"The envelope with inline documents and the parts that must be read before it "
                f"or complete it is over the limit of {self._limit} octets. Fix: send documents as "
                "MTOM parts after the root part.",
            )


def metered(octets: Iterator[bytes], budget: Budget) -> Iterator[bytes]:
    """Yield the same bytes and count them. Errors: SoapFault past the limit."""
    for chunk in octets:
        budget.spend(len(chunk))
        yield chunk


@dataclass(frozen=True, slots=True)
class HeldPart:
    """A part that is already in memory."""

    content_id: str
    content: bytes

    def chunks(self) -> Iterator[bytes]:
        """Yield the content."""
        if self.content:
            yield self.content


class Part:
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


class Parts:
    """The parts of a multipart stream, one after the other."""

    def __init__(self, reader: MultipartReader, chunks: Iterator[bytes], budget: Budget) -> None:
        self._reader = reader
        self._chunks = chunks
        self.budget: Budget | None = budget
        """For bytes on the wire, preamble and heads too; None once the envelope is whole."""
        self._piece = 0
        self._seen: set[str] = set()
        self._queue: deque[Event] = deque()
        self._number = 0
        self._current: Part | None = None

    def __iter__(self) -> "Iterator[Part]":
        return self

    def __next__(self) -> Part:
        if self._current is not None:
            for _ in self._current.raw():
                pass
        event = self._pull()
        if event is None:
            raise StopIteration
        if not isinstance(event, PartBegin):
            raise TypeError("a part starts with its head")
        self._number += 1
        self._current = part = Part(event, self._number, self._pull)
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

    def __init__(self, stream: Parts | None, early: list[HeldPart], limits: Limits) -> None:
        self._stream = stream
        self._held = early
        self._limits = limits

    def complete(self, includes: list[tuple[etree._Element, str]], budget: Budget) -> None:
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

    def _held_content(self, content_id: str, budget: Budget) -> bytes:
        for held in self._held:
            if held.content_id == content_id:
                return held.content
        for part in self._stream or ():
            content = b"".join(metered(part.decoded(), budget))
            self._held.append(HeldPart(part.content_id, content))
            if part.content_id == content_id:
                return content
        raise xop.missing_parts([content_id], [p.content_id for p in self._held])

    def __iter__(self) -> Iterator[Attachment]:
        yield from self._held
        for part in self._stream or ():
            yield StreamedAttachment(part, self._limits)


class StreamedAttachment:
    """One document on the wire."""

    def __init__(self, part: Part, limits: Limits) -> None:
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
