"""Certificate revocation lists from files, read again when a file changes.

Spec: RFC 5280 §5 and §6.3. A list speaks for the authority that signed it; where one is configured
it must be current, and a stale one refuses everybody it covers. Delta and indirect lists are not
supported, and nothing is fetched from the network.
"""

import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

_Stamp = tuple[int, int, int]


class Untrusted(Exception):  # noqa: N818 - a verdict, not a defect
    """A certificate that this service does not believe; the text is for the operator only."""


@dataclass(frozen=True, slots=True)
class _Read:
    stamp: _Stamp
    crl: x509.CertificateRevocationList


class RevocationLists:
    """The configured revocation lists. Safe for use by many threads."""

    def __init__(self, paths: tuple[Path, ...]) -> None:
        """Read every list once. Errors: OSError, ValueError (naming the file)."""
        self._lock = threading.Lock()
        self._read = {path: _load(path) for path in paths}

    def check(
        self, certificate: x509.Certificate, issuer: x509.Certificate, instant: datetime
    ) -> None:
        """Check that no configured list of the issuer revokes the certificate.

        Errors: Untrusted.
        """
        for path in self._read:
            crl = self._current(path)
            if crl.issuer != issuer.subject:
                continue
            if not crl.is_signature_valid(issuer.public_key()):  # type: ignore[arg-type]
                raise Untrusted(f"revocation list {path} is not signed by its issuer")
            if crl.next_update_utc is None or instant > crl.next_update_utc:
                raise Untrusted(f"revocation list {path} ran out at {crl.next_update_utc}")
            if crl.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None:
                raise Untrusted(f"certificate serial {certificate.serial_number:x} is revoked")

    def _current(self, path: Path) -> x509.CertificateRevocationList:
        try:
            if (known := self._read[path]).stamp == _stamp(path):
                return known.crl
            fresh = _load(path)
        except (OSError, ValueError) as error:
            raise Untrusted(f"revocation list {path} cannot be read: {error}") from error
        with self._lock:
            self._read[path] = fresh
        return fresh.crl


def _stamp(path: Path) -> _Stamp:
    found = path.stat()
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def _load(path: Path) -> _Read:
    stamp = _stamp(path)
    octets = path.read_bytes()
    load = x509.load_pem_x509_crl if b"-----BEGIN" in octets else x509.load_der_x509_crl
    try:
        crl = load(octets)
        kinds = [e.value for e in crl.extensions]
    except ValueError as error:
        raise ValueError(f"{path}: not a readable revocation list ({error})") from error
    for kind in kinds:
        if isinstance(kind, x509.DeltaCRLIndicator):
            raise ValueError(f"{path}: delta revocation lists are not supported")  # noqa: TRY004
        if isinstance(kind, x509.IssuingDistributionPoint) and kind.indirect_crl:
            raise ValueError(f"{path}: indirect revocation lists are not supported")
    return _Read(stamp, crl)
