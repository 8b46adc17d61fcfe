"""The description of ITI-79: one operation, its two actions, its two elements."""

from importlib import resources

from lxml import etree

from tests.wsdl.test_same_services import service
from xds.access.decision_query import REQUEST
from xds.access.xacml import REQUEST_ACTION, RESPONSE_ACTION
from xds.namespaces import SAMLP

ROOT = etree.fromstring(
    resources.files("wsdl").joinpath("AuthorizationDecisions.wsdl").read_bytes()
)


def test_it_has_the_one_operation_with_the_actions_of_the_supplement():
    described = service(ROOT)
    ((_, ends),) = described["operations"].items()
    assert [action for _, _, action in ends] == [REQUEST_ACTION, RESPONSE_ACTION]
    parts = [described["messages"][name.rpartition("}")[2]] for _, name, _ in ends]
    assert [element for ((_, element),) in parts] == [REQUEST, f"{{{SAMLP}}}Response"]
    ((_, binding),) = described["bindings"].items()
    ((action, _),) = binding["operations"].values()
    assert action == REQUEST_ACTION


def test_the_file_on_disk_finds_its_schemas_on_disk():
    folder = resources.files("wsdl").joinpath(".")
    imports = ROOT.iter("{http://www.w3.org/2001/XMLSchema}import")
    assert all(folder.joinpath(one.get("schemaLocation")).is_file() for one in imports)
