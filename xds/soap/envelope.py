"""The SOAP 1.2 envelope: read its headers and body, write answers and faults.

Spec: SOAP 1.2 part 1 §5; WS-Addressing 1.0 SOAP binding; ITI TF-2 §V.3. Who calls is not asked
here.
"""

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from lxml import etree

from xds.errors import Where, quote
from xds.namespaces import PREFIXES, SOAP, SOAP11, WSA, WSSE, local, prefixed
from xds.soap.addressing import (
    ANONYMOUS,
    FAULT_ACTION,
    SOAP_FAULT_ACTION,
    UNDERSTOOD,
    Addressing,
    AddressingFault,
    invalid,
    is_for_us,
    peek_message_id,
    read_addressing,
)
from xds.soap.fault import FaultCode, SoapFault
from xds.soap.xml import elements, line

MAX_ACTION_CHARACTERS: Final = 1024
MAX_NAMED: Final = 10
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
SECURITY: Final = f"{{{WSSE}}}Security"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An envelope whose outer form is right."""

    header: etree._Element | None
    body: etree._Element
    """The single child of soap:Body."""
    body_where: Where


def message_id_of(root: etree._Element) -> str | None:
    """Return a message's MessageID as it stands, for a fault's RelatesTo, whatever else it is."""
    header = root.find(f"{{{SOAP}}}Header")
    if header is None:
        header = root.find(f"{{{SOAP11}}}Header")
    return peek_message_id(header)


class NotUnderstoodFault(SoapFault):
    """A MustUnderstand fault, which also names the headers. Spec: SOAP 1.2 part 1 §5.4.8."""

    def __init__(self, names: tuple[str, ...]) -> None:
        shown = _named(names)
        super().__init__(
            FaultCode.MUST_UNDERSTAND,
            f"Headers marked mustUnderstand are not understood here: {shown}.",
        )
        self.names = names


def check_version(root: etree._Element) -> None:
    """Refuse what is no SOAP 1.2 envelope. Errors: SoapFault VersionMismatch, naming both."""
    if root.tag == f"{{{SOAP}}}Envelope":
        return
    came = f"the element {quote(prefixed(str(root.tag)))}"
    if root.tag == f"{{{SOAP11}}}Envelope":
        came = f"a SOAP 1.1 envelope ({SOAP11})"
    raise SoapFault(
        FaultCode.VERSION_MISMATCH,
        f"Expected a SOAP 1.2 envelope ({SOAP}); came: {came}. Fix: use the SOAP 1.2 binding of "
        "the WSDL and the content type application/soap+xml.",
    )


def open_envelope(root: etree._Element) -> Opened:
    """Return the header and the single body element.

    Errors: SoapFault; VersionMismatch for another SOAP, Sender for another structure.
    """
    check_version(root)
    children = elements(root)
    names = [local(str(c.tag)) if c.tag.startswith(f"{{{SOAP}}}") else "?" for c in children]
    if names not in (["Header", "Body"], ["Body"]):
        came = _named(str(c.tag) for c in children)
        raise SoapFault(
            FaultCode.SENDER,
            f"soap:Envelope holds an optional soap:Header, then one soap:Body; came: {came}.",
        )
    header = children[0] if len(children) > 1 else None
    inside = elements(children[-1])
    if len(inside) != 1:
        came = _named(str(c.tag) for c in inside)
        raise SoapFault(
            FaultCode.SENDER,
            f"soap:Body must hold exactly one element, the request; came: {came}.",
        )
    where = Where("soap:Envelope", line(root)).child("soap:Body", line(children[-1]))
    body = inside[0]
    return Opened(
        header=header,
        body=body,
        body_where=where.child(prefixed(str(body.tag)), line(body)),
    )


def _named(clark_names: Iterable[str]) -> str:
    """Return names as a text for a fault; of very many only the first."""
    shown = [quote(prefixed(name)) for name in clark_names]
    if len(shown) > MAX_NAMED:
        shown = [*shown[:MAX_NAMED], f"and {len(shown) - MAX_NAMED} more"]
    return ", ".join(shown) or "nothing"


def check_understood(header: etree._Element | None) -> None:
    """Refuse headers for us that must be understood and are not. Errors: NotUnderstoodFault."""
    strangers = []
    for block in header if header is not None else ():
        if not isinstance(block.tag, str) or block.tag in UNDERSTOOD or block.tag == SECURITY:
            continue
        must = (block.get(f"{{{SOAP}}}mustUnderstand") or "").strip()
        if must in ("1", "true") and is_for_us(block):
            strangers.append(block.tag)
    if strangers:
        raise NotUnderstoodFault(tuple(strangers))


def read_headers(
    opened: Opened,
    *,
    http_action: str,
    operations: Mapping[str, str],
    reply_to_hosts: frozenset[str],
) -> Addressing:
    """Return the addressing of a request for one of the operations (action → body element).

    HTTP action, wsa:Action and body must agree; a missing HTTP action is no disagreement (RFC
    3902). Errors: SoapFault, naming what came and what is known here.
    """
    known = ", ".join(operations)
    addressing = read_addressing(opened.header, expected=known, reply_to_hosts=reply_to_hosts)
    action, body = addressing.action, str(opened.body.tag)
    expected = operations.get(action)
    if expected is None:
        raise AddressingFault(
            "ActionNotSupported",
            f"wsa:Action is {quote(action)}; expected one of: {known}.",
            action=action,
        )
    if body != expected or (http_action and http_action != action):
        shown = quote(http_action) if http_action else "absent"
        raise invalid(
            "ActionMismatch",
            "Action",
            f"wsa:Action is {quote(action)}, the HTTP action is {shown}, the body is {_q(body)}; "
            f"expected the body {_q(expected)} and the same action in both places.",
        )
    check_understood(opened.header)
    return addressing


def _q(clark: str) -> str:
    uri, _, name = clark.removeprefix("{").rpartition("}")
    return f"{quote(name)} in the namespace {quote(uri)}"


def _envelope_open(action: str, relates_to: str | None, *, blocks: str = "") -> str:
    related = (
        f"<wsa:RelatesTo>{escape(_xml_safe(relates_to))}</wsa:RelatesTo>" if relates_to else ""
    )
    return (
        f'<soap:Envelope xmlns:soap="{SOAP}" xmlns:wsa="{WSA}"><soap:Header>'
        f'<wsa:Action soap:mustUnderstand="1">{escape(action)}</wsa:Action>'
        f"<wsa:MessageID>urn:uuid:{uuid.uuid4()}</wsa:MessageID>"
        f"<wsa:To>{ANONYMOUS}</wsa:To>{related}{blocks}</soap:Header><soap:Body>"
    )


ENVELOPE_CLOSE: Final = b"</soap:Body></soap:Envelope>"


def answer_open(action: str, relates_to: str | None) -> bytes:
    """Return an answer's envelope up to its body's content; `ENVELOPE_CLOSE` ends it."""
    return _envelope_open(action, relates_to).encode("utf-8")


def write_fault(fault: SoapFault, relates_to: str | None) -> bytes:
    """Return the whole envelope of a fault. Spec: SOAP 1.2 part 1 §5.4."""
    is_addressing = (fault.subcode or "").startswith(f"{{{WSA}}}")
    return "".join(
        (
            _envelope_open(
                FAULT_ACTION if is_addressing else SOAP_FAULT_ACTION,
                relates_to,
                blocks="".join(_fault_blocks(fault)),
            ),
            f"<soap:Fault><soap:Code><soap:Value>soap:{fault.code.value}</soap:Value>",
            _subcode(fault),
            "</soap:Code><soap:Reason>",
            f'<soap:Text xml:lang="en">{escape(_xml_safe(fault.reason))}</soap:Text>',
            f"</soap:Reason>{_detail(fault)}</soap:Fault></soap:Body></soap:Envelope>",
        )
    ).encode("utf-8")


def _subcode(fault: SoapFault) -> str:
    if not fault.subcode:
        return ""
    uri, _, name = fault.subcode[1:].rpartition("}")
    prefix = PREFIXES.get(uri, "sub")
    kind = fault.kind if isinstance(fault, AddressingFault) else ""
    below = f"<soap:Subcode><soap:Value>wsa:{kind}</soap:Value></soap:Subcode>" if kind else ""
    return (
        f'<soap:Subcode><soap:Value xmlns:{prefix}="{escape(uri)}">{prefix}:{escape(name)}'
        f"</soap:Value>{below}</soap:Subcode>"
    )


def _detail(fault: SoapFault) -> str:
    """Return what WS-Addressing asks to be named. Spec: SOAP binding §6.3."""
    if not isinstance(fault, AddressingFault):
        return ""
    problem = ""
    if fault.header:
        problem = f"<wsa:ProblemHeaderQName>wsa:{fault.header}</wsa:ProblemHeaderQName>"
    elif fault.action:
        shown = escape(_xml_safe(fault.action[:MAX_ACTION_CHARACTERS]))
        problem = f"<wsa:ProblemAction><wsa:Action>{shown}</wsa:Action></wsa:ProblemAction>"
    return f"<soap:Detail>{problem}</soap:Detail>" if problem else ""


def _fault_blocks(fault: SoapFault) -> Iterable[str]:
    """Yield the header blocks that SOAP 1.2 asks for beside two kinds of fault."""
    if fault.code is FaultCode.VERSION_MISMATCH:
        yield (
            f'<soap:Upgrade><soap:SupportedEnvelope qname="ns1:Envelope" xmlns:ns1="{SOAP}"/>'
            "</soap:Upgrade>"
        )
    if isinstance(fault, NotUnderstoodFault):
        for clark in fault.names:
            uri, _, name = clark.removeprefix("{").rpartition("}")
            quoted = escape(uri, {'"': "&quot;"})
            declared = f' xmlns:ns1="{quoted}"' if uri else ""
            yield f'<soap:NotUnderstood qname="{"ns1:" if uri else ""}{name}"{declared}/>'


def _xml_safe(text: str) -> str:
    """Return a text without the characters that XML 1.0 cannot carry."""
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)


__all__ = [
    "ENVELOPE_CLOSE",
    "NotUnderstoodFault",
    "Opened",
    "answer_open",
    "check_understood",
    "check_version",
    "message_id_of",
    "open_envelope",
    "read_headers",
    "write_fault",
]
