"""The author of a DocumentEntry or SubmissionSet, as its Classification's slots carry it.

Spec: ITI TF-3 §4.2.3.2.1 and §4.2.3.3.1. The values stay as written;
`xds.metadata.hl7v2` parses them.
"""

from dataclasses import dataclass

from xds.metadata.rim import RimObject, texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """One author: a person or device, with the institutions, roles, specialties and addresses."""

    person: str = ""
    """authorPerson: XCN."""
    institutions: tuple[str, ...] = ()
    """authorInstitution: XON."""
    roles: tuple[str, ...] = ()
    """authorRole: CX or plain text."""
    specialties: tuple[str, ...] = ()
    """authorSpecialty: CX or plain text."""
    telecommunications: tuple[str, ...] = ()
    """authorTelecommunication: XTN."""


def read_author(classification: RimObject) -> Author:
    """Return the author of a Classification; what is absent is '' or ()."""
    return Author(
        person=next(iter(texts(classification.slot("authorPerson"))), ""),
        institutions=texts(classification.slot("authorInstitution")),
        roles=texts(classification.slot("authorRole")),
        specialties=texts(classification.slot("authorSpecialty")),
        telecommunications=texts(classification.slot("authorTelecommunication")),
    )
