"""The one parser for XML from the wire: no DTD, no entities, no network, and caps before anything else.

Theory. libxml2 parses; what makes a message dangerous afterwards is checked here, by C-level XPath, before a
signature is canonicalised or a rule is run: nesting, attributes and namespaces on one element, number of
elements, length of one text. A DTD can stand only before the root element, so the prolog is read by itself and
a message with one never reaches libxml2. Only encodings in which ASCII is ASCII are admitted (UTF-16 is
transcoded), so that this reading and libxml2's cannot differ.

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
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")


def parse(octets: bytes, limits: Limits) -> etree._Element:
    """Return the root element of a message, within the limits.

    Errors: SoapFault (Sender) that says what is wrong and where.
    """
    octets = _as_ascii_superset(octets)
    prolog = _PROLOG.match(octets.removeprefix(b"\xef\xbb\xbf"))
    rest = octets.removeprefix(b"\xef\xbb\xbf")[prolog.end() if prolog else 0 :]
    if rest.startswith(b"<!"):
        raise _refused("the message has a DTD (<!DOCTYPE …>); SOAP messages must have none")
    if not rest.strip():
        raise _refused("the SOAP part is empty; expected a soap:Envelope element")
    parser = etree.XMLParser(
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
        text = (error.msg or "unreadable").split(", line")[0]
        raise _refused(
            f"the SOAP part is not well-formed XML: {quote(text)} at line {line}, column {column}"
        ) from None
    except (ValueError, LookupError) as error:
        raise _refused(f"the SOAP part cannot be read as XML: {quote(str(error))}") from None
    _check_caps(root, octets, limits)
    return root


def _refused(reason: str) -> SoapFault:
    return SoapFault(FaultCode.SENDER, reason[:1].upper() + reason[1:])


def _as_ascii_superset(octets: bytes) -> bytes:
    if octets.startswith(_UTF16):
        try:
            text = octets.decode("utf-16")
        except UnicodeDecodeError:
            raise _refused("the SOAP part opens as UTF-16 but is not") from None
        return re.sub(r"^<\?xml.*?\?>", "", text, count=1, flags=re.DOTALL).encode("utf-8")
    declared = _DECLARED.match(octets.removeprefix(b"\xef\xbb\xbf"))
    encoding = declared.group(1).decode("ascii", "replace") if declared else "utf-8"
    if encoding.lower() not in ENCODINGS:
        raise _refused(
            f"the XML declaration names the encoding {quote(encoding)}; expected UTF-8 or UTF-16"
        )
    if b"\x00" in octets[:4]:
        raise _refused("the SOAP part is in UTF-16 or UTF-32 without a byte order mark; use UTF-8")
    return octets


def _check_caps(root: etree._Element, octets: bytes, limits: Limits) -> None:
    """Refuse what later steps would be slow on. Each check is one pass in C."""
    count = int(_number(root, "count(//*)"))
    if count > limits.elements:
        raise _refused(f"the message has {count} elements; the limit is {limits.elements}")
    too_deep = "/" + "/".join("*" * (limits.depth + 1))
    _refuse_if(root, too_deep, f"elements are nested over {limits.depth} deep, at")
    cap = limits.attributes_per_element
    _refuse_if(root, f"//*[@*[{cap + 1}]]", f"an element has over {cap} attributes:")
    # In-scope namespaces of an element cannot outnumber the declarations of the message.
    cap = limits.namespaces_per_element
    if octets.count(b"xmlns") > cap:
        for element in root.iter(etree.Element):
            if len(element.nsmap) > cap:
                raise _refused(f"over {cap} namespaces are in scope at {_name(element)}")
    if len(octets) > limits.text_octets:
        cap = limits.text_octets
        documents = f"self::*[local-name()='Document' and namespace-uri()='{XDSB}']"
        _refuse_if(
            root,
            f"//*[not({documents})][text()[string-length() > {cap}]]",
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
    if isinstance(found, list) and found:
        element = found[0]
        raise _refused(f"{reason} {_name(element)} (line {getattr(element, 'sourceline', 0)})")


def _name(element: object) -> str:
    tag = getattr(element, "tag", "")
    return quote(prefixed(tag) if isinstance(tag, str) else "?")
