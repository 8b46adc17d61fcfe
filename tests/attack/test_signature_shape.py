"""Signatures of another shape: algorithms, transforms, references, keys that must not be tried."""

import base64
import hashlib
import hmac

import pytest
from lxml import etree

from tests.attack.forge import (
    assertion_of,
    genuine_octets,
    message,
    must_be_harmless,
    must_be_refused_at_the_gate,
)
from tests.xds.security.build import (
    a_vihf,
    authority,
    certify,
    ds,
    edited,
    envelope,
    genuine,
    saml,
    stranger,
)
from xds.namespaces import DS, EXC_C14N, WSSE
from xds.security.refusal import Subcode, opaque
from xds.security.signature import SignatureVerifier

MORE = "http://www.w3.org/2001/04/xmldsig-more#"
ENC = "http://www.w3.org/2001/04/xmlenc#"
XSLT = """<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0">
<xsl:template match="/"><xsl:copy-of select="document('file:///etc/passwd')"/></xsl:template>
</xsl:stylesheet>"""


def changed(change) -> bytes:
    root = message()
    change(assertion_of(root).find(ds("Signature")))
    return etree.tostring(root)


def child(parent, name, text=None, **attributes):
    element = etree.SubElement(parent, name, **attributes)
    element.text = text
    return element


def set_algorithm(name, uri):
    return lambda s: s.find(f".//{ds(name)}").set("Algorithm", uri)


def transforms(*uris, content=None):
    def change(s):
        parent = s.find(f".//{ds('Transforms')}")
        parent[:] = []
        for uri in uris:
            element = child(parent, ds("Transform"), Algorithm=uri)
            if content is not None and uri not in (EXC_C14N, DS + "enveloped-signature"):
                element.append(etree.fromstring(content))

    return change


ENVELOPED = DS + "enveloped-signature"
XPATH = f'<ds:XPath xmlns:ds="{DS}">not(ancestor-or-self::ds:Signature)</ds:XPath>'

ALGORITHMS = {
    f"{name}: {uri}": set_algorithm(name, uri)
    for name, uris in {
        "CanonicalizationMethod": [
            "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
            "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
            "http://www.w3.org/2006/12/xml-c14n11",
            EXC_C14N + "WithComments",
            "http://www.w3.org/TR/1999/REC-xslt-19991116",
            "",
        ],
        "SignatureMethod": [
            DS + "rsa-sha1",
            DS + "dsa-sha1",
            DS + "hmac-sha1",
            MORE + "hmac-sha256",
            MORE + "hmac-sha512",
            MORE + "hmac-md5",
            MORE + "rsa-md5",
            MORE + "rsa-ripemd160",
            MORE + "ecdsa-sha1",
            MORE + "ecdsa-sha256",
            MORE + "rsa-sha512",
            "",
            "urn:none",
        ],
        "DigestMethod": [
            DS + "sha1",
            MORE + "md5",
            MORE + "sha224",
            ENC + "sha512",
            ENC + "ripemd160",
            "",
        ],
    }.items()
    for uri in uris
}

TRANSFORMS = {
    "none": transforms(),
    "enveloped only": transforms(ENVELOPED),
    "exclusive only": transforms(EXC_C14N),
    "the wrong way round": transforms(EXC_C14N, ENVELOPED),
    "enveloped twice": transforms(ENVELOPED, ENVELOPED, EXC_C14N),
    "exclusive twice": transforms(ENVELOPED, EXC_C14N, EXC_C14N),
    "with comments": transforms(ENVELOPED, EXC_C14N + "WithComments"),
    "inclusive": transforms(ENVELOPED, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
    "inclusive 1.1": transforms(ENVELOPED, "http://www.w3.org/2006/12/xml-c14n11"),
    "XPath": transforms("http://www.w3.org/TR/1999/REC-xpath-19991116", EXC_C14N, content=XPATH),
    "XPath filter 2": transforms(
        ENVELOPED, "http://www.w3.org/2002/06/xmldsig-filter2", EXC_C14N, content=XPATH
    ),
    "XSLT": transforms(
        ENVELOPED, "http://www.w3.org/TR/1999/REC-xslt-19991116", EXC_C14N, content=XSLT
    ),
    "XPointer": transforms(ENVELOPED, "http://www.w3.org/2001/04/xmldsig-more/xptr", EXC_C14N),
    "base64": transforms(ENVELOPED, DS + "base64"),
    "remove tags": transforms(ENVELOPED, "http://www.aleksey.com/xmlsec/2011/07/29/xmldsig"),
    "decryption": transforms("http://www.w3.org/2002/07/decrypt#XML", ENVELOPED, EXC_C14N),
    "a hundred": transforms(ENVELOPED, *[EXC_C14N] * 99),
}


def uri(value):
    def change(s):
        reference = s.find(f".//{ds('Reference')}")
        if value is None:
            del reference.attrib["URI"]
        else:
            reference.set("URI", value)

    return change


REFERENCES = {
    f"URI {value!r}": uri(value)
    for value in (
        "",
        None,
        "#",
        "#_other",
        "#%5Fgenuine",
        " #_genuine",
        "#_genuine ",
        "#xpointer(/)",
        "#xpointer(id('_genuine'))",
        "#_genuine#_genuine",
        "_genuine",
        "http://example.org/a.xml",
        "http://127.0.0.1:9/#_genuine",
        "file:///etc/passwd",
        "cid:part@x",
    )
}


def drop(name):
    def change(s):
        element = s if name == "Signature" else s.find(f".//{ds(name)}")
        element.getparent().remove(element)

    return change


def blank(name):
    return lambda s: setattr(s.find(f".//{ds(name)}"), "text", "")


def add(parent, name, text=None, **attributes):
    def change(s):
        holder = s if parent == "Signature" else s.find(f".//{ds(parent)}")
        child(holder, name, text, **attributes)

    return change


def put_first(parent, name):
    return lambda s: s.find(f".//{ds(parent)}").insert(0, etree.Element(name))


def twice(name):
    def change(s):
        element = s.find(f".//{ds(name)}")
        element.addnext(etree.fromstring(etree.tostring(element, with_tail=False)))

    return change


def set_on(name, attribute, value):
    def change(s):
        (s if name == "Signature" else s.find(f".//{ds(name)}")).set(attribute, value)

    return change


def text_in(name):
    def change(s):
        (s if name == "Signature" else s.find(f".//{ds(name)}")).text = "text"

    return change


PARTS = [
    "SignedInfo",
    "CanonicalizationMethod",
    "SignatureMethod",
    "Reference",
    "Transforms",
    "DigestMethod",
    "DigestValue",
    "SignatureValue",
]
SHAPES = {
    **{f"without {n}": drop(n) for n in ("Signature", "KeyInfo", "X509Certificate", *PARTS)},
    **{f"{n} twice": twice(n) for n in PARTS},
    **{f"blank {n}": blank(n) for n in ("DigestValue", "SignatureValue", "X509Certificate")},
    **{f"text in {n}": text_in(n) for n in ("Signature", "SignedInfo", "Reference", "Transforms")},
    **{
        f"a stranger in {n}": add(n, "{urn:x}Stranger")
        for n in ("Signature", "KeyInfo", "X509Data", *PARTS)
    },
    **{f"an attribute on {n}": set_on(n, "odd", "1") for n in ("Signature", *PARTS)},
    "HMACOutputLength": add("SignatureMethod", ds("HMACOutputLength"), "1"),
    "Object": add("Signature", ds("Object")),
    "Manifest in Object": lambda s: child(child(s, ds("Object")), ds("Manifest")),
    "Object before SignedInfo": lambda s: s.insert(0, etree.Element(ds("Object"))),
    "RetrievalMethod": add("KeyInfo", ds("RetrievalMethod"), URI="http://127.0.0.1:9/key"),
    "RetrievalMethod alone": lambda s: (
        drop("X509Data")(s),
        add("KeyInfo", ds("RetrievalMethod"), URI="#_genuine")(s),
    ),
    "EncryptedKey": add("KeyInfo", f"{{{ENC}}}EncryptedKey"),
    "SecurityTokenReference": add("KeyInfo", f"{{{WSSE}}}SecurityTokenReference"),
    "X509CRL": add("X509Data", ds("X509CRL"), "AAAA"),
    "PGPData": add("KeyInfo", ds("PGPData")),
    "Type of the reference": set_on("Reference", "Type", DS + "Manifest"),
    "truncated SignatureValue": lambda s: setattr(
        s.find(ds("SignatureValue")), "text", s.find(ds("SignatureValue")).text[:40]
    ),
    "truncated DigestValue": lambda s: setattr(s.find(f".//{ds('DigestValue')}"), "text", "AAAA"),
    "no base64": lambda s: setattr(s.find(ds("SignatureValue")), "text", "%%%"),
}

KEYS = {
    "KeyName only": lambda s: (drop("X509Data")(s), add("KeyInfo", ds("KeyName"), "CABINET")(s)),
    "KeyValue only": lambda s: (drop("X509Data")(s), add("KeyInfo", ds("KeyValue"))(s)),
    "X509SubjectName only": lambda s: (
        drop("X509Certificate")(s),
        add("X509Data", ds("X509SubjectName"), "CN=CABINET")(s),
    ),
    "X509SKI only": lambda s: (drop("X509Certificate")(s), add("X509Data", ds("X509SKI"), "AA")(s)),
    "the authority's certificate": lambda s: certificate(s, authority()),
    "a stranger's certificate": lambda s: certificate(s, stranger()),
    "another trusted signer's certificate": lambda s: certificate(s, other()),
    "rubbish": lambda s: setattr(s.find(f".//{ds('X509Certificate')}"), "text", "AAAA"),
    "nine certificates": lambda s: [
        child(s.find(f".//{ds('X509Data')}"), ds("X509Certificate"), b64(genuine()))
        for _ in range(9)
    ],
}


def b64(identity):
    return base64.b64encode(identity.der).decode()


def other():
    return certify("AUTRE CABINET", authority())


def certificate(s, identity):
    s.find(f".//{ds('X509Certificate')}").text = b64(identity)


EVERYTHING = {**ALGORITHMS, **TRANSFORMS, **REFERENCES, **SHAPES, **KEYS}


@pytest.mark.parametrize("case", EVERYTHING)
def test_a_genuine_assertion_with_another_signature_shape_is_refused(case):
    octets = changed(EVERYTHING[case])
    assert octets != etree.tostring(message())
    must_be_refused_at_the_gate(octets)


WELL_SHAPED = frozenset(
    {
        f"SignatureMethod: {MORE}ecdsa-sha256",
        f"SignatureMethod: {MORE}rsa-sha512",
        f"DigestMethod: {ENC}sha512",
        "blank DigestValue",
        "blank SignatureValue",
        "truncated DigestValue",
        "truncated SignatureValue",
    }
)
"""Cases that are wrong, but only xmlsec can tell."""


@pytest.mark.parametrize("case", {**ALGORITHMS, **TRANSFORMS, **REFERENCES, **SHAPES})
def test_what_is_not_on_the_list_never_reaches_xmlsec(case, monkeypatch):
    """An attacker's transform runs before any key is checked: the shape must be judged first."""
    reached = []

    def check(*_):
        reached.append(case)
        raise opaque(Subcode.FAILED_CHECK, "reached")

    monkeypatch.setattr(SignatureVerifier, "_check_signature", check)
    must_be_refused_at_the_gate(changed(EVERYTHING[case]))
    assert bool(reached) == (case in WELL_SHAPED)


HARMLESS = {
    "Id on the signature": set_on("Signature", "Id", "sig"),
    "KeyValue beside the certificate": add("KeyInfo", ds("KeyValue")),
    "KeyName beside the certificate": add("KeyInfo", ds("KeyName"), "somebody"),
    "subject name beside the certificate": add("X509Data", ds("X509SubjectName"), "CN=x"),
    "the authority beside the certificate": lambda s: child(
        s.find(f".//{ds('X509Data')}"), ds("X509Certificate"), b64(authority())
    ),
    "another's certificate behind": lambda s: child(
        s.find(f".//{ds('X509Data')}"), ds("X509Certificate"), b64(stranger())
    ),
}


@pytest.mark.parametrize("case", HARMLESS)
def test_what_only_selects_a_key_changes_nothing(case):
    assert must_be_harmless(changed(HARMLESS[case])) is None


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize("secret", ["certificate", "public key", "PEM", "nothing"])
def test_a_public_key_is_no_hmac_secret(method, secret):
    """HMAC confusion: the forger computes an HMAC over SignedInfo with what everybody knows."""
    root = message()
    assertion = assertion_of(root)
    signature = assertion.find(ds("Signature"))
    name = DS + "hmac-sha1" if method == "sha1" else MORE + "hmac-" + method
    signature.find(f".//{ds('SignatureMethod')}").set("Algorithm", name)
    canonical = etree.tostring(signature[0], method="c14n", exclusive=True, with_comments=False)
    key = {
        "certificate": genuine().der,
        "public key": genuine().certificate.public_key().public_numbers().n.to_bytes(256, "big"),
        "PEM": genuine().pem,
        "nothing": b"",
    }[secret]
    value = hmac.new(key, canonical, getattr(hashlib, method)).digest()
    signature.find(ds("SignatureValue")).text = base64.b64encode(value).decode()
    fault = must_be_refused_at_the_gate(etree.tostring(root))
    assert fault.subcode == Subcode.UNSUPPORTED_ALGORITHM


@pytest.mark.parametrize("claimed", ["own", "genuine", "own, genuine", "genuine, own", "own, ca"])
def test_a_strangers_signature_under_any_key_info_is_refused(claimed):
    root = etree.fromstring(a_vihf(stranger().signer))
    data = root.find(f".//{ds('X509Data')}")
    data[:] = []
    known = {"own": stranger(), "genuine": genuine(), "ca": authority()}
    for name in claimed.split(", "):
        child(data, ds("X509Certificate"), b64(known[name]))
    must_be_refused_at_the_gate(envelope(etree.tostring(root)))


def test_a_signature_of_a_trusted_key_over_something_else_is_refused():
    """The signature of one assertion under the text of another: same key, other digest."""
    mine = etree.fromstring(a_vihf(subject="899900000001"))
    signature = assertion_of(message()).find(ds("Signature"))
    mine.replace(mine.find(ds("Signature")), signature)
    fault = must_be_refused_at_the_gate(envelope(etree.tostring(mine)))
    assert fault.subcode == Subcode.FAILED_CHECK


def test_only_the_digest_replaced_is_refused():
    mine = etree.fromstring(genuine_octets())
    assertion = assertion_of(mine)
    assertion.find(f".//{saml('NameID')}").text = "899900000001"
    bare = etree.fromstring(etree.tostring(assertion))
    bare.remove(bare.find(ds("Signature")))
    digest = hashlib.sha256(
        etree.tostring(bare, method="c14n", exclusive=True, with_comments=False)
    ).digest()
    assertion.find(f".//{ds('DigestValue')}").text = base64.b64encode(digest).decode()
    fault = must_be_refused_at_the_gate(etree.tostring(mine))
    assert fault.subcode == Subcode.FAILED_CHECK
    assert "xmlsec" in fault.operator_detail


def test_a_signature_without_key_info_says_so():
    assert must_be_refused_at_the_gate(changed(drop("KeyInfo"))).subcode == (
        Subcode.SECURITY_TOKEN_UNAVAILABLE
    )


def test_a_prefix_list_is_honoured_and_bounded():
    def listed(prefixes):
        def change(s):
            parent = s.findall(f".//{ds('Transform')}")[1]
            child(parent, f"{{{EXC_C14N}}}InclusiveNamespaces", PrefixList=prefixes)

        return change

    must_be_refused_at_the_gate(changed(listed("xs xsi")))  # not what was signed
    for bad in (" ".join(["p"] * 65), "a:b", "<", "xpointer()"):
        fault = must_be_refused_at_the_gate(changed(listed(bad)))
        assert fault.subcode == Subcode.INVALID_SECURITY_TOKEN


def test_an_assertion_without_a_name_as_id_is_refused():
    for identifier in ("", "a b", "xpointer(/)", "#_genuine", "1", "a" * 300):
        octets = edited(a_vihf(), lambda r, i=identifier: r.set("ID", "_x") or None)
        root = etree.fromstring(octets)
        root.set("ID", identifier)
        root.find(f".//{ds('Reference')}").set("URI", "#" + identifier)
        must_be_refused_at_the_gate(envelope(etree.tostring(root)))
