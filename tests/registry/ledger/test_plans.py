"""No stored query reads a whole table: the databases' own plans, asked for.

Every statement that a query really sends, as it is sent, is put to EXPLAIN with the same values.
"""

import re
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from registry.ledger import tables as t
from registry.ledger.api import AccessIs, Columns, Kind, Select
from registry.query.catalogue import MULTI_PATIENT_QUERIES, STORED_QUERIES
from registry.query.table import Form, Parameter
from tests.build.submission import PATIENT, a_submission
from tests.registry.build import text, texts
from xds.access.model import Standing
from xds.metadata import vocabulary as v

VALUES = {
    Form.TEXT: texts("1.2.3"),
    Form.PATIENT: text(PATIENT),
    Form.CODE: texts("a^^b", "c^^d"),
    Form.AUTHOR: texts("%Dupont%"),
    Form.REFERENCE: texts("1%"),
    Form.TIME_FROM: "2020",
    Form.TIME_TO: "2030",
    Form.STATUS: texts(v.APPROVED, v.DEPRECATED),
    Form.OBJECT_TYPE: texts(v.STABLE),
    Form.GIVEN: texts("urn:uuid:1", v.APPEND),
    Form.LEVEL: "1",
}
WHOLE = re.compile(r"^SCAN (?!(\d+ )?CONSTANT ROW)|Seq Scan on |Index Scan using pk_")
"""A walk along the primary key is a whole table too; a list of values in the question is none."""
SOME_UUID = f"urn:uuid:{'0' * 8}-0000-0000-0000-{'0' * 12}"
NARROWEST = ("required only", "every parameter", "level 2")


def asked(parameters: tuple[Parameter, ...], narrow: str):
    """Slots of every parameter, or only of those that must be there."""
    is_full = narrow == "every parameter"
    slots = [
        (p.name, VALUES[p.form])
        for p in parameters
        if p.is_required or (is_full and p.least_level == 1)
    ]
    return [*slots, ("$MetadataLevel", "2")] if narrow == "level 2" else slots


def ways_to_ask(query, narrow):
    """Slots for each choice that the query offers: by id, by patient, by code."""
    for only in query.exactly_one_of or query.at_least_one_of or ("",):
        others = {*query.exactly_one_of, *query.at_least_one_of}
        slots = [s for s in asked(query.parameters, narrow) if s[0] not in others]
        if only:
            form = next(p.form for p in query.parameters if p.name == only)
            slots.append((only, text(SOME_UUID) if form is Form.TEXT else VALUES[form]))
        if only.endswith("LogicalID"):
            slots = [s for s in slots if s[0] != "$MetadataLevel"] + [("$MetadataLevel", "2")]
        yield slots


@contextmanager
def statements_of(engine: sa.Engine):
    """What is sent to the database meanwhile, with its values."""
    sent = []

    def remember(_connection, _cursor, statement, parameters, _context, _many):
        if statement.lstrip().startswith("SELECT"):
            sent.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", remember)
    yield sent
    event.remove(engine, "before_cursor_execute", remember)


@pytest.mark.parametrize("narrow", NARROWEST)
@pytest.mark.parametrize(
    "query",
    [*STORED_QUERIES, *MULTI_PATIENT_QUERIES],
    ids=[q.name for q in (*STORED_QUERIES, *MULTI_PATIENT_QUERIES)],
)
def test_no_query_reads_a_whole_table(registry, query, narrow):
    registry.registered(*a_submission(folders=1))
    engine = registry.ledger._engine
    for slots in ways_to_ask(query, narrow):
        with statements_of(engine) as sent:
            answer = registry.ask(query.name, slots)
        assert answer.status == "Success", [c.code_context for c in answer.complaints]
        assert sent
        for statement, parameters in sent:
            for line in plan_of(engine, statement, parameters):
                assert WHOLE.search(line) is None, f"{line}\n{statement}\n{parameters}"


def test_what_a_recipe_reads_beyond_what_is_selected_is_no_whole_table_either(registry):
    registry.registered(*a_submission(entries=2, folders=1))
    held = registry.everything()
    engine = registry.ledger._engine
    ids = {tag: held.of(tag)[0].id for tag in ("ExtrinsicObject", "RegistryPackage")}
    folder = held.of("RegistryPackage")[1].id
    with statements_of(engine) as sent:
        registry.everything()
        registry.ask("GetSubmissionSets", uuid=texts(ids["ExtrinsicObject"], folder))
        for name, slot, value in (
            ("GetSubmissionSetAndContents", "XDSSubmissionSetEntryUUID", ids["RegistryPackage"]),
            ("GetFolderAndContents", "XDSFolderEntryUUID", folder),
            ("GetFoldersForDocument", "XDSDocumentEntryEntryUUID", ids["ExtrinsicObject"]),
        ):
            assert registry.ask(name, **{slot: text(value)}).ids, name
    assert len(sent) > len(ids) * 4
    for statement, parameters in sent:
        for line in plan_of(engine, statement, parameters):
            assert WHOLE.search(line) is None, f"{line}\n{statement}\n{parameters}"


def test_what_access_decisions_read_is_no_whole_table_either(registry):
    registry.registered(*a_submission(entries=2))
    given = registry.everything().of("ExtrinsicObject")[0].id
    patient = Columns(column="patient_id", values=(PATIENT,))
    entries = Columns(column="entry_uuid", values=(given,))

    def work(reader):
        for where in ((patient,), (entries,)):
            classes = reader.access_classes(Select(kind=Kind.DOCUMENT_ENTRY, where=where))
            for some in (classes, classes * 3):
                by_class = AccessIs(classes=tuple(some))
                reader.select(Select(kind=Kind.DOCUMENT_ENTRY, where=(*where, by_class)))
        reader.records([PATIENT])
        reader.records([PATIENT, "other"])
        reader.patients_of(["nobody"], Standing.AUTHORISED)

    with statements_of(registry.ledger._engine) as sent:
        registry.ledger.read(work)
    assert len(sent) > 6
    for statement, parameters in sent:
        plan = plan_of(registry.ledger._engine, statement, parameters)
        for line in plan:
            assert WHOLE.search(line) is None, f"{line}\n{statement}\n{parameters}"
        if "DISTINCT" in statement and "patient_id =" in statement:
            assert "access_status" in " ".join(plan), plan  # the index alone tells


def plan_of(engine: sa.Engine, statement: str, parameters) -> list[str]:
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            return [row[3] for row in rows]
        # Tables of one row are read whole, and rightly so: what counts is whether an index fits.
        connection.exec_driver_sql("SET enable_seqscan = off")
        rows = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
        return [row[0] for row in rows]


def test_a_whole_table_would_be_seen(ledger):
    statement = str(
        sa.select(t.authors.c.seq).where(t.authors.c.person == sa.literal_column("'x'"))
    )
    parameters = () if ledger._engine.dialect.name == "sqlite" else {}
    assert any(WHOLE.search(line) for line in plan_of(ledger._engine, statement, parameters))
