"""The door: whatever comes in, one answer or one fault goes out, framed as the request was."""

import base64
import hashlib
import io
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.build.soap import (
    DOCUMENTS,
    ECHO,
    FETCH,
    MTOM,
    PLAIN,
    call,
    envelope,
    include,
    limits,
    multipart,
    part,
    root_part,
    service,
)
from xds.namespaces import SOAP11, XDSB
from xds.soap.fault import FaultCode, SoapFault

APP = service()
SMALL = service(limits=limits(envelope_octets=20_000, document_octets=50_000))
MESSAGE_ID = "urn:uuid:00000000-0000-4000-8000-000000000001"


def sha1s(response):
    return response.root.xpath("//*[local-name()='Part']/@sha1")


def sha1(octets):
    return hashlib.sha1(octets, usedforsecurity=False).hexdigest()


def test_a_plain_request_gets_a_plain_answer_that_relates_to_it():
    response = call(APP, envelope())
    assert (response.status, response.is_mtom) == (200, False)
    assert response.headers["Content-Type"].startswith("application/soap+xml; charset=UTF-8")
    assert response.action == f"{ECHO}Response"
    assert response.relates_to == MESSAGE_ID
    assert response.text("//wsa:To") == "http://www.w3.org/2005/08/addressing/anonymous"
    assert response.text("//wsa:MessageID").startswith("urn:uuid:")
    assert int(response.headers["Content-Length"]) == len(response.body)


def test_an_mtom_request_gets_an_mtom_answer_even_without_a_document():
    response = call(APP, multipart(), MTOM)
    assert (response.status, response.is_mtom, len(response.parts)) == (200, True, 1)
    head, _ = response.parts[0]
    content_type = response.headers["Content-Type"]
    assert 'type="application/xop+xml"' in content_type
    assert 'start-info="application/soap+xml"' in content_type
    assert f'start="{head["content-id"]}"' in content_type
    expected = 'application/xop+xml; charset=UTF-8; type="application/soap+xml"'
    assert head["content-type"] == expected
    assert int(response.headers["Content-Length"]) == len(response.body)


def test_a_request_without_a_message_id_gets_an_answer_without_relates_to():
    assert call(APP, envelope(message_id="")).relates_to is None


def test_documents_of_a_plain_answer_stand_in_place_as_base64():
    response = call(APP, envelope(action=FETCH))
    found = [base64.b64decode(t or "") for t in _documents(response)]
    assert found == list(DOCUMENTS)
    assert int(response.headers["Content-Length"]) == len(response.body)


def _documents(response):
    return [e.text for e in response.root.xpath("//*[local-name()='Document']")]


def test_documents_of_an_mtom_answer_are_parts_that_includes_name():
    response = call(APP, multipart(root_part(envelope(action=FETCH))), MTOM)
    hrefs = response.root.xpath("//*[local-name()='Include']/@href")
    assert [f"<{h[4:]}>" for h in hrefs] == [h["content-id"] for h, _ in response.parts[1:]]
    assert [content for _, content in response.parts[1:]] == list(DOCUMENTS)
    assert int(response.headers["Content-Length"]) == len(response.body)


def test_attachments_reach_the_room_in_order_and_unchanged():
    contents = [b"", b"one", b"\r\n--B1x", b"\r\n--B", bytes(range(256)) * 4000]
    parts = [part(f"p{n}", content) for n, content in enumerate(contents)]
    response = call(APP, multipart(root_part(), *parts), MTOM)
    assert sha1s(response) == [sha1(content) for content in contents]


@pytest.mark.parametrize("is_mtom", [True, False])
def test_a_fault_is_framed_as_the_request_was(is_mtom):
    message = envelope(action="urn:unknown")
    response = call(APP, multipart(root_part(message)), MTOM) if is_mtom else call(APP, message)
    assert response.is_fault
    assert response.is_mtom == is_mtom
    assert response.status == 400
    assert response.relates_to == MESSAGE_ID
    assert int(response.headers["Content-Length"]) == len(response.body)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (FaultCode.SENDER, 400),
        (FaultCode.RECEIVER, 500),
        (FaultCode.MUST_UNDERSTAND, 500),
        (FaultCode.VERSION_MISMATCH, 500),
    ],
)
def test_only_a_fault_of_the_sender_is_400(code, status):
    def handle(request, attachments):
        raise SoapFault(code, "because")

    assert call(service(handle=handle), envelope()).status == status


def test_a_defect_of_a_room_says_an_error_id_and_no_more(caplog):
    def handle(request, attachments):
        raise KeyError("the patient's name")

    response = call(service(handle=handle), envelope())
    assert (response.status, response.code) == (500, "Receiver")
    assert "patient" not in response.reason
    error_id = response.reason.rpartition("error id ")[2].rstrip(".")
    assert error_id in caplog.text
    assert response.relates_to == MESSAGE_ID


def test_a_compressed_request_is_refused_and_the_fault_says_what_came():
    response = call(APP, envelope(), HTTP_CONTENT_ENCODING="gzip")
    assert (response.status, response.is_fault) == (400, True)
    assert "'gzip'" in response.reason


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/soap-xml",
        "application/json",
        "multipart/form-data; boundary=B1",
    ],
)
def test_a_wrong_content_type_is_named_beside_what_was_expected(content_type):
    response = call(APP, envelope(message_id=""), content_type)
    assert response.is_fault
    assert "application/soap+xml" in response.reason or "multipart/related" in response.reason


def test_an_envelope_over_the_limit_is_one_fault_that_says_the_limit():
    response = call(SMALL, envelope(inside="x" * 30_000))
    assert (response.status, response.is_fault) == (400, True)
    assert "20000 octets" in response.reason


def test_a_document_over_its_limit_is_one_fault_that_names_its_part():
    response = call(SMALL, multipart(root_part(), part("big", b"x" * 60_000)), MTOM)
    assert (response.status, response.is_fault) == (400, True)
    assert "'big'" in response.reason


def test_parts_before_the_root_count_against_the_envelope_limit():
    early = multipart(part("early", b"x" * 15_000), root_part())
    assert sha1s(call(SMALL, early, MTOM)) == [sha1(b"x" * 15_000)]
    too_much = multipart(part("early", b"x" * 25_000), root_part())
    assert call(SMALL, too_much, MTOM).is_fault


def test_an_endless_preamble_ends_in_a_fault():
    response = call(SMALL, b"x" * 1_000_000 + multipart(), MTOM)
    assert response.is_fault


def test_a_room_is_called_before_the_documents_have_come():
    class Wire(io.BytesIO):
        asked = 0

        def read(self, size=-1):
            self.asked += 1
            return super().read(size)

    big = Wire(multipart(root_part(), part("big", b"x" * 10_000_000)))
    asked = []

    def handle(request, attachments):
        asked.append(big.asked)
        raise SoapFault(FaultCode.SENDER, "no")

    size = len(big.getvalue())
    call(
        service(handle=handle),
        b"",
        MTOM,
        **{"wsgi.input": big, "CONTENT_LENGTH": str(size)},
    )
    assert asked[0] <= 3


def test_what_a_refused_caller_still_sends_is_read_away_and_the_connection_closed():
    def handle(request, attachments):
        raise SoapFault(FaultCode.SENDER, "no")

    body = io.BytesIO(multipart(root_part(), part("big", b"x" * 1_000_000)))
    size = len(body.getvalue())
    response = call(
        service(handle=handle), b"", MTOM, **{"wsgi.input": body, "CONTENT_LENGTH": str(size)}
    )
    assert response.headers["Connection"] == "close"
    assert body.tell() == size


def test_a_body_shorter_than_its_content_length_is_a_fault():
    response = call(APP, envelope(), CONTENT_LENGTH="100000")
    assert (response.status, response.is_fault) == (400, True)


def test_a_chunked_request_has_no_content_length():
    response = call(APP, multipart(), MTOM, CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked")
    assert response.status == 200
    assert "Connection" not in response.headers


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", ""])
def test_other_methods_are_405_and_say_which_are_not(method):
    response = call(APP, method=method)
    assert (response.status, response.headers["Allow"]) == (405, "GET, POST")


def test_get_serves_the_contract_with_the_address_of_the_request():
    response = call(APP, method="GET", query="wsdl", HTTP_HOST="node.example:1234")
    assert response.status == 200
    assert b"http://node.example:1234/repository" in response.body
    assert call(APP, method="GET", query="xsd=rim.xsd").status == 200
    assert call(APP, method="GET", query="xsd=../../etc/passwd").status == 404
    assert ECHO in call(APP, method="GET").body.decode()


def test_head_has_no_body():
    assert call(APP, method="HEAD", query="wsdl").body == b""


def test_a_hostile_host_header_stays_text():
    response = call(APP, method="GET", query="wsdl", HTTP_HOST='x"/><evil>')
    assert b"<evil>" not in response.body


def test_the_log_has_one_line_for_a_fault_whatever_stands_in_its_message_id(caplog):
    caplog.set_level(logging.INFO)
    call(APP, envelope(action="urn:unknown", message_id="a\nFORGED LINE"))
    assert "\nFORGED" not in caplog.text


def test_every_truncation_of_a_small_message_ends_in_one_fault():
    body = multipart(root_part(envelope(inside=include("d"))), part("d", b"document"))
    whole = body.index(b"\r\n--B1--") + len(b"\r\n--B1--")
    for end in range(len(body)):
        response = call(APP, body[:end], MTOM)
        assert response.is_fault == (end < whole), end
        assert response.status == (400 if end < whole else 200)


def test_every_truncation_of_a_plain_message_ends_in_one_fault():
    body = envelope()
    for end in range(len(body)):
        response = call(APP, body[:end])
        assert (response.status, response.is_fault) == (400, True), end


CONTENT_TYPES = st.one_of(
    st.sampled_from(
        [PLAIN, MTOM, "text/xml", "", "multipart/related", 'multipart/related; boundary=""']
    ),
    st.text(st.characters(max_codepoint=255), max_size=60),
    st.text(st.characters(max_codepoint=255), max_size=40).map(lambda t: f"multipart/related; {t}"),
)


def check_answered(response):
    assert response.status in (200, 400, 500)
    assert int(response.headers["Content-Length"]) == len(response.body)
    faults = response.root.xpath("//*[local-name()='Fault']")
    assert len(faults) == (0 if response.status == 200 else 1)
    assert "error id" not in (response.reason or "")


@given(
    st.binary(max_size=300), CONTENT_TYPES, st.text(st.characters(max_codepoint=255), max_size=20)
)
@settings(max_examples=150, deadline=None)
def test_any_bytes_under_any_content_type_end_in_one_answer_or_one_fault(
    octets, content_type, action
):
    check_answered(call(APP, octets, content_type, HTTP_SOAPACTION=action))


PIECES = st.sampled_from(
    [
        *(envelope(inside=include("d")), envelope(), envelope(action=FETCH)),
        *(
            b"\r\n",
            b"--B1",
            b"--B1--",
            b"--",
            b"\r\n\r\n",
            b"Content-ID: <d>",
            b"Content-ID: <root@x>",
        ),
        *(b"Content-Transfer-Encoding: base64", b"Content-Type: text/xml", b"<", b"&#0;", b"\0"),
        *(
            b"<!DOCTYPE a>",
            b"]]>",
            b"xmlns:a='b'",
            b"soap:mustUnderstand='1'",
            f"{{{XDSB}}}".encode(),
        ),
    ]
)


@given(st.lists(PIECES, max_size=12).map(b"".join), st.sampled_from([PLAIN, MTOM]))
@settings(max_examples=200, deadline=None)
def test_any_order_of_the_pieces_of_messages_ends_in_one_answer_or_one_fault(octets, content_type):
    check_answered(call(APP, octets, content_type))


@given(st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_message_damaged_anywhere_ends_in_one_answer_or_one_fault(data):
    body = bytearray(multipart(root_part(envelope(inside=include("d"))), part("d", b"document")))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    check_answered(call(APP, bytes(body), MTOM))


def test_a_soap_11_envelope_is_a_version_mismatch_that_names_both():
    response = call(APP, envelope(soap=SOAP11), "text/xml; charset=utf-8")
    assert (response.status, response.code) == (500, "VersionMismatch")
    assert "1.1" in response.reason
    assert "1.2" in response.reason
    assert response.root.xpath("//*[local-name()='SupportedEnvelope']")


def test_many_threads_each_get_the_answer_to_their_own_request():
    def ask(number):
        message_id = f"urn:uuid:{number}"
        message = envelope(message_id=message_id)
        response = call(APP, multipart(root_part(message), part("d", message_id.encode())), MTOM)
        return response.relates_to == message_id and sha1s(response) == [sha1(message_id.encode())]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(200)))
