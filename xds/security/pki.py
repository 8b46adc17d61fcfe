"""A test PKI: one authority, a signer of assertions, and the Repository's own vouching key.

Spec: RFC 5280. For tests, demonstrations and `greffe init` only: the authority's key is thrown
away, so that nothing else can ever be signed by it. Names look like a French organisation seal
(IGC-Santé).
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

RSA_BITS = 2048
AUTHORITY_NAME = "GREFFE TEST AC"
STRUCTURE = "10B0127189"
_LIFETIME = timedelta(days=3650)
_CLOCKS_APART = timedelta(days=1)
"""Certificates begin a day early: testers' machines do not agree on the time."""


def make_test_pki(folder: Path, *, instant: datetime, structure: str = STRUCTURE) -> None:
    """Write ca.pem, signer.pem, signer.key, repository.pem and repository.key into the folder.

    Keys are unencrypted PEM with mode 0600. Errors: OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    authority_key = _new_key()
    authority = _authority(authority_key, instant)
    _write_certificate(folder / "ca.pem", authority)
    for file, common_name, usages in (
        ("signer", "GREFFE TEST CABINET", None),
        # A client certificate by its own usage: no service takes it for a signer of callers.
        ("repository", "GREFFE TEST REPOSITORY", [ExtendedKeyUsageOID.CLIENT_AUTH]),
    ):
        key = _new_key()
        subject = seal_name(common_name, structure)
        certificate = _leaf(key, subject, usages, (authority, authority_key), instant)
        _write_certificate(folder / f"{file}.pem", certificate)
        _write_key(folder / f"{file}.key", key)


def seal_name(common_name: str, structure: str) -> x509.Name:
    """Return a subject name in the manner of a French organisation seal."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
            x509.NameAttribute(NameOID.STATE_OR_PROVINCE_NAME, "Paris (75)"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "GREFFE TEST"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, structure),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)


def _authority(key: rsa.RSAPrivateKey, instant: datetime) -> x509.Certificate:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "GREFFE TEST"),
            x509.NameAttribute(NameOID.COMMON_NAME, AUTHORITY_NAME),
        ]
    )
    return (
        _start(name, name, key, instant)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def _leaf(
    key: rsa.RSAPrivateKey,
    subject: x509.Name,
    usages: list[x509.ObjectIdentifier] | None,
    issuer: tuple[x509.Certificate, rsa.RSAPrivateKey],
    instant: datetime,
) -> x509.Certificate:
    authority, authority_key = issuer
    builder = (
        _start(subject, authority.subject, key, instant)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
            critical=False,
        )
    )
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    return builder.sign(authority_key, hashes.SHA256())


def _start(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey, instant: datetime
) -> x509.CertificateBuilder:
    begin = instant.astimezone(UTC) - _CLOCKS_APART
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + _LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=not signs_certificates,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _write_certificate(path: Path, certificate: x509.Certificate) -> None:
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _write_key(path: Path, key: rsa.RSAPrivateKey) -> None:
    octets = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    # The mode is set at creation: the key is never readable by others, not even for an instant.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(octets)
