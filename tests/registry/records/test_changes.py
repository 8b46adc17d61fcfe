"""What a patient may decide: each choice, the rules, and what is told of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.records.changes import (
    Attending,
    Authorise,
    Block,
    Close,
    Consent,
    Contact,
    MaskNew,
    Open,
    Represent,
    Resign,
    Unblock,
    Unrepresent,
    Withdraw,
    applied,
    differences,
)
from registry.records.model import Record, unchosen
from registry.records.rules import check
from tests.build.records import ADA, BOB, DMP, a_record, person, standings
from tests.strategies.access import PATIENT_ID, records
from xds.access.model import RecordState, Standing

NOW = "20260301120000"
LATER = "20270101000000"
EVERY = (
    Open(),
    Close(),
    Authorise(identity=ADA),
    Authorise(identity=ADA, until=LATER),
    Withdraw(identity=ADA),
    Block(identity=ADA),
    Unblock(identity=ADA),
    Attending(identity=ADA),
    Resign(identity=ADA),
    Represent(identity=ADA),
    Unrepresent(identity=ADA),
    MaskNew(on=True),
    MaskNew(on=False),
    Consent(regulation=False),
    Consent(break_glass=False),
    Consent(masked=True),
    Consent(regulation=False, break_glass=False),
    Contact(email="a@example.org"),
    Contact(language="en"),
)


def rules_broken(record, change):
    return [fault.rule for fault in check(record, change, NOW)]


def after(record, *changes):
    for change in changes:
        assert not check(record, change, NOW)
        record = applied(record, change, NOW)
    return record


# -- what each does --------------------------------------------------------------------------------


def test_authorising_again_moves_the_end_and_keeps_the_beginning():
    first = a_record(person(ADA, since="20250101000000", name="Ada"))
    (one,) = after(first, Authorise(identity=ADA, until=LATER)).people
    assert (one.since, one.until, one.name) == ("20250101000000", LATER, "Ada")


def test_an_authorisation_that_had_ended_begins_anew():
    over = a_record(person(ADA, since="20250101000000", until="20250201000000"))
    assert after(over, Authorise(identity=ADA)).people[0].since == NOW


def test_a_block_ends_the_authorisation_and_its_lifting_gives_nothing_back():
    blocked = after(a_record(person(ADA)), Block(identity=ADA))
    assert standings(blocked) == {(ADA, Standing.BLOCKED)}
    assert standings(after(blocked, Unblock(identity=ADA))) == set()


def test_a_role_that_ends_leaves_the_authorisation():
    record = after(a_record(person(ADA)), Attending(identity=ADA), Resign(identity=ADA))
    assert standings(record) == {(ADA, Standing.AUTHORISED)}


def test_a_record_that_is_opened_again_has_all_choices_as_they_were():
    record = a_record(person(ADA), person(BOB, Standing.BLOCKED), masks_new=True)
    assert after(record, Close(), Open()).choices() == record.choices()


def test_without_the_other_two_the_consent_to_masked_documents_ends():
    record = a_record(masked_in_emergency=True)
    assert after(record, Consent(regulation=False)).masked_in_emergency
    assert not after(record, Consent(regulation=False, break_glass=False)).masked_in_emergency


def test_what_is_not_said_of_a_contact_stays():
    record = after(a_record(email="a@example.org"), Contact(language="en"))
    assert (record.email, record.language) == ("a@example.org", "en")
    assert after(record, Contact(email="")).email == ""


def test_opening_is_a_choice_even_where_the_policy_says_so_already():
    before = unchosen("p", DMP)
    opened = after(before, Open())
    assert opened.is_chosen
    assert [d.text() for d in differences(before, opened)] == ["record: open (not chosen) -> open"]


@given(records(), st.sampled_from(EVERY))
def test_a_choice_that_was_made_before_changes_nothing(record, change):
    if check(record, change, NOW):
        return
    once = applied(record, change, NOW)
    assert not check(once, change, NOW)
    assert applied(once, change, "20260401000000") == once
    assert differences(once, once) == ()


@given(records(), st.sampled_from(EVERY))
def test_what_changed_is_told_and_no_address_with_it(record, change):
    if check(record, change, NOW):
        return
    changed = applied(record, change, NOW)
    told = differences(record, changed)
    assert bool(told) is (changed.choices() != record.choices() or isinstance(change, Contact))
    assert "@" not in " ".join(d.text() for d in told)


@given(records(), st.sampled_from(EVERY))
def test_masked_documents_in_an_emergency_never_without_one_of_the_other_two(record, change):
    if not check(record, change, NOW):
        changed = applied(record, change, NOW)
        assert changed.regulation or changed.break_glass or not changed.masked_in_emergency


@given(records(), st.lists(st.sampled_from(EVERY), max_size=6))
def test_nobody_who_is_blocked_stands_otherwise(record, changes):
    record = Record(patient_id=record.patient_id, state=record.state, since=record.since)
    for change in changes:
        if not check(record, change, NOW):
            record = applied(record, change, NOW)
    choices = record.choices()
    assert not choices.blocked & (set(choices.authorised) | choices.attending)


# -- the rules -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "change", "said"),
    [
        (a_record(person(ADA, Standing.BLOCKED)), Authorise(identity=ADA), "an act of its own"),
        (a_record(person(ADA, Standing.BLOCKED)), Attending(identity=ADA), "an act of its own"),
        (a_record(person(ADA, Standing.ATTENDING)), Block(identity=ADA), "médecin traitant"),
        (a_record(person(ADA, Standing.ATTENDING)), Withdraw(identity=ADA), "médecin traitant"),
        (a_record(person("s", is_structure=True)), Attending(identity="s"), "is a person"),
        (a_record(), Authorise(identity=ADA, until=NOW), "a time to come"),
        (a_record(), Authorise(identity=ADA, until="2027"), "a time to come"),
        (a_record(), Authorise(identity=ADA, until="20271301000000"), "a time to come"),
        (a_record(), Authorise(identity=""), "as their assertions name them"),
        (a_record(), Block(identity=" 8999 "), "as their assertions name them"),
        (a_record(), Represent(identity="279035121518989"), "than the patient"),
        (a_record(), Consent(), "says what is chosen"),
        (a_record(), Contact(), "says what is chosen"),
        (a_record(), Contact(email="a@b\nBcc: c@d.org"), "one mailbox"),
        (a_record(), Contact(email="a@example.org, b@example.org"), "one mailbox"),
        (a_record(), Contact(language="French"), "two letters"),
        (
            a_record(regulation=False, break_glass=False),
            Consent(masked=True),
            "only together with the consent",
        ),
        (
            a_record(),
            Consent(masked=True, regulation=False, break_glass=False),
            "only together with the consent",
        ),
    ],
)
def test_a_choice_that_cannot_be_is_refused_with_its_rule(record, change, said):
    assert said in " ".join(rules_broken(record, change))


@pytest.mark.parametrize("change", [c for c in EVERY if not isinstance(c, Open | Close)])
def test_a_closed_record_takes_no_choice_but_its_opening(change):
    closed = a_record(state=RecordState.CLOSED)
    assert "keeps its choices" in " ".join(rules_broken(closed, change))
    assert rules_broken(closed, Open()) == rules_broken(closed, Close()) == []


def test_the_patient_is_known_by_the_identifier_proper():
    assert PATIENT_ID.startswith("279035121518989^")
    assert rules_broken(a_record(patient_id="ill-formed"), Block(identity="ill-formed"))
