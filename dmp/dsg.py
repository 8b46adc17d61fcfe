"""The signature of a submission set, as a document of that set: made here, verified in dsg_verify.

Theory. A ds:Signature (XAdES) over a ds:Manifest. The manifest's first reference names the
SubmissionSet, with the constant digest of nothing (`AA==`); each further one names a document by
its uniqueId, with the digest of its octets, or of its canonical form as the DMP writes it. So the
signature holds the set together: none added, none left out, none changed.

Spec: ITI TF-3 §5.5 (DSG; §5.5.3.1 SubmissionSet Signature, §5.5.6 metadata); DMP interface guide
(DMP TD2.1), which shows XAdES 1.1.1 and SHA-1: here it is XAdES 1.3.2 and SHA-256. No timestamp
and no revocation data are added (XAdES-X-L needs services that a test node does not have).
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote as percent_encoded

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lxml import etree
from signxml.algorithms import (
    CanonicalizationMethod,
    DigestAlgorithm,
    SignatureConstructionMethod,
    SignatureMethod,
)
from signxml.xades.xades import XAdESDataObjectFormat, XAdESSigner

from dmp.cda_xml import NotACda, parse
from xds.domain import AffinityDomain
from xds.metadata.author import Author
from xds.metadata.code import Code
from xds.metadata.vocabulary import OID_URN, STABLE
from xds.namespaces import DS
from xds.security.trust import TrustError, read_certificates

XADES: Final = "http://uri.etsi.org/01903/v1.3.2#"
SIGNED_PROPERTIES_TYPE: Final = "http://uri.etsi.org/01903#SignedProperties"
MANIFEST_ID: Final = "IHEManifest"
NOTHING: Final = "AA=="
"""Digest value of the SubmissionSet: one zero octet (§5.5.3.1)."""
C14N: Final = CanonicalizationMethod.CANONICAL_XML_1_1_WITH_COMMENTS
"""§5.5.2."""
MAX_CANONICAL_OCTETS: Final = 8 * 1024 * 1024
"""A longer XML document is signed by its octets: its canonical form would have to be in memory."""
DIGESTS: Final = {
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}
C14N_OPTIONS: Final[Mapping[str, Mapping[str, bool]]] = {
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315": {},
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments": {"with_comments": True},
    "http://www.w3.org/2006/12/xml-c14n11": {},
    "http://www.w3.org/2006/12/xml-c14n11#WithComments": {"with_comments": True},
    "http://www.w3.org/2001/10/xml-exc-c14n#": {"exclusive": True},
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments": {
        "exclusive": True,
        "with_comments": True,
    },
}

PURPOSE: Final = Code(code="1.2.840.10065.1.12.1.14", scheme="1.2.840.10065.1.12", display="Source")
SIGNATURE_CLASSES: Final = (
    Code(code="urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1", scheme="URN", display="Digital Signature"),
    Code(code="DIGITAL SIGNATURE", scheme="1.3.6.1.4.1.21367.2017.3", display="Digital Signature"),
)
"""France's, and the public test plans': a domain has its own (§5.5.6.1.2)."""
SIGNATURE_TYPE: Final = Code(code="E1762", scheme="ASTM", display="Full Document")
SIGNATURE_FORMATS: Final = (
    Code(
        code="http://www.w3.org/2000/09/xmldsig#", scheme="URN", display="Default Signature Style"
    ),
    Code(
        code="urn:ihe:iti:dsg:detached:2014",
        scheme="1.3.6.1.4.1.19376.1.2.3",
        display="ITI DSG Detached",
    ),
)
"""The DMP's, and the DSG profile's (§5.5.6.1.1)."""
HIDDEN: Final = (
    Code(code="N", scheme="2.16.840.1.113883.5.25", display="Normal"),
    Code(
        code="MASQUE_PS",
        scheme="1.2.250.1.213.1.1.4.13",
        display="Masqué aux professionnels de santé",
    ),
    Code(
        code="INVISIBLE_PATIENT",
        scheme="1.2.250.1.213.1.1.4.13",
        display="Non visible par le patient",
    ),
)
"""Confidentiality of a signature: it is for machines."""


class Form(StrEnum):
    """What of a document is digested."""

    OCTETS = "octets"
    """The bytes as they are: any document, and a node can check it while it stores them."""
    CANONICAL = "canonical"
    """The canonical XML, as the DMP writes it; only of XML documents that are not too long."""


class Document(Protocol):
    """A document of the set, wherever its bytes are."""

    def digest(self, algorithm: str) -> bytes:
        """Return the digest of the octets; `algorithm` is a name of hashlib."""

    def octets(self, most: int) -> bytes:
        """Return the octets, at most `most` and one more, so that too many are seen to be."""


@dataclass(frozen=True, slots=True)
class InHand:
    """A document whose bytes are in memory."""

    content: bytes

    def digest(self, algorithm: str) -> bytes:
        """Return the digest of the octets."""
        return hashlib.new(algorithm, self.content).digest()

    def octets(self, most: int) -> bytes:
        """Return the octets."""
        return self.content[: most + 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """Who signs: a private key, its certificate, and the authorities between it and an anchor."""

    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    certificates: tuple[x509.Certificate, ...]

    @classmethod
    def from_files(cls, certificate: Path, key: Path) -> "SigningKey":
        """Read PEM files; the key is not encrypted. Errors: TrustError, naming the file."""
        certificates = tuple(read_certificates(certificate))
        try:
            loaded = load_pem_private_key(key.read_bytes(), None)
        except (OSError, ValueError, TypeError) as error:
            raise TrustError(f"{key}: not a readable PEM private key ({error})") from error
        if not isinstance(loaded, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise TrustError(f"{key}: an RSA or elliptic-curve key is needed")
        return cls(key=loaded, certificates=certificates)


def sign(  # noqa: PLR0913 - what a signature is about
    *,
    submission_set_unique_id: str,
    documents: Mapping[str, Document],
    signer: SigningKey,
    instant: datetime,
    signature_id: str = "S0",
    form: Form = Form.OCTETS,
) -> bytes:
    """Return the signature document of a submission set.

    `documents` has every other document of the set, by uniqueId. Spec: ITI TF-3 §5.5.3.1.
    Errors: ValueError for a set without documents.
    """
    if not documents:
        raise ValueError("a submission set without documents has nothing to sign")
    manifest = etree.Element(_ds("Manifest"), nsmap={"ds": DS, "xades": XADES}, Id=MANIFEST_ID)
    _add_reference(manifest, submission_set_unique_id, NOTHING)
    for unique_id, document in documents.items():
        content = _canonical(document) if form is Form.CANONICAL else None
        digest = document.digest("sha256") if content is None else hashlib.sha256(content).digest()
        encoded = base64.b64encode(digest).decode()
        _add_reference(
            manifest, unique_id, encoded, transform="" if content is None else C14N.value
        )
    signature = _Signer(signer, instant, signature_id).sign(
        manifest,
        key=signer.key,
        cert=list(signer.certificates),
        reference_uri=MANIFEST_ID,
        always_add_key_value=False,
    )
    etree.SubElement(signature, _ds("Object")).append(manifest)
    octets: bytes = etree.tostring(signature, encoding="UTF-8", xml_declaration=True)
    return octets


def entry_facts(  # noqa: PLR0913 - what only the sender knows
    *,
    domain: AffinityDomain,
    unique_id: str,
    patient_id: str,
    source_patient_id: str,
    author: Author,
    signed_at: str,
    healthcare_facility_type_code: Code,
    practice_setting_code: Code,
    source_patient_info: Iterable[str] = (),
) -> Mapping[str, str | Code | tuple[str | Code | Author, ...]]:
    """Return the DocumentEntry of a signature document, by the standard's attribute names.

    `author` is the signer; `signed_at` a DTM. Besides its HasMember, the entry is the source of a
    `signs` association whose target is the SubmissionSet. Spec: ITI TF-3 §5.5.6; DMP TD2.1.
    """
    return {
        "objectType": STABLE,
        "uniqueId": unique_id,
        "mimeType": "text/xml",
        "title": PURPOSE.display,
        "languageCode": "art",
        "classCode": _first_admitted(domain, "classCode", SIGNATURE_CLASSES),
        "typeCode": SIGNATURE_TYPE,
        "formatCode": _first_admitted(domain, "formatCode", SIGNATURE_FORMATS),
        "eventCodeList": (PURPOSE,),
        "confidentialityCode": tuple(
            c for c in HIDDEN if domain.admits("confidentialityCode", c.code, c.scheme)
        ),
        "healthcareFacilityTypeCode": healthcare_facility_type_code,
        "practiceSettingCode": practice_setting_code,
        "creationTime": signed_at,
        "serviceStartTime": signed_at,
        "author": (author,),
        "legalAuthenticator": author.person,
        "patientId": patient_id,
        "sourcePatientId": source_patient_id,
        "sourcePatientInfo": tuple(source_patient_info),
    }


def _first_admitted(domain: AffinityDomain, attribute: str, codes: tuple[Code, ...]) -> Code:
    admitted = (c for c in codes if domain.admits(attribute, c.code, c.scheme))
    return next(admitted, codes[0])


def uri_of(unique_id: str) -> str:
    """Return the URI under which a manifest names an object: `urn:oid:` and its uniqueId."""
    return OID_URN + percent_encoded(unique_id, safe="")


def canonical_form(octets: bytes, algorithm: str) -> bytes | None:
    """Return the canonical form of an XML document; None for what is no XML without a DTD."""
    try:
        root = parse(octets, keeps_all=True)
    except NotACda:
        return None
    tree = root.getroottree()
    options = C14N_OPTIONS[algorithm]
    canonical: bytes = etree.tostring(
        tree,
        method="c14n",
        exclusive=options.get("exclusive", False),
        with_comments=options.get("with_comments", False),
    )
    return canonical


def _canonical(document: Document) -> bytes | None:
    octets = document.octets(MAX_CANONICAL_OCTETS)
    return None if len(octets) > MAX_CANONICAL_OCTETS else canonical_form(octets, C14N.value)


def _add_reference(
    manifest: etree._Element, unique_id: str, digest: str, *, transform: str = ""
) -> None:
    reference = etree.SubElement(manifest, _ds("Reference"), URI=uri_of(unique_id))
    if transform:
        transforms = etree.SubElement(reference, _ds("Transforms"))
        etree.SubElement(transforms, _ds("Transform"), Algorithm=transform)
    etree.SubElement(reference, _ds("DigestMethod"), Algorithm=DigestAlgorithm.SHA256.value)
    etree.SubElement(reference, _ds("DigestValue")).text = digest


def _ds(name: str) -> str:
    return f"{{{DS}}}{name}"


def _xades(name: str) -> str:
    return f"{{{XADES}}}{name}"


class _Signer(XAdESSigner):
    """signxml's XAdES signer with the time as a parameter, ids that do not vary, and a purpose."""

    def __init__(self, signer: SigningKey, instant: datetime, signature_id: str) -> None:
        is_elliptic = isinstance(signer.key, ec.EllipticCurvePrivateKey)
        super().__init__(
            method=SignatureConstructionMethod.detached,
            signature_algorithm=SignatureMethod.ECDSA_SHA256
            if is_elliptic
            else SignatureMethod.RSA_SHA256,
            digest_algorithm=DigestAlgorithm.SHA256,
            c14n_algorithm=C14N,
            data_object_format=XAdESDataObjectFormat(
                Description="Manifest of a submission set", MimeType="text/xml"
            ),
        )
        self._instant, self._id, self._tokens = instant, signature_id, 0
        self.signature_annotators.insert(0, self._name)
        self.signed_data_object_properties_annotators.append(self._add_purpose)

    def _name(self, sig_root: etree._Element, **_: Any) -> None:
        sig_root.set("Id", self._id)

    def _get_token(self, length: int = 4) -> str:
        self._tokens += 1
        return f"-{self._tokens:0{length}d}"

    def add_signing_time(
        self,
        signed_signature_properties: Any,
        sig_root: Any,  # noqa: ARG002 - signxml's signature, here and below
        signing_settings: Any,  # noqa: ARG002
    ) -> None:
        """Add the time that the caller gave."""
        time = etree.SubElement(signed_signature_properties, _xades("SigningTime"))
        time.text = f"{self._instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"

    def add_signature_policy_identifier(
        self,
        signed_signature_properties: Any,
        sig_root: Any,  # noqa: ARG002
        signing_settings: Any,  # noqa: ARG002
    ) -> None:
        """Say that the policy is implied, as the DMP wants it."""
        policy = etree.SubElement(signed_signature_properties, _xades("SignaturePolicyIdentifier"))
        etree.SubElement(policy, _xades("SignaturePolicyImplied"))

    @staticmethod
    def _add_purpose(
        signed_data_object_properties: Any,
        sig_root: Any,  # noqa: ARG004
        signing_settings: Any,  # noqa: ARG004
    ) -> None:
        """Add the purpose of signature, from ASTM E1762 (§5.5.2)."""
        commitment = etree.SubElement(
            signed_data_object_properties, _xades("CommitmentTypeIndication")
        )
        kind = etree.SubElement(commitment, _xades("CommitmentTypeId"))
        identifier = etree.SubElement(kind, _xades("Identifier"), Qualifier="OIDAsURN")
        identifier.text = OID_URN + PURPOSE.code
        etree.SubElement(kind, _xades("Description")).text = PURPOSE.display
        etree.SubElement(commitment, _xades("AllSignedDataObjects"))
