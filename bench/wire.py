"""One HTTP connection, kept alive, with as little of a client around it as can be.

It sends bodies in pieces and counts what comes back, so that the numbers are the server's.
"""

import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

READ_OCTETS = 1024 * 1024
BOUNDARY = "bench-boundary-7d1f"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back."""

    status: int
    octets: int
    """Length of the body, without chunk framing."""
    head: bytes
    """The first octets of the body."""

    def require(self, *needed: bytes) -> "Reply":
        """Return itself, or say what came instead of what was needed."""
        if self.status != 200 or not all(n in self.head for n in needed):
            raise SystemExit(f"bench: HTTP {self.status}, expected {needed}: {self.head!r}")
        return self


@dataclass(slots=True)
class Connection:
    """A connection to one URL."""

    url: str
    _socket: socket.socket = field(init=False)
    _buffer: bytearray = field(init=False, default_factory=lambda: bytearray(READ_OCTETS))
    _rest: bytes = b""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def get(self) -> Reply:
        """GET the URL."""
        self._socket.sendall(self._head("GET", "", 0))
        return self._reply()

    def post(self, content_type: str, pieces: Iterable[bytes | memoryview]) -> Reply:
        """POST the pieces as one body of known length."""
        pieces = list(pieces)
        length = sum(len(p) for p in pieces)
        head = self._head("POST", content_type, length)
        self._socket.sendall(head + bytes(pieces[0]))
        for piece in pieces[1:]:
            self._socket.sendall(piece)
        return self._reply()

    def soap(self, envelope: bytes) -> Reply:
        """POST a plain SOAP 1.2 envelope."""
        return self.post("application/soap+xml; charset=UTF-8", [envelope])

    def mtom(self, envelope: bytes, documents: Iterable[memoryview] = ()) -> Reply:
        """POST an MTOM package whose documents are `doc1@bench` and on."""
        pieces: list[bytes | memoryview] = [
            (
                f"--{BOUNDARY}\r\nContent-Type: application/xop+xml; charset=UTF-8; "
                'type="application/soap+xml"\r\nContent-Transfer-Encoding: binary\r\n'
                "Content-ID: <root@bench>\r\n\r\n"
            ).encode()
            + envelope
        ]
        for number, document in enumerate(documents, start=1):
            head = (
                f"\r\n--{BOUNDARY}\r\nContent-Type: application/octet-stream\r\n"
                f"Content-Transfer-Encoding: binary\r\nContent-ID: <doc{number}@bench>\r\n\r\n"
            )
            pieces += [head.encode(), document]
        pieces.append(f"\r\n--{BOUNDARY}--\r\n".encode())
        if sum(len(p) for p in pieces) < READ_OCTETS:  # one packet train for small messages
            pieces = [b"".join(pieces)]
        return self.post(
            f'multipart/related; boundary="{BOUNDARY}"; type="application/xop+xml"; '
            'start="<root@bench>"; start-info="application/soap+xml"',
            pieces,
        )

    def _head(self, method: str, content_type: str, length: int) -> bytes:
        parts = urlsplit(self.url)
        lines = [f"{method} {parts.path or '/'} HTTP/1.1", f"Host: {parts.netloc}"]
        if content_type:
            lines += [f"Content-Type: {content_type}", f"Content-Length: {length}"]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def _reply(self) -> Reply:
        head = self._until(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        fields = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
        status = int(lines[0].split()[1])
        if fields.get("transfer-encoding", "").lower() == "chunked":
            return self._chunked(status)
        length = int(fields.get("content-length", 0))
        first = self._exactly(min(length, 65536))
        self._skip(length - len(first))
        return Reply(status=status, octets=length, head=first)

    def _chunked(self, status: int) -> Reply:
        octets, first = 0, b""
        while size := int(self._until(b"\r\n").split(b";")[0], 16):
            piece = self._exactly(min(size, 65536)) if len(first) < 65536 else b""
            first += piece
            self._skip(size - len(piece))
            octets += size
            self._exactly(2)
        self._until(b"\r\n")
        return Reply(status=status, octets=octets, head=first)

    def _receive(self) -> bytes:
        count = self._socket.recv_into(self._buffer)
        if not count:
            raise SystemExit("bench: the server closed the connection")
        return bytes(memoryview(self._buffer)[:count])

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._rest:
            self._rest += self._receive()
        before, _, self._rest = self._rest.partition(mark)
        return before

    def _exactly(self, size: int) -> bytes:
        while len(self._rest) < size:
            self._rest += self._receive()
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    def _skip(self, size: int) -> None:
        taken = min(size, len(self._rest))
        self._rest = self._rest[taken:]
        size -= taken
        with memoryview(self._buffer) as view:
            while size:
                count = self._socket.recv_into(view[: min(size, READ_OCTETS)])
                if not count:
                    raise SystemExit("bench: the answer broke off")
                size -= count
