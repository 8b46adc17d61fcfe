"""A trail is forwarded: in order, at least once, whatever the server and the process go through."""

import os
import re
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from tests.build.audit import an_event
from tests.build.syslog_server import SyslogServer
from tests.build.tls import Authority
from xds.audit.event import Concerned
from xds.audit.following import PlaceFile
from xds.audit.forwarding import Rhythm
from xds.audit.participants import Origin
from xds.audit.reporting import forwarder, frames_of
from xds.audit.syslog import Credentials, Destination
from xds.audit.trail import Trail

PATIENT = re.compile(rb'ParticipantObjectID="P([0-9]+)\.')
FAST = Rhythm(poll=0.01, settle=0.2, first_delay=0.02, longest_delay=0.1, lock=0.02, last=10)
ORIGIN = Origin(host="node.example")


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "ca")


@pytest.fixture
def files(authority):
    certificate, key = authority.leaf("node")
    return Credentials(ca=authority.ca, certificate=certificate, key=key)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "audit" / "registry.jsonl"


@pytest.fixture
def trail(path):
    made = Trail(path)
    yield made
    made.close()


@pytest.fixture
def serve(authority, request):
    def start(**how):
        server = SyslogServer(authority, **how)
        request.addfinalizer(server.stop)
        return server

    return start


@pytest.fixture
def forward(path, files, request):
    def start(port, rhythm=FAST, credentials=files):
        made = forwarder(
            path,
            destination=Destination(host="127.0.0.1", port=port),
            files=credentials,
            origin=ORIGIN,
            rhythm=rhythm,
        )
        made.start()
        request.addfinalizer(made.stop)
        return made

    return start


def write(trail, ids):
    """Write an event for each id, which comes out again as a patient's."""
    for one in ids:
        trail.record(an_event("ITI-18", concerned=Concerned(patients=(f"P{one}.",))))


def numbers(server):
    """Which events the server was told, in order, as often as it was told each."""
    return [int(PATIENT.search(line).group(1)) for line in server.lines]


def test_entries_come_in_order_and_once_while_nothing_breaks(trail, path, serve, forward):
    server = serve()
    write(trail, range(5))
    forward(server.port)
    write(trail, range(5, 10))
    server.wait(lambda s: len(s.lines) == 10)
    assert numbers(server) == list(range(10))
    until(lambda: PlaceFile(path.with_suffix(".sent")).load().offset == path.stat().st_size)


def until(holds, seconds=20):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_dead_server_delays_nothing_and_is_told_all_when_it_lives(trail, serve, forward):
    port = serve().port
    dead = serve()
    dead.stop()
    forward(dead.port)
    begun = time.monotonic()
    write(trail, range(50))
    assert time.monotonic() - begun < 5
    assert port != dead.port
    server = serve(port=dead.port)
    server.wait(lambda s: len(s.lines) == 50)
    assert numbers(server) == list(range(50))


def test_a_server_that_reads_nothing_delays_nothing(trail, serve, forward):
    server = serve(silent=True)
    forward(server.port)
    begun = time.monotonic()
    for _ in range(20):
        trail.record(an_event("ITI-18", concerned=Concerned(query=os.urandom(300_000))))
    assert time.monotonic() - begun < 10
    server.stop()


def test_a_server_that_closes_again_and_again_gets_everything_in_order(trail, serve, forward):
    server = serve(closes_after=7)
    write(trail, range(40))
    forward(server.port, Rhythm(poll=0.01, settle=0.05, first_delay=0.01, longest_delay=0.02))
    server.wait(lambda s: s.connections > 2)
    server._closes_after = None
    server.wait(lambda s: 39 in numbers(s))
    came = numbers(server)
    assert set(came) == set(range(40))
    firsts = [number for place, number in enumerate(came) if number not in came[:place]]
    assert firsts == list(range(40))


def test_a_refused_certificate_loses_nothing_and_its_successor_is_taken_up(  # noqa: PLR0917
    trail, path, serve, forward, authority, caplog
):
    server = serve()
    expired, key = authority.leaf("client", expired=True)
    credentials = Credentials(ca=authority.ca, certificate=expired, key=key)
    write(trail, range(3))
    forward(server.port, credentials=credentials)
    until(lambda: caplog.text.count("cannot be told") > 3)
    assert not server.lines
    assert not path.with_suffix(".sent").exists()
    renewed, new_key = authority.leaf("renewed")
    renewed.replace(expired)
    new_key.replace(key)
    server.wait(lambda s: len(set(s.lines)) == 3)
    assert numbers(server)[-3:] == [0, 1, 2]


def test_a_server_whose_certificate_has_expired_is_told_nothing(  # noqa: PLR0917
    trail, path, serve, forward, authority, caplog
):
    server = serve(certificate=authority.leaf("server", expired=True))
    write(trail, range(3))
    forward(server.port)
    until(lambda: "certificate has expired" in caplog.text)
    assert not server.lines
    assert not path.with_suffix(".sent").exists()


def test_what_is_written_before_the_stop_arrives_before_it_ends(trail, path, serve, forward):
    server = serve()
    started = forward(server.port, Rhythm(poll=0.01, settle=3600))
    server.wait(lambda s: s.connections == 1)
    write(trail, range(20))
    started.stop()
    assert numbers(server) == list(range(20))
    assert PlaceFile(path.with_suffix(".sent")).load().offset == path.stat().st_size


def test_one_of_several_forwards_and_another_goes_on_when_it_ends(trail, serve, forward):
    server = serve()
    first = forward(server.port)
    server.wait(lambda s: s.connections == 1)
    forward(server.port)
    write(trail, range(5))
    server.wait(lambda s: len(s.lines) == 5)
    first.stop()
    server.wait(lambda s: s.connections == 2)
    write(trail, range(5, 10))
    server.wait(lambda s: len(s.lines) == 10)
    assert numbers(server) == list(range(10))


PROCESS = """
import sys, threading
from pathlib import Path
from xds.audit.forwarding import Rhythm
from xds.audit.participants import Origin
from xds.audit.reporting import forwarder
from xds.audit.syslog import Credentials, Destination
trail, port, ca, certificate, key = sys.argv[1:]
forwarder(
    Path(trail),
    destination=Destination(host="127.0.0.1", port=int(port)),
    files=Credentials(ca=Path(ca), certificate=Path(certificate), key=Path(key)),
    origin=Origin(host="node.example"),
    rhythm=Rhythm(poll=0.01, settle=0.1, first_delay=0.02, lock=0.02),
).start()
threading.Event().wait()
"""


def test_kill_minus_nine_at_any_moment_loses_nothing(trail, path, serve, files):
    server, count = serve(), 400
    write(trail, range(count))
    for told in (20, 120, 260, count):
        command = [sys.executable, "-c", textwrap.dedent(PROCESS), path, server.port]
        command += [files.ca, files.certificate, files.key]
        process = subprocess.Popen([str(part) for part in command])
        try:
            server.wait(lambda s, told=told: any(n >= told - 1 for n in numbers(s)))
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
    came = numbers(server)
    assert set(came) == set(range(count))
    firsts = list(dict.fromkeys(came))
    assert firsts == list(range(count))


def test_a_line_that_cannot_be_told_holds_up_none_after_it(trail, path, serve, forward, caplog):
    write(trail, [0, 1, 2])
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b'{"previous":"?"}\n' + lines[2])
    server = serve()
    forward(server.port)
    server.wait(lambda s: len(s.lines) == 2)
    assert numbers(server) == [0, 2]
    assert "cannot be forwarded" in caplog.text


def test_a_line_of_several_messages_is_as_many_frames():
    from xds.audit.chain import link, render_event

    line, _ = link("0" * 64, render_event(an_event("ITI-41")))
    octets = frames_of(line, ORIGIN)
    assert octets.count(b"<AuditMessage>") == 2
    size = int(octets.partition(b" ")[0])
    assert octets[len(str(size)) + 1 :][size:].partition(b" ")[0].isdigit()
