"""A record as a decision takes it, and the record of two patients who turned out to be one."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from registry.records.model import stricter, unchosen
from tests.build.records import ADA, BOB, DMP, a_record, person, standings
from tests.strategies.access import PATIENT_ID, callers, documents, records
from xds.access.decide import decide
from xds.access.model import Action, Deny, RecordState, Resource, Standing
from xds.access.policy import ANY_TRUSTED, Policy

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_choices_are_what_the_people_stand_for():
    record = a_record(
        person(ADA, until="20270101000000"),
        person("s", Standing.BLOCKED),
        person(BOB, Standing.ATTENDING),
        person("2", Standing.REPRESENTATIVE),
        break_glass=False,
    )
    choices = record.choices()
    assert choices.authorised == {ADA: datetime(2027, 1, 1, tzinfo=UTC)}
    assert (choices.blocked, choices.attending) == ({"s"}, {BOB})
    assert choices.representatives == {"2"}
    assert choices.regulation
    assert not choices.break_glass


def test_before_any_choice_the_policy_says_whether_a_record_is_open():
    assert unchosen("p", DMP).state is RecordState.OPEN
    assert unchosen("p", ANY_TRUSTED).state is RecordState.OPEN
    assert unchosen("p", Policy()).state is RecordState.CLOSED
    assert not unchosen("p", DMP).is_chosen


def test_of_two_records_the_stricter_choice_wins():
    survivor = a_record(person(ADA), person(BOB), masks_new=True, masked_in_emergency=True)
    subsumed = a_record(
        person(ADA, until="20260601000000"),
        person(BOB, Standing.BLOCKED),
        patient_id="other",
        regulation=False,
        state=RecordState.CLOSED,
        email="a@example.org",
    )
    both = stricter(survivor, subsumed)
    assert both.patient_id == PATIENT_ID
    assert both.state is RecordState.CLOSED
    assert both.masks_new
    assert not both.regulation
    assert both.break_glass
    assert not both.masked_in_emergency
    assert both.email == "a@example.org"
    assert standings(both) == {(ADA, Standing.AUTHORISED), (BOB, Standing.BLOCKED)}
    assert both.person(ADA, Standing.AUTHORISED).until == "20260601000000"


def test_who_attends_one_and_may_see_the_other_may_see_both():
    one, other = a_record(person(ADA, Standing.ATTENDING)), a_record(person(ADA))
    for both in (stricter(one, other), stricter(other, one)):
        assert standings(both) == {(ADA, Standing.AUTHORISED)}


def test_a_record_in_which_nothing_was_chosen_adds_nothing():
    chosen = a_record(person(ADA), masks_new=True)
    nothing = unchosen("other", DMP)
    assert stricter(chosen, nothing) == chosen
    assert stricter(nothing, chosen) == replace(chosen, patient_id="other")


@given(records(), records())
def test_the_stricter_is_the_same_whoever_survives(one, other):
    assert stricter(one, other).choices() == stricter(other, one).choices()


@given(records())
def test_a_record_is_no_stricter_than_itself(record):
    before, after = record.choices(), stricter(record, record).choices()
    blocked = before.blocked
    assert after.blocked == blocked
    assert after.attending == before.attending - blocked
    assert set(before.authorised) - blocked <= set(after.authorised)


@settings(max_examples=300)
@given(
    one=records(),
    other=records(),
    caller=callers(DMP),
    document=st.none() | documents,
    action=st.sampled_from(Action),
)
def test_the_stricter_never_permits_what_either_denied(one, other, caller, document, action):
    def decision(record):
        resource = Resource(patient_id=PATIENT_ID, document=document)
        return decide(caller, record.choices(), resource, action, DMP, NOW)

    if Deny in {type(decision(one)), type(decision(other))}:
        assert isinstance(decision(stricter(one, other)), Deny)
