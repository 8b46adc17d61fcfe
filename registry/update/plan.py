"""What an accepted update changes: versions, statuses, and the Associations that follow.

Spec: MU §3.57.4.1.3.3; ITI TF-3 §4.2.3.4.6 (Folder.lastUpdateTime). Pure.

What asks for a change (UpdateAvailabilityStatus, SubmitAssociation) is an instruction and no
content: it is carried out, not registered. The SubmissionSet is registered, with the memberships
of what it brought. Versions before keep their Associations.
"""

from collections.abc import Iterator
from dataclasses import replace

from registry.access.facts import read_depositor
from registry.access.quiet import is_quiet
from registry.ledger.api import Kind, KnownAssociation, Plan
from registry.submission.consequences import has_member, with_children
from registry.submission.naming import FIRST_VERSION, Naming, NewUuid
from registry.update.operations import NewVersion, Operations, values_of
from registry.update.propagation import afterwards, carried
from xds.metadata import vocabulary as v
from xds.metadata.rim import RimObject, VersionInfo


def make_plan(operations: Operations, *, instant: str, new_uuid: NewUuid, message_id: str) -> Plan:
    """Return the plan of an accepted update. `instant` is a DTM of 14 digits, in UTC."""
    facts = operations.facts
    naming = Naming(facts, new_uuid)
    # (1) New versions and the statuses that make way for them.
    statuses = {n.latest.entry_uuid: v.DEPRECATED for n in operations.versions if n.latest}
    # (2) What relationships that are submitted deprecate, new versions of this message too; then
    # (3) statuses that are asked for: of what the message brings, or of what is registered.
    changed = dict.fromkeys(_replaced(operations), v.DEPRECATED)
    changed |= {a.target: values_of(a, v.NEW_STATUS)[0] for a in operations.changes}
    statuses |= {target: new for target, new in changed.items() if target in facts.known.by_uuid}
    # (4) Objects of the message, and what new versions take over.
    taken_over = list(_taken_over(operations, naming))
    add = [*_content(operations, naming, instant, changed), *taken_over]
    return Plan(
        add=tuple(add),
        statuses=statuses,
        touch_folders=frozenset(_touched(operations)),
        instant=instant,
        fingerprint=facts.fingerprint,
        message_id=message_id,
        # (5) A new version is a document of whoever deposited the first one.
        depositors={
            naming.of(n.item.entry_uuid): read_depositor(n.latest.access)
            for n in operations.versions
            if n.latest is not None and n.kind is Kind.DOCUMENT_ENTRY
        },
    )


def _replaced(operations: Operations) -> frozenset[str]:
    """Return what submitted relationships replace, with its addenda and transformations."""
    replaced = [
        a.target for a in operations.submitted.values() if a.association_type in v.REPLACING
    ]
    return with_children(replaced, afterwards(operations), operations.resolve)


def _content(
    operations: Operations, naming: Naming, instant: str, changed: dict[str, str]
) -> Iterator[RimObject]:
    instructions = {id(a.rim) for a in (*operations.changes, *operations.submits)}
    versions = {id(n.item.rim): n for n in operations.versions}
    for rim in operations.facts.submission.objects:
        if id(rim) in instructions:
            continue
        finished = _numbered(naming.finished(rim, instant), versions.get(id(rim)))
        if rim.id in changed:
            finished = finished.with_attribute("status", changed[rim.id])
        yield finished
    own_set = naming.of(operations.own_set)
    for submit in operations.submits:
        yield has_member(naming.fresh(), own_set, naming.of(submit.target))


def _numbered(finished: RimObject, version: NewVersion | None) -> RimObject:
    """Return a new version with lid, number and the status that the one before had."""
    if version is None or version.latest is None:
        return finished
    latest = version.latest
    numbered = replace(finished, version_info=VersionInfo(version_name=str(latest.version + 1)))
    return numbered.with_attribute("lid", latest.logical_id).with_attribute("status", latest.status)


def _taken_over(operations: Operations, naming: Naming) -> Iterator[RimObject]:
    """Yield a copy of each Association that a new version takes over, with all that it says."""
    renamed = {
        n.latest.entry_uuid: naming.of(n.item.entry_uuid)
        for n in operations.versions
        if n.latest is not None and n.propagates
    }
    for association in carried(operations):
        original = operations.before[association.entry_uuid]
        own_id = naming.fresh()
        copy = (
            original.with_attribute("id", own_id)
            .with_attribute("lid", own_id)
            .with_attribute("sourceObject", renamed.get(association.source, association.source))
            .with_attribute("targetObject", renamed.get(association.target, association.target))
        )
        yield replace(
            copy,
            version_info=FIRST_VERSION,
            classifications=tuple(
                c.with_attribute("id", naming.fresh()).with_attribute("classifiedObject", own_id)
                for c in copy.classifications
            ),
        )


def _touched(operations: Operations) -> Iterator[str]:
    """Yield registered Folders that get, lose or get back a document."""
    known, own = operations.facts.known, operations.facts.submission.objects
    renamed = {n.latest.entry_uuid: n.item.entry_uuid for n in operations.versions if n.latest}
    places = [
        (renamed.get(a.source, a.source), renamed.get(a.target, a.target))
        for a in carried(operations)
    ]
    places += [(a.source, a.target) for a in operations.submitted.values()]
    places += [(a.source, a.target) for a in _changed_associations(operations)]
    for place, document in places:
        folder = known.by_uuid.get(place)
        is_folder = folder is not None and folder.kind is Kind.FOLDER
        if is_folder and not is_quiet(document, known, own):
            yield place


def _changed_associations(operations: Operations) -> Iterator[KnownAssociation]:
    targets = {a.target for a in operations.changes}
    for association in operations.facts.known.associations:
        if association.entry_uuid in targets and association.association_type == v.HAS_MEMBER:
            yield association
