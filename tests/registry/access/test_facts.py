"""What an access decision needs of a DocumentEntry: written once, read back, never too long."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmp import visibility
from registry.access.facts import (
    NOBODY,
    Depositor,
    depositor_of,
    read_depositor,
    read_facts,
    write_facts,
)
from tests.build.submission import a_document_entry
from xds.access.model import Mark
from xds.access.policy import Kind, Policy
from xds.metadata import vocabulary as v
from xds.metadata.author import Author
from xds.metadata.code import Code
from xds.metadata.hl7v2 import unescape
from xds.metadata.views import read_document_entry
from xds.security.caller import Caller, CodedValue

TEXTS = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="&"), max_size=150
)


class Entry:
    """As much of a DocumentEntry as is looked at."""

    def __init__(self, type_code=None, authors=(), confidentiality_codes=()):
        self.type_code = type_code
        self.authors = authors
        self.confidentiality_codes = confidentiality_codes


def facts_of(status=v.APPROVED, depositor=NOBODY, **attributes):
    return read_facts(write_facts(Entry(**attributes), depositor), status)


def test_type_marks_and_authors_are_read_back():
    document = facts_of(
        type_code=Code(code="11502-2", scheme="2.16.840.1.113883.6.1"),
        authors=(
            Author(
                person="899900000001^Martin^Claire^^^^^^&1.2.250.1.71.4.2.1&ISO",
                institutions=("Clinique^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1120456789",),
            ),
        ),
        confidentiality_codes=(Code(code="N", scheme="1"), visibility.MASKED),
        depositor=Depositor(identity="899900000002", structure="10B0127189"),
    )
    assert document.type_code == ("11502-2", "2.16.840.1.113883.6.1")
    assert document.marks == {Mark.MASKED}
    assert document.authors == {"899900000001"}
    assert document.structures == {"1120456789"}
    assert (document.depositor, document.depositor_structure) == ("899900000002", "10B0127189")
    assert not document.is_withdrawn


def test_a_deprecated_entry_is_withdrawn():
    assert facts_of(v.DEPRECATED).is_withdrawn


def test_an_entry_without_facts_is_hidden_from_everybody():
    assert read_facts("", v.APPROVED).marks == set(Mark)


def test_entries_that_are_decided_alike_have_the_same_text_whatever_their_order():
    one, other = Author(person="1^A"), Author(person="2^B")
    codes = (visibility.MASKED, visibility.HIDDEN_FROM_PATIENT)
    first = write_facts(Entry(authors=(one, other), confidentiality_codes=codes), NOBODY)
    assert first == write_facts(
        Entry(authors=(other, one, one), confidentiality_codes=codes[::-1]), NOBODY
    )


@given(
    depositor=st.builds(Depositor, identity=TEXTS, structure=TEXTS, is_patients=st.booleans()),
    persons=st.lists(TEXTS, max_size=60),
    code=TEXTS,
)
def test_no_facts_are_longer_than_an_index_takes(depositor, persons, code):
    authors = tuple(Author(person=f"{p}^X", institutions=(f"{p}^^^^^^^^^{p}",)) for p in persons)
    text = write_facts(Entry(Code(code=code, scheme=code), authors), depositor)
    assert len(text.encode("utf-8")) < 2000
    document = read_facts(text, v.APPROVED)
    # HL7's escapes are undone: "\\R\\" is "~".
    written = " ".join(map(unescape, persons))
    for identity in document.authors:
        assert identity.startswith("sha256:") or identity in written


def test_a_depositor_is_kept_as_it_was():
    depositor = Depositor(identity="8999", structure="10B0", is_patients=True)
    assert read_depositor(write_facts(Entry(), depositor)) == depositor


def test_an_author_beyond_the_room_loses_rights_and_gives_nobody_others():
    authors = tuple(Author(person=f"{number:090}^X") for number in range(50))
    kept = facts_of(authors=authors).authors
    assert 0 < len(kept) < 50
    assert kept < {f"{number:090}" for number in range(50)}


@pytest.mark.parametrize("person", ["", "^Name^Only", "a&amp;b^X"])
def test_an_author_without_a_usable_identifier_is_none(person):
    assert facts_of(authors=(Author(person=person),)).authors == frozenset()


def test_the_patient_deposits_as_the_patient():
    role = CodedValue(code="EXP_PATIENT", system="1.2.250.1.213.1.1.4.6")
    policy = Policy(
        kinds=(Kind(name="patient", roles=frozenset({(role.code, role.system)})),),
        patient_kinds=frozenset({"patient"}),
    )
    caller = Caller(identity="279035121518989", issuer="MES", roles=(role,))
    assert depositor_of(caller, policy) == Depositor(identity="279035121518989", is_patients=True)
    doctor = Caller(identity="8999", issuer="x", structure="s", roles=(CodedValue(code="10"),))
    assert depositor_of(doctor, policy) == Depositor(identity="8999", structure="s")
    assert not depositor_of(caller).is_patients  # an open domain knows no patients' side


def test_facts_of_a_real_entry_are_json_that_a_person_can_read():
    rim = a_document_entry("urn:uuid:1", unique_id="1.2.3")
    facts = json.loads(write_facts(read_document_entry(rim), NOBODY))
    assert list(facts) == [
        *("type", "marks", "authors", "structures", "depositor", "structure", "patients")
    ]
    assert facts["authors"] == ["801234567897"]
    assert facts["structures"] == ["1.2.250.1.71.4.2.2.99"]
