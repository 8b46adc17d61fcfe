"""Signature wrapping: the genuine assertion stays signed somewhere, a forged one is offered.

XSW1-8 and their neighbours as one matrix: which id the forgery has, who carries the signature,
where the other one hides.
"""

import copy
import itertools

import pytest
from lxml import etree

from tests.attack.forge import (
    INSIDE,
    PLACES,
    assertion_of,
    forged,
    message,
    must_be_harmless,
    must_be_refused_at_the_gate,
    put_inside,
    security_of,
)
from tests.xds.security.build import NOW, a_vihf, ds, saml, trust
from xds.security.signature import SignatureVerifier
from xds.soap.fault import SoapFault

IDS = {"same id": "_genuine", "own id": "_forged", "no id": None}
SIGNED = {"unsigned forgery": False, "forgery with the signature": True}
ORIGINAL = {"original signed": True, "original without signature": False}


def combined(identifier, forgery_signed, original_signed):
    """A message, the original taken out of it, and a forgery."""
    root = message()
    original = assertion_of(root)
    fake = forged(original, identifier=identifier, signed=forgery_signed)
    original.getparent().remove(original)
    if not original_signed:
        original.remove(original.find(ds("Signature")))
    return root, original, fake


MATRIX = list(itertools.product(IDS, SIGNED, ORIGINAL))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("identifier", "signed", "original_signed"), MATRIX)
def test_a_forgery_in_our_header_and_the_original_elsewhere(
    identifier, signed, original_signed, place
):
    root, original, fake = combined(IDS[identifier], SIGNED[signed], ORIGINAL[original_signed])
    security_of(root).append(fake)
    PLACES[place](root, original)
    must_be_refused_at_the_gate(etree.tostring(root))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("identifier", "signed", "original_signed"), MATRIX)
def test_the_original_in_our_header_and_a_forgery_elsewhere(
    identifier, signed, original_signed, place
):
    root, original, fake = combined(IDS[identifier], SIGNED[signed], ORIGINAL[original_signed])
    security_of(root).append(original)
    PLACES[place](root, fake)
    must_be_refused_at_the_gate(etree.tostring(root))


@pytest.mark.parametrize("inside", INSIDE)
@pytest.mark.parametrize(("identifier", "signed", "original_signed"), MATRIX)
def test_the_original_inside_the_forgery(identifier, signed, original_signed, inside):
    root, original, fake = combined(IDS[identifier], SIGNED[signed], ORIGINAL[original_signed])
    put_inside(fake, inside, original)
    security_of(root).append(fake)
    must_be_refused_at_the_gate(etree.tostring(root))


@pytest.mark.parametrize("inside", INSIDE)
@pytest.mark.parametrize(("identifier", "signed", "original_signed"), MATRIX)
def test_the_forgery_inside_the_original(identifier, signed, original_signed, inside):
    root, original, fake = combined(IDS[identifier], SIGNED[signed], ORIGINAL[original_signed])
    put_inside(original, inside, fake)
    security_of(root).append(original)
    must_be_refused_at_the_gate(etree.tostring(root))


@pytest.mark.parametrize("identifier", IDS)
@pytest.mark.parametrize("part", ["Object", "KeyInfo", "SignedInfo", "SignatureValue", "X509Data"])
def test_the_original_inside_the_signature_of_the_forgery(part, identifier):
    """XSW3, XSW4, XSW8 and the concealed assertions of the field."""
    root, original, fake = combined(IDS[identifier], True, True)
    signature = fake.find(ds("Signature"))
    parent = (
        etree.SubElement(signature, ds("Object"))
        if part == "Object"
        else signature.find(f".//{ds(part)}")
        if part != "SignedInfo"
        else signature[0]
    )
    original.remove(original.find(ds("Signature")))
    parent.append(original)
    security_of(root).append(fake)
    must_be_refused_at_the_gate(etree.tostring(root))


@pytest.mark.parametrize("place", PLACES)
def test_the_signature_torn_out_of_the_assertion(place):
    root = message()
    signature = assertion_of(root).find(ds("Signature"))
    signature.getparent().remove(signature)
    PLACES[place](root, signature)
    must_be_refused_at_the_gate(etree.tostring(root))


@pytest.mark.parametrize("place", PLACES)
def test_a_second_signature_beside_the_genuine_one(place):
    root = message()
    PLACES[place](root, copy.deepcopy(assertion_of(root).find(ds("Signature"))))
    must_be_refused_at_the_gate(etree.tostring(root))


@pytest.mark.parametrize("position", range(6))
def test_the_signature_at_another_place_in_the_assertion(position):
    root = message()
    assertion = assertion_of(root)
    signature = assertion.find(ds("Signature"))
    assertion.remove(signature)
    assertion.insert(position, signature)
    fault = must_be_harmless(etree.tostring(root))
    assert (fault is None) == (position == 1)


@pytest.mark.parametrize("place", PLACES)
def test_the_genuine_assertion_alone_at_another_place(place):
    root = message()
    assertion = assertion_of(root)
    assertion.getparent().remove(assertion)
    PLACES[place](root, assertion)
    fault = must_be_harmless(etree.tostring(root))
    assert (fault is None) == place.endswith(", in our Security")


@pytest.mark.parametrize("times", [2, 3, 50])
def test_the_same_assertion_several_times(times):
    root = message()
    for _ in range(times - 1):
        security_of(root).append(copy.deepcopy(assertion_of(root)))
    must_be_refused_at_the_gate(etree.tostring(root))


@pytest.mark.parametrize(
    "name",
    [
        saml("EncryptedAssertion"),
        "{urn:oasis:names:tc:SAML:1.0:assertion}Assertion",
        "{urn:oasis:names:tc:SAML:2.0:protocol}Response",
        "{urn:x}Assertion",
        "Assertion",
        saml("assertion"),
    ],
)
def test_something_like_an_assertion_with_the_genuine_content(name):
    root = message()
    assertion = assertion_of(root)
    assertion.tag = name
    must_be_refused_at_the_gate(etree.tostring(root))


@pytest.mark.parametrize("inside", INSIDE)
@pytest.mark.parametrize("outer", ["forgery outside", "original outside"])
@pytest.mark.parametrize(("identifier", "signed", "original_signed"), MATRIX)
def test_the_verifier_alone_sees_through_it_too(identifier, signed, original_signed, outer, inside):
    """Without the message's own checks before it: what is accepted says what was signed."""
    _, original, fake = combined(IDS[identifier], SIGNED[signed], ORIGINAL[original_signed])
    pair = (fake, original) if outer == "forgery outside" else (original, fake)
    put_inside(pair[0], inside, pair[1])
    with pytest.raises(SoapFault):
        SignatureVerifier(trust()).verify(etree.tostring(pair[0], with_tail=False), NOW)


@pytest.mark.parametrize("place", ["beside", "in a value", "in its Object"])
def test_the_verifier_alone_accepts_one_signature_only(place):
    assertion = etree.fromstring(a_vihf())
    signature = assertion.find(ds("Signature"))
    second = copy.deepcopy(signature)
    if place == "beside":
        signature.addnext(second)
    elif place == "in a value":
        assertion.find(f".//{saml('AttributeValue')}").append(second)
    else:
        etree.SubElement(signature, ds("Object")).append(second)
    with pytest.raises(SoapFault) as caught:
        SignatureVerifier(trust()).verify(etree.tostring(assertion), NOW)
    assert "2 signatures" in caught.value.operator_detail
