"""The confidentiality codes of a DocumentEntry: read, added, taken away.

Spec: ITI TF-3 §4.2.3.2.5. Which code hides a document from whom is a domain's to say.
"""

from dataclasses import replace

from xds.metadata import vocabulary as v
from xds.metadata.code import Code, read_code
from xds.metadata.rim import LocalizedString, RimObject, Slot


def codes_of(entry: RimObject) -> frozenset[tuple[str, str]]:
    """Return the confidentiality codes of an entry, as (code, scheme)."""
    codes = map(read_code, entry.classified(v.CONFIDENTIALITY_CODE))
    return frozenset((code.code, code.scheme) for code in codes)


def with_code(entry: RimObject, code: Code, own_id: str) -> RimObject:
    """Return the entry with one more code; `own_id` is the new Classification's id."""
    added = RimObject(
        tag="Classification",
        attributes=(
            ("id", own_id),
            ("classificationScheme", v.CONFIDENTIALITY_CODE),
            ("classifiedObject", entry.id),
            ("nodeRepresentation", code.code),
        ),
        slots=(Slot(name="codingScheme", values=(code.scheme,)),),
        name=(LocalizedString(value=code.display),),
    )
    return replace(entry, classifications=(*entry.classifications, added))


def without_code(entry: RimObject, code: Code) -> RimObject:
    """Return the entry without a code."""
    kept = tuple(
        c
        for c in entry.classifications
        if c.attribute("classificationScheme") != v.CONFIDENTIALITY_CODE
        or (read_code(c).code, read_code(c).scheme) != (code.code, code.scheme)
    )
    return replace(entry, classifications=kept)
