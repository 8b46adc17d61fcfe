"""No stored query reads a whole table, on either database; what a killed process wrote is whole."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from registry.iti18_stored_query.catalogue import STORED_QUERIES, Form
from registry.ledger.sql import open_ledger
from tests.build.submission import PATIENT, a_submission
from tests.registry.build import APPROVED, Registry, texts
from xds.metadata import vocabulary as v

ROOT = Path(__file__).resolve().parents[3]
VALUES = {
    Form.TEXT: "'urn:uuid:00000000-0000-4000-8000-000000000001'",
    Form.PATIENT: f"'{PATIENT}'",
    Form.CODE: "('a^^b','c^^d')",
    Form.AUTHOR: "('%a%')",
    Form.REFERENCE: "('%a%')",
    Form.TIME_FROM: "2004",
    Form.TIME_TO: "2027",
    Form.STATUS: APPROVED,
    Form.OBJECT_TYPE: f"('{v.STABLE}')",
    Form.GIVEN: "('urn:uuid:00000000-0000-4000-8000-000000000001')",
}


def statements(registry, ask) -> list[tuple[str, object]]:
    """What a query sends to the database."""
    sent = []

    def remember(_conn, _cursor, statement, parameters, _context, _many):
        sent.append((statement, parameters))

    engine = registry.ledger._engine
    event.listen(engine, "before_cursor_execute", remember)
    try:
        ask()
    finally:
        event.remove(engine, "before_cursor_execute", remember)
    return [s for s in sent if s[0].startswith("SELECT")]


def plan(registry, statement, parameters) -> str:
    engine = registry.ledger._engine
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            return "\n".join(row[3] for row in rows)
        # Tables of a test are so small that reading them whole is right: forbid it.
        for path in ("seqscan", "sort"):
            connection.execute(sa.text(f"SET LOCAL enable_{path} = off"))
        rows = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
        return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize("query", STORED_QUERIES, ids=lambda q: q.name)
@pytest.mark.parametrize("is_full", [False, True], ids=["required", "all-parameters"])
def test_a_stored_query_reads_no_table_whole(registry, query, is_full):
    registry.registered(*a_submission(entries=2, folders=1))
    ids = texts(*registry.everything(returns="ObjectRef").ids)
    chosen = query.exactly_one_of[:1]
    slots = {
        p.name: ids if p.form is Form.GIVEN and p.name == "$uuid" else VALUES[p.form]
        for p in query.parameters
        if (is_full or p.is_required or p.name in chosen)
        and (p.name not in query.exactly_one_of or p.name in chosen)
    }
    sent = statements(registry, lambda: registry.ask(query.name, slots))
    assert sent
    for statement, parameters in sent:
        shown = plan(registry, statement, parameters)
        lines = [line for line in shown.splitlines() if "CONSTANT ROW" not in line]
        whole = [line for line in lines if line.startswith("SCAN ") or "Seq Scan" in line]
        assert whole == [], f"{statement}\n{shown}"


WRITER = """
import sys
from tests.build.submission import a_submission
from tests.registry.build import Registry
from tests.registry.iti42_register.test_room import fresh
from registry.ledger.sql import open_ledger

registry = Registry.over(open_ledger(sys.argv[1]))
while True:
    answer = registry.register(*fresh(a_submission(entries=2, folders=1)))
    print(answer.status, flush=True)
"""


def test_a_process_killed_while_it_writes_leaves_whole_submissions(database_url):
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, database_url],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        told = [writer.stdout.readline().strip() for _ in range(5)]
        time.sleep(0.013)  # any moment will do: somewhere inside a submission
    finally:
        writer.send_signal(signal.SIGKILL)
        rest, _ = writer.communicate()
    told += rest.split()
    ledger = open_ledger(database_url)
    registry = Registry.over(ledger)
    answer = registry.everything()
    each = len(a_submission(entries=2, folders=1))
    assert set(told) == {"Success"}
    assert len(answer.objects) % each == 0
    assert len(answer.objects) // each in {len(told), len(told) + 1}
    registry.registered(*a_submission())
    ledger.close()
