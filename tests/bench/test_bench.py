"""bench: the arithmetic of its ratios, its messages, and that it never measures a stranger."""

import socket
import subprocess
import sys

import pytest
from lxml import etree

from bench.__main__ import as_json, as_table
from bench.measure import Measure
from bench.messages import Document, new_oid, submission
from bench.process import Server, free_port
from xds.domain import load_domain
from xds.ebrim.submit import read_submission_request
from xds.errors import Where


def measure(seconds=2.0, yardstick_seconds=1.0, target="") -> Measure:
    return Measure(
        name="ITI-99",
        seconds=seconds,
        octets=0,
        yardstick="a stone",
        yardstick_seconds=yardstick_seconds,
        target=target,
        peak_octets=1,
    )


@pytest.mark.parametrize(
    ("target", "reached"),
    [("<= 2.0 x", True), ("<= 1.9 x", False), (">= 50 %", True), (">= 51 %", False), ("", None)],
)
def test_a_target_is_reached_or_not(target, reached):
    assert measure(target=target).reached is reached


def test_table_and_json_show_every_measure():
    measures = [measure(target="<= 3.0 x"), measure(target=">= 60 %")]
    table = as_table(measures)
    assert "2.0 x  <= 3.0 x reached" in table
    assert "50 %   >= 60 % not reached" in table
    assert as_json(measures).count('"ITI-99"') == 2


def test_its_submissions_are_valid_in_the_international_domain():
    domain = load_domain("ihe")
    patient = "1^^^&1.3.6.1.4.1.21367.13.20.3000&ISO"
    documents = [
        Document(unique_id=new_oid()),
        Document(unique_id=new_oid(), sha1="a" * 40, size_octets=0, repository_unique_id=new_oid()),
    ]
    letter = etree.fromstring(submission(patient, documents, domain))
    read, complaints = read_submission_request(
        letter, Where("lcm:SubmitObjectsRequest"), actor="repository", domain=domain
    )
    assert [c.code_context for c in complaints if c.is_error] == []
    assert len(read.document_entries) == 2


def test_a_port_that_somebody_else_holds_stops_the_bench():
    with socket.create_server(("127.0.0.1", 0)) as strangers:
        process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        try:
            with pytest.raises(SystemExit, match="not held by"):
                Server(process, "ours").own(strangers.getsockname()[1])
        finally:
            process.communicate(b"\n")


def test_a_server_that_ended_stops_the_bench():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    with pytest.raises(SystemExit, match="ended with 0"):
        Server(process, "ours").own(free_port())
