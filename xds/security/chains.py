"""From a signer's certificate to a trust anchor: one chain, and what each certificate must be.

Spec: RFC 5280 §6.1 (path validation), §4.2 (extensions). No name is matched and no subjectAltName
is wanted: seal and health-professional certificates have none. Revocation is in
`xds.security.revocation`.
"""

from datetime import datetime
from typing import Final, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from xds.security.revocation import Untrusted

MIN_RSA_BITS: Final = 2048
MIN_EC_BITS: Final = 256
MAX_CHAIN: Final = 6
MAX_SIGNATURE_CHECKS: Final = 32
"""Per chain: cross-signed certificates in a hostile KeyInfo would make the search exponential."""

_UNDERSTOOD: Final = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.CERTIFICATE_POLICIES,
    }
)
"""Critical extensions that do not make a certificate unusable here."""

_OTHER_USES: Final = frozenset(
    {
        ExtendedKeyUsageOID.SERVER_AUTH,
        ExtendedKeyUsageOID.CLIENT_AUTH,
        ExtendedKeyUsageOID.CODE_SIGNING,
        ExtendedKeyUsageOID.TIME_STAMPING,
        ExtendedKeyUsageOID.OCSP_SIGNING,
        ExtendedKeyUsageOID.SMARTCARD_LOGON,
        ExtendedKeyUsageOID.KERBEROS_PKINIT_KDC,
        ExtendedKeyUsageOID.IPSEC_IKE,
    }
)
"""A certificate that is only for these signs no assertions: a card's authentication certificate,
say."""

_WEAK_HASHES: Final = frozenset({"md5", "sha1", "sha224"})

_Kind = TypeVar("_Kind", bound=x509.ExtensionType)


class ChainSearch:
    """The search for one chain that holds now, bounded in length and in signatures checked."""

    def __init__(
        self,
        anchors: tuple[x509.Certificate, ...],
        offered: tuple[x509.Certificate, ...],
        instant: datetime,
    ) -> None:
        """Search among configured anchors and the certificates that came with a message."""
        self._instant = instant
        self._anchors = anchors
        self._offered = offered
        self._checks_left = MAX_SIGNATURE_CHECKS
        self.obstacles: list[str] = []

    def from_leaf(self, leaf: x509.Certificate) -> tuple[x509.Certificate, ...] | None:
        """Return the chain from this certificate to an anchor, None when there is none."""
        return self._extend((leaf,))

    def _extend(self, chain: tuple[x509.Certificate, ...]) -> tuple[x509.Certificate, ...] | None:
        if len(chain) >= MAX_CHAIN:
            self.obstacles.append("chain too long")
            return None
        for issuer in (*self._anchors, *self._offered):
            if issuer in chain or issuer.subject != chain[-1].issuer:
                continue
            if not self._issued(issuer, chain):
                continue
            longer = (*chain, issuer)
            found = longer if issuer in self._anchors else self._extend(longer)
            if found is not None:
                return found
        return None

    def _issued(self, issuer: x509.Certificate, chain: tuple[x509.Certificate, ...]) -> bool:
        if self._checks_left <= 0:
            self.obstacles.append("too many signatures to check")
            return False
        self._checks_left -= 1
        try:
            _require_now(issuer, self._instant)
            _require_authority(issuer, certificates_below=len(chain) - 1)
            _require_strong_hash(chain[-1])
            chain[-1].verify_directly_issued_by(issuer)
        except Untrusted as error:
            self.obstacles.append(str(error))
            return False
        except Exception as error:  # noqa: BLE001 - as in _read_and_validate; another path may do
            self.obstacles.append(f"certificate signature: {type(error).__name__}")
            return False
        return True


def signers_certificate(certificates: tuple[x509.Certificate, ...]) -> x509.Certificate:
    """Return the certificate that issued no other: XMLDSig lets a chain come in any order.

    Errors: Untrusted when there is none at all.
    """
    if not certificates:
        raise Untrusted("no certificate")
    issuers = [c.issuer for c in certificates if c.issuer != c.subject]
    ends = [c for c in certificates if c.subject not in issuers]
    return ends[0] if ends else certificates[0]


def require_end_entity(certificate: x509.Certificate) -> None:
    """Require a certificate that may sign assertions. Errors: Untrusted."""
    extensions = _extensions(certificate)
    constraints = _extension(extensions, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        raise Untrusted("an authority's certificate signed an assertion")
    purposes = _extension(extensions, x509.ExtendedKeyUsage)
    if purposes is not None and set(purposes) <= _OTHER_USES:
        raise Untrusted("the signer's certificate is for authentication or another use only")
    require_strong_key(certificate, Untrusted)
    require_signing_usage(certificate)


def require_signing_usage(certificate: x509.Certificate) -> None:
    """Require that the key usage, where there is one, includes signature. Errors: Untrusted."""
    usage = _extension(_extensions(certificate), x509.KeyUsage)
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        raise Untrusted("the signer's key usage does not include signature")


def _require_now(certificate: x509.Certificate, instant: datetime) -> None:
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not begin <= instant <= end:
        raise Untrusted(f"an issuer in the chain is valid from {begin} to {end}")


def _require_authority(certificate: x509.Certificate, *, certificates_below: int) -> None:
    extensions = _extensions(certificate)
    constraints = _extension(extensions, x509.BasicConstraints)
    if constraints is None or not constraints.ca:
        raise Untrusted("an issuer in the chain is no authority")
    if constraints.path_length is not None and certificates_below > constraints.path_length:
        raise Untrusted("path length exceeded")
    usage = _extension(extensions, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        raise Untrusted("an issuer in the chain may not sign certificates")
    require_strong_key(certificate, Untrusted)


def _require_strong_hash(certificate: x509.Certificate) -> None:
    used = certificate.signature_hash_algorithm
    if used is None or used.name in _WEAK_HASHES:
        raise Untrusted("a certificate is signed with a weak or unknown hash")


def require_strong_key(certificate: x509.Certificate, error: type[Exception]) -> None:
    """Require RSA of 2048 bits or P-256 at least. Errors: the given one."""
    name = certificate.subject.rfc4514_string()
    match certificate.public_key():
        case rsa.RSAPublicKey() as key if key.key_size >= MIN_RSA_BITS:
            return
        case ec.EllipticCurvePublicKey() as key if key.key_size >= MIN_EC_BITS:
            return
        case rsa.RSAPublicKey() | ec.EllipticCurvePublicKey() as key:
            raise error(f"certificate {name!r}: key of {key.key_size} bits is too weak")
        case other:
            raise error(f"certificate {name!r}: key type {type(other).__name__} is not supported")


def _extensions(certificate: x509.Certificate) -> x509.Extensions:
    extensions = certificate.extensions
    for extension in extensions:
        if extension.critical and extension.oid not in _UNDERSTOOD:
            raise Untrusted(f"critical extension {extension.oid.dotted_string} is not supported")
        if extension.oid == ExtensionOID.NAME_CONSTRAINTS:
            raise Untrusted("name constraints are not supported")
    return extensions


def _extension(extensions: x509.Extensions, kind: type[_Kind]) -> _Kind | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
