"""Verifies the signature of a submission set against the set it came with.

Theory. As for an assertion (`xds.security.signature`), nothing is believed before it is shown:

 1. parse: no DTD, a size cap; a ds:Signature of one fixed shape, algorithms from a list, only
    same-document references, the manifest and the signed properties among them;
 2. the certificates in KeyInfo go to `Trust`, which answers with a signer or not at all;
 3. signxml verifies with that one certificate; the manifest and the properties are then read from
    the octets that it digested, never from the document;
 4. the manifest is compared with the set: the same SubmissionSet, every document and no other,
    each with its digest.

All flaws of step 4 are told at once; before that, the first. XAdES 1.1.1, which the DMP's examples
use, and 1.3.2 are both read. Timestamps and revocation data inside the signature are not looked at:
revocation is the trust's own.

Spec: ITI TF-3 §5.5.5 (levels of verification), §5.5.3.1.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from dmp.cda_xml import NotACda, parse
from dmp.dsg import (
    C14N_OPTIONS,
    DIGESTS,
    MAX_CANONICAL_OCTETS,
    NOTHING,
    Document,
    canonical_form,
    uri_of,
)
from xds.errors import quote
from xds.metadata.vocabulary import OID_URN
from xds.namespaces import DS
from xds.security.trust import Signatory, Trust, Untrusted

MAX_OCTETS: Final = 1024 * 1024
"""A signature document; one reference takes 250 octets."""
MAX_CERTIFICATES: Final = 8
MIN_REFERENCES, MAX_REFERENCES = 2, 6
"""In SignedInfo: the manifest and the signed properties; KeyInfo, and what else a signer adds."""
SIGNATURE_METHODS: Final = frozenset(
    {
        SignatureMethod.RSA_SHA256,
        SignatureMethod.RSA_SHA384,
        SignatureMethod.RSA_SHA512,
        SignatureMethod.ECDSA_SHA256,
        SignatureMethod.ECDSA_SHA384,
        SignatureMethod.ECDSA_SHA512,
    }
)
DIGEST_METHODS: Final = frozenset(DigestAlgorithm(uri) for uri in DIGESTS)


class Flaw(StrEnum):
    """Why a signature is not valid."""

    MALFORMED = "malformed"
    WEAK_ALGORITHM = "weak algorithm"
    UNTRUSTED_SIGNER = "untrusted signer"
    BROKEN = "broken"
    """Something that was signed was changed, or another key signed it."""
    OTHER_SET = "other submission set"
    DOCUMENT_CHANGED = "document changed"
    DOCUMENT_ADDED = "document added"
    """In the set, not in the manifest."""
    DOCUMENT_REMOVED = "document removed"
    """In the manifest, not in the set."""
    TOO_LONG = "too long"


@dataclass(frozen=True, slots=True, kw_only=True)
class Valid:
    """The set is what its signer signed."""

    signatory: Signatory
    signing_time: str
    """As the signer claims it: XML dateTime; '' when it does not."""
    purposes: tuple[str, ...]
    """Purposes of signature, such as 1.2.840.10065.1.12.1.14."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One flaw, for the submitter; no cryptographic detail."""

    flaw: Flaw
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Invalid:
    """The set is not what somebody trusted signed."""

    reasons: tuple[Reason, ...]
    detail: str = ""
    """For the operator's log only."""


Verdict = Valid | Invalid


class _Unfit(Exception):  # noqa: N818 - never leaves this module
    """The first flaw before the set itself can be looked at."""

    def __init__(self, flaw: Flaw, text: str, detail: str = "") -> None:
        super().__init__(text)
        self.verdict = Invalid(reasons=(Reason(flaw=flaw, text=text),), detail=detail or text)


def verify(
    signature: bytes,
    *,
    submission_set_unique_id: str,
    documents: Mapping[str, Document],
    trust: Trust,
    instant: datetime,
) -> Verdict:
    """Return whether a signature document holds its submission set together.

    `documents` has every other document of the set, by uniqueId. Spec: ITI TF-3 §5.5.5.
    """
    try:
        # (1) Shape and algorithms.
        root, references = _shaped(signature)
        # (2) The signer.
        signatory = _signatory(root, trust, instant)
        # (3) The signature; from here on only what was signed is read.
        manifest, properties = _signed(root, references, signatory)
    except _Unfit as unfit:
        return unfit.verdict
    # (4) The set.
    reasons = tuple(_compare(manifest, submission_set_unique_id, documents))
    if reasons:
        return Invalid(reasons=reasons, detail="; ".join(r.text for r in reasons))
    return Valid(
        signatory=signatory,
        signing_time=_text(properties, "SigningTime"),
        purposes=tuple(
            _text(commitment, "Identifier").removeprefix(OID_URN)
            for commitment in properties.iter("{*}CommitmentTypeId")
        ),
    )


def names_set(signature: bytes, submission_set_unique_id: str) -> bool:
    """Return whether a manifest, verified or not, has a SubmissionSet: is meant for it."""
    try:
        root = parse(signature[: MAX_OCTETS + 1])
    except NotACda:
        return False
    return any(
        r.get("URI") == uri_of(submission_set_unique_id) for r in root.iter(_ds("Reference"))
    )


# -- (1) shape -----------------------------------------------------------------------------------


def _shaped(signature: bytes) -> tuple[etree._Element, int]:
    """Return the ds:Signature element and how many references it signs. Errors: _Unfit."""
    if len(signature) > MAX_OCTETS:
        raise _Unfit(Flaw.MALFORMED, f"the signature document is over {MAX_OCTETS} octets long")
    try:
        root = parse(signature)
    except NotACda as error:
        raise _Unfit(Flaw.MALFORMED, f"the signature document cannot be read: {error}") from None
    if root.tag != _ds("Signature") or len(list(root.iter(_ds("Signature")))) != 1:
        raise _Unfit(Flaw.MALFORMED, "expected one ds:Signature as the root of the document")
    info = root.find(_ds("SignedInfo"))
    references = [] if info is None else info.findall(_ds("Reference"))
    if info is None or not MIN_REFERENCES <= len(references) <= MAX_REFERENCES:
        raise _Unfit(
            Flaw.MALFORMED, "expected ds:SignedInfo with references to a manifest and properties"
        )
    for reference in references:
        if not (reference.get("URI") or "").startswith("#"):
            raise _Unfit(Flaw.MALFORMED, "a reference of ds:SignedInfo leaves the document")
    _check_algorithms(info, references)
    identifiers = [v for e in root.iter() for k, v in e.attrib.items() if k in {"Id", "ID", "id"}]
    if len(set(identifiers)) != len(identifiers):
        raise _Unfit(Flaw.MALFORMED, "an Id stands twice in the signature document")
    return root, len(references)


def _check_algorithms(info: etree._Element, references: list[etree._Element]) -> None:
    named = [
        (info.find(_ds("SignatureMethod")), {m.value for m in SIGNATURE_METHODS}),
        (info.find(_ds("CanonicalizationMethod")), set(C14N_OPTIONS)),
    ]
    for reference in references:
        named.append((reference.find(_ds("DigestMethod")), set(DIGESTS)))
        named += [(t, set(C14N_OPTIONS)) for t in reference.iter(_ds("Transform"))]
    for element, allowed in named:
        algorithm = "" if element is None else element.get("Algorithm") or ""
        if algorithm not in allowed:
            raise _Unfit(
                Flaw.WEAK_ALGORITHM,
                f"the signature uses {quote(algorithm)}, which is weak or not meant for this",
            )
        if element is not None and len(element):
            # XPath or an XSLT could say that something else was signed.
            raise _Unfit(Flaw.MALFORMED, "an algorithm of the signature has parameters")


# -- (2) the signer ------------------------------------------------------------------------------


def _signatory(root: etree._Element, trust: Trust, instant: datetime) -> Signatory:
    texts = [
        e.text or ""
        for e in root.findall(f"{_ds('KeyInfo')}/{_ds('X509Data')}/*")
        if e.tag == _ds("X509Certificate")
    ]
    if not 1 <= len(texts) <= MAX_CERTIFICATES:
        raise _Unfit(Flaw.MALFORMED, "expected the signer's certificate in ds:KeyInfo/ds:X509Data")
    try:
        certificates = tuple(base64.b64decode(text, validate=False) for text in texts)
        return trust.signatory(certificates, instant)
    except (binascii.Error, ValueError) as error:
        raise _Unfit(
            Flaw.MALFORMED, "a certificate in ds:KeyInfo cannot be read", str(error)
        ) from None
    except Untrusted as error:
        raise _Unfit(
            Flaw.UNTRUSTED_SIGNER, "the signer's certificate is not trusted here", str(error)
        ) from None


# -- (3) the signature ---------------------------------------------------------------------------


def _signed(
    root: etree._Element, references: int, signatory: Signatory
) -> tuple[etree._Element, etree._Element]:
    """Return the manifest and the signed properties, read again from the octets digested."""
    try:
        results = XMLVerifier().verify(
            root,
            x509_cert=signatory.certificate,
            validate_schema=False,
            expect_config=SignatureConfiguration(
                location="./",
                expect_references=references,
                signature_methods=SIGNATURE_METHODS,
                digest_algorithms=DIGEST_METHODS,
                ignore_ambiguous_key_info=True,
            ),
        )
    except (SignXMLException, etree.LxmlError, ValueError, KeyError, NotImplementedError) as error:
        raise _Unfit(
            Flaw.BROKEN, "the signature is not that of its manifest", repr(error)
        ) from None
    each = results if isinstance(results, list) else [results]
    signed = [r.signed_xml for r in each if r.signed_xml is not None]
    manifests = [e for e in signed if e.tag == _ds("Manifest")]
    properties = [e for e in signed if e.tag.endswith("}SignedProperties")]
    if len(manifests) != 1 or len(properties) != 1:
        raise _Unfit(
            Flaw.MALFORMED, "expected one ds:Manifest and one SignedProperties to be signed"
        )
    _check_certificate(properties[0], signatory.certificate)
    return manifests[0], properties[0]


def _check_certificate(properties: etree._Element, certificate: x509.Certificate) -> None:
    """Check that the first certificate that the signer names is the one that verifies."""
    named = next(properties.iter("{*}CertDigest"), None)
    if named is None:
        return
    method = next(named.iter(_ds("DigestMethod")), None)
    algorithm = DIGESTS.get("" if method is None else method.get("Algorithm") or "")
    if algorithm is None:
        return  # the DMP's examples name it by SHA-1, which is no proof of anything
    value = _decoded(_text(named, "DigestValue"))
    if not hmac.compare_digest(value, _digest(certificate, algorithm)):
        raise _Unfit(Flaw.BROKEN, "the signature names another certificate than its signer's")


def _digest(certificate: x509.Certificate, algorithm: str) -> bytes:
    return hashlib.new(algorithm, certificate.public_bytes(Encoding.DER)).digest()


# -- (4) the set ---------------------------------------------------------------------------------


def _compare(
    manifest: etree._Element, submission_set: str, documents: Mapping[str, Document]
) -> Iterator[Reason]:
    """Yield every difference between what was signed and what came."""
    expected = {uri_of(unique_id): unique_id for unique_id in documents}
    own, seen = uri_of(submission_set), set[str]()
    for reference in manifest.findall(_ds("Reference")):
        uri = (reference.get("URI") or "").strip()
        uri = uri if uri in expected or uri == own else uri_of(uri.removeprefix(OID_URN))
        if uri in seen:
            yield Reason(flaw=Flaw.MALFORMED, text=f"the manifest names {quote(uri)} twice")
        seen.add(uri)
        if uri == own:
            if _text(reference, "DigestValue") != NOTHING:
                yield Reason(
                    flaw=Flaw.MALFORMED,
                    text=f"the digest of a SubmissionSet is {NOTHING} (ITI TF-3 §5.5.3.1)",
                )
        elif uri in expected:
            yield from _compare_document(reference, expected[uri], documents[expected[uri]])
        else:
            yield Reason(
                flaw=Flaw.DOCUMENT_REMOVED,
                text=f"the manifest has {quote(uri)}, which is not in the submission",
            )
    if own not in seen:
        yield Reason(
            flaw=Flaw.OTHER_SET,
            text=f"the manifest does not have SubmissionSet {quote(submission_set)}",
        )
    for uri in expected.keys() - seen:
        yield Reason(
            flaw=Flaw.DOCUMENT_ADDED,
            text=f"document {quote(expected[uri])} is not in the manifest",
        )


def _compare_document(
    reference: etree._Element, unique_id: str, document: Document
) -> Iterator[Reason]:
    method = reference.find(_ds("DigestMethod"))
    algorithm = DIGESTS.get("" if method is None else method.get("Algorithm") or "")
    transforms = [t.get("Algorithm") or "" for t in reference.iter(_ds("Transform"))]
    if algorithm is None or len(transforms) > 1 or not set(transforms) <= set(C14N_OPTIONS):
        yield Reason(
            flaw=Flaw.WEAK_ALGORITHM,
            text=f"document {quote(unique_id)} is digested with an algorithm that is weak or "
            "not meant for this",
        )
        return
    octets = document.octets(MAX_CANONICAL_OCTETS) if transforms else b""
    if len(octets) > MAX_CANONICAL_OCTETS:
        yield Reason(
            flaw=Flaw.TOO_LONG,
            text=f"document {quote(unique_id)} is signed by its canonical form, and longer than "
            f"{MAX_CANONICAL_OCTETS} octets; sign its octets",
        )
        return
    came = _document_digest(document, octets, algorithm, transforms)
    if came is None or not hmac.compare_digest(came, _decoded(_text(reference, "DigestValue"))):
        yield Reason(
            flaw=Flaw.DOCUMENT_CHANGED,
            text=f"document {quote(unique_id)} is not the one that was signed",
        )


def _document_digest(
    document: Document, octets: bytes, algorithm: str, transforms: list[str]
) -> bytes | None:
    if not transforms:
        return document.digest(algorithm)
    canonical = canonical_form(octets, transforms[0])
    return None if canonical is None else hashlib.new(algorithm, canonical).digest()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return b""


def _text(element: etree._Element, name: str) -> str:
    found = next(element.iter(f"{{*}}{name}"), None)
    return "" if found is None else (found.text or "").strip()


def _ds(name: str) -> str:
    return f"{{{DS}}}{name}"
