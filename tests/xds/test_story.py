"""One transaction: who calls, what happens, what is written down, in this order and always."""

import logging
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.build.soap import ECHO, call, envelope
from xds.audit.event import Concerned, RecordAction
from xds.audit.event import Outcome as Ending
from xds.door import make_wsgi
from xds.errors import Complaint, ErrorCode, Refusal, Severity, Where
from xds.limits import Limits
from xds.namespaces import WSSE, XDSB
from xds.security.caller import Caller
from xds.soap.exchange import Answer
from xds.soap.fault import FaultCode, SoapFault
from xds.story import Outcome, Refused, Room, operation

INSTANT = datetime(2026, 5, 4, tzinfo=UTC)
CALLER = Caller(identity="doctor", issuer="ca")
CONCERNED = Concerned(patients=("1^^^&1.2&ISO",), documents=("1.2.3",))


def a_complaint(code=ErrorCode.XDS_REGISTRY_ERROR, severity=Severity.ERROR):
    return Complaint(
        code=code,
        subject="DocumentEntry 'SECRET'",
        rule="title is short (ITI TF-3 §4.2.3.2.23)",
        came="'SECRET'",
        expected="less",
        fix="shorten it",
        where=Where("rim:Name", 7),
        severity=severity,
    )


class Gate:
    def __init__(self, fault=None):
        self.fault = fault

    def authenticate(self, request, action, instant):
        assert (action, instant) == (ECHO, INSTANT)
        if self.fault:
            raise self.fault
        return CALLER


class Trail(list):
    error = None

    def record(self, event):
        if self.error:
            raise self.error
        self.append(event)


def run(handle, *, trail=None, gate=None):
    """Run one room over the door; return the response and the events."""
    trail = Trail() if trail is None else trail
    room = Room(
        transaction="ITI-41",
        action=ECHO,
        response_action=f"{ECHO}Response",
        body=f"{{{XDSB}}}Echo",
        handle=handle,
        refuse=lambda complaints, _: (
            f"<refused n='{len(complaints)}' at='{complaints[-1].location}'/>".encode()
        ),
    )
    app = make_wsgi(
        service="repository",
        operations=(operation(room, gate=gate or Gate(), trail=trail, clock=lambda: INSTANT),),
        limits=Limits(),
    )
    return call(app, envelope()), trail


def succeed(*complaints):
    def handle(call):
        assert call.caller is CALLER
        assert call.instant == INSTANT
        answer = Answer(action=f"{ECHO}Response", body=(b"<done/>",))
        return Outcome(answer=answer, concerned=CONCERNED, complaints=complaints)

    return handle


def fail(error):
    def handle(call):
        raise error

    return handle


def test_a_success_is_audited_with_the_caller_and_whom_it_concerned():
    response, (event,) = run(succeed())
    assert response.status == 200
    assert response.root.xpath("//done")
    assert event.outcome is Ending.SUCCESS
    assert event.caller is CALLER
    assert event.concerned is CONCERNED
    assert event.peer == "192.0.2.7"
    assert event.message_id == "urn:uuid:00000000-0000-4000-8000-000000000001"
    assert event.transaction == "ITI-41"


def test_a_warning_is_no_partial_success():
    _, (event,) = run(succeed(a_complaint(severity=Severity.WARNING)))
    assert event.outcome is Ending.SUCCESS
    _, (event,) = run(succeed(a_complaint()))
    assert event.outcome is Ending.PARTIAL
    assert event.codes == ("XDSRegistryError",)


@pytest.mark.parametrize("refusal", [Refused, lambda complaints, _: Refusal(complaints)])
def test_a_refusal_is_the_rooms_own_response_and_audited_with_its_codes(refusal):
    two = (a_complaint(), a_complaint("ForeignCode"))
    response, (event,) = run(fail(refusal(two, CONCERNED)))
    assert response.status == 200
    assert response.root.xpath("//refused/@n") == ["2"]
    assert event.outcome is Ending.REFUSED
    assert event.codes == ("XDSRegistryError", "ForeignCode")


def test_a_complaint_without_a_place_is_placed_at_the_request():
    response, _ = run(fail(Refusal([replace(a_complaint(), where=None)])))
    assert response.root.xpath("string(//refused/@at)").startswith(
        "/soap:Envelope/soap:Body/xds:Echo"
    )
    response, _ = run(fail(Refusal([a_complaint()])))
    assert response.root.xpath("string(//refused/@at)") == "/rim:Name (line 7)"


def test_who_is_not_identified_gets_the_gates_fault_and_an_event_with_the_detail():
    fault = SoapFault(
        FaultCode.SENDER, "no", subcode=f"{{{WSSE}}}FailedCheck", operator_detail="digest"
    )
    response, (event,) = run(fail(AssertionError("not reached")), gate=Gate(fault))
    assert (response.status, response.subcodes, response.reason) == (400, ["FailedCheck"], "no")
    assert event.outcome is Ending.FAULT
    assert event.caller is None
    assert event.detail == "digest"
    assert event.codes == ("Sender", f"{{{WSSE}}}FailedCheck")


def test_a_fault_of_the_room_stays_one_and_is_audited_with_the_caller():
    response, (event,) = run(fail(SoapFault(FaultCode.SENDER, "a part is missing")))
    assert response.reason == "a part is missing"
    assert (event.outcome, event.caller) == (Ending.FAULT, CALLER)


def test_a_defect_tells_the_caller_an_id_the_log_the_place_and_nobody_the_value(caplog):
    response, (event,) = run(fail(KeyError("SECRET")))
    assert (response.status, response.code) == (500, "Receiver")
    assert event.outcome is Ending.DEFECT
    assert event.detail in response.reason
    assert event.detail in caplog.text
    assert "KeyError at " in caplog.text
    assert "SECRET" not in response.body.decode() + caplog.text


def test_what_cannot_be_traced_is_not_served():
    trail = Trail()
    trail.error = OSError("disk")
    for handle in (
        succeed(),
        fail(Refusal([a_complaint()])),
        fail(SoapFault(FaultCode.SENDER, "x")),
    ):
        response, _ = run(handle, trail=trail)
        assert (response.status, response.code) == (500, "Receiver")
        assert "audit trail" in response.reason


def test_the_log_has_code_rule_and_place_without_what_came(caplog):
    caplog.set_level(logging.INFO)
    run(fail(Refusal([a_complaint()])))
    assert "XDSRegistryError" in caplog.text
    assert "title is short" in caplog.text
    assert "/rim:Name (line 7)" in caplog.text
    assert "urn:uuid:00000000-0000-4000-8000-000000000001" in caplog.text
    assert "SECRET" not in caplog.text


def test_an_action_that_is_the_same_for_all_patients_makes_one_event():
    def handle(_):
        answer = Answer(action=f"{ECHO}Response", body=(b"<fine/>",))
        patients = Concerned(patients=("A", "B"))
        actions = (RecordAction.CREATE, RecordAction.CREATE)
        return Outcome(answer=answer, concerned=patients, actions=actions)

    _, (event,) = run(handle)
    assert (event.concerned.patients, event.action) == (("A", "B"), "C")


def test_the_halves_of_a_merge_are_events_of_their_own_when_it_is_made_and_when_it_is_refused():
    patients, actions = Concerned(patients=("A", "B")), (RecordAction.UPDATE, RecordAction.DELETE)

    def handle(_):
        answer = Answer(action=f"{ECHO}Response", body=(b"<fine/>",))
        return Outcome(answer=answer, concerned=patients, actions=actions)

    def refuse(_):
        raise Refused([a_complaint()], patients, actions)

    for story in (handle, refuse):
        _, events = run(story)
        assert [(e.concerned.patients, e.action) for e in events] == [
            (("A",), "U"),
            (("B",), "D"),
        ]
