"""What a replacement does to what is registered: deprecations, and folders that it inherits.

Spec: ITI TF-2 §3.42.4.1.3.5. Pure.
"""

from collections.abc import Iterator

from registry.access.quiet import is_quiet
from registry.ledger.api import Kind
from registry.submission.facts import Facts
from registry.submission.naming import FIRST_VERSION, Naming
from xds.metadata import vocabulary as v
from xds.metadata.rim import RimObject


def deprecated(facts: Facts) -> Iterator[str]:
    """Yield what is replaced, and its addenda and transformations (§3.42.4.1.3.5)."""
    for association in facts.submission.associations:
        if association.association_type not in v.REPLACING:
            continue
        if association.target not in facts.known.by_uuid:
            continue
        yield association.target
        yield from _children(facts, association.target, {association.target})


def _children(facts: Facts, entry_uuid: str, seen: set[str]) -> Iterator[str]:
    for known in facts.known.associations:
        is_child = known.association_type in (v.APPEND, v.TRANSFORM) and known.target == entry_uuid
        if not is_child or known.source in seen:
            continue
        seen.add(known.source)
        child = facts.known.by_uuid.get(known.source)
        if child is not None and child.status == v.APPROVED:
            yield known.source
        yield from _children(facts, known.source, seen)


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
