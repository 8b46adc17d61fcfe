"""The services around a record as they are served: addresses, descriptions, events, hostile bodies.

Whatever a body is, it ends in one answer of its room or in one fault; never in a trace.
"""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from dmp.ins import CHECKS
from registry.app import make_app
from registry.iti44_patient_feed import handle as iti44
from registry.patients.change import Patients
from registry.records.changes import Authorise
from registry.records.model import unchosen
from registry.td02_existence import handle as td02
from registry.td03_authorisation import handle as td03
from registry.td04_my_records import handle as td04
from registry.td11_open_and_close import handle as td11
from registry.td16_professionals import handle as td16
from tests.build.asking import (
    ADA,
    PATIENT,
    a_caller,
    a_closing,
    a_creation,
    a_reactivation,
    a_test,
    an_authorisation,
    my_records,
    professionals,
)
from tests.build.feed import ADD, a_feed
from tests.build.soap import call, envelope, limits
from tests.registry.desk import DOMAIN, SCHEMAS, Desk
from xds.contract import load_schema
from xds.namespaces import HL7V3, SOAP

HABILITATIONS = "urn:si-dmp-habilitations:HabilitationsEndPoint:"
MT = "MEDECIN_TRAITANT"
SPECIFIC = "urn:si-dmp-patients:PatientSpecificEndPoint:"
MESSAGES = (
    (a_test(), f"{HL7V3}:PRPA_IN201307UV02", "/patients"),
    (a_creation(), f"{HL7V3}:PRPA_IN201311UV02", "/patients"),
    (a_closing(), f"{HL7V3}:PRPA_IN201314UV02", "/patients"),
    (a_reactivation(), f"{HL7V3}:PRPA_IN201314UV02", "/patients"),
    (
        an_authorisation(role="MEDECIN_TRAITANT"),
        f"{HABILITATIONS}setAuthorization",
        "/habilitations",
    ),
    (professionals(), f"{HABILITATIONS}listAuthorizationByPatient", "/habilitations"),
    (my_records("2026", "LASTDOC"), f"{SPECIFIC}patientList", "/patientsSpecific"),
)
PIECES = [re.findall(r"<[^>]*>|[^<]+", message) for message, _, _ in MESSAGES]


@dataclass
class Parts:
    """An open Registry with a gate that knows everybody."""

    desk: Desk
    rooms: tuple = ()
    caller: object = field(default_factory=a_caller)
    reply_to_hosts: frozenset = frozenset()
    own_url: str = "http://node.example/registry"

    limits = limits()
    gate = property(lambda self: self)
    trail = property(lambda self: self.desk.trail)
    clock = property(lambda self: self.desk.clock)

    def authenticate(self, request, action, instant):
        return self.caller


def opened(ledger, *, with_records=True):
    desk = Desk(ledger)
    patients = Patients(ledger=ledger, domain=DOMAIN, identifier_checks=CHECKS)
    feed = iti44.rooms(patients=patients, domain=DOMAIN, clock=desk.clock)
    entrance = desk.entrance
    around = (
        td02.room(entrance=entrance, clock=desk.clock),
        td03.room(entrance=entrance),
        td04.room(entrance=entrance),
        *td11.rooms(entrance=entrance, clock=desk.clock),
        td16.room(entrance=entrance),
    )
    return Parts(desk, rooms=(*feed, *(around if with_records else ())))


@pytest.fixture
def parts(sqlite_registry):
    return opened(sqlite_registry.ledger)


def send(app, body, action, path):
    answer = call(app, envelope(action=action, body=body), PATH_INFO=path)
    root = etree.fromstring(answer.body)
    (only,) = root.find(f"{{{SOAP}}}Body")
    if etree.QName(only).localname == "Fault":
        assert "error id" not in "".join(only.itertext()), "a defect of ours"
    elif etree.QName(only).namespace in SCHEMAS:
        load_schema(SCHEMAS[etree.QName(only).namespace]).assertValid(only)
    return only


def name(element):
    return etree.QName(element).localname


@pytest.mark.parametrize(("body", "action", "path"), MESSAGES)
def test_each_message_is_answered_at_its_own_address_only(parts, body, action, path):
    app = make_app(parts)
    expected = (
        "PRPA_IN201308UV02"
        if "201307" in action
        else f"{action.rpartition(':')[2]}_Response"
        if "2013" in action
        else f"{action.rpartition(':')[2]}Response"
    )
    assert name(send(app, body, action, path)) == expected
    assert name(send(app, body, action, f"/node{path}/")) == expected
    for other in {"/patients", "/habilitations", "/patientsSpecific", "/registry"} - {path}:
        assert name(send(app, body, action, other)) == "Fault"


def test_without_an_access_policy_the_addresses_are_not_served(sqlite_registry):
    app = make_app(opened(sqlite_registry.ledger, with_records=False))
    for body, action, path in MESSAGES:
        assert name(send(app, body, action, path)) == "Fault"
    assert name(send(app, a_feed(), f"{HL7V3}:{ADD}", "/patients")) == "MCCI_IN000002UV01"
    described = call(app, method="GET", query="wsdl", PATH_INFO="/patients").body
    assert b"PRPA_IN201301UV02" in described
    assert b"PRPA_IN201307UV02" not in described


@pytest.mark.parametrize(
    ("path", "operations", "schema"),
    [
        ("/patients", 6, "PatientRecord.xsd"),
        ("/habilitations", 2, "Habilitations.xsd"),
        ("/patientsSpecific", 1, "PatientsSpecific.xsd"),
    ],
)
def test_each_address_describes_itself(parts, path, operations, schema):
    app = make_app(parts)
    described = call(app, method="GET", query="wsdl", PATH_INFO=path).body
    assert f"http://127.0.0.1:8080{path}?xsd={schema}".encode() in described
    root = etree.fromstring(described)
    inputs = root.findall(".//{http://schemas.xmlsoap.org/wsdl/}portType/*/*[@message]")
    assert len(inputs) == 2 * operations
    served = {room.action for room in parts.rooms}
    spoken = {e.get("{http://www.w3.org/2006/05/addressing/wsdl}Action") for e in inputs[::2]}
    assert spoken <= served
    assert call(app, method="GET", query=f"xsd={schema}", PATH_INFO=path).status == 200
    assert call(app, method="GET", PATH_INFO=path).status == 200


def test_every_action_of_a_room_is_described_with_its_answers_action(parts):
    described = {}
    for path in ("/patients", "/habilitations", "/patientsSpecific"):
        body = call(make_app(parts), method="GET", query="wsdl", PATH_INFO=path).body
        for one in etree.fromstring(body).findall(
            ".//{http://schemas.xmlsoap.org/wsdl/}portType/*"
        ):
            asked, answered = (
                e.get("{http://www.w3.org/2006/05/addressing/wsdl}Action")
                for e in one.findall("*[@message]")
            )
            described[asked] = answered
    assert described == {room.action: room.response_action for room in parts.rooms}


def test_each_request_is_one_event_with_patient_decision_and_address(parts):
    app = make_app(parts)
    for body, action, path in MESSAGES:
        parts.desk.trail.events.clear()
        send(app, body, action, path)
        events = [e for e in parts.desk.trail.events if not e.transaction.startswith("record ")]
        (event,) = events
        assert event.endpoint == f"http://node.example{path}"
        assert event.caller.identity == ADA
        if path != "/patientsSpecific":
            assert event.concerned.patients == (PATIENT.removesuffix("^NH"),)
        assert event.concerned.decision


def test_a_trail_that_cannot_be_written_serves_nothing(parts):
    parts.desk.trail.error = OSError("disk full")
    app = make_app(parts)
    for body, action, path in MESSAGES:
        assert name(send(app, body, action, path)) == "Fault"
    assert parts.desk.records.read(PATIENT).people == ()


class Remembered:
    """A ledger of one record that changes are not kept in: fast, and the same for every example."""

    def __init__(self, desk):
        self.record = unchosen(PATIENT.removesuffix("^NH"), desk.policy)

    reader = property(lambda self: self)

    def read(self, work):
        return work(self)

    def known_patients(self, patient_ids):
        return frozenset(patient_ids)

    def records(self, patient_ids):
        return {p: replace(self.record, patient_id=p) for p in patient_ids}

    def patients_of(self, identities, standing):
        return [self.record.patient_id]

    def add_patient(self, patient_id, instant):
        return False

    def write(self, wanted, work):
        return work(self)

    def look_up(self, wanted):
        from registry.ledger.api import Known

        return Known(patient_ids=wanted.patient_ids)

    def save_record(self, record):
        pass

    def select(self, wanted, limit=None):
        return []

    def members(self, packages):
        return {}

    def places(self, entry_uuids):
        return {}


def hostile():
    desk = Desk(ledger=type("L", (), {"add_patient": lambda *_: None})())
    ledger = Remembered(desk)
    parts = opened(ledger)
    ledger.record = replace(ledger.record, is_chosen=True)
    return parts, make_app(parts)


PARTS, APP = hostile()
ANYTHING = st.one_of(
    st.sampled_from(
        [
            "",
            "<id/>",
            "<value/>",
            "<!-- -->",
            "<?x y?>",
            "text",
            "<![CDATA[x]]>",
            '<reasonCode code="FERM"/>',
            "<action>AJOUT</action>",
            "<mode/>",
            "<startDate>9999</startDate>",
            '<id xmlns="urn:x"/>',
            '<id root="1.2.3" extension="&#9;"/>',
            "<patient/>",
        ]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20),
)
ATTRIBUTE = re.compile(r'="[^"]*"')


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_body_with_pieces_removed_doubled_or_swapped_is_answered(data):
    which = data.draw(st.integers(0, len(MESSAGES) - 1))
    pieces = list(PIECES[which])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(pieces) - 1))
        kind = data.draw(st.sampled_from(["drop", "double", "put", "attribute", "text", "swap"]))
        if kind == "drop":
            pieces[at] = ""
        elif kind == "double":
            pieces[at] *= 2
        elif kind == "put":
            pieces[at] += data.draw(ANYTHING)
        elif kind == "attribute":
            value = data.draw(st.text(max_size=12)).replace('"', "").replace("\\", "")
            pieces[at] = ATTRIBUTE.sub(f'="{value}"', pieces[at], count=1)
        elif kind == "text" and not pieces[at].startswith("<"):
            pieces[at] = data.draw(st.text(max_size=12)).replace("<", "").replace("&", "")
        else:
            other = data.draw(st.integers(0, len(pieces) - 1))
            pieces[at], pieces[other] = pieces[other], pieces[at]
    body = "".join(pieces).encode("utf-8", "replace").decode()
    _, action, path = MESSAGES[which]
    PARTS.caller = data.draw(
        st.sampled_from([a_caller(), a_caller(patient=""), a_caller(patient="x^&", roles=())])
    )
    assert send(APP, body, action, path) is not None


@pytest.mark.parametrize(("body", "action", "path"), MESSAGES)
def test_the_messages_that_are_mutated_here_are_understood(body, action, path):
    PARTS.caller = a_caller()
    assert name(send(APP, body, action, path)) != "Fault"


def test_a_choice_is_effective_in_the_next_message(parts):
    """Declared authorised at one address, listed at the other, told at the third."""
    app = make_app(parts)
    body, action, path = MESSAGES[0]
    assert b"NON_EXISTE" in etree.tostring(send(app, body, action, path))
    parts.desk.choose(Authorise(identity=ADA))
    assert b"VALIDE" in etree.tostring(send(app, body, action, path))


DOCUMENTED = Path(__file__).parents[2] / "docs/record-services.md"


def examples():
    blocks = re.findall(r"```xml\n(.*?)```", DOCUMENTED.read_text(encoding="utf-8"), re.DOTALL)
    return [block for block in blocks if "Response" not in block]


@pytest.mark.parametrize("number", range(5))
def test_what_the_documentation_shows_is_answered_as_it_says(parts, number):
    app = make_app(parts)
    parts.caller = a_caller(patient=PATIENT if number != 3 else "")
    parts.desk.choose(Authorise(identity=ADA))
    example = examples()[number]
    if example.startswith("<controlActProcess"):
        whole = a_closing()
        example = whole[: whole.index("<controlActProcess")] + example + "</PRPA_IN201314UV02>"
    body = etree.fromstring(example)
    (action, path) = next(
        (a, p) for message, a, p in MESSAGES if etree.fromstring(message).tag == body.tag
    )
    answer = etree.tostring(send(app, example, action, path))
    assert b"DMPOk" in answer or b'typeCode="AA"' in answer, answer
    assert len(examples()) == 5
