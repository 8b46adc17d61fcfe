"""What a submission does to the Registry: ids, versions, statuses, deprecations, folders.

Spec: ITI TF-2 §3.42.4.1.3.3.5, §3.42.4.1.3.5 to §3.42.4.1.3.7; ITI TF-3 §4.2.3.1.5. Pure: new
UUIDs and the instant are parameters. The submission has passed every rule.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from registry.iti42_register.rules import Facts
from registry.ledger.api import Kind, Plan
from xds.metadata import vocabulary as v
from xds.metadata.rim import RimObject, VersionInfo
from xds.metadata.views import is_marked

NewUuid = Callable[[], str]
"""Returns `urn:uuid:` and a fresh UUID in lower case."""

REFERENCES: Final = ("classifiedObject", "registryObject", "sourceObject", "targetObject")
FIRST_VERSION: Final = VersionInfo(version_name="1")


def make_plan(facts: Facts, *, instant: str, new_uuid: NewUuid, message_id: str) -> Plan:
    """Return the plan of an accepted submission. `instant` is a DTM of 14 digits, in UTC."""
    # (1) Finished objects, with what a replacement inherits among them.
    naming = _Naming(facts, new_uuid)
    own = [naming.finished(rim, instant) for rim in facts.submission.objects]
    inherited, inherited_folders = _inherited_memberships(facts, naming)
    # (2) What becomes Deprecated.
    deprecate = frozenset(_deprecated(facts))
    # (3) Which registered folders get a member.
    joined = {
        a.source
        for a in facts.submission.associations
        if a.association_type == v.HAS_MEMBER and _is_registered_folder(facts, a.source)
    }
    return Plan(
        add=(*own, *inherited),
        deprecate=deprecate,
        touch_folders=frozenset(joined | inherited_folders),
        instant=instant,
        fingerprint=facts.fingerprint,
        message_id=message_id,
    )


class _Naming:
    """UUIDs for symbolic ids: the same for the same id wherever it stands (§3.42.4.1.3.7)."""

    def __init__(self, facts: Facts, new_uuid: NewUuid) -> None:
        self._new_uuid = new_uuid
        self._names: dict[str, str] = {}
        for rim in facts.submission.objects:
            if rim.id:
                self.of(rim.id)

    def of(self, identifier: str) -> str:
        """Return the UUID for an id of the message; a UUID is its own."""
        if not v.is_symbolic(identifier):
            return identifier
        if identifier not in self._names:
            self._names[identifier] = self._new_uuid()
        return self._names[identifier]

    def fresh(self) -> str:
        """Return a UUID for an object that the Registry itself adds."""
        return self._new_uuid()

    def finished(self, rim: RimObject, instant: str) -> RimObject:
        """Return an object as it is registered."""
        own_id = self.of(rim.id) if rim.id else self._new_uuid()
        finished = self._renamed(rim, own_id)
        finished = finished.with_attribute("lid", own_id).with_attribute("status", v.APPROVED)
        if rim.tag == "Association":
            named = v.full_association_type(rim.attribute("associationType") or "")
            finished = finished.with_attribute("associationType", named)
        if is_marked(rim, v.FOLDER_NODE):
            finished = finished.with_slot("lastUpdateTime", instant)
        return replace(finished, version_info=FIRST_VERSION)

    def _renamed(self, rim: RimObject, own_id: str) -> RimObject:
        """Return the object and what it holds with UUIDs for ids."""
        attributes = tuple(
            (name, self.of(value) if name in REFERENCES else value)
            for name, value in rim.attributes
            if name != "id"
        )
        return replace(
            rim,
            attributes=(("id", own_id), *attributes),
            classifications=tuple(self._part(c, own_id) for c in rim.classifications),
            external_identifiers=tuple(self._part(e, own_id) for e in rim.external_identifiers),
        )

    def _part(self, rim: RimObject, owner: str) -> RimObject:
        """Return a Classification or ExternalIdentifier of an object, which it names as its owner.

        Its own id is the Registry's to give: templates of vendors send the same one every time.
        """
        part_id = rim.id if rim.id and not v.is_symbolic(rim.id) else self._new_uuid()
        reference = "classifiedObject" if rim.tag == "Classification" else "registryObject"
        return self._renamed(rim, part_id).with_attribute(reference, owner)


def _deprecated(facts: Facts) -> Iterator[str]:
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


def _inherited_memberships(facts: Facts, naming: _Naming) -> tuple[list[RimObject], frozenset[str]]:
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
            membership = _has_member(naming.fresh(), folder, naming.of(association.source))
            made += [membership, _has_member(naming.fresh(), submission_set, membership.id)]
            folders.add(folder)
    return made, frozenset(folders)


def _approved_folders(facts: Facts, entry_uuid: str) -> Iterator[str]:
    for known in facts.known.associations:
        if (
            known.association_type == v.HAS_MEMBER
            and known.target == entry_uuid
            and known.status == v.APPROVED
            and _is_registered_folder(facts, known.source)
            and facts.known.by_uuid[known.source].status == v.APPROVED
        ):
            yield known.source


def _is_registered_folder(facts: Facts, identifier: str) -> bool:
    known = facts.known.by_uuid.get(identifier)
    return known is not None and known.kind is Kind.FOLDER


def _has_member(own_id: str, source: str, target: str) -> RimObject:
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
