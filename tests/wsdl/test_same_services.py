"""The project's WSDLs describe the services that the published ones describe, less HL7 v3."""

from importlib import resources
from pathlib import Path

import pytest
from lxml import etree

WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
SOAP12 = "{http://schemas.xmlsoap.org/wsdl/soap12/}"
WSAW = "{http://www.w3.org/2006/05/addressing/wsdl}"
REFERENCE = Path(__file__).parents[3] / "shared" / "reference" / "wsdl"
ACTORS = ["DocumentRegistry", "DocumentRepository"]


def clark(qname, element):
    prefix, _, local = qname.rpartition(":")
    return f"{{{element.nsmap.get(prefix or None, '')}}}{local}"


def service(root):
    """What a WSDL says, as plain values: the same value, the same service."""
    return {
        "name": root.get("name"),
        "namespace": root.get("targetNamespace"),
        "messages": {
            message.get("name"): [
                (part.get("name"), clark(part.get("element"), part))
                for part in message.iter(f"{WSDL}part")
            ]
            for message in root.iter(f"{WSDL}message")
        },
        "operations": {
            (port_type.get("name"), operation.get("name")): [
                (one.tag, clark(one.get("message"), one), one.get(f"{WSAW}Action"))
                for one in operation.iter(f"{WSDL}input", f"{WSDL}output", f"{WSDL}fault")
            ]
            for port_type in root.iter(f"{WSDL}portType")
            for operation in port_type.iter(f"{WSDL}operation")
        },
        "bindings": {
            (binding.get("name"), clark(binding.get("type"), binding)): {
                "soap": dict(binding.find(f"{SOAP12}binding").attrib),
                "operations": {
                    operation.get("name"): (
                        operation.find(f"{SOAP12}operation").get("soapAction"),
                        [
                            (body.getparent().tag, *body.items())
                            for body in operation.iter(f"{SOAP12}body")
                        ],
                    )
                    for operation in binding.iter(f"{WSDL}operation")
                },
            }
            for binding in root.iter(f"{WSDL}binding")
        },
        "ports": [
            (port.getparent().get("name"), port.get("name"), clark(port.get("binding"), port))
            for port in root.iter(f"{WSDL}port")
        ],
    }


def without_hl7(root):
    """Remove the patient identity feed, which is another transaction's business."""
    for element in list(root.iter(f"{WSDL}message", f"{WSDL}operation")):
        if "_IN20" in element.get("name") or "_IN0" in element.get("name"):
            element.getparent().remove(element)
    return root


OF_LATER_TRANSACTIONS = {
    "MultiPatientStoredQuery": (  # ITI TF-2 §3.51.4.1.2.3
        "urn:ihe:iti:2009:MultiPatientStoredQuery",
        "urn:ihe:iti:2009:MultiPatientStoredQueryResponse",
    ),
    "RegisterOnDemandDocumentEntry": (  # §3.61.4.1.2, §3.61.4.2.2: the answer's has no Entry
        "urn:ihe:iti:2010:RegisterOnDemandDocumentEntry",
        "urn:ihe:iti:2010:RegisterOnDemandDocumentResponse",
    ),
    "UpdateDocumentSet": (  # XDS Metadata Update §3.57.5
        "urn:ihe:iti:2010:UpdateDocumentSet",
        "urn:ihe:iti:2010:UpdateDocumentSetResponse",
    ),
    "RestrictedUpdateDocumentSet": (  # RMU supplement §3.92.5
        "urn:ihe:iti:2018:RestrictedUpdateDocumentSet",
        "urn:ihe:iti:2018:RestrictedUpdateDocumentSetResponse",
    ),
    "DeleteDocumentSet": (  # RMD supplement §3.62.5
        "urn:ihe:iti:2010:DeleteDocumentSet",
        "urn:ihe:iti:2010:DeleteDocumentSetResponse",
    ),
    "RemoveDocuments": (  # RMD supplement §3.86.5
        "urn:ihe:iti:2017:RemoveDocuments",
        "urn:ihe:iti:2017:RemoveDocumentsResponse",
    ),
}
"""Operations that the published description of 2007 does not have, and their actions."""


def without_later_transactions(root):
    for element in list(root.iter(f"{WSDL}message", f"{WSDL}operation")):
        name = element.get("name").rpartition("_")
        if {name[2], name[0].removesuffix("Response")} & set(OF_LATER_TRANSACTIONS):
            element.getparent().remove(element)
    return root


def own(actor):
    return etree.fromstring(resources.files("wsdl").joinpath(f"{actor}.wsdl").read_bytes())


@pytest.mark.parametrize("actor", ACTORS)
def test_an_actor_offers_what_the_published_description_offers(actor):
    if not REFERENCE.is_dir():
        pytest.skip(f"the published WSDLs are not at {REFERENCE}")
    published = etree.parse(REFERENCE / f"XDS.b_{actor}.wsdl").getroot()
    assert service(without_later_transactions(own(actor))) == service(without_hl7(published))


def removal(root, actor):
    """The operation of RMD alone: its elements and actions, whatever namespace the WSDL has."""
    described = service(root)
    ((messages, operation),) = [
        ([name for _, name, _ in ends], (name, [action for _, _, action in ends]))
        for (_, name), ends in described["operations"].items()
        if name in {"DocumentRegistry_DeleteDocumentSet", "DocumentRepository_RemoveDocuments"}
    ]
    elements = [described["messages"][one.rpartition("}")[2]] for one in messages]
    actions = {
        bound[name][0]
        for binding in described["bindings"].values()
        for bound in (binding["operations"],)
        for name in bound
        if name == operation[0]
    }
    return operation, elements, actions


@pytest.mark.parametrize("actor", ACTORS)
def test_a_removal_is_what_the_published_description_of_rmd_says(actor):
    if not REFERENCE.is_dir():
        pytest.skip(f"the published WSDLs are not at {REFERENCE}")
    text = (REFERENCE / f"RMD_{actor}.wsdl").read_bytes()
    # It has a binding for SOAP 1.1 too, and ends the name of WS-Addressing's WSDL with a slash.
    root = etree.fromstring(text.replace(b'addressing/wsdl/"', b'addressing/wsdl"'))
    for one in list(root.iter(f"{WSDL}binding", f"{WSDL}port")):
        if one.get("name").endswith("Soap11"):
            one.getparent().remove(one)
    assert removal(own(actor), actor) == removal(root, actor)


@pytest.mark.parametrize("actor", ACTORS)
def test_every_operation_names_its_two_actions_as_appendix_v_wants_them(actor):
    described = service(own(actor))
    assert len(described["operations"]) >= 2
    for (_, operation), ends in described["operations"].items():
        transaction = operation.removeprefix(f"{actor}_")
        usual = (f"urn:ihe:iti:2007:{transaction}", f"urn:ihe:iti:2007:{transaction}Response")
        expected = OF_LATER_TRANSACTIONS.get(transaction, usual)
        assert tuple(action for _, _, action in ends) == expected


@pytest.mark.parametrize("actor", ACTORS)
def test_the_file_on_disk_finds_its_schemas_on_disk(actor):
    imports = own(actor).iter("{http://www.w3.org/2001/XMLSchema}import")
    folder = resources.files("wsdl").joinpath(".")
    assert all(folder.joinpath(one.get("schemaLocation")).is_file() for one in imports)
