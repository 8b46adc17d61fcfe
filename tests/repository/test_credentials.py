"""repository.credentials: who calls the Registry on the second leg."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from repository.credentials import REUSE_SECONDS, Forwarding, Vouching
from xds.errors import Where
from xds.security.caller import Caller
from xds.security.pki import make_test_pki
from xds.security.signature import Signer
from xds.soap.exchange import SoapRequest
from xds.story import Call

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SIGNED = (
    b'<a:Assertion  ID="_1"\n xmlns:ds="http://www.w3.org/2000/09/xmldsig#">'
    b"<!-- kept --><a:Issuer>x</a:Issuer><ds:Signature/></a:Assertion>"
)


@pytest.fixture(scope="module")
def signer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    make_test_pki(folder, instant=NOON)
    return Signer.from_files(folder / "repository.pem", folder / "repository.key")


def call(instant=NOON, digest="d1") -> Call:
    octets = (
        b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="'
        + SAML.encode()
        + b'"><s:Header><w:Security xmlns:w="http://docs.oasis-open.org/wss/2004/01/'
        b'oasis-200401-wss-wssecurity-secext-1.0.xsd">'
        + SIGNED
        + b"</w:Security></s:Header><s:Body><x/></s:Body></s:Envelope>"
    )
    envelope = etree.fromstring(octets)
    request = SoapRequest(
        action="",
        message_id=None,
        to=None,
        body=envelope[1][0],
        body_where=Where("x"),
        envelope=envelope,
        envelope_octets=octets,
        is_mtom=False,
    )
    caller = Caller(
        identity="doctor", issuer="i", assertion_id="_1", assertion_digest=digest, issued_at=NOON
    )
    return Call(request=request, attachments=iter(()), caller=caller, instant=instant)


def test_a_vouching_assertion_names_the_caller_and_serves_for_a_while(signer):
    vouching = Vouching(signer=signer, audience="urn:test")
    first = vouching.header(call())
    assert b"doctor" in first
    assert etree.fromstring(first)[0].tag == f"{{{SAML}}}Assertion"
    assert vouching.header(call(NOON + timedelta(seconds=REUSE_SECONDS - 1))) is first
    later = vouching.header(call(NOON + timedelta(seconds=REUSE_SECONDS)))
    assert later != first


def test_another_assertion_is_another_caller(signer):
    vouching = Vouching(signer=signer, audience="urn:test")
    other = replace(call(digest="d2"), caller=replace(call(digest="d2").caller, identity="nurse"))
    assert b"doctor" in vouching.header(call())
    assert b"nurse" in vouching.header(other)


def test_a_clock_that_went_back_makes_a_new_one(signer):
    vouching = Vouching(signer=signer, audience="urn:test")
    first = vouching.header(call())
    assert vouching.header(call(NOON - timedelta(seconds=30))) != first


def test_the_callers_own_assertion_is_forwarded_byte_for_byte():
    header = Forwarding().header(call())
    # Declarations that it inherited stand after its name; the rest is untouched.
    assert SIGNED[len(b"<a:Assertion") :] in header
    assert etree.fromstring(header)[0].tag == f"{{{SAML}}}Assertion"
