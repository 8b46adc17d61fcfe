"""ITI-51 and ITI-61 through the door: actions, answers and events; one body, two transactions."""

import pytest
from lxml import etree

from registry.app import make_app
from tests.build.on_demand import an_on_demand_submission
from tests.build.parts import Parts
from tests.build.soap import call, envelope
from tests.build.submission import PATIENT, ROOT, a_submission
from tests.registry.build import APPROVED, a_query, text
from xds.ebrim.submit import write_submit_objects
from xds.metadata import vocabulary as v

MULTI = "urn:ihe:iti:2009:MultiPatientStoredQuery"
ON_DEMAND = "urn:ihe:iti:2010:RegisterOnDemandDocumentEntry"


@pytest.fixture
def parts(sqlite_registry):
    r = sqlite_registry
    rooms = (r.registering, r.registering_on_demand, r.asking, r.asking_of_several)
    return Parts(ledger=r.ledger, rooms=rooms)


@pytest.fixture
def post(parts):
    app = make_app(parts)

    def send(body, action):
        answer = call(app, envelope(action=action, body=body.decode()), PATH_INFO="/registry")
        return etree.fromstring(answer.body)

    return send


def action_of(answer):
    return answer.xpath("string(//*[local-name()='Action'])")


def status_of(answer):
    return answer.xpath("string(//@status)").rpartition(":")[2]


def test_an_on_demand_entry_is_registered_and_found_by_a_query_of_several_patients(post, parts):
    answer = post(write_submit_objects(an_on_demand_submission()), ON_DEMAND)
    assert status_of(answer) == "Success"
    assert action_of(answer) == "urn:ihe:iti:2010:RegisterOnDemandDocumentResponse"
    slots = [
        ("$XDSDocumentEntryPatientId", text(PATIENT)),
        ("$XDSDocumentEntryStatus", APPROVED),
        ("$XDSDocumentEntryType", text(v.ON_DEMAND)),
    ]
    answer = post(a_query("FindDocumentsForMultiplePatients", slots), MULTI)
    assert status_of(answer) == "Success"
    assert action_of(answer) == f"{MULTI}Response"
    assert len(answer.xpath("//*[local-name()='ExtrinsicObject']")) == 1
    assert [(e.transaction, str(e.outcome), e.concerned.patients) for e in parts.events] == [
        ("ITI-61", "success", (PATIENT,)),
        ("ITI-51", "success", (PATIENT,)),
    ]
    assert parts.events[0].concerned.submission_set == f"{ROOT}.61.0"
    assert b"FindDocuments" not in parts.events[1].concerned.query
    assert b"3d1bdb10-39a2-11de-89c2-2f44d94eaa9f" in parts.events[1].concerned.query


def test_the_action_decides_which_transaction_a_body_belongs_to(post, parts):
    entry = write_submit_objects(an_on_demand_submission())
    assert status_of(post(entry, "urn:ihe:iti:2007:RegisterDocumentSet-b")) == "Failure"
    assert status_of(post(write_submit_objects(a_submission()), ON_DEMAND)) == "Failure"
    slots = [("$XDSDocumentEntryPatientId", text(PATIENT)), ("$XDSDocumentEntryStatus", APPROVED)]
    for query, action in (
        ("FindDocuments", MULTI),
        ("FindDocumentsForMultiplePatients", "urn:ihe:iti:2007:RegistryStoredQuery"),
    ):
        answer = post(a_query(query, slots), action)
        assert answer.xpath("//@errorCode") == ["XDSUnknownStoredQuery"]
    assert [str(e.outcome) for e in parts.events] == ["refused"] * 4
