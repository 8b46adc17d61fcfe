"""XML of ebRIM to `RimObject`, lossless, with the place of every element; judges only the shape.

Spec: ebRIM 3.0 (rim.xsd); ITI TF-3 §4.2.1. Kept: every attribute without a namespace, every value
with its white space (rim:Value is an xs:string). Normalised as XML Schema says: attributes of type
anyURI lose surrounding white space. Tolerated: children in any order (the Framework's own examples
put Name before Slot), comments and CDATA anywhere. Dropped: attributes of other namespaces.
"""

from typing import Final, Unpack, cast

from lxml import etree

from xds.errors import Complaint, ErrorCode, Refusal, Where, Words, quote
from xds.metadata.policy import METADATA_ERROR, Actor
from xds.metadata.rim import NOWHERE, LocalizedString, RimObject, Slot, VersionInfo
from xds.namespaces import RIM, XML, prefixed
from xds.soap.xml import elements as elements  # noqa: PLC0414 - readers take it from here

OBJECT_TAGS: Final = {
    f"{{{RIM}}}{tag}": tag
    for tag in (
        "ExtrinsicObject",
        "RegistryPackage",
        "Association",
        "Classification",
        "ExternalIdentifier",
        "ObjectRef",
    )
}
SLOT, NAME, DESCRIPTION, VERSION_INFO, CONTENT_VERSION_INFO, VALUE_LIST, VALUE, LOCALIZED, LIST = (
    f"{{{RIM}}}{tag}"
    for tag in (
        "Slot",
        "Name",
        "Description",
        "VersionInfo",
        "ContentVersionInfo",
        "ValueList",
        "Value",
        "LocalizedString",
        "RegistryObjectList",
    )
)
CLASSIFICATION, EXTERNAL_IDENTIFIER = f"{{{RIM}}}Classification", f"{{{RIM}}}ExternalIdentifier"
LANG: Final = f"{{{XML}}}lang"

FREE_TEXT_ATTRIBUTES: Final = frozenset({"value", "nodeRepresentation", "mimeType"})
"""Attributes of type string: their white space counts. All others are URIs or booleans."""


def read_objects(
    registry_object_list: etree._Element, where: Where, *, actor: Actor = "registry"
) -> tuple[RimObject, ...]:
    """Return the children of a rim:RegistryObjectList, in order. `where` is the list's own place.

    Errors: Refusal with every fault of shape.
    """
    objects, complaints = scan_objects(registry_object_list, where, actor=actor)
    if complaints:
        raise Refusal(complaints)
    return objects


def read_fragment(octets: bytes) -> RimObject:
    """Return the object that `xds.ebrim.writer.write_object` wrote; it has no place.

    Errors: Refusal, lxml.etree.XMLSyntaxError; neither for what the writer wrote.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    listed = b'<rim:RegistryObjectList xmlns:rim="%s">%s</rim:RegistryObjectList>'
    root = etree.fromstring(listed % (RIM.encode(), octets), parser)
    return read_objects(root, NOWHERE)[0]


def scan_objects(
    registry_object_list: etree._Element, where: Where, *, actor: Actor = "registry"
) -> tuple[tuple[RimObject, ...], tuple[Complaint, ...]]:
    """Return what can be read of a rim:RegistryObjectList, and every fault of its shape.

    Why: an answer names all errors of a message at once, those of content beside those of shape.
    """
    reading = _Reading(METADATA_ERROR[actor])
    return reading.all(registry_object_list, where), tuple(reading.complaints)


def scan_slots(
    parent: etree._Element, where: Where, *, code: ErrorCode
) -> tuple[tuple[Slot, ...], tuple[Complaint, ...]]:
    """Return the rim:Slot children of any element, and every fault of their shape."""
    reading = _Reading(code)
    slots = tuple(
        slot
        for child in elements(parent)
        if child.tag == SLOT and (slot := reading.slot(child, where)) is not None
    )
    return slots, tuple(reading.complaints)


def text_of(element: etree._Element) -> str:
    """Return the text of an element without child elements: no comment or CDATA splits a value."""
    if not len(element):
        return element.text or ""
    return (element.text or "") + "".join(child.tail or "" for child in element)


def line_of(element: etree._Element) -> int:
    """Return the element's line in the part it was parsed from, 0 when unknown."""
    return cast("int | None", element.sourceline) or 0


def shown_name(element: etree._Element) -> str:
    """Return an element's name with our prefix; a foreign namespace is shortened and escaped."""
    return quote(prefixed(element.tag))[1:-1]


def xpath_literal(text: str) -> str:
    """Return an XPath string literal, short and on one line, safe whatever the text holds."""
    shown = quote(text)[1:-1]
    if "'" not in shown:
        return f"'{shown}'"
    if '"' not in shown:
        return f'"{shown}"'
    pieces = (f"'{piece}'" for piece in shown.split("'"))
    return "concat(" + """, "'", """.join(pieces) + ")"


class _Reading:
    """One pass over a message: reads, and collects what is wrong with the shape."""

    def __init__(self, code: ErrorCode) -> None:
        self.code = code
        self.complaints: list[Complaint] = []

    def all(self, parent: etree._Element, where: Where) -> tuple[RimObject, ...]:
        found: list[RimObject] = []
        seen: dict[str, int] = {}
        for child in elements(parent):
            tag = OBJECT_TAGS.get(child.tag)
            step = f"rim:{tag}" if tag else shown_name(child)
            seen[step] = seen.get(step, 0) + 1
            place = Where(f"{step}[{seen[step]}]", line_of(child), where)
            if tag is None or tag == "ExternalIdentifier":
                self.refuse(
                    subject=f"element {step}",
                    rule="a RegistryObjectList holds ExtrinsicObject, RegistryPackage, "
                    "Association, Classification and ObjectRef (ITI TF-3 §4.2.1.4, §4.2.1.5)",
                    came=f"{step} in namespace {quote(etree.QName(child).namespace or '')}",
                    expected="one of those, in namespace " + RIM,
                    fix="remove it, or move it into the object that it belongs to",
                    where=place,
                )
                continue
            found.append(self.one(child, tag, place))
        return tuple(found)

    def one(self, element: etree._Element, tag: str, where: Where) -> RimObject:
        slots: list[Slot] = []
        classifications: list[RimObject] = []
        identifiers: list[RimObject] = []
        single: dict[str, object] = {}
        for child in elements(element):
            name = child.tag
            if name == SLOT:
                slot = self.slot(child, where)
                if slot is not None:
                    slots.append(slot)
            elif name == CLASSIFICATION:
                step = f"rim:Classification[{len(classifications) + 1}]"
                place = Where(step, line_of(child), where)
                classifications.append(self.one(child, "Classification", place))
            elif name == EXTERNAL_IDENTIFIER:
                step = f"rim:ExternalIdentifier[{len(identifiers) + 1}]"
                place = Where(step, line_of(child), where)
                identifiers.append(self.one(child, "ExternalIdentifier", place))
            else:
                self.single_child(child, tag, where, single)
        return RimObject(
            tag=tag,
            attributes=_attributes(element),
            slots=tuple(slots),
            name=cast("tuple[LocalizedString, ...] | None", single.get(NAME)),
            description=cast("tuple[LocalizedString, ...] | None", single.get(DESCRIPTION)),
            version_info=cast("VersionInfo | None", single.get(VERSION_INFO)),
            classifications=tuple(classifications),
            external_identifiers=tuple(identifiers),
            content_version_info=cast("VersionInfo | None", single.get(CONTENT_VERSION_INFO)),
            where=where,
        )

    def single_child(
        self, child: etree._Element, tag: str, where: Where, single: dict[str, object]
    ) -> None:
        name, shown = child.tag, shown_name(child)
        place = Where(shown, line_of(child), where)
        if name in single:
            self.refuse(
                subject=f"{tag}",
                rule=f"there is at most one {shown} in an object (ebRIM 3.0, rim.xsd)",
                came=f"another {shown}",
                expected="one element with all its content",
                fix="merge the two",
                where=place,
            )
        elif name in (NAME, DESCRIPTION):
            single[name] = self.international_string(child, place)
        elif name == VERSION_INFO or (name == CONTENT_VERSION_INFO and tag == "ExtrinsicObject"):
            single[name] = VersionInfo(
                version_name=child.get("versionName"), comment=child.get("comment")
            )
        elif name == LIST:
            self.refuse(
                subject=f"{tag}",
                rule="membership of a package is told by Associations, never by nesting "
                "(ITI TF-3 §4.2.1.4, §4.2.2.1)",
                came="a rim:RegistryObjectList inside an object",
                expected="all objects side by side in the request's one RegistryObjectList",
                fix="move the inner objects up and add HasMember Associations",
                where=place,
            )
        else:
            self.refuse(
                subject=f"{tag}",
                rule="an object holds Slot, Name, Description, VersionInfo, Classification and "
                "ExternalIdentifier (ebRIM 3.0, rim.xsd; ITI TF-3 §4.2.1)",
                came=f"element {shown}",
                expected="one of those, in namespace " + RIM,
                fix="remove it or correct its name and namespace",
                where=place,
            )

    def slot(self, element: etree._Element, where: Where) -> Slot | None:
        name = element.get("name")
        place = Where(f"rim:Slot[@name={xpath_literal(name or '')}]", line_of(element), where)
        if not name:
            self.refuse(
                subject="rim:Slot",
                rule="a Slot has a name (ebRIM 3.0, rim.xsd)",
                came="a Slot without @name",
                expected="the name of a metadata attribute, or a URN",
                fix="add @name",
                where=place,
            )
            return None
        values: list[str] = []
        for value_list in elements(element):
            if value_list.tag != VALUE_LIST:
                self.unexpected(value_list, "rim:ValueList", f"Slot {quote(name)}", place)
                continue
            for value in elements(value_list):
                if value.tag != VALUE or elements(value):
                    culprit = value if value.tag != VALUE else elements(value)[0]
                    self.unexpected(culprit, "rim:Value", f"Slot {quote(name)}", place)
                    continue
                values.append(text_of(value))
        return Slot(
            name=name, values=tuple(values), slot_type=_uri(element.get("slotType")), where=place
        )

    def international_string(
        self, element: etree._Element, where: Where
    ) -> tuple[LocalizedString, ...]:
        strings: list[LocalizedString] = []
        for child in elements(element):
            value = child.get("value")
            if child.tag != LOCALIZED:
                self.unexpected(child, "rim:LocalizedString", where.step, where)
            elif value is None:
                self.refuse(
                    subject=where.step,
                    rule="a LocalizedString has a value (ebRIM 3.0, rim.xsd)",
                    came="a LocalizedString without @value",
                    expected="the text in @value",
                    fix="add @value, or remove the LocalizedString",
                    where=where.child("rim:LocalizedString", line_of(child)),
                )
            else:
                strings.append(
                    LocalizedString(value=value, lang=child.get(LANG), charset=child.get("charset"))
                )
        return tuple(strings)

    def unexpected(self, child: etree._Element, expected: str, subject: str, where: Where) -> None:
        self.refuse(
            subject=subject,
            rule=f"only {expected} is allowed here (ebRIM 3.0, rim.xsd)",
            came=f"element {shown_name(child)}",
            expected=f"{expected} in namespace {RIM}",
            fix="remove it or correct its name and namespace",
            where=where.child(shown_name(child), line_of(child)),
        )

    def refuse(self, *, where: Where, **words: Unpack[Words]) -> None:
        self.complaints.append(Complaint(code=self.code, where=where, **words))


def _attributes(element: etree._Element) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, value if name in FREE_TEXT_ATTRIBUTES else value.strip())
        for name, value in cast("list[tuple[str, str]]", element.items())
        if not name.startswith("{")
    )


def _uri(value: str | None) -> str | None:
    return None if value is None else value.strip()


def is_named(element: etree._Element, namespace: str, name: str) -> bool:
    """Return whether an element has this expanded name."""
    return cast("object", element.tag) == f"{{{namespace}}}{name}"
