"""The law of the services around a record: of it they tell no more than TD0.2 tells the caller."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from registry.records.model import unchosen
from registry.records.visitor import Visitor
from registry.td02_existence.answer import existence
from tests.build.asking import a_caller
from tests.build.records import DMP, person
from tests.strategies.access import PATIENT_ID, callers, records
from xds.access.model import Action, Choices, Deny, Permit, RecordState, Standing
from xds.access.policy import Policy

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACTIONS = (
    Action.AUTHORISE_SELF,
    Action.WITHDRAW_SELF,
    Action.RESIGN_ATTENDING,
    Action.LIST_PROFESSIONALS,
    Action.REACTIVATE_RECORD,
    Action.CLOSE_RECORD,
)


def visitor(caller, record, policy=DMP):
    return Visitor(caller=caller, policy=policy, instant=NOW, patient_id=PATIENT_ID, record=record)


def told(one, action):
    complaint = one.refusal(action, None)
    return complaint and (complaint.code, complaint.code_context)


def td02(one):
    """All that TD0.2 answers."""
    decision = one.decide(Action.TEST_EXISTENCE)
    is_told = isinstance(decision, Deny) and decision.is_tellable
    return one.complaint(decision, None).code_context if is_told else existence(one)


@given(caller=callers(DMP), record=records(), action=st.sampled_from(ACTIONS))
def test_to_whom_td02_says_nothing_a_record_is_like_none(caller, record, action):
    there, nowhere = visitor(caller, record), visitor(caller, None)
    assume(not there.may_know)
    assert existence(there) is None
    assert told(there, action) == told(nowhere, action) is not None


@settings(max_examples=300)
@given(data=st.data(), caller=callers(DMP), one=records(), action=st.sampled_from(ACTIONS))
def test_records_that_td02_does_not_tell_apart_refuse_alike(data, caller, one, action):
    people = data.draw(st.sampled_from(Standing)), data.draw(st.booleans())
    mine = person(caller.identity, people[0]) if people[1] else person("1", people[0])
    other = replace(data.draw(records()), state=one.state, people=(mine,))
    first, second = visitor(caller, one), visitor(caller, other)
    assume(td02(first) == td02(second))
    refusals = told(first, action), told(second, action)
    if None not in refusals:
        assert refusals[0] == refusals[1]


def test_of_a_closed_record_no_role_is_told_by_what_is_refused():
    caller = a_caller(patient="")
    closed = replace(unchosen(PATIENT_ID, DMP), is_chosen=True, state=RecordState.CLOSED)
    attending = replace(closed, people=(person(caller.identity, Standing.ATTENDING),))
    for action in ACTIONS:
        plain, known = visitor(caller, closed), visitor(caller, attending)
        assert existence(plain) == existence(known)
        assert told(plain, action) == told(known, action)
    assert told(known, Action.RESIGN_ATTENDING)[0] == "DMPClosed"


@given(caller=callers(DMP), record=records(), action=st.sampled_from(ACTIONS))
def test_what_is_permitted_is_what_the_pure_decision_permits(caller, record, action):
    one = visitor(caller, record)
    permitted = isinstance(one.decide(action), Permit) and one.may_know
    assert (told(one, action) is None) == permitted


@given(caller=callers(DMP), action=st.sampled_from(ACTIONS))
def test_nobody_does_anything_to_a_record_that_there_is_not(caller, action):
    assert told(visitor(caller, None), action) is not None


@pytest.mark.parametrize("action", ACTIONS)
def test_an_empty_policy_lets_nobody_in(action):
    caller = a_caller(patient="")
    one = visitor(caller, replace(unchosen(PATIENT_ID, DMP), is_chosen=True), Policy())
    assert told(one, action)[0] == "NotPermitted"
    assert not one.may_know
    assert one.choices == Choices()
