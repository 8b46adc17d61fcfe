"""The one parser for XML from the wire: no DTD, no entities, no network, and caps before all else.

Theory. libxml2 parses; what makes a message dangerous afterwards is checked here, by C-level XPath,
before a signature is canonicalised or a rule is run: nesting, attributes and namespaces on one
element, number of elements, length of one text. What would make the tree itself too large
(elements, attributes) is bounded before, by counting the characters that each of them needs. A DTD
can stand only before the root element, so the prolog is read by itself and a message with one never
reaches libxml2. Only encodings in which ASCII is ASCII are admitted (UTF-16 is transcoded), so that
this reading and libxml2's cannot differ.

Spec: SOAP 1.2 part 1 §5 (no DTD, no processing instruction needed); XML 1.0.
"""

import re
from typing import Final

from lxml import etree

from xds.errors import quote
from xds.limits import Limits
from xds.namespaces import XDSB, prefixed
from xds.soap.fault import FaultCode, SoapFault

ENCODINGS: Final = frozenset(
    {"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "iso-8859-15", "windows-1252"}
)
_PROLOG: Final = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_DECLARED: Final = re.compile(rb"""^<\?xml[^>]*?encoding\s*=\s*["']([^"']{1,40})["']""")
_DECLARATION: Final = re.compile(r"^<\?xml.*?\?>", re.DOTALL)
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_BOM: Final = b"\xef\xbb\xbf"


def parse(octets: bytes, limits: Limits, *, charset: str = "") -> etree._Element:
    """Return the root element of a message, within the limits.

    `charset` is the Content-Type's, used when the XML names none of its own (RFC 7303 §3).
    Errors: SoapFault (Sender) that says what is wrong and where.
    """
    octets = _as_ascii_superset(octets, charset)
    _check_prolog(octets)
    _check_bulk(octets, limits)
    _check_namespaces(octets, limits)
    parser = etree.XMLParser(
        encoding=_encoding(octets, charset),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=True,  # libxml2's own caps are replaced by ours
        collect_ids=False,
    )
    try:
        root = etree.fromstring(octets, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        text = (error.msg or "unreadable").split(", line")[0].removesuffix(_OPTION)
        raise _refused(
            f"the SOAP part is not well-formed XML: {quote(text)} at line {line}, column {column}"
        ) from None
    except (ValueError, LookupError) as error:
        raise _refused(f"the SOAP part cannot be read as XML: {quote(str(error))}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise _refused(_DTD)
    _check_caps(root, octets, limits)
    return root


def line(element: etree._Element) -> int:
    """Return an element's line in the message, from 1; 0 when unknown."""
    found: object = element.sourceline
    return found if isinstance(found, int) else 0


def elements(parent: etree._Element) -> list[etree._Element]:
    """Return the child elements, without comments and processing instructions."""
    return [child for child in parent if isinstance(child.tag, str)]


def own_text(element: etree._Element) -> str:
    """Return an element's text whatever comments stand in it, without white space at its ends."""
    texts = [element.text or "", *(child.tail or "" for child in element)]
    return "".join(texts).strip()


_OPTION: Final = ", use XML_PARSE_HUGE option"  # which is no advice to a caller
_DTD: Final = "the message has a DTD (<!DOCTYPE …>); SOAP messages must have none"


def _refused(reason: str) -> SoapFault:
    return SoapFault(FaultCode.SENDER, f"{reason[:1].upper()}{reason[1:]}.")


def _check_prolog(octets: bytes) -> None:
    start = len(_BOM) if octets.startswith(_BOM) else 0
    prolog = _PROLOG.match(octets, start)
    at = prolog.end() if prolog else start
    if octets.startswith(b"<!", at):
        raise _refused(_DTD)
    if at >= len(octets):
        raise _refused("the SOAP part is empty; expected a soap:Envelope element")


def _check_bulk(octets: bytes, limits: Limits) -> None:
    """Bound the tree before there is one: each element needs a '<', each attribute a '='."""
    # Twice the cap: an end tag has a '<' of its own, and an element may well have two attributes.
    cap = 2 * limits.elements
    for character, name in ((b"<", "elements"), (b"=", "attributes")):
        if octets.count(character) > cap:
            raise _refused(
                f"the message has too many {name}: over {cap} characters "
                f"'{character.decode()}'; the limit is {limits.elements} elements"
            )


class _Namespaces:
    """A parser's target that builds no tree and counts the declarations in scope."""

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._in_scope = 0

    def start_ns(self, prefix: str, uri: str) -> None:  # noqa: ARG002 - lxml's signature
        self._in_scope += 1
        if self._in_scope > self._cap:
            raise _refused(f"over {self._cap} namespaces are in scope at {quote(prefix)}")

    def end_ns(self, prefix: str) -> None:  # noqa: ARG002 - lxml's signature
        self._in_scope -= 1

    def close(self) -> None:
        """Nothing to give."""


def _check_namespaces(octets: bytes, limits: Limits) -> None:
    """Bound the namespaces in scope by a pass of its own: asking the tree is quadratic."""
    if octets.count(b"xmlns") <= limits.namespaces_per_element:
        return
    target = _Namespaces(limits.namespaces_per_element)
    try:
        etree.fromstring(
            octets,
            etree.XMLParser(
                target=target,  # type: ignore[arg-type]  # more than lxml asks for
                resolve_entities=False,
                no_network=True,
                huge_tree=True,
            ),
        )
    except (etree.XMLSyntaxError, ValueError, LookupError):
        return  # the parser proper says what is wrong


def _as_ascii_superset(octets: bytes, charset: str) -> bytes:
    if octets.startswith(_UTF16):
        try:
            text = octets.decode("utf-16")
        except UnicodeDecodeError:
            raise _refused("the SOAP part opens as UTF-16 but is not") from None
        return _DECLARATION.sub("", text, count=1).encode("utf-8", "replace")
    encoding = _declared(octets) or charset or "utf-8"
    if encoding.lower() not in ENCODINGS:
        raise _refused(
            f"the XML declaration or the charset parameter names the encoding {quote(encoding)}; "
            "expected UTF-8 (or UTF-16 with a byte order mark)"
        )
    if b"\x00" in octets[:4]:
        raise _refused("the SOAP part is in UTF-16 or UTF-32 without a byte order mark; use UTF-8")
    return octets


def _declared(octets: bytes) -> str:
    declared = _DECLARED.match(octets[:200].removeprefix(_BOM))
    return declared.group(1).decode("ascii", "replace") if declared else ""


def _encoding(octets: bytes, charset: str) -> str | None:
    """Return the encoding to impose on the parser, None where the bytes themselves say it."""
    if not charset or octets.startswith(_BOM) or _declared(octets):
        return None
    return charset if charset.lower() in ENCODINGS else None


def _check_caps(root: etree._Element, octets: bytes, limits: Limits) -> None:
    """Refuse what later steps would be slow on. Each check is one pass in C."""
    count = int(_number(root, "count(//*)"))
    if count > limits.elements:
        raise _refused(f"the message has {count} elements; the limit is {limits.elements}")
    too_deep = "/" + "/".join("*" * (limits.depth + 1))
    _refuse_if(root, too_deep, f"elements are nested over {limits.depth} deep, at")
    cap = limits.attributes_per_element
    _refuse_if(root, f"//*[@*[{cap + 1}]]", f"an element has over {cap} attributes:")
    if len(octets) > limits.text_octets:
        cap = limits.text_octets
        documents = f"self::*[local-name()='Document' and namespace-uri()='{XDSB}']"
        _refuse_if(
            root,
            f"//*[text()[string-length() > {cap}]][not({documents})]",
            f"a text outside xds:Document is over {cap} characters long, in",
        )
        _refuse_if(
            root,
            f"//*[@*[string-length() > {cap}]]",
            f"an attribute is over {cap} characters long, in",
        )


def _number(root: etree._Element, path: str) -> float:
    found = root.getroottree().xpath(path)
    return found if isinstance(found, float) else 0.0


def _refuse_if(root: etree._Element, path: str, reason: str) -> None:
    found = root.getroottree().xpath(f"({path})[1]")
    if isinstance(found, list) and found and isinstance(found[0], etree._Element):  # noqa: SLF001
        raise _refused(f"{reason} {quote(prefixed(str(found[0].tag)))} (line {line(found[0])})")
