"""Audit messages on their way: syslog lines, their frames, and a TLS connection to the server.

RFC 5425 has no acknowledgement, so a message that was written to the connection is not known to
have arrived. What can be known is told here: whether the other machine has taken every octet
(`is_taken`), whether it has said no since (`check`), and whether the server read up to our goodbye
(`finish`). What follows from that is decided in `xds.audit.forwarding`.

Spec: ITI TF-2 §3.20.4.1.2 (PRI 85, MSGID, no structured data), RFC 5424 §6, RFC 5425 §4.
"""

import fcntl
import re
import socket
import ssl
import struct
import termios
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

PRIORITY: Final = 85
"""Facility 10 (security), severity 5 (normal but significant)."""
MESSAGE_ID: Final = "IHE+RFC-3881"
SCHEME: Final = "syslog-tls"
DEFAULT_PORT: Final = 6514
"""RFC 5425 §4.1."""
NIL: Final = "-"
_LONGEST: Final = {"host": 255, "app": 48, "process": 128}
_NOT_PRINTABLE: Final = re.compile(r"[^\x21-\x7e]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where messages go."""

    host: str
    port: int = DEFAULT_PORT

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Files of mutual TLS, all PEM; read for each connection, so that new ones are taken up."""

    ca: Path
    """The authority of the server's certificate."""
    certificate: Path
    key: Path


def read_destination(text: str) -> Destination:
    """Return the destination that `syslog-tls://host:6514` names. Errors: ValueError."""
    parts = urlsplit(text)
    rest = (parts.path.strip("/"), parts.query, parts.fragment, parts.username)
    if parts.scheme != SCHEME or not parts.hostname or any(rest):
        raise ValueError(f"expected an address such as {SCHEME}://audit.example:{DEFAULT_PORT}")
    return Destination(host=parts.hostname, port=parts.port or DEFAULT_PORT)


def syslog_line(message: bytes, *, instant: datetime, host: str, app: str, process: str) -> bytes:
    """Return a message as a syslog line, without a frame. Spec: RFC 5424 §6."""
    stamp = instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    names = (_name(host, "host"), _name(app, "app"), _name(process, "process"))
    header = f"<{PRIORITY}>1 {stamp} {' '.join(names)} {MESSAGE_ID} {NIL} "
    return header.encode("ascii") + message


def frame(line: bytes) -> bytes:
    """Return a line with its length before it. Spec: RFC 5425 §4.3 (octet counting)."""
    return b"%d " % len(line) + line


def _name(text: str, kind: str) -> str:
    return _NOT_PRINTABLE.sub("_", text)[: _LONGEST[kind]] or NIL


class Connection:
    """A connection over which frames go, one after the other; used by one thread."""

    def __init__(self, destination: Destination, files: Credentials, timeout: float) -> None:
        """Connect and shake hands. Errors: OSError (ssl.SSLError is one)."""
        context = _context(files)
        plain = socket.create_connection((destination.host, destination.port), timeout)
        try:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            # Octets that nobody takes end the connection; the system would wait for a quarter of an
            # hour.
            user_timeout = int(timeout * 1000)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, user_timeout)
            self._socket = context.wrap_socket(plain, server_hostname=destination.host)
        except BaseException:
            plain.close()
            raise
        self._timeout = timeout

    def send(self, octets: bytes) -> None:
        """Return when the octets are written. Errors: OSError."""
        self._socket.settimeout(self._timeout)
        self._socket.sendall(octets)

    def check(self) -> None:
        """Look whether the server has closed or refused. Errors: OSError when it has."""
        self._socket.settimeout(0)
        try:
            while True:
                if not self._socket.recv(4096):
                    raise ConnectionResetError("the server closed the connection")
        except (ssl.SSLWantReadError, BlockingIOError):
            return

    def is_taken(self) -> bool:
        """Return whether the server's machine has acknowledged every octet. Errors: OSError."""
        waiting = fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
        return bool(struct.unpack("i", waiting)[0] == 0)

    def finish(self) -> bool:
        """Say goodbye; return whether the server answered it, having read all before it.

        Spec: RFC 5425 §4.4 (close_notify on both sides).
        """
        try:
            self._socket.settimeout(self._timeout)
            self._socket.unwrap()
        except (OSError, ValueError):
            return False
        return True

    def close(self) -> None:
        """Close without a word."""
        self._socket.close()


def _context(files: Credentials) -> ssl.SSLContext:
    """Return what the connection trusts, and who it is. Errors: OSError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(files.ca)
    context.load_cert_chain(files.certificate, files.key)
    return context


def check_files(files: Credentials) -> None:
    """Look whether the files can be used, before anything is sent. Errors: OSError."""
    _context(files)
