"""What every Classification and ExternalIdentifier says of itself, whatever it carries.

Spec: ITI TF-3 §4.2.1.2.1, §4.2.1.3.1, §4.2.3.1.2, §4.2.3.1.3 (objectType), §4.2.3.1.1 (lengths),
§4.2.3.1.4 (author). What they carry is `judge`'s; their ids are the Registry's to give.
"""

from collections.abc import Iterator
from typing import Final

from xds.errors import Where, quote
from xds.metadata import vocabulary as v
from xds.metadata.attributes import SCHEMES, SLOT_CHARACTERS, Carrier
from xds.metadata.need import Why
from xds.metadata.rim import RimObject

NAME_CHARACTERS: Final = 1024
"""rim:LocalizedString/@value of a code's display name (rim.xsd, FreeFormText)."""

PartFault = tuple[Where, Why]
"""What is wrong with a part: where, and in which words."""


def part_faults(rim: RimObject) -> Iterator[PartFault]:
    """Yield what is wrong with the parts of an object. Spec: ITI TF-3 §4.2.3.1.2 to §4.2.3.1.4."""
    for part in (*rim.classifications, *rim.external_identifiers):
        yield from _object_type(part)
        yield from _lengths(part)
        row = SCHEMES.get(part.attribute("classificationScheme") or "")
        if row is not None and row.carrier is Carrier.AUTHOR:
            yield from _no_code(part, row.label)


def _object_type(part: RimObject) -> Iterator[PartFault]:
    written = (part.attribute("objectType") or "").strip()
    fixed = f"{v.OBJECT_TYPE}:{part.tag}"
    # Either case: the Framework's own example of a Folder's label writes ebXML (§4.2.1.3.1).
    if written and written.lower() != fixed.lower():
        yield (
            part.where.child("@objectType"),
            Why(
                rule=f"{part.tag}/@objectType, if set, has one fixed value "
                "(ITI TF-3 §4.2.1.2.1, §4.2.1.3.1, §4.2.3.1.2, §4.2.3.1.3)",
                came=quote(written),
                expected=fixed,
                fix="correct it, or leave it away",
            ),
        )


def _lengths(part: RimObject) -> Iterator[PartFault]:
    code = part.attribute("nodeRepresentation") or ""
    names = [string.value for string in part.name or ()]
    for text, most, place in (
        (code, SLOT_CHARACTERS, "@nodeRepresentation"),
        *((name, NAME_CHARACTERS, "rim:Name") for name in names),
    ):
        if len(text) > most:
            yield (
                part.where.child(place),
                Why(
                    rule=f"{place.removeprefix('@')} of a {part.tag} has at most {most} characters "
                    "(ITI TF-3 §4.2.3.1.1; rim.xsd)",
                    came=f"{len(text)} characters, {quote(text)}",
                    expected=f"at most {most} characters",
                    fix="shorten the value",
                ),
            )


def _no_code(author: RimObject, label: str) -> Iterator[PartFault]:
    if code := (author.attribute("nodeRepresentation") or "").strip():
        yield (
            author.where.child("@nodeRepresentation"),
            Why(
                rule=f"nodeRepresentation of {label} is empty (ITI TF-3 §4.2.3.1.4)",
                came=quote(code),
                expected='nodeRepresentation=""',
                fix="leave it empty: what is known of the author goes into its Slots",
            ),
        )
