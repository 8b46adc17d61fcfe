"""`greffe serve --mllp-port`: the patient identity feed beside both services, as real processes.

Spec: ITI TF-2 §3.8, §3.64; MLLP release 1.
"""

import json
import socket
import uuid

import pytest
from hl7.client import MLLPClient

from tests.flow.nodes import greffe, greffe_json, make_home, serving, start
from tests.registry.iti8_patient_feed.build import Ack, adt

AUTHORITY = {"ihe": "1.3.6.1.4.1.21367.13.20.1000", "dmp": "1.2.250.1.213.1.4.10"}


@pytest.fixture(scope="module", params=["ihe", "dmp"])
def node(request, tmp_path_factory):
    home = make_home(tmp_path_factory.mktemp("fed") / "home", request.param)
    with serving(home, "--mllp-port", "0", services=3, domain=request.param) as running:
        yield running


def a_patient(node):
    """An identifier that this test made up; in dmp one of the authority for tests."""
    body = 2_84_02_69_000_000 + uuid.uuid4().int % 10**6
    name = f"{body}{97 - body % 97:02}" if node.domain == "dmp" else f"F-{uuid.uuid4().hex[:10]}"
    return f"{name}^^^&{AUTHORITY[node.domain]}&ISO"


def tell(node, octets):
    host, _, port = node.urls["mllp"].rpartition(":")
    with MLLPClient(host, int(port)) as client:
        return Ack(client.send_message(octets).strip(b"\x0b\x1c\r") + b"\r")


def submit(node, patient, tmp_path):
    path = tmp_path / f"{uuid.uuid4()}.txt"
    path.write_text(f"A note of {uuid.uuid4()}.\n")
    return greffe_json("submit", path, "--patient", patient, "--home", node.home)


def found(node, patient):
    code, answer = greffe_json("query", "find-documents", "--patient", patient, "--home", node.home)
    assert code == 0
    return answer["documents"]


def test_the_feed_says_ready_after_the_registry_with_its_address(node):
    assert [line.split()[:2] for line in node.lines] == [
        ["ready", "registry"],
        ["ready", "mllp"],
        ["ready", "repository"],
    ]
    assert node.urls["mllp"].startswith("127.0.0.1:")


def test_a_patient_whom_the_feed_announced_has_documents(node, tmp_path):
    patient = a_patient(node)
    code, refused = submit(node, patient, tmp_path)
    assert code == 1
    assert {e["code"] for e in refused["errors"]} == {"XDSUnknownPatientId"}
    assert tell(node, adt("A01", patient)).code == "AA"
    code, shared = submit(node, patient, tmp_path)
    assert (code, shared["errors"]) == (0, [])
    assert len(found(node, patient)) == 1


def test_what_the_feed_merges_is_one_patient_s_from_then_on(node, tmp_path):
    survivor, subsumed = a_patient(node), a_patient(node)
    for patient in (survivor, subsumed):
        assert tell(node, adt("A04", patient)).code == "AA"
        assert submit(node, patient, tmp_path)[0] == 0
    assert tell(node, adt("A40", survivor, subsumed)).code == "AA"
    assert (len(found(node, survivor)), len(found(node, subsumed))) == (2, 0)


def test_a_change_of_link_moves_the_local_identifier_s_documents(node, tmp_path):
    new, previous = a_patient(node), a_patient(node)
    for patient in (new, previous):
        assert tell(node, adt("A05", patient)).code == "AA"
    assert submit(node, previous, tmp_path)[0] == 0
    (before,) = found(node, previous)
    local = before["source_patient_id"]
    ack = tell(node, adt("A43", f"{new}~{local}", previous))
    assert (ack.code, [c[2] for c in ack.conditions]) == ("AA", ["W"]), ack.texts  # no OID in MSH-3
    (after,) = found(node, new)
    assert found(node, previous) == []
    assert after["unique_id"] == before["unique_id"]
    assert after["entry_uuid"] != before["entry_uuid"]
    assert (
        greffe("retrieve", after["unique_id"], "--home", node.home, "--out", tmp_path).returncode
        == 0
    )


def test_what_the_feed_refuses_names_place_and_fix_and_is_in_the_trail(node):
    patient = a_patient(node)
    ack = tell(node, adt("A40", patient, a_patient(node), control_id=f"C-{patient[:8]}"))
    assert ack.code == "AE"
    assert all("Fix: " in text for text in ack.texts)
    lines = (node.home / "audit" / "registry.jsonl").read_text().splitlines()
    events = [json.loads(line)["event"] for line in lines if f"C-{patient[:8]}" in line]
    assert {(e["transaction"], e["outcome"]) for e in events} == {("ITI-8", "refused")}


def test_two_messages_come_on_one_connection_and_the_answers_in_their_order(node):
    host, _, port = node.urls["mllp"].rpartition(":")
    with MLLPClient(host, int(port)) as client:
        for number in ("1", "2"):
            answer = client.send_message(adt("A01", a_patient(node), control_id=number))
            assert f"MSA|AA|{number}".encode() in answer


def test_the_feed_stops_with_the_node(tmp_path):
    node = start(make_home(tmp_path / "home"), "--mllp-port", "0", services=3)
    host, _, port = node.urls["mllp"].rpartition(":")
    assert tell(node, adt("A01", a_patient(node))).code == "AA"
    assert node.stop() == (0, "")
    with pytest.raises(ConnectionError):
        socket.create_connection((host, int(port)), timeout=20).close()


def test_the_feed_is_the_registry_s(tmp_path):
    home = make_home(tmp_path / "home")
    done = greffe("serve", "repository", "--home", home, "--mllp-port", "0")
    assert done.returncode == 2
    assert "patient identity feed" in done.stderr
