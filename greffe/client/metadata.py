"""Facts about a document, a folder or a submission → the ebRIM object that carries them.

Spec: ITI TF-3 §4.2.3; where each attribute goes is read from THE attribute table, so nothing is
known here twice. Ids are the client's own UUIDs, so that what is submitted can be named at once.
"""

import uuid
from collections.abc import Iterable, Mapping

from xds.metadata import vocabulary as v
from xds.metadata.attributes import BY_SUBJECT, Attribute, Carrier, Subject
from xds.metadata.author import Author
from xds.metadata.code import Code
from xds.metadata.rim import LocalizedString, RimObject, Slot

Fact = str | Code | Author
Facts = Mapping[str, Fact | Iterable[Fact]]
"""By the standard's attribute name: `{"classCode": Code(…), "title": "…"}`; '' means absent."""

_PACKAGES = {Subject.SUBMISSION_SET: v.SUBMISSION_SET_NODE, Subject.FOLDER: v.FOLDER_NODE}
_TAGS = {Subject.DOCUMENT_ENTRY: "ExtrinsicObject", Subject.ASSOCIATION: "Association"}


def new_uuid() -> str:
    """Return a fresh entryUUID."""
    return uuid.uuid4().urn


def new_oid() -> str:
    """Return a fresh OID. Spec: ITU-T X.667 (2.25 and a UUID)."""
    return f"2.25.{uuid.uuid4().int}"


def write_facts(subject: Subject, facts: Facts) -> RimObject:
    """Return the object; `entryUUID` is made when it is not among the facts.

    Errors: ValueError for a fact that is no attribute of the subject.
    """
    known = {row.name: row for row in BY_SUBJECT[subject]}
    if strange := facts.keys() - known.keys():
        raise ValueError(f"{subject} has no attribute {min(strange)}")
    given = {name: found for name, fact in facts.items() if (found := _each(fact))}
    given.setdefault("entryUUID", (new_uuid(),))
    identifier = str(given["entryUUID"][0])
    rows = [(row, given[name]) for name, row in known.items() if name in given]
    label = _PACKAGES.get(subject)
    return RimObject(
        tag=_TAGS.get(subject, "RegistryPackage"),
        attributes=tuple(
            (row.key, str(values[0]))
            for row, values in rows
            if row.carrier is Carrier.XML_ATTRIBUTE
        ),
        slots=tuple(
            Slot(name=row.key, values=tuple(map(str, values)))
            for row, values in rows
            if row.carrier is Carrier.SLOT
        ),
        name=_text(rows, Carrier.NAME),
        description=_text(rows, Carrier.DESCRIPTION),
        classifications=(
            *((_label(identifier, label),) if label else ()),
            *(
                _classification(identifier, row, fact)
                for row, facts in rows
                for fact in facts
                if row.carrier in {Carrier.CODE, Carrier.AUTHOR}
            ),
        ),
        external_identifiers=tuple(
            _external_identifier(identifier, row, str(values[0]))
            for row, values in rows
            if row.carrier is Carrier.EXTERNAL_IDENTIFIER
        ),
    )


def write_association(association_type: str, source: str, target: str, **facts: str) -> RimObject:
    """Return an Association between two ids; HasMember from the SubmissionSet is `Original`."""
    if association_type == v.HAS_MEMBER:
        facts = {"submissionSetStatus": v.ORIGINAL, **facts}
    return write_facts(
        Subject.ASSOCIATION,
        {
            "associationType": association_type,
            "sourceObject": source,
            "targetObject": target,
            **facts,
        },
    )


def _each(fact: Fact | Iterable[Fact]) -> tuple[Fact, ...]:
    each = (fact,) if isinstance(fact, str | Code | Author) else tuple(fact)
    return tuple(f for f in each if f)


def _text(
    rows: Iterable[tuple[Attribute, tuple[Fact, ...]]], carrier: Carrier
) -> tuple[LocalizedString, ...] | None:
    return next(
        (
            (LocalizedString(value=str(values[0])),)
            for row, values in rows
            if row.carrier is carrier
        ),
        None,
    )


def _label(identifier: str, node: str) -> RimObject:
    return RimObject(
        tag="Classification",
        attributes=(
            ("id", new_uuid()),
            ("classifiedObject", identifier),
            ("classificationNode", node),
        ),
    )


def _classification(identifier: str, row: Attribute, fact: Fact) -> RimObject:
    return RimObject(
        tag="Classification",
        attributes=(
            ("id", new_uuid()),
            ("classificationScheme", row.key),
            ("classifiedObject", identifier),
            ("nodeRepresentation", fact.code if isinstance(fact, Code) else ""),
        ),
        slots=_author_slots(fact)
        if isinstance(fact, Author)
        else (Slot(name="codingScheme", values=(fact.scheme if isinstance(fact, Code) else "",)),),
        name=(LocalizedString(value=fact.display),)
        if isinstance(fact, Code) and fact.display
        else None,
    )


def _author_slots(author: Author) -> tuple[Slot, ...]:
    slots = (
        ("authorPerson", (author.person,) if author.person else ()),
        ("authorInstitution", author.institutions),
        ("authorRole", author.roles),
        ("authorSpecialty", author.specialties),
        ("authorTelecommunication", author.telecommunications),
    )
    return tuple(Slot(name=name, values=values) for name, values in slots if values)


def _external_identifier(identifier: str, row: Attribute, value: str) -> RimObject:
    return RimObject(
        tag="ExternalIdentifier",
        attributes=(
            ("id", new_uuid()),
            ("registryObject", identifier),
            ("identificationScheme", row.key),
            ("value", value),
        ),
        name=(LocalizedString(value=f"XDS{row.label}"),),
    )
