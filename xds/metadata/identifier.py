"""OID, OID URN, UUID URN, SHA-1, MIME type, language and size: the data types that are not HL7's.

Spec: ITI TF-3 §4.2.3.1.7 (Table 4.2.3.1.7-2), §4.2.3.1.5 (UUIDs), §4.2.3.2.13 (language, RFC 5646),
ITI TF-2 Appendix B (unique identifiers). An OID's first arc is not held to 0, 1 or 2: the field's
own test plans use roots such as 129.6.58.
"""

import re
from typing import Final

from xds.metadata.datatype import DatatypeError
from xds.metadata.vocabulary import OID_URN, UUID_URN

MAX_OID_CHARACTERS: Final = 64
ARC: Final = r"(?:0|[1-9][0-9]*)"
OID: Final = re.compile(rf"{ARC}(?:\.{ARC})+")
OID_OR_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]+)*")
UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
SHA1: Final = re.compile(r"[0-9a-fA-F]{40}")
SHA256_CHARACTERS: Final = 64
MIME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:\s*;.*)?")
LANGUAGE: Final = re.compile(
    r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})"
    r"(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*"
    r"(?:-[a-wyz0-9](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?"
    r"|x(?:-[a-z0-9]{1,8})+|i-[a-z0-9]{3,8}|en-gb-oed|sgn-be-(?:fr|nl)|sgn-ch-de",
    re.IGNORECASE | re.ASCII,
)
"""Language, script, region, variants, extensions, private use; private use; irregular tags."""
SIZE: Final = re.compile(r"[0-9]{1,18}")
URI: Final = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*")
"""The characters of a URI, absolute or relative."""
URN: Final = re.compile(r"urn:[A-Za-z0-9][A-Za-z0-9-]{0,31}:[^\s]+")


def is_oid(text: str) -> bool:
    """Return whether a text is an OID in dot notation, of whatever length."""
    return OID.fullmatch(text) is not None


def check_oid(text: str) -> None:
    """Check an OID. Errors: DatatypeError."""
    if not is_oid(text):
        fix = (
            "drop the prefix urn:oid:" if text.startswith(OID_URN) else "send digits and dots only"
        )
        raise DatatypeError(
            "an OID is integers without leading zeros, separated by dots",
            expected="an OID such as 1.2.250.1.213.1.4.10",
            fix=fix,
        )
    if len(text) > MAX_OID_CHARACTERS:
        raise DatatypeError(
            f"an OID has at most {MAX_OID_CHARACTERS} characters",
            expected=f"at most {MAX_OID_CHARACTERS} characters, not {len(text)}",
            fix="assign a shorter OID",
        )


def check_source_id(text: str) -> None:
    """Check a sourceId: an OID, or a bare number as in the Framework's official examples.

    Errors: DatatypeError.
    """
    if not OID_OR_NUMBER.fullmatch(text):
        check_oid(text)
    if len(text) > MAX_OID_CHARACTERS:
        check_oid(text if is_oid(text) else "1." + text)


def check_oid_urn(text: str) -> None:
    """Check an OID URN (RFC 3061). Errors: DatatypeError."""
    oid = text.removeprefix(OID_URN)
    if not text.startswith(OID_URN) or not is_oid(oid) or len(oid) > MAX_OID_CHARACTERS:
        raise DatatypeError(
            f"an OID URN is urn:oid: and an OID of at most {MAX_OID_CHARACTERS} characters",
            expected="urn:oid: and an OID, such as urn:oid:1.2.250.1.213",
            fix="add the prefix, or leave the attribute away",
        )


def is_entry_uuid(text: str) -> bool:
    """Return whether an id is a UUID in lower case after urn:uuid:. Spec: ITI TF-3 §4.2.3.1.5."""
    return text.startswith(UUID_URN) and UUID.fullmatch(text.removeprefix(UUID_URN)) is not None


def check_entry_uuid(text: str) -> None:
    """Check an id: symbolic, or a UUID in lower case after urn:uuid:. Errors: DatatypeError."""
    if text.startswith(UUID_URN) and not is_entry_uuid(text):
        raise DatatypeError(
            "an id that starts with urn:uuid: is a UUID of RFC 4122 in lower case",
            expected="urn:uuid:10b545ea-725c-446d-9b95-8aeb444eddf3, or a symbolic id",
            fix="write the UUID in lower case with its hyphens, or use a symbolic id",
        )


def check_sha1(text: str) -> None:
    """Check a SHA-1 hash in hexadecimal, either case. Errors: DatatypeError."""
    if SHA1.fullmatch(text):
        return
    if len(text) == SHA256_CHARACTERS:
        rule = "the hash is SHA-1 (40 hexadecimal digits); 64 digits are SHA-256"
    else:
        rule = "the hash is SHA-1 in 40 hexadecimal digits"
    raise DatatypeError(
        rule,
        expected=f"40 hexadecimal digits, not {len(text)} characters",
        fix="send the SHA-1 of the document, or leave it to the Repository",
    )


def check_mime_type(text: str) -> None:
    """Check a MIME type's form; which types are admitted is the domain's. Errors: DatatypeError."""
    if not MIME.fullmatch(text):
        raise DatatypeError(
            "a MIME type is type/subtype (RFC 2046)",
            expected="a MIME type such as text/xml or application/pdf",
            fix="send type/subtype",
        )


def check_language(text: str) -> None:
    """Check the form of a language tag (RFC 5646), either case. Errors: DatatypeError."""
    if not LANGUAGE.fullmatch(text):
        raise DatatypeError(
            "a language is a well-formed tag of RFC 5646",
            expected="a tag such as fr-FR or en-US",
            fix="separate language (two or three letters) and region with a hyphen",
        )


def check_size(text: str) -> None:
    """Check a size in octets. Errors: DatatypeError."""
    if not SIZE.fullmatch(text):
        raise DatatypeError(
            "a size is a number of octets, in digits",
            expected="digits only, such as 3654",
            fix="send the document's length in octets, or leave it to the Repository",
        )
