"""Laws of the decision: what holds for any caller, any choices, any document."""

from dataclasses import fields, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.xds.access import draw, naive
from tests.xds.access.build import EARLIER, ELSEWHERE, ME, MINE, NOW, OTHER, PATIENT_ID, POLICY
from xds.access.decide import decide
from xds.access.model import (
    TELLABLE,
    Action,
    Choices,
    Deny,
    Document,
    Mark,
    Mode,
    Permit,
    RecordState,
    Resource,
)
from xds.access.policy import ANY_TRUSTED, Cell, Kind, Policy
from xds.security.caller import CodedValue

MANY = settings(max_examples=200, deadline=None)
question = given(draw.questions())


def permits(caller, choices, resource, action, policy=POLICY):
    return isinstance(decide(caller, choices, resource, action, policy, NOW), Permit)


@MANY
@question
def test_it_decides_as_a_second_slow_decision_does(asked):
    caller, choices, resource, _ = asked
    for action in Action:
        expected = naive.permits(caller, choices, resource, action, NOW)
        assert permits(caller, choices, resource, action) == expected, action


def test_the_drawn_questions_have_both_answers_for_every_action():
    seen = {(action, answer) for action in Action for answer in (True, False)}

    @settings(max_examples=500, deadline=None, database=None, derandomize=True)
    @question
    def ask(asked):
        caller, choices, resource, _ = asked
        for action in Action:
            seen.discard((action, permits(caller, choices, resource, action)))

    ask()
    assert seen == set()


texts = st.text(max_size=4)
codes = st.builds(CodedValue, code=texts, system=texts)
cells = st.dictionaries(st.sampled_from(sorted(Action)), st.sampled_from(sorted(Cell)))
anything = st.sampled_from(["*", "direct", "indirect", ""])
pairs = st.frozensets(st.tuples(st.sampled_from(["10", "*", "60", ""]), texts), max_size=2)
policies = st.builds(
    Policy,
    kinds=st.lists(
        st.builds(
            Kind,
            name=st.sampled_from(["doctor", "patient", "structure", "*", ""]),
            authentications=st.frozensets(anything, max_size=1),
            roles=pairs,
            specialties=st.just(frozenset()),
        ),
        max_size=3,
    ).map(tuple),
    attending_of=st.dictionaries(st.sampled_from(["doctor", "*"]), texts, max_size=1),
    patient_kinds=st.frozensets(st.just("patient")),
    purpose_systems=st.just(frozenset({"1.2.250.1.213.1.1.4.248", ""})),
    modes=st.just({str(mode): mode for mode in Mode}),
    functions=st.dictionaries(
        st.tuples(
            anything,
            st.sampled_from(["doctor", "patient", "structure", "*", "representative"]),
            st.sampled_from(sorted(Mode)),
        ),
        cells,
        max_size=6,
    ),
    types=st.dictionaries(st.tuples(texts, texts), st.booleans(), max_size=3),
    without_authorisation=st.frozensets(st.sampled_from(sorted(Action))),
    own_without_authorisation=st.frozensets(st.sampled_from(sorted(Action))),
    when_blocked=st.frozensets(st.sampled_from(sorted(Action)), max_size=3),
)


@MANY
@given(draw.callers, draw.choices, draw.resources, draw.actions, policies)
def test_it_never_raises_and_always_decides(caller, choices, resource, action, policy):
    decision = decide(caller, choices, resource, action, policy, NOW)
    assert isinstance(decision, Permit | Deny)
    assert decision == decide(caller, choices, resource, action, policy, NOW)


@given(
    draw.callers,
    st.builds(replace, draw.callers, identity=texts, patient_concerned=texts, structure=texts),
    codes,
    draw.choices,
    texts,
    draw.actions,
)
def test_odd_texts_do_not_raise(caller, odd, code, choices, patient_id, action):  # noqa: PLR0917
    for asking in (odd, replace(caller, roles=(code,), purpose_of_use=code)):
        decide(asking, choices, Resource(patient_id=patient_id), action, POLICY, NOW)


@given(draw.choices, st.booleans())
def test_times_without_a_zone_do_not_raise_and_let_nobody_in(choices, is_naive):
    until = NOW.replace(tzinfo=None) if is_naive else NOW
    instant = NOW if is_naive else NOW.replace(tzinfo=None)
    from tests.xds.access.build import a_caller

    spoiled = replace(choices, authorised={ME: until}, attending=frozenset())
    resource = Resource(patient_id=PATIENT_ID)
    assert isinstance(decide(a_caller(), spoiled, resource, Action.FIND, POLICY, instant), Deny)


@MANY
@question
def test_the_empty_policy_denies(asked):
    caller, choices, resource, action = asked
    decision = decide(caller, choices, resource, action, Policy(), NOW)
    assert isinstance(decision, Deny)
    assert decision.reason == "no_policy"
    for name in ("kinds", "functions", "modes", "purpose_systems"):
        lacking = replace(POLICY, **{name: type(getattr(POLICY, name))({})})
        assert not permits(caller, choices, resource, action, lacking), name


@question
def test_a_policy_without_types_shows_no_professional_anything(asked):
    caller, choices, resource, action = asked
    if permits(caller, choices, resource, action, replace(POLICY, types={})):
        document = resource.document
        is_theirs = document is not None and (
            document.is_patients
            or caller.identity in document.authors
            or caller.structure in document.structures | {document.depositor_structure}
        )
        is_patient = caller.roles[0].code == "EXP_PATIENT"
        assert (
            document is None
            or is_theirs
            or is_patient
            or action
            in (
                Action.SUBMIT,
                Action.SUBMIT_AS_SECRETARY,
            )
        )


@given(draw.callers, draw.choices, draw.resources, draw.actions)
def test_any_trusted_is_the_only_policy_that_permits_without_looking(
    caller, choices, resource, action
):
    assert permits(caller, choices, resource, action, ANY_TRUSTED)
    trusting = [f.name for f in fields(Policy) if f.name.startswith("permits")]
    assert trusting == ["permits_any_trusted"]


@MANY
@question
def test_an_unknown_role_denies(asked):
    caller, choices, resource, action = asked
    for role in ((), (CodedValue(code="77", system="1.2.250.1.71.1.2.7"),)):
        for mode in ("direct", "indirect", "indirect_renforcee", ""):
            asking = replace(caller, roles=role, authentication_mode=mode)
            decision = decide(asking, choices, resource, action, POLICY, NOW)
            assert isinstance(decision, Deny)
            assert decision.reason in TELLABLE


# --- what restricts never opens


def _stricter(choices):
    """Every way in which a patient can restrict more."""
    yield replace(choices, state=RecordState.CLOSED)
    yield replace(choices, regulation=False)
    yield replace(choices, break_glass=False)
    yield replace(choices, masked_in_emergency=False)
    yield replace(choices, masks_new=True)
    yield replace(choices, authorised={})
    yield replace(choices, authorised=dict.fromkeys(choices.authorised, EARLIER))
    yield replace(choices, attending=frozenset())
    yield replace(choices, representatives=frozenset())
    for name in (ME, OTHER, MINE, ELSEWHERE, ""):
        yield replace(choices, blocked=choices.blocked | {name})
        yield replace(
            choices, authorised={k: v for k, v in choices.authorised.items() if k != name}
        )
        yield replace(choices, attending=choices.attending - {name})


@MANY
@question
def test_no_choice_that_restricts_turns_a_denial_into_a_permission(asked):
    caller, choices, resource, action = asked
    if not permits(caller, choices, resource, action):
        for stricter in _stricter(choices):
            assert not permits(caller, stricter, resource, action)


@MANY
@question
def test_no_mark_and_no_withdrawal_turns_a_denial_into_a_permission(asked):
    caller, choices, resource, action = asked
    document = resource.document
    if document is None or permits(caller, choices, resource, action):
        return
    stricter = [replace(document, marks=document.marks | {mark}) for mark in Mark]
    for changed in (replace(document, is_withdrawn=True), *stricter):
        assert not permits(caller, choices, replace(resource, document=changed), action)


@MANY
@question
def test_a_closed_record_keeps_only_what_the_policy_names(asked):
    caller, choices, resource, action = asked
    closed = replace(choices, state=RecordState.CLOSED)
    if permits(caller, closed, resource, action):
        assert action in POLICY.when_closed


@MANY
@question
def test_who_is_blocked_deposits_at_most(asked):
    caller, choices, resource, action = asked
    for name in {caller.identity, caller.structure} - {""}:
        blocked = replace(choices, blocked=frozenset({name}))
        if permits(caller, blocked, resource, action):
            assert action in (Action.SUBMIT, Action.SUBMIT_AS_SECRETARY, Action.TEST_EXISTENCE)


# --- what may be told


@MANY
@question
def test_what_may_be_told_follows_from_the_message_and_not_from_the_document(asked):
    caller, choices, resource, action = asked
    decision = decide(caller, choices, resource, action, POLICY, NOW)
    if isinstance(decision, Deny) and decision.is_tellable:
        bare = Resource(patient_id=resource.patient_id)
        assert decide(caller, choices, bare, action, POLICY, NOW) == decision
        # Of the choices, only what the caller itself is to the patient.
        own = Choices(attending=choices.attending, representatives=choices.representatives)
        assert decide(caller, own, bare, action, POLICY, NOW) == decision


# --- nothing matches nothing


EMPTY = Document(
    type_code=("11488-4", "2.16.840.1.113883.6.1"),
    authors=frozenset({""}),
    structures=frozenset({""}),
)
NAMES_NOBODY = Choices(
    authorised={"": None},
    attending=frozenset({""}),
    representatives=frozenset({""}),
)


@MANY
@given(draw.callers, draw.actions, st.sampled_from([None, EMPTY]))
def test_an_empty_id_is_nobodys(caller, action, document):
    """Empty identities and structures match neither choices nor documents."""
    nobody = replace(caller, identity="")
    resource = Resource(patient_id=PATIENT_ID, document=document)
    assert not permits(nobody, NAMES_NOBODY, resource, action)
    assert not permits(nobody, NAMES_NOBODY, Resource(patient_id=""), action)
    adrift = replace(caller, structure="")
    assert permits(adrift, NAMES_NOBODY, resource, action) == permits(
        adrift, Choices(), resource, action
    )
