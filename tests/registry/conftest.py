"""A fresh ledger on each of the two databases, and the two rooms over it."""

import pytest

from registry.ledger.engine import migrate, open_engine
from registry.ledger.sql import SqlLedger
from tests.registry.build import Registry

DATABASES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory):
    """The octets of an empty ledger: copied for each test, because migrating costs more."""
    path = tmp_path_factory.mktemp("ledger") / "template.db"
    engine = open_engine(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path.read_bytes()


@pytest.fixture(scope="session")
def postgres_template(postgres_server):
    """The name of a database with an empty ledger."""
    name = postgres_server.clone()
    engine = open_engine(postgres_server.url(name))
    migrate(engine)
    engine.dispose()
    return name


@pytest.fixture(params=DATABASES)
def database_url(request, tmp_path):
    """The URL of an empty ledger, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        path = tmp_path / "ledger.db"
        path.write_bytes(request.getfixturevalue("sqlite_template"))
        yield f"sqlite:///{path}"
        return
    server = request.getfixturevalue("postgres_server")
    name = server.clone(request.getfixturevalue("postgres_template"))
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def ledger(database_url):
    opened = SqlLedger(open_engine(database_url))
    yield opened
    opened.close()


@pytest.fixture
def registry(ledger):
    """Both rooms over the ledger, with one known patient."""
    return Registry.over(ledger)


@pytest.fixture
def sqlite_registry(sqlite_template, tmp_path):
    """The same where the database makes no difference."""
    path = tmp_path / "ledger.db"
    path.write_bytes(sqlite_template)
    opened = SqlLedger(open_engine(f"sqlite:///{path}"))
    yield Registry.over(opened)
    opened.close()
