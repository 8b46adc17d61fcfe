"""Values split, hidden or doubled: what is read must be all that was signed, or nothing.

Exclusive canonicalisation without comments drops comments, so a comment inside a NameID leaves the
signature valid and cuts the text in two for a careless reader.
"""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.attack.forge import (
    assertion_of,
    genuine_caller,
    genuine_octets,
    ids_of_every_kind,
    message,
    must_be_harmless,
    must_be_refused_at_the_gate,
    verdict,
)
from tests.xds.security.build import NOW, a_gate, a_request, a_vihf, ds, envelope, saml
from xds.namespaces import SOAP, WSSE
from xds.security.caller import Caller
from xds.security.refusal import Subcode
from xds.soap.fault import SoapFault


def text_nodes():
    """Every text of the genuine assertion as (start, end) in the octets of the message."""
    octets = genuine_octets()
    begin = octets.index(b"<saml:Assertion")
    end = octets.index(b"</saml:Assertion>")
    spans, at = [], begin
    while (start := octets.find(b">", at, end)) >= 0:
        stop = octets.index(b"<", start)
        if octets[start + 1 : stop].strip():
            spans.append((start + 1, stop))
        at = stop + 1
    return spans


SPLITTERS = {
    "comment": (b"<!--x-->", False),
    "empty comment": (b"<!---->", False),
    "processing instruction": (b"<?x y?>", False),
    "element": (b"<x/>", False),
    "assertion element": (b'<x xmlns="urn:oasis:names:tc:SAML:2.0:assertion"/>', False),
    "empty CDATA": (b"<![CDATA[]]>", True),
}
PLACES = ("start", "middle", "end")


@pytest.mark.parametrize("splitter", SPLITTERS)
@pytest.mark.parametrize("place", PLACES)
def test_every_text_split_by_something(splitter, place):
    octets, (what, is_nothing) = genuine_octets(), SPLITTERS[splitter]
    spans = text_nodes()
    assert len(spans) > 15
    for start, stop in spans:
        at = {"start": start, "middle": (start + stop) // 2, "end": stop}[place]
        tried = octets[:at] + what + octets[at:]
        if is_nothing:
            assert must_be_harmless(tried) is None
        else:
            must_be_refused_at_the_gate(tried)


def test_every_text_in_cdata_is_the_same_text():
    octets = genuine_octets()
    for start, stop in text_nodes():
        if b"&" in octets[start:stop]:
            continue
        tried = octets[:start] + b"<![CDATA[" + octets[start:stop] + b"]]>" + octets[stop:]
        assert must_be_harmless(tried) is None


def test_every_character_as_a_reference_is_the_same_text():
    octets = genuine_octets()
    for start, stop in text_nodes():
        if b"&" in octets[start:stop]:
            continue
        written = b"".join(b"&#%d;" % c for c in octets[start : min(stop, start + 40)])
        tried = octets[:start] + written + octets[min(stop, start + 40) :]
        assert must_be_harmless(tried) is None


@pytest.mark.parametrize("what", [b"<!--x-->", b"<?x y?>"])
def test_comments_between_the_elements_of_the_assertion_are_refused(what):
    octets = genuine_octets()
    for name in (b"<saml:Issuer", b"<ds:Signature ", b"<ds:SignedInfo", b"<saml:NameID"):
        must_be_refused_at_the_gate(octets.replace(name, what + name, 1))


@pytest.mark.parametrize("what", [b"<!--x-->", b" ", b"\n\n"])
def test_comments_and_space_around_the_assertion_are_nobodys_business(what):
    octets = genuine_octets()
    for name in (b"<saml:Assertion", b"<wsse:Security", b"<soap:Body"):
        assert must_be_harmless(octets.replace(name, what + name, 1)) is None


# --- ids


@pytest.mark.parametrize("kind", ids_of_every_kind("x"))
@pytest.mark.parametrize("where", ["Header", "Security", "Body", "Envelope", "Action"])
def test_the_assertions_id_used_by_somebody_else_is_refused(kind, where):
    root = message()
    element = {
        "Header": root.find(f"{{{SOAP}}}Header"),
        "Security": root.find(f".//{{{WSSE}}}Security"),
        "Body": root.find(f"{{{SOAP}}}Body"),
        "Envelope": root,
        "Action": root.find(f"{{{SOAP}}}Header")[0],
    }[where]
    for name, value in ids_of_every_kind("_genuine")[kind].items():
        element.set(name, value)
    fault = must_be_refused_at_the_gate(etree.tostring(root))
    assert fault.subcode == Subcode.INVALID_SECURITY


@pytest.mark.parametrize(
    ("one", "other"), list(itertools.combinations(["ID", "Id", "wsu:Id", "xml:id"], 2))
)
def test_any_id_used_twice_is_refused(one, other):
    root = message()
    for place, kind in ((root, one), (root[1], other)):
        for name, value in ids_of_every_kind("_twice")[kind].items():
            place.set(name, value)
    must_be_refused_at_the_gate(etree.tostring(root))


def test_ids_of_the_registry_model_may_repeat():
    body = b'<x xmlns="urn:x"><y id="Document01"/><z id="Document01"/><z id="Document01"/></x>'
    assert must_be_harmless(envelope(a_vihf(), body=body)) is None


def test_a_second_id_on_the_assertion_itself_is_refused_or_harmless():
    for kind, attributes in ids_of_every_kind("_genuine").items():
        if kind == "ID":
            continue
        root = message()
        for name, value in attributes.items():
            assertion_of(root).set(name, value)
        must_be_refused_at_the_gate(etree.tostring(root))


# --- every octet


def assertion_span():
    octets = genuine_octets()
    return octets.index(b"<saml:Assertion"), octets.index(b"</saml:Assertion>") + 17


@pytest.mark.slow
def test_any_changed_octet_of_the_assertion_is_refused_or_changes_nothing():
    octets, gate = genuine_octets(), a_gate()
    start, stop = assertion_span()
    chance = random.Random(20260301)
    harmless = 0
    for at in range(start, stop):
        changed = bytearray(octets)
        changed[at] ^= 1 << chance.randrange(8)
        harmless += must_be_harmless(bytes(changed), gate) is None
    assert harmless < (stop - start) // 10, "white space and base64 padding at most"


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_splice_of_the_message_is_refused_or_changes_nothing(data):
    octets = genuine_octets()
    start = data.draw(st.integers(0, len(octets)))
    stop = data.draw(st.integers(start, min(len(octets), start + 300)))
    piece = data.draw(
        st.one_of(
            st.binary(max_size=40),
            st.builds(
                lambda a, n: octets[a : a + n],
                st.integers(0, len(octets)),
                st.integers(0, 2000),
            ),
        )
    )
    must_be_harmless(octets[:start] + piece + octets[stop:])


def test_the_same_octets_always_give_the_same_verdict():
    """A remembered assertion must not change what a forged one is worth."""
    gate = a_gate()
    forged = genuine_octets().replace(b"899900063480<", b"899900000001<")
    before = verdict(forged, gate)
    assert verdict(genuine_octets(), gate) == genuine_caller()
    after = verdict(forged, gate)
    assert isinstance(before, SoapFault)
    assert isinstance(after, SoapFault)
    assert before.subcode == after.subcode


def test_two_values_where_one_is_meant_are_refused():
    """A trusted issuer's own doubled attribute: nobody may choose which one counts."""
    from tests.xds.security.build import edited

    def double(root):
        attribute = root.find(f".//{saml('Attribute')}[@Name='Identifiant_Structure']")
        again = etree.fromstring(etree.tostring(attribute, with_tail=False))
        again[0].text = "another"
        attribute.addnext(again)

    must_be_refused_at_the_gate(envelope(edited(a_vihf(), double)))


def test_the_reader_sees_signed_octets_only():
    request = a_request(genuine_octets())
    caller = a_gate().authenticate(request, "urn:x", NOW)
    assert isinstance(caller, Caller)
    assert assertion_of(request.envelope).find(ds("Signature")) is not None
