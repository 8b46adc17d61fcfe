"""The ledger on SQL: `registry.ledger.api.Ledger`, opened from one URL."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Engine

from registry.ledger import tables as t
from registry.ledger.api import Reader, Unit, Wanted
from registry.ledger.engine import WRITES, migrate, open_engine, translating
from registry.ledger.reading import SqlReader
from registry.ledger.writing import GroupWriter, LockingWriter
from xds.metadata.hl7v2 import cx_key

T = TypeVar("T")


class SqlLedger:
    """The Registry's memory in one database. Safe for use by many threads."""

    def __init__(self, engine: Engine) -> None:
        """Keep the ledger in this engine's database, whose schema is up to date."""
        self._engine = engine
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._writer = GroupWriter(engine) if self._is_sqlite else LockingWriter(engine)

    def read(self, work: Callable[[Reader], T]) -> T:
        """Run a query on one consistent state. Errors: LedgerBusyError."""
        level = {} if self._is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with (
            translating(),
            self._engine.connect().execution_options(**level) as connection,
        ):
            return work(SqlReader(connection))

    def write(self, wanted: Wanted, work: Callable[[Unit], T]) -> T:
        """Run the work in a transaction; return when it is durable. An exception rolls it back.

        Errors: LedgerBusyError, LedgerFullError; whatever the work raises.
        """
        return self._writer.write(wanted, work)

    def add_patient(self, patient_id: str, instant: str) -> bool:
        """Make a patient known; return whether it was not yet. Errors: as `write`."""
        insert = sqlite.insert if self._is_sqlite else postgresql.insert
        statement = (
            insert(t.patients)
            .values(patient_id=cx_key(patient_id), known_since=instant)
            .on_conflict_do_nothing()
        )
        with (
            translating(),
            self._engine.connect().execution_options(**{WRITES: True}) as connection,
            connection.begin(),
        ):
            options = {"preserve_rowcount": True}  # else unknown for INSERT on PostgreSQL
            return connection.execute(statement, execution_options=options).rowcount == 1

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def open_ledger(url: str) -> SqlLedger:
    """Open the ledger and bring its schema up to date.

    Errors: LedgerBusyError, LedgerFullError; sqlalchemy.exc.SQLAlchemyError when it cannot be
    reached.
    """
    engine = open_engine(url)
    migrate(engine)
    return SqlLedger(engine)
