"""The lock of the sender of letters: held by the living, freed by the dead."""

from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from registry.ledger.engine import open_engine
from registry.ledger.sender_lock import SenderLock


@contextmanager
def two_locks(url):
    """Two locks of two processes' engines."""
    engines = [open_engine(url) for _ in range(2)]
    made = [SenderLock(engine) for engine in engines]
    try:
        yield made
    finally:
        for lock, engine in zip(made, engines, strict=True):
            lock.release()
            engine.dispose()


@pytest.fixture
def locks(database_url):
    with two_locks(database_url) as made:
        yield made


def test_one_has_it_until_it_gives_it_up(locks):
    first, second = locks
    assert first.acquire()
    assert first.acquire()  # still ours
    assert not second.acquire()
    assert (first.is_held, second.is_held) == (True, False)
    first.release()
    first.release()
    assert second.acquire()
    assert not first.acquire()


def test_who_lost_the_session_learns_it_and_another_has_it(postgres_server, postgres_template):
    url = postgres_server.url(postgres_server.clone(postgres_template))
    with two_locks(url) as (first, second):
        assert first.acquire()
        engine = open_engine(url)
        with engine.connect() as connection:
            connection.execute(
                sa.text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        engine.dispose()
        with pytest.raises(sa.exc.SQLAlchemyError):
            first.acquire()
        assert not first.is_held
        assert second.acquire()
        assert not first.acquire()
