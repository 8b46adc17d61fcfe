"""The signature of an assertion: verified on the way in, made on the way out, by xmlsec.

Theory. `verify` takes the octets of one assertion, alone, and:

 1. parses them (no DTD, no entities, capped), refuses comments and processing instructions;
 2. holds the ds:Signature against one fixed shape before anything is canonicalised: algorithms and
    transforms from a list, one same-document reference to the assertion itself, no Object, no HMAC;
 3. takes the certificates of KeyInfo to `Trust`, which answers with a signer or not at all: KeyInfo
    selects, it is never believed;
 4. lets xmlsec verify with that one key;
 5. canonicalises the assertion without its signature itself, compares the digest, and parses
    those octets again. Only this is returned: nobody can read what was not signed.

Step 5 repeats half of step 4 on purpose: it proves that the octets returned are those that were
signed, whatever xmlsec believed it was digesting.

Nothing else imports xmlsec. Times, audiences and attributes are not judged here.
Spec: XML Signature 1.1; SAML 2.0 core §5.4 (signature profile); ITI TF-2 §3.40.4.1.2.
"""

import base64
import hashlib
import hmac
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from xds.namespaces import DS
from xds.security.refusal import Subcode, opaque
from xds.security.shape import Algorithms, Shape, read_shape
from xds.security.trust import Signatory, Trust, TrustError, Untrusted, read_certificates

__all__ = ["Algorithms", "SignatureVerifier", "Signed", "Signer", "canonical"]

MAX_OCTETS: Final = 256 * 1024
"""One assertion; real ones have 4 to 12 KB."""
MAX_ELEMENTS: Final = 4096
MAX_DEPTH: Final = 32
MAX_ATTRIBUTES: Final = 64
MAX_NAMESPACE_DECLARATIONS: Final = 256
"""In the whole assertion: canonicalisation costs their square."""
MAX_KEYS: Final = 1024


def _ds(name: str) -> str:
    return f"{{{DS}}}{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What a trusted signer signed, and nothing else."""

    octets: bytes
    """The canonical form that was signed."""
    root: etree._Element
    """`octets`, parsed; it has no ds:Signature."""
    signatory: Signatory


class SignatureVerifier:
    """Verifies assertions against one trust and one list of algorithms. Thread-safe."""

    def __init__(self, trust: Trust, algorithms: Algorithms | None = None) -> None:
        """Verify against this trust; without a list of algorithms, the default one."""
        self.trust = trust
        self._algorithms = algorithms or Algorithms()
        self._keys: OrderedDict[str, xmlsec.Key] = OrderedDict()
        self._lock = threading.Lock()

    def verify(self, octets: bytes, instant: datetime) -> Signed:
        """Return what was signed in the octets of one assertion.

        Spec: see the module. Errors: SoapFault with a WS-Security subcode and a constant text.
        """
        root = _parse(octets)
        shape = read_shape(root, self._algorithms)
        try:
            signatory = self.trust.signatory(shape.certificates, instant)
        except Untrusted as error:
            raise opaque(Subcode.FAILED_AUTHENTICATION, str(error)) from error
        self._check_signature(root, shape.signature, signatory)
        canonical = _without_signature(root, shape)
        if not hmac.compare_digest(
            hashlib.new(shape.digest_name, canonical).digest(), shape.digest
        ):
            raise opaque(Subcode.FAILED_CHECK, "digest differs from our own canonical form")
        root = etree.fromstring(canonical, _parser())
        return Signed(octets=canonical, root=root, signatory=signatory)

    def _check_signature(
        self, root: etree._Element, signature: etree._Element, signatory: Signatory
    ) -> None:
        context = xmlsec.SignatureContext()
        context.key = self._key(signatory)
        try:
            context.register_id(root, "ID")
            context.verify(signature)
        except xmlsec.Error as error:
            raise opaque(Subcode.FAILED_CHECK, f"xmlsec: {error}") from error

    def _key(self, signatory: Signatory) -> xmlsec.Key:
        with self._lock:
            key = self._keys.get(signatory.fingerprint)
        if key is None:
            try:
                key = xmlsec.Key.from_memory(
                    signatory.certificate.public_bytes(Encoding.PEM),
                    xmlsec.constants.KeyDataFormatCertPem,
                )
            except xmlsec.Error as error:
                raise opaque(Subcode.FAILED_AUTHENTICATION, f"key unusable: {error}") from error
            with self._lock:
                self._keys[signatory.fingerprint] = key
                if len(self._keys) > MAX_KEYS:
                    self._keys.popitem(last=False)
        return key


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def _parse(octets: bytes) -> etree._Element:
    """Parse one assertion alone, under this module's own caps (the envelope had its own)."""
    if len(octets) > MAX_OCTETS:
        raise opaque(Subcode.INVALID_SECURITY_TOKEN, f"assertion of {len(octets)} octets")
    if octets.count(b"xmlns") > MAX_NAMESPACE_DECLARATIONS:
        raise opaque(Subcode.INVALID_SECURITY_TOKEN, "too many namespace declarations")
    try:
        root = etree.fromstring(octets, _parser())
    except etree.XMLSyntaxError as error:
        raise opaque(Subcode.INVALID_SECURITY_TOKEN, f"not well formed alone: {error}") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise opaque(Subcode.INVALID_SECURITY_TOKEN, "document type declaration")
    if root.getprevious() is not None or root.getnext() is not None:
        raise opaque(Subcode.INVALID_SECURITY_TOKEN, "comment beside the assertion")
    for count, node in enumerate(root.iter()):
        if not isinstance(node.tag, str):
            raise opaque(
                Subcode.INVALID_SECURITY_TOKEN, "comment, processing instruction or entity"
            )
        if len(node.attrib) > MAX_ATTRIBUTES or count > MAX_ELEMENTS:
            raise opaque(Subcode.INVALID_SECURITY_TOKEN, "too many attributes or elements")
    if root.xpath(f"boolean(//*[count(ancestor::*) > {MAX_DEPTH}])"):
        raise opaque(Subcode.INVALID_SECURITY_TOKEN, "nested too deeply")
    return root


def _without_signature(root: etree._Element, shape: Shape) -> bytes:
    """Return the canonical octets of the assertion after the enveloped-signature transform."""
    signature, before = shape.signature, root[0]
    # lxml removes an element with the text behind it, which the transform leaves in place.
    before.tail = (before.tail or "") + (signature.tail or "")
    root.remove(signature)
    return canonical(root, shape.prefixes)


def canonical(element: etree._Element, prefixes: tuple[str, ...] = ()) -> bytes:
    """Return an element's exclusive canonical form without comments."""
    return etree.tostring(
        element,
        method="c14n",
        exclusive=True,
        with_comments=False,
        inclusive_ns_prefixes=list(prefixes) or None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A private key and its certificate, ready to sign assertions."""

    certificate: x509.Certificate
    _key: xmlsec.Key

    @classmethod
    def from_files(cls, certificate: Path, key: Path) -> "Signer":
        """Read a PEM certificate and its unencrypted PEM key.

        Errors: TrustError, naming the file.
        """
        leaf = read_certificates(certificate)[0]
        try:
            loaded = xmlsec.Key.from_file(str(key), xmlsec.constants.KeyDataFormatPem)
        except (xmlsec.Error, OSError) as error:
            raise TrustError(f"{key}: not a readable PEM private key ({error})") from error
        return cls(certificate=leaf, _key=loaded)

    @property
    def name(self) -> str:
        """The certificate's subject as RFC 2253 writes it."""
        return self.certificate.subject.rfc4514_string()

    def sign(self, assertion: etree._Element) -> bytes:
        """Return the assertion with an enveloped signature after Issuer, as UTF-8 octets.

        The element is changed. Spec: SAML 2.0 core §5.4.
        """
        is_elliptic = isinstance(self.certificate.public_key(), ec.EllipticCurvePublicKey)
        signature = xmlsec.template.create(
            assertion,
            xmlsec.constants.TransformExclC14N,
            xmlsec.constants.TransformEcdsaSha256
            if is_elliptic
            else xmlsec.constants.TransformRsaSha256,
            ns="ds",
        )
        assertion.insert(1, signature)
        reference = xmlsec.template.add_reference(
            signature, xmlsec.constants.TransformSha256, uri="#" + assertion.get("ID", "")
        )
        xmlsec.template.add_transform(reference, xmlsec.constants.TransformEnveloped)
        xmlsec.template.add_transform(reference, xmlsec.constants.TransformExclC14N)
        data = xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
        certificate = etree.SubElement(data, _ds("X509Certificate"))
        certificate.text = base64.b64encode(self.certificate.public_bytes(Encoding.DER)).decode()
        context = xmlsec.SignatureContext()
        context.key = self._key
        context.register_id(assertion, "ID")
        context.sign(signature)
        return etree.tostring(assertion, encoding="UTF-8", xml_declaration=False, with_tail=False)
