"""bench.bulk: what it loads is what the Registry itself would have written, row by row."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from bench import bulk, mould
from bench.messages import submission
from registry.iti42_register import handle as iti42
from registry.ledger import tables as t
from registry.ledger.engine import open_engine
from registry.ledger.sql import SqlLedger
from tests.registry.build import APPROVED, Registry, a_call, run
from tests.registry.conftest import database_url, postgres_template, sqlite_template
from xds.domain import load_domain
from xds.security.caller import Caller

__all__ = ["database_url", "postgres_template", "sqlite_template"]

IHE = load_domain("ihe")
NOON = "20240101120000"
KINDS = [
    bulk.Submission(patient="B", documents=n, variant=n, with_folder=n % 2 == 1, seed=n)
    for n in (1, 2, 5)
]


def dump(engine: sa.Engine) -> dict[str, list[tuple]]:
    """Every row of every table, without the number that the database gave it, in that order."""
    with engine.connect() as connection:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(
                    sa.select(*(c for c in table.c if c.name != "seq")).order_by(
                        *table.primary_key.columns
                    )
                )
            ]
            for table in t.metadata.sorted_tables
        }


def indexes(engine: sa.Engine) -> dict[str, set[str]]:
    inspector = sa.inspect(engine)
    return {
        table: {str(sorted(i.items(), key=str)) for i in inspector.get_indexes(table)}
        for table in inspector.get_table_names()
    }


@pytest.fixture
def engine(database_url):
    opened = open_engine(database_url)
    yield opened
    opened.dispose()


@pytest.mark.parametrize("one", KINDS, ids=lambda one: f"{one.documents} documents")
def test_the_rows_are_those_of_the_real_writer(one, engine, database_url, monkeypatch):
    """The same message through ITI-42 with the same UUIDs at the same time: the same rows."""
    before = indexes(engine)
    engine.dispose()  # a load wants the file for itself
    monkeypatch.setattr(bulk, "names_of_patients", lambda _: [one.patient])
    monkeypatch.setattr(bulk, "submissions", lambda _: iter([one]))
    bulk.load(database_url, bulk.EACH, lambda _: None)
    loaded = dump(engine)
    assert indexes(engine) == before

    with engine.begin() as connection:
        for table in t.metadata.sorted_tables:
            connection.execute(sa.delete(table))
    registered_really(one, engine)
    assert loaded == dump(engine)
    written = {
        "patients",
        "submission_sets",
        "document_entries",
        "associations",
        "codes",
        "authors",
    }
    assert written | ({"folders"} if one.with_folder else set()) == {n for n in loaded if loaded[n]}


def registered_really(one, engine) -> None:
    """Send the same message to the Registry, with the UUIDs and the time of the cast."""
    ledger = SqlLedger(engine)
    ledger.add_patient(bulk.patient_named(one.patient), "20150101000000")
    cast, values = one.mould(IHE), one.values(IHE)
    filled = dict(zip(cast.blanks, values, strict=True))
    numbers = itertools.count(1)
    room = iti42.room(ledger=ledger, domain=IHE, identifier_checks={})
    handle = replace(
        room.handle, new_uuid=lambda: f"urn:uuid:{filled[mould.blank_uuid(next(numbers))]}"
    )
    call = a_call(
        cast.letter.filled(values).encode(),
        message_id=f"urn:uuid:{filled[mould.blank_uuid(0)]}",
        caller=Caller(identity=mould.DEPOSITOR.identity, issuer="test"),
        instant=datetime.strptime(filled.get(mould.blank_time(0), NOON), "%Y%m%d%H%M%S").replace(
            tzinfo=UTC
        ),
    )
    answer = run(replace(room, handle=handle), call)
    assert answer.status == "Success", [c.code_context for c in answer.complaints]


def test_two_thousand_documents_are_found_fifty_by_fifty(tmp_path):
    url = f"sqlite:///{tmp_path}/ledger.db"
    told = []
    bulk.load(url, 2000, told.append)
    assert told[-1].startswith("2,000 documents in")
    ledger = SqlLedger(open_engine(url))
    registry = Registry.over(ledger)
    for name in bulk.names_of_patients(2000)[::13]:
        patient = bulk.patient_named(name)
        answer = registry.find(patient, status=APPROVED)
        assert len(answer.of("ExtrinsicObject")) == bulk.EACH
        everything = registry.everything(patient)
        assert len(everything.of("RegistryPackage")) >= len(bulk.SIZES)
    ledger.close()


def test_a_ledger_that_holds_something_is_not_loaded(tmp_path):
    url = f"sqlite:///{tmp_path}/ledger.db"
    bulk.load(url, 50, lambda _: None)
    with pytest.raises(ValueError, match="something already"):
        bulk.load(url, 50, lambda _: None)


@pytest.mark.parametrize("documents", [0, 51])
def test_patients_have_fifty_documents_each(documents, capsys):
    with pytest.raises(SystemExit):
        bulk.main(["sqlite://", str(documents)])
    assert "no multiple of 50" in capsys.readouterr().err


def test_what_the_registry_refuses_cannot_be_loaded(monkeypatch):
    monkeypatch.setattr(mould, "submission", lambda *_: submission("no patient", [], IHE))
    with pytest.raises(ValueError, match="patientId"):
        mould.mould_of(IHE, documents=1, variant=0, with_folder=False)
