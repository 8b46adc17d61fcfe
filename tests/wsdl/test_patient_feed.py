"""The description of the patient identity feed is the published one's part that is about HL7 v3."""

from importlib import resources

import pytest
from lxml import etree

from tests.wsdl.test_same_services import REFERENCE, WSDL, service

FEED = etree.fromstring(resources.files("wsdl").joinpath("PatientIdentityFeed.wsdl").read_bytes())


def only_hl7(root):
    for element in list(root.iter(f"{WSDL}message", f"{WSDL}operation")):
        if "_IN20" not in element.get("name") and "_IN0" not in element.get("name"):
            element.getparent().remove(element)
    return root


def test_the_feed_is_described_as_the_published_description_has_it():
    if not REFERENCE.is_dir():
        pytest.skip(f"the published WSDLs are not at {REFERENCE}")
    published = etree.parse(REFERENCE / "XDS.b_DocumentRegistry.wsdl").getroot()
    assert service(FEED) == service(only_hl7(published))


def test_its_name_and_its_operations_are_those_that_the_framework_demands():
    """IHE-WSP201 and the names of ITI TF-2 §3.44.4.1.4.1 and §3.44.4.2.4.1."""
    described = service(FEED)
    assert described["name"] == "DocumentRegistry"
    assert {name for _, name in described["operations"]} == {
        f"DocumentRegistry_PRPA_IN20130{n}UV02" for n in "124"
    }
    assert described["ports"] == [
        (
            "DocumentRegistry_Service",
            "DocumentRegistry_Port_Soap12",
            "{urn:ihe:iti:xds-b:2007}DocumentRegistry_Binding_Soap12",
        )
    ]


def test_the_file_on_disk_finds_its_schema_on_disk():
    (schema,) = FEED.iter("{http://www.w3.org/2001/XMLSchema}import")
    assert resources.files("wsdl").joinpath(".").joinpath(schema.get("schemaLocation")).is_file()
