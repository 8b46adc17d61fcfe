"""Writes assertions and the wsse:Security header that carries one.

Spec: SAML 2.0 core §2; WS-Security SAML Token Profile 1.1. Writes what it is told, right or wrong:
testers need bad assertions too. Signing is `xds.security.signature`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from lxml import etree

from xds.namespaces import HL7V3, SAML, SOAP, WSSE, XS, XSI
from xds.security.caller import CodedValue
from xds.security.refusal import shown

NAMESPACES: Final = {"saml": SAML, "xs": XS, "xsi": XSI}

AttributeContent: TypeAlias = "str | etree._Element"  # noqa: SLF001 - lxml names no other


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Everything that an assertion will say; None and '' leave a part out."""

    assertion_id: str
    issued_at: datetime
    issuer: str
    issuer_format: str = ""
    name_id: str
    not_before: datetime | None = None
    not_on_or_after: datetime | None = None
    audience: str = ""
    is_one_time: bool = False
    confirmation: str = ""
    authentication_context: str = ""
    attributes: tuple[tuple[str, AttributeContent], ...] = ()
    """(Name, value) in order; values of one name that follow each other share one Attribute."""

    @property
    def has_conditions(self) -> bool:
        """Whether there is anything to put into Conditions."""
        return bool(self.not_before or self.not_on_or_after or self.audience or self.is_one_time)


def new_assertion(draft: Draft) -> etree._Element:
    """Return the unsigned assertion."""
    root = etree.Element(_saml("Assertion"), nsmap=NAMESPACES)
    root.set("Version", "2.0")
    root.set("ID", draft.assertion_id)
    root.set("IssueInstant", shown(draft.issued_at))
    issuer = _child(root, "Issuer", draft.issuer)
    if draft.issuer_format:
        issuer.set("Format", draft.issuer_format)
    subject = _child(root, "Subject")
    _child(subject, "NameID", draft.name_id)
    if draft.confirmation:
        _child(subject, "SubjectConfirmation").set("Method", draft.confirmation)
    if draft.has_conditions:
        _conditions(root, draft)
    if draft.authentication_context:
        statement = _child(root, "AuthnStatement")
        statement.set("AuthnInstant", shown(draft.issued_at))
        context = _child(statement, "AuthnContext")
        _child(context, "AuthnContextClassRef", draft.authentication_context)
    _attributes(root, draft)
    return root


def code_element(name: str, code: CodedValue) -> etree._Element:
    """Return an HL7v3 CE value (`Role`, `PurposeOfUse`). Spec: ITI TF-2 §3.40.4.1.2.1."""
    element = etree.Element(f"{{{HL7V3}}}{name}", nsmap={None: HL7V3})  # type: ignore[dict-item]
    element.set(f"{{{XSI}}}type", "CE")
    element.set("code", code.code)
    if code.system:
        element.set("codeSystem", code.system)
    if code.display_name:
        element.set("displayName", code.display_name)
    return element


def security_header(assertion: bytes) -> bytes:
    """Return the wsse:Security header that carries the assertion, its octets untouched."""
    return (
        f'<wsse:Security xmlns:wsse="{WSSE}" xmlns:soap="{SOAP}" soap:mustUnderstand="true">'
    ).encode() + (assertion + b"</wsse:Security>")


def _saml(name: str) -> str:
    return f"{{{SAML}}}{name}"


def _child(parent: etree._Element, name: str, text: str = "") -> etree._Element:
    child = etree.SubElement(parent, _saml(name))
    if text:
        child.text = text
    return child


def _conditions(root: etree._Element, draft: Draft) -> None:
    conditions = _child(root, "Conditions")
    if draft.not_before is not None:
        conditions.set("NotBefore", shown(draft.not_before))
    if draft.not_on_or_after is not None:
        conditions.set("NotOnOrAfter", shown(draft.not_on_or_after))
    if draft.audience:
        _child(_child(conditions, "AudienceRestriction"), "Audience", draft.audience)
    if draft.is_one_time:
        _child(conditions, "OneTimeUse")


def _attributes(root: etree._Element, draft: Draft) -> None:
    if not draft.attributes:
        return
    statement = _child(root, "AttributeStatement")
    attribute: etree._Element | None = None
    for name, content in draft.attributes:
        if attribute is None or attribute.get("Name") != name:
            attribute = _child(statement, "Attribute")
            attribute.set("Name", name)
        value = _child(attribute, "AttributeValue")
        if isinstance(content, str):
            value.set(f"{{{XSI}}}type", "xs:string")
            value.text = content
        else:
            value.append(content)
