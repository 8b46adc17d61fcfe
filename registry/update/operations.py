"""The operations that an update asks for, each with the Association that asks for it.

Spec: MU §3.57.4.1.3.1 (rules of all updates), §3.57.4.1.3.3 (what triggers each operation). Pure.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from registry.ledger.api import Kind, KnownObject
from registry.submission.facts import Facts
from xds.errors import Complaint, ErrorCode, Where
from xds.metadata import vocabulary as v
from xds.metadata.hl7v2 import cx_key
from xds.metadata.judge import name_of
from xds.metadata.rim import RimObject, texts
from xds.metadata.views import Association, DocumentEntry, Folder


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """A DocumentEntry or Folder of the message: a new version of a registered one."""

    item: DocumentEntry | Folder
    membership: Association | None
    """HasMember from the message's SubmissionSet, which is what triggers the operation."""
    latest: KnownObject | None
    """The latest registered version under the same logicalID."""

    @property
    def kind(self) -> Kind:
        """What the new version is."""
        return Kind.DOCUMENT_ENTRY if isinstance(self.item, DocumentEntry) else Kind.FOLDER

    @property
    def previous(self) -> tuple[str, ...]:
        """Values of Slot PreviousVersion."""
        return values_of(self.membership, v.PREVIOUS_VERSION)

    @property
    def moves(self) -> bool:
        """Whether it is another patient's than the version before."""
        return self.latest is not None and cx_key(self.item.patient_id) != self.latest.patient_id

    @property
    def propagates(self) -> bool:
        """Whether it takes over the Associations of the version before: yes, unless told not to."""
        return values_of(self.membership, v.ASSOCIATION_PROPAGATION) != ("no",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """A message sorted by operation."""

    facts: Facts
    statuses: AbstractSet[str]
    """Every availabilityStatus of the affinity domain."""
    before: dict[str, RimObject] = field(default_factory=dict)
    """Registered objects whole, by entryUUID: those that get a new version, and what they take
    over."""
    versions: tuple[NewVersion, ...]
    changes: tuple[Association, ...]
    """UpdateAvailabilityStatus."""
    submits: tuple[Association, ...]
    """SubmitAssociation, each from the SubmissionSet to an Association of the message."""
    submitted: dict[str, Association]
    """What they submit, by id."""
    strays: tuple[Association, ...]
    """Associations that belong to no operation."""

    @property
    def own_set(self) -> str:
        """The id of the message's SubmissionSet."""
        return self.facts.submission.submission_set.entry_uuid

    @property
    def patient(self) -> str:
        """The message's patient."""
        return cx_key(self.facts.submission.submission_set.patient_id)

    def resolve(self, identifier: str) -> KnownObject | None:
        """Return what an id means once new versions and Associations are there, before statuses.

        The statuses of what the message brings come after it (MU §3.57.4.1.3.1).
        """
        for version in self.versions:
            if version.item.entry_uuid == identifier and version.latest is not None:
                return _as_it_will_be(version, version.latest)
        if identifier in self.submitted:
            return KnownObject(
                kind=Kind.ASSOCIATION,
                entry_uuid=identifier,
                patient_id=self.patient,
                status=v.APPROVED,
            )
        return self.facts.known.by_uuid.get(identifier)

    def version_of(self, identifier: str) -> NewVersion | None:
        """Return the new version that has this id in the message."""
        return next((n for n in self.versions if n.item.entry_uuid == identifier), None)

    def latest(self, known: KnownObject) -> KnownObject:
        """Return the latest registered version of a registered object."""
        return self.facts.known.by_logical_id.get(known.logical_id, (known,))[-1]

    def is_outdated(self, entry_uuid: str) -> bool:
        """Return whether this message brings a version after the registered object."""
        return any(n.latest and n.latest.entry_uuid == entry_uuid for n in self.versions)


def _as_it_will_be(version: NewVersion, latest: KnownObject) -> KnownObject:
    item = version.item
    return KnownObject(
        kind=version.kind,
        entry_uuid=item.entry_uuid,
        patient_id=cx_key(item.patient_id),
        status=latest.status,
        unique_id=item.unique_id,
        object_type=item.object_type if isinstance(item, DocumentEntry) else "",
        logical_id=latest.logical_id,
        version=latest.version + 1,
    )


def sort_operations(
    facts: Facts, statuses: AbstractSet[str], before: dict[str, RimObject]
) -> Operations:
    """Return the operations of a message."""
    submission = facts.submission
    own = submission.submission_set.entry_uuid
    memberships: dict[str, Association] = {}
    for association in submission.associations:
        if association.association_type == v.HAS_MEMBER and association.source == own:
            memberships.setdefault(association.target, association)
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
    submitted = {
        a.entry_uuid: a
        for a in submission.associations
        if a.entry_uuid in targets and a.association_type in v.ASSOCIATION_TYPES
    }
    changes = _of_type(submission.associations, v.UPDATE_AVAILABILITY_STATUS)
    placed = {id(a) for a in (*submits, *changes, *submitted.values())}
    placed |= {id(version.membership) for version in versions}
    return Operations(
        facts=facts,
        statuses=statuses,
        before=before,
        versions=versions,
        changes=changes,
        submits=submits,
        submitted=submitted,
        strays=tuple(a for a in submission.associations if id(a) not in placed),
    )


def latest_of(facts: Facts, logical_id: str) -> KnownObject | None:
    """Return the latest registered version under a logicalID."""
    versions = facts.known.by_logical_id.get(logical_id, ()) if logical_id else ()
    return versions[-1] if versions else None


def values_of(association: Association | None, slot: str) -> tuple[str, ...]:
    """Return the values of an Association's Slot, without the white space around them."""
    return texts(association.rim.slot(slot)) if association is not None else ()


def of_version(  # noqa: PLR0913, PLR0917 - the parts of a complaint
    version: NewVersion, code: ErrorCode, rule: str, came: str, expected: str, fix: str
) -> Complaint:
    """Return a complaint about a new version."""
    subject = name_of(version.kind, version.item.rim)
    return said(subject, code, rule, came, expected, fix, version.item.where)


def of_association(  # noqa: PLR0913, PLR0917 - the parts of a complaint
    association: Association, code: ErrorCode, rule: str, came: str, expected: str, fix: str
) -> Complaint:
    """Return a complaint about an Association of the message."""
    subject = name_of("Association", association.rim)
    return said(subject, code, rule, came, expected, fix, association.where)


def said(  # noqa: PLR0913, PLR0917 - the parts of a complaint
    subject: str, code: ErrorCode, rule: str, came: str, expected: str, fix: str, where: Where
) -> Complaint:
    """Return a complaint."""
    return Complaint(
        code=code, subject=subject, rule=rule, came=came, expected=expected, fix=fix, where=where
    )


def _of_type(associations: tuple[Association, ...], kind: str) -> tuple[Association, ...]:
    return tuple(a for a in associations if a.association_type == kind)
