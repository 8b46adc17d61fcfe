"""The one shape that an assertion's signature may have, judged before anything is canonicalised.

An attacker's transform runs before any key is checked, and inclusive canonicalisation costs the
square of the namespaces: so the algorithms come from a list, and the elements are these, in this
order, with nothing else. What the shape leaves open (digest, prefixes, certificates) is returned as
values.

Spec: XML Signature 1.1 §4; SAML 2.0 core §5.4. Nothing is verified here.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from lxml import etree

from xds.namespaces import DS, EXC_C14N, SAML
from xds.security.refusal import Subcode, opaque
from xds.security.trust import TrustError

ENVELOPED: Final = DS + "enveloped-signature"
_MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
_ENC: Final = "http://www.w3.org/2001/04/xmlenc#"

SIGNATURE_ALGORITHMS: Final = frozenset(
    _MORE + name
    for name in (
        "rsa-sha256",
        "rsa-sha384",
        "rsa-sha512",
        "ecdsa-sha256",
        "ecdsa-sha384",
        "ecdsa-sha512",
    )
)
DIGEST_ALGORITHMS: Final = {
    _ENC + "sha256": "sha256",
    _MORE + "sha384": "sha384",
    _ENC + "sha512": "sha512",
}
LEGACY_SIGNATURES: Final = frozenset({DS + "rsa-sha1", _MORE + "ecdsa-sha1"})
LEGACY_DIGESTS: Final = {DS + "sha1": "sha1"}
"""What only a domain that names it accepts (`legacy_algorithms`, as URIs)."""
MAX_CERTIFICATES: Final = 8
MAX_PREFIXES: Final = 64

_NCNAME: Final = re.compile(r"[^\W\d][\w.\-]{0,255}\Z")
_INCLUSIVE: Final = f"{{{EXC_C14N}}}InclusiveNamespaces"
_KEY_INFO: Final = frozenset({f"{{{DS}}}X509Data", f"{{{DS}}}KeyValue", f"{{{DS}}}KeyName"})
_X509_DATA: Final = frozenset(
    f"{{{DS}}}{n}" for n in ("X509Certificate", "X509SubjectName", "X509IssuerSerial", "X509SKI")
)


def _ds(name: str) -> str:
    return f"{{{DS}}}{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Algorithms:
    """The algorithms that a domain accepts."""

    signatures: frozenset[str] = SIGNATURE_ALGORITHMS
    digests: tuple[tuple[str, str], ...] = tuple(DIGEST_ALGORITHMS.items())

    @classmethod
    def with_legacy(cls, uris: tuple[str, ...]) -> "Algorithms":
        """Return the default list and what the domain names besides. Errors: TrustError."""
        known = LEGACY_SIGNATURES | LEGACY_DIGESTS.keys()
        if unknown := set(uris) - known - SIGNATURE_ALGORITHMS - DIGEST_ALGORITHMS.keys():
            raise TrustError(
                f"[assertion] legacy_algorithms: {sorted(unknown)} unknown; known: {sorted(known)}"
            )
        return cls(
            signatures=SIGNATURE_ALGORITHMS | (LEGACY_SIGNATURES & set(uris)),
            digests=(
                *DIGEST_ALGORITHMS.items(),
                *((uri, name) for uri, name in LEGACY_DIGESTS.items() if uri in uris),
            ),
        )


@dataclass(frozen=True, slots=True)
class Shape:
    """What the fixed shape of a signature leaves open."""

    signature: etree._Element
    digest_name: str
    digest: bytes
    prefixes: tuple[str, ...]
    """PrefixList of the reference's canonicalisation."""
    certificates: tuple[bytes, ...]


def _malformed(detail: str) -> Exception:
    return opaque(Subcode.INVALID_SECURITY_TOKEN, detail)


def read_shape(root: etree._Element, algorithms: Algorithms) -> Shape:
    """Return what the shape of an assertion's signature leaves open.

    Errors: SoapFault (InvalidSecurityToken, UnsupportedAlgorithm, SecurityTokenUnavailable).
    """
    identifier = root.get("ID", "")
    if root.tag != f"{{{SAML}}}Assertion" or not _NCNAME.match(identifier):
        raise _malformed("root is no saml:Assertion with an ID that is a name")
    signatures = list(root.iter(_ds("Signature")))
    if len(signatures) != 1 or signatures[0].getparent() is not root:
        raise _malformed(f"{len(signatures)} signatures, or one that is no child of the assertion")
    signature = signatures[0]
    if root.index(signature) != 1:
        raise _malformed("the signature does not follow Issuer (SAML 2.0 core §2.3.3)")
    parts = _children(signature, ("SignedInfo", "SignatureValue", "KeyInfo"), {"Id"}, optional=1)
    if len(parts) < 3:  # noqa: PLR2004 - without KeyInfo
        raise opaque(Subcode.SECURITY_TOKEN_UNAVAILABLE, "no KeyInfo")
    _base64(parts[1], {"Id"})
    reference = _signed_info(parts[0], algorithms)
    if reference.get("URI") != "#" + identifier:
        raise _malformed("the reference is not to the assertion")
    transforms, method, value = _children(
        reference, ("Transforms", "DigestMethod", "DigestValue"), {"URI", "Id"}
    )
    digest_name = dict(algorithms.digests).get(_algorithm(method))
    if digest_name is None:
        raise opaque(Subcode.UNSUPPORTED_ALGORITHM, f"digest {_algorithm(method)}")
    return Shape(
        signature=signature,
        digest_name=digest_name,
        digest=_base64(value, set()),
        prefixes=_transforms(transforms),
        certificates=_certificates(parts[2]),
    )


def _signed_info(signed_info: etree._Element, algorithms: Algorithms) -> etree._Element:
    names = ("CanonicalizationMethod", "SignatureMethod", "Reference")
    canonicalization, method, reference = _children(signed_info, names, {"Id"})
    _exclusive(canonicalization)
    if _algorithm(method) not in algorithms.signatures:
        raise opaque(Subcode.UNSUPPORTED_ALGORITHM, f"signature {_algorithm(method)}")
    return reference


def _transforms(transforms: etree._Element) -> tuple[str, ...]:
    enveloped, canonical = _children(transforms, ("Transform", "Transform"), set())
    if _algorithm(enveloped) != ENVELOPED:
        raise opaque(Subcode.UNSUPPORTED_ALGORITHM, f"transform {enveloped.get('Algorithm')}")
    return _exclusive(canonical)


def _exclusive(element: etree._Element) -> tuple[str, ...]:
    """Require exclusive canonicalisation without comments; return its PrefixList."""
    if element.get("Algorithm") != EXC_C14N or set(element.attrib) != {"Algorithm"}:
        raise opaque(Subcode.UNSUPPORTED_ALGORITHM, f"transform {element.get('Algorithm')}")
    if len(element) == 0:
        return ()
    inclusive = element[0]
    if len(element) > 1 or inclusive.tag != _INCLUSIVE or len(inclusive):
        raise _malformed("unexpected child of a canonicalisation")
    if set(inclusive.attrib) != {"PrefixList"}:
        raise _malformed("InclusiveNamespaces without PrefixList")
    prefixes = tuple(inclusive.get("PrefixList", "").split())
    if len(prefixes) > MAX_PREFIXES or not all(
        p == "#default" or _NCNAME.match(p) for p in prefixes
    ):
        raise _malformed("PrefixList")
    return prefixes


def _algorithm(element: etree._Element) -> str:
    """Return the Algorithm of an element that has nothing else: no HMACOutputLength, no XPath."""
    if len(element) or set(element.attrib) != {"Algorithm"} or (element.text or "").strip():
        raise opaque(Subcode.UNSUPPORTED_ALGORITHM, f"parameters in {element.tag}")
    return element.get("Algorithm", "")


def _children(
    element: etree._Element, names: tuple[str, ...], attributes: set[str], *, optional: int = 0
) -> list[etree._Element]:
    """Return the children if they are these in this order, with white space at most between."""
    found = list(element)
    expected = [_ds(n) for n in names]
    tags = [c.tag for c in found]
    if tags != expected and not (optional and tags == expected[:-optional]):
        raise _malformed(f"children of {element.tag}")
    if set(element.attrib) - attributes:
        raise _malformed(f"attributes of {element.tag}")
    if (element.text or "").strip() or any((c.tail or "").strip() for c in found):
        raise _malformed(f"text in {element.tag}")
    return found


def _base64(element: etree._Element, attributes: set[str]) -> bytes:
    if len(element) or set(element.attrib) - attributes:
        raise _malformed(f"shape of {element.tag}")
    try:
        return base64.b64decode("".join((element.text or "").split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _malformed(f"base64 of {element.tag}") from error


def _certificates(key_info: etree._Element) -> tuple[bytes, ...]:
    if any(c.tag not in _KEY_INFO for c in key_info) or set(key_info.attrib) - {"Id"}:
        raise _malformed("KeyInfo other than X509Data")
    data = [d for c in key_info if c.tag == _ds("X509Data") for d in c]
    if any(d.tag not in _X509_DATA for d in data):
        raise _malformed("X509Data other than a certificate")
    certificates = tuple(_base64(d, set()) for d in data if d.tag == _ds("X509Certificate"))
    if not certificates:
        raise opaque(Subcode.SECURITY_TOKEN_UNAVAILABLE, "no X509Certificate in KeyInfo")
    if len(certificates) > MAX_CERTIFICATES:
        raise _malformed("too many certificates")
    return certificates
