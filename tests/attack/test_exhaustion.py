"""Messages made to be dear: each must end in one fault within a bound, whatever it contains.

Inclusive canonicalisation over 10,000 namespace declarations costs a minute in libxml2; the caps
and the list of algorithms close it before anything is canonicalised. Bounds are generous: the point
is the order of magnitude.
"""

import base64
import time

import pytest
from lxml import etree

from tests.attack.forge import (
    assertion_of,
    genuine_octets,
    message,
    must_be_harmless,
    must_be_refused,
    verdict,
)
from tests.xds.security.build import NOW, a_vihf, ds, envelope, genuine, saml, trust
from xds.namespaces import EXC_C14N
from xds.security.signature import SignatureVerifier
from xds.soap.fault import SoapFault

SECONDS = 3.0


def within(seconds, action):
    start = time.process_time()
    result = action()
    assert time.process_time() - start < seconds
    return result


def namespaces(count):
    return b"".join(b' xmlns:n%d="urn:n%d"' % (n, n) for n in range(count))


def attributes(count):
    return b"".join(b' a%d=""' % n for n in range(count))


def into(tag, what):
    octets = genuine_octets()
    assert tag in octets
    return octets.replace(tag, tag + what, 1)


def nested_namespaces(levels, each, leaves):
    opened = b"".join(
        b"<x" + b"".join(b' xmlns:m%d-%d="u"' % (level, n) for n in range(each)) + b">"
        for level in range(levels)
    )
    return opened + b"<y/>" * leaves + b"</x>" * levels


def deep(count):
    return b"<x>" * count + b"</x>" * count


def long_prefix_list(root):
    parent = root.findall(f".//{ds('Transform')}")[1]
    element = etree.SubElement(parent, f"{{{EXC_C14N}}}InclusiveNamespaces")
    element.set("PrefixList", " ".join(f"n{n}" for n in range(20_000)))


def many_certificates(root):
    data = root.find(f".//{ds('X509Data')}")
    for _ in range(2_000):
        etree.SubElement(data, ds("X509Certificate")).text = base64.b64encode(genuine().der)


def many_references(root):
    info = root.find(f".//{ds('SignedInfo')}")
    info.extend(etree.fromstring(etree.tostring(info[2])) for _ in range(2_000))


def many_transforms(root):
    parent = root.find(f".//{ds('Transforms')}")
    parent.extend(etree.fromstring(etree.tostring(parent[1])) for _ in range(5_000))


def many_attributes(root):
    statement = root.find(saml("AttributeStatement"))
    statement.extend(etree.fromstring(etree.tostring(statement[0])) for _ in range(20_000))


def edited_message(edit):
    root = message()
    edit(assertion_of(root))
    return etree.tostring(root)


HOSTILE = {
    "10,000 namespaces on the envelope": lambda: into(b"<soap:Envelope", namespaces(10_000)),
    "10,000 namespaces on the header": lambda: into(b"<wsse:Security", namespaces(10_000)),
    "10,000 namespaces on the assertion": lambda: into(b"<saml:Assertion", namespaces(10_000)),
    "10,000 namespaces on SignedInfo": lambda: into(b"<ds:SignedInfo", namespaces(10_000)),
    "63 namespaces on each of many": lambda: genuine_octets().replace(
        b"<saml:Attribute ", b"<saml:Attribute" + namespaces(60) + b" "
    ),
    "60 namespaces on each of 50 nested elements": lambda: into(
        b"<soap:Body>", nested_namespaces(50, 60, 20_000)
    ),
    "60 namespaces on each of 20 nested elements of the assertion": lambda: into(
        b"<saml:AttributeStatement>", nested_namespaces(20, 60, 500)
    ),
    "10,000 attributes on the assertion": lambda: into(b"<saml:Assertion", attributes(10_000)),
    "10,000 attributes on the body": lambda: into(b"<soap:Body", attributes(10_000)),
    "depth 50,000 in the assertion": lambda: into(b"<saml:AttributeStatement>", deep(50_000)),
    "depth 90 in the assertion": lambda: into(b"<saml:AttributeStatement>", deep(90)),
    "1,000,000 elements in the body": lambda: into(b"<soap:Body>", b"<x/>" * 1_000_000),
    "10 MB in SignatureValue": lambda: into(b"<ds:SignatureValue>", b"A" * 10_000_000),
    "10 MB in NameID": lambda: into(b"<saml:NameID>", b"A" * 10_000_000),
    "900 KB in NameID": lambda: into(b"<saml:NameID>", b"A" * 900_000),
    "an id of 900 KB": lambda: genuine_octets().replace(b"_genuine", b"a" * 900_000),
    "20,000 prefixes": lambda: edited_message(long_prefix_list),
    "2,000 certificates": lambda: edited_message(many_certificates),
    "2,000 references": lambda: edited_message(many_references),
    "5,000 transforms": lambda: edited_message(many_transforms),
    "20,000 attributes of the statement": lambda: edited_message(many_attributes),
    "a billion laughs": lambda: (
        b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
        b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>' + into(b"<saml:NameID>", b"&c;")
    ),
    "an external entity": lambda: (
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + into(b"<saml:NameID>", b"&a;")
    ),
    "an external DTD": lambda: b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">' + genuine_octets(),
    "a declared id attribute": lambda: (
        b"<!DOCTYPE x [<!ATTLIST wsa:Action odd ID #IMPLIED>]>" + genuine_octets()
    ),
    "an undeclared entity": lambda: into(b"<saml:NameID>", b"&nobody;"),
    "a stylesheet instruction": lambda: (
        b'<?xml-stylesheet href="http://127.0.0.1:9/x"?>'
        + into(b"<saml:NameID>", b"<?xml-stylesheet href='x'?>")
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_message_is_refused_in_bounded_time(case):
    octets = HOSTILE[case]()
    within(SECONDS, lambda: must_be_refused(octets))


OUTSIDE = frozenset(
    {
        "10,000 namespaces on the envelope",
        "10,000 namespaces on the header",
        "10,000 attributes on the body",
        "60 namespaces on each of 50 nested elements",
        "1,000,000 elements in the body",
        "an external DTD",
        "a declared id attribute",
    }
)
"""Attacks that do not touch the assertion."""


@pytest.mark.parametrize("case", sorted(HOSTILE.keys() - OUTSIDE))
def test_the_verifier_has_caps_of_its_own(case):
    """It must hold without the envelope's caps in front of it: tools and tests call it alone."""
    octets = HOSTILE[case]()
    start = octets.find(b"<saml:Assertion")
    stop = octets.find(b"</saml:Assertion>") + len(b"</saml:Assertion>")
    verifier = SignatureVerifier(trust())

    def verify():
        with pytest.raises(SoapFault):
            verifier.verify(octets[start:stop], NOW)

    within(SECONDS, verify)


def test_a_large_body_costs_the_gate_little():
    body = b"<x xmlns='urn:x'>" + b"<y id='Document01' a='b'><z/></y>" * 40_000 + b"</x>"
    octets = envelope(a_vihf(), body=body)
    assert within(SECONDS, lambda: must_be_harmless(octets)) is None


def test_many_ids_in_a_large_body_cost_the_gate_little():
    body = b"<x xmlns='urn:x'>" + b"".join(b"<y ID='i%d'/>" % n for n in range(50_000)) + b"</x>"
    octets = envelope(a_vihf(), body=body)
    assert within(SECONDS, lambda: must_be_harmless(octets)) is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "us-ascii"])
def test_the_encoding_of_the_message_changes_nothing(encoding):
    text = etree.tostring(message(), encoding=encoding, xml_declaration=True)
    assert must_be_harmless(text) is None


@pytest.mark.parametrize("encoding", ["utf-7", "utf-32", "cp037", "x-user-defined"])
def test_an_encoding_that_reads_two_ways_is_refused(encoding):
    octets = f'<?xml version="1.0" encoding="{encoding}"?>'.encode() + genuine_octets()
    assert isinstance(verdict(octets), SoapFault)
