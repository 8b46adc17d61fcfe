"""Algorithms and keys: what a domain may name, and what nobody may."""

import base64

import pytest
import xmlsec
from lxml import etree

from tests.xds.security.build import NOW, a_gate, a_vihf, call, ds, envelope, genuine, trust
from xds.namespaces import DS
from xds.security.pki import make_test_pki
from xds.security.refusal import Subcode
from xds.security.signature import Algorithms, SignatureVerifier, Signer
from xds.security.trust import TrustError
from xds.soap.fault import SoapFault


def signed_with_sha1() -> bytes:
    """What some software of 2019 still sends."""
    root = etree.fromstring(a_vihf())
    root.remove(root.find(ds("Signature")))
    names = xmlsec.constants
    signature = xmlsec.template.create(
        root, names.TransformExclC14N, names.TransformRsaSha1, ns="ds"
    )
    root.insert(1, signature)
    reference = xmlsec.template.add_reference(signature, names.TransformSha1, uri="#_genuine")
    xmlsec.template.add_transform(reference, names.TransformEnveloped)
    xmlsec.template.add_transform(reference, names.TransformExclC14N)
    data = xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
    etree.SubElement(data, ds("X509Certificate")).text = base64.b64encode(genuine().der).decode()
    context = xmlsec.SignatureContext()
    context.key = genuine().signer._key
    context.register_id(root, "ID")
    context.sign(signature)
    return etree.tostring(root)


SHA1 = (DS + "rsa-sha1", DS + "sha1")


@pytest.mark.parametrize("named", [(), SHA1[:1], SHA1[1:]], ids=["none", "one", "other"])
def test_sha1_is_refused_unless_the_domain_names_both_halves(named):
    verifier = SignatureVerifier(trust(), Algorithms.with_legacy(named))
    with pytest.raises(SoapFault) as caught:
        call(envelope(signed_with_sha1()), a_gate(verifier=verifier))
    assert caught.value.subcode == Subcode.UNSUPPORTED_ALGORITHM


def test_sha1_is_accepted_where_the_domain_names_it():
    verifier = SignatureVerifier(trust(), Algorithms.with_legacy(SHA1))
    assert call(envelope(signed_with_sha1()), a_gate(verifier=verifier)).assertion_id == "_genuine"


@pytest.mark.parametrize(
    "uri",
    [
        "rsa-sha1",
        DS + "hmac-sha1",
        DS + "dsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "http://www.w3.org/2001/04/xmldsig-more#md5",
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
    ],
)
def test_no_domain_can_name_what_is_never_safe(uri):
    with pytest.raises(TrustError, match="legacy_algorithms"):
        Algorithms.with_legacy((uri,))


@pytest.mark.parametrize(
    ("tag", "more", "detail"),
    [
        (b"<saml:NameID>", b"x" * 262_144, "octets"),
        (b"<saml:AttributeStatement>", b"<x/>" * 5_000, "too many"),
        (b"<saml:Subject", b"".join(b' a%d=""' % n for n in range(70)), "too many"),
        (b"<saml:Subject", b"".join(b' xmlns:a%d="u"' % n for n in range(260)), "namespace"),
        (b"<saml:AttributeStatement>", b"<x>" * 40 + b"</x>" * 40, "deeply"),
    ],
    ids=["octets", "elements", "attributes", "namespaces", "depth"],
)
def test_an_assertion_past_a_cap_is_refused_before_its_signature_is_looked_at(tag, more, detail):
    octets = a_vihf()
    assert tag in octets
    with pytest.raises(SoapFault) as caught:
        SignatureVerifier(trust()).verify(octets.replace(tag, tag + more, 1), NOW)
    assert detail in caught.value.operator_detail


def test_what_is_returned_is_what_was_signed_and_nothing_else():
    octets = a_vihf()
    found = SignatureVerifier(trust()).verify(octets, NOW)
    assert found.root.find(f".//{ds('Signature')}") is None
    assert etree.tostring(found.root, method="c14n", exclusive=True) == found.octets


def test_the_test_pki_signs_and_its_keys_are_private(tmp_path):
    folder = tmp_path / "pki"
    make_test_pki(folder, instant=NOW)
    assert {p.name for p in folder.iterdir()} == {
        "ca.pem",
        "signer.pem",
        "signer.key",
        "repository.pem",
        "repository.key",
    }
    for name in ("signer.key", "repository.key"):
        assert (folder / name).stat().st_mode & 0o777 == 0o600
    signer = Signer.from_files(folder / "signer.pem", folder / "signer.key")
    assert signer.name.startswith("CN=GREFFE TEST CABINET,OU=")


def test_a_key_that_cannot_be_read_is_named(tmp_path):
    make_test_pki(tmp_path, instant=NOW)
    (tmp_path / "signer.key").write_text("no key")
    with pytest.raises(TrustError, match=r"signer\.key"):
        Signer.from_files(tmp_path / "signer.pem", tmp_path / "signer.key")
