"""Which one-time assertions were used: remembered until they expire, by all workers, over restarts.

Spec: SAML 2.0 core §2.5.1.5 (OneTimeUse). A file of SQLite: its locking makes "first use wins" true
across processes. Not a cache: an entry is on disk before the caller is served.
"""

import sqlite3
import threading
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS used (id TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID"
)
_INDEX: Final = "CREATE INDEX IF NOT EXISTS used_until ON used (until)"
_BUSY_SECONDS: Final = 5.0


class OneTimeUses(Protocol):
    """Remembers the assertions that may be used once."""

    def use(self, identity: str, *, instant: datetime, until: datetime) -> bool:
        """Return whether this is the first use; remember it until then."""


class UsesInMemory:
    """For one process: tests and tools."""

    def __init__(self) -> None:
        self._used: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def use(self, identity: str, *, instant: datetime, until: datetime) -> bool:
        """Return whether this is the first use; remember it until then."""
        with self._lock:
            known = self._used.get(identity)
            if known is not None and known >= instant:
                return False
            self._used[identity] = until
            return True


class UsesOnDisk:
    """For a service: one SQLite file, shared by threads and worker processes."""

    def __init__(self, path: Path) -> None:
        """Use this file, made when absent. Errors: OSError, sqlite3.Error when it cannot be."""
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(self._open()) as connection, connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(_TABLE)
            connection.execute(_INDEX)

    def use(self, identity: str, *, instant: datetime, until: datetime) -> bool:
        """Return whether this is the first use; it is on disk when this returns.

        Errors: sqlite3.Error when the file cannot be written; then nobody is served.
        """
        # A connection for each use: they are rare, and nothing is shared over a fork.
        with closing(self._open()) as connection, connection:
            connection.execute("DELETE FROM used WHERE until < ?", (instant.timestamp(),))
            done = connection.execute(
                "INSERT OR IGNORE INTO used VALUES (?, ?)", (identity, until.timestamp())
            )
            return done.rowcount == 1

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS)
        connection.execute("PRAGMA synchronous=FULL")
        return connection
