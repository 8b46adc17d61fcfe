"""The decisions of one call: documents that are alike for the caller share one."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from registry.access.facts import Depositor, write_facts
from registry.access.verdicts import Asker, Verdicts, _as_it_concerns
from registry.records.model import Person, Record
from tests.build.submission import PATIENT, a_document_entry
from tests.xds.access.build import ELSEWHERE, ME, NOW, OTHER, POLICY, a_caller
from tests.xds.access.draw import questions
from xds.access.decide import decide
from xds.access.model import Action, Permit, RecordState, Standing
from xds.metadata import vocabulary as v
from xds.metadata.hl7v2 import cx_key
from xds.metadata.views import read_document_entry

OTHERS = ("899900022222", "somebody", "1F990000001", "a structure")


@st.composite
def renamed(draw, document, caller):
    """The document, with other names for those who are not the caller."""
    own = {caller.identity, caller.structure, ""}

    def other(name):
        return name if name in own else draw(st.sampled_from(OTHERS))

    def others(names):
        kept = frozenset(n for n in names if n in own)
        new = draw(st.frozensets(st.sampled_from(OTHERS), min_size=1, max_size=3))
        return kept | (new if names - kept else frozenset())

    return replace(
        document,
        authors=others(document.authors),
        structures=others(document.structures),
        depositor=other(document.depositor),
        depositor_structure=other(document.depositor_structure),
    )


@settings(max_examples=400)
@given(st.data(), questions())
def test_of_other_people_only_that_there_are_some_counts(data, question):
    caller, choices, resource, action = question
    if resource.document is None:
        return
    alike = data.draw(renamed(resource.document, caller))
    assert _as_it_concerns(caller, alike) == _as_it_concerns(caller, resource.document)
    first, second = (
        decide(caller, choices, replace(resource, document=d), action, POLICY, NOW)
        for d in (resource.document, alike)
    )
    assert first == second


def a_class(author, depositor):
    entry = replace(read_document_entry(a_document_entry()), authors=())
    facts = write_facts(entry, Depositor(identity=depositor, structure=author))
    return (cx_key(PATIENT), facts, v.APPROVED)


def test_what_was_decided_is_told_in_a_few_words_and_records_are_read_once():
    read = []

    def records(patients):
        read.append(tuple(patients))
        me = Person(identity=ME, standing=Standing.AUTHORISED, since="")
        one = Record(patient_id=cx_key(PATIENT), state=RecordState.OPEN, since="", people=(me,))
        return {cx_key(PATIENT): one}

    caller = a_caller(patient_concerned="")
    verdicts = Verdicts(asker=Asker(caller=caller, policy=POLICY, instant=NOW), records=records)
    for number in range(20):
        decision = verdicts.on_document(Action.FIND, a_class(f"{ELSEWHERE}{number}", OTHER))
        assert isinstance(decision, Permit)
    assert verdicts.shown == "permit: authorised"
    assert read == [(cx_key(PATIENT),)]
    assert not verdicts.is_emergency
