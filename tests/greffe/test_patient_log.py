"""The words of a patient's log: every deed has some, in both languages, and the table is whole."""

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from dmp.vihf import G15
from greffe import patient_log, patient_words
from greffe.output import Report
from greffe.patient_log import Subject
from tests.build.audit import CALLER, DOCUMENTS, PATIENT, RETRIEVED, an_event
from xds.audit.event import Outcome
from xds.audit.personal import Deed, log_of
from xds.security.caller import CodedValue

SUBJECT = Subject(identifiers=(PATIENT,), titles={DOCUMENTS[0]: "Lettre"})


def shown(*events, language="fr", hidden=frozenset()):
    entries = [e for e in log_of((PATIENT,), events) if not patient_log._is_hidden(e, hidden)]
    return [patient_log._shown(e, SUBJECT, hidden, language) for e in entries]


def printed(*events, language="fr", width=200):
    report = Report(
        shape="x/x/1", fields={"language": language, "entries": shown(*events, language=language)}
    )
    console = Console(width=width, record=True, file=io.StringIO())
    patient_log._show(report, console)
    return console.export_text()


@pytest.mark.parametrize("language", patient_words.LANGUAGES)
@pytest.mark.parametrize("is_refused", [False, True])
def test_every_deed_has_its_words(language, is_refused):
    said = {patient_words.what(d, language, is_refused=is_refused) for d in Deed}
    assert len(said) == len(Deed)


def emergency(**changes):
    reason = "patient inconscient"
    purpose = CodedValue(code="bris_de_glace", system="1.2.250.1.213.1.1.4.248")
    caller = replace(CALLER, purpose_of_use=purpose, emergency_reason=reason)
    concerned = replace(RETRIEVED, is_emergency=True, decision="permit: emergency")
    return an_event("ITI-43", caller=caller, concerned=concerned, **changes)


def test_an_emergency_is_told_with_its_reason():
    (entry,) = shown(emergency())
    assert entry["is_emergency"]
    assert entry["emergency_reason"] == "patient inconscient"
    text = printed(emergency())
    for word in ("URGENCE", "bris de glace", "patient inconscient", "ESSAI ALIX (Médecin)"):
        assert word in text
    for word in ("899700000001", "10B0127189", "Lettre", DOCUMENTS[1], "a consulté"):
        assert word in text
    assert "EMERGENCY · break-glass" in printed(emergency(), language="en")


def test_a_refusal_is_told_as_one_and_its_operators_detail_is_not():
    event = an_event("ITI-43", outcome=Outcome.REFUSED, detail="SECRET", source="")
    (entry,) = shown(event)
    assert entry["what"] == "consultation refusée"
    assert all(document["is_refused"] for document in entry["documents"])
    assert "SECRET" not in json.dumps(entry)
    assert "Lettre (refusé)" in printed(event)


def test_what_changed_of_the_patients_choices_is_told():
    event = an_event(
        "record block",
        caller=None,
        source="command line|root",
        detail="blocked: + 899700000001",
    )
    text = printed(event, language="en")
    assert "changed your choices" in text
    assert "- blocked: + 899700000001" in text
    assert "the registry's administration (root)" in text


def test_what_changed_is_told_in_the_patients_language():
    event = an_event(
        "record block",
        caller=None,
        source="command line|root",
        detail="authorised 899700000001: yes -> no; blocked 899700000001: no -> yes; "
        "emergency: break-glass: yes -> no",
    )
    text = printed(event)
    for said in (
        "- 899700000001 n'est plus autorisé",
        "- 899700000001 est bloqué",
        "- le bris de glace ne peut pas ouvrir le dossier",
    ):
        assert said in text
    assert "->" not in text


def test_the_system_of_professions_is_the_vihfs():
    assert patient_words.TRE_G15 == G15


def test_a_profession_without_a_display_name_is_named():
    role = CodedValue(code="60", system=G15)
    event = an_event("ITI-18", caller=replace(CALLER, roles=(role,)))
    assert "ESSAI ALIX (Infirmier)" in printed(event)
    other = replace(role, system="1.2.3")
    event = an_event("ITI-18", caller=replace(CALLER, roles=(other,)))
    assert "ESSAI ALIX (60)" in printed(event)


def test_a_deed_about_hidden_documents_only_is_left_out_and_of_others_only_those_are_named():
    event = an_event("ITI-43")
    assert shown(event, hidden=frozenset(DOCUMENTS)) == []
    (entry,) = shown(event, hidden=frozenset(DOCUMENTS[:1]))
    assert [d["unique_id"] for d in entry["documents"]] == [DOCUMENTS[1]]


def test_a_purpose_without_words_stands_for_itself():
    assert patient_words.purpose("X", "Exchange", "fr") == "Exchange"
    assert patient_words.purpose("X", "", "fr") == "X"
    assert patient_words.purpose("centre_15", "x", "en") == "medical regulation (centre 15)"


@pytest.mark.parametrize("width", [60, 80, 200])
def test_no_word_is_broken_on_a_narrow_terminal(width):
    text = printed(emergency(), width=width)
    for word in ("URGENCE", "inconscient", "899700000001", "(Médecin)", "10B0127189", DOCUMENTS[1]):
        assert word in text


def test_nothing_is_told_as_nothing():
    assert "rien n'est tracé" in printed()
