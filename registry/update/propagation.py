"""Associations that a new version takes over from the version before.

Spec: MU §3.57.4.1.3.3.1.5 (DocumentEntry), §3.57.4.1.3.3.3.5 (Folder). Pure.
"""

from collections.abc import Iterator
from dataclasses import replace

from registry.ledger.api import Kind, KnownAssociation
from registry.update.operations import Operations
from xds.metadata import vocabulary as v


def carried(operations: Operations) -> Iterator[KnownAssociation]:
    """Yield, once each, the registered Associations that new versions take over.

    Relationships of a document, and places in Folders; never memberships of a SubmissionSet, which
    submitted the version before and no other.
    """
    propagating = {n.latest.entry_uuid for n in operations.versions if n.latest and n.propagates}
    for association in operations.facts.known.associations:
        ends = {association.source, association.target}
        if association.status != v.APPROVED or not ends & propagating:
            continue
        if any(operations.is_outdated(end) for end in ends - propagating):
            continue  # the other end has a new version that takes nothing over
        if association.association_type in v.RELATIONSHIPS or (
            association.association_type == v.HAS_MEMBER
            and _is_in_use(operations, association.source, Kind.FOLDER)
            and _is_in_use(operations, association.target, Kind.DOCUMENT_ENTRY)
        ):
            yield association


def _is_in_use(operations: Operations, entry_uuid: str, kind: Kind) -> bool:
    """Return whether an object is of this kind, and the latest that there is of it."""
    known = operations.facts.known.by_uuid.get(entry_uuid)
    if known is None or known.kind is not kind:
        return False
    return known.status != v.DEPRECATED or operations.is_outdated(entry_uuid)


def afterwards(operations: Operations) -> Iterator[KnownAssociation]:
    """Yield every Association that there will be once new versions are there.

    What they take over joins them under the ids that they have in the message.
    """
    renamed = {
        n.latest.entry_uuid: n.item.entry_uuid
        for n in operations.versions
        if n.latest is not None and n.propagates
    }
    yield from operations.facts.known.associations
    for association in carried(operations):
        yield replace(
            association,
            source=renamed.get(association.source, association.source),
            target=renamed.get(association.target, association.target),
        )
