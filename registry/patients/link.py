"""What a link change does to what is registered: versions, statuses, Associations. Pure.

The documents that a local identifier has brought to the previous patient get a new version that is
the new patient's; so do the Folders in which there is nothing else. What joined them to one another
joins the new versions too. What joined them to something that stays with the previous patient is
left behind: the new version stands without it, and whoever sent the change is told. The Framework
leaves that choice to us (§3.64.4.1.3.2). The versions before keep all that they had.

Spec: ITI TF-2 §3.64.4.1.3.1 (what becomes of each object), §3.64.4.1.3.2 (conflicts). New UUIDs and
the instant are parameters; the change has passed every rule.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from registry.ledger.api import Kind, Known, KnownAssociation, KnownObject
from registry.patients.changes import Fault, FaultKind, LinkChange, Part
from xds.errors import quote
from xds.metadata import vocabulary as v
from xds.metadata.hl7v2 import cx_key
from xds.metadata.rim import RimObject, texts

OUT_OF_USE: Final = frozenset({v.DEPRECATED, v.DELETED})
"""Statuses of what no link change touches (§3.64.4.1.3.1.3; France's Deleted is final)."""
MAX_TOLD: Final = 20
"""Relationships that an answer names one by one."""


@dataclass(frozen=True, kw_only=True)
class LinkFacts:
    """A link change beside what the ledger knows of what it touches."""

    change: LinkChange
    documents: tuple[KnownObject, ...]
    """Those that get a new version."""
    known: Known
    """All Associations of these documents, and of the Folders that hold one of them."""
    whole: Mapping[str, RimObject]
    """By entryUUID: the documents, those Folders, and what joins them."""

    @cached_property
    def new_patient(self) -> str:
        """Key of the patient whose the documents become."""
        return cx_key(self.change.new_patient_id)

    @cached_property
    def moved(self) -> frozenset[str]:
        """EntryUUIDs of the documents and Folders that get a new version."""
        documents = frozenset(d.entry_uuid for d in self.documents)
        return documents | {f.entry_uuid for f in self.folders}

    @cached_property
    def folders(self) -> tuple[KnownObject, ...]:
        """Folders in use that hold none but documents that get a new version (§3.64.4.1.3.1.6)."""
        moved = {d.entry_uuid for d in self.documents}
        members: dict[str, set[str]] = {}
        for membership in self.known.associations:
            if is_place(membership, self.known):
                members.setdefault(membership.source, set()).add(membership.target)
        return tuple(
            self.known.by_uuid[folder] for folder, inside in members.items() if inside <= moved
        )

    @cached_property
    def joins(self) -> tuple[KnownAssociation, ...]:
        """Approved relationships and places in Folders of documents that get a new version."""
        documents = {d.entry_uuid for d in self.documents}
        return tuple(
            a
            for a in self.known.associations
            if a.status == v.APPROVED
            and {a.source, a.target} & documents
            and {a.source, a.target} <= self.known.by_uuid.keys()
            and (a.association_type in v.RELATIONSHIPS or is_place(a, self.known))
        )

    @cached_property
    def kept(self) -> tuple[KnownAssociation, ...]:
        """Those whose both ends are of one patient afterwards: they join the new versions too."""
        return tuple(a for a in self.joins if self._after(a.source) == self._after(a.target))

    @cached_property
    def left(self) -> tuple[KnownAssociation, ...]:
        """Those that are left behind although both ends are in use (§3.64.4.1.3.2).

        What leads to a replaced document is left behind too, which everybody expects
        (§3.64.4.1.3.1.5).
        """
        in_use = (a for a in self.joins if is_in_use(self.known, a.source, a.target))
        return tuple(a for a in in_use if self._after(a.source) != self._after(a.target))

    @cached_property
    def references(self) -> tuple[KnownAssociation, ...]:
        """Memberships by Reference of these documents in SubmissionSets (§3.64.4.1.3.1.4, 6)."""
        documents = {d.entry_uuid for d in self.documents}
        return tuple(
            a
            for a in self.known.associations
            if a.target in documents
            and a.status == v.APPROVED
            and a.association_type == v.HAS_MEMBER
            and _kind(self.known, a.source) is Kind.SUBMISSION_SET
            and texts(self.whole[a.entry_uuid].slot(v.SUBMISSION_SET_STATUS)) == (v.REFERENCE,)
        )

    def _after(self, entry_uuid: str) -> str:
        """Return whose an object is after the change."""
        if entry_uuid in self.moved:
            return self.new_patient
        return self.known.by_uuid[entry_uuid].patient_id


def locals_of(change: LinkChange) -> frozenset[str]:
    """Return the keys of the local identifiers whose documents a change concerns."""
    named = (change.local_patient_id, change.subsumed_local_patient_id)
    return frozenset(cx_key(cx) for cx in named if cx)


def concerned(change: LinkChange, found: Iterable[KnownObject]) -> tuple[KnownObject, ...]:
    """Return which of the documents of both patients and these local identifiers get a new version.

    Those in use that would otherwise keep the previous patient or the subsumed local identifier.
    """
    subsumed = cx_key(change.subsumed_local_patient_id)
    new = cx_key(change.new_patient_id)
    return tuple(
        entry
        for entry in found
        if entry.status not in OUT_OF_USE
        and (entry.patient_id != new or (subsumed and entry.source_patient_id == subsumed))
    )


def is_place(association: KnownAssociation, known: Known) -> bool:
    """Return whether an Association puts a document in use into a Folder in use."""
    return (
        association.status == v.APPROVED
        and association.association_type == v.HAS_MEMBER
        and _kind(known, association.source) is Kind.FOLDER
        and _kind(known, association.target) is Kind.DOCUMENT_ENTRY
        and is_in_use(known, association.source, association.target)
    )


def is_in_use(known: Known, *entry_uuids: str) -> bool:
    """Return whether all of these are registered, and a change may touch them."""
    return all(
        uuid in known.by_uuid and known.by_uuid[uuid].status not in OUT_OF_USE
        for uuid in entry_uuids
    )


def warnings_of(facts: LinkFacts) -> list[Fault]:
    """Return what an accepted change tells its sender: what it left behind, or that it did nothing.

    Spec: ITI TF-2 §3.64.4.1.3.2 (whoever looks after the Registry must be able to follow up).
    """
    if not facts.documents:
        return [_nothing(facts.change)]
    told = list(_told(facts))
    if len(told) <= MAX_TOLD:
        return told
    more = len(told) - MAX_TOLD
    last = _conflict(f"{more} more of them", "query the documents that moved (ITI-18)")
    return [*told[:MAX_TOLD], last]


def _told(facts: LinkFacts) -> Iterator[Fault]:
    for association in facts.left:
        ends = (association.source, association.target)
        moved = next(end for end in ends if end in facts.moved)
        stays = next(end for end in ends if end != moved)
        unique_id = facts.known.by_uuid[moved].unique_id
        what = association.association_type.rpartition(":")[2]
        yield _conflict(
            f"{what} {quote(association.entry_uuid)} of the document {quote(unique_id)} with "
            f"{quote(stays)}, which stays with its patient",
            "look at both, and relate them anew if they belong together (ITI-57)",
        )


def _conflict(came: str, fix: str) -> Fault:
    return Fault(
        kind=FaultKind.CONFLICT,
        part=Part.LOCAL,
        rule="objects that an Association joins are of one patient, so what joins a document that "
        "moves to one that stays is left behind (ITI TF-2 §3.64.4.1.3.2)",
        came=came,
        expected="related documents that carry the same local identifier",
        fix=fix,
        is_error=False,
    )


def _nothing(change: LinkChange) -> Fault:
    return Fault(
        kind=FaultKind.NOTHING_TO_DO,
        part=Part.LOCAL,
        rule="a link change is about documents whose sourcePatientId is the local identifier or "
        "the one it subsumes (ITI TF-2 §3.64.4.1.3)",
        came=f"{quote(change.local_patient_id)}, with no document of the previous patient",
        expected="an identifier under which documents were submitted",
        fix="nothing, if none were; else compare the identifier with DocumentEntry.sourcePatientId",
        is_error=False,
    )


def _kind(known: Known, entry_uuid: str) -> Kind | None:
    found = known.by_uuid.get(entry_uuid)
    return found.kind if found else None
