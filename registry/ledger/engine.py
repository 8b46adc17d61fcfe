"""Opening a ledger: one URL, two databases, the schema brought up to date.

SQLite: WAL, synchronous=FULL, one writer at a time (BEGIN IMMEDIATE). PostgreSQL: READ COMMITTED
with advisory locks on what a submission touches. Nothing else in the Registry knows which of the
two it is.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from typing import Any, Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

from registry.ledger.api import LedgerBusyError, LedgerFullError

BUSY_SECONDS: Final = 30
MANY_LOCKS: Final = 256
WRITES: Final = "greffe_writes"
"""Execution option of a connection whose transaction will write."""
PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA case_sensitive_like=ON",  # as PostgreSQL's LIKE
    "PRAGMA cache_size=-32000",
    "PRAGMA temp_store=MEMORY",
)
FULL: Final = ("database or disk is full", "could not extend file", "No space left on device")
BUSY: Final = ("database is locked", "lock timeout", "too many clients", "deadlock detected")


def open_engine(url: str) -> Engine:
    """Return an engine for the ledger's URL. Errors: sqlalchemy.exc.ArgumentError for a bad URL."""
    if not is_sqlite(url):
        engine = sa.create_engine(
            url,
            pool_size=16,
            max_overflow=16,
            pool_pre_ping=True,
            pool_timeout=BUSY_SECONDS,
        )
        event.listen(engine, "connect", _prepare_postgresql)
        return engine
    engine = sa.create_engine(
        url,
        connect_args={"check_same_thread": False, "timeout": BUSY_SECONDS},
        pool_size=16,
        max_overflow=16,
        pool_timeout=BUSY_SECONDS,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def is_sqlite(url: str) -> bool:
    """Return whether the URL names an embedded database."""
    return sa.make_url(url).get_backend_name() == "sqlite"


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Why: the driver's own transaction handling begins late and commits early.
    connection.isolation_level = None
    for pragma in PRAGMAS:
        connection.execute(pragma)


def _prepare_postgresql(connection: Any, _record: object) -> None:
    connection.execute(f"SET lock_timeout = {int(BUSY_SECONDS * 1000)}")
    connection.commit()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def migrate(engine: Engine) -> None:
    """Bring the schema up to date; several processes may try at once.

    Errors: LedgerBusyError, LedgerFullError, sqlalchemy.exc.OperationalError when not reachable.
    """
    with as_file(files("migrations")) as scripts:
        config = Config()
        config.set_main_option("script_location", str(scripts).replace("%", "%%"))
        with (
            engine.connect().execution_options(**{WRITES: True}) as connection,
            connection.begin(),
        ):
            lock(connection, ("migration",))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def lock(connection: Connection, names: Iterable[str]) -> None:
    """Hold these names until the transaction ends; SQLite has one writer and needs nothing.

    In one order for everybody, so that two submissions cannot wait for each other. Many names are
    one lock that excludes everybody, because a server has room for some thousand locks in all.
    """
    if connection.dialect.name == "sqlite":
        return
    keys = sorted({lock_key(name) for name in names})
    if len(keys) > MANY_LOCKS:
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:all)"), {"all": EVERYTHING})
        return
    connection.execute(sa.text("SELECT pg_advisory_xact_lock_shared(:all)"), {"all": EVERYTHING})
    connection.execute(
        sa.text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key"),
        {"keys": keys},
    )


def lock_key(name: str) -> int:
    """Return the number that PostgreSQL's advisory locks know a name by."""
    digest = hashlib.sha256(name.encode("utf-8")).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


EVERYTHING: Final = lock_key("everything")


@contextmanager
def translating() -> Iterator[None]:
    """Give database errors that a caller can do something about the ledger's own names.

    Errors: LedgerBusyError, LedgerFullError; other errors as they are.
    """
    try:
        yield
    except sa.exc.TimeoutError as error:  # no connection became free
        raise LedgerBusyError(str(error)) from error
    except sa.exc.OperationalError as error:
        text = str(error.orig)
        if any(sign in text for sign in FULL):
            raise LedgerFullError(text) from error
        if any(sign in text for sign in BUSY):
            raise LedgerBusyError(text) from error
        raise
