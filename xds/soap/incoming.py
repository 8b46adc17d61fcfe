"""A message as it arrives: the envelope whole and in memory, the documents still on the wire.

Theory. Nothing is read past what is needed: a plain body up to the envelope limit, or a multipart
body up to the end of its root part and of the parts that complete it (see `xds.soap.xop`). Parts
that come before the root, or are passed over while completing it, are held in memory and count
against the same limit. What is left is handed over as `Attachments`, which pull from the same
stream.

Spec: RFC 2387; MTOM §3; ITI TF-2 §V.8. `chunks` is any iterator of bytes; how it meets a socket
is the door's business.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from lxml import etree

from xds.errors import quote
from xds.limits import Limits
from xds.namespaces import SOAP, SOAP11
from xds.soap import xop
from xds.soap.fault import FaultCode, SoapFault
from xds.soap.mtom import MultipartReader, bad_multipart, parse_content_type
from xds.soap.parts import Budget, HeldPart, Parts, StreamedAttachments, metered
from xds.soap.xml import parse

SOAP_TYPE: Final = "application/soap+xml"
ROOT_TYPES: Final = frozenset({"application/xop+xml", SOAP_TYPE, "text/xml", "application/xml"})
OTHER_SOAP_TYPES: Final = ("text/xml", "application/xml", "")
WIRE_FACTOR: Final = 2
"""Of the envelope limit, what may come over the wire for it: base64, heads, preamble."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A message whose root part is whole; who sent it is not known yet."""

    root: etree._Element
    octets: bytes
    is_mtom: bool
    http_action: str
    """The action that HTTP or MIME named, '' when none did."""
    attachments: StreamedAttachments


def is_multipart(content_type: str) -> bool:
    """Return whether an answer to a request of this Content-Type must be multipart."""
    return parse_content_type(content_type)[0].startswith("multipart/")


def receive(
    content_type: str, soap_action: str, chunks: Iterator[bytes], limits: Limits
) -> Incoming:
    """Read a message up to the end of its envelope.

    Errors: SoapFault for a wrong Content-Type, bad framing, malformed XML, or a limit.
    """
    media_type, parameters = parse_content_type(content_type)
    budget = Budget(limits.envelope_octets)
    if media_type.startswith("multipart/"):
        if media_type != "multipart/related":
            raise SoapFault(
                FaultCode.SENDER,
                f"The Content-Type is {quote(media_type)}; expected multipart/related (RFC 2387).",
            )
        return _receive_multipart(parameters, soap_action, chunks, limits, budget)
    if media_type not in (SOAP_TYPE, *OTHER_SOAP_TYPES):
        raise _wrong_type(content_type)
    octets = _gather(chunks, budget)
    root = parse(octets, limits, charset=parameters.get("charset", ""))
    if media_type != SOAP_TYPE:
        raise _wrong_version(root, content_type)
    if next(root.iter(xop.INCLUDE), None) is not None:
        raise SoapFault(
            FaultCode.SENDER,
            "The message holds an xop:Include but is not multipart/related: its part cannot have "
            "come. Fix: send the request as MTOM, or the bytes as base64 in place.",
        )
    return Incoming(
        root=root,
        octets=octets,
        is_mtom=False,
        http_action=_http_action(parameters, soap_action),
        attachments=StreamedAttachments(None, [], limits),
    )


def _gather(chunks: Iterator[bytes], budget: Budget) -> bytes:
    gathered = []
    for chunk in chunks:
        budget.spend(len(chunk))
        gathered.append(chunk)
    return b"".join(gathered)


def _wrong_type(content_type: str) -> SoapFault:
    return SoapFault(
        FaultCode.SENDER,
        f"The Content-Type is {quote(content_type)}; expected application/soap+xml (SOAP 1.2) or "
        'multipart/related; type="application/xop+xml" (MTOM).',
    )


def _wrong_version(root: etree._Element, content_type: str) -> SoapFault:
    """Return the fault for XML that came under a type of another SOAP, or of none."""
    is_of_text_xml = parse_content_type(content_type)[0] == "text/xml"
    version = {f"{{{SOAP11}}}Envelope": "1.1", f"{{{SOAP}}}Envelope": "1.2"}.get(str(root.tag))
    if version is None or (version == "1.2" and not is_of_text_xml):
        return _wrong_type(content_type)
    return SoapFault(
        FaultCode.VERSION_MISMATCH,
        f"The Content-Type is {quote(content_type)} and the envelope is SOAP {version}'s; expected "
        f"application/soap+xml and an envelope of SOAP 1.2 ({SOAP}). Fix: use the SOAP 1.2 binding "
        "of the WSDL.",
    )


def _http_action(parameters: Mapping[str, str], *others: str) -> str:
    """Return the action that came outside the envelope, wherever the stack put it."""
    named = parameters.get("action", "").strip()
    if named:
        return named
    _, inside = parse_content_type(parameters.get("start-info", ""))
    if inside.get("action", "").strip():
        return inside["action"].strip()
    for value in others:
        stripped = value.strip().strip('"').strip()
        if stripped:
            return stripped
    return ""


def _receive_multipart(
    parameters: Mapping[str, str],
    soap_action: str,
    chunks: Iterator[bytes],
    limits: Limits,
    budget: Budget,
) -> Incoming:
    reader = MultipartReader(parameters.get("boundary", ""), limits)
    stream = Parts(reader, chunks, Budget(limits.envelope_octets, WIRE_FACTOR))
    start = parameters.get("start")
    wanted = xop.canonical_content_id(start) if start else None
    early: list[HeldPart] = []
    for part in stream:
        content = b"".join(metered(part.decoded(), budget))
        if wanted is None or part.content_id == wanted:
            break
        early.append(HeldPart(part.content_id, content))
    else:
        raise bad_multipart(
            f"its start parameter names {quote(start or '')}, and no part has this Content-ID; "
            f"Content-IDs that came: {xop.listed(p.content_id for p in early)}"
        )
    if part.media_type and part.media_type not in ROOT_TYPES:
        raise SoapFault(
            FaultCode.SENDER,
            f"The root part's Content-Type is {quote(part.media_type)}; expected "
            "application/xop+xml or application/soap+xml.",
        )
    root = parse(content, limits, charset=part.parameters.get("charset", ""))
    attachments = StreamedAttachments(stream, early, limits)
    includes = xop.includes_to_complete(root)
    if includes:
        attachments.complete(includes, budget)
        content = etree.tostring(root)
    stream.budget = None
    inner_action = part.parameters.get("action", "")
    return Incoming(
        root=root,
        octets=content,
        is_mtom=True,
        http_action=_http_action(parameters, inner_action, soap_action),
        attachments=attachments,
    )
