"""greffe serve: what scripts rely on, with real processes and signals."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.flow.nodes import (
    becomes_true,
    descendants,
    greffe,
    greffe_json,
    is_alive,
    make_home,
    serving,
    start,
)

PATIENT = "S-1^^^&1.2.3&ISO"


@pytest.fixture
def home(tmp_path):
    return make_home(tmp_path / "home")


def get(url):
    with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310 - the node's own address
        return answer.read()


def resident_mib(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def test_both_services_say_ready_when_they_can_answer_and_nothing_else(home):
    node = start(home)
    assert [line.split()[:2] for line in node.lines] == [
        ["ready", "registry"],
        ["ready", "repository"],
    ]
    for service, url in node.urls.items():
        assert url.startswith("http://127.0.0.1:")
        assert url.endswith(f"/{service}")
        assert b"definitions" in get(f"{url}?wsdl")
        assert (home / "run" / f"{service}.url").read_text().strip() == url
    assert node.stop() == (0, "")
    assert not list((home / "run").glob("*.url"))


@pytest.mark.parametrize("service", ["registry", "repository"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_service_stops_cleanly(home, service, number):
    node = start(home, service, services=1)
    children = descendants(node.process.pid)
    assert node.stop(number) == (0, "")
    assert not [pid for pid in children if is_alive(pid)]


def test_what_begins_before_the_stop_is_answered(home):
    node = start(home, "registry", services=1)
    port = int(node.urls["registry"].split(":")[2].split("/")[0])
    head = b"POST /registry HTTP/1.1\r\nHost: x\r\nContent-Type: application/soap+xml\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(head + b"Content-Length: 8\r\n\r\n<not")
        # The registry has begun: it answers nothing else on this thread until the body is whole.
        get(f"{node.urls['registry']}?wsdl")
        node.process.send_signal(signal.SIGTERM)
        assert becomes_true(lambda: not can_connect(port))
        connection.sendall(b">xml")
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 400")
    assert node.process.wait(60) == 0
    node.process.stdout.close()


def can_connect(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
    return False


def test_no_child_outlives_a_parent_that_is_killed(home):
    node = start(home)
    children = descendants(node.process.pid)
    assert len(children) >= 4
    node.process.kill()
    node.process.communicate()
    assert becomes_true(lambda: not any(map(is_alive, children)))
    code, answer = greffe_json("query", "get-all", "--patient", PATIENT, "--home", home)
    assert (code, answer["errors"][0]["kind"]) == (3, "unreachable")
    assert "greffe serve" in answer["errors"][0]["text"], (
        "a URL that a crash left counts for nothing"
    )
    with serving(home):
        assert greffe_json("query", "get-all", "--patient", PATIENT, "--home", home)[0] == 0


def test_when_one_service_dies_the_other_stops_and_the_exit_code_says_so(home):
    node = start(home)
    children = descendants(node.process.pid)
    arbiters = [p for p in children if os.getpgid(p) == p and descendants(p)]
    os.kill(arbiters[0], signal.SIGKILL)
    assert node.process.wait(60) != 0
    node.process.stdout.close()
    assert "ended by itself" in node.log.read_text()
    assert becomes_true(lambda: not any(map(is_alive, children)))


def test_a_second_node_on_the_same_home_is_refused(home):
    with serving(home):
        for words in ((), ("registry",), ("repository",)):
            done = greffe("serve", *words, "--home", home, "--registry-port", "0")
            assert done.returncode != 0
            assert "already served by process" in done.stderr
            assert done.stdout == ""
        assert greffe_json("query", "get-all", "--patient", PATIENT, "--home", home)[0] == 0


def test_a_port_that_is_taken_is_named(home):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = greffe("serve", "registry", "--home", home, "--registry-port", port)
        assert done.returncode != 0
        assert f"port {port}: address already in use" in done.stderr
        done = greffe(*("serve", "--home", home, "--registry-port", 0, "--repository-port", port))
        assert done.returncode != 0
        assert f"port {port}: address already in use" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (lambda home: (home / "pki" / "repository.key").unlink(), "repository.key"),
        (lambda home: (home / "pki" / "ca.pem").write_text("nonsense"), "ca.pem"),
        (lambda home: edit(home, "threads = 16", "threads = 0"), "[serve] threads"),
        (lambda home: edit(home, "threads = 16", "thread = 16"), "did you mean threads"),
        (lambda home: edit(home, "threads = 16", "threads = "), "not TOML"),
        (lambda home: (home / "greffe.toml").unlink(), "greffe init"),
    ],
)
def test_a_repository_that_cannot_start_says_why_in_one_line(home, break_it, said):
    break_it(home)
    done = greffe("serve", "repository", "--home", home, "--repository-port", "0")
    assert done.returncode != 0
    assert said in done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1


def test_a_database_that_is_not_there_is_said(home):
    edit(home, "sqlite:///registry/ledger.db", "postgresql+psycopg://x@127.0.0.1:1/nowhere")
    done = greffe("serve", "--home", home, "--registry-port", "0", "--repository-port", "0")
    assert done.returncode != 0
    assert "127.0.0.1" in done.stderr
    assert "Traceback" not in done.stderr


def edit(home, old, new):
    file = home / "greffe.toml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_a_home_can_be_moved(home, tmp_path):
    note = tmp_path / "note.txt"
    note.write_text("moved")
    submit = ("submit", note, "--patient", PATIENT, "--create-patient")
    with serving(home):
        assert greffe_json(*submit, "--home", home)[0] == 0
    moved = Path(shutil.move(home, tmp_path / "elsewhere"))
    with serving(moved):
        code, answer = greffe_json("query", "find-documents", "--patient", PATIENT, "--home", moved)
        assert (code, len(answer["documents"])) == (0, 1)


def test_the_repository_registers_where_it_is_told(home, tmp_path):
    other = make_home(tmp_path / "other")
    shutil.copy(home / "pki" / "repository.pem", other / "pki" / "home.pem")
    edit(other, '"pki/repository.pem"]', '"pki/repository.pem", "pki/home.pem"]')
    edit(other, '["pki/ca.pem"]', '["pki/ca.pem", "pki/home-ca.pem"]')
    shutil.copy(home / "pki" / "ca.pem", other / "pki" / "home-ca.pem")
    note = tmp_path / "note.txt"
    note.write_text("told")
    greffe("patient", "add", PATIENT, "--home", other)
    with serving(other, "registry", services=1) as registry:
        url = registry.urls["registry"]
        with serving(home, "repository", "--registry-url", url, services=1):
            code, answer = greffe_json("submit", note, "--patient", PATIENT, "--home", home)
            assert (code, answer["errors"]) == (0, [])
        code, answer = greffe_json("query", "find-documents", "--patient", PATIENT, "--home", other)
        assert (code, len(answer["documents"])) == (0, 1)


def test_a_slow_head_is_cut_off_and_others_are_served(home):
    edit(home, "first_byte_seconds = 10.0", "first_byte_seconds = 1.0")
    with serving(home, "registry", services=1) as node:
        port = int(node.urls["registry"].split(":")[2].split("/")[0])
        slow = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(16)]
        for connection in slow:
            connection.sendall(b"POST /registry HTTP/1.1\r\n")
        assert b"definitions" in get(f"{node.urls['registry']}?wsdl")
        for connection in slow:
            with connection, contextlib.suppress(ConnectionError):
                assert connection.recv(1024) in {b"", connection.recv(0)}


def test_a_server_process_is_small_and_loads_no_client(home):
    with serving(home) as node:
        for url in node.urls.values():
            get(f"{url}?wsdl")
        sizes = [resident_mib(pid) for pid in descendants(node.process.pid)]
    assert max(sizes) < 150
    code = (
        "import sys, registry.app, repository.app, greffe.node.server, greffe.node.opening;"
        "print([m for m in ('zeep', 'rich', 'requests') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
