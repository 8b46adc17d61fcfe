"""SOAP 1.2 and WS-Addressing: what an envelope must have, and the faults that say so."""

import pytest
from lxml import etree

from tests.build.soap import (
    ECHO,
    FETCH,
    MTOM,
    NS,
    PLAIN,
    call,
    envelope,
    multipart,
    root_part,
    service,
)
from xds.namespaces import SOAP, WSA, WSSE, XDSB
from xds.soap.addressing import ANONYMOUS
from xds.soap.envelope import write_fault
from xds.soap.fault import FaultCode, SoapFault

APP = service(reply_to_hosts=frozenset({"gateway.example"}))
ADDRESSING_FAULT = f"{WSA}/fault"
SOAP_FAULT = f"{WSA}/soap/fault"


def endpoint(name, address, *, extra=""):
    return f"<wsa:{name}><wsa:Address>{address}</wsa:Address>{extra}</wsa:{name}>"


@pytest.mark.parametrize(
    "headers",
    [
        endpoint("ReplyTo", ANONYMOUS),
        endpoint("ReplyTo", f"\n {ANONYMOUS} "),
        endpoint("FaultTo", ANONYMOUS),
        endpoint("ReplyTo", ANONYMOUS, extra="<wsa:ReferenceParameters/>"),
        endpoint("From", "http://anywhere.example/"),
        endpoint("ReplyTo", "http://gateway.example/answers"),
        "<wsa:To>http://127.0.0.1/repository</wsa:To>",
        "<wsa:RelatesTo>urn:a</wsa:RelatesTo><wsa:RelatesTo>urn:b</wsa:RelatesTo>",
        f'<wsa:Action soap:role="{SOAP}/role/none">urn:for-somebody-else</wsa:Action>',
        '<x:Y xmlns:x="urn:y"/>',
        '<x:Y xmlns:x="urn:y" soap:mustUnderstand="0"/>',
        '<x:Y xmlns:x="urn:y" soap:mustUnderstand="1" soap:role="urn:somebody-else"/>',
        f'<w:Security xmlns:w="{WSSE}" soap:mustUnderstand="1"/>',
    ],
)
def test_headers_that_are_right_or_not_for_us(headers):
    assert call(APP, envelope(headers=headers)).status == 200


@pytest.mark.parametrize(
    ("headers", "kind", "problem"),
    [
        (endpoint("ReplyTo", "http://evil.example/"), "OnlyAnonymousAddressSupported", "ReplyTo"),
        (endpoint("ReplyTo", f"{WSA}/none"), "OnlyAnonymousAddressSupported", "ReplyTo"),
        (endpoint("FaultTo", "http://[bad"), "OnlyAnonymousAddressSupported", "FaultTo"),
        (
            endpoint("ReplyTo", "http://gateway.example@evil.example/"),
            "OnlyAnonymousAddressSupported",
            "ReplyTo",
        ),
        ("<wsa:ReplyTo/>", "MissingAddressInEPR", "ReplyTo"),
        ("<wsa:MessageID>urn:again</wsa:MessageID>", "InvalidCardinality", "MessageID"),
        ("<wsa:Action>urn:again</wsa:Action>", "InvalidCardinality", "Action"),
        ("<wsa:To>urn:a</wsa:To><wsa:To>urn:b</wsa:To>", "InvalidCardinality", "To"),
        (endpoint("ReplyTo", ANONYMOUS) * 2, "InvalidCardinality", "ReplyTo"),
    ],
)
def test_headers_that_are_not_as_they_must_be(headers, kind, problem):
    response = call(APP, envelope(headers=headers))
    assert (response.status, response.code) == (400, "Sender")
    assert response.subcodes == ["InvalidAddressingHeader", kind]
    assert response.text("//soap:Detail/wsa:ProblemHeaderQName") == f"wsa:{problem}"
    assert response.action == ADDRESSING_FAULT
    assert problem in response.reason


def test_a_missing_action_is_said_with_the_actions_known_here():
    response = call(APP, envelope(action=""))
    assert response.subcodes == ["MessageAddressingHeaderRequired"]
    assert response.text("//wsa:ProblemHeaderQName") == "wsa:Action"
    assert ECHO in response.reason
    assert FETCH in response.reason


def test_an_envelope_without_a_header_lacks_the_action():
    octets = f'<e:Envelope xmlns:e="{SOAP}"><e:Body><x/></e:Body></e:Envelope>'.encode()
    response = call(APP, octets)
    assert response.subcodes == ["MessageAddressingHeaderRequired"]
    assert response.relates_to is None


def test_an_unknown_action_is_said_with_those_known_here():
    response = call(APP, envelope(action="urn:unknown"))
    assert response.subcodes == ["ActionNotSupported"]
    assert response.text("//wsa:ProblemAction/wsa:Action") == "urn:unknown"
    assert ECHO in response.reason
    assert response.action == ADDRESSING_FAULT


def test_an_action_is_exact():
    assert call(APP, envelope(action=ECHO.lower())).subcodes == ["ActionNotSupported"]
    assert call(APP, envelope(action=f"{ECHO}/")).subcodes == ["ActionNotSupported"]


def test_a_header_that_must_be_understood_and_is_not_is_named():
    headers = (
        '<x:A xmlns:x="urn:y" soap:mustUnderstand="1"/>'
        f'<x:B xmlns:x="urn:y" soap:mustUnderstand=" true " soap:role="{SOAP}/role/next"/>'
        '<C xmlns="" soap:mustUnderstand="1"/>'
    )
    response = call(APP, envelope(headers=headers))
    assert (response.status, response.code) == (500, "MustUnderstand")
    found = response.root.xpath("//soap:NotUnderstood", namespaces=NS)
    assert [_name(f) for f in found] == ["{urn:y}A", "{urn:y}B", "C"]
    assert response.action == SOAP_FAULT


def _name(element):
    prefix, colon, name = element.get("qname").rpartition(":")
    return f"{{{element.nsmap[prefix]}}}{name}" if colon else name


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("", "nothing"),
        ("<!-- c -->", "nothing"),
        ("text alone", "nothing"),
        (f'<x:Echo xmlns:x="{XDSB}"/>' * 2, "'xds:Echo', 'xds:Echo'"),
        ("<a/>" * 100, "and 90 more"),
    ],
)
def test_a_body_holds_exactly_one_element(body, says):
    response = call(APP, envelope(body=body))
    assert (response.status, response.code) == (400, "Sender")
    assert says in response.reason
    assert response.relates_to is not None


@pytest.mark.parametrize(
    "inside",
    [
        "",
        "<e:Header/>",
        "<e:Body><x/></e:Body><e:Header/>",
        "<e:Header/><e:Header/><e:Body><x/></e:Body>",
        "<e:Body><x/></e:Body><e:Body><x/></e:Body>",
        "<e:Header/><x/><e:Body><x/></e:Body>",
        "<Body><x/></Body>",
    ],
)
def test_an_envelope_of_another_structure_is_a_fault(inside):
    octets = f'<e:Envelope xmlns:e="{SOAP}">{inside}</e:Envelope>'.encode()
    response = call(APP, octets)
    assert (response.status, response.is_fault) == (400, True)


@pytest.mark.parametrize("octets", [b"<html/>", b'<Envelope xmlns="urn:other"/>'])
def test_what_is_no_envelope_is_a_version_mismatch_with_an_upgrade(octets):
    response = call(APP, octets)
    assert response.code == "VersionMismatch"
    upgrade = response.root.xpath("//soap:Upgrade/soap:SupportedEnvelope", namespaces=NS)
    assert _name(upgrade[0]) == f"{{{SOAP}}}Envelope"


def test_a_message_id_that_is_far_too_long_is_neither_taken_nor_sent_back():
    response = call(APP, envelope(message_id="urn:" + "x" * 2000))
    assert response.subcodes == ["InvalidAddressingHeader"]
    assert response.relates_to is None


@pytest.mark.parametrize("content_type", [PLAIN, MTOM])
def test_a_reason_is_text_whatever_it_quotes(content_type):
    message = envelope(action="urn:&lt;/soap:Text&gt;&#x1F600;&#x85;")
    body = message if content_type == PLAIN else multipart(root_part(message))
    response = call(APP, body, content_type)
    assert response.subcodes == ["ActionNotSupported"]


def test_a_reason_can_hold_any_character():
    reason = "".join(map(chr, (*range(0x100), 0xD800, 0xFFFE, 0xFFFF, 0x1F600)))
    fault = SoapFault(FaultCode.RECEIVER, reason, subcode=f"{{{WSSE}}}FailedCheck")
    root = etree.fromstring(write_fault(fault, "a<b>&\0"))
    assert root.xpath("string(//soap:Subcode/soap:Value)", namespaces=NS) == "wsse:FailedCheck"
    assert root.xpath("string(//soap:Text/@xml:lang)", namespaces=NS) == "en"
