"""`greffe patient mask|unmask` beside a running node, which sees it at once."""

import uuid

import pytest

from tests.flow.nodes import greffe, greffe_json
from xds.audit.trail import verify_trail


@pytest.fixture
def french(node):
    if node.domain != "dmp":
        pytest.skip("what France's domain alone knows")
    return node


@pytest.fixture
def shared(french, tmp_path):
    """The uniqueId of a document that was just shared."""
    path = tmp_path / "note.txt"
    path.write_text(f"A note of {uuid.uuid4()}.\n")
    code, answer = greffe_json(
        *("submit", path, "--patient", french.patient, "--create-patient", "--home", french.home)
    )
    assert code == 0, answer
    return answer["submissions"][0]["documents"][0]["unique_id"]


def entry(node, unique_id):
    """As its depositor sees it."""
    _, found = greffe_json("query", "get-documents", unique_id, "--home", node.home)
    return found["documents"][0]


def marks(node, unique_id):
    return {c["code"] for c in entry(node, unique_id)["confidentiality_codes"]}


def change(node, choice, *words):
    return greffe_json("patient", choice, node.patient, *words, "--home", node.home)


def test_the_patient_masks_a_document_and_takes_it_back(french, shared):
    before = entry(french, shared)
    code, answer = change(french, "mask", shared)
    assert (code, answer["errors"], answer["changed"]) == (0, [], True)
    (document,) = answer["documents"]
    assert document["previous_entry_uuid"] == before["entry_uuid"] != document["entry_uuid"]
    assert (document["before"], document["after"]) == ("not masked", "masked")
    assert entry(french, shared)["entry_uuid"] == document["entry_uuid"]
    assert "MASQUE_PS" in marks(french, shared)
    code, again = change(french, "mask", shared)
    assert (code, again["documents"]) == (0, [])
    code, _ = change(french, "unmask", document["entry_uuid"])
    assert code == 0
    assert "MASQUE_PS" not in marks(french, shared)


def test_a_dry_run_masks_nothing(french, shared):
    code, answer = change(french, "mask", shared, "--dry-run")
    assert (code, len(answer["documents"]), answer["changed"]) == (0, 1, False)
    assert "MASQUE_PS" not in marks(french, shared)


def test_it_is_traced_beside_what_the_node_traces(french, shared):
    done = greffe("patient", "mask", french.patient, shared, "--home", french.home)
    assert done.returncode == 0, done.stderr
    path = french.home / "audit" / "registry.jsonl"
    verify_trail(path)
    (line,) = [
        text for text in path.read_text().splitlines() if '"record mask"' in text and shared in text
    ]
    assert "command line|" in line


def test_an_older_version_is_not_what_is_masked(french, shared):
    _, answer = change(french, "mask", shared)
    old = answer["documents"][0]["previous_entry_uuid"]
    code, answer = change(french, "unmask", old)
    assert code == 1
    assert "an older version" in answer["errors"][0]["text"]
