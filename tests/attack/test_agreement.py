"""Two foreign verifiers beside ours: the program xmlsec1 and the library signxml.

All three agree on what is validly signed and on what was tampered with. (They accept shapes that we
refuse; that is no tampering, and `test_signature_shape` has its own list.)
"""

import base64
import itertools
import shutil
import subprocess

import pytest
import signxml
import xmlsec
from cryptography.hazmat.primitives import serialization
from lxml import etree
from signxml import XMLSigner, XMLVerifier
from signxml.exceptions import InvalidInput, InvalidSignature

from tests.xds.security.build import (
    NOW,
    a_vihf,
    a_xua,
    authority,
    certify,
    ds,
    genuine,
    resigned,
    saml,
    shared_key,
    stranger,
    trust,
)
from xds.namespaces import EXC_C14N
from xds.security.signature import SignatureVerifier
from xds.soap.fault import SoapFault

XMLSEC1 = shutil.which("xmlsec1")


def elliptic():
    return certify("COURBE", authority(), key=shared_key("courbe", "ec"))


def pretty():
    root = etree.fromstring(a_vihf())
    root.remove(root.find(ds("Signature")))
    etree.indent(root)
    return resigned(root)


def with_prefix_lists():
    """InclusiveNamespaces in both canonicalisations, as kits of the field write it."""
    root = _bare()
    listed = {"PrefixList": "ds saml #default xsi xs"}
    transform = xmlsec.constants
    signature = xmlsec.template.create(
        root, transform.TransformExclC14N, transform.TransformRsaSha256, ns="ds"
    )
    root.insert(1, signature)
    etree.SubElement(signature[0][0], f"{{{EXC_C14N}}}InclusiveNamespaces", listed)
    reference = xmlsec.template.add_reference(signature, transform.TransformSha256, uri="#_genuine")
    xmlsec.template.add_transform(reference, transform.TransformEnveloped)
    xmlsec.template.add_transform(reference, transform.TransformExclC14N)
    etree.SubElement(reference[0][1], f"{{{EXC_C14N}}}InclusiveNamespaces", listed)
    data = xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
    etree.SubElement(data, ds("X509Certificate")).text = base64.b64encode(genuine().der).decode()
    context = xmlsec.SignatureContext()
    context.key = genuine().signer._key
    context.register_id(root, "ID")
    context.sign(signature)
    return etree.tostring(root)


def by_signxml():
    root = _bare()
    root.insert(1, etree.Element(ds("Signature"), nsmap={"ds": ds("")[1:-1]}, Id="placeholder"))
    signer = XMLSigner(
        c14n_algorithm=signxml.CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0
    )
    signed = signer.sign(
        root, key=genuine().key, cert=[genuine().certificate], reference_uri="#_genuine"
    )
    return etree.tostring(signed)


def strange_texts():
    return a_vihf(name='Zoé  D\'Été & <fils> "ligne\n2" ]]> \t 👩‍⚕️', reason="")


VALID = {
    "VIHF": a_vihf,
    "XUA": a_xua,
    "elliptic curve": lambda: a_vihf(elliptic().signer),
    "pretty-printed before signing": pretty,
    "with prefix lists": with_prefix_lists,
    "signxml": by_signxml,
    "strange texts": strange_texts,
    "one-time use": lambda: a_vihf(is_one_time=True, lifetime_seconds=60),
    "written with a default namespace": lambda: resigned(_in_default_namespace()),
}


def _bare():
    root = etree.fromstring(a_vihf())
    root.remove(root.find(ds("Signature")))
    return root


def _in_default_namespace():
    text = etree.tostring(_bare()).replace(b"<saml:", b"<").replace(b"</saml:", b"</")
    return etree.fromstring(text.replace(b"xmlns:saml=", b"xmlns="))


def edit_xpath(path, change):
    def edit(octets):
        root = etree.fromstring(octets)
        change(root.find(path))
        return etree.tostring(root)

    return edit


def _text(value):
    return lambda e: setattr(e, "text", value)


def _other_value(octets):
    root = etree.fromstring(octets)
    value = root.find(ds("Signature") + "/" + ds("SignatureValue"))
    raw = bytearray(base64.b64decode(value.text))
    raw[5] ^= 1
    value.text = base64.b64encode(raw).decode()
    return etree.tostring(root)


TAMPERED = {
    "identity": edit_xpath(f".//{saml('NameID')}", _text("899900000001")),
    "a space more in the identity": edit_xpath(f".//{saml('NameID')}", _text("899900063480 ")),
    "issue instant": edit_xpath(".", lambda e: e.set("IssueInstant", "2026-03-01T09:00:01Z")),
    "a new attribute": edit_xpath(f".//{saml('NameID')}", lambda e: e.set("Format", "urn:x")),
    "the role": edit_xpath(".//{urn:hl7-org:v3}Role", lambda e: e.set("code", "21")),
    "an attribute dropped": edit_xpath(
        f".//{saml('AttributeStatement')}", lambda e: e.remove(e[0])
    ),
    "two attributes swapped": edit_xpath(
        f".//{saml('AttributeStatement')}", lambda e: e.append(e[0])
    ),
    "white space": edit_xpath(f".//{saml('Subject')}", _text("\n")),
    "re-indented": edit_xpath(".", etree.indent),
    "the digest": edit_xpath(
        f".//{ds('DigestValue')}", _text(base64.b64encode(b"x" * 32).decode())
    ),
    "one bit of the signature": _other_value,
    "the signature of another": edit_xpath(
        f".//{ds('SignatureValue')}", _text(base64.b64encode(b"x" * 256).decode())
    ),
    "a stranger's certificate": edit_xpath(
        f".//{ds('X509Certificate')}", _text(base64.b64encode(stranger().der).decode())
    ),
    "the prefix of an element": lambda octets: octets.replace(
        b"saml:Subject>", b"s:Subject>"
    ).replace(b"<s:Subject>", b'<s:Subject xmlns:s="urn:oasis:names:tc:SAML:2.0:assertion">'),
    "the id and the reference": lambda octets: octets.replace(b"_genuine", b"_genuinf"),
    "a prefix list": edit_xpath(
        f".//{ds('Transforms')}",
        lambda e: etree.SubElement(
            e[1], f"{{{EXC_C14N}}}InclusiveNamespaces", PrefixList="xs xsi ds"
        ),
    ),
}
FORGED = {
    "by a stranger": lambda: a_vihf(stranger().signer),
    "by another authority's": lambda: a_vihf(certify("X", certify("FAUSSE", ca=True)).signer),
}


def we_accept(octets) -> bool:
    try:
        SignatureVerifier(trust()).verify(octets, NOW)
    except SoapFault:
        return False
    return True


def signxml_accepts(octets) -> bool:
    root = etree.fromstring(octets)
    try:
        found = XMLVerifier().verify(
            root,
            validate_schema=False,  # its schema knows no InclusiveNamespaces
            x509_cert=_claimed(root),
            id_attribute="ID",
            expect_config=signxml.SignatureConfiguration(location="./"),
        )
    except (InvalidSignature, InvalidInput, ValueError):
        return False
    # signxml pins a certificate here; the chain is checked as the others do it.
    return found.signed_xml.tag == saml("Assertion") and _is_trusted(root)


def _claimed(root) -> str:
    element = root.find(f".//{ds('X509Certificate')}")
    return "" if element is None else "".join((element.text or "").split())


def _is_trusted(root) -> bool:
    from cryptography import x509

    leaf = x509.load_der_x509_certificate(base64.b64decode(_claimed(root)))
    try:
        leaf.verify_directly_issued_by(authority().certificate)
    except Exception:  # noqa: BLE001
        return False
    return True


@pytest.fixture(scope="module")
def trusted_pem(tmp_path_factory):
    path = tmp_path_factory.mktemp("trust") / "ca.pem"
    path.write_bytes(authority().certificate.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def xmlsec1_accepts(tmp_path, trusted_pem):
    if XMLSEC1 is None:
        pytest.skip("the program xmlsec1 is not installed (Debian package xmlsec1)")
    numbers = itertools.count()

    def accepts(octets) -> bool:
        file = tmp_path / f"{next(numbers)}.xml"
        file.write_bytes(octets)
        done = subprocess.run(
            [
                XMLSEC1,
                "--verify",
                "--trusted-pem",
                str(trusted_pem),
                "--verification-time",
                NOW.strftime("%Y-%m-%d %H:%M:%S"),
                "--id-attr:ID",
                "urn:oasis:names:tc:SAML:2.0:assertion:Assertion",
                str(file),
            ],
            capture_output=True,
            check=False,
            timeout=30,
        )
        return done.returncode == 0

    return accepts


@pytest.mark.parametrize("case", VALID)
def test_signxml_and_we_accept_what_is_valid(case):
    octets = VALID[case]()
    assert we_accept(octets)
    assert signxml_accepts(octets)


@pytest.mark.parametrize("case", VALID)
def test_xmlsec1_and_we_accept_what_is_valid(case, xmlsec1_accepts):
    octets = VALID[case]()
    assert we_accept(octets)
    assert xmlsec1_accepts(octets)


@pytest.mark.parametrize("case", TAMPERED)
@pytest.mark.parametrize("kind", ["VIHF", "XUA", "elliptic curve"])
def test_signxml_and_we_refuse_what_was_tampered_with(kind, case):
    octets = TAMPERED[case](VALID[kind]())
    assert not we_accept(octets)
    assert not signxml_accepts(octets)


@pytest.mark.parametrize("case", TAMPERED)
@pytest.mark.parametrize("kind", ["VIHF", "XUA", "elliptic curve"])
def test_xmlsec1_and_we_refuse_what_was_tampered_with(kind, case, xmlsec1_accepts):
    octets = TAMPERED[case](VALID[kind]())
    assert not we_accept(octets)
    assert not xmlsec1_accepts(octets)


@pytest.mark.parametrize("case", FORGED)
def test_all_three_refuse_what_a_stranger_signed(case, xmlsec1_accepts):
    octets = FORGED[case]()
    assert not we_accept(octets)
    assert not signxml_accepts(octets)
    assert not xmlsec1_accepts(octets)
