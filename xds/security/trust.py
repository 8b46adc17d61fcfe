"""Whom this service believes: anchors, chains, key usage, revocation, and two purposes.

Spec: RFC 5280 §6.1 (path validation); ITI TF-2 §3.40.4.1.3 ("chains to an X-Identity Provider that
is configured as trusted"). Certificates that come with a message only select among what the
configuration trusts. No name is matched here and no subjectAltName is wanted: seal and health-
professional certificates have none. This module knows no XML.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from xds.security.revocation import RevocationLists, Untrusted

__all__ = ["Purpose", "Signatory", "Trust", "TrustError", "Untrusted", "read_certificates"]

MIN_RSA_BITS: Final = 2048
MIN_EC_BITS: Final = 256
MAX_CHAIN: Final = 6
MAX_SIGNATURE_CHECKS: Final = 32
"""Per chain: cross-signed certificates in a hostile KeyInfo would make the search exponential."""
MAX_REMEMBERED: Final = 1024

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


class Purpose(StrEnum):
    """What a signer is trusted for."""

    CALLER = "caller"
    """Issues assertions about callers, for any action."""
    VOUCHER = "voucher"
    """A Repository that vouches for a caller towards its Registry, for few actions."""


class TrustError(Exception):
    """Trust material that cannot be used; the text names file and fix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatory:
    """A signer whose certificate leads to a configured anchor."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    """From the signer's certificate to the anchor."""
    purpose: Purpose
    valid_from: datetime
    """Latest beginning in the chain."""
    valid_until: datetime
    """Earliest end in the chain."""
    fingerprint: str
    """SHA-256 of the signer's certificate, hex."""


class Trust:
    """The signers this service believes. Safe for use by many threads."""

    def __init__(
        self,
        *,
        anchors: Iterable[x509.Certificate],
        vouchers: Iterable[x509.Certificate] = (),
        barred: Iterable[x509.Certificate] = (),
        revocation: RevocationLists | None = None,
    ) -> None:
        """Trust the anchors as issuers of callers and the vouchers, by exact certificate, to vouch.

        The keys of vouchers and of `barred` certificates never sign for a caller themselves,
        whoever certified them. Errors: TrustError for an anchor that is too weak.
        """
        self._anchors = tuple(anchors)
        self._vouchers = {_fingerprint(c): c for c in vouchers}
        self._not_callers = {_key_octets(c) for c in (*self._vouchers.values(), *barred)}
        self._revocation = revocation or RevocationLists(())
        self._remembered: OrderedDict[bytes, Signatory] = OrderedDict()
        self._lock = threading.Lock()
        for certificate in (*self._anchors, *self._vouchers.values()):
            _require_strong_key(certificate, TrustError)

    @classmethod
    def from_files(
        cls,
        *,
        anchors: Iterable[Path],
        vouchers: Iterable[Path] = (),
        barred: Iterable[Path] = (),
        revocation_lists: Iterable[Path] = (),
    ) -> "Trust":
        """Read trust from PEM files, each of which may hold several certificates.

        Errors: TrustError.
        """
        try:
            revocation = RevocationLists(tuple(revocation_lists))
        except (OSError, ValueError) as error:
            raise TrustError(f"revocation list: {error}") from error
        return cls(
            anchors=[c for p in anchors for c in read_certificates(p)],
            vouchers=[c for p in vouchers for c in read_certificates(p)],
            barred=[c for p in barred for c in read_certificates(p)],
            revocation=revocation,
        )

    def signatory(self, certificates: tuple[bytes, ...], instant: datetime) -> Signatory:
        """Return the trusted signer among the DER certificates that came with a message.

        Errors: Untrusted.
        """
        key = hashlib.sha256(b"\0".join(hashlib.sha256(c).digest() for c in certificates)).digest()
        with self._lock:
            known = self._remembered.get(key)
            if known is not None:
                self._remembered.move_to_end(key)
        if known is None:
            known = self._read_and_validate(certificates)
            with self._lock:
                self._remembered[key] = known
                if len(self._remembered) > MAX_REMEMBERED:
                    self._remembered.popitem(last=False)
        self.recheck(known, instant)
        return known

    def recheck(self, signatory: Signatory, instant: datetime) -> None:
        """Check what changes with time: validity and revocation of every certificate of the chain.

        Errors: Untrusted.
        """
        if not signatory.valid_from <= instant <= signatory.valid_until:
            raise Untrusted(
                f"certificate chain valid from {signatory.valid_from} to {signatory.valid_until}, "
                f"now {instant}"
            )
        for certificate, issuer in zip(signatory.chain, signatory.chain[1:], strict=False):
            self._revocation.check(certificate, issuer, instant)

    def _read_and_validate(self, certificates: tuple[bytes, ...]) -> Signatory:
        try:
            return self._validate(
                tuple(x509.load_der_x509_certificate(der) for der in certificates)
            )
        except Untrusted:
            raise
        except Exception as error:
            # cryptography reads lazily: any part of a hostile certificate may raise anything.
            raise Untrusted(f"unreadable certificate: {type(error).__name__}: {error}") from error

    def _validate(self, certificates: tuple[x509.Certificate, ...]) -> Signatory:
        leaf = _signers_certificate(certificates)
        fingerprint = _fingerprint(leaf)
        if fingerprint in self._vouchers:
            return _signatory(leaf, (leaf,), Purpose.VOUCHER)
        if _key_octets(leaf) in self._not_callers:
            raise Untrusted(
                "the key of a vouching Repository signed an assertion as a caller's issuer"
            )
        if any(_fingerprint(anchor) == fingerprint for anchor in self._anchors):
            _require_signing_usage(leaf)
            return _signatory(leaf, (leaf,), Purpose.CALLER)
        _require_end_entity(leaf)
        search = _Search(self._anchors, certificates)
        chain = search.from_leaf(leaf)
        if chain is None:
            raise Untrusted(
                f"no chain from {leaf.subject.rfc4514_string()!r} (issuer "
                f"{leaf.issuer.rfc4514_string()!r}) to a trust anchor: "
                + ("; ".join(search.obstacles) or "issuer unknown")
            )
        return _signatory(leaf, chain, Purpose.CALLER)


class _Search:
    """The search for one chain, bounded in length and in signatures checked."""

    def __init__(
        self, anchors: tuple[x509.Certificate, ...], offered: tuple[x509.Certificate, ...]
    ) -> None:
        self._anchors = anchors
        self._offered = offered
        self._checks_left = MAX_SIGNATURE_CHECKS
        self.obstacles: list[str] = []

    def from_leaf(self, leaf: x509.Certificate) -> tuple[x509.Certificate, ...] | None:
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


def read_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """Read every certificate of a PEM file. Errors: TrustError."""
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise TrustError(f"{path}: not a readable PEM certificate file ({error})") from error


def _signers_certificate(certificates: tuple[x509.Certificate, ...]) -> x509.Certificate:
    """XMLDSig lets a chain come in any order: the signer's is the one that issued no other."""
    if not certificates:
        raise Untrusted("no certificate")
    issuers = [c.issuer for c in certificates if c.issuer != c.subject]
    ends = [c for c in certificates if c.subject not in issuers]
    return ends[0] if ends else certificates[0]


def _signatory(
    leaf: x509.Certificate, chain: tuple[x509.Certificate, ...], purpose: Purpose
) -> Signatory:
    return Signatory(
        certificate=leaf,
        chain=chain,
        purpose=purpose,
        valid_from=max(c.not_valid_before_utc for c in chain),
        valid_until=min(c.not_valid_after_utc for c in chain),
        fingerprint=_fingerprint(leaf),
    )


def _fingerprint(certificate: x509.Certificate) -> str:
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def _key_octets(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _require_end_entity(certificate: x509.Certificate) -> None:
    extensions = _extensions(certificate)
    constraints = _extension(extensions, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        raise Untrusted("an authority's certificate signed an assertion")
    purposes = _extension(extensions, x509.ExtendedKeyUsage)
    if purposes is not None and set(purposes) <= _OTHER_USES:
        raise Untrusted("the signer's certificate is for authentication or another use only")
    _require_strong_key(certificate, Untrusted)
    _require_signing_usage(certificate)


def _require_signing_usage(certificate: x509.Certificate) -> None:
    usage = _extension(_extensions(certificate), x509.KeyUsage)
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        raise Untrusted("the signer's key usage does not include signature")


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
    _require_strong_key(certificate, Untrusted)


def _require_strong_hash(certificate: x509.Certificate) -> None:
    used = certificate.signature_hash_algorithm
    if used is None or used.name in _WEAK_HASHES:
        raise Untrusted("a certificate is signed with a weak or unknown hash")


def _require_strong_key(certificate: x509.Certificate, error: type[Exception]) -> None:
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
