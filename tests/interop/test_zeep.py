"""zeep, the SOAP client of Python, on the running node's own contract.

zeep knows no substitution groups: it reads what stands for rim:Identifiable as raw elements when it
is not strict, and a plugin puts the metadata of a submission into the message that it made.
"""

import uuid

import pytest
import zeep
from lxml import etree
from zeep.plugins import Plugin

from tests.interop.harness import CONTENT, submission

pytestmark = pytest.mark.interop
SUCCESS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
RIM = "{urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0}"
UNIQUE_ID = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"
FIND_DOCUMENTS = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"
APPROVED = "('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')"


class Metadata(Plugin):
    """Puts the objects of a submission into the empty RegistryObjectList that zeep wrote."""

    def __init__(self, path):
        self.objects = list(etree.parse(path).getroot()[0])

    def egress(self, envelope, http_headers, operation, binding_options):
        envelope.find(f".//{RIM}RegistryObjectList").extend(self.objects)
        return envelope, http_headers


def client(url, *plugins):
    return zeep.Client(f"{url}?wsdl", settings=zeep.Settings(strict=False), plugins=plugins)


def header(path):
    return etree.parse(path).getroot()


def slot(name, value):
    return {"name": name, "ValueList": {"_value_1": [{"Value": value}]}}


def find(node, security, patient, return_type="LeafClass"):
    return client(node.registry).service.DocumentRegistry_RegistryStoredQuery(
        ResponseOption={"returnType": return_type, "returnComposedObjects": True},
        AdhocQuery={
            "id": FIND_DOCUMENTS,
            "Slot": [
                slot("$XDSDocumentEntryPatientId", f"'{patient}'"),
                slot("$XDSDocumentEntryStatus", APPROVED),
            ],
        },
        _soapheaders=[header(security)],
    )


def provide(node, security, one):
    service = client(node.repository, Metadata(one.metadata)).service
    return service["DocumentRepository_ProvideAndRegisterDocumentSet-b"](
        SubmitObjectsRequest={"RegistryObjectList": {}},
        Document=[{"id": one.entry, "_value_1": one.document.read_bytes()}],
        _soapheaders=[header(security)],
    )


@pytest.fixture(params=["node", "french_node"])
def any_node(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def provided(any_node, tmp_path):
    patient = any_node.patient()
    one = submission(tmp_path, any_node, patient)
    security = any_node.security(tmp_path)
    answer = provide(any_node, security, one)
    assert answer.status == SUCCESS, answer
    return patient, one, security


def test_what_zeep_provides_it_finds_with_its_hash_and_size(any_node, provided):
    patient, one, security = provided
    answer = find(any_node, security, patient)
    (entry,) = answer.RegistryObjectList._raw_elements
    identifiers = {
        found.get("identificationScheme"): found.get("value")
        for found in entry.iter(f"{RIM}ExternalIdentifier")
    }
    slots = {
        found.get("name"): found[0][0].text for found in entry.iter(f"{RIM}Slot") if len(found[0])
    }
    assert identifiers[UNIQUE_ID] == one.unique_id
    assert slots["size"] == str(len(CONTENT))
    assert slots["repositoryUniqueId"] == any_node.repository_unique_id


def test_zeep_gets_references_when_it_asks_for_them(any_node, provided):
    patient, _, security = provided
    answer = find(any_node, security, patient, "ObjectRef")
    (reference,) = answer.RegistryObjectList._raw_elements
    assert reference.tag == f"{RIM}ObjectRef"
    assert str(uuid.UUID(reference.get("id").removeprefix("urn:uuid:")))


def test_what_zeep_provides_it_reads_back_byte_by_byte(any_node, provided):
    _, one, security = provided
    answer = client(any_node.repository).service.DocumentRepository_RetrieveDocumentSet(
        DocumentRequest=[
            {
                "RepositoryUniqueId": any_node.repository_unique_id,
                "DocumentUniqueId": one.unique_id,
            }
        ],
        _soapheaders=[header(security)],
    )
    assert answer.RegistryResponse.status == SUCCESS
    (document,) = answer.DocumentResponse
    assert document.DocumentUniqueId == one.unique_id
    assert document.Document == CONTENT


def test_zeep_raises_a_fault_with_its_code_and_a_reason_for_an_old_assertion(node, tmp_path):
    security = node.security(tmp_path, "--issued-at", "2020-01-01T00:00:00Z", "--lifetime", "60")
    with pytest.raises(zeep.exceptions.Fault, match="2020") as refused:
        find(node, security, node.patient())
    assert refused.value.subcodes


def test_zeep_is_refused_without_a_security_header(node):
    service = client(node.registry).service
    with pytest.raises(zeep.exceptions.Fault):
        service.DocumentRegistry_RegistryStoredQuery(
            ResponseOption={"returnType": "ObjectRef"}, AdhocQuery={"id": FIND_DOCUMENTS}
        )
