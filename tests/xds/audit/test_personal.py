"""A patient's own log: what is about the patient, and nothing of anybody else."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.build.audit import (
    CALLER,
    DOCUMENTS,
    INSTANT,
    OTHER_PATIENT,
    PATIENT,
    RETRIEVED,
    SUBMITTED,
    an_event,
)
from xds.audit.event import AboutObject, Concerned, Occasion, Outcome
from xds.audit.personal import Deed, log_of

VOUCHED = replace(CALLER, vouched_by="CN=repository")
WITHOUT_PATIENT = replace(RETRIEVED, patients=())


def later(seconds):
    return INSTANT + timedelta(seconds=seconds)


def log(*events, patient=PATIENT):
    return log_of((patient,), events)


def deeds(*events, patient=PATIENT):
    return [(entry.deed, entry.documents) for entry in log(*events, patient=patient)]


@pytest.mark.parametrize(
    ("transaction", "deed"),
    [
        ("ITI-18", Deed.SEARCHED),
        ("ITI-41", Deed.DEPOSITED),
        ("ITI-43", Deed.CONSULTED),
        ("ITI-44", Deed.IDENTIFIED),
        ("ITI-57", Deed.CHANGED),
        ("ITI-62", Deed.REMOVED),
        ("ITI-64", Deed.MOVED),
        ("ITI-86", Deed.REMOVED),
        ("record authorise", Deed.CHOSE),
        ("greffe patient block", Deed.CHOSE),
        ("greffe patient add", Deed.IDENTIFIED),
        (Occasion.LOG_USED, Deed.READ_LOG),
        ("TD0.2", Deed.CHECKED),
        ("TD1.1", Deed.CHOSE),
        ("TD1.6", Deed.LISTED),
        ("TD0.9", Deed.OTHER),
    ],
)
def test_what_was_done_is_said_of_every_transaction(transaction, deed):
    assert [entry.deed for entry in log(an_event(transaction))] == [deed]


def test_the_newest_is_first():
    events = (an_event("ITI-18", instant=later(n)) for n in (2, 1, 3))
    assert [entry.event.instant for entry in log(*events)] == [later(3), later(2), later(1)]


def test_an_identifier_with_another_type_code_is_the_same_patient():
    assert len(log(an_event("ITI-18"), patient=PATIENT.removesuffix("^NH"))) == 1


def test_what_concerns_another_patient_is_not_in_it():
    other = Concerned(patients=(OTHER_PATIENT,), documents=("9.9",))
    assert deeds(an_event("ITI-41", concerned=other), an_event("ITI-18", concerned=other)) == []


def test_all_identifiers_of_a_merged_patient_count():
    other = an_event("ITI-18", concerned=Concerned(patients=(OTHER_PATIENT,)))
    assert len(log_of((PATIENT, OTHER_PATIENT), (an_event("ITI-18"), other))) == 2


def test_a_retrieval_without_a_patient_is_found_by_the_document_that_was_deposited():
    deposit = an_event("ITI-41", instant=later(0))
    retrieval = an_event("ITI-43", instant=later(9), concerned=WITHOUT_PATIENT)
    assert deeds(deposit, retrieval) == [
        (Deed.CONSULTED, DOCUMENTS),
        (Deed.DEPOSITED, DOCUMENTS),
    ]


def test_a_retrieval_of_somebody_elses_document_is_in_that_persons_log_whatever_was_asserted():
    of_other = replace(SUBMITTED, patients=(OTHER_PATIENT,))
    claiming = replace(CALLER, patient_concerned=PATIENT)
    retrieval = an_event("ITI-43", caller=claiming, concerned=WITHOUT_PATIENT)
    events = (an_event("ITI-42", concerned=of_other), retrieval)
    assert deeds(*events) == []
    assert [deed for deed, _ in deeds(*events, patient=OTHER_PATIENT)] == [
        Deed.DEPOSITED,
        Deed.CONSULTED,
    ]


def test_a_retrieval_of_what_nobody_has_is_in_the_log_of_whom_the_assertion_names():
    claiming = replace(CALLER, patient_concerned=PATIENT)
    retrieval = an_event(
        "ITI-43", caller=claiming, concerned=WITHOUT_PATIENT, outcome=Outcome.REFUSED
    )
    (entry,) = log(retrieval)
    assert entry.is_refused
    assert (entry.documents, entry.refused) == ((), DOCUMENTS)


def test_of_several_patients_documents_only_the_patients_own_are_shown():
    concerned = replace(
        WITHOUT_PATIENT,
        about=(
            AboutObject(id=DOCUMENTS[0], patient=PATIENT),
            AboutObject(id=DOCUMENTS[1], patient=OTHER_PATIENT),
        ),
    )
    removal = an_event("ITI-62", concerned=replace(concerned, patients=(PATIENT, OTHER_PATIENT)))
    retrieval = an_event("ITI-43", concerned=WITHOUT_PATIENT)
    assert deeds(removal, retrieval) == [
        (Deed.REMOVED, DOCUMENTS[:1]),
        (Deed.CONSULTED, DOCUMENTS[:1]),
    ]


def test_a_deposit_is_one_entry_though_both_services_trace_it():
    registered = an_event("ITI-42", caller=VOUCHED, instant=later(1))
    assert deeds(an_event("ITI-41"), registered) == [(Deed.DEPOSITED, DOCUMENTS)]
    assert deeds(registered) == [(Deed.DEPOSITED, DOCUMENTS)]


def test_a_decision_for_a_retrieval_is_part_of_its_entry():
    decided = replace(RETRIEVED, about=(), is_emergency=True, decision="permit: emergency")
    decision = an_event("ITI-79", caller=VOUCHED, concerned=decided, instant=later(1))
    retrieval = an_event("ITI-43", concerned=RETRIEVED, instant=later(2))
    (entry,) = log(decision, retrieval)
    assert entry.deed is Deed.CONSULTED
    assert entry.is_emergency
    assert entry.event.concerned.decision == "permit: emergency"
    assert [e.deed for e in log(decision)] == [Deed.CONSULTED]


def test_what_was_refused_is_in_it_as_refused():
    (entry,) = log(an_event("ITI-18", outcome=Outcome.REFUSED))
    assert entry.is_refused
    part = replace(
        RETRIEVED, about=(RETRIEVED.about[0], replace(RETRIEVED.about[1], is_refused=True))
    )
    (entry,) = log(an_event("ITI-43", outcome=Outcome.PARTIAL, concerned=part))
    assert not entry.is_refused
    assert (entry.documents, entry.refused) == (DOCUMENTS[:1], DOCUMENTS[1:])
    none = replace(RETRIEVED, about=tuple(replace(a, is_refused=True) for a in RETRIEVED.about))
    (entry,) = log(an_event("ITI-43", outcome=Outcome.PARTIAL, concerned=none))
    assert entry.is_refused


def test_a_choice_by_a_service_is_told_once_by_what_changed():
    changed = an_event("record authorise", detail="authorised: + 1", message_id="urn:uuid:9")
    asked = an_event("TD0.3", message_id="urn:uuid:9")
    (entry,) = log(changed, asked)
    assert entry.event is changed
    assert [e.deed for e in log(asked)] == [Deed.CHOSE]
    assert len(log(replace(changed, message_id=""), replace(asked, message_id=""))) == 2


@pytest.mark.parametrize("transaction", ["ITI-18", "ITI-43", "ITI-57", "TD1.6", "TD0.2"])
def test_a_message_with_the_id_of_a_choice_is_no_less_a_deed(transaction):
    changed = an_event("record authorise", detail="authorised: + 1", message_id="urn:uuid:9")
    other = an_event(transaction, message_id="urn:uuid:9")
    assert len(log(changed, other)) == 2
