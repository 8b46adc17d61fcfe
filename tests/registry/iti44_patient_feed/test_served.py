"""Where the feed is served: at /patients with its own description, and at /registry too."""

import pytest
from lxml import etree

from registry.app import make_app
from registry.iti18_stored_query import handle as iti18
from registry.iti44_patient_feed.handle import rooms
from registry.patients.change import Patients
from tests.build.feed import ADD, MERGE, a_feed, a_merge
from tests.build.parts import Parts
from tests.build.soap import call, envelope
from tests.build.submission import OPEN_DOMAIN, OTHER_PATIENT, PATIENT
from tests.registry.build import START, a_query, text
from xds.limits import Limits
from xds.namespaces import HL7V3, SOAP

HL7 = {"h": HL7V3}


@pytest.fixture
def parts(sqlite_registry):
    ledger = sqlite_registry.ledger
    patients = Patients(ledger=ledger, domain=OPEN_DOMAIN, identifier_checks={})
    made = rooms(patients=patients, domain=OPEN_DOMAIN, clock=lambda: START)
    return Parts(ledger=ledger, rooms=(iti18.room(ledger=ledger, limits=Limits()), *made))


@pytest.fixture
def post(parts):
    app = make_app(parts)

    def send(body, action, path):
        answer = call(app, envelope(action=action, body=body), PATH_INFO=path)
        return etree.fromstring(answer.body)

    return send


def kind(answer):
    return answer.xpath("//h:acknowledgement/h:typeCode/@code", namespaces=HL7)


@pytest.mark.parametrize("path", ["/patients", "/patients/", "/node/patients", "/registry"])
def test_a_message_is_taken_at_both_addresses(post, path):
    answer = post(a_feed(), f"{HL7V3}:{ADD}", path)
    assert kind(answer) == ["CA"]
    assert answer.xpath("//*[local-name()='Action']/text()") == [f"{HL7V3}:MCCI_IN000002UV01"]
    assert len(answer.xpath("//*[local-name()='RelatesTo']")) == 1


def test_a_query_is_not_answered_at_patients(post):
    query = a_query("FindDocuments", [("$XDSDocumentEntryPatientId", text(PATIENT))])
    action = "urn:ihe:iti:2007:RegistryStoredQuery"
    fault = post(query.decode(), action, "/patients")
    assert fault.find(f".//{{{SOAP}}}Fault") is not None
    assert post(query.decode(), action, "/registry").find(f".//{{{SOAP}}}Fault") is None


def test_each_address_describes_what_it_is_for(parts):
    app = make_app(parts)
    feed = call(app, method="GET", query="wsdl", PATH_INFO="/patients")
    assert feed.status == 200
    root = etree.fromstring(feed.body)
    assert b"http://127.0.0.1:8080/patients?xsd=PatientIdentityFeed.xsd" in feed.body
    assert len(root.findall(".//{http://schemas.xmlsoap.org/wsdl/}portType/*")) == 3
    schema = call(app, method="GET", query="xsd=PatientIdentityFeed.xsd", PATH_INFO="/patients")
    assert etree.fromstring(schema.body).get("targetNamespace") == HL7V3
    whole = call(app, method="GET", query="wsdl", PATH_INFO="/registry")
    assert HL7V3.encode() not in whole.body
    page = call(app, method="GET", PATH_INFO="/patients")
    assert b"Patient Identity Feed" in page.body


def test_a_merge_is_two_events_one_for_the_survivor_and_one_for_the_subsumed(post, parts):
    assert kind(post(a_merge(), f"{HL7V3}:{MERGE}", "/patients")) == ["CA"]
    seen = [(e.transaction, str(e.outcome), e.concerned.patients, e.action) for e in parts.events]
    assert seen == [
        ("ITI-44", "success", (PATIENT,), "U"),
        ("ITI-44", "success", (OTHER_PATIENT,), "D"),
    ]
    assert {e.concerned.record_message for e in parts.events} == {
        "22a0f9e0-4454-11dc-a6be-3603d6866807^20260301-7"
    }


def test_a_refused_message_is_an_event_too(post, parts):
    answer = post(a_feed().replace('code="AL"', 'code="NE"'), f"{HL7V3}:{ADD}", "/patients")
    assert kind(answer) == ["CE"]
    (event,) = parts.events
    assert (str(event.outcome), event.codes) == ("refused", ("SYN103",))
    assert event.concerned.patients == (PATIENT,)
