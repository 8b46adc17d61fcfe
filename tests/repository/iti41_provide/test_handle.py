"""repository.iti41_provide.handle: over a real vault and a Registry that answers as scripted."""

import hashlib
import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
import urllib3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from repository.authorization import Decided
from repository.iti41_provide.handle import Provide
from repository.registry_client import RegistryClient
from repository.vault.api import OutOfSpaceError, Vault
from repository.vault.files import open_blobs
from repository.vault.index import open_index
from tests.repository.build import (
    OPEN_DOMAIN,
    PATIENT,
    Message,
    member,
    message,
    oid,
    submission_set,
)
from tests.repository.conftest import drop, free_port, reply, silent
from tests.repository.test_registry_client import fault, response
from xds.access.decision_response import Verdict
from xds.access.model import Action
from xds.ebrim.submit import read_submit_objects
from xds.errors import Where
from xds.security.caller import Caller
from xds.soap.exchange import SoapRequest
from xds.soap.fault import SoapFault
from xds.story import Call, Refused

OWN = "1.2.250.1.999.1"
HEADER = b'<wsse:Security xmlns:wsse="urn:test"/>'
REGISTERED = reply(response())
ERROR = (
    '<r:RegistryError errorCode="{}" codeContext="why" location="{}" '
    'severity="urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:{}"/>'
)


@dataclass
class Part:
    content_id: str
    content: bytes
    breaks: bool = False

    def chunks(self):
        for start in range(0, len(self.content), 7):
            yield self.content[start : start + 7]
        if self.breaks:
            raise SoapFault("Sender", "the message broke off")


class Header:
    def header(self, call) -> bytes:
        return HEADER


@pytest.fixture
def vault(tmp_path):
    index = open_index(f"sqlite:///{tmp_path}/index.db")
    yield Vault(blobs=open_blobs(tmp_path / "vault"), index=index)
    index.close()


@pytest.fixture
def provide(vault, scripted_registry):
    scripted_registry.answers(REGISTERED)
    with urllib3.PoolManager() as pool:
        yield Provide(
            vault=vault,
            registry=RegistryClient(url=scripted_registry.url, answer_seconds=5, pool=pool),
            repository_unique_id=OWN,
            domain=OPEN_DOMAIN,
            credentials=Header(),
        )


def call(sent: Message, parts=None) -> Call:
    octets = (
        b'<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Body>\n'
        + sent.body
        + b"</soap:Body></soap:Envelope>"
    )
    envelope = etree.fromstring(octets)
    body = envelope[0][0]
    where = Where("soap:Envelope").child("soap:Body")
    request = SoapRequest(
        action="",
        message_id="urn:uuid:1",
        to=None,
        body=body,
        body_where=where.child("xds:ProvideAndRegisterDocumentSetRequest", body.sourceline),
        envelope=envelope,
        envelope_octets=octets,
        is_mtom=True,
    )
    attachments = parts if parts is not None else [Part(*p) for p in sent.parts]
    return Call(
        request=request,
        attachments=iter(attachments),
        caller=Caller(identity="x", issuer="y"),
        instant=datetime(2024, 1, 2, tzinfo=UTC),
    )


def refused(provide, sent, parts=None):
    with pytest.raises(Refused) as refusal:
        provide(call(sent, parts))
    return refusal.value.complaints


def registered(scripted_registry):
    """Return the objects that the Registry was sent last."""
    letter = etree.fromstring(scripted_registry.received[-1]).find("{*}Body")[0]
    return read_submit_objects(letter, Where("lcm:SubmitObjectsRequest"))


def content(vault, unique_id) -> bytes | None:
    holding = vault.index.find([unique_id]).get(unique_id)
    return b"".join(vault.blobs.read(holding.receipt)) if holding else None


def staging(vault) -> list:
    return list((vault.blobs.folder / "staging").iterdir())


def test_a_document_is_kept_completed_and_registered(provide, vault, scripted_registry):
    sent = message(b"Compte rendu")
    outcome = provide(call(sent))
    assert b"ResponseStatusType:Success" in outcome.answer.body[0]
    assert content(vault, sent.unique_ids[0]) == b"Compte rendu"
    entry = next(o for o in registered(scripted_registry) if o.tag == "ExtrinsicObject")
    assert entry.id == "Document01"
    assert entry.slot("size").values == ("12",)
    digest = hashlib.sha1(b"Compte rendu", usedforsecurity=False).hexdigest()
    assert entry.slot("hash").values == (digest,)
    assert entry.slot("repositoryUniqueId").values == (OWN,)
    assert outcome.concerned.patients == (PATIENT,)
    assert outcome.concerned.documents == tuple(sent.unique_ids)
    assert HEADER in scripted_registry.received[0]


def test_every_object_is_passed_on_in_order_and_only_the_entries_change(provide, scripted_registry):
    sent = message(b"a", b"b")
    provide(call(sent))
    passed = registered(scripted_registry)
    assert [o.id for o in passed] == [o.id for o in sent.objects]
    assert [o for o in passed if o.tag != "ExtrinsicObject"] == [
        o for o in sent.objects if o.tag != "ExtrinsicObject"
    ]


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data(), contents=st.lists(st.binary(max_size=40), min_size=1, max_size=4))
def test_parts_in_any_order_inline_and_mixed_are_the_same_documents(provide, vault, data, contents):
    sent = message(*contents)
    owns = [own for own, _ in sent.contents]
    inline = frozenset(data.draw(st.sets(st.sampled_from(owns))))
    outside = [own for own in owns if own not in inline]
    sent = replace(
        sent,
        inline=inline,
        part_order=tuple(data.draw(st.permutations(outside))),
        extra_parts=(("unused@test", b"nobody asked"),) if outside else (),
    )
    provide(call(sent))
    assert [content(vault, u) for u in sent.unique_ids] == contents
    assert staging(vault) == []


def test_a_submission_without_documents_is_registered(provide, vault, scripted_registry):
    """An association only: the new set takes up a document that was registered earlier."""
    earlier = "urn:uuid:6a7e4f1c-7a4f-4b6e-9d3c-0d1f5a1e2b3c"
    sent = Message(objects=(*submission_set(oid()), member(earlier, "Reference")), contents=())
    provide(call(sent))
    assert [o.id for o in registered(scripted_registry)] == [o.id for o in sent.objects]
    assert vault.index.count() == 0


def test_an_empty_document_is_kept(provide, vault):
    sent = message(b"")
    provide(call(sent))
    assert content(vault, sent.unique_ids[0]) == b""


def test_missing_and_extra_documents_are_all_named_before_a_byte_is_read(
    provide, vault, scripted_registry
):
    sent = replace(message(b"a", b"b"), contents=(("Document02", b"b"), ("x", b""), ("y", b"")))

    def parts():
        raise AssertionError("a part was asked for")
        yield

    complaints = refused(provide, sent, parts())
    assert sorted(c.code for c in complaints) == [
        "XDSMissingDocument",
        "XDSMissingDocumentMetadata",
        "XDSMissingDocumentMetadata",
    ]
    assert scripted_registry.received == []


def test_wrong_metadata_is_refused_before_a_byte_is_read(provide, scripted_registry):
    sent = message(b"a").with_slot("Document01", "creationTime", "yesterday")

    def parts():
        raise AssertionError("a part was asked for")
        yield

    complaints = refused(provide, sent, parts())
    assert {c.code for c in complaints} == {"XDSRepositoryMetadataError"}
    assert "rim:ExtrinsicObject[1]" in complaints[0].location
    assert scripted_registry.received == []


def test_a_wrong_hash_of_one_of_two_refuses_both_and_leaves_nothing(
    provide, vault, scripted_registry
):
    sent = message(b"a", b"b").with_slot("Document02", "hash", "0" * 40)
    (complaint,) = refused(provide, sent)
    assert complaint.code == "XDSRepositoryMetadataError"
    assert "'Document02'" in complaint.subject
    assert vault.index.count() == 0
    assert staging(vault) == []
    assert scripted_registry.received == []


@pytest.mark.parametrize(
    "parts",
    [[], [Part("Document02@test", b"a")], [Part("document01@test", b"a")]],
    ids=["none", "another", "another case"],
)
def test_a_missing_part_is_a_fault_that_lists_what_came(provide, vault, parts):
    with pytest.raises(SoapFault, match="'Document01@test'") as failure:
        provide(call(message(b"a"), parts))
    for part in parts:
        assert part.content_id in failure.value.reason
    assert staging(vault) == []
    assert vault.index.count() == 0


def test_a_part_that_comes_twice_is_a_fault(provide):
    twice = [Part("Document01@test", b"a"), Part("Document01@test", b"b")]
    with pytest.raises(SoapFault, match="Two MIME parts"):
        provide(call(message(b"a"), twice))


def test_two_documents_may_name_one_part(provide, vault):
    sent = message(b"same", b"same")
    body = sent.body.replace(b"Document02%40test", b"Document01%40test")

    class OnePart(Message):
        @property
        def body(self) -> bytes:
            return body

    provide(call(OnePart(objects=sent.objects, contents=sent.contents), [Part(*sent.parts[0])]))
    assert [content(vault, u) for u in sent.unique_ids] == [b"same", b"same"]


def test_a_caller_who_breaks_off_leaves_nothing(provide, vault, scripted_registry):
    """F16."""
    with pytest.raises(SoapFault, match="broke off"):
        provide(call(message(b"a" * 100), [Part("Document01@test", b"a" * 50, breaks=True)]))
    assert staging(vault) == []
    assert vault.index.count() == 0
    assert scripted_registry.received == []


def test_the_same_bytes_again_are_legal_and_other_bytes_are_not(provide, vault, scripted_registry):
    sent = message(b"first")
    provide(call(sent))
    provide(call(message(b"first", unique_ids=tuple(sent.unique_ids))))
    (complaint,) = refused(provide, message(b"other", unique_ids=tuple(sent.unique_ids)))
    assert complaint.code == "XDSNonIdenticalHash"
    assert content(vault, sent.unique_ids[0]) == b"first"
    assert len(scripted_registry.received) == 2


class Denying:
    """Permits nothing but some uniqueIds."""

    def __init__(self, *seen):
        self.seen, self.asked = seen, []

    def decide(self, call, unique_ids, action):
        self.asked.append((tuple(unique_ids), action))
        permits = [Verdict(document_unique_id=one, is_permitted=True) for one in self.seen]
        return Decided(verdicts={one.document_unique_id: one for one in permits})


def test_who_may_not_see_a_document_is_told_one_constant_text_of_its_uniqueid(provide, vault):
    sent = message(b"first", b"second", unique_ids=("2.25.1", "2.25.2"))
    provide(call(sent))
    again = message(b"other", b"others", unique_ids=tuple(sent.unique_ids))
    hidden, seen = sent.unique_ids
    denying = Denying(seen)
    complaints = refused(replace(provide, authorization=denying), again)
    assert [c.code for c in complaints] == ["XDSNonIdenticalHash", "XDSRegistryError"]
    assert denying.asked == [((hidden, seen), Action.CONSULT)]
    assert seen in complaints[0].code_context
    text = complaints[1].code_context + complaints[1].location
    assert hidden not in text
    alone = message(b"other", unique_ids=(hidden,))
    (constant,) = refused(replace(provide, authorization=Denying()), alone)
    assert constant == complaints[1]
    assert content(vault, hidden) == b"first"


def test_a_submission_that_meets_nothing_asks_nobody(provide):
    denying = Denying()
    replace(provide, authorization=denying)(call(message(b"new")))
    assert denying.asked == []


def test_what_the_registry_refuses_is_forgotten_and_its_errors_are_the_callers(
    provide, vault, scripted_registry
):
    place = (
        "/soap:Envelope/soap:Body/lcm:SubmitObjectsRequest/rim:RegistryObjectList"
        "/rim:RegistryPackage[1] (line 1)"
    )
    scripted_registry.answers(
        reply(
            response(
                "Failure",
                ERROR.format("XDSUnknownPatientId", place, "Error")
                + ERROR.format("XDSExtraMetadataNotSaved", "", "Warning"),
            )
        )
    )
    sent = message(b"a")
    error, warning = refused(provide, sent)
    assert error.code == "XDSUnknownPatientId"
    line = (
        call(sent)
        .request.envelope_octets.split(b"\n")
        .index(b'<rim:RegistryPackage id="SubmissionSet01">')
    )
    assert error.location == (
        "/soap:Envelope/soap:Body/xds:ProvideAndRegisterDocumentSetRequest"
        "/lcm:SubmitObjectsRequest/rim:RegistryObjectList"
        f"/rim:RegistryPackage[1] (line {line + 1})"
    )
    assert not warning.is_error
    assert content(vault, sent.unique_ids[0]) is None
    scripted_registry.answers(REGISTERED)
    provide(call(message(b"mended", unique_ids=tuple(sent.unique_ids))))
    assert content(vault, sent.unique_ids[0]) == b"mended"


def test_a_warning_of_the_registry_is_relayed_beside_success(provide, scripted_registry):
    scripted_registry.answers(
        reply(response("Success", ERROR.format("XDSExtraMetadataNotSaved", "", "Warning")))
    )
    outcome = provide(call(message(b"a")))
    assert b"XDSExtraMetadataNotSaved" in outcome.answer.body[0]
    assert b"ResponseStatusType:Success" in outcome.answer.body[0]


def test_a_registry_that_is_down_is_XDSRegistryNotAvailable_and_nothing_stays(  # noqa: N802
    provide, vault
):
    """F07."""
    down = replace(provide.registry, url=f"http://127.0.0.1:{free_port()}/registry")
    sent = message(b"a")
    (complaint,) = refused(replace(provide, registry=down), sent)
    assert complaint.code == "XDSRegistryNotAvailable"
    assert "nothing of this submission was registered" in complaint.fix
    assert vault.index.count() == 0
    provide(call(message(b"b", unique_ids=tuple(sent.unique_ids))))


def test_a_registry_that_falls_silent_may_have_registered_so_the_document_stays(
    provide, vault, scripted_registry
):
    """F07, F08."""
    released = threading.Event()
    scripted_registry.answers(silent(released))
    hasty = replace(provide, registry=replace(provide.registry, answer_seconds=0.2))
    sent = message(b"a")
    (complaint,) = refused(hasty, sent)
    released.set()
    assert complaint.code == "XDSRegistryNotAvailable"
    assert "not known" in complaint.fix
    assert content(vault, sent.unique_ids[0]) == b"a"


def test_an_answer_lost_after_the_commit_ends_in_success(provide, vault, scripted_registry):
    """F08."""
    scripted_registry.answers(drop, REGISTERED)
    sent = message(b"a")
    provide(call(sent))
    assert content(vault, sent.unique_ids[0]) == b"a"
    assert len(scripted_registry.received) == 2


def test_a_fault_of_the_registry_is_the_repositorys_error(provide, vault, scripted_registry):
    scripted_registry.answers(reply(fault("Sender", "who are you?"), 400))
    (complaint,) = refused(provide, message(b"a"))
    assert complaint.code == "XDSRepositoryError"
    assert "who are you?" in complaint.came
    assert vault.index.count() == 0


def test_many_at_once_with_the_same_document_all_succeed(provide, vault):
    """F10."""
    names = ("1.2.3.4.5",)
    barrier, failures = threading.Barrier(6), []

    def submit() -> None:
        barrier.wait()
        try:
            provide(call(message(b"same", unique_ids=names)))
        except Exception as failure:  # noqa: BLE001 - collected for the assertion
            failures.append(failure)

    threads = [threading.Thread(target=submit) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert content(vault, names[0]) == b"same"


def test_two_contents_at_once_under_one_uniqueid_one_wins(provide, vault):
    """F11."""
    names = ("1.2.3.4.6",)
    barrier, outcomes = threading.Barrier(4), {}

    def submit(octets: bytes) -> None:
        sent = message(octets, unique_ids=names)
        barrier.wait()
        try:
            provide(call(sent))
            outcomes[octets] = "stored"
        except Refused as refusal:
            outcomes[octets] = refusal.complaints[0].code

    threads = [threading.Thread(target=submit, args=(b"content %d" % n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes.values()) == ["XDSNonIdenticalHash"] * 3 + ["stored"]
    (winner,) = [octets for octets, outcome in outcomes.items() if outcome == "stored"]
    assert content(vault, names[0]) == winner


class FullDisk:
    """The vault's blobs on a disk that has no room left."""

    def __init__(self, blobs) -> None:
        self._blobs = blobs

    def __getattr__(self, name):
        return getattr(self._blobs, name)

    def stage(self, *_):
        raise OutOfSpaceError("cannot keep it: no space left on device")


def test_a_full_disk_is_XDSRepositoryOutOfResources_and_nothing_is_registered(  # noqa: N802
    provide, vault, scripted_registry
):
    full = replace(provide, vault=replace(vault, blobs=FullDisk(vault.blobs)))
    (complaint,) = refused(full, message(b"a"))
    assert complaint.code == "XDSRepositoryOutOfResources"
    assert vault.index.count() == 0
    assert staging(vault) == []
    assert scripted_registry.received == []
