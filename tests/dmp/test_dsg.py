"""The signature of a submission set: what it says, and that nothing about the set can change."""

import base64
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from dmp.dsg import Form, InHand, SigningKey, entry_facts, sign, uri_of
from dmp.dsg_verify import Flaw, Invalid, Valid, verify
from greffe.client.metadata import write_facts
from tests.dmp.cda_build import a_cda
from xds.domain import load_domain
from xds.metadata.attributes import Subject
from xds.metadata.author import Author
from xds.metadata.code import Code
from xds.metadata.judge import Judge
from xds.namespaces import DS
from xds.security.pki import make_test_pki
from xds.security.trust import Trust, TrustError

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
SET = "1.2.250.1.999.1"
DOCUMENTS = {
    "2.25.1": InHand(b"%PDF-1.4 not really"),
    "2.25.2^A-1": InHand(a_cda()),
    "2.25.3": InHand(b'<a c="2" b="1"><!-- kept --></a>\n'),
}
NAMES = {"ds": DS}


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    make_test_pki(folder, instant=NOW)
    return folder


@pytest.fixture(scope="module")
def key(pki):
    return SigningKey.from_files(pki / "signer.pem", pki / "signer.key")


@pytest.fixture(scope="module")
def trust(pki):
    return Trust.from_files(anchors=[pki / "ca.pem"])


@pytest.fixture(scope="module", params=Form)
def signature(request, key):
    return sign(
        submission_set_unique_id=SET,
        documents=DOCUMENTS,
        signer=key,
        instant=NOW,
        form=request.param,
    )


@pytest.fixture(scope="module")
def check(trust):
    def checked(signature, documents=DOCUMENTS, submission_set=SET, instant=NOW):
        return verify(
            signature,
            submission_set_unique_id=submission_set,
            documents=documents,
            trust=trust,
            instant=instant,
        )

    return checked


def flaws(verdict):
    assert isinstance(verdict, Invalid)
    assert all(reason.text for reason in verdict.reasons)
    return [reason.flaw for reason in verdict.reasons]


def test_a_signed_set_is_valid(signature, check):
    verdict = check(signature)
    assert isinstance(verdict, Valid)
    assert verdict.signing_time == "2026-03-04T05:06:07Z"
    assert verdict.purposes == ("1.2.840.10065.1.12.1.14",)
    assert "GREFFE TEST CABINET" in verdict.signatory.certificate.subject.rfc4514_string()


def test_the_same_set_at_the_same_time_is_signed_the_same(key, signature):
    again = [
        sign(submission_set_unique_id=SET, documents=DOCUMENTS, signer=key, instant=NOW, form=f)
        for f in Form
    ]
    assert signature in again


def test_the_manifest_begins_with_the_submission_set_and_the_digest_of_nothing(signature):
    root = etree.fromstring(signature)
    references = root.xpath(
        "ds:Object/ds:Manifest[@Id='IHEManifest']/ds:Reference", namespaces=NAMES
    )
    assert [r.get("URI") for r in references] == [uri_of(SET), *map(uri_of, DOCUMENTS)]
    assert references[0].findtext("ds:DigestValue", namespaces=NAMES) == "AA=="
    assert uri_of("1.2.3") == "urn:oid:1.2.3"


def test_no_weak_algorithm_is_used(signature):
    algorithms = set(etree.fromstring(signature).xpath("//@Algorithm"))
    assert not any("sha1" in a or "md5" in a for a in algorithms)


def test_a_set_without_documents_is_not_signed(key):
    with pytest.raises(ValueError, match="nothing to sign"):
        sign(submission_set_unique_id=SET, documents={}, signer=key, instant=NOW)


# -- the set changes ---------------------------------------------------------------------------


@pytest.mark.parametrize("unique_id", DOCUMENTS)
def test_a_changed_document_is_detected(signature, check, unique_id):
    content = DOCUMENTS[unique_id].content.replace(b"1", b"7", 1)
    changed = DOCUMENTS | {unique_id: InHand(content)}
    verdict = check(signature, changed)
    assert flaws(verdict) == [Flaw.DOCUMENT_CHANGED]
    assert unique_id in verdict.reasons[0].text


def test_two_documents_that_change_places_are_both_detected(signature, check):
    changed = DOCUMENTS | {"2.25.1": DOCUMENTS["2.25.3"], "2.25.3": DOCUMENTS["2.25.1"]}
    assert flaws(check(signature, changed)) == [Flaw.DOCUMENT_CHANGED] * 2


def test_a_document_left_out_is_detected(signature, check):
    fewer = {k: v for k, v in DOCUMENTS.items() if k != "2.25.1"}
    assert flaws(check(signature, fewer)) == [Flaw.DOCUMENT_REMOVED]


def test_a_document_added_is_detected(signature, check):
    assert flaws(check(signature, DOCUMENTS | {"2.25.9": InHand(b"x")})) == [Flaw.DOCUMENT_ADDED]


def test_the_signature_of_another_set_is_detected(signature, check):
    found = flaws(check(signature, submission_set="1.2.250.1.999.2"))
    assert found == [Flaw.DOCUMENT_REMOVED, Flaw.OTHER_SET]


def test_the_canonical_form_bears_another_spelling_and_octets_do_not(key, check):
    changed = DOCUMENTS | {"2.25.3": InHand(b"<a b='1' c='2'><!-- kept --></a>")}
    for form, expected in ((Form.CANONICAL, Valid), (Form.OCTETS, Invalid)):
        signature = sign(
            submission_set_unique_id=SET, documents=DOCUMENTS, signer=key, instant=NOW, form=form
        )
        assert isinstance(check(signature, changed), expected)


def test_a_document_that_became_no_xml_is_changed_and_no_crash(key, check):
    signature = sign(
        submission_set_unique_id=SET,
        documents=DOCUMENTS,
        signer=key,
        instant=NOW,
        form=Form.CANONICAL,
    )
    for content in (b"", b"<a", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"):
        changed = DOCUMENTS | {"2.25.3": InHand(content)}
        assert flaws(check(signature, changed)) == [Flaw.DOCUMENT_CHANGED]


def test_a_long_document_is_signed_by_its_octets_and_its_canonical_form_is_refused(key, check):
    long = DOCUMENTS | {"2.25.3": InHand(b"<a>" + b" " * (8 << 20) + b"</a>")}
    signature = sign(
        submission_set_unique_id=SET,
        documents=long,
        signer=key,
        instant=NOW,
        form=Form.CANONICAL,
    )
    assert isinstance(check(signature, long), Valid)
    short = sign(
        submission_set_unique_id=SET,
        documents=DOCUMENTS,
        signer=key,
        instant=NOW,
        form=Form.CANONICAL,
    )
    assert flaws(check(short, long)) == [Flaw.TOO_LONG]


# -- the signature changes -----------------------------------------------------------------------


def edited(signature, path, change):
    root = etree.fromstring(signature)
    (found,) = root.xpath(path, namespaces=NAMES)
    change(found)
    return etree.tostring(root)


def set_text(text):
    return lambda element: setattr(element, "text", text)


def test_a_manifest_that_was_made_to_fit_is_broken(signature, check):
    document = InHand(b"other")
    digest = base64.b64encode(document.digest("sha256")).decode()
    forged = edited(
        signature,
        "//ds:Manifest/ds:Reference[@URI='urn:oid:2.25.1']/ds:DigestValue",
        set_text(digest),
    )
    assert flaws(check(forged, DOCUMENTS | {"2.25.1": document})) == [Flaw.BROKEN]


def test_a_reference_taken_out_of_the_manifest_breaks_it(signature, check):
    forged = edited(
        signature,
        "//ds:Manifest/ds:Reference[@URI='urn:oid:2.25.1']",
        lambda e: e.getparent().remove(e),
    )
    fewer = {k: v for k, v in DOCUMENTS.items() if k != "2.25.1"}
    assert flaws(check(forged, fewer)) == [Flaw.BROKEN]


def test_another_signing_time_breaks_it(signature, check):
    forged = edited(signature, "//*[local-name()='SigningTime']", set_text("2020-01-01T00:00:00Z"))
    assert flaws(check(forged)) == [Flaw.BROKEN]


def test_another_signature_value_breaks_it(signature, check):
    forged = edited(signature, "ds:SignatureValue", set_text(base64.b64encode(b"x" * 256)))
    assert flaws(check(forged)) == [Flaw.BROKEN]


def test_a_second_manifest_is_not_read(signature, check):
    """Signature wrapping: the signed manifest stays, one that fits is put before it."""

    def wrap(manifest):
        copy = etree.fromstring(etree.tostring(manifest))
        copy.set("Id", "Other")
        copy[1].find(f"{{{DS}}}DigestValue").text = base64.b64encode(
            InHand(b"other").digest("sha256")
        ).decode()
        box = etree.Element(f"{{{DS}}}Object")
        box.append(copy)
        manifest.getparent().addprevious(box)

    forged = edited(signature, "//ds:Manifest", wrap)
    changed = DOCUMENTS | {"2.25.1": InHand(b"other")}
    assert flaws(check(forged, changed)) == [Flaw.DOCUMENT_CHANGED]


def test_two_elements_with_one_id_are_malformed(signature, check):
    forged = edited(signature, "ds:Object[2]", lambda e: e.set("Id", "IHEManifest"))
    assert flaws(check(forged)) == [Flaw.MALFORMED]


def test_a_weak_algorithm_is_refused_before_anything_is_computed(signature, check):
    for path, algorithm in (
        ("ds:SignedInfo/ds:SignatureMethod", DS + "rsa-sha1"),
        ("ds:SignedInfo/ds:SignatureMethod", DS + "hmac-sha1"),
        ("ds:SignedInfo/ds:CanonicalizationMethod", "http://www.w3.org/TR/1999/REC-xslt-19991116"),
        ("ds:SignedInfo/ds:Reference[1]/ds:DigestMethod", DS + "sha1"),
        (
            "ds:SignedInfo/ds:Reference[1]//ds:Transform",
            "http://www.w3.org/TR/1999/REC-xpath-19991116",
        ),
    ):
        forged = edited(signature, path, lambda e, a=algorithm: e.set("Algorithm", a))
        assert flaws(check(forged)) == [Flaw.WEAK_ALGORITHM]


def test_a_reference_that_leaves_the_document_is_malformed(signature, check):
    for uri in ("", "http://example.org/", "file:///etc/passwd"):
        forged = edited(
            signature, "ds:SignedInfo/ds:Reference[1]", lambda e, u=uri: e.set("URI", u)
        )
        assert flaws(check(forged)) == [Flaw.MALFORMED]


def test_a_signer_whom_nobody_vouches_for_is_untrusted(signature, tmp_path):
    make_test_pki(tmp_path, instant=NOW)
    verdict = verify(
        signature,
        submission_set_unique_id=SET,
        documents=DOCUMENTS,
        trust=Trust.from_files(anchors=[tmp_path / "ca.pem"]),
        instant=NOW,
    )
    assert flaws(verdict) == [Flaw.UNTRUSTED_SIGNER]
    assert "anchor" in verdict.detail
    assert "anchor" not in verdict.reasons[0].text


def test_a_certificate_that_ran_out_is_untrusted(signature, check):
    later = NOW + timedelta(days=20 * 365)
    assert flaws(check(signature, instant=later)) == [Flaw.UNTRUSTED_SIGNER]


def test_the_certificate_of_another_trusted_signer_does_not_fit(signature, check, pki):
    text = "".join((pki / "repository.pem").read_text().splitlines()[1:-1])
    forged = edited(signature, "//ds:X509Certificate", set_text(text))
    assert flaws(check(forged))[0] in {Flaw.BROKEN, Flaw.UNTRUSTED_SIGNER}


@pytest.mark.parametrize(
    "octets",
    [b"", b"<a/>", b"<!DOCTYPE a><a/>", f'<Signature xmlns="{DS}"/>'.encode(), b"x" * 2_000_000],
)
def test_what_is_no_signature_is_malformed(octets, check):
    assert flaws(check(octets)) == [Flaw.MALFORMED]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_damage_anywhere_is_a_verdict_and_never_valid_for_another_set(signature, check, data):
    start = data.draw(st.integers(0, len(signature) - 1))
    stop = data.draw(st.integers(start, min(start + 60, len(signature))))
    damaged = signature[:start] + data.draw(st.binary(max_size=6)) + signature[stop:]
    verdict = check(damaged, DOCUMENTS | {"2.25.1": InHand(b"other")})
    assert isinstance(verdict, Invalid)


# -- signing keys, metadata, a second opinion ------------------------------------------------------


def test_an_elliptic_key_signs_too(key, check, pki):
    # The certificate is of another key: what is made is well-formed and broken.
    elliptic = SigningKey(
        key=ec.generate_private_key(ec.SECP256R1()), certificates=key.certificates
    )
    signature = sign(
        submission_set_unique_id=SET, documents=DOCUMENTS, signer=elliptic, instant=NOW
    )
    assert b"ecdsa-sha256" in signature
    assert flaws(check(signature)) == [Flaw.BROKEN]


def test_a_key_that_cannot_be_read_names_its_file(pki):
    with pytest.raises(TrustError, match=r"ca\.pem"):
        SigningKey.from_files(pki / "signer.pem", pki / "ca.pem")


def test_the_entry_of_a_signature_is_metadata_that_the_domain_accepts():
    facts = entry_facts(
        domain=load_domain("dmp"),
        unique_id="2.25.77",
        patient_id="279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH",
        source_patient_id="279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH",
        author=Author(person="899900000017^MERCIER^Ada^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"),
        signed_at="20260304050607",
        healthcare_facility_type_code=Code(
            code="SA07", scheme="1.2.250.1.71.4.2.4", display="Cabinet individuel"
        ),
        practice_setting_code=Code(
            code="AMBULATOIRE", scheme="1.2.250.1.213.1.1.4.9", display="Ambulatoire"
        ),
    )
    judge = Judge(actor="repository", domain=load_domain("dmp"))
    rim = write_facts(Subject.DOCUMENT_ENTRY, facts)
    assert list(judge.judge(Subject.DOCUMENT_ENTRY, rim)) == []
    assert facts["languageCode"] == "art"
    assert [c.code for c in facts["confidentialityCode"]] == ["N", "MASQUE_PS", "INVISIBLE_PATIENT"]


@pytest.mark.skipif(not shutil.which("xmlsec1"), reason="the program xmlsec1 is not installed")
def test_xmlsec1_agrees(signature, pki, tmp_path):
    def verdict(octets):
        file = tmp_path / "signature.xml"
        file.write_bytes(octets)
        command = [
            "xmlsec1", "--verify", "--ignore-manifests", "--trusted-pem", str(pki / "ca.pem"),
            "--verification-time", "2026-03-04 05:06:07",
            *("--id-attr:Id", f"{DS}:Manifest", "--id-attr:Id", f"{DS}:KeyInfo"),
            *("--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties"),
            str(file),
        ]  # fmt: skip
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    assert verdict(signature)
    assert not verdict(signature.replace(b'2.25.1"', b'2.25.8"', 1))
