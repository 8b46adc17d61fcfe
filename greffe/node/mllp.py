"""MLLP over sockets: many connections, time-outs, mutual TLS, a drained stop.

One thread runs an event loop that reads and writes; messages are answered by a pool of threads,
those of one connection one after the other. A connection costs a few kilobytes, so idle and slow
senders hold nothing up; what they may cost is bounded by settings ([mllp] of greffe.toml).

Clear text is for this machine only: on any other address the node starts with mutual TLS or not at
all (ITI TF-2 §3.8.5, ATNA's node authentication).

Spec: MLLP release 1; ITI TF-2 Appendix C.2.1. What a message means is
`registry/iti8_patient_feed`.
"""

import asyncio
import ipaddress
import logging
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography import x509

from greffe.node.server import StartError, bind
from registry.iti8_patient_feed.framing import FrameTooLongError, Framing, framed
from registry.iti8_patient_feed.handle import PatientFeed, Sender
from xds.clock import monotonic
from xds.log import trace
from xds.settings import Settings

READ_OCTETS: Final = 64 * 1024
WRITE_SECONDS: Final = 30
"""How long a sender may take to read its acknowledgement."""
HANDSHAKE_SECONDS: Final = 10
DRAIN_SECONDS: Final = 10
"""How long a stopping node lets messages that have begun end."""
TLS_KEYS: Final = ("certificate", "key", "client_ca")

log = logging.getLogger("greffe.mllp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What senders may cost."""

    message_octets: int
    idle_seconds: float
    """Between messages."""
    message_seconds: float
    """From the first octet of a message to its last."""
    connections: int
    threads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """A bound socket, and how connections on it are treated."""

    listener: socket.socket
    tls: ssl.SSLContext | None
    limits: Limits

    @property
    def address(self) -> str:
        """`127.0.0.1:2575`."""
        host, port = self.listener.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def listen(settings: Settings, port: int) -> Listening:
    """Bind the feed's socket; port 0 takes a free one. Errors: StartError."""
    files = {name: getattr(settings, f"mllp_{name}") for name in TLS_KEYS}
    given = [name for name, path in files.items() if path]
    if given and len(given) < len(TLS_KEYS):
        missing = ", ".join(f"[mllp] {name}" for name in TLS_KEYS if name not in given)
        raise StartError(
            f"mutual TLS needs all its files: greffe.toml lacks {missing}. Fix: add it"
        )
    if not given and not ipaddress.ip_address(settings.mllp_bind_address).is_loopback:
        raise StartError(
            f"the patient identity feed on {settings.mllp_bind_address} would be in clear text. "
            "Fix: set [mllp] certificate, key and client_ca in greffe.toml, or bind_address to "
            "127.0.0.1"
        )
    tls = _context(files) if given else None
    return Listening(
        listener=bind(settings.mllp_bind_address, port),
        tls=tls,
        limits=Limits(
            message_octets=settings.mllp_message_octets,
            idle_seconds=settings.mllp_idle_seconds,
            message_seconds=settings.mllp_message_seconds,
            connections=settings.mllp_connections,
            threads=settings.threads,
        ),
    )


def _context(files: dict[str, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    try:
        context.load_cert_chain(files["certificate"], files["key"])
    except (OSError, ssl.SSLError) as error:
        raise StartError(
            f"[mllp] certificate {files['certificate']} and key {files['key']} cannot be used: "
            f"{error}. Fix: name a PEM certificate and its key"
        ) from error
    try:
        context.load_verify_locations(files["client_ca"])
    except (OSError, ssl.SSLError) as error:
        raise StartError(
            f"[mllp] client_ca {files['client_ca']} cannot be used: {error}. "
            "Fix: name the PEM certificate of the authority of the senders' certificates"
        ) from error
    return context


class FeedBeside:
    """The feed beside the Registry's HTTP, in one process: `greffe.node.server.Beside`."""

    name = "mllp"

    def __init__(self, listening: Listening) -> None:
        """Serve on this socket, once started."""
        self._listening = listening
        self._server: MllpServer | None = None
        self.address = listening.address

    def start(self, app: Any) -> None:
        """Begin, in the process that opened the Registry."""
        self._server = MllpServer(self._listening, app.parts.feed)
        self._server.start()

    def begin_stop(self) -> None:
        """Take no more messages; those that have begun may end."""
        if self._server is not None:
            self._server.begin_stop()

    def stop(self) -> None:
        """Return when the last message is answered."""
        if self._server is not None:
            self._server.stop()


class MllpServer:
    """A feed's server in a thread of its own."""

    def __init__(self, listening: Listening, feed: PatientFeed) -> None:
        """Answer what comes on this socket with this feed."""
        self._listening = listening
        self._feed = feed
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._open: set[asyncio.Task[None]] = set()
        self._pool = ThreadPoolExecutor(listening.limits.threads, "mllp")
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mllp", daemon=True)

    def start(self) -> None:
        """Start; returns when connections are accepted."""
        self._thread.start()
        self._ready.wait()

    def begin_stop(self) -> None:
        """Accept nothing more; messages that have begun may end. Any thread may call it."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stopping.set)

    def stop(self) -> None:
        """Stop, and return when the last message is answered or took too long."""
        self.begin_stop()
        self._thread.join(DRAIN_SECONDS + WRITE_SECONDS)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except Exception as defect:  # noqa: BLE001 - the Registry itself goes on
            log.error("the patient feed ended: %s", trace(defect))  # noqa: TRY400
        finally:
            self._ready.set()
            self._pool.shutdown(wait=True)
            self._loop.close()

    async def _serve(self) -> None:
        listening = self._listening
        server = await asyncio.start_server(
            self._connected,
            sock=listening.listener,
            ssl=listening.tls,
            ssl_handshake_timeout=HANDSHAKE_SECONDS if listening.tls else None,
            limit=READ_OCTETS,
            backlog=256,
        )
        self._ready.set()
        await self._stopping.wait()
        server.close()
        if self._open:
            _, late = await asyncio.wait(self._open, timeout=DRAIN_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._converse(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        sender = _sender(writer)
        try:
            if len(self._open) > self._listening.limits.connections:
                log.warning("%s: refused, too many connections are open", sender.peer)
                return
            await _Conversation(self, reader, writer, sender).run()
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            log.info("%s: the connection broke: %s", sender.peer, type(error).__name__)
        except Exception as defect:  # noqa: BLE001 - one connection's end is not the others'
            log.error("%s: %s", sender.peer, trace(defect))  # noqa: TRY400
        finally:
            writer.close()

    async def until_stopping(self) -> None:
        """Return when the server begins to stop."""
        await self._stopping.wait()

    async def answer(self, message: bytes, sender: Sender) -> bytes:
        """Return the acknowledgement of a message, made by the pool."""
        return await self._loop.run_in_executor(self._pool, self._feed.answer, message, sender)

    async def too_long(self, head: bytes, sender: Sender) -> bytes:
        """Return the acknowledgement of a message that is too long."""
        limit = self._listening.limits.message_octets
        return await self._loop.run_in_executor(
            self._pool, self._feed.too_long, head, limit, sender
        )

    @property
    def limits(self) -> Limits:
        """What senders may cost."""
        return self._listening.limits


class _Conversation:
    """One connection."""

    def __init__(
        self,
        server: MllpServer,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        sender: Sender,
    ) -> None:
        self._server, self._reader, self._writer, self._sender = server, reader, writer, sender
        self._framing = Framing(server.limits.message_octets)
        self._since: float | None = None
        """When what is coming began; None between messages."""

    async def run(self) -> None:
        stopping = asyncio.ensure_future(self._server.until_stopping())
        try:
            while octets := await self._read(stopping):
                if not await self._take(octets):
                    return
        finally:
            stopping.cancel()
            if self._framing.garbage:
                log.warning(
                    "%s: dropped %d octets outside messages; a message is between VT and FS CR",
                    self._sender.peer,
                    self._framing.garbage,
                )

    async def _take(self, octets: bytes) -> bool:
        """Answer what these octets complete; returns whether the connection goes on."""
        garbage = self._framing.garbage
        try:
            messages = self._framing.push(octets)
        except FrameTooLongError as error:
            log.warning("%s: more octets than a message may have", self._sender.peer)
            if error.head:
                await self._send(await self._server.too_long(error.head, self._sender))
            return False
        for message in messages:
            await self._send(await self._server.answer(message, self._sender))
        is_coming = not self._framing.is_idle or self._framing.garbage > garbage
        if messages or self._since is None:
            self._since = monotonic() if is_coming else None
        return True

    async def _read(self, stopping: "asyncio.Future[None]") -> bytes:
        """Return what comes next; nothing at the end, when time is up, or when we stop."""
        limits, is_idle = self._server.limits, self._since is None
        spent = 0.0 if self._since is None else monotonic() - self._since
        allowed = limits.idle_seconds if is_idle else limits.message_seconds
        reading = asyncio.ensure_future(self._reader.read(READ_OCTETS))
        awaited: set[asyncio.Future[Any]] = {reading, stopping} if is_idle else {reading}
        done, _ = await asyncio.wait(
            awaited, timeout=max(0.0, allowed - spent), return_when=asyncio.FIRST_COMPLETED
        )
        if reading in done:
            return reading.result()
        reading.cancel()
        if not is_idle:
            log.warning("%s: a message did not end in time", self._sender.peer)
        return b""

    async def _send(self, acknowledgement: bytes) -> None:
        self._writer.write(framed(acknowledgement))
        await asyncio.wait_for(self._writer.drain(), WRITE_SECONDS)


def _sender(writer: asyncio.StreamWriter) -> Sender:
    """Return who is at the other end, as the connection says."""
    peer = writer.get_extra_info("peername") or ("",)
    tls = writer.get_extra_info("ssl_object")
    certificate = tls.getpeercert(binary_form=True) if tls else None
    if not certificate:
        return Sender(peer=str(peer[0]))
    read = x509.load_der_x509_certificate(certificate)
    return Sender(
        peer=str(peer[0]),
        certificate_subject=read.subject.rfc4514_string(),
        certificate_issuer=read.issuer.rfc4514_string(),
    )
