"""What holds for every test: a PostgreSQL server; under `.ci/run` no skip for want of a program.

Property tests draw the same examples for the same tree, so that a verdict can be repeated; with
GREFFE_EXPLORE=1 (`make explore`) they draw others each time.

Elsewhere a test that needs a Debian program skips when it is absent, with the program's name in the
reason; with GREFFE_INTEROP=1 such a skip is a failure.
"""

import os
import re

import pytest
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True)
if os.environ.get("GREFFE_EXPLORE") != "1":
    # Here and not in a fixture: each test takes its settings when its module is imported.
    settings.load_profile("repeatable")

PROGRAMS = re.compile(
    r"xmlsec1|nginx|wsdl2h|soapcpp2|gsoap|g\+\+|java|wsimport|jax-?ws|rsyslogd|\bphp\b|\bnode\b|\bnpm\b",
    re.IGNORECASE,
)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if (
        os.environ.get("GREFFE_INTEROP") == "1"
        and report.skipped
        and not hasattr(report, "wasxfail")
    ):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if PROGRAMS.search(reason):
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid}: this may not be skipped here: {reason}"
    return report


@pytest.fixture(scope="session")
def postgres_server():
    """A PostgreSQL server of this test process's own; skips where there can be none."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    from tests.postgres import NoServerError, running

    servers = running()
    try:
        server = next(servers)
    except NoServerError as error:
        pytest.skip(str(error))
    yield server
    servers.close()
