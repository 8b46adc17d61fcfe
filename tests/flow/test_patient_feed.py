"""`greffe patient feed` against a running node: what an identity source tells is what is known."""

import json
import uuid
from pathlib import Path

import pytest

from tests.flow.nodes import CALLERS, assertion, free_port, greffe, greffe_json

AUTHORITY = {"ihe": "1.3.6.1.4.1.21367.13.20.1000", "dmp": "1.2.250.1.213.1.4.10"}


def a_patient(node):
    """An identifier that this test made up; in dmp one of the authority for tests."""
    body = 2_84_02_69_000_000 + uuid.uuid4().int % 10**6
    name = f"{body}{97 - body % 97:02}" if node.domain == "dmp" else f"F-{uuid.uuid4().hex[:10]}"
    return f"{name}^^^&{AUTHORITY[node.domain]}&ISO"


def feed(node, *words):
    return greffe_json("patient", "feed", *words, "--home", node.home)


def submit(node, patient, tmp_path):
    path = tmp_path / f"{uuid.uuid4()}.txt"
    path.write_text(f"A note of {uuid.uuid4()}.\n")
    return greffe_json("submit", path, "--patient", patient, "--home", node.home)


def found(node, patient):
    code, answer = greffe_json("query", "find-documents", "--patient", patient, "--home", node.home)
    assert code == 0
    return len(answer["documents"])


def test_a_patient_is_added_revised_and_merged_over_the_wire(node, tmp_path):
    survivor, subsumed = a_patient(node), a_patient(node)
    assert submit(node, subsumed, tmp_path)[0] == 1
    for words in (
        ("add", survivor, "--family", "O'Neil & <Fils>", "--given", "Zoé"),
        ("add", subsumed),
        ("revise", subsumed),
    ):
        code, answer = feed(node, *words)
        assert (code, answer["status"], answer["errors"]) == (0, "CA", [])
        assert answer["url"].endswith("/patients")
    assert submit(node, survivor, tmp_path)[0] == 0
    assert submit(node, subsumed, tmp_path)[0] == 0
    code, answer = feed(node, "merge", survivor, subsumed)
    assert (code, answer["status"]) == (0, "CA")
    assert (found(node, survivor), found(node, subsumed)) == (2, 0)
    code, refused = submit(node, subsumed, tmp_path)
    assert code == 1
    assert {e["code"] for e in refused["errors"]} == {"XDSUnknownPatientId"}

    code, answer = feed(node, "merge", survivor, subsumed)
    assert (code, answer["status"]) == (1, "CE")
    assert "priorRegisteredRole" in answer["errors"][0]["location"]


def test_what_was_fed_is_in_the_trail_with_its_action_and_its_caller(node):
    patient = a_patient(node)
    feed(node, "add", patient)
    lines = (Path(node.home) / "audit" / "registry.jsonl").read_text().splitlines()
    events = [json.loads(line)["event"] for line in lines if patient.partition("^")[0] in line]
    (event,) = [e for e in events if e["transaction"] == "ITI-44"]
    assert (event["outcome"], event["action"]) == ("success", "C")
    assert event["caller"]["identity"]
    assert event["concerned"]["record_message"]


def test_a_registry_at_its_other_address_takes_the_message_too(node, tmp_path):
    mode = ("--mode", "indirect") if node.domain == "dmp" else ()
    signed = assertion(node.home, node.domain, tmp_path / "assertion.xml", *mode)
    code, answer = greffe_json(
        *("patient", "feed", "add", a_patient(node)),
        *("--url", node.urls["registry"], "--assertion", signed),
    )
    assert (code, answer["status"]) == (0, "CA")
    assert CALLERS


def test_a_repository_is_no_registry(node, tmp_path):
    signed = assertion(node.home, node.domain, tmp_path / "assertion.xml")
    code, answer = greffe_json(
        *("patient", "feed", "add", a_patient(node)),
        *("--url", node.urls["repository"], "--assertion", signed),
    )
    assert code == 1
    assert answer["errors"][0]["kind"] == "fault"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("add", "X"), 2, "a CX is"),
        (("add", "1^^^&1.2.3&ISO"), 2, "--home"),
        (("add", "1^^^&1.2.3&ISO", "--url", "here", "--assertion", "x"), 2, "no address"),
        (("merge", "1^^^&1.2.3&ISO"), 2, "SUBSUMED"),
        (("add", "1^^^&1.2.3&ISO", "--url", "http://x/patients"), 2, "--assertion"),
    ],
)
def test_a_command_line_that_cannot_be_is_said(node, words, code, told):
    home = () if told in ("--home", "no address", "--assertion") else ("--home", node.home)
    done = greffe("patient", "feed", *words, *home)
    assert done.returncode == code
    assert told in done.stderr


def test_a_registry_that_does_not_answer_is_exit_3(node, tmp_path):
    signed = assertion(node.home, node.domain, tmp_path / "assertion.xml")
    url = f"http://127.0.0.1:{free_port()}/patients"
    code, _ = greffe_json(
        *("patient", "feed", "add", a_patient(node), "--url", url, "--assertion", signed)
    )
    assert code == 3
