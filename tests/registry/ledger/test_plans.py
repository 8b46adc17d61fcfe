"""No stored query reads a whole table: the databases' own plans, asked for."""

import re

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from registry.ledger import tables as t
from registry.ledger.reading import statement_for
from registry.query.catalogue import STORED_QUERIES
from registry.query.table import Form, Parameter
from tests.build.submission import PATIENT, a_submission
from tests.registry.build import text, texts
from xds.metadata import vocabulary as v

VALUES = {
    Form.TEXT: texts("1.2.3"),
    Form.PATIENT: text(PATIENT),
    Form.CODE: texts("a^^b"),
    Form.AUTHOR: texts("%Dupont%"),
    Form.REFERENCE: texts("1%"),
    Form.TIME_FROM: "2020",
    Form.TIME_TO: "2030",
    Form.STATUS: texts(v.APPROVED),
    Form.OBJECT_TYPE: texts(v.STABLE),
    Form.GIVEN: texts("urn:uuid:1", v.APPEND),
}
WHOLE = re.compile(r"^SCAN (?!CONSTANT ROW)|Seq Scan on |Index Scan using pk_")
"""A walk along the primary key is a whole table too."""


def asked(parameters: tuple[Parameter, ...], *, is_full: bool):
    """Slots of every parameter, or only of those that must be there."""
    return [(p.name, VALUES[p.form]) for p in parameters if is_full or p.is_required]


@pytest.mark.parametrize("is_full", [True, False], ids=["every parameter", "required only"])
@pytest.mark.parametrize("query", STORED_QUERIES, ids=[q.name for q in STORED_QUERIES])
def test_no_query_reads_a_whole_table(registry, query, is_full, monkeypatch):
    registry.registered(*a_submission(folders=1))
    selected = []

    def remembered(wanted):
        selected.append(statement_for(wanted))
        return selected[-1]

    monkeypatch.setattr("registry.ledger.reading.statement_for", remembered)
    names = query.exactly_one_of or ("",)
    for only in names:
        slots = [s for s in asked(query.parameters, is_full=is_full) if s[0] not in names]
        if only:
            one = f"urn:uuid:{'0' * 8}-0000-0000-0000-{'0' * 12}"
            slots.append((only, text(one)))
        answer = registry.ask(query.name, slots)
        assert answer.status == "Success", [c.code_context for c in answer.complaints]
    assert selected
    engine = registry.ledger._engine
    for statement in selected:
        for line in plan_of(engine, statement):
            found = WHOLE.search(line)
            assert found is None, f"{line}\n{statement}"


def plan_of(engine: sa.Engine, statement) -> list[str]:
    is_sqlite = engine.dialect.name == "sqlite"
    dialect = sqlite.dialect() if is_sqlite else postgresql.dialect()
    sql = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    with engine.connect() as connection:
        if is_sqlite:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")
            return [row[3] for row in rows]
        # Tables of one row are read whole, and rightly so: what counts is whether an index fits.
        connection.exec_driver_sql("SET enable_seqscan = off")
        sql = sql.replace("%%", "%")
        rows = connection.execution_options(no_parameters=True).exec_driver_sql(f"EXPLAIN {sql}")
        return [row[0] for row in rows]


def test_a_whole_table_would_be_seen(ledger):
    statement = sa.select(t.authors.c.seq).where(t.authors.c.person == "x")
    assert any(WHOLE.search(line) for line in plan_of(ledger._engine, statement))
