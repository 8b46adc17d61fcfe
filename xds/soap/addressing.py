"""WS-Addressing headers of a request, and the faults they can end in.

Spec: WS-Addressing 1.0 core §3, SOAP binding §6 (predefined faults); ITI TF-2 §V.3.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from lxml import etree

from xds.errors import quote
from xds.namespaces import WSA, prefixed
from xds.soap.fault import FaultCode, SoapFault

ANONYMOUS: Final = f"{WSA}/anonymous"
FAULT_ACTION: Final = f"{WSA}/fault"
SOAP_FAULT_ACTION: Final = f"{WSA}/soap/fault"
SINGLE: Final = ("Action", "MessageID", "To", "From", "ReplyTo", "FaultTo")
UNDERSTOOD: Final = frozenset(f"{{{WSA}}}{name}" for name in (*SINGLE, "RelatesTo"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressing:
    """The headers that matter to us."""

    action: str
    message_id: str | None
    to: str | None


def fault(subcode: str, reason: str) -> SoapFault:
    """Return a Sender fault with a subcode of WS-Addressing."""
    return SoapFault(FaultCode.SENDER, reason, subcode=f"{{{WSA}}}{subcode}")


def peek_message_id(header: etree._Element | None) -> str | None:
    """Return the MessageID without judging anything, for the RelatesTo of a fault."""
    if header is None:
        return None
    found = header.find(f"{{{WSA}}}MessageID")
    text = (found.text or "").strip() if found is not None else ""
    return text or None


def read_addressing(
    header: etree._Element | None, *, expected: str, reply_to_hosts: frozenset[str]
) -> Addressing:
    """Return the addressing of a request. `expected` names the actions known here, for an error.

    Errors: SoapFault with the subcodes of WS-Addressing.
    """
    values: dict[str, str] = {}
    for name in SINGLE:
        found = [] if header is None else header.findall(f"{{{WSA}}}{name}")
        if len(found) > 1:
            raise fault(
                "InvalidAddressingHeader",
                f"The header wsa:{name} came {len(found)} times; expected at most once "
                "(WS-Addressing 1.0 SOAP binding §6.4.1, InvalidCardinality).",
            )
        if found:
            values[name] = _value(found[0])
    action = values.get("Action", "")
    if not action:
        raise fault(
            "MessageAddressingHeaderRequired",
            f"The header wsa:Action is missing; expected one of: {expected} (ITI TF-2 §V.3).",
        )
    for name in ("ReplyTo", "FaultTo"):
        _check_reply_to(name, values.get(name), reply_to_hosts)
    return Addressing(
        action=action, message_id=values.get("MessageID") or None, to=values.get("To")
    )


def _value(element: etree._Element) -> str:
    """Return the text of a header, or of its wsa:Address."""
    address = element.find(f"{{{WSA}}}Address")
    if address is not None:
        return "".join(str(t) for t in address.itertext()).strip()
    if any(isinstance(child.tag, str) for child in element):
        raise fault(
            "InvalidAddressingHeader",
            f"The header {prefixed(str(element.tag))} has child elements but no wsa:Address.",
        )
    return "".join(str(t) for t in element.itertext()).strip()


def _check_reply_to(name: str, address: str | None, hosts: frozenset[str]) -> None:
    if address is None or address == ANONYMOUS:
        return
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        host = ""
    if host not in hosts:
        raise fault(
            "OnlyAnonymousAddressSupported",
            f"wsa:{name} is {quote(address)}; expected {ANONYMOUS}: answers go back on the "
            "connection of the request (ITI TF-2 §V.3). Fix: send the anonymous address.",
        )
