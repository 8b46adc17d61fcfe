"""Distinguished names compared as names, whatever the way they are written.

Spec: RFC 2253 and RFC 4514 (string form), RFC 4518 (how values compare); SAML 2.0 core §8.3.3
(X509SubjectName). Attribute names have aliases in the field (`ST`/`S`, `GN`/`G`, `OID.2.5.4.5`).
Only names, no certificates are judged here.
"""

import functools
import re
import unicodedata
from typing import Final

from cryptography import x509

DistinguishedName = tuple[frozenset[tuple[str, str]], ...]
"""RDNs, most specific first as RFC 2253 writes them; each a set of (OID, comparable value)."""

_OID: Final = {
    "CN": "2.5.4.3",
    "COMMONNAME": "2.5.4.3",
    "SN": "2.5.4.4",
    "SURNAME": "2.5.4.4",
    "SERIALNUMBER": "2.5.4.5",
    "C": "2.5.4.6",
    "L": "2.5.4.7",
    "ST": "2.5.4.8",
    "S": "2.5.4.8",
    "SP": "2.5.4.8",
    "STREET": "2.5.4.9",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "T": "2.5.4.12",
    "TITLE": "2.5.4.12",
    "POSTALCODE": "2.5.4.17",
    "GN": "2.5.4.42",
    "G": "2.5.4.42",
    "GIVENNAME": "2.5.4.42",
    "INITIALS": "2.5.4.43",
    "DNQ": "2.5.4.46",
    "DNQUALIFIER": "2.5.4.46",
    "PSEUDONYM": "2.5.4.65",
    "ORGANIZATIONIDENTIFIER": "2.5.4.97",
    "UID": "0.9.2342.19200300.100.1.1",
    "DC": "0.9.2342.19200300.100.1.25",
    "E": "1.2.840.113549.1.9.1",
    "EMAIL": "1.2.840.113549.1.9.1",
    "EMAILADDRESS": "1.2.840.113549.1.9.1",
}

_ATTRIBUTE: Final = re.compile(
    r"""\s*(?:OID\.)?(?P<type>[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+)\s*=\s*
        (?:"(?P<quoted>(?:[^"\\]|\\.)*)"
          |\#(?P<hex>(?:[0-9A-Fa-f]{2})+)
          |(?P<plain>(?:[^,;+"\\<>]|\\.)*?))
        \s*(?P<end>[,;+]|$)""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_ESCAPES: Final = re.compile(rb"\\([0-9A-Fa-f]{2})|\\(.)", re.DOTALL)
_DER_STRINGS: Final = {
    0x0C: "utf-8",
    0x13: "ascii",
    0x14: "latin-1",
    0x16: "ascii",
    0x1E: "utf-16-be",
}
MAX_CHARACTERS: Final = 2048
_REMEMBERED: Final = 256
"""Names read lately: a service meets the same few signers all day."""


@functools.lru_cache(maxsize=_REMEMBERED)
def parse_name(text: str) -> DistinguishedName | None:
    """Return the name that a text in RFC 2253 or RFC 4514 form says, or None when it says none."""
    if not text.strip() or len(text) > MAX_CHARACTERS:
        return None
    rdns: list[frozenset[tuple[str, str]]] = []
    current: set[tuple[str, str]] = set()
    position = 0
    while True:
        match = _ATTRIBUTE.match(text, position)
        value = _value(match) if match else None
        if match is None or value is None:
            return None
        name = match["type"].upper()
        current.add((_OID.get(name, name), value))
        position = match.end()
        if match["end"] != "+":
            rdns.append(frozenset(current))
            current = set()
        if not match["end"]:
            return tuple(rdns)


@functools.lru_cache(maxsize=_REMEMBERED)
def name_of(name: x509.Name) -> DistinguishedName:
    """Return the comparable form of a certificate's name."""
    return tuple(
        frozenset((a.oid.dotted_string, _comparable(_as_text(a.value))) for a in rdn)
        for rdn in reversed(name.rdns)
    )


def _as_text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _value(match: re.Match[str]) -> str | None:
    try:
        if match["hex"] is not None:
            return _comparable(_der_string(bytes.fromhex(match["hex"])))
        raw = match["quoted"] if match["quoted"] is not None else match["plain"]
        unescaped = _ESCAPES.sub(
            lambda m: bytes.fromhex(m[1].decode()) if m[1] else m[2], raw.encode("utf-8")
        )
        return _comparable(unescaped.decode("utf-8"))
    except (UnicodeDecodeError, ValueError):
        return None


def _der_string(octets: bytes) -> str:
    encoding = _DER_STRINGS.get(octets[0])
    if encoding is None or len(octets) != octets[1] + 2:
        raise ValueError("not a short DER string")
    return octets[2:].decode(encoding)


def _comparable(value: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())
