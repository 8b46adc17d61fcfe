"""What an assertion claims, as frozen values, read from the octets that were signed.

Spec: SAML 2.0 core §2. `read_claims` holds the assertion against the shapes of the schema that
matter here and complains in words that its issuer can use: by now the signature is good, so it is a
trusted issuer's mistake. Whether the claims do (times, audience, profile) is not judged here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Final

from lxml import etree

from xds.errors import quote
from xds.namespaces import SAML, local, prefixed
from xds.security.refusal import unfit

_TIME: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?\Z", re.ASCII
)
_ORDER: Final = ("Issuer", "Subject", "Conditions", "Advice")
_STATEMENTS: Final = frozenset(
    {"Statement", "AuthnStatement", "AuthzDecisionStatement", "AttributeStatement"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One AttributeValue: plain text, or one element with attributes (HL7v3 CE or II)."""

    text: str = ""
    element: str = ""
    """Clark name of the single child; '' for plain text."""
    attributes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Of the child, or of the AttributeValue itself when it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """A SubjectConfirmation."""

    method: str
    not_before: datetime | None = None
    not_on_or_after: datetime | None = None
    recipient: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """The Conditions of an assertion."""

    not_before: datetime | None = None
    not_on_or_after: datetime | None = None
    audiences: tuple[frozenset[str], ...] = ()
    """One set per AudienceRestriction: OR inside, AND between (SAML 2.0 erratum E46)."""
    is_one_time: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """An AuthnStatement."""

    instant: datetime
    session_not_on_or_after: datetime | None = None
    context_class: str = ""
    context_declaration: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Everything that the profiles read of an assertion."""

    assertion_id: str
    issued_at: datetime
    issuer: str
    issuer_format: str
    name_id: str
    name_format: str
    name_alias: str = ""
    """SPProvidedID of the name."""
    confirmations: tuple[Confirmation, ...]
    conditions: Conditions | None
    authentications: tuple[Authentication, ...]
    attributes: Mapping[str, tuple[Value, ...]]
    """By Name; repeated statements and attributes are joined in document order (ITI-40)."""

    def values(self, name: str) -> tuple[Value, ...]:
        """Return the values of an attribute, none if it is absent."""
        return self.attributes.get(name, ())


def read_claims(root: etree._Element) -> Claims:
    """Return the claims of a signed assertion.

    Errors: SoapFault (InvalidSecurityToken), explained.
    """
    if root.get("Version") != "2.0":
        raise unfit(f"The assertion's Version must be 2.0, came {quote(root.get('Version', ''))}.")
    parts = _parts(root)
    issuer = _one(parts["Issuer"], "Issuer")
    subject = _one(parts["Subject"], "Subject")
    name_id = _name_id(subject)
    conditions = parts["Conditions"]
    if len(conditions) > 1:
        raise unfit("The assertion has more than one Conditions.")
    return Claims(
        assertion_id=root.get("ID", ""),
        issued_at=_required_time(root, "IssueInstant"),
        issuer=_text(issuer),
        issuer_format=issuer.get("Format", ""),
        name_id=_text(name_id),
        name_format=name_id.get("Format", ""),
        name_alias=name_id.get("SPProvidedID", ""),
        confirmations=tuple(
            _confirmation(c) for c in subject if local(c.tag) == "SubjectConfirmation"
        ),
        conditions=_conditions(conditions[0]) if conditions else None,
        authentications=tuple(_authentication(a) for a in parts["AuthnStatement"]),
        attributes=_attributes(parts["AttributeStatement"]),
    )


def parse_time(text: str) -> datetime | None:
    """Return the instant of an xs:dateTime; UTC when no zone is written.

    Spec: SAML 2.0 core §1.3.3.
    """
    match = _TIME.match(_trimmed(text))
    if match is None:
        return None
    *numbers, fraction, zone = match.groups()
    try:
        moment = datetime(*(int(n) for n in numbers), tzinfo=_zone(zone))  # type: ignore[misc,arg-type]
        micros = int((fraction or "0")[:6].ljust(6, "0"))
        return (moment + timedelta(microseconds=micros)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _trimmed(text: str | None) -> str:
    """Strip XML's white space only: a no-break space is part of a value."""
    return (text or "").strip(" \t\r\n")


def _zone(text: str | None) -> timezone:
    if text is None or text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    hours, minutes = text[1:].split(":")
    return timezone(sign * timedelta(hours=int(hours), minutes=int(minutes)))


def _parts(root: etree._Element) -> dict[str, list[etree._Element]]:
    """Sort the assertion's children; the order of the schema is kept by every sound issuer."""
    parts: dict[str, list[etree._Element]] = {n: [] for n in (*_ORDER, *_STATEMENTS)}
    rank = -1
    for child in root:
        name = local(child.tag) if child.tag.startswith(f"{{{SAML}}}") else ""
        place = _ORDER.index(name) if name in _ORDER else len(_ORDER)
        if name not in parts or place < rank:
            raise unfit(
                f"The assertion's child {_named(child)} is unknown or out of order: expected "
                "Issuer, Signature, Subject, Conditions, Advice, then statements."
            )
        rank = place
        parts[name].append(child)
    return parts


def _named(element: etree._Element) -> str:
    return quote(prefixed(element.tag))


def _one(elements: list[etree._Element], name: str) -> etree._Element:
    if len(elements) != 1:
        raise unfit(f"The assertion needs exactly one {name}, came {len(elements)}.")
    return elements[0]


def _text(element: etree._Element) -> str:
    """Return an element's whole text; a child in it would hide a part of the value."""
    text = _trimmed(element.text)
    if len(element) or not text:
        raise unfit(f"{local(element.tag)} must hold text and no elements, and not be empty.")
    return text


def _name_id(subject: etree._Element) -> etree._Element:
    names = [c for c in subject if c.tag == f"{{{SAML}}}NameID"]
    others = [
        c for c in subject if c.tag not in (f"{{{SAML}}}NameID", f"{{{SAML}}}SubjectConfirmation")
    ]
    if others:
        raise unfit(f"Subject holds {_named(others[0])}: only NameID is supported.")
    return _one(names, "Subject/NameID")


def _time(element: etree._Element, name: str) -> datetime | None:
    text = element.get(name)
    if text is None:
        return None
    moment = parse_time(text)
    if moment is None:
        raise unfit(
            f"{local(element.tag)}/@{name} must be an xs:dateTime in UTC such as "
            f"2026-01-31T08:00:00Z, came {quote(text)}."
        )
    return moment


def _required_time(element: etree._Element, name: str) -> datetime:
    moment = _time(element, name)
    if moment is None:
        raise unfit(f"{local(element.tag)}/@{name} is required.")
    return moment


def _confirmation(element: etree._Element) -> Confirmation:
    data = element.find(f"{{{SAML}}}SubjectConfirmationData")
    method = element.get("Method", "")
    if data is None:
        return Confirmation(method=method)
    return Confirmation(
        method=method,
        not_before=_time(data, "NotBefore"),
        not_on_or_after=_time(data, "NotOnOrAfter"),
        recipient=data.get("Recipient"),
        address=data.get("Address"),
    )


def _conditions(element: etree._Element) -> Conditions:
    audiences: list[frozenset[str]] = []
    one_time = 0
    for child in element:
        match local(child.tag) if child.tag.startswith(f"{{{SAML}}}") else "":
            case "AudienceRestriction":
                audiences.append(_audiences(child))
            case "OneTimeUse":
                one_time += 1
            case "ProxyRestriction":
                pass  # XUA actors may ignore it (ITI TF-2 §3.40.4.1.2)
            case _:
                raise unfit(
                    f"Conditions holds {_named(child)}, which this service does not "
                    "understand and may not ignore (SAML 2.0 core §2.5.1.1)."
                )
    if one_time > 1:
        raise unfit("Conditions holds OneTimeUse twice.")
    return Conditions(
        not_before=_time(element, "NotBefore"),
        not_on_or_after=_time(element, "NotOnOrAfter"),
        audiences=tuple(audiences),
        is_one_time=bool(one_time),
    )


def _audiences(restriction: etree._Element) -> frozenset[str]:
    if not len(restriction) or any(a.tag != f"{{{SAML}}}Audience" for a in restriction):
        raise unfit("AudienceRestriction must hold one or more Audience and nothing else.")
    return frozenset(_text(a) for a in restriction)


def _authentication(element: etree._Element) -> Authentication:
    context = element.find(f"{{{SAML}}}AuthnContext")
    declared = {local(c.tag): _trimmed(c.text) for c in context} if context is not None else {}
    return Authentication(
        instant=_required_time(element, "AuthnInstant"),
        session_not_on_or_after=_time(element, "SessionNotOnOrAfter"),
        context_class=declared.get("AuthnContextClassRef", ""),
        context_declaration=declared.get("AuthnContextDeclRef", "")
        or declared.get("AuthnContextDecl", ""),
    )


def _attributes(statements: list[etree._Element]) -> Mapping[str, tuple[Value, ...]]:
    found: dict[str, tuple[Value, ...]] = {}
    for attribute in (a for s in statements for a in s):
        if attribute.tag != f"{{{SAML}}}Attribute" or not attribute.get("Name"):
            raise unfit(
                f"AttributeStatement holds {_named(attribute)}: only Attribute with a Name "
                "is supported."
            )
        name = attribute.get("Name", "")
        found[name] = found.get(name, ()) + tuple(_value(v, name) for v in attribute)
    return MappingProxyType(found)


def _value(element: etree._Element, name: str) -> Value:
    if element.tag != f"{{{SAML}}}AttributeValue":
        raise unfit(f"Attribute {quote(name)} holds {_named(element)}.")
    text = _trimmed(element.text)
    if not len(element):
        return Value(text=text, attributes=_plain(element))
    child = element[0]
    if len(element) > 1 or text or _trimmed(child.tail):
        raise unfit(f"A value of attribute {quote(name)} mixes text and elements.")
    return Value(
        text=_trimmed(child.text) if not len(child) else "",
        element=child.tag,
        attributes=_plain(child),
    )


def _plain(element: etree._Element) -> Mapping[str, str]:
    return MappingProxyType({str(k): str(v) for k, v in element.attrib.items()})
