"""The ledger on SQL: `registry.ledger.api.Ledger`, opened from one URL."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.engine import Engine

from registry.ledger.api import Reader, Unit, Wanted
from registry.ledger.engine import migrate, open_engine, translating
from registry.ledger.letters import SqlLetters
from registry.ledger.people import KnownPatient, read_patients
from registry.ledger.reading import SqlReader
from registry.ledger.sender_lock import SenderLock
from registry.ledger.statements import Statements
from registry.ledger.writing import GroupWriter, LockingWriter
from xds.metadata.hl7v2 import cx_key

T = TypeVar("T")


class SqlLedger:
    """The Registry's memory in one database. Safe for use by many threads."""

    def __init__(self, engine: Engine) -> None:
        """Keep the ledger in this engine's database, whose schema is up to date."""
        self._engine = engine
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._statements = Statements(engine.dialect)
        writer = GroupWriter if self._is_sqlite else LockingWriter
        self._writer = writer(engine, self._statements)

    def read(self, work: Callable[[Reader], T]) -> T:
        """Run a query on one consistent state. Errors: LedgerBusyError."""
        level = {} if self._is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with (
            translating(),
            self._engine.connect().execution_options(**level) as connection,
        ):
            return work(SqlReader(connection, self._statements))

    def write(self, wanted: Wanted, work: Callable[[Unit], T]) -> T:
        """Run the work in a transaction; return when it is durable. An exception rolls it back.

        Errors: LedgerBusyError, LedgerFullError; whatever the work raises.
        """
        return self._writer.write(wanted, work)

    def add_patient(self, patient_id: str, instant: str) -> bool:
        """Make a patient known; return whether it was not yet. Errors: as `write`."""
        key = cx_key(patient_id)
        wanted = Wanted(patient_ids=frozenset({key}))

        def work(unit: Unit) -> bool:
            known = unit.look_up(wanted)
            is_new = key not in known.patient_ids and key not in known.merged
            if is_new:
                unit.add_patient(key, instant)
            return is_new

        return self.write(wanted, work)

    def patients(self) -> list[KnownPatient]:
        """Return every patient, in the order of their identifiers. Errors: LedgerBusyError."""
        with translating(), self._engine.connect() as connection:
            return read_patients(connection)

    @property
    def letters(self) -> SqlLetters:
        """Letters to patients."""
        return SqlLetters(self._engine, self._writer)

    @property
    def sender_lock(self) -> SenderLock:
        """Who may send letters: not held yet."""
        return SenderLock(self._engine)

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
