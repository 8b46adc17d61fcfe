"""What a write does, as actions that the caller needs permission for. Pure.

Spec: DMP transactions TD2.1 (deposit, replace), TD3.3a to d (mask, make visible, delete, archive);
which of them an update is follows from what it changes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from registry.ledger.api import Kind, Known, KnownObject
from registry.submission.facts import Facts
from registry.update.operations import NewVersion, Operations, values_of
from xds.access.model import Action, Mark
from xds.metadata import vocabulary as v
from xds.metadata.code import Code
from xds.metadata.hl7v2 import cx_key
from xds.metadata.rim import RimObject, Slot
from xds.metadata.views import DocumentEntry, Folder, read_document_entry

MARKS: Final = frozenset(mark.value for mark in Mark)


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One thing that a write does: to a document, or to a record as such."""

    action: Action
    patient_id: str
    document: KnownObject | None = None
    otherwise: Action | None = None
    """Another action that does as well."""


def of_submission(facts: Facts) -> Iterator[Need]:
    """Yield what a submission does: it deposits, and it may replace."""
    submission = facts.submission
    patients = (
        submission.submission_set.patient_id,
        *(entry.patient_id for entry in submission.document_entries),
        *(folder.patient_id for folder in submission.folders),
    )
    for patient_id in dict.fromkeys(map(cx_key, patients)):
        yield Need(
            action=Action.SUBMIT, patient_id=patient_id, otherwise=Action.SUBMIT_AS_SECRETARY
        )
    for association in submission.associations:
        if association.association_type in v.REPLACING:
            yield from _on(facts.known.by_uuid.get(association.target), Action.REPLACE)
    yield from _again(facts)


def _again(facts: Facts) -> Iterator[Need]:
    """Yield what it takes to register a document once more.

    Whoever may have a document must be permitted by all entries that name it: so another entry, of
    another patient or masked, takes it from others, and is the author's to make.
    """
    for entry in facts.submission.document_entries:
        for known in facts.known.by_unique_id.get(entry.unique_id, ()):
            # Of other bytes another rule complains.
            may_be_same = entry.hash.lower() in ("", known.hash)
            if known.kind is Kind.DOCUMENT_ENTRY and may_be_same:
                yield from _on(known, Action.REPLACE)


def of_update(operations: Operations) -> Iterator[Need]:
    """Yield what an update does to each object that it changes."""
    known = operations.facts.known
    for version in operations.versions:
        if version.latest is None:
            continue
        before = operations.before.get(version.latest.entry_uuid)
        for action in _of_version(version, before):
            yield from _on(version.latest, action)
        if version.kind is Kind.FOLDER and not version.propagates:
            # What is in the Folder is not in its new version.
            yield from _touching(version.latest, Action.UPDATE, known)
    yield from _arrivals(operations)
    for change in operations.changes:
        statuses = {*values_of(change, v.ORIGINAL_STATUS), *values_of(change, v.NEW_STATUS)}
        target = _registered(change.target, operations)
        yield from _touching(target, _of_statuses(statuses), known)
    if operations.submits:
        yield Need(action=Action.UPDATE, patient_id=operations.patient)
    for submitted in operations.submitted.values():
        if submitted.association_type in v.RELATIONSHIPS:
            # An addendum goes when its original does: whoever makes it one changes it.
            yield from _on(_registered(submitted.source, operations), Action.UPDATE)
        if submitted.association_type in v.REPLACING:
            yield from _on(_registered(submitted.target, operations), Action.REPLACE)


def of_removal(entry_uuids: Iterable[str], known: Known) -> Iterator[Need]:
    """Yield what a removal of metadata does: it deletes documents, and what hangs on them."""
    for entry_uuid in sorted(entry_uuids):
        yield from _touching(known.by_uuid.get(entry_uuid), Action.DELETE, known)


def _arrivals(operations: Operations) -> Iterator[Need]:
    """Yield a deposit for each record that gets what was another patient's."""
    from_here = {version.latest.patient_id for version in operations.versions if version.latest}
    moved = [cx_key(version.item.patient_id) for version in operations.versions if version.moves]
    if from_here and operations.patient not in from_here:
        moved.append(operations.patient)
    for patient_id in dict.fromkeys(moved):
        yield Need(action=Action.SUBMIT, patient_id=patient_id)


def _registered(identifier: str, operations: Operations) -> KnownObject | None:
    """Return what an id means, and of a new version the one before: whose it is by now."""
    version = operations.version_of(identifier)
    if version is not None and version.latest is not None:
        return version.latest
    return operations.resolve(identifier)


def _on(known: KnownObject | None, action: Action) -> Iterator[Need]:
    if known is not None:
        document = known if known.kind is Kind.DOCUMENT_ENTRY else None
        yield Need(action=action, patient_id=known.patient_id, document=document)


def _touching(known: KnownObject | None, action: Action, everything: Known) -> Iterator[Need]:
    """Yield the action on a document, or on each document that another object holds or joins."""
    if known is None:
        return
    if known.kind is Kind.DOCUMENT_ENTRY:
        yield from _on(known, action)
        return
    documents = [
        everything.by_uuid[end]
        for association in everything.associations
        if known.entry_uuid in (association.entry_uuid, association.source)
        for end in (association.source, association.target)
        if end in everything.by_uuid and everything.by_uuid[end].kind is Kind.DOCUMENT_ENTRY
    ]
    for document in documents:
        yield from _on(document, action)
    if not documents:
        yield Need(action=action, patient_id=known.patient_id)


def _of_statuses(statuses: set[str]) -> Action:
    if v.DELETED in statuses:
        return Action.DELETE
    return Action.ARCHIVE if v.ARCHIVED in statuses else Action.UPDATE


def _of_version(version: NewVersion, before: RimObject | None) -> Iterator[Action]:
    """Yield what a new version changes: confidentiality by its codes, all else as an update.

    One that changes nothing is an update too: it registers a version, and a SubmissionSet.
    """
    yield from tuple(_changes(version.item, before)) or (Action.UPDATE,)


def _changes(item: DocumentEntry | Folder, before: RimObject | None) -> Iterator[Action]:
    if not isinstance(item, DocumentEntry) or before is None:
        return
    old = read_document_entry(before)
    was, will_be = _marks(old), _marks(item)
    if Mark.MASKED in will_be - was:
        yield Action.MASK
    if Mark.MASKED in was - will_be:
        yield Action.UNMASK
    if (was - will_be) - {Mark.MASKED}:
        yield Action.MAKE_VISIBLE
    if (will_be - was) - {Mark.MASKED} or _without_marks(old) != _without_marks(item):
        yield Action.UPDATE


def _marks(entry: DocumentEntry) -> frozenset[Mark]:
    return frozenset(Mark(c.code) for c in entry.confidentiality_codes if c.code in MARKS)


def _without_marks(entry: DocumentEntry) -> DocumentEntry:
    """Return what two versions share that say the same but for whom they are hidden from."""
    others = (c for c in entry.confidentiality_codes if c.code not in MARKS)
    return replace(
        entry,
        rim=RimObject(tag=entry.rim.tag, slots=tuple(sorted(entry.rim.slots, key=_name))),
        entry_uuid="",
        logical_id="",
        availability_status="",
        patient_id=cx_key(entry.patient_id),
        confidentiality_codes=tuple(sorted(others, key=_code)),
        hash=entry.hash.lower(),
    )


def _name(slot: Slot) -> str:
    return slot.name


def _code(code: Code) -> tuple[str, str]:
    return (code.code, code.scheme)
