"""The published schemas, compiled without the web, beside the project's own."""

from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path

import pytest
from lxml import etree

from xds.contract import EVERY_BODY, SCHEMA_FILES

REFERENCE = Path(__file__).parents[3] / "shared" / "reference"
SOAP_BODY = "{http://www.w3.org/2003/05/soap-envelope}Body"


class Files(etree.Resolver):
    """Resolves a schemaLocation by its last segment, from memory."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__()
        self.files = files

    def resolve(self, system_url, public_id, context):
        name = system_url.rpartition("/")[2]
        return self.resolve_string(self.files[name], context, base_url=system_url)


def compiled(files: Mapping[str, bytes]) -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(Files(files))
    root = etree.fromstring(files[EVERY_BODY], parser, base_url=f"memory:///{EVERY_BODY}")
    return etree.XMLSchema(root)


@pytest.fixture(scope="session")
def own_files() -> dict[str, bytes]:
    return {name: resources.files("schemas").joinpath(name).read_bytes() for name in SCHEMA_FILES}


@pytest.fixture(scope="session")
def official_files(own_files) -> dict[str, bytes]:
    """The published files; the xml.xsd that they fetch from the web is the project's."""
    if not REFERENCE.is_dir():
        pytest.skip(f"the published schemas are not at {REFERENCE}")
    folder = REFERENCE / "schema"
    return {
        name: next(folder.glob(f"*/{name}")).read_bytes()
        for name in SCHEMA_FILES
        if name != "xml.xsd"
    } | {"xml.xsd": own_files["xml.xsd"]}


@pytest.fixture(scope="session")
def official(official_files) -> etree.XMLSchema:
    return compiled(official_files)


@pytest.fixture(scope="session")
def compile_schema() -> Callable[[Mapping[str, bytes]], etree.XMLSchema]:
    return compiled


@pytest.fixture(scope="session")
def examples() -> dict[str, etree._Element]:
    """The bodies of all published example messages, by file name."""
    if not REFERENCE.is_dir():
        pytest.skip(f"the published examples are not at {REFERENCE}")
    bodies = {}
    for path in sorted((REFERENCE / "examples").glob("**/*.xml")):
        root = etree.parse(path).getroot()
        envelope_body = root.find(f".//{SOAP_BODY}")
        bodies[path.name] = root if envelope_body is None else envelope_body[0]
    return bodies
