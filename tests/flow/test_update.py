"""greffe update against a running node, in both domains."""

import re
import uuid
from pathlib import Path

import pytest

from tests.flow.nodes import greffe, greffe_json
from xds.metadata import vocabulary as v

DOCTOR = "899700000001"
"""Who calls when a home is named and nobody else."""
DOCS = Path(__file__).parents[2] / "docs" / "json.md"


@pytest.fixture
def shared(node, tmp_path):
    """The uniqueId of a document that was just shared."""
    path = tmp_path / "note.txt"
    path.write_text(f"A note of {uuid.uuid4()}.\n")
    code, answer = greffe_json(
        *("submit", path, "--patient", node.patient, "--create-patient", "--home", node.home)
    )
    assert code == 0, answer
    if node.domain == "dmp":
        # Sharing needs no authorisation; changing what is shared, even one's own, does.
        doctor = ("--home", node.home, node.patient, DOCTOR)
        assert greffe("patient", "authorise", *doctor).returncode == 0
    return answer["submissions"][0]["documents"][0]["unique_id"]


def update(node, *words):
    return greffe_json("update", *words, "--home", node.home)


def entry(node, unique_id):
    _, found = greffe_json("query", "get-documents", unique_id, "--home", node.home)
    return found["documents"][0]


def codes(node, unique_id):
    return {c["code"] for c in entry(node, unique_id)["confidentiality_codes"]}


def french(node):
    if node.domain != "dmp":
        pytest.skip("what France's domain alone knows")


def test_a_document_is_masked_and_unmasked(node, shared):
    french(node)
    before = entry(node, shared)
    code, answer = update(node, "mask", shared)
    assert (code, answer["errors"]) == (0, [])
    (document,) = answer["documents"]
    assert document["previous_entry_uuid"] == before["entry_uuid"] != document["entry_uuid"]
    assert entry(node, shared)["entry_uuid"] == document["entry_uuid"]
    assert "MASQUE_PS" in codes(node, shared)
    code, answer = update(node, "mask", shared)
    assert (code, answer["errors"][0]["code"]) == (1, "unchanged")
    code, _ = update(node, "unmask", document["entry_uuid"])
    assert code == 0
    assert "MASQUE_PS" not in codes(node, shared)


def test_a_document_is_archived_taken_back_and_deleted(node, shared):
    french(node)
    for change, status in (
        ("archive", v.ARCHIVED),
        ("unarchive", v.APPROVED),
        ("archive", v.ARCHIVED),
        ("delete", v.DELETED),
    ):
        code, answer = update(node, change, shared)
        assert (code, answer["errors"]) == (0, [])
        assert entry(node, shared)["availability_status"] == status
    code, answer = update(node, "archive", shared)
    assert (code, answer["errors"][0]["code"]) == (1, "XDSMetadataUpdateError")


def test_a_document_is_deprecated_and_approved_again(node, shared):
    for change, status in (("deprecate", v.DEPRECATED), ("approve", v.APPROVED)):
        code, answer = update(node, change, shared)
        assert (code, answer["documents"][0]["status"]) == (0, "Success")
        assert entry(node, shared)["availability_status"] == status


def test_what_a_domain_does_not_know_its_registry_refuses(node, shared):
    if node.domain == "dmp":
        pytest.skip("France's domain knows it")
    code, answer = update(node, "archive", shared)
    assert (code, answer["errors"][0]["code"]) == (1, "XDSMetadataUpdateOperationError")
    assert entry(node, shared)["availability_status"] == v.APPROVED


def test_a_document_that_nobody_knows_is_told_and_the_others_are_changed(node, shared):
    code, answer = update(node, "deprecate", "1.2.3.4.5", shared)
    assert code == 1
    assert [(e["code"], e["unique_id"]) for e in answer["errors"]] == [("unknown", "1.2.3.4.5")]
    assert [d["unique_id"] for d in answer["documents"]] == [shared]
    said = greffe("update", "deprecate", "1.2.3.4.5", "--home", node.home)
    assert said.returncode == 1
    assert "1.2.3.4.5" in said.stderr
    named = set(re.findall(r"[a-z_]+", DOCS.read_text()))
    assert {*answer, *answer["documents"][0]} <= named
