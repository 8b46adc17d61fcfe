"""What a replacement does to what is registered: deprecations, and folders that it inherits.

Spec: ITI TF-2 §3.42.4.1.3.5. Pure.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from registry.access.quiet import is_quiet
from registry.ledger.api import Kind, KnownAssociation, KnownObject
from registry.submission.facts import Facts
from registry.submission.naming import FIRST_VERSION, Naming
from xds.metadata import vocabulary as v
from xds.metadata.rim import RimObject

OF_CHILDREN: Final = (v.APPEND, v.TRANSFORM)


def deprecated(facts: Facts) -> frozenset[str]:
    """Return what a submission replaces, and its addenda and transformations (§3.42.4.1.3.5)."""
    by_uuid = facts.known.by_uuid
    replaced = [
        a.target
        for a in facts.submission.associations
        if a.association_type in v.REPLACING and a.target in by_uuid
    ]
    return with_children(replaced, facts.known.associations, by_uuid.get)


def with_children(
    replaced: Iterable[str],
    associations: Iterable[KnownAssociation],
    find: Callable[[str], KnownObject | None],
) -> frozenset[str]:
    """Return what is replaced, and its addenda and transformations that are Approved.

    An Association that was withdrawn (MU: UpdateAvailabilityStatus) makes nothing a child.
    """
    children: dict[str, list[str]] = {}
    for association in associations:
        if association.association_type in OF_CHILDREN and association.status == v.APPROVED:
            children.setdefault(association.target, []).append(association.source)
    todo = list(replaced)
    found = set(todo)
    seen = set(todo)
    while todo:
        for child in children.get(todo.pop(), ()):
            if child in seen:
                continue
            seen.add(child)
            todo.append(child)
            known = find(child)
            if known is not None and known.status == v.APPROVED:
                found.add(child)
    return frozenset(found)


def inherited_memberships(facts: Facts, naming: Naming) -> tuple[list[RimObject], frozenset[str]]:
    """Return the memberships that replacements inherit, and the folders concerned.

    Each is two Associations: Folder to document, and SubmissionSet to that Association
    (§3.42.4.1.3.5, numbers 2 and 3).
    """
    submission_set = naming.of(facts.submission.submission_set.entry_uuid)
    placed = {(a.source, a.target) for a in facts.submission.associations}
    made: list[RimObject] = []
    folders: set[str] = set()
    for association in facts.submission.associations:
        if association.association_type not in v.REPLACING:
            continue
        for folder in _approved_folders(facts, association.target):
            if (folder, association.source) in placed:
                continue
            placed.add((folder, association.source))
            membership = has_member(naming.fresh(), folder, naming.of(association.source))
            made += [membership, has_member(naming.fresh(), submission_set, membership.id)]
            if not is_quiet(association.source, facts.known, facts.submission.objects):
                folders.add(folder)
    return made, frozenset(folders)


def _approved_folders(facts: Facts, entry_uuid: str) -> Iterator[str]:
    for known in facts.known.associations:
        if (
            known.association_type == v.HAS_MEMBER
            and known.target == entry_uuid
            and known.status == v.APPROVED
            and is_registered_folder(facts, known.source)
            and facts.known.by_uuid[known.source].status == v.APPROVED
        ):
            yield known.source


def is_registered_folder(facts: Facts, identifier: str) -> bool:
    """Return whether an id is a Folder that the Registry has already."""
    known = facts.known.by_uuid.get(identifier)
    return known is not None and known.kind is Kind.FOLDER


def has_member(own_id: str, source: str, target: str) -> RimObject:
    """Return a HasMember Association that the Registry itself adds, finished."""
    return RimObject(
        tag="Association",
        attributes=(
            ("id", own_id),
            ("associationType", v.HAS_MEMBER),
            ("sourceObject", source),
            ("targetObject", target),
            ("objectType", v.OBJECT_TYPE_ASSOCIATION),
            ("lid", own_id),
            ("status", v.APPROVED),
        ),
        version_info=FIRST_VERSION,
    )
