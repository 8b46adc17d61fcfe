"""A forger's workshop: a genuine message, a forged assertion, and every way to put them together.

The forger holds one genuine assertion (of somebody with few rights) and no trusted key. What he
makes must be refused, or be read as the genuine caller: nothing else. Families follow the public
literature (XSW1-8 of Somorovsky et al., comment injection, HMAC confusion, KeyInfo swaps), rebuilt
for an assertion in a wsse:Security header.
"""

import copy
import functools

from lxml import etree

from tests.xds.security.build import NOW, a_gate, a_request, a_vihf, call, ds, envelope, saml
from xds.namespaces import SOAP, WSSE, WSU
from xds.security.caller import Caller
from xds.security.refusal import Subcode
from xds.soap.fault import FaultCode, SoapFault

VICTIM = "899900000001"
"""Whom the forger wants to be."""


@functools.cache
def genuine_octets() -> bytes:
    return envelope(a_vihf())


@functools.cache
def genuine_caller() -> Caller:
    return call(genuine_octets())


def message() -> etree._Element:
    return etree.fromstring(genuine_octets())


def assertion_of(root: etree._Element) -> etree._Element:
    return root.find(f".//{saml('Assertion')}")


def security_of(root: etree._Element) -> etree._Element:
    return root.find(f".//{{{WSSE}}}Security")


def forged(assertion: etree._Element, *, identifier: str | None, signed: bool) -> etree._Element:
    """A copy that says what the forger wants, with or without the genuine signature."""
    fake = copy.deepcopy(assertion)
    fake.tail = None
    fake.find(f".//{saml('NameID')}").text = VICTIM
    if identifier is None:
        del fake.attrib["ID"]
    else:
        fake.set("ID", identifier)
    if not signed:
        fake.remove(fake.find(ds("Signature")))
    return fake


def verdict(octets: bytes, gate=None) -> Caller | SoapFault:
    """What the service makes of a message: a caller or one fault; anything else fails the test."""
    try:
        return (gate or a_gate()).authenticate(a_request(octets), "urn:x", NOW)
    except SoapFault as fault:
        return fault


def must_be_harmless(octets: bytes, gate=None) -> SoapFault | None:
    """Assert the law of this folder; return the fault, None when the genuine caller came out."""
    found = verdict(octets, gate)
    if isinstance(found, Caller):
        assert found == genuine_caller()
        return None
    assert found.code is FaultCode.SENDER
    return found


def must_be_refused(octets: bytes, gate=None) -> SoapFault:
    fault = must_be_harmless(octets, gate)
    assert fault is not None, "refused, not tolerated"
    return fault


def must_be_refused_at_the_gate(octets: bytes, gate=None) -> SoapFault:
    """Refused by the verifier with a WS-Security subcode, not by the parser before it."""
    fault = must_be_refused(octets, gate)
    assert fault.subcode in set(Subcode), fault.reason
    return fault


# --- places for a second assertion or signature, each (message, node) -> None


def _in_new(parent_of, name):
    def place(root, node):
        parent = parent_of(root)
        holder = etree.SubElement(parent, name)
        holder.append(node)

    return place


def _first_in(parent_of):
    return lambda root, node: parent_of(root).insert(0, node)


def _last_in(parent_of):
    return lambda root, node: parent_of(root).append(node)


def _header(root):
    return root.find(f"{{{SOAP}}}Header")


def _body(root):
    return root.find(f"{{{SOAP}}}Body")


def _foreign_security(root, node):
    holder = etree.SubElement(_header(root), f"{{{WSSE}}}Security")
    holder.set(f"{{{SOAP}}}role", "http://example.org/other")
    holder.append(node)


PLACES = {
    "before, in our Security": _first_in(security_of),
    "after, in our Security": _last_in(security_of),
    "wrapped in our Security": _in_new(security_of, "{urn:x}Wrapper"),
    "in a KeyIdentifier of our Security": _in_new(security_of, f"{{{WSSE}}}SecurityTokenReference"),
    "in somebody else's Security": _foreign_security,
    "in the Header": _last_in(_header),
    "wrapped in the Header": _in_new(_header, "{urn:x}Wrapper"),
    "first in the Body": _first_in(_body),
    "last in the Body": _last_in(_body),
    "wrapped in the Body": _in_new(_body, "{urn:x}Wrapper"),
    "in the Envelope": lambda root, node: root.append(node),
    "before the Header": lambda root, node: root.insert(0, node),
}

INSIDE = {
    "its Advice": lambda a: _insert_after(a, saml("Subject"), saml("Advice")),
    "its Conditions": lambda a: _insert_after(a, saml("Subject"), saml("Conditions")),
    "its Subject": lambda a: a.find(saml("Subject")),
    "its NameID": lambda a: a.find(f".//{saml('NameID')}"),
    "an AttributeValue": lambda a: a.find(f".//{saml('AttributeValue')}"),
    "its statement": lambda a: a.find(saml("AttributeStatement")),
    "itself, first": lambda a: a,
    "itself, last": lambda a: a,
    "its Issuer": lambda a: a.find(saml("Issuer")),
    "an Extensions element": lambda a: etree.SubElement(a, "{urn:x}Extensions"),
}
"""Where in one assertion another may hide."""


def _insert_after(assertion, name, new):
    before = assertion.find(name)
    element = etree.Element(new)
    before.addnext(element)
    return element


def put_inside(outer: etree._Element, where: str, inner: etree._Element) -> None:
    parent = INSIDE[where](outer)
    if where == "itself, first":
        parent.insert(0, inner)
    else:
        parent.append(inner)


SIGNATURE_PARTS = {
    "Object of the signature": ds("Object"),
    "KeyInfo of the signature": None,
    "SignedInfo of the signature": None,
}


def ids_of_every_kind(value: str) -> dict[str, dict[str, str]]:
    return {
        "ID": {"ID": value},
        "Id": {"Id": value},
        "id": {"id": value},
        "wsu:Id": {f"{{{WSU}}}Id": value},
        "xml:id": {"{http://www.w3.org/XML/1998/namespace}id": value},
    }
