"""What a patient decides with `greffe patient` beside a running node holds at the next query."""

import io
import json
import uuid
from contextlib import redirect_stdout

import pytest

from greffe.cli import main
from tests.flow.nodes import make_home, serving

PATIENT = "284026938104238^^^&1.2.250.1.213.1.4.10&ISO^NH"
AUTHOR, OTHER = "899700000001", "899700000019"


@pytest.fixture(scope="module")
def french(tmp_path_factory):
    home = make_home(tmp_path_factory.mktemp("node") / "home", "dmp")
    with serving(home, domain="dmp") as node:
        yield node


@pytest.fixture
def shared(french, tmp_path):
    """The uniqueId of a document that the first doctor just shared; the patient chose nothing."""
    path = tmp_path / "note.txt"
    path.write_text(f"A note of {uuid.uuid4()}.\n")
    said = greffe(
        *("submit", path, "--patient", PATIENT, "--create-patient", "--home", french.home),
        "--json",
    )
    answer = json.loads(said)
    choose(french, "open")
    for action in ("unblock", "resign", "withdraw"):
        choose(french, action, OTHER)
    return answer["submissions"][0]["documents"][0]["unique_id"]


def greffe(*words):
    """What a command prints; in this process, because starting one takes longer than it works."""
    with redirect_stdout(io.StringIO()) as said:
        assert main([str(word) for word in words]) == 0, words
    return said.getvalue()


def choose(node, action, *words):
    greffe("patient", action, PATIENT, *words, "--home", node.home)


def seen_by(node, folder, subject, purpose="normal"):
    """The uniqueIds that a doctor finds."""
    reason = ("--reason", "inconscient") if purpose == "bris_de_glace" else ()
    said = greffe(
        *("assertion", "--home", node.home, "--subject", subject, "--name", "X", "--role", "10"),
        *("--specialty", "SM26", "--structure", "10B9999999", "--purpose", purpose, *reason),
        *("--patient", PATIENT),
    )
    path = folder / f"{uuid.uuid4()}.xml"
    path.write_text(said)
    answer = greffe(
        *("query", "find-documents", "--patient", PATIENT, "--registry", node.urls["registry"]),
        *("--assertion", path, "--json"),
    )
    return {document["unique_id"] for document in json.loads(answer)["documents"]}


def test_an_authorisation_holds_at_once_and_so_does_its_end(french, shared, tmp_path):
    assert shared not in seen_by(french, tmp_path, OTHER)
    choose(french, "authorise", OTHER)
    assert shared in seen_by(french, tmp_path, OTHER)
    choose(french, "withdraw", OTHER)
    assert shared not in seen_by(french, tmp_path, OTHER)


def test_who_is_blocked_sees_nothing_in_an_emergency_either(french, shared, tmp_path):
    assert shared in seen_by(french, tmp_path, OTHER, "bris_de_glace")
    choose(french, "block", OTHER)
    assert seen_by(french, tmp_path, OTHER, "bris_de_glace") == set()
    choose(french, "unblock", OTHER)
    assert seen_by(french, tmp_path, OTHER) == set()
    assert shared in seen_by(french, tmp_path, OTHER, "bris_de_glace")


def test_a_masked_document_is_for_its_author_and_the_medecin_traitant(french, shared, tmp_path):
    choose(french, "authorise", OTHER)
    choose(french, "mask", shared)
    assert shared not in seen_by(french, tmp_path, OTHER)
    assert shared in seen_by(french, tmp_path, AUTHOR)
    choose(french, "attending", OTHER)
    assert shared in seen_by(french, tmp_path, OTHER)
    choose(french, "resign", OTHER)
    choose(french, "unmask", shared)
    assert shared in seen_by(french, tmp_path, OTHER)


def test_a_closed_record_shows_nothing_and_one_opened_again_all(french, shared, tmp_path):
    choose(french, "authorise", OTHER)
    choose(french, "close")
    assert seen_by(french, tmp_path, OTHER) == seen_by(french, tmp_path, AUTHOR) == set()
    assert seen_by(french, tmp_path, OTHER, "bris_de_glace") == set()
    choose(french, "open")
    assert shared in seen_by(french, tmp_path, OTHER)


def test_a_consent_that_is_taken_back_closes_the_emergency(french, shared, tmp_path):
    choose(french, "consent", "--break-glass", "no")
    assert seen_by(french, tmp_path, OTHER, "bris_de_glace") == set()
    assert shared in seen_by(french, tmp_path, OTHER, "centre_15")
    choose(french, "consent", "--break-glass", "yes")
    assert shared in seen_by(french, tmp_path, OTHER, "bris_de_glace")
