"""The wire behind a real server: deadlines, refused uploads, what a connection may do next."""

import hashlib
import http.client
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.build.soap import FETCH, MTOM, PLAIN, envelope, multipart, part, root_part

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        command = [
            *(sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--threads", "8"),
            *("--bind", f"fd://{listener.fileno()}", "--log-level", "warning"),
            "tests.build.served:APP",
        ]
        process = subprocess.Popen(command, cwd=ROOT, pass_fds=[listener.fileno()])
        try:
            yield listener.getsockname()[1]
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture
def connection(port):
    made = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    yield made
    made.close()


def post(connection, body, content_type=PLAIN, path="/echo", **headers):
    connection.request("POST", path, body, {"Content-Type": content_type, **headers})
    response = connection.getresponse()
    return response, response.read()


def head(length, content_type=PLAIN, path="/echo"):
    return (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


def everything(connection):
    octets = b""
    while chunk := connection.recv(65536):
        octets += chunk
    return octets


def test_a_connection_serves_one_request_after_the_other(connection):
    for _ in range(3):
        response, body = post(connection, envelope())
        assert response.status == 200
        assert b"EchoResponse" in body
        assert connection.sock is not None
        response, _ = post(connection, multipart(root_part(), part("d", b"x" * 300_000)), MTOM)
        assert response.status == 200


def test_a_chunked_upload_keeps_the_connection(connection):
    body = multipart(root_part(), part("d", b"x" * 300_000))
    pieces = (body[at : at + 10_000] for at in range(0, len(body), 10_000))
    for content in (pieces, iter([body])):
        connection.request("POST", "/echo", content, {"Content-Type": MTOM}, encode_chunked=True)
        response = connection.getresponse()
        response.read()
        assert response.status == 200
        assert connection.sock is not None


def test_a_large_document_arrives_whole_in_whatever_framing(connection):
    content = bytes(range(256)) * 40_000
    expected = hashlib.sha1(content, usedforsecurity=False).hexdigest().encode()
    body = multipart(root_part(), part("d", content))
    assert expected in post(connection, body, MTOM)[1]
    connection.request("POST", "/echo", iter([body]), {"Content-Type": MTOM}, encode_chunked=True)
    assert expected in connection.getresponse().read()


def test_a_refused_upload_gets_its_fault_though_the_caller_only_sends(connection):
    body = multipart(root_part(), part("d", b"x" * 20_000_000))
    response, answer = post(connection, body, MTOM, path="/refused")
    assert response.status == 400
    assert b"nobody is let in here" in answer
    assert response.getheader("Connection") == "close"


def test_a_compressed_or_strange_request_gets_its_fault_and_the_connection_closes(connection):
    response, answer = post(connection, b"x" * 300_000, "text/plain")
    assert response.status == 400
    assert b"application/soap+xml" in answer
    assert response.getheader("Connection") == "close"


def test_a_silent_caller_is_told_and_let_go(port):
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(head(100_000))
        started = time.monotonic()
        answer = everything(connection)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"too slowly" in answer
    assert time.monotonic() - started < 10


@pytest.mark.slow
def test_a_caller_who_drips_is_told_and_let_go(port):
    octets = envelope()
    with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        connection.sendall(head(1_000_000) + octets)
        started, answer = time.monotonic(), b""
        while not answer:
            assert time.monotonic() - started < 30
            connection.sendall(b" ")
            try:
                answer = connection.recv(65536)
            except TimeoutError:
                continue
        connection.settimeout(30)
        answer += everything(connection)
    assert b"too slowly" in answer


def test_a_caller_who_goes_away_leaves_the_service_serving(port, connection):
    for sent in (b"", b"x", envelope()[:100]):
        with socket.create_connection(("127.0.0.1", port)) as gone:
            gone.sendall(head(5000) + sent)
    with socket.create_connection(("127.0.0.1", port), timeout=60) as half:
        half.sendall(head(5000) + b"x")
        half.shutdown(socket.SHUT_WR)
        answer = everything(half)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"broke off" in answer
    assert post(connection, envelope())[0].status == 200


def test_a_second_request_is_never_read_out_of_the_first_ones_body(port):
    inner = head(0, path="/inner")
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(head(len(inner), "text/plain") + inner)
        answer = everything(connection)
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.slow
def test_a_caller_who_does_not_take_the_answer_keeps_no_thread(port, connection):
    stuck = []
    for _ in range(8):  # as many as the server has threads
        silent = socket.create_connection(("127.0.0.1", port), timeout=60)
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        octets = envelope(action=FETCH)
        silent.sendall(head(len(octets), path="/large") + octets)
        stuck.append(silent)
    try:
        assert post(connection, envelope())[0].status == 200
    finally:
        for silent in stuck:
            silent.close()
