"""The seam where a domain's assertion profile plugs in: from claims to the typed `Caller`.

Spec: ITI TF-2 §3.40.4.1.2 (attribute names and CE values that XUA and its national profiles share).
A profile is chosen by the domain (`assertion_profile`), never by the message.
"""

from collections.abc import Collection, Mapping
from typing import Final, Protocol

from xds.errors import quote
from xds.security.caller import Caller, CodedValue
from xds.security.claims import Claims, Value
from xds.security.conditions import Rules
from xds.security.refusal import unfit
from xds.security.trust import Signatory, TrustError

SUBJECT_ID: Final = "urn:oasis:names:tc:xspa:1.0:subject:subject-id"
ORGANIZATION: Final = "urn:oasis:names:tc:xspa:1.0:subject:organization"
ORGANIZATION_ID: Final = "urn:oasis:names:tc:xspa:1.0:subject:organization-id"
ROLE: Final = "urn:oasis:names:tc:xacml:2.0:subject:role"
PURPOSE_OF_USE: Final = "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse"
RESOURCE_ID: Final = "urn:oasis:names:tc:xacml:2.0:resource:resource-id"
X509_SUBJECT_FORMAT: Final = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"


class AssertionProfile(Protocol):
    """What one kind of assertion must say, and how it becomes a `Caller`."""

    @property
    def name(self) -> str:
        """The profile's name in `domain.toml`."""

    @property
    def rules(self) -> Rules:
        """What `conditions.check` requires of its claims."""

    @property
    def reason_attribute(self) -> str:
        """The attribute that says why it is an emergency."""

    @property
    def legacy_algorithms(self) -> tuple[str, ...]:
        """Weak algorithms that the domain names, to be accepted besides the default ones."""

    def caller(self, claims: Claims, signatory: Signatory) -> Caller:
        """Return the caller. Errors: SoapFault (InvalidSecurityToken), explained, all reasons."""


def coded(value: Value) -> CodedValue | None:
    """Return the code of an HL7v3 CE value, None when there is no code."""
    code = value.attributes.get("code", "").strip()
    if not code:
        return None
    return CodedValue(
        code=code,
        system=value.attributes.get("codeSystem", "").strip().removeprefix("urn:oid:"),
        display_name=value.attributes.get("displayName", "").strip(),
    )


def texts(claims: Claims, name: str) -> tuple[str, ...]:
    """Return the plain values of an attribute that are not empty."""
    return tuple(v.text for v in claims.values(name) if v.text and not v.element)


def only_text(claims: Claims, name: str) -> str:
    """Return the one plain value of an attribute, '' when absent; two different ones are refused.

    Errors: SoapFault.
    """
    values = claims.values(name)
    if any(v.element for v in values):
        raise unfit(f"Attribute {quote(name)} must hold plain text.")
    distinct = dict.fromkeys(v.text for v in values if v.text)
    if len(distinct) > 1:
        raise unfit(f"Attribute {quote(name)} has {len(distinct)} different values; send one.")
    return next(iter(distinct), "")


class ProfileSettings:
    """Typed reading of a domain's `[assertion]` table."""

    def __init__(self, declared: Mapping[str, object]) -> None:
        self._declared = declared

    def seconds(self, key: str, default: int) -> int:
        """Return a positive number of seconds. Errors: TrustError, naming the key."""
        value = self._declared.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
            raise TrustError(f"[assertion] {key}: a positive number of seconds, came {value!r}")
        return value

    def texts(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """Return a list of texts. Errors: TrustError, naming the key."""
        value = self._declared.get(key, default)
        if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
            raise TrustError(f"[assertion] {key}: a list of texts, came {value!r}")
        return tuple(value)

    def attribute(self, key: str, default: str, *, taken: Collection[str]) -> str:
        """Return an attribute's Name that means nothing else. Errors: TrustError, with the key."""
        value = self._declared.get(key, default)
        if not isinstance(value, str) or not value.strip():
            raise TrustError(f"[assertion] {key}: an attribute's Name, came {value!r}")
        name = value.strip()
        if name.casefold() in {t.casefold() for t in taken}:
            # Such an attribute is always there: every emergency would seem to be explained.
            raise TrustError(f"[assertion] {key}: {name!r} means something else already")
        return name
