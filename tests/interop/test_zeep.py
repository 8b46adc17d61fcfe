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
SET_UNIQUE_ID = "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8"
CONFIDENTIALITY = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f"
FIND_DOCUMENTS = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"
APPROVED = "('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')"


class Metadata(Plugin):
    """Puts objects into the empty RegistryObjectList that zeep wrote."""

    def __init__(self, objects):
        self.objects = objects

    def egress(self, envelope, http_headers, operation, binding_options):
        envelope.find(f".//{RIM}RegistryObjectList").extend(self.objects)
        return envelope, http_headers


def objects_of(path):
    return list(etree.parse(path).getroot()[0])


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
    service = client(node.repository, Metadata(objects_of(one.metadata))).service
    return service["DocumentRepository_ProvideAndRegisterDocumentSet-b"](
        SubmitObjectsRequest={"RegistryObjectList": {}},
        Document=[{"id": one.entry, "_value_1": one.document.read_bytes()}],
        _soapheaders=[header(security)],
    )


def new_slot(parent, name, value):
    slot = etree.SubElement(parent, f"{RIM}Slot", name=name)
    etree.SubElement(etree.SubElement(slot, f"{RIM}ValueList"), f"{RIM}Value").text = value


def masked(entry, metadata):
    """The SubmissionSet of a submission under another uniqueId, and the entry with a code more."""
    (own_set,) = [o for o in objects_of(metadata) if o.tag == f"{RIM}RegistryPackage"]
    for identifier in own_set.iter(f"{RIM}ExternalIdentifier"):
        if identifier.get("identificationScheme") == SET_UNIQUE_ID:
            identifier.set("value", f"2.25.{uuid.uuid4().int}")
    code = etree.Element(
        f"{RIM}Classification",
        id="Mask01",
        classificationScheme=CONFIDENTIALITY,
        nodeRepresentation="MASQUE_PS",
    )
    new_slot(code, "codingScheme", "1.2.250.1.213.1.1.4.13")
    name = etree.SubElement(code, f"{RIM}Name")
    etree.SubElement(name, f"{RIM}LocalizedString", value="Masqué aux professionnels de santé")
    entry.insert([o.tag for o in entry].index(f"{RIM}ExternalIdentifier"), code)
    entry.set("id", "Masked01")
    for part in entry:
        if part.tag == f"{RIM}Classification":
            part.set("classifiedObject", "Masked01")
        if part.tag == f"{RIM}ExternalIdentifier":
            part.set("registryObject", "Masked01")
    member = etree.Element(
        f"{RIM}Association",
        id="Member01",
        associationType="urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember",
        sourceObject=own_set.get("id"),
        targetObject="Masked01",
    )
    new_slot(member, "SubmissionSetStatus", "Original")
    new_slot(member, "PreviousVersion", entry.find(f"{RIM}VersionInfo").get("versionName"))
    return [own_set, entry, member]


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


def test_zeep_masks_a_document_by_a_new_version(french_node, tmp_path):
    patient = french_node.patient()
    one, security = submission(tmp_path, french_node, patient), french_node.security(tmp_path)
    french_node.authorise(patient)
    assert provide(french_node, security, one).status == SUCCESS
    (entry,) = find(french_node, security, patient).RegistryObjectList._raw_elements
    registry = client(french_node.registry, Metadata(masked(entry, one.metadata)))
    answer = registry.service.DocumentRegistry_UpdateDocumentSet(
        RegistryObjectList={}, _soapheaders=[header(security)]
    )
    assert answer.status == SUCCESS, answer
    (entry,) = find(french_node, security, patient).RegistryObjectList._raw_elements
    assert entry.find(f"{RIM}VersionInfo").get("versionName") == "2"
    codes = entry.findall(f"{RIM}Classification[@classificationScheme='{CONFIDENTIALITY}']")
    assert "MASQUE_PS" in {code.get("nodeRepresentation") for code in codes}


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
