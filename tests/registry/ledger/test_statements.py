"""One statement for one shape of a question; what differs in values only shares it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite

from registry.ledger import statements
from registry.ledger.api import (
    Columns,
    HasAuthor,
    HasCode,
    HasReference,
    Kind,
    Latest,
    Select,
    TimeRange,
    Touches,
)
from registry.ledger.statements import Statements
from registry.query.catalogue import MULTI_PATIENT_QUERIES, STORED_QUERIES
from registry.query.table import Form

PATIENT = Columns(column="patient_id", values=("p",))


def by_patient(*conditions, kind=Kind.DOCUMENT_ENTRY):
    return Select(kind=kind, where=(PATIENT, *conditions))


def codes(number):
    pairs = tuple((f"code{n}", f"scheme{n}") for n in range(number))
    return HasCode(attribute="classCode", codes=pairs)


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect()])
@given(first=st.integers(1, 40), second=st.integers(1, 40))
def test_a_shape_has_one_statement_and_every_value_its_mark(dialect, first, second):
    kept = Statements(dialect)
    texts = set()
    for number in (first, second):
        statement, values = kept.of(by_patient(codes(number)), 10)
        texts.add(statement.sql)
        assert set(values) == {"p", "classCode"} | {f"code{n}" for n in range(number)} | {
            f"scheme{n}" for n in range(number)
        }
        assert len(statement.parameters(values)) == len(values)
    assert (len(texts) == 1) is ((first - 1).bit_length() == (second - 1).bit_length())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (by_patient(), by_patient(kind=Kind.FOLDER)),
        (by_patient(), by_patient(Latest())),
        (
            by_patient(TimeRange(column="creation_time", lower="2")),
            by_patient(TimeRange(column="creation_time", upper="2")),
        ),
        (
            by_patient(TimeRange(column="creation_time", lower="2")),
            by_patient(TimeRange(column="service_start_time", lower="2")),
        ),
        (by_patient(HasAuthor(patterns=("a",))), by_patient(HasReference(patterns=("a",)))),
        (
            Select(kind=Kind.ASSOCIATION, where=(Touches(side="source", entry_uuids=("a",)),)),
            Select(kind=Kind.ASSOCIATION, where=(Touches(side="target", entry_uuids=("a",)),)),
        ),
    ],
)
def test_another_question_is_another_statement(one, other):
    kept = Statements(sqlite.dialect())
    assert kept.of(one, None)[0].sql != kept.of(other, None)[0].sql
    assert kept.of(one, None)[0].sql != kept.of(one, 7)[0].sql != kept.of(one, 8)[0].sql


def test_no_more_statements_are_kept_than_was_decided(monkeypatch):
    monkeypatch.setattr(statements, "KEPT", 3)
    kept = Statements(sqlite.dialect())
    for limit in range(10):
        kept.of(by_patient(), limit)
    assert len(kept._kept) == 3
    assert kept.of(by_patient(), 9)[0] is kept.of(by_patient(), 9)[0]


def test_no_values_are_no_objects():
    nothing = Select(kind=Kind.FOLDER, where=(Columns(column="entry_uuid", values=()),))
    statement, values = Statements(sqlite.dialect()).of(nothing, None)
    assert values == []
    assert statement.parameters(values) == ()


def test_every_coded_attribute_of_a_query_has_its_place_among_the_rare():
    for query in (*STORED_QUERIES, *MULTI_PATIENT_QUERIES):
        coded = {p.column for p in query.parameters if p.form is Form.CODE}
        assert coded <= set(statements.RAREST_FIRST), query.name


def test_without_a_patient_the_search_begins_with_the_rarest_code():
    common = HasCode(attribute="classCode", codes=(("a", "b"),))
    rare = HasCode(attribute="eventCodeList", codes=(("c", "d"),))
    select = Select(kind=Kind.DOCUMENT_ENTRY, where=(common, rare))
    statement, values = Statements(sqlite.dialect()).of(select, None)
    assert statement.sql.count("document_entries.entry_uuid IN") == 1
    assert statement.sql.index("EXISTS") < statement.sql.index("document_entries.entry_uuid IN")
    assert values == ["classCode", "a", "b", "eventCodeList", "c", "d"]
