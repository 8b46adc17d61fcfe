"""Where the values of an attribute are in an object: each value with its place in the message.

Spec: ITI TF-3 §4.2.3.1.8 (how the coding column of the attribute tables is read). White space
around a value is no part of it, and an empty value is none.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from xds.errors import Where, quote
from xds.metadata.attributes import Attribute, Carrier
from xds.metadata.code import read_code
from xds.metadata.rim import RimObject, Slot, texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One value of an attribute, without the white space around it, and its place."""

    text: str
    where: Where
    classification: RimObject | None = None


def occurrences(attribute: Attribute, rim: RimObject) -> list[Occurrence]:
    """Return every value of the attribute in the object, in order."""
    match attribute.carrier:
        case Carrier.SLOT:
            return list(slot_occurrences(rim.slot(attribute.key)))
        case Carrier.XML_ATTRIBUTE:
            value = (rim.attribute(attribute.key) or "").strip()
            where = rim.where.child(f"@{attribute.key}")
            return [Occurrence(text=value, where=where)] if value else []
        case Carrier.EXTERNAL_IDENTIFIER:
            return [
                Occurrence(text=value, where=external.where.child("@value"))
                for external in rim.identifiers(attribute.key)
                if (value := (external.attribute("value") or "").strip())
            ]
        case Carrier.NAME | Carrier.DESCRIPTION:
            tag = "Name" if attribute.carrier is Carrier.NAME else "Description"
            strings = rim.name if attribute.carrier is Carrier.NAME else rim.description
            # Several LocalizedStrings are one text in several languages: the first speaks for all.
            return [
                Occurrence(text=string.value.strip(), where=rim.where.child(f"rim:{tag}"))
                for string in (strings or ())[:1]
                if string.value.strip()
            ]
        case Carrier.FLAG:
            return [
                Occurrence(text="", where=c.where, classification=c)
                for c in rim.classifications
                if c.attribute("classificationNode") == attribute.key
            ]
        case Carrier.CODE | Carrier.AUTHOR:
            return [
                Occurrence(text=read_code(c).code, where=c.where, classification=c)
                for c in rim.classified(attribute.key)
            ]


def slot_occurrences(slot: Slot | None) -> Iterator[Occurrence]:
    """Yield every value of a slot; nothing when there is no slot."""
    if slot is None:
        return
    for number, value in enumerate(slot.values, start=1):
        if text := value.strip():
            where = slot.where.child(f"rim:ValueList/rim:Value[{number}]")
            yield Occurrence(text=text, where=where)


def filled(slot: Slot | None) -> list[str]:
    """Return the texts of a slot."""
    return list(texts(slot))


def carrier_of(attribute: Attribute) -> str:
    """Return where the attribute goes, in words for an error."""
    match attribute.carrier:
        case Carrier.SLOT:
            return f"Slot {quote(attribute.key)}"
        case Carrier.XML_ATTRIBUTE:
            return f"the attribute {attribute.key}"
        case Carrier.EXTERNAL_IDENTIFIER:
            return f"an ExternalIdentifier with identificationScheme {attribute.key}"
        case Carrier.CODE | Carrier.AUTHOR:
            return f"a Classification with classificationScheme {attribute.key}"
        case _:
            return str(attribute.carrier.value)
