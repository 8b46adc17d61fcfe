"""submit, query, retrieve against a running node, in both domains."""

import hashlib
import re
import uuid
from pathlib import Path

import pytest

from tests.flow.nodes import assertion, free_port, greffe, greffe_json

DOCS = Path(__file__).parents[2] / "docs" / "json.md"


@pytest.fixture
def note(tmp_path):
    path = tmp_path / "note.txt"
    path.write_text(f"A note of {uuid.uuid4()}.\n")
    return path


def sha1(content):
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def submit(node, *files, more=()):
    return greffe_json(
        *("submit", *files, "--patient", node.patient, "--create-patient"),
        *("--home", node.home, *more),
    )


def documents(answer):
    return [d for s in answer["submissions"] for d in s["documents"]]


def keys(value):
    """Return every key of an object, at any depth."""
    if isinstance(value, dict):
        return set(value).union(*map(keys, value.values()), set())
    return set().union(*map(keys, value), set()) if isinstance(value, list) else set()


def test_what_is_submitted_is_found_and_comes_back_as_it_was(node, note, tmp_path):
    code, shared = submit(node, note)
    assert (code, shared["exit_code"], shared["errors"]) == (0, 0, [])
    (document,) = documents(shared)
    code, found = greffe_json(
        "query", "find-documents", "--patient", node.patient, "--home", node.home
    )
    assert code == 0
    (entry,) = [d for d in found["documents"] if d["unique_id"] == document["unique_id"]]
    content = note.read_bytes()
    assert (entry["size"], entry["hash"]) == (len(content), sha1(content))
    assert entry["entry_uuid"] == document["entry_uuid"]
    code, came = greffe_json(
        "retrieve", document["unique_id"], "--home", node.home, "--out", tmp_path / "out"
    )
    assert code == 0
    (kept,) = came["documents"]
    assert kept["verified"]
    assert Path(kept["file"]).read_bytes() == content


def test_every_key_of_every_object_is_documented(node, note, tmp_path):
    text = DOCS.read_text()
    _, shared = submit(node, note)
    unique_id = documents(shared)[0]["unique_id"]
    answers = [
        shared,
        greffe_json("query", "get-all", "--patient", node.patient, "--home", node.home)[1],
        greffe_json("retrieve", unique_id, "--home", node.home, "--out", tmp_path)[1],
        greffe_json("retrieve", "1.2.3", "--home", node.home, "--out", tmp_path)[1],
    ]
    named = set(re.findall(r"[a-z_]+", text))
    assert set().union(*map(keys, answers)) - named == set()
    for answer in answers:
        assert f"## `{answer['shape']}`" in text


def test_each_file_is_a_submission_of_its_own(node, note, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text(str(uuid.uuid4()))
    _, shared = submit(node, note, other)
    assert [len(s["documents"]) for s in shared["submissions"]] == [1, 1]


def test_together_is_one_submission_of_all_files(node, note, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text(str(uuid.uuid4()))
    code, shared = submit(node, note, other, more=["--together"])
    assert code == 0
    (submission,) = shared["submissions"]
    code, found = greffe_json(
        "query", "get-submission-set", submission["unique_id"], "--home", node.home
    )
    assert code == 0
    assert {d["unique_id"] for d in found["documents"]} == {
        d["unique_id"] for d in submission["documents"]
    }
    assert len(found["associations"]) == 2


def test_object_references_are_the_entry_uuids(node, note):
    _, shared = submit(node, note)
    (document,) = documents(shared)
    _, found = greffe_json(
        "query", "get-documents", document["unique_id"], "--refs", "--home", node.home
    )
    assert found["object_refs"] == [document["entry_uuid"]]
    assert found["documents"] == []


def test_a_filter_by_code_needs_no_scheme(node, note):
    _, shared = submit(node, note)
    (document,) = documents(shared)
    asked = ("query", "find-documents", "--patient", node.patient, "--home", node.home)
    _, found = greffe_json(*asked, "--type-code", "34133-9")
    assert document["unique_id"] in {d["unique_id"] for d in found["documents"]}
    _, found = greffe_json(*asked, "--type-code", "11506-3")
    assert document["unique_id"] not in {d["unique_id"] for d in found["documents"]}


def test_a_flag_wins_over_what_would_be_assumed(node, note):
    _, shared = submit(node, note, more=["--title", "Un titre", "--type-code", "11506-3"])
    (document,) = documents(shared)
    assert document["title"] == "Un titre"
    _, found = greffe_json("query", "get-documents", document["unique_id"], "--home", node.home)
    assert found["documents"][0]["type_code"]["code"] == "11506-3"


def test_without_a_home_addresses_and_an_assertion_are_enough(node, note, tmp_path):
    greffe("patient", "add", node.patient, "--home", node.home)
    security = assertion(node.home, node.domain, tmp_path / "a.xml", "--header")
    _, shared = submit(node, note, more=["--assertion", security])
    assert shared["errors"] == []
    (document,) = documents(shared)
    bare = assertion(node.home, node.domain, tmp_path / "bare.xml")
    ends = ("--registry", node.urls["registry"], "--repository", node.urls["repository"])
    code, came = greffe_json(
        *("retrieve", document["unique_id"], "--out", tmp_path / "out"), *ends, "--assertion", bare
    )
    assert (code, [d["verified"] for d in came["documents"]]) == (0, [True])


def test_a_file_of_other_content_is_never_overwritten(node, note, tmp_path):
    _, shared = submit(node, note)
    (document,) = documents(shared)
    words = ("retrieve", document["unique_id"], "--home", node.home, "--out", tmp_path / "out")
    _, came = greffe_json(*words)
    kept = Path(came["documents"][0]["file"])
    assert greffe_json(*words)[0] == 0, "the same content is no conflict"
    kept.write_text("somebody's own")
    code, came = greffe_json(*words)
    assert (code, came["errors"][0]["kind"]) == (2, "usage")
    assert kept.read_text() == "somebody's own"
    assert list((tmp_path / "out").iterdir()) == [kept], "nothing is left behind"


def test_what_is_known_comes_though_something_else_is_not(node, note, tmp_path):
    _, shared = submit(node, note)
    (document,) = documents(shared)
    code, came = greffe_json(
        *("retrieve", document["unique_id"], "1.2.3.4.5"),
        *("--home", node.home, "--out", tmp_path / "out"),
    )
    assert code == 1
    assert [d["unique_id"] for d in came["documents"]] == [document["unique_id"]]
    assert [e["unique_id"] for e in came["errors"]] == ["1.2.3.4.5"]


def test_documents_that_a_repository_does_not_know_are_its_errors(node, note, tmp_path):
    code, came = greffe_json(
        *("retrieve", "1.2.3.4.5", "--repository-unique-id", "1.2.3"),
        *("--home", node.home, "--out", tmp_path / "out"),
    )
    assert code == 1
    assert came["errors"][0]["code"] == "XDSUnknownRepositoryId"


def test_a_refusal_is_exit_code_1_with_the_servers_words(node, note):
    unknown = {"ihe": "NOBODY^^^&1.2.3&ISO", "dmp": "175069900000102^^^&1.2.250.1.213.1.4.10&ISO"}
    code, answer = greffe_json(
        "submit", note, "--patient", unknown[node.domain], "--home", node.home
    )
    assert code == 1
    assert answer["submissions"][0]["status"] == "Failure"
    assert {e["code"] for e in answer["errors"]} == {"XDSUnknownPatientId"}
    assert all(e["text"] and e["location"] and e["file"] == str(note) for e in answer["errors"])


def test_an_expired_assertion_is_exit_code_1_with_a_fault(node, note, tmp_path):
    old = assertion(node.home, node.domain, tmp_path / "old.xml", "--lifetime", "-3600")
    code, answer = greffe_json(
        *("query", "find-documents", "--patient", node.patient),
        *("--home", node.home, "--assertion", old),
    )
    assert (code, answer["errors"][0]["kind"]) == (1, "fault")
    assert "expired" in answer["errors"][0]["text"].lower()


def test_nobody_there_is_exit_code_3(node, note, tmp_path):
    nobody = f"http://127.0.0.1:{free_port()}/x"
    for words in (
        ("submit", note, "--patient", node.patient, "--repository", nobody),
        ("query", "get-all", "--patient", node.patient, "--registry", nobody),
        ("retrieve", "1.2.3", "--registry", nobody, "--out", tmp_path),
    ):
        code, answer = greffe_json(*words, "--home", node.home)
        assert (code, answer["exit_code"]) == (3, 3), answer
        assert answer["errors"][0]["kind"] == "unreachable"
        assert "refused" in answer["errors"][0]["text"]


def test_the_other_service_is_not_the_one_asked_for(node, tmp_path):
    code, answer = greffe_json(
        *("query", "get-all", "--patient", node.patient, "--home", node.home),
        *("--registry", node.urls["repository"]),
    )
    assert (code, answer["errors"][0]["kind"]) == (3, "unreachable")


@pytest.mark.parametrize(
    "words",
    [
        ("submit", "absent.txt"),
        ("submit", "{note}", "--type-code", "no-such-code"),
        ("query", "find-documents", "--patient", "X", "--created-from", "yesterday"),
        ("query", "find-documents", "--patient", "X", "--registry", "ftp://x"),
        ("query", "find-documents", "--patient", "X", "--assertion", "absent.xml"),
    ],
)
def test_a_wrong_command_line_or_file_is_exit_code_2_in_one_line(node, note, words):
    words = [w.format(note=note) for w in words]
    patient = () if "--patient" in words else ("--patient", node.patient)
    code, answer = greffe_json(*words, *patient, "--home", node.home)
    assert (code, answer["errors"][0]["kind"]) == (2, "usage")
    done = greffe(*words, *patient, "--home", node.home)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("greffe ")
    assert done.stderr.count("\n") == 1


def test_a_document_of_many_megabytes_comes_back_as_it_was(node, tmp_path):
    path = tmp_path / "large.pdf"
    block = hashlib.sha512(b"x").digest() * 4096
    with path.open("wb") as file:
        file.write(b"%PDF-1.7\r\n--greffe\r\n")
        for number in range(120):
            file.write(number.to_bytes(4, "big") + block)
    code, shared = submit(node, path)
    assert (code, shared["errors"]) == (0, [])
    (document,) = documents(shared)
    assert document["mime_type"] == "application/pdf"
    code, came = greffe_json(
        "retrieve", document["unique_id"], "--home", node.home, "--out", tmp_path / "out"
    )
    assert code == 0
    assert Path(came["documents"][0]["file"]).read_bytes() == path.read_bytes()


def test_a_patient_is_added_twice_without_harm(node):
    cx = {
        "ihe": f"{uuid.uuid4()}^^^&1.2.3&ISO",
        "dmp": "299019900000133^^^&1.2.250.1.213.1.4.10&ISO",
    }
    for expected in ("now known", "was known already"):
        done = greffe("patient", "add", cx[node.domain], "--home", node.home)
        assert done.returncode == 0
        assert expected in done.stdout


def test_tables_name_what_was_shared_and_found(node, note):
    done = greffe(
        *("submit", note, "--patient", node.patient, "--create-patient", "--home", node.home),
        *("--title", "A [bold] title"),
    )
    assert done.returncode == 0
    assert "shared" in done.stdout
    assert "A [bold] title" in done.stdout
    done = greffe("query", "find-documents", "--patient", node.patient, "--home", node.home)
    assert "A [bold] title" in done.stdout
