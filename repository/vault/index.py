"""The vault's index in SQL: which uniqueId names which bytes. SQLite by default, PostgreSQL by URL.

Spec: ITI TF-2 §3.41.4.1.3.2. One statement to admit, one to withdraw and one to forget, each atomic
by itself on both databases, so that two submissions of one uniqueId at the same instant need no
other lock. A second table says which bytes a removal has still to erase.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Executable,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    Text,
    bindparam,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from repository.vault.api import Conflict, Doomed, Holding, OutOfSpaceError, Receipt, VaultError

TABLES = MetaData()
HOLDING = Table(
    "holding",
    TABLES,
    Column("unique_id", Text, primary_key=True),
    Column("sha256", String(64), nullable=False, index=True),
    Column("sha1", String(40), nullable=False),
    Column("size_octets", BigInteger, nullable=False),
    Column("mime_type", Text, nullable=False),
    # How many submissions admitted it and were not refused; only `withdraw` looks at it.
    Column("claims", Integer, nullable=False),
)
# Bytes to be erased: a row for each removal of a name, so that nobody strikes out another's.
DOOMED = Table(
    "doomed",
    TABLES,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("sha256", String(64), nullable=False),
)
LOOKUP = select(HOLDING).where(HOLDING.c.unique_id.in_(bindparam("unique_ids", expanding=True)))
LOOKUP_ONE = select(HOLDING).where(HOLDING.c.unique_id == bindparam("unique_id"))
FORGET = delete(HOLDING).where(HOLDING.c.unique_id == bindparam("unique_id")).returning(HOLDING)
BUSY_SECONDS = 30
LOOKUP_AT_ONCE = 500
"""uniqueIds in one select; SQLite binds at least 999 variables."""


class SqlIndex:
    """The index over one SQLAlchemy engine. Open with `open_index`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._admission = _admission(engine.dialect.name)

    def admit(self, holdings: Sequence[Holding]) -> tuple[Conflict, ...]:
        """Record all of them or none, and return every uniqueId that already names other bytes.

        Errors: OutOfSpaceError, VaultError.
        """
        if not holdings:
            return ()
        with self._connection(writes=True) as connection:
            refused = [h for h in _ordered(holdings) if not self._admit(connection, h)]
            if not refused:
                connection.commit()
                return ()
            connection.rollback()
            held = _find(connection, [h.unique_id for h in refused])
        conflicts = (
            Conflict(offered=h, held=held[h.unique_id]) for h in refused if h.unique_id in held
        )
        found = tuple(conflicts)
        # Withdrawn between our refusal and our look: nothing stands in the way any more.
        return found or self.admit(holdings)

    def withdraw(self, holdings: Sequence[Holding]) -> None:
        """Undo one `admit` of these.

        Errors: VaultError; the rows then stay, naming bytes that no Registry knows, which is legal.
        """
        with self._connection(writes=True) as connection:
            for holding in _ordered(holdings):
                same = HOLDING.c.unique_id == holding.unique_id
                connection.execute(update(HOLDING).where(same).values(claims=HOLDING.c.claims - 1))
                connection.execute(delete(HOLDING).where(same, HOLDING.c.claims <= 0))
            connection.commit()

    def find(self, unique_ids: Sequence[str]) -> Mapping[str, Holding]:
        """Return those that are held, by uniqueId. Errors: VaultError."""
        with self._connection() as connection:
            return _find(connection, unique_ids)

    def forget(self, unique_ids: Sequence[str]) -> Mapping[str, Holding]:
        """Remove these names and doom what they named, in one transaction. Errors: VaultError."""
        forgotten: dict[str, Holding] = {}
        with self._connection(writes=True) as connection:
            for unique_id in sorted(set(unique_ids)):  # in the order of `_ordered`
                row = connection.execute(FORGET, {"unique_id": unique_id}).first()
                if row is not None:
                    forgotten[unique_id] = _holding(row)
                    connection.execute(insert(DOOMED).values(sha256=row.sha256))
            connection.commit()
        return forgotten

    def doomed(self) -> Sequence[Doomed]:
        """Return what is to be erased. Errors: VaultError."""
        with self._connection() as connection:
            rows = connection.execute(select(DOOMED).order_by(DOOMED.c.number))
            return [Doomed(number=row.number, sha256=row.sha256) for row in rows]

    def is_named(self, sha256: str) -> bool:
        """Return whether a uniqueId names these bytes. Errors: VaultError."""
        one = select(HOLDING.c.unique_id).where(HOLDING.c.sha256 == sha256).limit(1)
        with self._connection() as connection:
            return connection.execute(one).first() is not None

    def settle(self, doomed: Doomed) -> None:
        """Strike one out. Errors: VaultError."""
        with self._connection(writes=True) as connection:
            connection.execute(delete(DOOMED).where(DOOMED.c.number == doomed.number))
            connection.commit()

    def count(self) -> int:
        """Return how many documents are held. Errors: VaultError."""
        with self._connection() as connection:
            return int(connection.scalar(select(func.count()).select_from(HOLDING)) or 0)

    def close(self) -> None:
        """Close the pool."""
        self._engine.dispose()

    def _admit(self, connection: Connection, holding: Holding) -> bool:
        """Insert, or add a claim to a row of the same bytes; False when it names other bytes."""
        row = {
            "unique_id": holding.unique_id,
            "sha256": holding.receipt.sha256,
            "sha1": holding.receipt.sha1,
            "size_octets": holding.receipt.size_octets,
            "mime_type": holding.mime_type,
            "claims": 1,
        }
        return connection.execute(self._admission, row).first() is not None

    @contextmanager
    def _connection(self, *, writes: bool = False) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection.execution_options(writes=writes)
        except SQLAlchemyError as error:
            cause = str(getattr(error, "orig", None) or error)
            kind = OutOfSpaceError if "full" in cause or "No space" in cause else VaultError
            raise kind(f"the vault's index failed: {cause}") from error


def open_index(url: str) -> SqlIndex:
    """Open the index and make its table when it is missing.

    Errors: VaultError, which names the URL without its password.
    """
    try:
        engine = create_engine(url, pool_size=16, max_overflow=16, pool_pre_ping=False)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin)
        TABLES.create_all(engine)
    except SQLAlchemyError as error:
        raise VaultError(f"the vault's index cannot be opened: {error}") from error
    return SqlIndex(engine)


def _admission(dialect: str) -> Executable:
    """Return the statement that admits one holding, and returns no row when it may not."""
    offered = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(HOLDING)
    return offered.on_conflict_do_update(
        index_elements=[HOLDING.c.unique_id],
        set_={"claims": HOLDING.c.claims + 1},
        where=HOLDING.c.sha256 == offered.excluded.sha256,
    ).returning(HOLDING.c.unique_id)


def _prepare_sqlite(connection, _record) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    connection.isolation_level = None  # SQLAlchemy's documented way to own BEGIN
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # an acknowledged commit survives power loss
        f"busy_timeout={BUSY_SECONDS * 1000}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    """Take the write lock at BEGIN where it will be needed: a lock taken later would not wait."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _ordered(holdings: Sequence[Holding]) -> list[Holding]:
    """Return them in one order for all, so that no two submissions wait for each other's rows."""
    return sorted(holdings, key=lambda h: h.unique_id)


def _find(connection: Connection, unique_ids: Sequence[str]) -> dict[str, Holding]:
    found: dict[str, Holding] = {}
    for start in range(0, len(unique_ids), LOOKUP_AT_ONCE):
        some = unique_ids[start : start + LOOKUP_AT_ONCE]
        one = len(some) == 1  # by far the usual case, and a statement that need not be expanded
        rows = (
            connection.execute(LOOKUP_ONE, {"unique_id": some[0]})
            if one
            else connection.execute(LOOKUP, {"unique_ids": some})
        )
        for row in rows:
            found[row.unique_id] = _holding(row)
    return found


def _holding(row: Row[Any]) -> Holding:
    return Holding(
        unique_id=row.unique_id,
        receipt=Receipt(sha256=row.sha256, sha1=row.sha1, size_octets=row.size_octets),
        mime_type=row.mime_type,
    )
