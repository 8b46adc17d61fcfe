"""A CDA document's bytes → its ClinicalDocument element, and the questions that a header is asked.

A file that nobody vouches for: no DTD, no entities, no network, no include. A document that carries
its own style sheet (its root is xsl:stylesheet, CI-SIS "auto-présentable") is found inside it.

Spec: HL7 CDA R2 §4.2 (header); CI-SIS, volet Structuration minimale de documents de santé.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from lxml import etree

from xds.errors import quote
from xds.soap.xml import ENCODINGS

HL7: Final = "urn:hl7-org:v3"
_NAMESPACES: Final = {"h": HL7, "sdtc": "urn:hl7-org:sdtc", "ps3-20": "urn:dicom-org:ps3-20"}
_STYLESHEET: Final = "{http://www.w3.org/1999/XSL/Transform}stylesheet"
_DOCUMENT: Final = f"{{{HL7}}}ClinicalDocument"
_PROLOG: Final = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_DECLARED: Final = re.compile(rb"""^<\?xml[^>]*?encoding\s*=\s*["']([^"']{1,40})["']""")


class NotACda(ValueError):  # noqa: N818 - what it says
    """Bytes that are no CDA document; the text says why."""


def read_document(octets: bytes) -> tuple[etree._Element, bool]:
    """Return the ClinicalDocument element, and whether it stands in a style sheet of its own.

    Errors: NotACda.
    """
    root = parse(octets)
    if root.tag == _DOCUMENT:
        return root, False
    inner = root.find(f".//{_DOCUMENT}") if root.tag == _STYLESHEET else None
    if inner is None:
        raise NotACda(f"its root is {quote(str(root.tag))}, expected ClinicalDocument of {HL7}")
    return inner, True


def parse(octets: bytes, *, keeps_all: bool = False) -> etree._Element:
    """Return the root element of a document, without comments unless `keeps_all`.

    Errors: NotACda for a DTD, a strange encoding, or what is not well-formed.
    """
    octets = _plain(octets)
    prolog = _PROLOG.match(octets)
    if octets[prolog.end() if prolog else 0 :].startswith(b"<!"):
        raise NotACda("it has a DTD (<!DOCTYPE …>); a CDA document has none")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=True,  # an embedded PDF is one text of many megabytes
        remove_comments=not keeps_all,  # a comment must not split a value
        remove_pis=not keeps_all,
    )
    try:
        root: etree._Element = etree.fromstring(octets, parser)
    except etree.XMLSyntaxError as error:
        raise NotACda(f"it is not well-formed XML: {quote(str(error.msg))}") from None
    except (ValueError, LookupError) as error:
        raise NotACda(f"it cannot be read as XML: {quote(str(error))}") from None
    return root


def _plain(octets: bytes) -> bytes:
    """Return the bytes in an encoding in which ASCII is ASCII, so that the prolog can be seen."""
    if octets.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            text = octets.decode("utf-16")
        except UnicodeDecodeError:
            raise NotACda("it opens as UTF-16 but is not") from None
        return re.sub(r"^<\?xml.*?\?>", "", text, count=1, flags=re.DOTALL).encode("utf-8")
    octets = octets.removeprefix(b"\xef\xbb\xbf")
    declared = _DECLARED.match(octets)
    encoding = declared.group(1).decode("ascii", "replace") if declared else "utf-8"
    if encoding.lower() not in ENCODINGS or b"\x00" in octets[:4]:
        raise NotACda(f"its encoding is {quote(encoding)}, expected UTF-8")
    return octets


def all_at(element: etree._Element, path: str) -> list[etree._Element]:
    """Return the elements at a path such as `author/assignedAuthor/id`, without null ones.

    An element with a nullFlavor says that a value is unknown: it is as good as absent.
    """
    found: Any = element.xpath(_xpath(path), namespaces=_NAMESPACES)
    return [e for e in found if e.get("nullFlavor") is None]


def first_at(element: etree._Element, path: str) -> etree._Element | None:
    """Return the first element at a path, None when there is none."""
    return next(iter(all_at(element, path)), None)


def attribute_at(element: etree._Element, path: str, name: str) -> str:
    """Return an attribute of the first element at a path that has it, '' when none has."""
    return next((v for e in all_at(element, path) if (v := (e.get(name) or "").strip())), "")


def text_at(element: etree._Element, path: str) -> str:
    """Return the text of the first element at a path, white space collapsed; '' when absent."""
    found = first_at(element, path)
    return "" if found is None else text_of(found)


def text_of(element: etree._Element) -> str:
    """Return an element's whole text, white space collapsed."""
    return " ".join("".join(map(str, element.itertext())).split())


def identifiers_at(element: etree._Element, path: str) -> Iterator[tuple[str, str]]:
    """Yield root and extension of the instance identifiers at a path; either may be ''."""
    for found in all_at(element, path):
        root, extension = (found.get("root") or "").strip(), (found.get("extension") or "").strip()
        if root or extension:
            yield root, extension


def _xpath(path: str) -> str:
    return "/".join(step if ":" in step or step == "." else f"h:{step}" for step in path.split("/"))
