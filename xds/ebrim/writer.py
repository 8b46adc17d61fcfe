"""`RimObject` to XML bytes: what was read, in the schema's order, with nothing lost or added.

Spec: ebRIM 3.0 (rim.xsd). Strings are built and encoded once an object; no tree is made. Objects
that did not come from XML must keep to characters that XML has: see `escape_text`.
"""

import re
from collections.abc import Iterable
from typing import Final

from xds.metadata.rim import LocalizedString, RimObject, Slot, VersionInfo
from xds.namespaces import LCM, RIM

TEXT_SPECIAL: Final = re.compile("[&<>\r]")
ATTRIBUTE_SPECIAL: Final = re.compile('[&<>"\t\n\r]')
NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ENTITIES: Final = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "\t": "&#9;",
    "\n": "&#10;",
    "\r": "&#13;",
}


def escape_text(text: str) -> str:
    """Return text fit for element content.

    Errors: ValueError for a character that XML 1.0 cannot carry.
    """
    return _escape(text, TEXT_SPECIAL)


def escape_attribute(text: str) -> str:
    """Return text fit for a double-quoted attribute; white space survives its normalisation.

    Errors: ValueError for a character that XML 1.0 cannot carry.
    """
    return _escape(text, ATTRIBUTE_SPECIAL)


def write_object(rim_object: RimObject) -> bytes:
    """Return one object as UTF-8, prefix `rim:`, without declaring it: a root does that."""
    out: list[str] = []
    _object(rim_object, out)
    return "".join(out).encode()


def write_submit_objects(objects: Iterable[RimObject]) -> bytes:
    """Return a whole lcm:SubmitObjectsRequest that declares its own namespaces."""
    return b"".join(
        (
            f'<lcm:SubmitObjectsRequest xmlns:lcm="{LCM}" xmlns:rim="{RIM}">'.encode(),
            b"<rim:RegistryObjectList>",
            *map(write_object, objects),
            b"</rim:RegistryObjectList></lcm:SubmitObjectsRequest>",
        )
    )


def write_slots(slots: tuple[Slot, ...]) -> bytes:
    """Return Slots as UTF-8, prefix `rim:`, without declaring it."""
    out: list[str] = []
    for slot in slots:
        _slot(slot, out)
    return "".join(out).encode()


def _object(rim_object: RimObject, out: list[str]) -> None:
    tag = rim_object.tag
    out.append(f"<rim:{tag}")
    for name, value in rim_object.attributes:
        out.append(f' {name}="{escape_attribute(value)}"')
    out.append(">")
    opened = len(out)
    for slot in rim_object.slots:
        _slot(slot, out)
    _international("Name", rim_object.name, out)
    _international("Description", rim_object.description, out)
    _version("VersionInfo", rim_object.version_info, out)
    for classification in rim_object.classifications:
        _object(classification, out)
    for identifier in rim_object.external_identifiers:
        _object(identifier, out)
    _version("ContentVersionInfo", rim_object.content_version_info, out)
    if len(out) == opened:
        out[-1] = "/>"
    else:
        out.append(f"</rim:{tag}>")


def _slot(slot: Slot, out: list[str]) -> None:
    slot_type = "" if slot.slot_type is None else f' slotType="{escape_attribute(slot.slot_type)}"'
    out.append(f'<rim:Slot name="{escape_attribute(slot.name)}"{slot_type}><rim:ValueList>')
    out.extend(f"<rim:Value>{escape_text(value)}</rim:Value>" for value in slot.values)
    out.append("</rim:ValueList></rim:Slot>")


def _international(tag: str, strings: tuple[LocalizedString, ...] | None, out: list[str]) -> None:
    if strings is None:
        return
    out.append(f"<rim:{tag}>")
    for string in strings:
        lang = "" if string.lang is None else f' xml:lang="{escape_attribute(string.lang)}"'
        charset = "" if string.charset is None else f' charset="{escape_attribute(string.charset)}"'
        value = escape_attribute(string.value)
        out.append(f'<rim:LocalizedString{lang}{charset} value="{value}"/>')
    out.append(f"</rim:{tag}>")


def _version(tag: str, info: VersionInfo | None, out: list[str]) -> None:
    if info is None:
        return
    out.append(f"<rim:{tag}")
    if info.version_name is not None:
        out.append(f' versionName="{escape_attribute(info.version_name)}"')
    if info.comment is not None:
        out.append(f' comment="{escape_attribute(info.comment)}"')
    out.append("/>")


def _escape(text: str, special: re.Pattern[str]) -> str:
    if NOT_XML.search(text):
        raise ValueError("a character that XML 1.0 cannot carry")
    return special.sub(lambda match: ENTITIES[match[0]], text)
