"""One running node of each domain for all foreign clients of a test run."""

import pytest

from tests.interop.harness import running


@pytest.fixture(scope="session")
def node(tmp_path_factory):
    """A node of the international domain."""
    with running(tmp_path_factory.mktemp("ihe") / "home", "ihe") as one:
        yield one


@pytest.fixture(scope="session")
def french_node(tmp_path_factory):
    """A node of the domain that is the default."""
    with running(tmp_path_factory.mktemp("dmp") / "home", "dmp") as one:
        yield one
