"""A valid submission and its ITI-41 message, of which a test changes one thing."""

import base64
import uuid
from dataclasses import dataclass, replace
from types import MappingProxyType

from xds.domain import AffinityDomain, Code, load_domain
from xds.ebrim.submit import write_submit_objects
from xds.metadata.rim import LocalizedString, RimObject, Slot

PATIENT = "IHEBLUE-1^^^&1.3.6.1.4.1.21367.13.20.3000&ISO"
OPEN_DOMAIN = AffinityDomain(
    name="test",
    title="Any codes",
    authorities=MappingProxyType({}),
    assertion_profile="xua",
    access="any-trusted",
    value_sets=MappingProxyType({}),
)
OBJECT = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject"
ENTRY_CODES = {
    "41a5887f-8865-4c09-adf7-e362475b143a": "classCode",
    "f4f85eac-e6cb-4883-b524-f2705394840f": "confidentialityCode",
    "a09d5840-386c-46f2-b5ad-9c3699a4309d": "formatCode",
    "f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1": "healthcareFacilityTypeCode",
    "cccf5598-8b07-4b77-a05e-ae952c785ead": "practiceSettingCode",
    "f0306f51-975f-434e-a61c-c59651d33983": "typeCode",
}
PACKAGE_CODES = {
    "aa543740-bdda-424e-8c96-df4873be8500": "contentTypeCode",
    "1ba97051-7806-41a8-a48b-8fce7af683c5": "codeList",
}
ATTRIBUTES = ENTRY_CODES | PACKAGE_CODES
IHE = load_domain("ihe")


def known(attribute: str) -> Code:
    """Return a code that the international domain knows for an attribute."""
    value_set = IHE.value_sets.get(attribute)
    return next(iter(value_set.codes.values())) if value_set else Code(code="1", scheme="1.2.3")


def oid() -> str:
    return f"2.25.{uuid.uuid4().int}"


def slot(name: str, *values: str) -> Slot:
    return Slot(name=name, values=values)


def code(own: str, scheme: str) -> RimObject:
    return RimObject(
        tag="Classification",
        attributes=(
            ("id", f"{own}-{scheme}"),
            ("classifiedObject", own),
            ("classificationScheme", f"urn:uuid:{scheme}"),
            ("nodeRepresentation", known(ATTRIBUTES[scheme]).code),
            ("objectType", f"{OBJECT}:Classification"),
        ),
        slots=(slot("codingScheme", known(ATTRIBUTES[scheme]).scheme),),
        name=(LocalizedString(value="Code"),),
    )


def identifier(own: str, scheme: str, name: str, value: str) -> RimObject:
    return RimObject(
        tag="ExternalIdentifier",
        attributes=(
            ("id", f"{own}-{name}"),
            ("registryObject", own),
            ("identificationScheme", f"urn:uuid:{scheme}"),
            ("value", value),
            ("objectType", f"{OBJECT}:ExternalIdentifier"),
        ),
        name=(LocalizedString(value=name),),
    )


def entry(own: str, unique_id: str, mime_type: str = "text/plain", **slots: str) -> RimObject:
    return RimObject(
        tag="ExtrinsicObject",
        attributes=(
            ("id", own),
            ("mimeType", mime_type),
            ("objectType", "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"),
        ),
        slots=(
            slot("creationTime", "20240102030405"),
            slot("languageCode", "fr-FR"),
            slot("sourcePatientId", PATIENT),
            *(slot(name, value) for name, value in slots.items()),
        ),
        name=(LocalizedString(value=own),),
        classifications=tuple(code(own, scheme) for scheme in ENTRY_CODES),
        external_identifiers=(
            identifier(
                own, "58a6f841-87b3-4a3e-92fd-a8ffeff98427", "XDSDocumentEntry.patientId", PATIENT
            ),
            identifier(
                own, "2e82c1f6-a085-4c72-9da3-8640a32e42ab", "XDSDocumentEntry.uniqueId", unique_id
            ),
        ),
    )


def submission_set(unique_id: str) -> tuple[RimObject, RimObject]:
    own = "SubmissionSet01"
    package = RimObject(
        tag="RegistryPackage",
        attributes=(("id", own),),
        slots=(slot("submissionTime", "20240102030405"),),
        classifications=(code(own, "aa543740-bdda-424e-8c96-df4873be8500"),),
        external_identifiers=(
            identifier(
                own, "96fdda7c-d067-4183-912e-bf5ee74998a8", "XDSSubmissionSet.uniqueId", unique_id
            ),
            identifier(
                own, "554ac39e-e3fe-47fe-b233-965d2a147832", "XDSSubmissionSet.sourceId", "1.2.3"
            ),
            identifier(
                own, "6b5aea1a-874d-4603-a4bc-96a0a7b38446", "XDSSubmissionSet.patientId", PATIENT
            ),
        ),
    )
    mark = RimObject(
        tag="Classification",
        attributes=(
            ("id", "mark"),
            ("classifiedObject", own),
            ("classificationNode", "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"),
            ("objectType", f"{OBJECT}:Classification"),
        ),
    )
    return package, mark


def member(target: str, status: str = "Original") -> RimObject:
    return RimObject(
        tag="Association",
        attributes=(
            ("id", f"member-{target}"),
            ("associationType", "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"),
            ("sourceObject", "SubmissionSet01"),
            ("targetObject", target),
            ("objectType", f"{OBJECT}:Association"),
        ),
        slots=(slot("SubmissionSetStatus", status),),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One ITI-41 message in the making."""

    objects: tuple[RimObject, ...]
    contents: tuple[tuple[str, bytes], ...]
    """Document ids with their bytes, in the order of the xds:Document elements."""
    inline: frozenset[str] = frozenset()
    """Ids of documents that go as base64; the others go as parts `<id>@test`."""
    part_order: tuple[str, ...] | None = None
    extra_parts: tuple[tuple[str, bytes], ...] = ()

    def replacing(self, own: str, changed: RimObject) -> "Message":
        return replace(self, objects=tuple(changed if o.id == own else o for o in self.objects))

    def with_slot(self, own: str, name: str, value: str) -> "Message":
        (found,) = [o for o in self.objects if o.id == own]
        return self.replacing(own, found.with_slot(name, value))

    def without(self, *ids: str) -> "Message":
        return replace(self, contents=tuple(c for c in self.contents if c[0] not in ids))

    @property
    def unique_ids(self) -> list[str]:
        scheme = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"
        return [
            o.identifiers(scheme)[0].attribute("value") or ""
            for o in self.objects
            if o.tag == "ExtrinsicObject"
        ]

    @property
    def body(self) -> bytes:
        documents = b"".join(self._document(own, content) for own, content in self.contents)
        return (
            b'<xds:ProvideAndRegisterDocumentSetRequest xmlns:xds="urn:ihe:iti:xds-b:2007">\n'
            + write_submit_objects(self.objects).replace(b"><", b">\n<")
            + documents
            + b"</xds:ProvideAndRegisterDocumentSetRequest>"
        )

    @property
    def parts(self) -> list[tuple[str, bytes]]:
        found = {own: content for own, content in self.contents if own not in self.inline}
        order = self.part_order or tuple(found)
        return [*((f"{own}@test", found[own]) for own in order), *self.extra_parts]

    def _document(self, own: str, content: bytes) -> bytes:
        inside = (
            base64.b64encode(content)
            if own in self.inline
            else b'<xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:%b"/>'
            % f"{own}%40test".encode()
        )
        return b'<xds:Document id="%b">%b</xds:Document>\n' % (own.encode(), inside)


def message(*contents: bytes, unique_ids: tuple[str, ...] = ()) -> Message:
    """Return a valid message with these documents, `Document01` and on."""
    owns = [f"Document{n:02d}" for n in range(1, len(contents) + 1)]
    names = unique_ids or tuple(oid() for _ in owns)
    return Message(
        objects=(
            *(entry(own, name) for own, name in zip(owns, names, strict=True)),
            *submission_set(oid()),
            *(member(own) for own in owns),
        ),
        contents=tuple(zip(owns, contents, strict=True)),
    )
