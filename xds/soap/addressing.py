"""WS-Addressing headers of a request, and the faults they can end in.

Answers always go back on the connection of the request. `reply_to_hosts` names hosts whose own
address in ReplyTo or FaultTo is put up with (gateways that fill it in and wait on the connection
all the same); it does not make this an asynchronous server. The address `none` is refused like any
other: it asks for no answer, and a request of XDS always has one.

Spec: WS-Addressing 1.0 core §3, SOAP binding §6.4 (predefined faults); ITI TF-2 §V.3.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from lxml import etree

from xds.errors import quote
from xds.namespaces import SOAP, WSA, prefixed
from xds.soap.fault import FaultCode, SoapFault
from xds.soap.xml import elements, line, own_text

ANONYMOUS: Final = f"{WSA}/anonymous"
FAULT_ACTION: Final = f"{WSA}/fault"
SOAP_FAULT_ACTION: Final = f"{WSA}/soap/fault"
TEXTS: Final = ("Action", "MessageID", "To")
ENDPOINTS: Final = ("From", "ReplyTo", "FaultTo")
UNDERSTOOD: Final = frozenset(f"{{{WSA}}}{name}" for name in (*TEXTS, *ENDPOINTS, "RelatesTo"))
OUR_ROLES: Final = frozenset({"", f"{SOAP}/role/next", f"{SOAP}/role/ultimateReceiver"})
MAX_ID_CHARACTERS: Final = 1024
"""Of a MessageID, which comes back in RelatesTo and stands in the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressing:
    """The headers that matter to us."""

    action: str
    message_id: str | None
    to: str | None


class AddressingFault(SoapFault):
    """A Sender fault of WS-Addressing, with what its detail must name.

    Spec: WS-Addressing 1.0 SOAP binding §6.2 to §6.4. `InvalidCardinality`, `ActionMismatch` and
    `OnlyAnonymousAddressSupported` are kinds of `InvalidAddressingHeader` and stand below it.
    """

    def __init__(
        self, subcode: str, reason: str, *, kind: str = "", header: str = "", action: str = ""
    ) -> None:
        super().__init__(FaultCode.SENDER, reason, subcode=f"{{{WSA}}}{subcode}")
        self.kind = kind
        """Local name of the subcode's own subcode."""
        self.header = header
        """Local name of the header at fault, for ProblemHeaderQName."""
        self.action = action
        """The action at fault, for ProblemAction."""


def invalid(kind: str, header: str, reason: str) -> AddressingFault:
    """Return the fault for a header that is not as it must be."""
    return AddressingFault("InvalidAddressingHeader", reason, kind=kind, header=header)


def is_for_us(block: etree._Element) -> bool:
    """Return whether a header block is meant for this node. Spec: SOAP 1.2 part 1 §2.4."""
    return (block.get(f"{{{SOAP}}}role") or "").strip() in OUR_ROLES


def peek_message_id(header: etree._Element | None) -> str | None:
    """Return the MessageID without judging anything, for the RelatesTo of a fault."""
    found = None if header is None else header.find(f"{{{WSA}}}MessageID")
    text = own_text(found) if found is not None else ""
    return text if 0 < len(text) <= MAX_ID_CHARACTERS else None


def read_addressing(
    header: etree._Element | None, *, expected: str, reply_to_hosts: frozenset[str]
) -> Addressing:
    """Return the addressing of a request. `expected` names the actions known here, for an error.

    Errors: AddressingFault.
    """
    texts = {name: _text(found) for name in TEXTS if (found := _single(header, name)) is not None}
    if not texts.get("Action"):
        raise AddressingFault(
            "MessageAddressingHeaderRequired",
            f"The header wsa:Action is missing; expected one of: {expected} (ITI TF-2 §V.3).",
            header="Action",
        )
    message_id = texts.get("MessageID") or None
    if message_id and len(message_id) > MAX_ID_CHARACTERS:
        raise invalid("", "MessageID", f"wsa:MessageID is over {MAX_ID_CHARACTERS} characters long")
    for name in ENDPOINTS:
        endpoint = _single(header, name)
        if endpoint is not None:
            _check_endpoint(name, endpoint, reply_to_hosts)
    return Addressing(action=texts["Action"], message_id=message_id, to=texts.get("To"))


def _single(header: etree._Element | None, name: str) -> etree._Element | None:
    blocks = [] if header is None else header.findall(f"{{{WSA}}}{name}")
    found = [block for block in blocks if is_for_us(block)]
    if len(found) > 1:
        lines = ", ".join(str(line(block)) for block in found[:10])
        raise invalid(
            "InvalidCardinality",
            name,
            f"The header wsa:{name} came {len(found)} times (lines {lines}); expected at most once "
            "(WS-Addressing 1.0 SOAP binding §6.4.1).",
        )
    return found[0] if found else None


def _text(block: etree._Element) -> str:
    if inside := elements(block):
        name = prefixed(str(block.tag))
        raise invalid(
            "",
            name.partition(":")[2],
            f"The header {name} holds {quote(prefixed(str(inside[0].tag)))}; expected text alone.",
        )
    return own_text(block)


def _check_endpoint(name: str, endpoint: etree._Element, hosts: frozenset[str]) -> None:
    addresses = endpoint.findall(f"{{{WSA}}}Address")
    if len(addresses) != 1:
        raise invalid(
            "MissingAddressInEPR",
            name,
            f"The header wsa:{name} holds {len(addresses)} wsa:Address elements; expected one.",
        )
    address = own_text(addresses[0])
    if name == "From" or address == ANONYMOUS or _host(address) in hosts:
        return
    raise invalid(
        "OnlyAnonymousAddressSupported",
        name,
        f"wsa:{name} is {quote(address)}; expected {ANONYMOUS}: answers go back on the connection "
        "of the request (ITI TF-2 §V.3). Fix: send the anonymous address.",
    )


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
