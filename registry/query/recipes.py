"""Which objects a stored query returns, beyond those that its parameters select.

Spec: ITI TF-2 §3.18.4.1.2.3.7.1 to .14, "Returns". Each recipe reads one consistent state of the
ledger and gives objects in the order of the answer: SubmissionSets, DocumentEntries, Folders,
Associations.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from registry.ledger.api import Columns, Condition, Found, Kind, Select, Selecting, Touches
from xds.metadata import vocabulary as v

PATIENT: Final = "patient_id"
"""The column of whose an object is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What the parameters of one query became."""

    by_kind: Mapping[Kind, tuple[Condition, ...]]
    given: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Values of parameters that filter no column, by name."""

    @property
    def patients(self) -> tuple[str, ...]:
        """Whose objects are asked for, where the query says so."""
        found = (
            value
            for conditions in self.by_kind.values()
            for condition in conditions
            if isinstance(condition, Columns) and condition.column == PATIENT
            for value in condition.values
        )
        return tuple(dict.fromkeys(found))


Recipe = Callable[[Selecting, Criteria], list[Found]]


def selected(kind: Kind) -> Recipe:
    """Return the recipe for the objects that the parameters select, and nothing else."""

    def recipe(reader: Selecting, criteria: Criteria) -> list[Found]:
        return _select(reader, criteria, kind)

    return recipe


def everything(reader: Selecting, criteria: Criteria) -> list[Found]:
    """GetAll: a patient's objects, and every Association that touches one of them."""
    kinds = (Kind.SUBMISSION_SET, Kind.DOCUMENT_ENTRY, Kind.FOLDER)
    objects = [found for kind in kinds for found in _select(reader, criteria, kind)]
    return [*objects, *_touching(reader, criteria, "either", _uuids(objects))]


def associations(reader: Selecting, criteria: Criteria) -> list[Found]:
    """GetAssociations: those that touch one of the given objects."""
    return _touching(reader, criteria, "either", criteria.given["$uuid"])


def documents_and_associations(reader: Selecting, criteria: Criteria) -> list[Found]:
    """GetDocumentsAndAssociations: documents, and the Associations that touch them."""
    entries = _select(reader, criteria, Kind.DOCUMENT_ENTRY)
    return [*entries, *_touching(reader, criteria, "either", _uuids(entries))]


def submission_sets(reader: Selecting, criteria: Criteria) -> list[Found]:
    """GetSubmissionSets: the sets that hold the given objects, and the memberships."""
    memberships = _memberships(reader, criteria, "target", criteria.given["$uuid"])
    sets = _by_uuid(reader, Kind.SUBMISSION_SET, {m.source for m in memberships})
    holders = set(_uuids(sets))
    return [*sets, *(m for m in memberships if m.source in holders)]


def submission_set_and_contents(reader: Selecting, criteria: Criteria) -> list[Found]:
    """GetSubmissionSetAndContents: a set, its documents, folders and Associations.

    An Association comes back only when both its ends do.
    """
    sets = _select(reader, criteria, Kind.SUBMISSION_SET)
    memberships = _memberships(reader, criteria, "source", _uuids(sets))
    targets = {m.target for m in memberships}
    entries = _by_uuid(reader, Kind.DOCUMENT_ENTRY, targets, criteria)
    folders = _by_uuid(reader, Kind.FOLDER, targets, criteria)
    present = set(_uuids([*sets, *entries, *folders]))
    contained = [
        a
        for a in _by_uuid(reader, Kind.ASSOCIATION, targets, criteria)
        if a.source in present and a.target in present
    ]
    present |= set(_uuids(contained))
    return [
        *sets,
        *entries,
        *folders,
        *(m for m in memberships if m.target in present),
        *contained,
    ]


def folder_and_contents(reader: Selecting, criteria: Criteria) -> list[Found]:
    """GetFolderAndContents: a folder, its documents, and the memberships between them."""
    folders = _select(reader, criteria, Kind.FOLDER)
    memberships = _memberships(reader, criteria, "source", _uuids(folders))
    entries = _by_uuid(reader, Kind.DOCUMENT_ENTRY, {m.target for m in memberships}, criteria)
    present = set(_uuids(entries))
    return [*entries, *folders, *(m for m in memberships if m.target in present)]


def folders_for_document(reader: Selecting, criteria: Criteria) -> list[Found]:
    """GetFoldersForDocument: the folders that hold the document."""
    entries = _select(reader, criteria, Kind.DOCUMENT_ENTRY)
    memberships = _memberships(reader, criteria, "target", _uuids(entries))
    return _by_uuid(reader, Kind.FOLDER, {m.source for m in memberships}, criteria)


def related_documents(reader: Selecting, criteria: Criteria) -> list[Found]:
    """GetRelatedDocuments: relationships of the document, and the documents at both ends.

    Nothing at all when there is none, not even the document itself.
    """
    types = {v.full_association_type(name) for name in criteria.given["$AssociationTypes"]}
    of_type = criteria.by_kind.get(Kind.DOCUMENT_ENTRY, ())
    by_id = tuple(c for c in of_type if not _is_entry_type(c))
    entries = reader.select(Select(kind=Kind.DOCUMENT_ENTRY, where=by_id))
    known = (Columns(column="association_type", values=tuple(sorted(types))),)
    touching = _touching(reader, criteria, "either", _uuids(entries), known)
    ends = {a.source for a in touching} | {a.target for a in touching}
    rest = tuple(c for c in of_type if not (isinstance(c, Columns) and c in by_id))
    related = _by_uuid(
        reader, Kind.DOCUMENT_ENTRY, ends, Criteria(by_kind={Kind.DOCUMENT_ENTRY: rest})
    )
    present = set(_uuids(related))
    links = [a for a in touching if a.source in present and a.target in present]
    linked = {a.source for a in links} | {a.target for a in links}
    return [*(e for e in related if e.entry_uuid in linked), *links]


def _is_entry_type(condition: Condition) -> bool:
    return isinstance(condition, Columns) and condition.column == "object_type"


def _select(reader: Selecting, criteria: Criteria, kind: Kind) -> list[Found]:
    return reader.select(Select(kind=kind, where=criteria.by_kind.get(kind, ())))


def _by_uuid(
    reader: Selecting, kind: Kind, uuids: Iterable[str], criteria: Criteria | None = None
) -> list[Found]:
    values = tuple(sorted(uuids))
    if not values:
        return []
    also = criteria.by_kind.get(kind, ()) if criteria else ()
    where = (Columns(column="entry_uuid", values=values), *also)
    return reader.select(Select(kind=kind, where=where))


def _touching(
    reader: Selecting,
    criteria: Criteria,
    side: str,
    uuids: Iterable[str],
    also: tuple[Condition, ...] = (),
) -> list[Found]:
    values = tuple(sorted(set(uuids)))
    if not values:
        return []
    touches = Touches(side=side, entry_uuids=values)
    valid = criteria.by_kind.get(Kind.ASSOCIATION, ())
    found = reader.select(Select(kind=Kind.ASSOCIATION, where=(touches, *also, *valid)))
    return list({a.entry_uuid: a for a in found}.values())


def _memberships(
    reader: Selecting, criteria: Criteria, side: str, uuids: Iterable[str]
) -> list[Found]:
    has_member = (Columns(column="association_type", values=(v.HAS_MEMBER,)),)
    return _touching(reader, criteria, side, uuids, has_member)


def _uuids(objects: Iterable[Found]) -> tuple[str, ...]:
    return tuple(o.entry_uuid for o in objects)
