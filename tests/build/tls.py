"""Certificates for TLS between test processes, valid or not, from one authority in a folder."""

import datetime as dt
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = dt.timedelta(days=1)


def _named(common_name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


class Authority:
    """An authority of its own, whose certificate is `ca.pem` of the folder."""

    def __init__(self, folder, name="TEST CA"):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        self.ca = folder / "ca.pem"
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        made = self._start(self._name, self._key.public_key(), DAY).add_extension(
            constraints, critical=True
        )
        self.ca.write_bytes(self._signed(made))

    def leaf(self, name, *, hosts=("127.0.0.1", "localhost"), expired=False):
        """Write NAME.pem and NAME.key; returns their paths."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._start(_named(name), key.public_key(), -DAY / 2 if expired else DAY)
        names = [_general(host) for host in hosts]
        made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate, own = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        certificate.write_bytes(self._signed(made))
        own.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return certificate, own

    def _start(self, subject, public_key, ends_in):
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - DAY)
            .not_valid_after(now + ends_in)
        )

    def _signed(self, builder):
        made = builder.sign(self._key, hashes.SHA256())
        return made.public_bytes(serialization.Encoding.PEM)


def _general(host):
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
