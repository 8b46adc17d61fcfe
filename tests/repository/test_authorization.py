"""ITI-43 and ITI-86 ask before they do anything; what nobody permitted is not there."""

import threading
from dataclasses import dataclass

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from repository.authorization import AskRegistry
from repository.iti43_retrieve import handle as iti43
from repository.iti86_remove import handle as iti86
from repository.registry_client import RegistryClient, RegistryUnavailableError, payload_of
from repository.vault.api import Vault
from repository.vault.files import open_blobs
from repository.vault.index import open_index
from tests.registry.build import START, a_call
from tests.repository.conftest import drop, endless, free_port, reply, silent, truncated
from tests.repository.iti86_remove.test_room import OWN, a_removal, asked
from tests.repository.vault.test_removing import put
from xds.access.decision_query import read_decision_query
from xds.access.decision_response import Head, Verdict, read_decisions, write_decisions
from xds.access.model import Action, Obligation
from xds.ebrim.response import read_registry_response
from xds.errors import Refusal, Where
from xds.story import Refused

SOAP = "http://www.w3.org/2003/05/soap-envelope"
XDSB = "urn:ihe:iti:xds-b:2007"
SECURITY = b'<sec xmlns="urn:x"/>'
HELD = ("1.1", "1.2", "1.3")


class Plain:
    """Credentials of these tests: the Registry here looks at nobody's."""

    def header(self, call):
        return SECURITY


def envelope(body: bytes) -> bytes:
    return b'<s:Envelope xmlns:s="%s"><s:Body>%s</s:Body></s:Envelope>' % (SOAP.encode(), body)


def fault(code: str) -> bytes:
    return envelope(
        f"<s:Fault><s:Code><s:Value>s:{code}</s:Value></s:Code>"
        f"<s:Reason><s:Text>no</s:Text></s:Reason></s:Fault>".encode()
    )


def permit(unique_id, *obligations):
    return Verdict(
        document_unique_id=unique_id,
        is_permitted=True,
        basis="authorised",
        obligations=frozenset(obligations),
    )


def deny(unique_id, **told):
    return Verdict(document_unique_id=unique_id, is_permitted=False, **told)


@dataclass
class Node:
    """A Repository with three documents, and the Registry that it asks."""

    vault: Vault
    registry: object
    authorization: AskRegistry

    @property
    def questions(self):
        """What was asked so far."""
        found = []
        for octets in self.registry.received:
            (body,) = etree.fromstring(octets).iter(f"{{{SOAP}}}Body")
            query, complaints = read_decision_query(body[0], Where("x"))
            assert not complaints
            found.append((query.action, [d.document_unique_id for d in query.documents]))
        return found

    def decides(self, *verdicts, change=lambda octets: octets):
        """Let the Registry answer with these verdicts."""

        def step(handler):
            root = etree.fromstring(self.registry.received[-1])
            (asked_id,) = root.xpath("//@ID")
            head = Head(response_id="_r", in_response_to=asked_id, issuer="r", instant=START)
            reply(change(envelope(write_decisions(verdicts, head))))(handler)

        self.registry.answers(step)

    def retrieve(self, *unique_ids, repository=OWN, authorization=None):
        """The documents that came, and the answer."""
        room = iti43.room(
            vault=self.vault,
            repository_unique_id=OWN,
            authorization=authorization or self.authorization,
        )
        body = f'<x:RetrieveDocumentSetRequest xmlns:x="{XDSB}">'
        body += asked(*unique_ids, repository=repository) + "</x:RetrieveDocumentSetRequest>"
        outcome = room.handle(a_call(body.encode()))
        text = b"".join(
            part if isinstance(part, bytes) else b"".join(part.chunks())
            for part in outcome.answer.body
        )
        root = etree.fromstring(text)
        documents = {
            one.findtext("{*}DocumentUniqueId"): one.findtext("{*}Document")
            for one in root.iter("{*}DocumentResponse")
        }
        return documents, read_registry_response(root[0]), outcome.concerned, text

    def refused(self, *unique_ids):
        """The complaint, and whom it concerned, of a retrieval that was refused."""
        with pytest.raises(Refused) as caught:
            self.retrieve(*unique_ids)
        (complaint,) = caught.value.complaints
        return complaint, caught.value.concerned

    def remove(self, *unique_ids):
        room = iti86.room(
            vault=self.vault, repository_unique_id=OWN, authorization=self.authorization
        )
        try:
            outcome = room.handle(a_call(a_removal(*unique_ids).encode()))
        except Refusal as refusal:
            return [c.code for c in refusal.complaints]
        return [c.code for c in outcome.complaints]

    @property
    def held(self):
        return set(self.vault.index.find(list(HELD)))


@pytest.fixture
def vault(tmp_path):
    index = open_index(f"sqlite:///{tmp_path}/index.db")
    vault = Vault(blobs=open_blobs(tmp_path / "vault"), index=index)
    for number, unique_id in enumerate(HELD):
        put(vault, unique_id, b"content %d" % number)
    yield vault
    index.close()


@pytest.fixture
def node(vault, scripted_registry):
    with urllib3.PoolManager() as pool:
        client = RegistryClient(url=scripted_registry.url, answer_seconds=5, pool=pool)
        yield Node(vault, scripted_registry, asking(client))


def asking(client):
    return AskRegistry(registry=client, credentials=Plain(), repository_unique_id=OWN)


def test_one_request_is_one_question_about_all_documents_known_and_unknown(node):
    node.decides(permit("1.1"), permit("1.2"))
    documents, answer, concerned, _ = node.retrieve("1.2", "9.9", "1.1", "1.2")
    assert documents == {"1.2": "content 1", "1.1": "content 0"}
    assert answer.status.endswith("PartialSuccess")
    assert node.questions == [(Action.CONSULT, ["1.2", "9.9", "1.1"])]
    assert SECURITY in node.registry.received[0]
    assert concerned.decision == "permit: authorised"
    assert [(o.transaction, o.endpoint) for o in concerned.onward] == [
        ("ITI-79", node.registry.url)
    ]


def test_a_hidden_document_is_answered_byte_for_byte_like_one_that_there_is_not(node):
    node.decides(permit("1.2"), deny("1.1"), deny("9.9"))
    hidden, unknown = node.retrieve("1.1"), node.retrieve("9.9")
    assert hidden[3].replace(b"1.1", b"9.9") == unknown[3]
    assert [c.code for c in hidden[1].complaints] == ["XDSDocumentUniqueIdError"]
    mixed = node.retrieve("1.2", "1.1")[3], node.retrieve("1.2", "9.9")[3]
    assert mixed[0].replace(b"1.1", b"9.9") == mixed[1]
    assert b"PartialSuccess" in mixed[0]


def test_a_hidden_document_is_not_opened(node, monkeypatch):
    opened = []
    for name in ("open", "read", "is_known_right", "is_whole"):
        monkeypatch.setattr(type(node.vault.blobs), name, lambda *a, **k: opened.append(a) or 1 / 0)
    node.decides(deny("1.1"))
    assert node.retrieve("1.1")[0] == {}
    assert opened == []


def test_a_document_about_which_nothing_was_said_is_denied(node):
    node.decides(permit("1.1"))
    documents, answer, _, _ = node.retrieve("1.1", "1.2")
    assert set(documents) == {"1.1"}
    assert [c.code for c in answer.complaints] == ["XDSDocumentUniqueIdError"]


def test_a_permission_for_what_was_not_asked_is_none(node):
    node.decides(permit("1.1"), permit("1.3"))
    assert set(node.retrieve("1.1")[0]) == {"1.1"}


def test_what_follows_from_the_assertion_is_told(node):
    node.decides(deny("1.1", reason="function", rule="consult is not given to secretary\n<here>"))
    documents, answer, concerned, _ = node.retrieve("1.1")
    assert documents == {}
    (complaint,) = answer.complaints
    assert complaint.code == "XDSRepositoryError"
    assert "consult is not given to secretary <here>" in complaint.code_context
    assert complaint.location == "1.1"
    assert concerned.decision == "deny: function"


def test_an_emergency_is_in_the_trail(node):
    node.decides(permit("1.1", Obligation.TRACE_EMERGENCY, Obligation.TELL_PATIENT))
    assert node.retrieve("1.1")[2].is_emergency
    node.decides(permit("1.1"))
    assert not node.retrieve("1.1")[2].is_emergency


def test_a_request_for_another_repository_is_not_asked_about(node):
    _, answer, _, _ = node.retrieve("1.1", repository="1.2.3")
    assert [c.code for c in answer.complaints] == ["XDSUnknownRepositoryId"]
    assert node.questions == []


def test_where_every_trusted_caller_may_all_nobody_is_asked(node):
    documents, _, concerned, _ = node.retrieve("1.1", authorization=iti43.NOBODY_ASKED)
    assert set(documents) == {"1.1"}
    assert node.registry.received == []
    assert (concerned.decision, concerned.onward) == ("", ())


def test_a_choice_that_changes_between_two_retrievals_counts_at_the_second(node):
    node.decides(permit("1.1"))
    assert set(node.retrieve("1.1")[0]) == {"1.1"}
    node.decides(deny("1.1"))
    assert node.retrieve("1.1")[0] == {}
    assert len(node.questions) == 2


GOOD = envelope(
    write_decisions(
        [permit("1.1")], Head(response_id="_r", in_response_to="_q", issuer="r", instant=START)
    )
)
UNUSABLE = {
    "500 without a fault": reply(b"<html>oops</html>", 500, "text/html"),
    "garbage": reply(b"\x00\xff\xfe garbage"),
    "nothing": reply(b""),
    "truncated xml": reply(GOOD[:-20]),
    "truncated http": truncated(GOOD[:-20]),
    "no answer": drop,
    "endless": endless,
    "the answer to another question": reply(GOOD),
    "a failure": reply(GOOD.replace(b"status:Success", b"status:Responder")),
    "a dtd": reply(b'<!DOCTYPE x [<!ENTITY e "x">]>' + GOOD),
    "a registry response": reply(
        envelope(b'<r:RegistryResponse xmlns:r="urn:x" status="Success"/>')
    ),
    "a sender fault": reply(fault("Sender"), 400),
    "a receiver fault": reply(fault("Receiver"), 500),
}


@pytest.mark.parametrize("answer", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_nothing_is_given_and_nothing_removed_without_a_clear_answer(node, answer):
    node.registry.answers(answer)
    complaint, concerned = node.refused("1.1", "9.9")
    assert complaint.code == "XDSRegistryNotAvailable"
    assert concerned.documents == ("1.1", "9.9")
    assert [str(o.outcome) for o in concerned.onward] == ["fault"]
    assert node.remove("1.1") == ["XDSRegistryNotAvailable"]
    assert node.held == set(HELD)


def test_a_registry_that_is_down_or_silent_opens_nothing(node, scripted_registry):
    released = threading.Event()
    scripted_registry.answers(silent(released))
    for url in (f"http://127.0.0.1:{free_port()}/registry", scripted_registry.url):
        with urllib3.PoolManager() as pool:
            node.authorization = asking(RegistryClient(url=url, answer_seconds=0.2, pool=pool))
            complaint, _ = node.refused("1.1")
            assert complaint.code == "XDSRegistryNotAvailable"
            assert "127.0.0.1" not in complaint.code_context
    released.set()


def test_an_answer_that_was_lost_is_asked_for_again_under_the_same_message_id(node):
    node.decides(permit("1.1"))
    node.registry.script.insert(0, drop)
    assert set(node.retrieve("1.1")[0]) == {"1.1"}
    first, second = node.registry.received
    assert first == second


def test_a_removal_is_asked_for_as_one_and_what_is_denied_stays(node):
    node.decides(permit("1.1"), deny("1.2"), deny("1.3", reason="function", rule="not for you"))
    assert sorted(node.remove("1.1", "1.2", "1.3", "9.9")) == [
        "XDSDocumentUniqueIdError",
        "XDSDocumentUniqueIdError",
        "XDSRepositoryError",
    ]
    assert node.questions == [(Action.DELETE, ["1.1", "1.2", "1.3", "9.9"])]
    assert node.held == {"1.2", "1.3"}


def test_a_removal_that_is_denied_is_answered_like_that_of_what_there_is_not(node):
    node.decides(deny("1.1"), deny("9.9"))
    assert node.remove("1.1") == node.remove("9.9") == ["XDSDocumentUniqueIdError"]
    assert node.held == set(HELD)


def test_a_large_request_is_asked_about_in_portions(node, monkeypatch):
    monkeypatch.setattr("repository.authorization.MAX_RESOURCES", 2)
    node.decides(*(permit(one) for one in HELD))
    assert set(node.retrieve(*HELD)[0]) == set(HELD)
    assert [len(documents) for _, documents in node.questions] == [2, 1]


@given(content=st.binary(max_size=200) | st.integers(0, len(GOOD) - 1).map(lambda n: GOOD[:n]))
def test_any_bytes_are_an_answer_or_one_error(content):
    with pytest.raises((RegistryUnavailableError, ValueError)):
        read_decisions(payload_of(200, content), "_q")


def test_the_good_answer_of_these_tests_is_one():
    assert read_decisions(payload_of(200, GOOD), "_q")["1.1"].is_permitted
