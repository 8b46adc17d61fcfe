"""Fixtures of the Repository's tests: a Registry that answers as a script says, over real HTTP."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class ScriptedRegistry:
    """An HTTP server whose answers are given in advance; it keeps what it was sent."""

    def __init__(self) -> None:
        self.script = []
        self.received: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        registry = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                registry.received.append(self.rfile.read(length))
                registry.headers.append(dict(self.headers))
                step = registry.script.pop(0) if len(registry.script) > 1 else registry.script[0]
                step(self)

            def log_message(self, *_) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/registry"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def answers(self, *steps) -> None:
        self.script = list(steps)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def scripted_registry():
    registry = ScriptedRegistry()
    yield registry
    registry.close()


def reply(content: bytes, status: int = 200, content_type: str = "application/soap+xml"):
    """A whole HTTP answer."""

    def step(handler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return step


def drop(handler) -> None:
    """Read the request, then break the connection without a byte of answer."""
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def truncated(content: bytes):
    """Promise more than comes."""

    def step(handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content) + 100))
        handler.end_headers()
        handler.wfile.write(content)
        handler.wfile.flush()
        drop(handler)

    return step


def endless(handler) -> None:
    """Send without end, until the peer has had enough."""
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b" " * 65536)
    except OSError:
        handler.close_connection = True


def silent(released: threading.Event):
    """Accept, and say nothing until released."""

    def step(handler) -> None:
        released.wait(20)
        handler.close_connection = True

    return step


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
