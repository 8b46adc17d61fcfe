"""The messages that the bench sends: a submission with the domain's first code for each attribute.

Spec: ITI TF-2 §3.41.4.1.2, §3.42.4.1.2, §3.18.4.1.2, §3.43.4.1.2; ITI TF-3 §4.2. Text templates, so
that making a message costs the client next to nothing.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from xds.domain import AffinityDomain

RIM = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
SOAP = "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"
OBJECT = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject"
ENTRY_CODES = (
    ("urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a", "classCode"),
    ("urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f", "confidentialityCode"),
    ("urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d", "formatCode"),
    ("urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1", "healthcareFacilityTypeCode"),
    ("urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead", "practiceSettingCode"),
    ("urn:uuid:f0306f51-975f-434e-a61c-c59651d33983", "typeCode"),
)
FOLDER_CODE = ("urn:uuid:1ba97051-7806-41a8-a48b-8fce7af683c5", "codeList")
CONTENT_TYPE = ("urn:uuid:aa543740-bdda-424e-8c96-df4873be8500", "contentTypeCode")
FIND_DOCUMENTS = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What the metadata says of one document."""

    unique_id: str
    sha1: str = ""
    size_octets: int = -1
    """-1: neither hash nor size nor repositoryUniqueId are given (ITI-41)."""
    repository_unique_id: str = ""
    creation_time: str = "20240102030405"
    variant: int = 0
    """Which of the domain's codes for each attribute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """What the metadata says of the submission itself."""

    unique_id: str
    submission_time: str = "20240102030405"
    folder_unique_id: str = ""
    """A new Folder with every document in it; '' for none."""


def new_oid() -> str:
    """Return an OID that nobody has used. Spec: ITU-T X.667 (UUIDs under 2.25)."""
    return f"2.25.{uuid.uuid4().int}"


def submission(
    patient: str,
    documents: Sequence[Document],
    domain: AffinityDomain,
    cover: Cover | None = None,
) -> str:
    """Return an lcm:SubmitObjectsRequest."""
    cover = cover or Cover(unique_id=new_oid())
    numbers = range(1, len(documents) + 1)
    objects = [_entry(n, d, patient, domain) for n, d in enumerate(documents, start=1)]
    original = _slot("SubmissionSetStatus", "Original")
    members = [_member(f"a{n}", "set", f"d{n}", original) for n in numbers]
    if cover.folder_unique_id:
        objects.append(_folder(patient, cover.folder_unique_id, domain))
        members.append(_member("af", "set", "folder", original))
        members += [_member(f"f{n}", "folder", f"d{n}") for n in numbers]
        members += [_member(f"s{n}", "set", f"f{n}") for n in numbers]
    return (
        '<lcm:SubmitObjectsRequest xmlns:lcm="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0" '
        f'xmlns:rim="{RIM}"><rim:RegistryObjectList>'
        f"{''.join(objects)}{_set(patient, domain, cover)}{''.join(members)}"
        "</rim:RegistryObjectList></lcm:SubmitObjectsRequest>"
    )


def envelope(action: str, security: str, body: str) -> bytes:
    """Return a SOAP 1.2 request with a MessageID of its own."""
    return (
        f'<soap:Envelope xmlns:soap="{SOAP}" xmlns:wsa="{WSA}"><soap:Header>'
        f'<wsa:Action soap:mustUnderstand="true">{action}</wsa:Action>'
        f"<wsa:MessageID>urn:uuid:{uuid.uuid4()}</wsa:MessageID>{security}</soap:Header>"
        f"<soap:Body>{body}</soap:Body></soap:Envelope>"
    ).encode()


def provide(security: str, letter: str, count: int) -> bytes:
    """Return an ITI-41 envelope whose documents come as parts `doc1@bench` and on."""
    documents = "".join(
        f'<xds:Document id="d{n}"><xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" '
        f'href="cid:doc{n}@bench"/></xds:Document>'
        for n in range(1, count + 1)
    )
    return envelope(
        "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b",
        security,
        '<xds:ProvideAndRegisterDocumentSetRequest xmlns:xds="urn:ihe:iti:xds-b:2007">'
        f"{letter}{documents}</xds:ProvideAndRegisterDocumentSetRequest>",
    )


def find_documents(security: str, patient: str) -> bytes:
    """Return an ITI-18 FindDocuments of all approved documents, as LeafClass."""
    slots = _slot("$XDSDocumentEntryPatientId", f"'{patient}'") + _slot(
        "$XDSDocumentEntryStatus", "('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')"
    )
    return envelope(
        "urn:ihe:iti:2007:RegistryStoredQuery",
        security,
        '<query:AdhocQueryRequest xmlns:query="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0" '
        f'xmlns:rim="{RIM}"><query:ResponseOption returnComposedObjects="true" '
        f'returnType="LeafClass"/><rim:AdhocQuery id="{FIND_DOCUMENTS}">{slots}'
        "</rim:AdhocQuery></query:AdhocQueryRequest>",
    )


def retrieve(security: str, repository_unique_id: str, unique_id: str) -> bytes:
    """Return an ITI-43 of one document."""
    return envelope(
        "urn:ihe:iti:2007:RetrieveDocumentSet",
        security,
        '<xds:RetrieveDocumentSetRequest xmlns:xds="urn:ihe:iti:xds-b:2007"><xds:DocumentRequest>'
        f"<xds:RepositoryUniqueId>{repository_unique_id}</xds:RepositoryUniqueId>"
        f"<xds:DocumentUniqueId>{unique_id}</xds:DocumentUniqueId>"
        "</xds:DocumentRequest></xds:RetrieveDocumentSetRequest>",
    )


def _entry(number: int, document: Document, patient: str, domain: AffinityDomain) -> str:
    own = f"d{number}"
    slots = [
        _slot("creationTime", document.creation_time),
        _slot("languageCode", "fr-FR"),
        _slot("sourcePatientId", patient),
        _slot("sourcePatientInfo", f"PID-3|{patient}", "PID-5|ESSAI^BANC^^^^^D"),
    ]
    if document.size_octets >= 0:
        slots += [
            _slot("hash", document.sha1),
            _slot("size", str(document.size_octets)),
            _slot("repositoryUniqueId", document.repository_unique_id),
        ]
    codes = [_code(own, scheme, name, domain, document.variant) for scheme, name in ENTRY_CODES]
    author = (
        f'<rim:Classification id="{own}author" classifiedObject="{own}" nodeRepresentation="" '
        'classificationScheme="urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d" '
        f'objectType="{OBJECT}:Classification">'
        + _slot("authorPerson", "801234567890^ESSAI^BANC^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS")
        + "</rim:Classification>"
    )
    return (
        f'<rim:ExtrinsicObject id="{own}" mimeType="application/octet-stream" '
        'objectType="urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1">'
        f'{"".join(slots)}<rim:Name><rim:LocalizedString value="Essai {number}"/></rim:Name>'
        f"{author}{''.join(codes)}"
        + _id(own, "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427", "patientId", patient)
        + _id(own, "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab", "uniqueId", document.unique_id)
        + "</rim:ExtrinsicObject>"
    )


def _set(patient: str, domain: AffinityDomain, cover: Cover) -> str:
    owner = "XDSSubmissionSet"
    schemes = {
        "uniqueId": ("urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8", cover.unique_id),
        "sourceId": ("urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832", "1.2.250.1.999.9"),
        "patientId": ("urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446", patient),
    }
    identifiers = "".join(_id("set", s, name, value, owner) for name, (s, value) in schemes.items())
    return (
        f'<rim:RegistryPackage id="set">{_slot("submissionTime", cover.submission_time)}'
        f"{_code('set', *CONTENT_TYPE, domain)}{identifiers}</rim:RegistryPackage>"
        + _mark("set", "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd")
    )


def _folder(patient: str, unique_id: str, domain: AffinityDomain) -> str:
    owner = "XDSFolder"
    return (
        '<rim:RegistryPackage id="folder"><rim:Name><rim:LocalizedString value="Dossier"/>'
        "</rim:Name>"
        + _code("folder", *FOLDER_CODE, domain)
        + _id(
            "folder", "urn:uuid:75df8f67-9973-4fbe-a900-df66cefecc5a", "uniqueId", unique_id, owner
        )
        + _id(
            "folder", "urn:uuid:f64ffdf0-4b97-4e06-b79f-a52b38ec2f8a", "patientId", patient, owner
        )
        + "</rim:RegistryPackage>"
        + _mark("folder", "urn:uuid:d9d542f3-6cc4-48b6-8870-ea235fbc94c2")
    )


def _mark(own: str, node: str) -> str:
    return (
        f'<rim:Classification id="{own}mark" objectType="{OBJECT}:Classification" '
        f'classificationNode="{node}" classifiedObject="{own}"/>'
    )


def _member(own: str, source: str, target: str, slot: str = "") -> str:
    return (
        f'<rim:Association id="{own}" sourceObject="{source}" targetObject="{target}" '
        'associationType="urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember">'
        f"{slot}</rim:Association>"
    )


def _slot(name: str, *values: str) -> str:
    listed = "".join(f"<rim:Value>{_escaped(v)}</rim:Value>" for v in values)
    return f'<rim:Slot name="{name}"><rim:ValueList>{listed}</rim:ValueList></rim:Slot>'


def _code(own: str, scheme: str, attribute: str, domain: AffinityDomain, variant: int = 0) -> str:
    value_set = domain.value_sets.get(attribute)
    codes = [*value_set.codes.values()] if value_set else []
    code = codes[variant % len(codes)] if codes else None
    shown = (code.code, code.display, code.scheme) if code else ("code", "Code", "1.2.250.1.999.8")
    return (
        f'<rim:Classification id="{own}{attribute}" classifiedObject="{own}" '
        f'classificationScheme="{scheme}" nodeRepresentation="{_escaped(shown[0])}" '
        f'objectType="{OBJECT}:Classification">{_slot("codingScheme", shown[2])}<rim:Name>'
        f'<rim:LocalizedString value="{_escaped(shown[1])}"/></rim:Name></rim:Classification>'
    )


def _id(own: str, scheme: str, name: str, value: str, owner: str = "XDSDocumentEntry") -> str:
    return (
        f'<rim:ExternalIdentifier id="{own}{name}" registryObject="{own}" '
        f'identificationScheme="{scheme}" objectType="{OBJECT}:ExternalIdentifier" '
        f'value="{_escaped(value)}"><rim:Name><rim:LocalizedString value="{owner}.{name}"/>'
        "</rim:Name></rim:ExternalIdentifier>"
    )


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
