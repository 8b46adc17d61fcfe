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
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from xds.security.chains import (
    ChainSearch,
    require_end_entity,
    require_signing_usage,
    require_strong_key,
    signers_certificate,
)
from xds.security.revocation import RevocationLists, Untrusted

__all__ = ["Purpose", "Signatory", "Trust", "TrustError", "Untrusted", "read_certificates"]

MAX_REMEMBERED: Final = 1024


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
            require_strong_key(certificate, TrustError)

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
        if known is None or not known.valid_from <= instant <= known.valid_until:
            # Out of time: an authority may have been renewed, and another chain holds.
            known = self._read_and_validate(certificates, instant)
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

    def _read_and_validate(self, certificates: tuple[bytes, ...], instant: datetime) -> Signatory:
        try:
            read = tuple(x509.load_der_x509_certificate(der) for der in certificates)
            return self._validate(read, instant)
        except Untrusted:
            raise
        except Exception as error:
            # cryptography reads lazily: any part of a hostile certificate may raise anything.
            raise Untrusted(f"unreadable certificate: {type(error).__name__}: {error}") from error

    def _validate(self, certificates: tuple[x509.Certificate, ...], instant: datetime) -> Signatory:
        leaf = signers_certificate(certificates)
        fingerprint = _fingerprint(leaf)
        if fingerprint in self._vouchers:
            return _signatory(leaf, self._pinned(leaf, instant), Purpose.VOUCHER)
        if _key_octets(leaf) in self._not_callers:
            raise Untrusted(
                "the key of a vouching Repository signed an assertion as a caller's issuer"
            )
        if any(_fingerprint(anchor) == fingerprint for anchor in self._anchors):
            require_signing_usage(leaf)
            return _signatory(leaf, self._pinned(leaf, instant), Purpose.CALLER)
        require_end_entity(leaf)
        search = ChainSearch(self._anchors, certificates, instant)
        chain = search.from_leaf(leaf)
        if chain is None:
            raise Untrusted(
                f"no chain from {leaf.subject.rfc4514_string()!r} (issuer "
                f"{leaf.issuer.rfc4514_string()!r}) to a trust anchor: "
                + ("; ".join(search.obstacles) or "issuer unknown")
            )
        return _signatory(leaf, chain, Purpose.CALLER)

    def _pinned(self, leaf: x509.Certificate, instant: datetime) -> tuple[x509.Certificate, ...]:
        """Return the chain of a certificate that is trusted by itself.

        Its issuer belongs to it where it is configured too, so that its revocation list counts.
        """
        return ChainSearch(self._anchors, (), instant).from_leaf(leaf) or (leaf,)


def read_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """Read every certificate of a PEM file. Errors: TrustError."""
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise TrustError(f"{path}: not a readable PEM certificate file ({error})") from error


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
