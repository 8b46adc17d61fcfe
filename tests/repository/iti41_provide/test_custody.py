"""repository.iti41_provide.custody: documents and metadata, one to one and true."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repository.iti41_provide import custody
from repository.iti41_provide.custody import OfferedDocument
from repository.vault.api import Conflict, Holding, Receipt
from xds.errors import ErrorCode, Where
from xds.metadata.rim import RimObject, Slot

BODY = Where("soap:Envelope").child("soap:Body").child("xds:ProvideAndRegisterDocumentSetRequest")
CONTENT = b"Compte rendu de biologie"
RECEIPT = Receipt(
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    sha1=hashlib.sha1(CONTENT, usedforsecurity=False).hexdigest(),
    size_octets=len(CONTENT),
)
OID = "1.2.250.1.999"


def entry(identifier="Document01", **slots) -> RimObject:
    where = BODY.child("rim:ExtrinsicObject[1]", 12)
    return RimObject(
        tag="ExtrinsicObject",
        attributes=(("id", identifier), ("mimeType", "text/xml")),
        slots=tuple(
            Slot(name=name, values=(value,), where=where.child(f"rim:Slot[@name='{name}']", 20))
            for name, value in slots.items()
        ),
        where=where,
    )


def document(identifier="Document01") -> OfferedDocument:
    return OfferedDocument(id=identifier, content=CONTENT, where=BODY.child("xds:Document[1]", 90))


def codes(complaints) -> list[str]:
    return [c.code for c in complaints]


def test_one_to_one_is_no_complaint():
    assert custody.match([entry("a"), entry("b")], [document("b"), document("a")]) == ()


def test_a_submission_without_documents_is_valid():
    assert custody.match([], []) == ()


def test_every_missing_document_and_every_missing_entry_is_named_at_once():
    complaints = custody.match(
        [entry("a"), entry("b"), entry("c")], [document("c"), document("x"), document("y")]
    )
    assert codes(complaints) == [
        ErrorCode.XDS_MISSING_DOCUMENT,
        ErrorCode.XDS_MISSING_DOCUMENT,
        ErrorCode.XDS_MISSING_DOCUMENT_METADATA,
        ErrorCode.XDS_MISSING_DOCUMENT_METADATA,
    ]
    assert "'x'" in complaints[0].came
    assert "'a'" in complaints[2].came
    assert "xds:Document[1] (line 90)" in complaints[2].location
    assert "rim:ExtrinsicObject[1] (line 12)" in complaints[0].location


def test_an_id_in_another_case_is_another_id_and_the_text_shows_both():
    missing, extra = custody.match([entry("Document01")], [document("document01")])
    assert missing.code == ErrorCode.XDS_MISSING_DOCUMENT
    assert "'document01'" in missing.came
    assert extra.code == ErrorCode.XDS_MISSING_DOCUMENT_METADATA


def test_two_documents_of_one_id_are_refused():
    complaints = custody.match([entry("a")], [document("a"), document("a")])
    assert codes(complaints) == [ErrorCode.XDS_REPOSITORY_METADATA_ERROR] * 2


@given(
    entries=st.lists(st.sampled_from("abcdef"), unique=True),
    documents=st.lists(st.sampled_from("abcdef")),
)
def test_match_complains_exactly_when_the_two_are_not_one_to_one(entries, documents):
    complaints = custody.match([entry(e) for e in entries], [document(d) for d in documents])
    assert (complaints == ()) == (sorted(entries) == sorted(documents))
    missing = {c.subject for c in complaints if c.code == ErrorCode.XDS_MISSING_DOCUMENT}
    assert len(missing) == len(set(entries) - set(documents))


@pytest.mark.parametrize(
    "slots",
    [
        {},
        {"hash": RECEIPT.sha1},
        {"hash": RECEIPT.sha1.upper()},
        {"size": str(len(CONTENT))},
        {"hash": RECEIPT.sha1, "size": f" {len(CONTENT)} "},
        {"hash": "", "size": ""},
    ],
)
def test_absent_or_right_values_are_no_complaint(slots):
    assert custody.verify(entry(**slots), RECEIPT) == ()


def test_wrong_hash_and_wrong_size_are_both_said_with_what_came_and_what_was_computed():
    wrong_hash, wrong_size = custody.verify(entry(hash="0" * 40, size="1"), RECEIPT)
    assert wrong_hash.code == wrong_size.code == ErrorCode.XDS_REPOSITORY_METADATA_ERROR
    assert "0" * 40 in wrong_hash.code_context
    assert RECEIPT.sha1 in wrong_hash.code_context
    assert "rim:Slot[@name='hash'] (line 20)" in wrong_hash.location
    assert f"'{len(CONTENT)}'" in wrong_size.code_context


def test_a_sha_256_is_recognised_by_its_length_and_sha_1_asked_for():
    (right,) = custody.verify(entry(hash=RECEIPT.sha256), RECEIPT)
    assert "is the SHA-256 of the bytes received" in right.came
    assert "SHA-1" in right.fix
    (wrong,) = custody.verify(entry(hash="a" * 64), RECEIPT)
    assert "length of a SHA-256" in wrong.came
    assert "of the bytes received" not in wrong.came


@pytest.mark.parametrize("size", ["25", "-24", "24.0", "2 4", "0x18"])
def test_any_other_size_is_wrong(size):
    assert codes(custody.verify(entry(size=size), RECEIPT)) == ["XDSRepositoryMetadataError"]


def test_an_empty_document_has_size_0():
    empty = Receipt(sha256="e" * 64, sha1="d" * 40, size_octets=0)
    assert custody.verify(entry(size="0"), empty) == ()
    assert codes(custody.verify(entry(size="1"), empty)) == ["XDSRepositoryMetadataError"]


def test_hash_size_and_repository_are_added_and_a_supplied_repository_is_replaced():
    bare = custody.complete(entry(), RECEIPT, OID)
    assert [(s.name, s.values) for s in bare.slots] == [
        ("hash", (RECEIPT.sha1,)),
        ("size", (str(len(CONTENT)),)),
        ("repositoryUniqueId", (OID,)),
    ]
    given = custody.complete(
        entry(repositoryUniqueId="9.9", hash=RECEIPT.sha1.upper(), size=str(len(CONTENT))),
        RECEIPT,
        OID,
    )
    assert [(s.name, s.values) for s in given.slots] == [
        ("repositoryUniqueId", (OID,)),
        ("hash", (RECEIPT.sha1.upper(),)),
        ("size", (str(len(CONTENT)),)),
    ]


def test_only_document_entries_change_and_the_order_stays():
    package = RimObject(tag="RegistryPackage", attributes=(("id", "Document01"),))
    objects = custody.updated([package, entry()], {"Document01": RECEIPT}, OID)
    assert objects[0] is package
    assert objects[1].slot("repositoryUniqueId").values == (OID,)


def test_a_uniqueid_of_other_bytes_is_XDSNonIdenticalHash():  # noqa: N802
    offered = Holding(unique_id="1.2", receipt=RECEIPT, mime_type="text/xml")
    complaint = custody.conflict_complaint(entry(), Conflict(offered=offered, held=offered))
    assert complaint.code == ErrorCode.XDS_NON_IDENTICAL_HASH
    assert "'1.2'" in complaint.came
    assert "'Document01'" in complaint.subject
