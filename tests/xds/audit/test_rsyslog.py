"""A real rsyslogd is told: whole messages, in order, through its own death."""

import os
import signal
from pathlib import Path

import pytest
from lxml import etree

from tests.build.audit import CONCERNED, an_event
from tests.build.rsyslog import rsyslog
from tests.build.tls import Authority
from xds.audit.event import Concerned
from xds.audit.forwarding import Rhythm
from xds.audit.participants import Origin
from xds.audit.reporting import forwarder
from xds.audit.syslog import Credentials, Destination
from xds.audit.trail import Trail

SCHEMA = etree.RelaxNG(etree.parse(Path(__file__).parent / "audit-message.rng"))
ORIGIN = Origin(host="node.example")
FAST = Rhythm(poll=0.01, settle=0.5, first_delay=0.05, longest_delay=0.2)


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "ca")


@pytest.fixture
def server(tmp_path, authority):
    with rsyslog(tmp_path / "rsyslog", authority) as running:
        yield running


@pytest.fixture
def trail(tmp_path):
    made = Trail(tmp_path / "audit" / "registry.jsonl")
    yield made
    made.close()


@pytest.fixture
def started(tmp_path, authority, server, trail):
    certificate, key = authority.leaf("node")
    made = forwarder(
        tmp_path / "audit" / "registry.jsonl",
        destination=Destination(host="localhost", port=server.port),
        files=Credentials(ca=authority.ca, certificate=certificate, key=key),
        origin=ORIGIN,
        rhythm=FAST,
    )
    made.start()
    yield made
    made.stop()


def patients(lines):
    found = []
    for line in lines:
        header, _, message = line.partition(b" - ")
        assert header.startswith(b"<85>1 ")
        assert header.endswith(b" IHE+RFC-3881")
        root = etree.fromstring(message)
        SCHEMA.assertValid(root)
        found.append(root.find("ParticipantObjectIdentification").get("ParticipantObjectID"))
    return found


def write(trail, names):
    for name in names:
        trail.record(an_event("ITI-18", concerned=Concerned(patients=(name,))))


def test_every_transaction_arrives_whole_and_in_order(server, trail, started):
    for transaction in CONCERNED:
        trail.record(an_event(transaction))
    lines = server.wait(lambda lines: len(lines) == len(CONCERNED) + 1)
    kinds = [etree.fromstring(x.partition(b" - ")[2]).find(".//EventTypeCode") for x in lines]
    told = [kind.get("csd-code") for kind in kinds]
    expected = [name for name in CONCERNED for _ in range(1 + (name == "ITI-41"))]
    expected[expected.index("ITI-41") + 1] = "ITI-42"
    assert told == expected
    patients(lines)


def test_a_query_of_a_megabyte_arrives_whole(server, trail, started):
    query = os.urandom(1_000_000)
    concerned = Concerned(patients=("P",), query=query, query_id="urn:uuid:1")
    trail.record(an_event("ITI-18", concerned=concerned))
    (line,) = server.wait(lambda lines: len(lines) == 1)
    assert len(line) > 1_300_000
    assert patients([line]) == ["P"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_server_that_dies_and_comes_back_lacks_nothing(server, trail, started, number):
    write(trail, map(str, range(50)))
    server.wait(lambda lines: len(lines) >= 10)
    server.stop(number)
    write(trail, map(str, range(50, 100)))
    server.start()
    lines = server.wait(lambda lines: len(lines) >= 100 and b'"99"' in lines[-1])
    assert list(dict.fromkeys(patients(lines))) == list(map(str, range(100)))
