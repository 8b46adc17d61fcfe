"""ITI-43 and ITI-86 at running nodes: the Repository gives what the Registry permits, now [ITI-79].

In the French domain; `test_choices_hold` has the same choices at the query.
"""

import io
import json
import uuid
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from greffe.cli import main
from greffe.client.exchange import Exchange, Message
from greffe.client.faults import FaultError
from tests.build.submission import a_submission
from tests.flow.nodes import assertion, free_port, make_home, serving
from xds.access.decision_query import AskedDocument, write_decision_query
from xds.access.model import Action
from xds.access.xacml import REQUEST_ACTION
from xds.clock import now
from xds.ebrim.submit import write_submit_objects
from xds.security.caller import Caller
from xds.security.writing import security_header
from xds.settings import load_settings

PATIENT = "284026938104238^^^&1.2.250.1.213.1.4.10&ISO^NH"
OTHER_PATIENT = "269054958815780^^^&1.2.250.1.213.1.4.10&ISO^NH"
DEPOSITOR, OTHER = "899700000001", "899700000019"
UNKNOWN = "2.25.404"
REGISTER = "urn:ihe:iti:2007:RegisterDocumentSet-b"


@pytest.fixture(scope="module")
def french(tmp_path_factory):
    home = make_home(tmp_path_factory.mktemp("node") / "home", "dmp")
    with serving(home, domain="dmp") as node:
        yield node


def run(*words):
    """Exit code and output of a command, in this process: to start one takes longer."""
    with redirect_stdout(io.StringIO()) as said, redirect_stderr(io.StringIO()):
        code = main([str(word) for word in words])
    return code, said.getvalue()


def choose(node, action, *words, patient=PATIENT):
    code, said = run("patient", action, patient, *words, "--home", node.home)
    assert code == 0, said


@pytest.fixture
def shared(french, tmp_path):
    """The uniqueId of a document that the first doctor just shared; the patient chose nothing."""
    path = tmp_path / "note.txt"
    path.write_text(f"A note of {uuid.uuid4()}.\n")
    code, said = run(
        *("submit", path, "--patient", PATIENT, "--create-patient", "--home", french.home),
        "--json",
    )
    assert code == 0, said
    choose(french, "open")
    choose(french, "consent", "--break-glass", "yes")
    for action in ("unblock", "resign", "withdraw"):
        choose(french, action, OTHER)
    return json.loads(said)["submissions"][0]["documents"][0]["unique_id"]


def caller(node, folder, subject, purpose="normal", *, role="10", reason="inconscient"):
    """A file with a doctor's assertion."""
    why = ("--reason", reason) if purpose == "bris_de_glace" and reason else ()
    specialty = ("--specialty", "SM26") if role == "10" else ()
    code, said = run(
        *("assertion", "--home", node.home, "--subject", subject, "--name", "X", "--role", role),
        *specialty,
        *("--structure", "10B9999999", "--purpose", purpose, "--patient", PATIENT),
        *why,
    )
    assert code == 0, said
    path = folder / f"{uuid.uuid4()}.xml"
    path.write_text(said)
    return path


def retrieve(node, folder, signed, *unique_ids):
    """uniqueIds of what came, and code and text of each error."""
    settings = load_settings(node.home)
    _, said = run(
        *("retrieve", *unique_ids, "--out", folder / uuid.uuid4().hex, "--json"),
        *("--repository", node.urls["repository"], "--assertion", signed),
        *("--repository-unique-id", settings.repository_unique_id),
    )
    answer = json.loads(said)
    return (
        [d["unique_id"] for d in answer["documents"]],
        [(e["code"], e["text"]) for e in answer["errors"]],
    )


def given(node, folder, unique_id, subject=OTHER, purpose="normal", **how):
    """Whether a doctor gets a document; if not, as if there were none."""
    signed = caller(node, folder, subject, purpose, **how)
    came, errors = retrieve(node, folder, signed, unique_id, UNKNOWN)
    texts = [text.replace(unique_id, UNKNOWN) for _, text in errors]
    assert {code for code, _ in errors} == {"XDSDocumentUniqueIdError"}
    # One error for each, and the same words for what is hidden as for what there is not.
    assert len(texts) == 2 - len(came)
    assert len({text.replace("[2]", "[1]") for text in texts}) == 1
    return came == [unique_id]


def last_event(node, transaction, service):
    lines = (Path(node.home) / "audit" / f"{service}.jsonl").read_text().splitlines()
    events = [json.loads(line)["event"] for line in lines]
    return [e for e in events if e["transaction"] == transaction][-1]


def test_an_authorisation_opens_a_document_at_once_and_its_end_closes_it(french, shared, tmp_path):
    assert given(french, tmp_path, shared, DEPOSITOR)
    assert not given(french, tmp_path, shared)
    choose(french, "authorise", OTHER)
    assert given(french, tmp_path, shared)
    choose(french, "withdraw", OTHER)
    assert not given(french, tmp_path, shared)


def test_masked_blocked_and_closed_are_not_given(french, shared, tmp_path):
    choose(french, "authorise", OTHER)
    choose(french, "mask", shared)
    assert not given(french, tmp_path, shared)
    choose(french, "attending", OTHER)
    assert given(french, tmp_path, shared)
    choose(french, "resign", OTHER)
    choose(french, "unmask", shared)
    choose(french, "authorise", OTHER)
    assert given(french, tmp_path, shared)
    choose(french, "close")
    assert not given(french, tmp_path, shared)
    assert not given(french, tmp_path, shared, DEPOSITOR)
    choose(french, "open")
    choose(french, "block", OTHER)
    assert not given(french, tmp_path, shared)
    assert not given(french, tmp_path, shared, purpose="bris_de_glace")


def test_an_emergency_opens_and_both_trails_say_so(french, shared, tmp_path):
    assert given(french, tmp_path, shared, purpose="bris_de_glace")
    for transaction, service in (("ITI-43", "repository"), ("ITI-79", "registry")):
        event = last_event(french, transaction, service)
        assert event["concerned"]["is_emergency"], service
        assert "permit: emergency" in event["concerned"]["decision"]
        assert event["caller"]["identity"] == OTHER
        assert event["concerned"]["documents"] == [shared, UNKNOWN]
    assert last_event(french, "ITI-79", "registry")["concerned"]["patients"]
    choose(french, "consent", "--break-glass", "no")
    assert not given(french, tmp_path, shared, purpose="bris_de_glace")
    assert not last_event(french, "ITI-43", "repository")["concerned"]["is_emergency"]


def test_what_follows_from_the_assertion_is_told_of_what_there_is_and_of_what_not(
    french, shared, tmp_path
):
    signed = caller(french, tmp_path, OTHER, "bris_de_glace", reason="")
    came, errors = retrieve(french, tmp_path, signed, shared, UNKNOWN)
    assert came == []
    assert [code for code, _ in errors] == ["XDSRepositoryError"] * 2
    assert all("reason" in text for _, text in errors)


def test_nobody_registers_a_documents_uniqueid_to_open_it(french, shared, tmp_path):
    """The attack from both sides: directly, and by a Repository's own door."""
    signed = caller(french, tmp_path, OTHER)
    message = Message(
        url=french.urls["registry"],
        action=REGISTER,
        security=security_header(signed.read_bytes()),
        body=write_submit_objects(a_submission()),
    )
    with pytest.raises(FaultError, match="trusted_repositories"):
        Exchange().send(message)
    path = tmp_path / "again.txt"
    path.write_text("Anything.\n")
    code, said = run(
        *("submit", path, "--patient", OTHER_PATIENT, "--create-patient", "--home", french.home),
        *("--unique-id", shared, "--json"),
    )
    assert code != 0, said
    assert not given(french, tmp_path, shared)


def test_nobody_but_a_repository_asks_for_decisions(french, shared, tmp_path):
    signed = caller(french, tmp_path, DEPOSITOR)
    question = write_decision_query(
        Caller(identity=DEPOSITOR, issuer=""),
        [AskedDocument(document_unique_id=shared, repository_unique_id="1.2")],
        Action.CONSULT,
        query_id="_1",
        instant=now(),
    )
    for name in ("registry", "decisions"):
        message = Message(
            url=french.urls["registry"].replace("/registry", f"/{name}"),
            action=REQUEST_ACTION,
            security=security_header(signed.read_bytes()),
            body=question,
        )
        with pytest.raises(FaultError, match="only from the Document"):
            Exchange().send(message)


def test_a_repository_whose_registry_is_down_gives_nothing(tmp_path):
    home = make_home(tmp_path / "home", "dmp")
    note = tmp_path / "note.txt"
    note.write_text("A note.\n")
    signed = assertion(home, "dmp", tmp_path / "caller.xml")
    with serving(home, domain="dmp") as node:
        _, said = run(
            *("submit", note, "--patient", PATIENT, "--create-patient", "--home", home, "--json")
        )
        unique_id = json.loads(said)["submissions"][0]["documents"][0]["unique_id"]
        assert retrieve(node, tmp_path, signed, unique_id) == ([unique_id], [])
    url = f"http://127.0.0.1:{free_port()}/registry"
    with serving(home, "repository", "--registry-url", url, services=1, domain="dmp") as alone:
        came, errors = retrieve(alone, tmp_path, signed, unique_id)
    assert came == []
    assert [code for code, _ in errors] == ["XDSRegistryNotAvailable"]
