"""Builders, valid by default: a scenario PKI, signed assertions, envelopes, a gate to try them."""

import functools
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from lxml import etree

from dmp.vihf import G15, R38, Vihf
from dmp.vihf_issue import issue_vihf
from xds.errors import Where
from xds.limits import Limits
from xds.namespaces import DS, SAML, SOAP, WSA, WSSE
from xds.security.caller import Caller, CodedValue
from xds.security.gate import Gate
from xds.security.issue import Order, issue_xua
from xds.security.onetime import UsesInMemory
from xds.security.pki import seal_name
from xds.security.signature import SignatureVerifier, Signer
from xds.security.trust import Trust
from xds.security.xua import Xua
from xds.soap.exchange import SoapRequest
from xds.soap.xml import parse

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
AUDIENCE = "urn:oid:1.2.250.1.213.4.99"
ACTION = "urn:ihe:iti:2007:RegistryStoredQuery"
ALGORITHMS = {"rsa": hashes.SHA256(), "ec": hashes.SHA256()}


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: object

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    @property
    def signer(self) -> Signer:
        key = xmlsec.Key.from_memory(self.key_pem, xmlsec.constants.KeyDataFormatPem)
        return Signer(certificate=self.certificate, _key=key)


def new_key(kind: str = "ec"):
    match kind:
        case "ec":
            return ec.generate_private_key(ec.SECP256R1())
        case "weak-ec":
            return ec.generate_private_key(ec.SECP192R1())
        case "rsa":
            return rsa.generate_private_key(public_exponent=65537, key_size=2048)
        case "weak-rsa":
            return rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505
        case "ed25519":
            return ed25519.Ed25519PrivateKey.generate()


def usage(*names: str) -> x509.KeyUsage:
    every = [
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ]
    return x509.KeyUsage(**{n: n in names for n in every})


@functools.cache
def shared_key(name: str, kind: str = "ec"):
    """Keys are dear; a name stands for one key in the whole test run."""
    return new_key(kind)


def certify(
    common_name: str,
    issuer: Identity | None = None,
    *,
    key=None,
    ca: bool = False,
    path_length: int | None = None,
    key_usage: x509.KeyUsage | None = None,
    extended: list[x509.ObjectIdentifier] | None = None,
    extra: list[tuple[x509.ExtensionType, bool]] | None = None,
    valid: tuple[datetime, datetime] = (NOW - 365 * DAY, NOW + 365 * DAY),
    subject: x509.Name | None = None,
    hash_with: hashes.HashAlgorithm | None = hashes.SHA256(),  # noqa: B008
    plain: bool = False,
) -> Identity:
    """A certificate of a scenario: self-signed without an issuer, an end entity unless `ca`."""
    key = key or shared_key(common_name)
    subject = subject or seal_name(common_name, "10B0127189")
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid[0])
        .not_valid_after(valid[1])
    )
    if not plain:
        wanted = ("key_cert_sign", "crl_sign") if ca else ("digital_signature",)
        builder = builder.add_extension(
            x509.BasicConstraints(ca=ca, path_length=path_length), critical=True
        ).add_extension(key_usage or usage(*wanted), critical=True)
    if extended:
        builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=False)
    for extension, critical in extra or []:
        builder = builder.add_extension(extension, critical=critical)
    issuing_key = issuer.key if issuer else key
    if isinstance(issuing_key, ed25519.Ed25519PrivateKey):
        hash_with = None
    return Identity(certificate=builder.sign(issuing_key, hash_with), key=key)


@functools.cache
def authority() -> Identity:
    return certify("AUTORITE", ca=True)


@functools.cache
def genuine() -> Identity:
    """The trusted signer of most tests; RSA, as most in the field."""
    return certify("CABINET", authority(), key=shared_key("genuine", "rsa"))


@functools.cache
def repository() -> Identity:
    """A Repository that vouches."""
    return certify("REPOSITORY", authority())


@functools.cache
def stranger() -> Identity:
    """Somebody with a certificate of his own making, under the genuine signer's name."""
    return certify("CABINET", key=shared_key("stranger", "rsa"))


def an_order(**changes) -> Order:
    order = Order(
        subject="899900063480",
        role=CodedValue(code="10", system=G15),
        specialty=CodedValue(code="SM26", system=R38),
        structure="499900063480001",
        name="Ada LAMBERT",
        patient="207058575627097^^^&1.2.250.1.213.1.4.10&ISO^NH",
    )
    return replace(order, **changes)


def a_vihf(
    signer: Signer | None = None, *, assertion_id="_genuine", instant=NOW, **changes
) -> bytes:
    return issue_vihf(
        an_order(**changes),
        signer or genuine().signer,
        instant=instant,
        assertion_id=assertion_id,
    )


def a_xua(
    signer: Signer | None = None, *, assertion_id="_genuine", instant=NOW, **changes
) -> bytes:
    return issue_xua(
        an_order(**changes),
        signer or genuine().signer,
        audience=AUDIENCE,
        instant=instant,
        assertion_id=assertion_id,
    )


def envelope(
    *security: bytes, body: bytes = b'<x:Query xmlns:x="urn:x" id="q"/>', more=b""
) -> bytes:
    """A SOAP message with one Security header that holds these elements."""
    return (
        (
            f'<soap:Envelope xmlns:soap="{SOAP}" xmlns:wsa="{WSA}"><soap:Header>'
            f"<wsa:Action>{ACTION}</wsa:Action>"
            f'<wsse:Security xmlns:wsse="{WSSE}" soap:mustUnderstand="true">'
        ).encode()
        + b"".join(security)
        + b"</wsse:Security>"
        + more
        + (b"</soap:Header><soap:Body>" + body + b"</soap:Body></soap:Envelope>")
    )


def a_request(octets: bytes, *, peer: str = "") -> SoapRequest:
    """Read a message as the service does, caps first."""
    root = parse(octets, Limits())
    return SoapRequest(
        action=ACTION,
        message_id=None,
        to=None,
        body=root[-1],
        body_where=Where("soap:Envelope"),
        envelope=root,
        envelope_octets=octets,
        is_mtom=False,
        peer=peer,
    )


def trust(**changes) -> Trust:
    return Trust(
        **{
            "anchors": [authority().certificate],
            "vouchers": [repository().certificate],
            **changes,
        }
    )


def a_gate(profile=None, *, trusted: Trust | None = None, **changes) -> Gate:
    return Gate(
        **{
            "profile": profile or Vihf(),
            "verifier": SignatureVerifier(trusted or trust()),
            "audiences": [AUDIENCE],
            "clock_skew_seconds": 60,
            "one_time": UsesInMemory(),
            **changes,
        }
    )


def call(octets: bytes, gate: Gate | None = None, *, instant=NOW, action=ACTION, peer="") -> Caller:
    """Bring a message to the gate."""
    return (gate or a_gate()).authenticate(a_request(octets, peer=peer), action, instant)


def xua_gate(**changes) -> Gate:
    return a_gate(Xua(), **changes)


def resigned(assertion: etree._Element, signer: Signer | None = None) -> bytes:
    """Sign an element anew, its old signature taken off."""
    for old in assertion.findall(f"{{{DS}}}Signature"):
        assertion.remove(old)
    return (signer or genuine().signer).sign(assertion)


def edited(octets: bytes, edit, signer: Signer | None = None) -> bytes:
    """Change a genuine assertion and have it signed again: a trusted issuer's mistake."""
    root = etree.fromstring(octets)
    edit(root)
    return resigned(root, signer)


def saml(name: str) -> str:
    return f"{{{SAML}}}{name}"


def ds(name: str) -> str:
    return f"{{{DS}}}{name}"
