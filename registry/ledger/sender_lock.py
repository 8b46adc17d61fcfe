"""One sender of letters at a time, however many processes serve one ledger.

The lock is held by a living process and by nothing else: on SQLite the kernel's lock of a file
beside the database, on PostgreSQL an advisory lock of a session. Whatever ends the process frees it
at once, so that no lease has to run out and no clock decides who may send.

Spec: none; flock(2), PostgreSQL "Advisory Locks" (session level: a pooler in between must keep
sessions). A session that PostgreSQL has given up while its process lives on is found out by the
holder's token (`registry.ledger.letters`).
"""

import fcntl
import os
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from registry.ledger.engine import lock_key, translating

_KEY: Final = lock_key("sender of letters")
_SUFFIX: Final = ".sender"


class SenderLock:
    """The right to send. For use by one thread."""

    def __init__(self, engine: Engine) -> None:
        """Prepare; nothing is held yet."""
        self._engine = engine
        self._descriptor: int | None = None
        self._session: Connection | None = None

    def acquire(self) -> bool:
        """Take the lock if nobody has it; return whether it is ours, for the first time or still.

        Errors: LedgerBusyError, sqlalchemy.exc.SQLAlchemyError, OSError; it is not ours then.
        """
        try:
            with translating():
                return self._acquire()
        except Exception:
            self.release()
            raise

    def release(self) -> None:
        """Give the lock up, if it is ours."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
        session, self._session = self._session, None
        if session is not None:
            _end(session)

    @property
    def is_held(self) -> bool:
        """Whether it was ours when we last asked."""
        return self._descriptor is not None or self._session is not None

    def _acquire(self) -> bool:
        if self._engine.dialect.name == "sqlite":
            return self._descriptor is not None or self._lock_file()
        if self._session is not None:
            self._session.execute(sa.text("SELECT 1"))  # raises when the session is gone
            return True
        return self._lock_session()

    def _lock_file(self) -> bool:
        descriptor = os.open(f"{self._engine.url.database}{_SUFFIX}", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def _lock_session(self) -> bool:
        session = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._session = session
        if session.execute(sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": _KEY}).scalar():
            return True
        self._session = None
        session.close()
        return False


def _end(session: Connection) -> None:
    """Unlock, so that it is free when this returns; and end the session, in case that failed."""
    try:
        session.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": _KEY})
    except sa.exc.SQLAlchemyError:
        pass  # the session is gone, and its locks with it
    finally:
        session.invalidate()
        session.close()
