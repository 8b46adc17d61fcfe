"""Signatures that a submission brings, held against it where a Repository has the bytes."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dmp.cda import derive
from dmp.dsg import Form, InHand, SigningKey, entry_facts, sign
from dmp.dsg_set import SetSignatures, is_signature
from greffe.client.metadata import new_uuid, write_association, write_facts
from repository.vault.files import open_blobs
from tests.dmp.cda_build import a_cda
from xds.domain import load_domain
from xds.metadata import vocabulary as v
from xds.metadata.attributes import Subject
from xds.metadata.code import Code
from xds.metadata.submission import read_submission
from xds.security.pki import make_test_pki
from xds.security.trust import Trust

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
SET, CDA, SIGNATURE = "1.2.250.1.999.1", "2.25.1234^A-1", "2.25.77"


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    make_test_pki(folder, instant=NOW)
    return folder


@pytest.fixture(scope="module")
def signature(pki):
    return sign(
        submission_set_unique_id=SET,
        documents={CDA: InHand(a_cda())},
        signer=SigningKey.from_files(pki / "signer.pem", pki / "signer.key"),
        instant=NOW,
    )


@pytest.fixture(scope="module")
def complaints(pki):
    trust = Trust.from_files(anchors=[pki / "ca.pem"])

    def found(submission, documents, *, is_required=False):
        checks = SetSignatures(trust=trust, is_required=is_required)
        return checks.complaints(submission, documents, NOW)

    return found


def a_submission(*, signed=True, signs=True, format_code=None):
    entry = derive(a_cda())
    facts = dict(entry.facts)
    objects = [write_facts(Subject.DOCUMENT_ENTRY, facts)]
    own = write_facts(
        Subject.SUBMISSION_SET,
        {
            "entryUUID": new_uuid(),
            "uniqueId": SET,
            "sourceId": "1.2.250.1.999.2",
            "patientId": entry.patient_id,
            "submissionTime": "20260304050607",
            "contentTypeCode": Code(code="07", scheme="1.2.250.1.213.2.2", display="Consultations"),
        },
    )
    associations = []
    if signed:
        facts = dict(
            entry_facts(
                domain=load_domain("dmp"),
                unique_id=SIGNATURE,
                patient_id=entry.patient_id,
                source_patient_id=entry.patient_id,
                author=entry.authors[0],
                signed_at="20260304050607",
                healthcare_facility_type_code=entry.healthcare_facility_type_code,
                practice_setting_code=entry.practice_setting_code,
            )
        )
        if format_code:
            facts["formatCode"] = format_code
        objects.append(write_facts(Subject.DOCUMENT_ENTRY, facts))
        if signs:
            associations.append(write_association(v.SIGNS, objects[1].id, own.id))
    members = [write_association(v.HAS_MEMBER, own.id, o.id) for o in objects]
    submission, wrong = read_submission(
        (own, *objects, *members, *associations), actor="repository", domain=load_domain("dmp")
    )
    assert [c.code_context for c in wrong if c.is_error] == []
    return submission


def test_a_good_signature_says_nothing(signature, complaints):
    documents = {CDA: InHand(a_cda()), SIGNATURE: InHand(signature)}
    assert complaints(a_submission(), documents, is_required=True) == ()


def test_a_signature_is_known_by_type_and_format():
    entries = a_submission().document_entries
    assert [is_signature(e) for e in entries] == [False, True]
    dsg = Code(
        code="urn:ihe:iti:dsg:detached:2014",
        scheme="1.3.6.1.4.1.19376.1.2.3",
        display="Signature détachée",
    )
    assert is_signature(a_submission(format_code=dsg).document_entries[1])


def test_a_document_that_was_changed_on_the_way_is_refused_with_its_place(signature, complaints):
    documents = {CDA: InHand(a_cda(title="<title>Autre</title>")), SIGNATURE: InHand(signature)}
    (complaint,) = complaints(a_submission(), documents)
    assert complaint.code == "XDSRepositoryMetadataError"
    assert CDA in complaint.came
    assert "§5.5.5" in complaint.rule
    assert complaint.is_error


def test_it_is_verified_without_its_association_when_it_names_the_set(signature, complaints):
    documents = {CDA: InHand(b"other"), SIGNATURE: InHand(signature)}
    assert complaints(a_submission(signs=False), documents)


def test_a_signature_of_something_else_is_a_document_like_any_other(pki, complaints):
    other = sign(
        submission_set_unique_id="1.2.3",
        documents={"9.9": InHand(b"x")},
        signer=SigningKey.from_files(pki / "signer.pem", pki / "signer.key"),
        instant=NOW,
    )
    documents = {CDA: InHand(a_cda()), SIGNATURE: InHand(other)}
    assert complaints(a_submission(signs=False), documents) == ()
    assert complaints(a_submission(), documents)


def test_without_one_only_a_domain_that_asks_for_it_refuses(complaints):
    submission, documents = a_submission(signed=False), {CDA: InHand(a_cda())}
    assert complaints(submission, documents) == ()
    (complaint,) = complaints(submission, documents, is_required=True)
    assert "E1762" in complaint.came
    empty = replace(submission, document_entries=())
    assert complaints(empty, {}, is_required=True) == ()


def test_bytes_that_are_no_signature_are_refused_and_not_read_whole(complaints):
    class Endless(InHand):
        def octets(self, most):
            assert most < 1 << 24
            return b"<" * (most + 1)

    documents = {CDA: InHand(a_cda()), SIGNATURE: Endless(b"")}
    (complaint,) = complaints(a_submission(), documents)
    assert "octets long" in complaint.came


@pytest.mark.parametrize("form", Form)
def test_staged_bytes_are_verified_where_they_are(pki, complaints, tmp_path, form):
    signature = sign(
        submission_set_unique_id=SET,
        documents={CDA: InHand(a_cda())},
        signer=SigningKey.from_files(pki / "signer.pem", pki / "signer.key"),
        instant=NOW,
        form=form,
    )
    blobs = open_blobs(tmp_path)
    staged = {CDA: blobs.stage([a_cda()]), SIGNATURE: blobs.stage([signature])}
    try:
        assert complaints(a_submission(), staged, is_required=True) == ()
        swapped = {CDA: staged[SIGNATURE], SIGNATURE: staged[SIGNATURE]}
        assert complaints(a_submission(), swapped)
    finally:
        blobs.discard(list(staged.values()))


def test_staged_bytes_can_be_asked_for(tmp_path):
    content = bytes(range(256)) * 9000
    blobs = open_blobs(tmp_path)
    staged = blobs.stage([content])
    try:
        for algorithm in ("sha1", "sha256", "sha512"):
            assert staged.digest(algorithm) == hashlib.new(algorithm, content).digest()
        assert staged.octets(1 << 30) == content
        assert staged.octets(9) == content[:10]
    finally:
        blobs.discard([staged])
