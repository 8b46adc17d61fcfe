"""remove: documents and metadata of a running node, over SOAP, in both domains."""

import uuid

import pytest

from tests.flow.nodes import greffe, greffe_json
from tests.flow.test_commands import DOCS, documents, keys, submit

ALIX = ("--author", "899700000001^ESSAI^ALIX")
"""Who calls in these tests: in the DMP a document is deleted by whoever wrote it."""


@pytest.fixture
def notes(tmp_path):
    paths = [tmp_path / f"note{n}.txt" for n in range(2)]
    for path in paths:
        path.write_text(f"A note of {uuid.uuid4()}.\n")
    return paths


def ids(node):
    _, found = greffe_json("query", "get-all", "--patient", node.patient, "--home", node.home)
    return {
        one["entry_uuid"]
        for key in ("documents", "submission_sets", "folders", "associations")
        for one in found[key]
    }


def test_a_submission_is_removed_document_by_document(node, notes, tmp_path):
    before = ids(node)
    _, shared = submit(node, *notes, more=("--together", *ALIX))
    first, second = (d["unique_id"] for d in documents(shared))

    code, tried = greffe_json("remove", "documents", first, "--home", node.home, "--dry-run")
    assert (code, tried["status"], tried["documents"][0]["removed"]) == (0, "", False)
    code, gone = greffe_json("remove", "documents", first, "--home", node.home)
    assert (code, gone["status"], gone["errors"]) == (0, "Success", [])
    assert gone["documents"][0]["removed"]
    code, came = greffe_json("retrieve", first, second, "--home", node.home, "--out", tmp_path)
    assert (code, [d["unique_id"] for d in came["documents"]]) == (1, [second])

    with_both = ids(node)
    code, tried = greffe_json("remove", "metadata", first, "--home", node.home, "--dry-run")
    assert code == 0
    assert sorted(o["kind"] for o in tried["objects"]) == ["association", "document"]
    assert ids(node) == with_both
    code, gone = greffe_json("remove", "metadata", first, "--home", node.home)
    assert (code, gone["status"], gone["objects"]) == (0, "Success", tried["objects"])
    assert ids(node) == with_both - {o["entry_uuid"] for o in gone["objects"]}

    code, gone = greffe_json("remove", "metadata", second, "--home", node.home)
    assert (code, gone["status"]) == (0, "Success")
    kinds = sorted(o["kind"] for o in gone["objects"])
    assert kinds == ["association", "document", "submission set"]
    assert ids(node) == before
    for answer in (tried, gone):
        assert keys(answer) <= set(DOCS.read_text().replace("`", " ").replace(",", " ").split())
        assert f"## `{answer['shape']}`" in DOCS.read_text()


def test_what_is_removed_can_be_submitted_again(node, notes):
    _, shared = submit(node, notes[0], more=ALIX)
    unique_id = documents(shared)[0]["unique_id"]
    assert greffe("remove", "documents", unique_id, "--home", node.home).returncode == 0
    assert greffe("remove", "metadata", unique_id, "--home", node.home).returncode == 0
    code, again = submit(node, notes[0], more=ALIX)
    assert (code, again["errors"]) == (0, [])


@pytest.mark.parametrize("what", ["documents", "metadata"])
def test_what_nobody_knows_is_refused_by_name_and_nothing_goes(node, notes, what):
    _, shared = submit(node, notes[0], more=ALIX)
    known = documents(shared)[0]["unique_id"]
    before = ids(node)
    code, answer = greffe_json("remove", what, known, "1.2.3.404", "--home", node.home)
    assert code == 1
    assert [e["code"] for e in answer["errors"]] == ["unknown"]
    assert "1.2.3.404" in answer["errors"][0]["text"]
    assert ids(node) == before


def test_a_person_sees_what_would_go_and_why(node, notes):
    _, shared = submit(node, notes[0], more=ALIX)
    unique_id = documents(shared)[0]["unique_id"]
    shown = greffe("remove", "metadata", unique_id, "--home", node.home, "--dry-run")
    assert shown.returncode == 0, shown.stderr
    for text in (unique_id, "submission set", "association", "it is named", "nothing was removed"):
        assert text in shown.stdout


def test_an_unknown_entry_is_the_registrys_refusal(node):
    unknown = f"urn:uuid:{uuid.uuid4()}"
    code, answer = greffe_json("remove", "metadata", unknown, "--home", node.home)
    assert code == 1
    assert answer["status"] == "Failure"
    assert [e["code"] for e in answer["errors"]] == ["UnresolvedReferenceException"]
