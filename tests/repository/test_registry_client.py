"""repository.registry_client: nothing is a success but a parsed Success (fault F07, F08)."""

import threading

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from repository.registry_client import (
    ANSWER_OCTETS,
    RegistryClient,
    RegistryUnavailableError,
    read_answer,
)
from tests.repository.conftest import drop, endless, free_port, reply, silent, truncated
from xds.errors import Severity

RS = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
SOAP = "http://www.w3.org/2003/05/soap-envelope"
STATUS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:"
SUBMISSION = b'<lcm:SubmitObjectsRequest xmlns:lcm="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"/>'
SECURITY = b'<a:Assertion xmlns:a="urn:x"  ID="_1"><!-- as signed --></a:Assertion>'


def envelope(body: str) -> bytes:
    return f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{body}</s:Body></s:Envelope>'.encode()


def response(status="Success", errors="") -> bytes:
    listed = f"<r:RegistryErrorList>{errors}</r:RegistryErrorList>" if errors else ""
    return envelope(
        f'<r:RegistryResponse xmlns:r="{RS}" status="{STATUS}{status}">{listed}'
        f"</r:RegistryResponse>"
    )


def fault(code="Sender", text="no") -> bytes:
    return envelope(
        f"<s:Fault><s:Code><s:Value>s:{code}</s:Value></s:Code>"
        f"<s:Reason><s:Text>{text}</s:Text></s:Reason></s:Fault>"
    )


@pytest.fixture
def client(scripted_registry):
    with urllib3.PoolManager() as pool:
        yield RegistryClient(url=scripted_registry.url, answer_seconds=5, pool=pool)


def test_a_success_is_a_success_and_the_assertion_arrives_byte_for_byte(client, scripted_registry):
    scripted_registry.answers(reply(response()))
    answer = client.register(SUBMISSION, SECURITY)
    assert answer.is_success
    assert answer.complaints == ()
    (sent,) = scripted_registry.received
    assert SECURITY in sent
    assert SUBMISSION in sent
    root = etree.fromstring(sent)
    names = {"s": SOAP, "wsa": "http://www.w3.org/2005/08/addressing"}
    action = root.findtext("s:Header/wsa:Action", namespaces=names)
    assert action == "urn:ihe:iti:2007:RegisterDocumentSet-b"
    assert root.findtext("s:Header/wsa:MessageID", namespaces=names).startswith("urn:uuid:")
    assert root.findtext("s:Header/wsa:To", namespaces=names) == client.url
    assert f'action="{action}"' in scripted_registry.headers[0]["Content-Type"]


def test_connections_are_reused(client, scripted_registry):
    scripted_registry.answers(reply(response()))
    for _ in range(3):
        client.register(SUBMISSION, SECURITY)
    (pool,) = [client.pool.connection_from_url(client.url)]
    assert pool.num_connections == 1
    assert pool.num_requests == 3


def test_errors_and_warnings_come_as_written(client, scripted_registry):
    scripted_registry.answers(
        reply(
            response(
                "Failure",
                '<r:RegistryError errorCode="XDSUnknownPatientId" codeContext="who?" '
                'location="/x" severity="urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error"/>'
                '<r:RegistryError errorCode="NationalCode" codeContext="w" '
                'severity="oasis:names:tc:ebxmlregrep:ErrorSeverityType:Warning"/>',
            )
        )
    )
    answer = client.register(SUBMISSION, SECURITY)
    assert not answer.is_success
    assert [(e.code, e.code_context, e.location, e.severity) for e in answer.complaints] == [
        ("XDSUnknownPatientId", "who?", "/x", Severity.ERROR),
        ("NationalCode", "w", "", Severity.WARNING),
    ]


def test_a_registry_that_is_down_cannot_have_registered_anything():
    with urllib3.PoolManager() as pool:
        client = RegistryClient(url=f"http://127.0.0.1:{free_port()}/registry", pool=pool)
        with pytest.raises(RegistryUnavailableError, match="no connection") as failure:
            client.register(SUBMISSION, SECURITY)
    assert not failure.value.may_be_registered


def test_a_silent_registry_is_given_up_and_may_have_registered(scripted_registry):
    released = threading.Event()
    scripted_registry.answers(silent(released))
    with urllib3.PoolManager() as pool:
        client = RegistryClient(url=scripted_registry.url, answer_seconds=0.2, pool=pool)
        with pytest.raises(RegistryUnavailableError, match="did not answer") as failure:
            client.register(SUBMISSION, SECURITY)
    released.set()
    assert failure.value.may_be_registered
    assert len(scripted_registry.received) == 2


UNUSABLE = {
    "500 without a fault": reply(b"<html>oops</html>", 500, "text/html"),
    "garbage": reply(b"\x00\xff\xfe garbage"),
    "nothing": reply(b""),
    "truncated xml": reply(response()[:-20]),
    "truncated http": truncated(response()[:-20]),
    "no answer": drop,
    "endless": endless,
    "too long": reply(b" " * (ANSWER_OCTETS + 1)),
    "another namespace": reply(response().replace(RS.encode(), b"urn:other")),
    "soap 1.1": reply(
        response().replace(SOAP.encode(), b"http://schemas.xmlsoap.org/soap/envelope/")
    ),
    "no envelope": reply(b"<ok/>"),
    "empty body": reply(envelope("")),
    "two bodies": reply(envelope("<a/><b/>")),
    "odd status": reply(response("Fine")),
    "partial success": reply(response("PartialSuccess")),
    "a dtd": reply(b'<!DOCTYPE x [<!ENTITY e "x">]>' + response()),
    "receiver fault": reply(fault("Receiver"), 500),
}


@pytest.mark.parametrize("answer", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_nothing_else_is_a_success_and_what_was_sent_may_be_registered(
    client, scripted_registry, answer
):
    scripted_registry.answers(answer)
    with pytest.raises(RegistryUnavailableError) as failure:
        client.register(SUBMISSION, SECURITY)
    assert failure.value.may_be_registered
    assert "127.0.0.1" not in str(failure.value)
    assert str(scripted_registry.server.server_port) not in str(failure.value)


def test_a_sender_fault_is_named_and_is_not_sent_again(client, scripted_registry):
    scripted_registry.answers(reply(fault("Sender", "the assertion expired"), 400))
    with pytest.raises(RegistryUnavailableError, match="'the assertion expired'") as failure:
        client.register(SUBMISSION, SECURITY)
    assert failure.value.is_fault
    assert not failure.value.may_be_registered
    assert len(scripted_registry.received) == 1


def test_an_answer_lost_on_the_way_is_asked_for_again_with_the_same_bytes(
    client, scripted_registry
):
    """F08."""
    scripted_registry.answers(drop, reply(response()))
    answer = client.register(SUBMISSION, SECURITY)
    assert answer.is_success
    assert answer.is_resend
    first, second = scripted_registry.received
    assert first == second


def test_a_failure_after_a_lost_answer_still_says_that_it_was_a_resend(client, scripted_registry):
    scripted_registry.answers(drop, reply(response("Failure")))
    answer = client.register(SUBMISSION, SECURITY)
    assert not answer.is_success
    assert answer.is_resend


def test_a_failure_that_names_nothing_gets_an_error_that_says_so():
    answer = read_answer(200, response("Failure"))
    (complaint,) = answer.complaints
    assert complaint.is_error
    assert complaint.code == "XDSRegistryError"


def test_lost_then_down_may_still_be_registered(client, scripted_registry):
    scripted_registry.answers(drop, reply(fault("Sender"), 400))
    with pytest.raises(RegistryUnavailableError) as failure:
        client.register(SUBMISSION, SECURITY)
    assert failure.value.may_be_registered


@given(content=st.binary(max_size=200))
def test_any_bytes_are_an_answer_or_one_error(content):
    with pytest.raises(RegistryUnavailableError):
        read_answer(200, content)


@given(cut=st.integers(0, len(response()) - 1))
def test_any_beginning_of_a_success_is_no_success(cut):
    with pytest.raises(RegistryUnavailableError):
        read_answer(200, response()[:cut])
