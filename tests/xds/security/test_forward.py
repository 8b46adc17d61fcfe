"""The caller's own assertion, cut out byte for byte and still valid on its own."""

import pytest
from lxml import etree

from tests.xds.security.build import (
    NOW,
    a_request,
    a_vihf,
    a_xua,
    call,
    envelope,
    resigned,
    trust,
)
from xds.namespaces import SAML, SOAP, WSSE, XS, XSI
from xds.security.forward import own_assertion_octets
from xds.security.signature import SignatureVerifier
from xds.security.writing import security_header


def is_valid(octets):
    return SignatureVerifier(trust()).verify(octets, NOW)


@pytest.mark.parametrize("assertion", [a_vihf, a_xua], ids=["VIHF", "XUA"])
def test_a_self_contained_assertion_comes_out_as_it_went_in(assertion):
    octets = assertion()
    assert own_assertion_octets(a_request(envelope(octets))) == octets


def test_white_space_and_quotes_of_the_caller_survive():
    octets = a_vihf().replace(b' Version="2.0"', b"\n  Version='2.0'")
    out = own_assertion_octets(a_request(envelope(octets)))
    assert out == octets
    assert is_valid(out)


def test_what_the_envelope_declares_goes_along():
    bare = a_vihf()
    for prefix, uri in (("saml", SAML), ("xs", XS), ("xsi", XSI)):
        bare = bare.replace(f' xmlns:{prefix}="{uri}"'.encode(), b"", 1)
    octets = (
        (
            f'<soap:Envelope xmlns:soap="{SOAP}" xmlns:wsse="{WSSE}" xmlns:saml="{SAML}" '
            f'xmlns:xsi="{XSI}" xmlns="urn:default" xmlns:unused="urn:u"><soap:Header>'
            f'<wsse:Security xmlns:xs="{XS}">'
        ).encode()
        + bare
        + b"</wsse:Security></soap:Header><soap:Body><x/></soap:Body></soap:Envelope>"
    )
    assert call(octets)
    out = own_assertion_octets(a_request(octets))
    assert is_valid(out)
    assert b"xmlns:unused" not in out
    assert out.endswith(bare[bare.index(b" Version") :])
    forwarded = (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Header>'.encode()
        + security_header(out)
        + b"</s:Header><s:Body><x/></s:Body></s:Envelope>"
    )
    assert call(forwarded) == call(octets)


def test_a_prefix_declared_twice_keeps_its_inner_meaning():
    bare = a_vihf().replace(f' xmlns:saml="{SAML}"'.encode(), b"", 1)
    octets = envelope(bare).replace(b"<soap:Envelope", b'<soap:Envelope xmlns:saml="urn:wrong"')
    octets = octets.replace(b"<wsse:Security", f'<wsse:Security xmlns:saml="{SAML}"'.encode())
    assert is_valid(own_assertion_octets(a_request(octets)))


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1"])
def test_another_encoding_is_written_anew_and_still_valid(encoding):
    octets = a_vihf(name="Zoé")
    text = etree.tostring(
        etree.fromstring(envelope(octets)), encoding=encoding, xml_declaration=True
    )
    out = own_assertion_octets(a_request(text))
    assert is_valid(out)
    assert "Zoé" in out.decode("utf-8") or "Zo&#233;" in out.decode("utf-8")


def test_a_byte_order_mark_and_text_before_do_not_shift_the_cut():
    octets = a_vihf()
    message = "\ufeff<?xml version='1.0' encoding='UTF-8'?><!-- é -->".encode() + envelope(octets)
    assert own_assertion_octets(a_request(message)) == octets


def test_an_assertion_written_with_a_default_namespace_survives():
    root = etree.fromstring(
        a_vihf()
        .replace(b"<saml:", b"<")
        .replace(b"</saml:", b"</")
        .replace(b"xmlns:saml=", b"xmlns=")
    )
    octets = resigned(root)
    out = own_assertion_octets(a_request(envelope(octets)))
    assert out == octets
    assert is_valid(out)
