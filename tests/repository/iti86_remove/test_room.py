"""ITI-86 through the door: what is removed is not given any more; what is refused leaves all."""

from dataclasses import replace

import pytest
from lxml import etree

from repository.app import make_app
from repository.iti43_retrieve import handle as iti43
from repository.iti86_remove import handle as iti86
from repository.vault.api import Vault, VaultError
from repository.vault.files import Disk, open_blobs
from repository.vault.index import open_index
from repository.vault.removing import remove
from tests.build.parts import Parts
from tests.build.soap import call, envelope
from tests.registry.build import a_call
from tests.repository.vault.test_removing import put
from xds.contract import load_schema
from xds.soap.exchange import OutgoingDocument

OWN = "1.2.250.1.86"
RMD, XDSB = "urn:ihe:iti:rmd:2017", "urn:ihe:iti:xds-b:2007"
ACTION = "urn:ihe:iti:2017:RemoveDocuments"
CONTENTS = {"1.1": b"first", "1.2": b"second", "1.3": b"first"}


class Node:
    """The two rooms that matter over one vault."""

    def __init__(self, vault):
        self.vault = vault
        rooms = (
            iti43.room(vault=vault, repository_unique_id=OWN),
            iti86.room(vault=vault, repository_unique_id=OWN),
        )
        self.parts = Parts(rooms=rooms)
        self.app = make_app(self.parts)

    def send(self, action, body):
        answer = call(self.app, envelope(action=action, body=body), PATH_INFO="/repository")
        return etree.fromstring(answer.body)

    def remove(self, *unique_ids, body=None):
        """The status and the errors of an answer, which is valid."""
        root = self.send(ACTION, body or a_removal(*unique_ids))
        (response,) = root.iter("{*}RegistryResponse")
        load_schema().assertValid(etree.fromstring(etree.tostring(response)))
        errors = [
            (e.get("errorCode"), e.get("location"), e.get("severity").rpartition(":")[2])
            for e in response.iter("{*}RegistryError")
        ]
        return response.get("status"), errors

    def given(self):
        """The documents that ITI-43 gives now, as base64."""
        body = f'<x:RetrieveDocumentSetRequest xmlns:x="{XDSB}">{asked(*CONTENTS)}'
        root = self.send(
            "urn:ihe:iti:2007:RetrieveDocumentSet", body + "</x:RetrieveDocumentSetRequest>"
        )
        return {
            one.findtext("{*}DocumentUniqueId"): one.findtext("{*}Document")
            for one in root.iter("{*}DocumentResponse")
        }


SUCCESS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
FAILURE = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure"
PARTIAL = "urn:ihe:iti:2007:ResponseStatusType:PartialSuccess"


def asked(*unique_ids, repository=OWN):
    return "".join(
        f'<x:DocumentRequest xmlns:x="{XDSB}"><x:RepositoryUniqueId>{repository}'
        f"</x:RepositoryUniqueId><x:DocumentUniqueId>{one}</x:DocumentUniqueId>"
        "</x:DocumentRequest>"
        for one in unique_ids
    )


def a_removal(*unique_ids, inside="", namespace=RMD):
    content = asked(*unique_ids) + inside
    return f'<m:RemoveDocumentsRequest xmlns:m="{namespace}">{content}</m:RemoveDocumentsRequest>'


@pytest.fixture
def vault(tmp_path):
    index = open_index(f"sqlite:///{tmp_path}/index.db")
    yield Vault(blobs=open_blobs(tmp_path / "vault"), index=index)
    index.close()


@pytest.fixture
def node(vault):
    for unique_id, content in CONTENTS.items():
        put(vault, unique_id, content)
    return Node(vault)


def test_a_request_of_these_tests_is_valid():
    load_schema().assertValid(etree.fromstring(a_removal("1.1")))


def test_a_removed_document_is_not_given_any_more(node):
    before = node.given()
    assert set(before) == set(CONTENTS)
    assert node.remove("1.1", "1.2") == (SUCCESS, [])
    assert node.given() == {"1.3": before["1.3"]}


def test_a_document_named_twice_is_removed_once(node):
    assert node.remove("1.1", "1.1") == (SUCCESS, [])


def test_some_unknown_is_partial_success_and_the_rest_is_removed(node):
    unknown = ("XDSDocumentUniqueIdError", "1.404", "Error")
    assert node.remove("1.404", "1.1") == (PARTIAL, [unknown])
    assert set(node.given()) == {"1.2", "1.3"}


def test_none_known_is_a_failure_and_nothing_is_removed(node):
    before = node.given()
    status, errors = node.remove("1.404", "1.405")
    assert status == FAILURE
    assert [e[:2] for e in errors] == [
        ("XDSDocumentUniqueIdError", "1.404"),
        ("XDSDocumentUniqueIdError", "1.405"),
    ]
    assert node.given() == before


def test_what_is_removed_is_not_removed_again(node):
    node.remove("1.1")
    assert node.remove("1.1") == (FAILURE, [("XDSDocumentUniqueIdError", "1.1", "Error")])


def test_another_repositorys_document_is_refused_and_stays(node):
    before = node.given()
    body = a_removal(inside=asked("1.1", repository="9.9.9"))
    assert node.remove(body=body) == (FAILURE, [("XDSUnknownRepositoryId", "1.1", "Error")])
    assert node.given() == before


def test_one_id_in_two_repositories_is_removed_here_and_told_of_the_other(node):
    body = a_removal("1.1", inside=asked("1.1", repository="9.9.9"))
    assert node.remove(body=body) == (PARTIAL, [("XDSUnknownRepositoryId", "1.1", "Error")])
    assert "1.1" not in node.given()


@pytest.mark.parametrize(
    "body",
    [
        a_removal(),
        a_removal("1.1", inside="<other/>"),
        a_removal("1.1", inside=asked("")),
        a_removal("1.1", inside=asked("1.2").replace(XDSB, RMD)),
        a_removal("1.1", inside=asked("1.2", repository=" ")),
    ],
)
def test_a_request_of_another_shape_is_refused_and_nothing_is_removed(node, body):
    before = node.given()
    status, errors = node.remove(body=body)
    assert status == FAILURE
    assert {code for code, _, _ in errors} == {"XDSRepositoryError"}
    assert node.given() == before


@pytest.mark.parametrize("namespace", [XDSB, "urn:ihe:iti:rmd:2016", ""])
def test_a_request_in_another_namespace_is_told_the_right_one(node, namespace):
    before = node.given()
    root = node.send(ACTION, a_removal("1.1", namespace=namespace).replace(':m=""', ':m="urn:x"'))
    (fault,) = root.iter("{*}Fault")
    text = "".join(fault.itertext())
    assert RMD in text
    assert "RemoveDocumentsRequest" in text
    assert node.given() == before


def test_the_trace_names_the_documents(node):
    node.remove("1.1", "1.404")
    (event,) = node.parts.events
    assert event.transaction == "ITI-86"
    assert event.concerned.documents == ("1.1", "1.404")
    assert event.codes == ("XDSDocumentUniqueIdError",)


def test_storage_that_fails_is_said_and_nothing_is_removed(node, monkeypatch):
    before = node.given()

    def fail(_):
        raise VaultError("the disk is gone")

    monkeypatch.setattr(node.vault.index, "forget", fail)
    status, ((code, location, _),) = node.remove("1.1")
    assert (status, code) == (FAILURE, "XDSRepositoryError")
    assert location
    monkeypatch.undo()
    assert node.given() == before


def test_bytes_that_cannot_be_erased_now_are_a_warning_and_no_failure(vault, tmp_path):
    def refuse(_):
        raise PermissionError(1, "Operation not permitted")

    refusing = replace(vault, blobs=open_blobs(tmp_path / "vault", Disk(unlink=refuse)))
    put(refusing, "1.1", CONTENTS["1.1"])
    node = Node(refusing)
    status, ((code, _, severity),) = node.remove("1.1")
    assert (status, code, severity) == (SUCCESS, "XDSRepositoryError", "Warning")
    assert node.given() == {}


def test_a_retrieval_that_has_begun_is_not_torn(vault):
    """Both are large, so they stream after the answer was decided; the second is not begun yet."""
    contents = {"1.1": bytes(range(256)) * 20_000, "1.2": bytes(1_500_000)}
    for unique_id, content in contents.items():
        put(vault, unique_id, content)
    node = Node(vault)
    body = f'<x:RetrieveDocumentSetRequest xmlns:x="{XDSB}">{asked("1.1", "1.2")}'
    request = a_call(f"{body}</x:RetrieveDocumentSetRequest>".encode())
    outcome = node.parts.rooms[0].handle(request)
    documents = [piece for piece in outcome.answer.body if isinstance(piece, OutgoingDocument)]
    first = documents[0].chunks()
    begun = next(first)
    assert node.remove("1.1", "1.2") == (SUCCESS, [])
    assert begun + b"".join(first) == contents["1.1"]
    assert b"".join(documents[1].chunks()) == contents["1.2"]
    assert node.given() == {}


def test_a_document_that_goes_while_it_is_looked_up_was_never_here(node, monkeypatch):
    """Removed between the look at the index and the opening of the bytes."""
    found = node.vault.index.find
    looks = []

    def find(unique_ids):
        held = found(unique_ids)
        if not looks:
            looks.append(1)
            remove(node.vault, ["1.2"])
        return held

    monkeypatch.setattr(node.vault.index, "find", find)
    body = f'<x:RetrieveDocumentSetRequest xmlns:x="{XDSB}">{asked("1.1", "1.2")}'
    root = node.send(
        "urn:ihe:iti:2007:RetrieveDocumentSet", f"{body}</x:RetrieveDocumentSetRequest>"
    )
    (error,) = root.iter("{*}RegistryError")
    assert (error.get("errorCode"), error.get("location")) == ("XDSDocumentUniqueIdError", "1.2")
