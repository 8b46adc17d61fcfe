"""The request's body from the socket: in pieces, at a minimum rate, drained in the end.

There is no limit on total time, only on silence and on slowness: the first byte within
`Limits.first_byte_seconds`, then each piece at `Limits.minimum_rate_octets` a second or faster. A
caller who is refused while still sending gets the answer first; then what is left is read and
thrown away, within bounds, so that closing the connection does not destroy the answer on its way.
The answer is held to the same rate: who does not take it does not keep a thread.
"""

import io
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any, Final

from xds.clock import monotonic
from xds.limits import MIB, Limits
from xds.soap.fault import FaultCode, SoapFault

PIECE_OCTETS: Final = 64 * 1024
DIRECT_OCTETS: Final = 256 * 1024
"""A piece that is read straight from the socket; what fits the processor's cache."""
FIRST_OCTETS: Final = 1024
"""What gunicorn waits for when it is asked for a single byte."""
SMALL_OCTETS: Final = 16 * 1024
FAST_SECONDS: Final = 0.5
GRACE_SECONDS: Final = 5.0
"""Added to the time that a piece may take at the minimum rate."""
DRAIN_OCTETS: Final = 64 * MIB
DRAIN_SECONDS: Final = 5.0
FINISH_SECONDS: Final = 1.0
WATCH_SECONDS: Final = 0.5


class _Watchdog:
    """Ends the reading or the writing of connections that miss their deadline.

    Why a thread: a time-out on the socket starts anew with every byte, so a caller who drips one
    byte at a time would never meet it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._deadlines: dict[int, tuple[float, socket.socket, int]] = {}
        self._thread: threading.Thread | None = None

    def watch(
        self, key: int, connection: socket.socket, seconds: float, how: int = socket.SHUT_RD
    ) -> None:
        """Shut the connection, for reading alone or wholly, unless `release` comes in time."""
        with self._lock:
            self._deadlines[key] = (monotonic() + seconds, connection, how)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
                self._thread.start()

    def release(self, key: int) -> bool:
        """Stop watching; return whether the deadline was kept."""
        with self._lock:
            return self._deadlines.pop(key, None) is not None

    def _run(self) -> None:
        pause = threading.Event()
        while not pause.wait(WATCH_SECONDS):
            with self._lock:
                late = [k for k, (at, *_) in self._deadlines.items() if at < monotonic()]
                missed = [self._deadlines.pop(key) for key in late]
            for _, connection, how in missed:
                try:
                    connection.shutdown(how)
                except OSError:  # already gone
                    continue


WATCHDOG: Final = _Watchdog()


class _Direct:
    """A body of known length, read from gunicorn's socket.

    Why: gunicorn reads ahead and copies what is left of it at every read, about ten times the body;
    here each piece is received once, where it stays. What gunicorn holds already comes first, and
    its count of what is left is kept, so that it finds the next request.
    """

    def __init__(self, connection: socket.socket, reader: Any) -> None:
        self._connection = connection
        self._reader = reader

    def read(self, size: int) -> bytes:
        """Return so many bytes, fewer only when the caller stops sending."""
        unreader = self._reader.unreader
        held: bytes = unreader.buf.getvalue()
        if held:
            unreader.buf = io.BytesIO(held[size:])
        pieces = [held[:size]] if held else []
        missing = size - len(held)
        while missing > 0:
            piece = self._connection.recv(missing, socket.MSG_WAITALL)
            if not piece:
                break
            pieces.append(piece)
            missing -= len(piece)
        found = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self._reader.length -= len(found)
        return found


def _direct(environ: dict[str, Any]) -> _Direct | None:
    """Return the direct way to the body where gunicorn and its length allow it, without TLS."""
    connection = environ.get("gunicorn.socket")
    reader = getattr(environ["wsgi.input"], "reader", None)
    known = hasattr(reader, "length") and hasattr(getattr(reader, "unreader", None), "buf")
    if not isinstance(connection, socket.socket) or isinstance(connection, ssl.SSLSocket):
        return None
    return _Direct(connection, reader) if known else None


def _without_detour(body: Any) -> Any:
    """Return gunicorn's reader of a chunked body, without its wrapper that asks by kilobytes."""
    reader = getattr(body, "reader", None)
    return reader if hasattr(reader, "parser") and not body.buf.tell() else body


class Wire:
    """One request's body. Errors: SoapFault when the caller is silent, too slow, or goes away."""

    def __init__(self, environ: dict[str, Any], limits: Limits) -> None:
        """Read from a WSGI environment; gunicorn also shows its socket, for deadlines."""
        direct = _direct(environ)
        self._input = direct or _without_detour(environ["wsgi.input"])
        self._piece_octets = DIRECT_OCTETS if direct else PIECE_OCTETS
        self._socket: socket.socket | None = environ.get("gunicorn.socket")
        self._limits = limits
        length = environ.get("CONTENT_LENGTH") or ""
        is_chunked = "chunked" in (environ.get("HTTP_TRANSFER_ENCODING") or "").lower()
        self._left: int | None = int(length) if length.isdecimal() else 0
        if is_chunked or environ.get("wsgi.input_terminated"):
            self._left = None if not length.isdecimal() or is_chunked else self._left
        self._read = 0
        self._is_over = self._left == 0
        self._is_broken = False

    @property
    def is_spent(self) -> bool:
        """Whether every byte of the request was read, so that the connection can serve another."""
        return self._is_over and not self._is_broken

    def finish(self) -> bool:
        """Return whether the request is wholly read; of a chunked one the end may be still to come.

        A room that read its last part has not read the empty chunk after it.
        """
        if self._left is None and not self._is_over and not self._is_broken:
            try:
                self._next(FINISH_SECONDS, 1)
            except SoapFault:
                return False
        return self.is_spent

    def chunks(self) -> Iterator[bytes]:
        """Yield the body's bytes as they come."""
        rate = self._limits.minimum_rate_octets
        if first := self._next(self._limits.first_byte_seconds + FIRST_OCTETS / rate, 1):
            yield first
        size = SMALL_OCTETS
        asked = monotonic()
        while chunk := self._next(GRACE_SECONDS + size / rate, size):
            # Small pieces while the caller is slow, so that one who drips is soon found out.
            is_fast = monotonic() - asked < FAST_SECONDS
            yield chunk
            size = min(4 * size, self._piece_octets) if is_fast else SMALL_OCTETS
            asked = monotonic()

    def _next(self, seconds: float, most: int = 0) -> bytes:
        if self._is_over or self._is_broken:
            return b""
        most = most or self._piece_octets
        size = most if self._left is None else min(most, self._left)
        chunk, is_in_time = self._read_within(size, seconds)
        self._read += len(chunk)
        if self._left is not None:
            self._left -= len(chunk)
        if not is_in_time or (not chunk and self._left):
            self._is_broken = True
            raise self._broken(is_in_time=is_in_time)
        self._is_over = not chunk or self._left == 0
        return chunk

    def _read_within(self, size: int, seconds: float) -> tuple[bytes, bool]:
        """Return the next bytes, and whether they came in time."""
        if self._socket is None:
            return self._input.read(size), True
        WATCHDOG.watch(id(self), self._socket, seconds)
        try:
            chunk: bytes = self._input.read(size)
        except Exception as error:  # gunicorn's own errors have no common base
            self._is_broken = True
            raise self._broken(is_in_time=WATCHDOG.release(id(self))) from error
        return chunk, WATCHDOG.release(id(self))

    def _broken(self, *, is_in_time: bool) -> SoapFault:
        if is_in_time:
            return SoapFault(
                FaultCode.SENDER,
                f"The request's body broke off after {self._read} octets. Fix: send as many as the "
                "Content-Length says, or end the last chunk.",
            )
        return SoapFault(
            FaultCode.SENDER,
            "The request came too slowly: expected its first byte within "
            f"{self._limits.first_byte_seconds:g} s, then {self._limits.minimum_rate_octets} "
            f"octets a second; {self._read} octets came.",
        )

    def lingering(self, answer: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the answer, then throw away what the caller is still sending, within bounds."""
        for piece in answer:
            yield from self._sent(piece)
        started = monotonic()
        drained = 0
        try:
            while chunk := self._next(DRAIN_SECONDS):
                drained += len(chunk)
                if drained > DRAIN_OCTETS or monotonic() - started > DRAIN_SECONDS:
                    return
        except SoapFault:
            return

    def _sent(self, piece: bytes) -> Iterator[bytes]:
        """Yield a piece of the answer; a caller who takes it too slowly loses the connection."""
        if self._socket is None:
            yield piece
            return
        seconds = GRACE_SECONDS + len(piece) / self._limits.minimum_rate_octets
        WATCHDOG.watch(id(self), self._socket, seconds, socket.SHUT_RDWR)
        try:
            yield piece
        finally:
            WATCHDOG.release(id(self))
