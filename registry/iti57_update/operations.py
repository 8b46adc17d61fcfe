"""The operations that an update message asks for, each with the Association that asks.

Spec: XDS Metadata Update §3.57.4.1.3.3 (the triggers of each operation). Pure.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from registry.ledger.api import KnownAssociation, KnownObject
from registry.submission.consequences import is_registered_folder
from registry.submission.facts import Facts
from xds.metadata import vocabulary as v
from xds.metadata.rim import RimObject, texts
from xds.metadata.views import Association, DocumentEntry, Folder


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """A DocumentEntry or Folder of the message that is a new version of a registered one."""

    item: DocumentEntry | Folder
    membership: Association | None
    """HasMember from the message's SubmissionSet."""
    latest: KnownObject | None
    """The latest registered version of the same logicalID."""

    @property
    def previous(self) -> tuple[str, ...]:
        """Values of Slot PreviousVersion."""
        return values_of(self.membership, v.PREVIOUS_VERSION)

    @property
    def propagates(self) -> bool:
        """Whether the new version takes the Associations of the old one (§3.57.4.1.3.3.1.5)."""
        return values_of(self.membership, v.ASSOCIATION_PROPAGATION) != ("no",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """A message sorted by operation."""

    facts: Facts
    versions: tuple[NewVersion, ...]
    status_changes: tuple[Association, ...]
    submits: tuple[Association, ...]
    """SubmitAssociation, each from the SubmissionSet to an Association of the message."""
    submitted: dict[str, Association]
    """Those Associations, by id."""
    strays: tuple[Association, ...]
    """Associations that belong to no operation."""


def sort_operations(facts: Facts) -> Operations:
    """Return the operations of a message."""
    submission = facts.submission
    own = submission.submission_set.entry_uuid
    memberships = {
        a.target: a
        for a in reversed(submission.associations)
        if a.association_type == v.HAS_MEMBER and a.source == own
    }
    items: tuple[DocumentEntry | Folder, ...] = (
        *submission.document_entries,
        *submission.folders,
    )
    versions = tuple(
        NewVersion(
            item=item,
            membership=memberships.get(item.entry_uuid),
            latest=latest_of(facts, item.logical_id),
        )
        for item in items
    )
    submits = _of_type(submission.associations, v.SUBMIT_ASSOCIATION)
    targets = {a.target for a in submits}
    submitted = {a.entry_uuid: a for a in submission.associations if a.entry_uuid in targets}
    changes = _of_type(submission.associations, v.UPDATE_AVAILABILITY_STATUS)
    placed = [id(a) for a in (*submits, *changes, *submitted.values())]
    placed += [id(version.membership) for version in versions]
    return Operations(
        facts=facts,
        versions=versions,
        status_changes=changes,
        submits=submits,
        submitted=submitted,
        strays=tuple(a for a in submission.associations if id(a) not in placed),
    )


def carried(operations: Operations, version: NewVersion) -> Iterator[KnownAssociation]:
    """Yield the Approved Associations that a new version takes over (§3.57.4.1.3.3.1.5).

    Those of SubmissionSets stay with the old version.
    """
    latest = version.latest
    if latest is None or not version.propagates:
        return
    for association in operations.facts.known.associations:
        if (
            latest.entry_uuid in {association.source, association.target}
            and association.status == v.APPROVED
            and (
                association.association_type in v.RELATIONSHIPS
                or is_registered_folder(operations.facts, association.source)
            )
        ):
            yield association


def latest_of(facts: Facts, logical_id: str) -> KnownObject | None:
    """Return the latest registered version under a logicalID."""
    versions = facts.known.by_logical_id.get(logical_id, ()) if logical_id else ()
    return versions[-1] if versions else None


def values_of(association: Association | None, slot: str) -> tuple[str, ...]:
    """Return the values of an Association's Slot, without surrounding space."""
    if association is None:
        return ()
    return tuple(value.strip() for value in texts(association.rim.slot(slot)))


def instructions(operations: Operations) -> Iterator[RimObject]:
    """Yield the Associations that ask for something and are no content themselves."""
    for association in (*operations.status_changes, *operations.submits):
        yield association.rim


def _of_type(associations: tuple[Association, ...], kind: str) -> tuple[Association, ...]:
    return tuple(a for a in associations if a.association_type == kind)
