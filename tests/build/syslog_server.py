"""A syslog server over mutual TLS that notes what it is told, or misbehaves as it is asked to."""

import contextlib
import re
import socket
import ssl
import threading

FRAME = re.compile(rb"([1-9][0-9]*) ")


class SyslogServer:
    """Serves on a free port of this machine until it is stopped."""

    def __init__(self, authority, *, certificate=None, closes_after=None, port=0, silent=False):
        self.lines = []
        self.connections = 0
        self.changed = threading.Condition()
        self._closes_after = closes_after
        self._silent = silent
        self._open = set()
        self._stopped = False
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*(certificate or authority.leaf("server")))
        self._context.load_verify_locations(authority.ca)
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self._stopped = True
        for one in (self._listener, *list(self._open)):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def wait(self, until, seconds=30):
        """Return when `until(self)` holds."""
        with self.changed:
            assert self.changed.wait_for(lambda: until(self), seconds), (
                f"{len(self.lines)} lines, {self.connections} connections"
            )

    def _accept(self):
        with contextlib.suppress(OSError, ValueError):
            while True:
                plain, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain):
        self._open.add(plain)
        # A socket that `stop` closes in the middle of its handshake gives a ValueError.
        with contextlib.suppress(OSError, ValueError), plain:
            connection = self._context.wrap_socket(plain, server_side=True)
            with connection:
                self._told(connection=1)
                self._open.add(connection)
                self._read(connection)
                with contextlib.suppress(OSError):
                    connection.unwrap()

    def _read(self, connection):
        octets, here = b"", 0
        while self._silent and not self._stopped:
            threading.Event().wait(0.05)
        while came := connection.recv(65536):
            octets += came
            while found := FRAME.match(octets):
                end = found.end() + int(found.group(1))
                if len(octets) < end:
                    break
                line, octets, here = octets[found.end() : end], octets[end:], here + 1
                self._told(line)
                if self._closes_after == here:
                    return

    def _told(self, *lines, connection=0):
        with self.changed:
            self.lines += lines
            self.connections += connection
            self.changed.notify_all()
