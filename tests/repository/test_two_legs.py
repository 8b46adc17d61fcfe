"""The Repository and a real Registry with a hostile wire between them: F07, F08, I9."""

import http.client
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from tests.repository.build import message
from tests.repository.test_node import GREFFE, Node, prepare, security_of, stop


class Wire:
    """An HTTP proxy to the Registry that can lose an answer after the Registry has given it."""

    def __init__(self) -> None:
        self.target = ""
        self.loses = 0
        self.passed: list[bytes] = []
        wire = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                address = urlsplit(wire.target)
                onward = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
                try:
                    kind = {"Content-Type": self.headers["Content-Type"]}
                    onward.request("POST", address.path, body, kind)
                    answer = onward.getresponse()
                    content = answer.read()
                except OSError:
                    self.close_connection = True
                    return
                finally:
                    onward.close()
                wire.passed.append(body)
                if wire.loses:
                    wire.loses -= 1
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.headers["Content-Type"])
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/registry"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


def serve(service, home, *more):
    log = (home / f"{service}.log").open("a")
    process = subprocess.Popen(
        [*GREFFE, "serve", service, "--home", str(home), *more],
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    log.close()
    line = process.stdout.readline().split()
    assert line[:2] == ["ready", service], (home / f"{service}.log").read_text()
    return process, line[2]


@pytest.fixture(scope="module")
def legs(tmp_path_factory):
    home = prepare(tmp_path_factory.mktemp("legs") / "home")
    wire = Wire()
    registry, wire.target = serve("registry", home, "--registry-port", "0")
    options = ("--repository-port", "0", "--registry-url", wire.url)
    repository, url = serve("repository", home, *options)
    security, own = security_of(home)
    node = Node(home, repository, {"repository": url, "registry": wire.target}, security, own)
    held = [registry]
    yield node, wire, held
    stop(node)
    held[0].terminate()
    held[0].communicate(timeout=30)
    wire.server.shutdown()
    wire.server.server_close()


def entries(node: Node) -> list[str]:
    return [d["unique_id"] for d in node.documents()]


@pytest.mark.parametrize("answers_lost", [0, 1])
def test_an_answer_lost_after_the_commit_is_no_failure_and_no_duplicate(legs, answers_lost):
    """F08: the same message again is known again by the Registry."""
    node, wire, _ = legs
    wire.passed.clear()
    wire.loses = answers_lost
    sent = message(b"once only")
    assert node.provide(sent).outcome == "Success"
    assert len(wire.passed) == 1 + answers_lost
    assert len(set(wire.passed)) == 1
    assert entries(node).count(sent.unique_ids[0]) == 1
    assert b"once only" in node.retrieve(*sent.unique_ids).body


def test_when_every_answer_is_lost_the_outcome_is_said_to_be_unknown(legs):
    node, wire, _ = legs
    wire.loses = 2
    sent = message(b"who knows")
    answer = node.provide(sent)
    assert answer.codes == ["XDSRegistryNotAvailable"]
    assert "not known" in answer.errors[0]["codeContext"]
    assert entries(node).count(sent.unique_ids[0]) == 1
    assert b"who knows" in node.retrieve(*sent.unique_ids).body  # I1 holds for what was registered


def test_a_registry_that_went_away_is_said_and_all_is_well_when_it_is_back(legs):
    """F07, I9."""
    node, wire, held = legs
    held[0].kill()
    held[0].communicate()
    assert node.provide(message(b"x")).codes == ["XDSRegistryNotAvailable"]
    held[0], wire.target = serve("registry", node.home, "--registry-port", "0")
    assert node.provide(message(b"control")).outcome == "Success"
