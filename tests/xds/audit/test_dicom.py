"""Events as audit messages: each transaction by its table, and the schema of PS3.15 for all."""

import base64
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tests.build.audit import (
    CALLER,
    CONCERNED,
    DOCUMENTS,
    HOME,
    OTHER_PATIENT,
    PATIENT,
    QUERY,
    QUERY_ID,
    REGISTRY_URL,
    REPOSITORY,
    REPOSITORY_URL,
    RETRIEVED,
    an_event,
)
from xds.audit.chain import link, render_event
from xds.audit.dicom import messages_of
from xds.audit.event import AboutObject, Concerned, Occasion, Outcome
from xds.audit.message import write_message
from xds.audit.participants import Origin, user_name
from xds.audit.reading import UnreadableEventError, event_of
from xds.audit.transactions import ROWS
from xds.security.caller import Caller

SCHEMA = etree.RelaxNG(etree.parse(Path(__file__).parent / "audit-message.rng"))
ORIGIN = Origin(host="node.example", site="Essai")
SOURCE, DESTINATION = "110153", "110152"


def read(event):
    """Render an event; return its messages, each valid, as elements."""
    roots = [etree.fromstring(write_message(m)) for m in messages_of(event, ORIGIN)]
    for root in roots:
        SCHEMA.assertValid(root)
    return roots


def code(element):
    return element.get("csd-code"), element.get("codeSystemName"), element.get("originalText")


def participants(root):
    return root.findall("ActiveParticipant")


def objects(root):
    return root.findall("ParticipantObjectIdentification")


def details(element):
    return {
        d.get("type"): base64.b64decode(d.get("value")).decode()
        for d in element.findall("ParticipantObjectDetail")
    }


def shape(element):
    kind, role = "ParticipantObjectTypeCode", "ParticipantObjectTypeCodeRole"
    return f"{element.get(kind)}/{element.get(role)}"


# Spec: the audit section of each transaction, for the actor that is here.
TABLE = {
    "ITI-8": ("110110", "C", "Patient Identity Feed", ["1/1"]),
    "ITI-18": ("110112", "E", "Registry Stored Query", ["1/1", "2/24"]),
    "ITI-41": ("110107", "C", "Provide and Register Document Set-b", ["1/1", "2/20", "2/3", "2/3"]),
    "ITI-42": ("110107", "C", "Register Document Set-b", ["1/1", "2/20", "2/3", "2/3"]),
    "ITI-43": ("110106", "R", "Retrieve Document Set", ["1/1", "2/3", "2/3"]),
    "ITI-44": ("110110", "C", "Patient Identity Feed", ["1/1"]),
    "ITI-51": ("110112", "E", "Multi-Patient Stored Query", ["1/1", "2/24"]),
    "ITI-57": ("110107", "U", "Update Document Set", ["1/1", "2/20", "2/3", "2/3"]),
    "ITI-61": ("110107", "C", "Register On-Demand Document Entry", ["1/1", "2/20", "2/3", "2/3"]),
    "ITI-62": ("110110", "D", "Remove Metadata", ["1/1", "2/3", "2/3"]),
    "ITI-64": ("110110", "U", "Notify XAD-PID Link Change", ["1/1", "1/1", "1/1", "1/1", "2/20"]),
    "ITI-79": ("110112", "E", "Authorization Decisions Query", ["1/1", "2/3", "2/3"]),
    "ITI-86": ("110110", "D", "Remove Documents", ["1/1", "2/3", "2/3"]),
    "ITI-92": ("110107", "U", "Restricted Update Document Set", ["1/1", "2/20", "2/3", "2/3"]),
}


def test_every_transaction_of_the_table_is_held_against_the_standard():
    assert TABLE.keys() == ROWS.keys() == CONCERNED.keys()


@pytest.mark.parametrize("transaction", TABLE)
def test_a_transaction_is_recorded_as_its_table_says(transaction):
    event_id, action, name, shapes = TABLE[transaction]
    root = read(an_event(transaction))[0]
    event = root.find("EventIdentification")
    assert code(event.find("EventID"))[:2] == (event_id, "DCM")
    assert code(event.find("EventTypeCode")) == (transaction, "IHE Transactions", name)
    assert event.get("EventActionCode") == action
    assert event.get("EventOutcomeIndicator") == "0"
    assert event.get("EventDateTime") == "2026-05-04T08:30:00.000+00:00"
    assert [shape(o) for o in objects(root)] == shapes
    assert root.find("AuditSourceIdentification").get("AuditEnterpriseSiteID") == "Essai"


@pytest.mark.parametrize("transaction", sorted(TABLE.keys() - {"ITI-43", "ITI-8", "ITI-64"}))
def test_the_caller_is_the_source_and_the_service_the_destination(transaction):
    event = an_event(transaction)
    source, destination, *_ = participants(read(event)[0])
    assert code(source.find("RoleIDCode"))[0] == SOURCE
    assert source.get("NetworkAccessPointID") == "192.0.2.7"
    assert source.get("NetworkAccessPointTypeCode") == "2"
    assert source.get("UserID") == "http://www.w3.org/2005/08/addressing/anonymous"
    assert code(destination.find("RoleIDCode"))[0] == DESTINATION
    assert destination.get("UserID") == event.endpoint
    assert destination.get("AlternativeUserID") == "4242"
    assert destination.get("UserIsRequestor") == "false"
    assert destination.get("NetworkAccessPointID") == "node.example"
    assert destination.get("NetworkAccessPointTypeCode") == "1"


def test_in_a_retrieval_the_service_is_the_source():
    source, destination, *_ = participants(read(an_event("ITI-43"))[0])
    assert code(source.find("RoleIDCode"))[0] == SOURCE
    assert (source.get("UserID"), source.get("AlternativeUserID")) == (REPOSITORY_URL, "4242")
    assert source.get("UserIsRequestor") == "false"
    assert code(destination.find("RoleIDCode"))[0] == DESTINATION
    assert destination.get("NetworkAccessPointID") == "192.0.2.7"


@pytest.mark.parametrize("transaction", ["ITI-8", "ITI-64"])
def test_a_feed_of_hl7_v2_has_facility_and_application_of_both_sides(transaction):
    certified = Caller(identity="CN=adt", issuer="CN=ca")
    source, destination = participants(read(an_event(transaction, caller=certified))[0])
    assert source.get("UserID") == "HOSPITAL|ADT"
    assert source.get("AlternativeUserID") == "CN=adt"
    assert destination.get("UserID") == "GREFFE|REGISTRY"
    assert destination.get("AlternativeUserID") == "4242"


def test_a_feeds_patient_has_the_id_of_the_message():
    (patient,) = objects(read(an_event("ITI-8", message_id="MSG1"))[0])
    assert details(patient) == {"MSH-10": "MSG1"}
    (patient,) = objects(read(an_event("ITI-44"))[0])
    assert details(patient) == {"II": "1.2.3^4"}


def test_a_change_of_link_has_all_patients_in_one_message_each_with_its_part():
    (root,) = read(an_event("ITI-64", message_id="MSG1"))
    kind = "urn:ihe:iti:xpid:2017:patientIdentifierType"
    *patients, submission_set = objects(root)
    assert [(details(o)[kind], o.get("ParticipantObjectDataLifeCycle")) for o in patients] == [
        ("newPatientId", "1"),
        ("previousPatientId", "14"),
        ("localPatientId", "1"),
        ("subsumedPatientId", "14"),
    ]
    assert submission_set.get("ParticipantObjectID").startswith("urn:uuid:")


def test_a_change_of_link_that_moved_nothing_has_no_submission_set():
    local = ("newPatientId", "previousPatientId", "localPatientId")
    concerned = Concerned(patients=(PATIENT, PATIENT, "L^^^&1.2.3&ISO"), patient_roles=local)
    (root,) = read(an_event("ITI-64", concerned=concerned))
    assert [o.get("ParticipantObjectDataLifeCycle") for o in objects(root)] == [None] * 3


def test_the_person_is_named_as_xua_wants_it_with_roles_and_purpose():
    root = read(an_event("ITI-18"))[0]
    _, _, human, structure = participants(root)
    assert human.get("UserID") == "899700000001"
    assert human.get("UserName") == "<899700000001@urn:issuer>"
    assert human.get("AlternativeUserID") == "ESSAI ALIX"
    assert human.get("UserIsRequestor") == "true"
    assert [code(r) for r in human.findall("RoleIDCode")] == [
        ("10", "1.2.250.1.71.1.2.7", "Médecin"),
        ("SM26", "1.2.250.1.71.4.2.5", "SM26"),
    ]
    assert structure.get("UserID") == "10B0127189"
    purpose = root.find("EventIdentification/PurposeOfUse")
    assert code(purpose) == ("normal", "1.2.250.1.213.1.1.4.248", "normal")


def test_whoever_is_vouched_for_is_the_person_and_the_repository_the_source():
    vouched = replace(CALLER, vouched_by="CN=repository")
    source, _, human, _ = participants(read(an_event("ITI-42", caller=vouched))[0])
    assert source.get("AlternativeUserID") == "CN=repository"
    assert human.get("UserID") == "899700000001"


def test_a_user_name_can_be_taken_apart_again():
    assert user_name(replace(CALLER, alias="JD")) == "JD<899700000001@urn:issuer>"
    odd = Caller(identity="a@b<c>%", issuer="CN=x@y>z", alias="p@q<")
    assert user_name(odd) == "p%40q%3C<a%40b%3Cc%3E%25@CN=x@y%3Ez>"


@given(st.text(), st.text(), st.text())
def test_no_two_callers_have_the_same_user_name(alias, identity, issuer):
    named = user_name(Caller(identity=identity, issuer=issuer, alias=alias))
    left, _, rest = named.partition("<")
    user, _, right = rest.partition("@")
    parts = [left, user, right.removesuffix(">")]
    assert not any(c in part for part in parts[:2] for c in "<>@")
    assert [_decoded(part) for part in parts] == [alias, identity, issuer]


def _decoded(text):
    first, *rest = text.split("%")
    return first + "".join(chr(int(part[:2], 16)) + part[2:] for part in rest)


def test_a_query_has_its_id_its_text_in_base64_its_encoding_and_its_community():
    _, query = objects(read(an_event("ITI-18"))[0])
    assert query.get("ParticipantObjectID") == QUERY_ID
    assert code(query.find("ParticipantObjectIDTypeCode"))[0] == "ITI-18"
    assert base64.b64decode(query.findtext("ParticipantObjectQuery")) == QUERY
    assert details(query) == {
        "QueryEncoding": "UTF-8",
        "urn:ihe:iti:xca:2010:homeCommunityId": HOME,
    }


def test_a_submission_set_is_a_job_with_its_unique_id():
    _, submission_set, *_ = objects(read(an_event("ITI-42"))[0])
    assert submission_set.get("ParticipantObjectID") == "1.2.250.1.999.100"
    assert code(submission_set.find("ParticipantObjectIDTypeCode")) == (
        "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd",
        "IHE XDS Metadata",
        "submission set classificationNode",
    )


def test_a_retrieved_document_has_its_repository_and_community():
    patient, *documents = objects(read(an_event("ITI-43"))[0])
    assert patient.get("ParticipantObjectID") == PATIENT
    assert [d.get("ParticipantObjectID") for d in documents] == list(DOCUMENTS)
    assert code(documents[0].find("ParticipantObjectIDTypeCode")) == (
        *("9", "RFC-3881", "Report Number"),
    )
    assert details(documents[0]) == {
        "Repository Unique ID": REPOSITORY,
        "ihe:homeCommunityID": HOME,
    }


def test_a_retrieval_in_part_is_a_success_and_a_failure_each_with_its_documents():
    refused = AboutObject(id=DOCUMENTS[1], repository_unique_id=REPOSITORY, is_refused=True)
    concerned = replace(RETRIEVED, about=(RETRIEVED.about[0], refused))
    event = an_event(
        "ITI-43", outcome=Outcome.PARTIAL, concerned=concerned, codes=("XDSDocumentUniqueIdError",)
    )
    done, missed = read(event)
    assert told(done) == ("0", None, [DOCUMENTS[0]])
    assert told(missed) == ("4", "XDSDocumentUniqueIdError", [DOCUMENTS[1]])


def told(root):
    event = root.find("EventIdentification")
    return (
        event.get("EventOutcomeIndicator"),
        event.findtext("EventOutcomeDescription"),
        [o.get("ParticipantObjectID") for o in objects(root) if shape(o) == "2/3"],
    )


def test_a_retrieval_of_nothing_is_a_failure_only():
    about = tuple(replace(one, is_refused=True) for one in RETRIEVED.about)
    event = an_event("ITI-43", outcome=Outcome.PARTIAL, concerned=replace(RETRIEVED, about=about))
    assert [told(root) for root in read(event)] == [("4", None, list(DOCUMENTS))]


def test_a_query_with_a_partial_answer_is_recorded_as_both():
    roots = read(an_event("ITI-18", outcome=Outcome.PARTIAL))
    assert [told(r)[0] for r in roots] == ["0", "4"]
    assert all([shape(o) for o in objects(r)] == ["1/1", "2/24"] for r in roots)


def test_a_submission_records_the_registration_too():
    imported, exported = read(an_event("ITI-41"))
    assert code(imported.find("EventIdentification/EventID"))[0] == "110107"
    event = exported.find("EventIdentification")
    assert code(event.find("EventID"))[0] == "110106"
    assert code(event.find("EventTypeCode"))[0] == "ITI-42"
    assert event.get("EventActionCode") == "R"
    source, destination, *_ = participants(exported)
    assert (source.get("UserID"), source.get("AlternativeUserID")) == (REPOSITORY_URL, "4242")
    assert destination.get("UserID") == REGISTRY_URL
    assert destination.get("NetworkAccessPointID") == "127.0.0.1"
    assert [shape(o) for o in objects(exported)] == ["1/1", "2/20", "2/3", "2/3"]


@pytest.mark.parametrize("transaction", ["ITI-51", "ITI-62", "ITI-57"])
def test_several_patients_have_a_message_each_and_no_document_of_another(transaction):
    concerned = Concerned(
        patients=(PATIENT, OTHER_PATIENT),
        documents=DOCUMENTS,
        about=(
            AboutObject(id=DOCUMENTS[0], patient=PATIENT),
            AboutObject(id=DOCUMENTS[1], patient=OTHER_PATIENT),
        ),
        query=QUERY,
        query_id=QUERY_ID,
    )
    roots = read(an_event(transaction, concerned=concerned))
    ids = [[o.get("ParticipantObjectID") for o in objects(root)] for root in roots]
    assert [one[0] for one in ids] == [PATIENT, OTHER_PATIENT]
    assert OTHER_PATIENT not in ids[0]
    if transaction != "ITI-51":
        assert [DOCUMENTS[0] in one for one in ids] == [True, False]
        assert [DOCUMENTS[1] in one for one in ids] == [False, True]


def test_what_is_removed_is_erased_for_good_and_what_is_refused_is_not():
    for outcome, life_cycle in ((Outcome.SUCCESS, "15"), (Outcome.REFUSED, None)):
        _, entry, document = objects(read(an_event("ITI-62", outcome=outcome))[0])
        assert entry.get("ParticipantObjectID") == "urn:uuid:1"
        assert code(entry.find("ParticipantObjectIDTypeCode"))[0] == "urn:ihe:iti:2017:ObjectRef"
        found = [o.get("ParticipantObjectDataLifeCycle") for o in (entry, document)]
        assert found == [life_cycle] * 2


@pytest.mark.parametrize(
    ("outcome", "indicator"),
    [(Outcome.REFUSED, "4"), (Outcome.FAULT, "8"), (Outcome.DEFECT, "12")],
)
def test_a_failure_says_how_grave_it_is_and_why(outcome, indicator):
    concerned = replace(CONCERNED["ITI-42"], decision="deny: blocked")
    event = an_event(outcome=outcome, codes=("XDSRegistryError",), concerned=concerned)
    assert told(read(event)[0])[:2] == (indicator, "XDSRegistryError; deny: blocked")


def test_who_is_not_authenticated_is_a_failed_login():
    event = an_event(
        "ITI-18",
        outcome=Outcome.FAULT,
        caller=None,
        concerned=Concerned(),
        codes=("Sender", "FailedCheck"),
        detail="digest",
    )
    (root,) = read(event)
    event = root.find("EventIdentification")
    assert code(event.find("EventID"))[0] == "110114"
    assert code(event.find("EventTypeCode"))[0] == "110122"
    assert event.get("EventOutcomeIndicator") == "8"
    assert event.findtext("EventOutcomeDescription") == "ITI-18: Sender; FailedCheck; digest"
    assert participants(root)[0].get("UserID") == "192.0.2.7"
    assert participants(root)[1].get("UserID") == REGISTRY_URL


def test_an_emergency_is_an_alert_beside_the_record():
    caller = replace(CALLER, emergency_reason="<patient unconscious> é")
    concerned = replace(RETRIEVED, is_emergency=True, decision="permit: emergency")
    record, alert = read(an_event("ITI-43", caller=caller, concerned=concerned))
    assert code(record.find("EventIdentification/EventID"))[0] == "110106"
    event = alert.find("EventIdentification")
    assert code(event.find("EventID"))[0] == "110113"
    assert code(event.find("EventTypeCode"))[0] == "110127"
    (patient,) = objects(alert)
    assert patient.get("ParticipantObjectID") == PATIENT
    assert details(patient) == {"Alert Description": "<patient unconscious> é"}
    assert participants(alert)[2].get("UserID") == caller.identity


@pytest.mark.parametrize(
    ("occasion", "kind"), [(Occasion.START, "110120"), (Occasion.STOP, "110121")]
)
def test_starts_and_stops_are_activities_of_the_application(occasion, kind):
    (root,) = read(an_event(occasion, caller=None, concerned=Concerned()))
    assert code(root.find("EventIdentification/EventID"))[0] == "110100"
    assert code(root.find("EventIdentification/EventTypeCode"))[0] == kind
    (application,) = participants(root)
    assert application.get("UserID") == REGISTRY_URL
    assert code(application.find("RoleIDCode"))[0] == "110150"


def test_reading_the_log_is_recorded_with_who_and_which():
    event = an_event(Occasion.LOG_USED, caller=None, source="command line of root")
    (root,) = read(event)
    assert code(root.find("EventIdentification/EventID"))[0] == "110101"
    assert participants(root)[0].get("UserID") == "command line of root"
    assert [shape(o) for o in objects(root)] == ["2/13", "1/1"]


def test_what_is_no_transaction_of_ihe_is_recorded_under_its_own_name():
    event = an_event("greffe patient block", source="command line", action="U", caller=None)
    (root,) = read(event)
    assert code(root.find("EventIdentification/EventTypeCode")) == (
        *("greffe patient block", "Greffe", "greffe patient block"),
    )
    assert root.find("EventIdentification").get("EventActionCode") == "U"
    assert participants(root)[0].get("UserID") == "command line"


texts = st.text(max_size=20)
events = st.builds(
    an_event,
    st.sampled_from([*TABLE, *Occasion, "greffe patient open", "TD0.2"]),
    outcome=st.sampled_from(Outcome),
    peer=texts,
    message_id=texts,
    source=texts,
    endpoint=texts,
    detail=texts,
    codes=st.lists(texts, max_size=2).map(tuple),
    caller=st.none() | st.builds(Caller, identity=texts, issuer=texts, name=texts, structure=texts),
    concerned=st.builds(
        Concerned,
        patients=st.lists(texts, max_size=3).map(tuple),
        documents=st.lists(texts, max_size=3).map(tuple),
        objects=st.lists(texts, max_size=2).map(tuple),
        query=st.binary(max_size=20),
        query_id=texts,
        is_emergency=st.booleans(),
    ),
)


@given(events)
def test_whatever_an_event_holds_its_messages_are_well_formed_lines(event):
    for message in messages_of(event, ORIGIN):
        octets = write_message(message)
        assert b"\n" not in octets
        assert etree.fromstring(octets).find("EventIdentification/EventID") is not None


@given(events)
def test_an_event_comes_back_from_its_line_as_it_was(event):
    line, _ = link("0" * 64, render_event(event))
    assert event_of(line) == event


def test_a_line_of_an_older_version_is_read_with_defaults_and_of_a_newer_without_more():
    line, _ = link("0" * 64, render_event(an_event()))
    older = line.replace(b',"process":4242', b"").replace(b',"service":"registry"', b"")
    newer = line.replace(b'"process":4242', b'"process":4242,"colour":"blue"')
    assert event_of(older) == an_event(process=0, service="")
    assert event_of(newer) == an_event()


@pytest.mark.parametrize("line", [b"", b"{}", b"[]", b'{"event":{"instant":"x"}}', b"\xff"])
def test_what_is_no_line_is_no_event(line):
    with pytest.raises(UnreadableEventError):
        event_of(line)
