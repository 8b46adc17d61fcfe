"""ITI-79: what the Registry decides about documents, over real ledgers and the French policy."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from registry.access.facts import read_facts
from registry.iti57_update import handle as iti57
from registry.iti79_authorize import handle as iti79
from registry.iti79_authorize.rules import judge
from registry.ledger.api import LedgerBusyError, Wanted
from registry.records.model import Person, unchosen
from tests.build.submission import (
    OPEN_DOMAIN,
    OTHER_PATIENT,
    PATIENT,
    REPOSITORY,
    ROOT,
    SUBMISSION_SET_ID,
    a_document_entry,
    a_submission_set,
    has_member,
    with_classification,
    without_scheme,
)
from tests.build.submission import a_code as coded
from tests.build.update import a_version
from tests.registry.build import START, a_call, run
from xds.access.decide import decide
from xds.access.decision_query import AskedDocument, write_decision_query
from xds.access.decision_response import read_decisions
from xds.access.model import (
    Action,
    Choices,
    Deny,
    Mark,
    Mode,
    Obligation,
    Permit,
    Reason,
    RecordState,
    Resource,
    Standing,
)
from xds.access.policy import ANY_TRUSTED
from xds.access.reading import load_policy
from xds.contract import DECISION_BODY, load_schema
from xds.domain import load_domain
from xds.ebrim.submit import write_submit_objects
from xds.errors import Refusal
from xds.metadata import vocabulary as v
from xds.metadata.hl7v2 import cx_key
from xds.security.caller import Caller, CodedValue

POLICY = load_policy(load_domain("dmp"))
LATER = START.replace(hour=18)
AUTHOR = "801234567897"
DOCUMENT = f"{ROOT}.79.1"
PURPOSES = "1.2.250.1.213.1.1.4.248"
REPOSITORY_NAME = "CN=repository"
FRENCH_DOCTOR = (
    CodedValue(code="10", system="1.2.250.1.71.1.2.7"),
    CodedValue(code="SM26", system="1.2.250.1.71.4.2.5"),
)
SECRETARY = (CodedValue(code="SECRETARIAT_MEDICAL", system="1.2.250.1.213.1.1.4.6"),)


def a_doctor(identity="899700000001", *, mode="normal", reason="", roles=FRENCH_DOCTOR, **more):
    return Caller(
        identity=identity,
        issuer="CN=issuer",
        roles=roles,
        purpose_of_use=CodedValue(code=mode, system=PURPOSES),
        emergency_reason=reason,
        authentication_mode="direct",
        vouched_by=REPOSITORY_NAME,
        **more,
    )


DOCTOR = a_doctor()


@dataclass
class Told:
    """Who was told of an emergency."""

    calls: list = field(default_factory=list)
    failure: Exception | None = None

    def tell(self, patient_ids, caller, mode, instant, within=None):
        if self.failure:
            raise self.failure
        self.calls.append((tuple(patient_ids), caller.identity, mode))


class Node:
    """The room over a ledger whose entries a test registers."""

    def __init__(self, registry, policy=POLICY):
        self.registry = registry
        self.told = Told()
        self.room = iti79.room(
            ledger=registry.ledger,
            policy=policy,
            clock=lambda: START,
            telling=self.told,
            issuer="urn:registry",
            new_id=lambda: "_r",
        )

    def register(self, unique_id=DOCUMENT, *, patient=PATIENT, masked=False, repository=REPOSITORY):
        entry = a_document_entry(patient=patient, unique_id=unique_id)
        entry = entry.with_slot("repositoryUniqueId", repository)
        if masked:
            entry = with_classification(without_scheme(entry, v.CONFIDENTIALITY_CODE), MASKED)
        number = next(self.registry.clock)
        self.registry.registered(
            entry,
            a_submission_set(patient=patient, unique_id=f"{ROOT}.790.{number}"),
            has_member(SUBMISSION_SET_ID, entry.id, status=v.ORIGINAL),
        )

    def update(self, previous, *, masked):
        """Register a new version of the one document's metadata."""
        entry = without_scheme(self.registry.entry(DOCUMENT), v.CONFIDENTIALITY_CODE)
        changed = with_classification(entry, MASKED if masked else NORMAL)
        room = iti57.room(ledger=self.registry.ledger, domain=OPEN_DOMAIN, identifier_checks={})
        call = a_call(write_submit_objects(a_version(changed, previous)), instant=LATER)
        assert run(room, call).status == "Success"

    def choose(self, patient=PATIENT, **choices):
        """Save a record."""
        key = cx_key(patient)
        record = replace(
            unchosen(key, POLICY), **{"since": "20260101000000", "is_chosen": True, **choices}
        )
        wanted = Wanted(patient_ids=frozenset({key}))

        def work(unit):
            unit.look_up(wanted)
            unit.save_record(record)

        self.registry.ledger.write(wanted, work)

    def authorise(self, patient=PATIENT, caller=DOCTOR, **choices):
        self.choose(patient, people=(somebody(Standing.AUTHORISED, caller),), **choices)

    def ask(self, *unique_ids, caller=DOCTOR, action=Action.CONSULT, repository=REPOSITORY):
        """The verdicts, and the trail's view, of a question."""
        outcome = self.room.handle(
            a_call(a_question(unique_ids, caller, action, repository), caller=caller)
        )
        answer = etree.fromstring(b"".join(outcome.answer.body))
        load_schema(DECISION_BODY).assertValid(answer)
        return read_decisions(answer, "_q"), outcome.concerned

    def permits(self, unique_id=DOCUMENT, **how):
        verdicts, _ = self.ask(unique_id, **how)
        return verdicts[unique_id].is_permitted


MASKED, NORMAL = (
    coded("Document01", v.CONFIDENTIALITY_CODE, code, "1.2.250.1.213.1.1.4.13", code)
    for code in ("MASQUE_PS", "N")
)


def a_question(unique_ids, caller=DOCTOR, action=Action.CONSULT, repository=REPOSITORY):
    return write_decision_query(
        caller,
        [AskedDocument(document_unique_id=o, repository_unique_id=repository) for o in unique_ids],
        action,
        query_id="_q",
        instant=START,
    )


def somebody(standing, caller=DOCTOR):
    return Person(identity=caller.identity, standing=standing, since="20260101000000")


@pytest.fixture
def node(registry):
    return Node(registry)


@pytest.fixture
def sqlite_node(sqlite_registry):
    return Node(sqlite_registry)


def test_who_is_authorised_may_see_and_nobody_else(node):
    node.register()
    node.authorise()
    verdicts, concerned = node.ask(DOCUMENT)
    assert verdicts[DOCUMENT].is_permitted
    assert verdicts[DOCUMENT].basis == "authorised"
    assert concerned.decision == "permit: authorised"
    assert not node.permits(caller=a_doctor("899700000002"))


def test_a_record_in_which_nothing_was_chosen_shows_nothing_to_a_stranger(node):
    node.register()
    verdicts, concerned = node.ask(DOCUMENT)
    assert not verdicts[DOCUMENT].is_permitted
    assert concerned.decision == "deny: not_authorised"
    assert node.permits(caller=a_doctor(AUTHOR)), "its author sees it all the same"


def test_what_is_not_registered_is_denied_like_what_is_hidden(node):
    node.register()
    hidden, unknown = node.ask(DOCUMENT)[0][DOCUMENT], node.ask("9.9")[0]["9.9"]
    assert replace(unknown, document_unique_id=DOCUMENT) == hidden
    assert node.ask("9.9")[1].decision == "deny: unregistered"


def test_a_choice_takes_effect_at_once(node):
    node.register()
    node.authorise()
    assert node.permits()
    node.choose(people=(somebody(Standing.BLOCKED),))
    assert not node.permits()
    node.authorise(state=RecordState.CLOSED)
    assert not node.permits()
    node.authorise()
    assert node.permits()


def test_a_masked_document_is_for_its_author_and_the_attending_doctor(node):
    node.register(masked=True)
    node.authorise()
    assert not node.permits()
    assert node.ask(DOCUMENT)[1].decision == "deny: masked"
    assert node.permits(caller=a_doctor(AUTHOR))
    node.choose(people=(somebody(Standing.ATTENDING),))
    assert node.permits()


def test_a_document_that_is_registered_for_another_patient_too_is_not_opened_by_that(node):
    """The attack: who may see a record registers somebody else's uniqueId in it."""
    node.register(patient=OTHER_PATIENT)
    node.authorise(PATIENT)
    assert not node.permits()
    node.register(patient=PATIENT)
    verdicts, concerned = node.ask(DOCUMENT)
    assert not verdicts[DOCUMENT].is_permitted
    assert concerned.decision == "permit: authorised; deny: not_authorised"
    assert concerned.patients == (cx_key(OTHER_PATIENT), cx_key(PATIENT))
    node.authorise(OTHER_PATIENT)
    assert node.permits(), "both patients authorise now"


def test_one_entry_that_is_masked_masks_the_document(node):
    node.register()
    node.authorise()
    assert node.permits()
    node.register(masked=True)
    assert not node.permits()


def test_an_entry_that_says_that_the_document_is_elsewhere_opens_nothing_here(node):
    node.authorise()
    node.register(repository="1.2.3")
    assert not node.permits()
    assert node.permits(repository="1.2.3")
    node.register()
    assert node.permits()


def test_an_entry_elsewhere_must_permit_too(node):
    node.register()
    node.authorise()
    node.register(patient=OTHER_PATIENT, repository="1.2.3")
    assert not node.permits()


def test_a_question_about_many_is_answered_for_each(node):
    node.authorise()
    node.register()
    node.register(f"{DOCUMENT}.2", patient=OTHER_PATIENT)
    node.register(f"{DOCUMENT}.3", masked=True)
    asked = (f"{DOCUMENT}.3", f"{DOCUMENT}.4", DOCUMENT, f"{DOCUMENT}.2")
    verdicts, concerned = node.ask(*asked)
    assert list(verdicts) == list(asked)
    assert [v.is_permitted for v in verdicts.values()] == [False, False, True, False]
    assert concerned.documents == asked
    assert [(a.id, a.is_refused) for a in concerned.about] == [
        (one, not verdicts[one].is_permitted) for one in asked
    ]
    assert concerned.about[2].patient == cx_key(PATIENT)
    assert b"<Request" in concerned.query


def test_the_last_version_of_the_metadata_decides_in_either_direction(node):
    """Not what an earlier version said, but what is so now."""
    node.register()
    node.authorise()
    for number, masked, is_permitted in (("1", True, False), ("2", False, True)):
        node.update(number, masked=masked)
        assert node.permits() is is_permitted


EMERGENCY = a_doctor(mode="bris_de_glace", reason="unconscious")


def test_an_emergency_opens_what_the_patient_did_not_oppose_and_the_patient_is_told(node):
    node.register()
    node.register("1.1", masked=True)
    verdicts, concerned = node.ask(DOCUMENT, "1.1", caller=EMERGENCY)
    assert verdicts[DOCUMENT].obligations == {Obligation.TRACE_EMERGENCY, Obligation.TELL_PATIENT}
    assert not verdicts["1.1"].is_permitted, "what is masked stays so"
    assert concerned.is_emergency
    assert node.told.calls == [((cx_key(PATIENT),), EMERGENCY.identity, Mode.BREAK_GLASS)]


@pytest.mark.parametrize(
    "choices",
    [
        {"break_glass": False},
        {"state": RecordState.CLOSED},
        {"people": (somebody(Standing.BLOCKED),)},
    ],
    ids=["opposed", "closed", "blocked"],
)
def test_an_emergency_opens_nothing_that_the_patient_closed_to_it(node, choices):
    node.register()
    node.choose(**choices)
    verdicts, concerned = node.ask(DOCUMENT, caller=EMERGENCY)
    assert not verdicts[DOCUMENT].is_permitted
    assert not verdicts[DOCUMENT].rule, "and why is not told"
    assert not concerned.is_emergency
    assert node.told.calls == []


def test_nothing_is_permitted_when_the_patient_cannot_be_told(node):
    node.register()
    node.told.failure = LedgerBusyError()
    with pytest.raises(Refusal) as caught:
        node.ask(DOCUMENT, caller=EMERGENCY)
    body = node.room.refuse(caught.value.complaints, None)
    with pytest.raises(ValueError, match="Responder"):
        read_decisions(etree.fromstring(body), "_q")


TELLABLE = {
    "no role": (a_doctor(roles=()), Reason.ROLE_UNKNOWN),
    "no specialty": (a_doctor(roles=FRENCH_DOCTOR[:1]), Reason.ROLE_UNKNOWN),
    "no reason": (a_doctor(mode="bris_de_glace"), Reason.NO_EMERGENCY_REASON),
    "another purpose": (a_doctor(mode="research"), Reason.MODE_UNKNOWN),
    "a secretary": (a_doctor(roles=SECRETARY), Reason.FUNCTION),
}


@pytest.mark.parametrize(("caller", "reason"), TELLABLE.values(), ids=TELLABLE.keys())
def test_what_follows_from_the_assertion_is_told_of_what_exists_and_of_what_does_not(
    sqlite_node, caller, reason
):
    node = sqlite_node
    node.register()
    verdicts, _ = node.ask(DOCUMENT, "9.9", caller=caller)
    for verdict in verdicts.values():
        assert not verdict.is_permitted
        assert verdict.reason == reason
        assert verdict.rule
    known, unknown = verdicts.values()
    assert replace(unknown, document_unique_id=DOCUMENT) == known


def test_an_assertion_about_another_patient_opens_nothing_and_is_not_told_whose_it_is(node):
    node.register()
    node.authorise()
    caller = a_doctor(patient_concerned=OTHER_PATIENT)
    verdicts, concerned = node.ask(DOCUMENT, "9.9", caller=caller)
    assert not any(v.is_permitted or v.rule for v in verdicts.values())
    assert "deny: other_patient" in concerned.decision
    assert node.permits(caller=a_doctor(patient_concerned=PATIENT))


def test_a_removal_is_for_the_author(node):
    node.register()
    node.authorise()
    assert not node.permits(action=Action.DELETE)
    assert node.permits(action=Action.DELETE, caller=a_doctor(AUTHOR))


def test_where_every_trusted_caller_may_all_what_is_registered_is_permitted(sqlite_registry):
    node = Node(sqlite_registry, ANY_TRUSTED)
    node.register()
    verdicts, _ = node.ask(DOCUMENT, "9.9", caller=Caller(identity="x", issuer="y"))
    assert [v.is_permitted for v in verdicts.values()] == [True, False]


def test_a_question_about_somebody_else_than_the_assertion_is_refused(sqlite_node):
    body = a_question((DOCUMENT,), a_doctor("somebody-else"))
    with pytest.raises(Refusal) as caught:
        sqlite_node.room.handle(a_call(body, caller=DOCTOR))
    call = a_call(body, caller=DOCTOR)
    answer = etree.fromstring(sqlite_node.room.refuse(caught.value.complaints, call.request))
    load_schema(DECISION_BODY).assertValid(answer)
    with pytest.raises(ValueError, match=r"Requester.*subject-id"):
        read_decisions(answer, "_q")


def test_a_misshapen_question_is_refused_as_a_whole(sqlite_node):
    body = a_question((DOCUMENT,)).replace(b"<Environment/>", b"")
    with pytest.raises(Refusal, match="XDSRegistryError"):
        sqlite_node.room.handle(a_call(body, caller=DOCTOR))


# -- the law: every entry must permit, and the pure decision says whether one does ---------------

PATIENTS = (cx_key(PATIENT), cx_key(OTHER_PATIENT))
ACCESS = st.fixed_dictionaries(
    {
        "patient": st.sampled_from(PATIENTS),
        "masked": st.booleans(),
        "hidden": st.booleans(),
        "own": st.booleans(),
        "approved": st.booleans(),
    }
)
CHOICES = st.builds(
    Choices,
    state=st.sampled_from(RecordState),
    authorised=st.sampled_from([{}, {DOCTOR.identity: None}, {DOCTOR.identity: START}]),
    blocked=st.sampled_from([frozenset(), frozenset({DOCTOR.identity})]),
    attending=st.sampled_from([frozenset(), frozenset({DOCTOR.identity})]),
    break_glass=st.booleans(),
    masked_in_emergency=st.booleans(),
)


def access_class(one):
    marks = [str(Mark.HIDDEN_FROM_PATIENT)] * one["hidden"] + [str(Mark.MASKED)] * one["masked"]
    authors = f'["{DOCTOR.identity}"]' if one["own"] else "[]"
    text = (
        f'{{"type":["34108-1","2.16.840.1.113883.6.1"],"marks":{marks!r},"authors":{authors},'
        f'"structures":[],"depositor":"","structure":"","patients":false}}'
    ).replace("'", '"')
    return one["patient"], text, v.APPROVED if one["approved"] else v.DEPRECATED


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    entries=st.lists(ACCESS.map(access_class), max_size=4),
    choices=st.fixed_dictionaries(dict.fromkeys(PATIENTS, CHOICES)),
    caller=st.sampled_from([DOCTOR, EMERGENCY, a_doctor(roles=())]),
    action=st.sampled_from([Action.CONSULT, Action.DELETE]),
    is_here=st.booleans(),
)
def test_a_document_is_permitted_if_every_entry_permits_it(
    entries, choices, caller, action, is_here
):
    def decision(of):
        patient_id, access, status = of
        resource = Resource(patient_id=patient_id, document=read_facts(access, status))
        return decide(caller, choices[patient_id], resource, action, POLICY, START)

    asked = AskedDocument(document_unique_id="1", repository_unique_id="2")
    judged = judge(asked, entries, is_here=is_here, decide=decision, told=None)
    decisions = [decision(one) for one in entries]
    expected = is_here and bool(entries) and not any(isinstance(d, Deny) for d in decisions)
    assert judged.verdict.is_permitted == expected
    obligations = [d.obligations for d in decisions if isinstance(d, Permit)] if expected else []
    assert judged.verdict.obligations == frozenset().union(*obligations)
    more = judge(asked, entries * 2, is_here=is_here, decide=decision, told=None)
    assert more.verdict == judged.verdict
