"""One service as a process: gunicorn with threads around the service's WSGI application.

Spec: none for the process; RFC 9112 for what its limits mean. An arbiter keeps one worker alive:
one, because a service has one audit trail and, on SQLite, one writer. The socket is bound before
anything is opened, so that a taken port is said at once; "ready" is printed by the worker, when its
application is open.
"""

import logging
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.errors import AppImportError
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from greffe.exits import Exit
from greffe.node.death import die_with_parent
from greffe.node.lease import Lease, Service
from greffe.node.log_lines import OneLine, log_to_stderr
from xds.clock import monotonic

HEAD_OCTETS: Final = 8190
"""One line of a request's head; with 100 lines, as nginx and Apache have it."""
HEAD_LINES: Final = 100
KEEP_ALIVE_SECONDS: Final = 30
DRAIN_SECONDS: Final = 30
"""How long a stopping service lets its requests end."""
HUNG_SECONDS: Final = 120
"""A worker whose main loop is silent for so long is replaced."""

log = logging.getLogger("greffe.serve")


class StartError(Exception):
    """A service that cannot start; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What one service's process needs to know."""

    service: Service
    listener: socket.socket
    url: str
    threads: int
    head_seconds: float
    lease: Lease
    open_app: Callable[[], Any]
    """Opens stores and keys and returns the WSGI callable. Errors: StartError."""
    beside: "Beside | None" = None
    """What is served in the same process, on a socket of its own."""


class Beside(Protocol):
    """A second door of a service, such as the patient identity feed of HL7 v2."""

    name: str
    address: str

    def start(self, app: Any) -> None:
        """Begin, over what `open_app` returned."""

    def begin_stop(self) -> None:
        """Take nothing more; what has begun may end."""

    def stop(self) -> None:
        """Return when what had begun has ended."""


def bind(address: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes a free one. Errors: StartError."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        # So that a port is free again as soon as its last owner has stopped.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise StartError(
            f"cannot listen on {address} port {port}: {(error.strerror or str(error)).lower()}. "
            "Fix: stop what uses it, or name another port (0 takes a free one)"
        ) from error
    return listener


def own_url(listener: socket.socket, service: Service) -> str:
    """Return the address by which this machine's clients reach the service."""
    address, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(address, address)  # noqa: S104
    return f"http://{f'[{host}]' if ':' in host and host[0] != '[' else host}:{port}/{service}"


def serve(serving: Serving) -> int:
    """Serve until SIGTERM or SIGINT; returns 0, or another code when the service could not."""
    log_to_stderr()
    arbiter = os.getpid()
    try:
        _Arbiter(_Application(serving)).run()
    except SystemExit as end:
        if os.getpid() != arbiter:
            raise  # a worker, whose code is for its arbiter
        return Exit.USAGE if end.code == Arbiter.APP_LOAD_ERROR else int(end.code or 0)
    finally:
        serving.lease.withdraw()
    return 0


class _Application(BaseApplication):  # type: ignore[misc]
    """gunicorn's configuration, from ours and from nowhere else."""

    def __init__(self, serving: Serving) -> None:
        self.serving = serving
        super().__init__()

    def load_config(self) -> None:
        serving = self.serving
        wanted = {
            # gunicorn duplicates the descriptor and closes this one; it is ours no longer.
            "bind": f"fd://{serving.listener.detach()}",
            "workers": 1,
            "worker_class": _Worker,
            "threads": serving.threads,
            "timeout": HUNG_SECONDS,
            "graceful_timeout": DRAIN_SECONDS,
            "keepalive": KEEP_ALIVE_SECONDS,
            "limit_request_line": HEAD_OCTETS,
            "limit_request_field_size": HEAD_OCTETS,
            "limit_request_fields": HEAD_LINES,
            "proc_name": f"greffe {serving.service}",
            "logger_class": _Log,
            "loglevel": "warning",
            "post_fork": self._forked,
            "post_worker_init": self._ready,
            "worker_exit": self._ended,
            # Doors that this node has no use for.
            "control_socket_disable": True,
        }
        for name, value in wanted.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        try:
            return self.serving.open_app()
        except StartError as error:
            raise AppImportError(f"greffe serve {self.serving.service}: {error}") from error

    @staticmethod
    def _forked(arbiter: Any, _: Any) -> None:
        # Out of the terminal's group: Ctrl-C reaches the arbiter, which lets requests end.
        os.setpgid(0, 0)
        die_with_parent(arbiter.pid)

    def _ready(self, worker: Any) -> None:
        serving, beside = self.serving, self.serving.beside
        worker.wsgi.start()
        if beside is not None:
            beside.start(worker.wsgi)
        serving.lease.announce(serving.url)
        if worker.age == 1:
            sys.stdout.write(f"ready {serving.service} {serving.url}\n")
            if beside is not None:
                sys.stdout.write(f"ready {beside.name} {beside.address}\n")
            sys.stdout.flush()

    def _ended(self, _: Any, worker: Any) -> None:
        close = getattr(getattr(worker, "wsgi", None), "close", None)
        if close is not None and os.getpid() == worker.pid:
            if self.serving.beside is not None:
                self.serving.beside.stop()
            close()


class _Arbiter(Arbiter):  # type: ignore[misc]
    """Stops the same way for SIGINT as for SIGTERM, and does nothing that needs two workers."""

    def handle_int(self) -> None:
        self.handle_term()

    handle_quit = handle_int

    def _ignore(self) -> None:
        log.warning("this signal does nothing here; restart the node to read its settings again")

    handle_hup = handle_ttin = handle_ttou = handle_usr2 = handle_winch = _ignore


class _Worker(ThreadWorker):  # type: ignore[misc]
    """Threads; a caller who does not finish the head of its request in time is cut off."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._heads: dict[Any, float] = {}
        """Connections whose request's head is still coming, and until when."""

    def handle(self, conn: Any) -> Any:
        self._heads[conn] = monotonic() + self.app.serving.head_seconds
        try:
            return super().handle(conn)
        finally:
            self._heads.pop(conn, None)

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001 - gunicorn's signature
        """Stop accepting; in the end for good, so that who comes too late is refused at once."""
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            if self.app.serving.beside is not None:
                self.app.serving.beside.begin_stop()
            for listener in self.sockets:
                listener.close()
            self.sockets.clear()

    def handle_request(self, req: Any, conn: Any) -> Any:
        self._heads.pop(conn, None)
        return super().handle_request(req, conn)

    def notify(self) -> None:
        """Run at every turn of the main loop, at least once a second."""
        super().notify()
        for conn, until in list(self._heads.items()):
            if until < monotonic() and self._heads.pop(conn, None) is not None:
                try:
                    conn.sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue


class _Log(Logger):  # type: ignore[misc]
    """gunicorn's own messages, in the form of ours, but for those that say again what was said."""

    _is_over = False

    def _set_handler(self, log: Any, output: Any, _: Any, stream: Any = None) -> None:
        """Write with our own form: one message is one line, a trace quotes nothing."""
        super()._set_handler(log, output, OneLine(), stream)

    def error(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """Log an error; a worker that could not open its application has said why."""
        self._is_over = self._is_over or args[-1:] == (Arbiter.APP_LOAD_ERROR,)
        if not self._is_over:
            super().error(msg, *args, **kwargs)
