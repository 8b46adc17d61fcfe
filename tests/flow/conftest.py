"""One running node for each domain and test module."""

import pytest

from tests.flow.nodes import make_home, serving


@pytest.fixture(scope="module", params=["ihe", "dmp"])
def node(request, tmp_path_factory):
    home = make_home(tmp_path_factory.mktemp("node") / "home", request.param)
    with serving(home, domain=request.param) as running:
        yield running
