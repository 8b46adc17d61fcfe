"""What a caller may not see does not exist: answers are those of a Registry without it."""

import os
from contextlib import contextmanager
from dataclasses import replace

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from registry.access.facts import Depositor, write_facts
from registry.access.verdicts import Asker
from registry.iti18_stored_query import handle as iti18
from registry.iti51_multi_patient_query import handle as iti51
from registry.ledger import tables as t
from registry.ledger.api import Plan, Wanted
from registry.ledger.engine import open_engine
from registry.ledger.sql import SqlLedger
from registry.records.model import Person, Record
from tests.build.submission import OTHER_PATIENT, PATIENT, a_document_entry
from tests.registry.access.sights import Naive, write_access
from tests.registry.asked import slots_of
from tests.registry.build import MULTI_PATIENT, START, Registry, a_call, a_query, run
from tests.registry.two_registries import DOMAIN, Both
from tests.strategies import questions as q
from tests.strategies.steps import histories
from tests.xds.access.build import ELSEWHERE, LETTER, ME, MINE, OTHER, POLICY, ROLES, a_caller
from tests.xds.access.draw import callers
from xds.access.case import mode_of
from xds.access.model import Action, Deny, Mark, Mode, RecordState, Standing
from xds.limits import Limits
from xds.metadata.code import Code
from xds.metadata.hl7v2 import cx_key
from xds.metadata.views import read_document_entry

PATIENTS = (cx_key(PATIENT), cx_key(OTHER_PATIENT))
A_LETTER = replace(
    read_document_entry(a_document_entry()),
    type_code=Code(code=LETTER[0], scheme=LETTER[1]),
    authors=(),
)
KINDS = sorted(ROLES)


def lawful(examples: int):
    return settings(
        max_examples=int(os.environ.get("GREFFE_EXAMPLES", examples)),
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@st.composite
def facts(draw):
    """An access text: a letter, masked or not, of the caller's or of somebody else's."""
    marks = draw(st.sampled_from([(), (), (), (Mark.MASKED,), (Mark.HIDDEN_FROM_PATIENT,)]))
    codes = tuple(Code(code=str(m), scheme="1.2.250.1.213.1.1.4.13") for m in marks)
    depositor = Depositor(
        identity=draw(st.sampled_from([ME, OTHER, OTHER])),
        structure=draw(st.sampled_from([MINE, ELSEWHERE, ELSEWHERE])),
        is_patients=draw(st.sampled_from([False, False, True])),
    )
    type_code = draw(st.sampled_from([LETTER, LETTER, ("ATTEST-RESID", "1.2.250.1.213.1.1.4.12")]))
    entry = replace(
        A_LETTER,
        type_code=Code(code=type_code[0], scheme=type_code[1]),
        confidentiality_codes=codes,
    )
    return write_facts(entry, depositor)


def people(standing):
    ids = st.lists(st.sampled_from([ME, OTHER, MINE]), max_size=2, unique=True)
    return ids.map(lambda some: [Person(identity=i, standing=standing, since="") for i in some])


@st.composite
def records(draw):
    """What the patients chose; some chose nothing."""
    found = {}
    for patient in PATIENTS:
        if draw(st.sampled_from([False, True, True])):
            found[patient] = Record(
                patient_id=patient,
                state=draw(st.sampled_from([*(RecordState.OPEN,) * 4, RecordState.CLOSED])),
                since="20260101000000",
                people=(
                    *draw(people(Standing.AUTHORISED)),
                    *draw(st.sampled_from([(), (), ()]) | people(Standing.BLOCKED)),
                    *draw(st.just(()) | people(Standing.ATTENDING)),
                    *draw(people(Standing.REPRESENTATIVE)),
                ),
                regulation=draw(st.booleans()),
                break_glass=draw(st.booleans()),
                masked_in_emergency=draw(st.booleans()),
            )
    return found


near = st.builds(
    lambda kind, mode, how: a_caller(kind, str(mode), how=how, patient_concerned=""),
    st.sampled_from(KINDS),
    st.sampled_from([Mode.NORMAL, Mode.NORMAL, *Mode]),
    st.sampled_from(["", "", "indirect_renforcee"]),
)
askers = st.one_of(near, near, near, callers).map(
    lambda c: c if c.identity != "279035121518989" else replace(c, identity=PATIENT.split("^")[0])
)


@contextmanager
def a_registry(engine, steps):
    with engine.begin() as connection:
        for table in t.metadata.sorted_tables:
            connection.execute(sa.delete(table))
    both = Both(Registry.over(SqlLedger(engine), DOMAIN))
    for step in steps:
        both.take(step)
    yield both


@pytest.fixture
def engine(database_url):
    opened = open_engine(database_url)
    yield opened
    opened.dispose()


def an_answer(ledger, query, body, limits, *, caller=None, **policy):
    room = iti51.room if query in MULTI_PATIENT else iti18.room
    asking = room(ledger=ledger, limits=limits, **policy)
    return run(asking, a_call(body, caller=caller or a_caller(), instant=START))


def no_trace_of_what_is_hidden(engine, *, steps, asked, texts, chosen, caller, returns, results):
    limits = Limits(results=results, elements=max(results, 1) * 2)
    action = Action.FIND if returns == "LeafClass" else Action.FIND_REFERENCE
    with a_registry(engine, steps) as both:
        ledger = both.registry.ledger
        write_access(engine, lambda n: texts[n % len(texts)])
        for record in chosen.values():
            wanted = Wanted(patient_ids=frozenset({record.patient_id}))
            ledger.write(wanted, lambda unit, record=record: unit.save_record(record))
        naive = Naive(engine, chosen, caller=caller, action=action, policy=POLICY, instant=START)
        seen = naive.seen()
        event(f"hidden: {'none' if len(seen) == len(naive.rows) else 'some' if seen else 'all'}")
        bodies = [a_query(one.query, slots_of(one, both.held), returns=returns) for one in asked]
        came = [
            an_answer(ledger, one.query, body, limits, policy=POLICY, caller=caller)
            for one, body in zip(asked, bodies, strict=True)
        ]
        gone = frozenset(naive.rows) - seen
        ledger.write(Wanted(entry_uuids=gone), lambda unit: unit.apply(Plan(add=(), remove=gone)))
        for question, body, answer in zip(asked, bodies, came, strict=True):
            expected = an_answer(ledger, question.query, body, limits)
            if answer.codes == ("XDSRegistryError",):
                assert not answer.objects
                assert is_told_of_itself(caller, action, question)
                continue
            assert (answer.status, answer.codes) == (expected.status, expected.codes)
            assert answer.ids == expected.ids
            assert answer.body == expected.body


def is_told_of_itself(caller, action, question) -> bool:
    """Whether the message alone decides: then the reason says nothing of any record."""
    patients = tuple(map(cx_key, question.patients))
    before = Asker(caller=caller, policy=POLICY, instant=START).before(action, patients)
    return isinstance(before, Deny)


drawn = {
    "steps": histories,
    "asked": st.lists(q.questions, min_size=4, max_size=10),
    "texts": st.lists(facts(), min_size=1, max_size=5),
    "chosen": records(),
    "caller": askers,
    "returns": st.sampled_from(["LeafClass", "LeafClass", "ObjectRef"]),
    "results": st.sampled_from([100, 100, 1, 3]),
}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@lawful(60)
@given(**drawn)
def test_what_a_caller_may_not_see_does_not_exist_on_sqlite(engine, **case):
    no_trace_of_what_is_hidden(engine, **case)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@lawful(15)
@given(**drawn)
def test_what_a_caller_may_not_see_does_not_exist_on_postgresql(engine, **case):
    no_trace_of_what_is_hidden(engine, **case)


def test_the_law_meets_callers_who_see_some_all_and_nothing():
    """A law over callers who see all, or nothing, would not be one."""
    modes = set()

    @settings(max_examples=100, database=None)
    @given(askers)
    def collect(caller):
        modes.add(mode_of(caller, POLICY))

    collect()
    assert {Mode.NORMAL, Mode.REGULATION, Mode.BREAK_GLASS} <= modes
