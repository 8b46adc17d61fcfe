"""multipart/related as a push parser and a writer, sans I/O: bytes in, events out.

Theory. A body is preamble, parts, epilogue. A part starts after a delimiter line
`CRLF--boundary[--] LWS CRLF` and ends before the next. The reader holds back only what may still
turn out to be a delimiter, so memory is bounded whatever the chunks are; it decides nothing about
content. Two laws hold and are tested: the same bytes cut in any way give the same events, and any
bytes give events or one `SoapFault`.

Spec: RFC 2046 §5.1.1, RFC 2387, MTOM/XOP; ITI TF-2 §V.8.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from enum import Enum, auto
from functools import lru_cache
from typing import Final

from xds.errors import quote
from xds.limits import Limits
from xds.soap.fault import FaultCode, SoapFault

MAX_BOUNDARY_CHARACTERS: Final = 70  # RFC 2046 §5.1.1
MAX_CONTENT_TYPE_CHARACTERS: Final = 4096
MAX_PADDING_OCTETS: Final = 64
"""White space after a boundary; RFC 2046 allows any amount, nobody sends any."""


@dataclass(frozen=True, slots=True)
class PartBegin:
    """A part's head: header names in lower case."""

    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PartData:
    """Some of the part's content as it stands on the wire."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class PartEnd:
    """The part is whole."""


Event = PartBegin | PartData | PartEnd


def bad_multipart(reason: str, operator_detail: str = "") -> SoapFault:
    """Return the fault for a body that is not the multipart it says it is.

    With `operator_detail`, that is what is logged: for a reason that quotes the body.
    """
    return SoapFault(
        FaultCode.SENDER,
        f"The multipart/related body is malformed: {reason}",
        operator_detail=operator_detail,
    )


def parse_content_type(value: str) -> tuple[str, dict[str, str]]:
    """Return the media type in lower case and its parameters, names in lower case, values unquoted.

    Errors: none; a value that cannot be parsed gives ('', {}).
    """
    media_type, parameters = _read_content_type(value[:MAX_CONTENT_TYPE_CHARACTERS])
    return media_type, dict(parameters)


@lru_cache(maxsize=256)
def _read_content_type(value: str) -> tuple[str, Mapping[str, str]]:
    message = Message()
    try:
        message["Content-Type"] = value.replace("\r", " ").replace("\n", " ")
        parameters = message.get_params(failobj=[], unquote=True)
    except (ValueError, TypeError):
        return "", {}
    found: dict[str, str] = {}
    for name, text in parameters[1:]:
        found.setdefault(name.strip().lower(), str(text))
    media_type = parameters[0][0].strip().lower() if parameters else ""
    return media_type, found


class _State(Enum):
    PREAMBLE = auto()
    HEAD = auto()
    BODY = auto()
    EPILOGUE = auto()


class MultipartReader:
    """Feed it the body as it comes; it answers with the events that are certain."""

    def __init__(self, boundary: str, limits: Limits) -> None:
        """Read a body with this boundary. Errors: SoapFault for a boundary that cannot be one."""
        if not boundary or len(boundary) > MAX_BOUNDARY_CHARACTERS or not boundary.isascii():
            raise bad_multipart(
                f"its boundary parameter is {quote(boundary)}; expected 1 to "
                f"{MAX_BOUNDARY_CHARACTERS} ASCII characters (RFC 2046 §5.1.1)"
            )
        self._delimiter = b"\r\n--" + boundary.encode("ascii")
        self._keep = len(self._delimiter) + MAX_PADDING_OCTETS + 2
        self._limits = limits
        # A body that opens with its delimiter has no CRLF before it; give it one.
        self._buffer = b"\r\n"
        self._state = _State.PREAMBLE
        self._parts = 0
        self._at_start = False

    @property
    def is_finished(self) -> bool:
        """Whether the closing delimiter was read."""
        return self._state is _State.EPILOGUE

    def feed(self, octets: bytes) -> list[Event]:
        """Take the next bytes, return the events they complete. Errors: SoapFault."""
        if self._state is _State.EPILOGUE:
            return []
        if self._state is _State.BODY and not self._buffer and self._delimiter not in octets:
            # The usual case by far, and without a copy: a piece from the middle of a document.
            return self._middle(octets)
        self._buffer += octets
        events: list[Event] = []
        while self._advance(events):
            pass
        return events

    def close(self) -> list[Event]:
        """Say that no more bytes come. Errors: SoapFault when the body is not whole."""
        if self._state is _State.EPILOGUE:
            return []
        boundary = quote(self._delimiter[2:].decode("ascii"))
        if self._state is _State.PREAMBLE:
            raise bad_multipart(
                f"no line {boundary} was found; expected one before each part, as the boundary "
                "parameter of the Content-Type says, with CRLF at its end"
            )
        raise bad_multipart(
            f"it ends in part {self._parts}, before the closing line {boundary[:-1]}--'. "
            "Fix: send the whole body"
        )

    def _middle(self, octets: bytes) -> list[Event]:
        """Return the piece as content, but for an end that may be the start of a delimiter."""
        upto = self._certain(octets)
        self._buffer = octets[upto:]
        return [PartData(octets[:upto])] if upto else []

    def _certain(self, octets: bytes) -> int:
        """Return up to where bytes without a whole delimiter cannot be part of one."""
        at = octets.find(b"\r", max(0, len(octets) - len(self._delimiter) + 1))
        while at >= 0:
            if self._delimiter.startswith(octets[at:]):
                return at
            at = octets.find(b"\r", at + 1)
        return len(octets)

    def _advance(self, events: list[Event]) -> bool:
        """Take one step; return whether another may be possible with what is in the buffer."""
        if self._state is _State.HEAD:
            return self._head(events)
        if self._state is _State.EPILOGUE:
            self._buffer = b""
            return False
        return self._content(events)

    def _content(self, events: list[Event]) -> bool:
        """Emit content up to the next delimiter; keep what may be the start of one."""
        if self._at_start and not self._open():
            return False
        search_from = 0
        while True:
            found = self._buffer.find(self._delimiter, search_from)
            if found < 0:
                self._emit(events, self._certain(self._buffer))
                return False
            stands, end = self._delimiter_at(found)
            if stands is None:
                self._emit(events, found)
                return False
            if stands:
                break
            search_from = found + 2
        self._emit(events, found)
        if self._state is _State.BODY:
            events.append(PartEnd())
        is_last = self._buffer.startswith(self._delimiter + b"--")
        self._buffer = self._buffer[end - found :]
        self._state = _State.EPILOGUE if is_last else _State.HEAD
        if is_last and not self._parts:
            raise bad_multipart("it has no part")
        return True

    def _open(self) -> bool:
        """Step over the empty line after a head, unless it is the CRLF of a delimiter.

        RFC 2046 gives the CRLF before a delimiter to the delimiter, so a part without content may
        have only one. Return False when too few bytes have come to tell.
        """
        stands: bool | None = False
        if self._buffer.startswith(self._delimiter):
            stands, _ = self._delimiter_at(0)
        elif self._delimiter.startswith(self._buffer):
            stands = None
        if stands is None:
            return False
        if not stands:
            self._buffer = self._buffer[2:]
        self._at_start = False
        return True

    def _delimiter_at(self, found: int) -> tuple[bool | None, int]:
        """Return whether a delimiter line stands here (None: too early) and where it ends."""
        after = self._buffer[found + len(self._delimiter) : found + self._keep]
        if after.startswith(b"--"):
            return True, found + len(self._delimiter) + 2
        if after == b"-":
            return None, 0
        padding = len(after) - len(after.lstrip(b" \t"))
        rest = after[padding:]
        if rest.startswith(b"\r\n"):
            # The CRLF stays: a head may be empty, and then it is the first half of its end.
            return True, found + len(self._delimiter) + padding
        if rest in (b"", b"\r") and len(after) < MAX_PADDING_OCTETS + 2:
            return None, 0
        return False, 0

    def _emit(self, events: list[Event], upto: int) -> None:
        if upto <= 0:
            return
        if self._state is _State.BODY:
            events.append(PartData(self._buffer[:upto]))
        self._buffer = self._buffer[upto:]

    def _head(self, events: list[Event]) -> bool:
        """Read a part's head, which ends with an empty line."""
        # The buffer starts with the CRLF of the delimiter line.
        end = self._buffer.find(b"\r\n\r\n")
        limit = self._limits.part_head_octets
        if end > limit or (end < 0 and len(self._buffer) > limit + len(b"\r\n\r")):
            raise bad_multipart(f"the head of part {self._parts + 1} is over {limit} octets")
        if end < 0:
            return False
        self._parts += 1
        if self._parts > self._limits.parts:
            raise bad_multipart(f"it has more than {self._limits.parts} parts")
        events.append(PartBegin(_headers(self._buffer[2:end], self._parts)))
        self._buffer = self._buffer[end + 2 :]
        self._state = _State.BODY
        self._at_start = True
        return True


def _headers(head: bytes, part: int) -> dict[str, str]:
    """Return a part's headers, names in lower case; the first of a name wins."""
    text = head.decode("utf-8", "replace").replace("\r\n ", " ").replace("\r\n\t", " ")
    headers: dict[str, str] = {}
    for line in text.split("\r\n"):
        if not line:
            continue
        name, colon, value = line.partition(":")
        if not colon:
            # Without the empty line that ends a head, this is the first line of a document.
            wrong = f"part {part} has a header line without a colon"
            raise bad_multipart(f"{wrong}: {quote(line)}", wrong)
        headers.setdefault(name.strip().lower(), value.strip())
    return headers


def write_multipart(
    boundary: str, parts: Iterable[tuple[Mapping[str, str], Iterable[bytes]]]
) -> Iterator[bytes]:
    """Yield a multipart body: each part's head, then its content as it comes."""
    line = b"--" + boundary.encode("ascii")
    for headers, content in parts:
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        yield line + b"\r\n" + head.encode("utf-8") + b"\r\n"
        yield from content
        yield b"\r\n"
    yield line + b"--\r\n"
