"""The Registry and a naive one, written apart, give the same answers to the same history.

`GREFFE_EXAMPLES=1000` makes each law try so many histories.
"""

import os
import uuid
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from registry.ledger import tables as t
from registry.ledger.engine import open_engine
from registry.ledger.sql import SqlLedger
from registry.query.catalogue import MULTI_PATIENT_QUERIES, STORED_QUERIES
from tests.build.submission import a_document_entry, a_submission_set
from tests.registry.build import Registry
from tests.registry.naive import registering
from tests.registry.two_registries import DOMAIN, Both
from tests.strategies import questions as q
from tests.strategies.steps import histories


@contextmanager
def two_registries(engine):
    """An empty Registry and an empty naive one."""
    with engine.begin() as connection:
        for table in t.metadata.sorted_tables:
            connection.execute(sa.delete(table))
    yield Both(Registry.over(SqlLedger(engine), DOMAIN))


@pytest.fixture
def engine(database_url):
    opened = open_engine(database_url)
    yield opened
    opened.dispose()


def lawful(examples: int):
    return settings(
        max_examples=int(os.environ.get("GREFFE_EXAMPLES", examples)),
        deadline=None,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def agree(engine, steps, asked) -> None:
    with two_registries(engine) as both:
        for step in steps:
            both.take(step)
        for question in asked:
            both.ask(question)


asked = st.lists(q.questions, min_size=6, max_size=14)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@lawful(80)
@given(steps=histories, asked=asked)
def test_two_registries_written_apart_agree_on_sqlite(engine, steps, asked):
    agree(engine, steps, asked)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@lawful(20)
@given(steps=histories, asked=asked)
def test_two_registries_written_apart_agree_on_postgresql(engine, steps, asked):
    agree(engine, steps, asked)


def test_every_query_of_the_catalogue_is_asked():
    seen = set()

    @settings(max_examples=400, database=None)
    @given(q.questions)
    def collect(question):
        seen.add(question.query)

    collect()
    assert seen == {query.name for query in (*STORED_QUERIES, *MULTI_PATIENT_QUERIES)}


def test_the_naive_registry_can_disagree(sqlite_registry):
    """A law that cannot fail is none: a naive registry that knows something else is found out."""
    both = Both(sqlite_registry)
    objects = [a_submission_set("urn:uuid:" + str(uuid.UUID(int=1))), a_document_entry()]
    registering.register(both.held, objects, "2026")
    with pytest.raises(AssertionError):
        both.compare_all()
