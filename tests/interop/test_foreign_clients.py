"""Clients that others wrote, on code that they generate from the running node's own contract.

Each provides a document, finds it, and reads it back byte by byte; each is refused in a way that
it understands. gSOAP and JAX-WS check for themselves that an answer relates to the request and has
the right action.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.interop.harness import (
    CLIENTS,
    CONTENT,
    Node,
    Said,
    build,
    need,
    provide_plainly,
    run,
    submission,
)

pytestmark = pytest.mark.interop
SUCCESS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
FAILURE = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure"


@dataclass(frozen=True, kw_only=True)
class Client:
    """A foreign client, ready to run."""

    name: str
    command: tuple[str | Path, ...]
    can_provide: bool = True
    retrieves: tuple[str, ...] = ("retrieve",)

    def __call__(self, verb, url, security, *arguments):
        return run(*self.command, verb, url, security, *arguments)


def gsoap(folder: Path, node: Node) -> Client:
    need("wsdl2h", "soapcpp2", "g++", "/usr/include/stdsoap2.h")
    build("gsoap", folder, "client", node.registry, node.repository)
    return Client(name="gsoap", command=(folder / "client",))


def jaxws(folder: Path, node: Node) -> Client:
    need("java", "javac", "/usr/share/java/jaxws-tools.jar")
    build("jaxws", folder, "Client", node.registry, node.repository)
    classpath = (folder / "classpath").read_text().strip()
    return Client(name="jaxws", command=("java", "-cp", classpath, "Client"))


def node_js(folder: Path, node: Node) -> Client:
    del node  # it reads the contract when it runs
    need("node", "npm")
    build("node", folder)
    command = ("node", folder / "client.js")
    return Client(name="node", command=command, retrieves=("retrieve", "retrieve-mtom"))


def php(folder: Path, node: Node) -> Client:
    del folder, node
    need("php")
    if "soap" not in run("php", "-m").log.split():
        pytest.skip("the extension soap of php is not installed")
    return Client(name="php", command=("php", CLIENTS / "php" / "client.php"), can_provide=False)


def codes(said: Said) -> list[str]:
    return [error.partition(":")[0] for error in said.all("error")]


@pytest.fixture(scope="session")
def built(node, tmp_path_factory):
    """Builds a client once, whatever the order of the tests."""
    return cache(lambda make: make(tmp_path_factory.mktemp(make.__name__), node))


@pytest.fixture(params=[gsoap, jaxws, node_js, php], ids=lambda make: make.__name__)
def client(request, built) -> Client:
    return built(request.param)


@pytest.fixture
def provided(client, node, tmp_path):
    """A document that this client has provided; plain SOAP stands in for one that cannot."""
    patient = node.patient()
    one = submission(tmp_path, node, patient)
    security = node.security(tmp_path)
    if client.can_provide:
        said = client("provide", node.repository, security, one.metadata, one.entry, one.document)
        assert (said.code, said.all("status")) == (0, [SUCCESS]), said.log
    else:
        assert SUCCESS in provide_plainly(node, security, one)
    return patient, one, security


def test_what_a_client_provides_it_finds(client, node, provided):
    patient, one, security = provided
    said = client("query", node.registry, security, patient)
    assert (said.code, said.all("status")) == (0, [SUCCESS]), said.log
    assert said.all("document") == [one.unique_id]


def test_what_a_client_provides_it_reads_back_byte_by_byte(client, node, provided, tmp_path):
    _, one, security = provided
    for number, verb in enumerate(client.retrieves):
        out = tmp_path / f"out{number}.bin"
        wanted = (node.repository_unique_id, one.unique_id, out)
        said = client(verb, node.repository, security, *wanted)
        assert (said.code, said.all("status")) == (0, [SUCCESS]), said.log
        assert said.all("document") == [one.unique_id]
        assert out.read_bytes() == CONTENT


def test_a_client_understands_that_a_document_is_unknown(client, node, tmp_path):
    security = node.security(tmp_path)
    for verb in client.retrieves:
        wanted = (node.repository_unique_id, "1.2.3.4.5", tmp_path / "out")
        said = client(verb, node.repository, security, *wanted)
        assert (said.code, said.all("status")) == (1, [FAILURE]), said.log
        assert codes(said) == ["XDSDocumentUniqueIdError"]


def test_a_client_understands_that_its_assertion_is_too_old(client, node, tmp_path):
    security = node.security(tmp_path, "--issued-at", "2020-01-01T00:00:00Z", "--lifetime", "60")
    patient = node.patient()
    said = client("query", node.registry, security, patient)
    assert said.code == 1, said.log
    (fault,) = said.all("fault")
    assert "2020" in fault


def test_a_client_that_can_provide_is_told_what_is_wrong_with_its_metadata(client, node, tmp_path):
    if not client.can_provide:
        return
    one = submission(tmp_path, node, "nobody^^^&1.3.6.1.4.1.21367.2005.13.20.1000&ISO")
    security = node.security(tmp_path)
    said = client("provide", node.repository, security, one.metadata, one.entry, one.document)
    assert (said.code, said.all("status")) == (1, [FAILURE]), said.log
    assert "XDSUnknownPatientId" in codes(said), said.log


def test_a_client_masks_a_document_and_understands_that_it_is_no_longer_the_latest(
    built, french_node, tmp_path
):
    client, patient = built(jaxws), french_node.patient()
    one, security = submission(tmp_path, french_node, patient), french_node.security(tmp_path)
    french_node.authorise(patient)
    assert SUCCESS in provide_plainly(french_node, security, one)
    asked = (french_node.registry, security, patient)
    before = client("query", *asked).all("confidentiality")
    said = client("mask", *asked, one.metadata, "1")
    assert (said.code, said.all("status")) == (0, [SUCCESS]), said.log
    after = client("query", *asked)
    assert after.all("document") == [one.unique_id]
    assert after.all("confidentiality") == [*before, "MASQUE_PS"]
    late = client("mask", *asked, one.metadata, "1")
    assert (late.code, codes(late)) == (1, ["XDSMetadataVersionError"]), late.log


@pytest.mark.parametrize("make", [gsoap, jaxws], ids=lambda make: make.__name__)
def test_a_document_of_many_megabytes_goes_in_and_comes_out_as_a_part(make, built, node, tmp_path):
    client, content = built(make), CONTENT * 48
    one = submission(tmp_path, node, node.patient(), content)
    security = node.security(tmp_path)
    said = client("provide", node.repository, security, one.metadata, one.entry, one.document)
    assert said.all("status") == [SUCCESS], said.log
    out = tmp_path / "out.bin"
    wanted = (node.repository_unique_id, one.unique_id, out)
    said = client("retrieve", node.repository, security, *wanted)
    assert said.all("status") == [SUCCESS], said.log
    assert out.read_bytes() == content
