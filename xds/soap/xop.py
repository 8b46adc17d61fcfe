"""xop:Include: how a message names its parts, and making an envelope whole before it is believed.

Theory. Stacks optimise every base64 value they meet, so a signature's certificate may travel as a
MIME part. What is not a document must therefore be put back in place before a signature is
checked. Includes inside xds:Document stay: those bytes are streamed later. Content-IDs are
compared in one canonical form, because stacks percent-encode the header, the href, both or
neither.

Spec: XOP 1.0 §2, §3.2; RFC 2392 (cid: URLs).
"""

import base64
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote

from lxml import etree

from xds.errors import quote
from xds.namespaces import XDSB, XOP, prefixed
from xds.soap.fault import FaultCode, SoapFault

INCLUDE: Final = f"{{{XOP}}}Include"
DOCUMENT: Final = f"{{{XDSB}}}Document"
MAX_DECODINGS: Final = 4


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
    return text


def includes_to_complete(root: etree._Element) -> list[tuple[etree._Element, str]]:
    """Return the Includes outside documents, each with the canonical Content-ID that it names.

    Includes inside documents are only checked, and their href made canonical. Errors: SoapFault
    for an href that is no cid: URL, or an Include that is not alone in its parent.
    """
    found = []
    for include in list(root.iter(INCLUDE)):
        content_id = _content_id(include)
        parent = include.getparent()
        if parent is not None and parent.tag == DOCUMENT:
            include.set("href", f"cid:{content_id}")
            continue
        if parent is None or len(parent) != 1 or (parent.text or "").strip():
            raise _bad(include, "it must be the only content of its parent (XOP 1.0 §3.2)")
        found.append((include, content_id))
    return found


def put_in_place(include: etree._Element, content: bytes) -> None:
    """Replace an Include by the base64 of the part that it names."""
    parent = include.getparent()
    if parent is None:
        return
    parent.remove(include)
    parent.text = base64.b64encode(content).decode("ascii")


def missing_parts(missing: Iterable[str], present: Iterable[str]) -> SoapFault:
    """Return the fault for Content-IDs that no part has, with those that came."""
    came = ", ".join(quote(content_id) for content_id in present) or "none"
    wanted = ", ".join(quote(content_id) for content_id in missing)
    return SoapFault(
        FaultCode.SENDER,
        f"An xop:Include names a MIME part that did not come: {wanted}. Content-IDs that came: "
        f"{came}. Fix: the href is 'cid:' and the part's Content-ID without angle brackets.",
    )


def _content_id(include: etree._Element) -> str:
    href = include.get("href") or ""
    if not href[:4].lower() == "cid:" or len(href) <= len("cid:"):
        raise _bad(
            include,
            f"its href is {quote(href)}; expected a 'cid:' URL that names a MIME part of this "
            "message",
        )
    return canonical_content_id(href[len("cid:") :])


def _bad(include: etree._Element, reason: str) -> SoapFault:
    parent = include.getparent()
    inside = prefixed(parent.tag) if parent is not None and isinstance(parent.tag, str) else "?"
    return SoapFault(
        FaultCode.SENDER,
        f"The xop:Include in {inside} (line {include.sourceline}) is not usable: {reason}.",
    )
