"""xop:Include: how a message names its parts, and making an envelope whole before it is believed.

Theory. Stacks optimise every base64 value they meet, so a signature's certificate may travel as a
MIME part. What is not a document must therefore be put back in place before a signature is checked.
Includes inside xds:Document stay: those bytes are streamed later. Content-IDs are compared in one
canonical form, because stacks percent-encode the header, the href, both or neither.

Spec: XOP 1.0 §2, §3.2; RFC 2392 (cid: URLs).
"""

from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote

from lxml import etree

from xds.errors import quote
from xds.namespaces import XDSB, XOP, prefixed
from xds.soap.fault import FaultCode, SoapFault
from xds.soap.xml import elements, line, own_text

INCLUDE: Final = f"{{{XOP}}}Include"
DOCUMENT: Final = f"{{{XDSB}}}Document"
MAX_DECODINGS: Final = 4
MAX_LISTED: Final = 20


def canonical_content_id(value: str) -> str:
    """Return a Content-ID or a cid: URL's rest without brackets and with no percent-escape left."""
    text = value.strip()
    if text.startswith("<") and text.endswith(">"):
        text = text[1:-1]
    for _ in range(MAX_DECODINGS):
        decoded = unquote(text)
        if decoded == text:
            break
        text = decoded
    return text.strip().removeprefix("<").removesuffix(">")


def includes_to_complete(root: etree._Element) -> list[tuple[etree._Element, str]]:
    """Return the Includes outside documents, each with the canonical Content-ID that it names.

    Errors: SoapFault for an href that is no cid: URL, or an Include that is not alone in its place.
    """
    found = []
    for include in root.iter(INCLUDE):
        content_id = _content_id(include)
        parent = include.getparent()
        if parent is None or len(elements(parent)) != 1 or own_text(parent):
            raise _bad(include, "it must be the only content of its parent (XOP 1.0 §3.2)")
        if parent.tag != DOCUMENT:
            found.append((include, content_id))
    return found


def put_in_place(include: etree._Element, base64: bytes) -> None:
    """Replace an Include by the base64 of the part that it names."""
    parent = include.getparent()
    if parent is None:
        return
    for child in list(parent):
        parent.remove(child)
    parent.text = base64.decode("ascii")


def missing_parts(missing: Iterable[str], present: Iterable[str]) -> SoapFault:
    """Return the fault for Content-IDs that no part has, with those that came."""
    return SoapFault(
        FaultCode.SENDER,
        f"An xop:Include names a MIME part that did not come: {listed(missing)}. Content-IDs that "
        f"came: {listed(present)}. Fix: the href is 'cid:' and the part's Content-ID without angle "
        "brackets.",
    )


def listed(content_ids: Iterable[str]) -> str:
    """Return Content-IDs as a text for a fault; of very many only the first."""
    shown = [quote(content_id) for content_id in content_ids]
    if len(shown) > MAX_LISTED:
        shown = [*shown[:MAX_LISTED], f"and {len(shown) - MAX_LISTED} more"]
    return ", ".join(shown) or "none"


def _content_id(include: etree._Element) -> str:
    href = (include.get("href") or "").strip()
    if not href[:4].lower() == "cid:" or len(href) <= len("cid:"):
        raise _bad(
            include,
            f"its href is {quote(href)}; expected a 'cid:' URL that names a MIME part of this "
            "message",
        )
    return canonical_content_id(href[len("cid:") :])


def _bad(include: etree._Element, reason: str) -> SoapFault:
    parent = include.getparent()
    inside = prefixed(str(parent.tag)) if parent is not None else "the message's root"
    return SoapFault(
        FaultCode.SENDER,
        f"The xop:Include in {quote(inside)} (line {line(include)}) is not usable: {reason}.",
    )
