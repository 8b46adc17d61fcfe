"""What an accepted update changes: versions, statuses, and the Associations that follow.

Spec: XDS Metadata Update §3.57.4.1.3.3; association propagation §3.57.4.1.3.3.1.5. Pure.

What asks for a change (UpdateAvailabilityStatus, SubmitAssociation) is not registered: the
SubmissionSet is, with the memberships of what it brought. Old versions keep their Associations.
"""

from dataclasses import replace

from registry.iti57_update.operations import (
    NewVersion,
    Operations,
    carried,
    instructions,
    values_of,
)
from registry.ledger.api import KnownAssociation, Plan
from registry.submission.consequences import has_member, is_registered_folder
from registry.submission.naming import Naming, NewUuid
from xds.metadata import vocabulary as v
from xds.metadata.rim import RimObject, VersionInfo


def make_plan(operations: Operations, *, instant: str, new_uuid: NewUuid, message_id: str) -> Plan:
    """Return the plan of an accepted update. `instant` is a DTM of 14 digits, in UTC."""
    facts = operations.facts
    naming = Naming(facts, new_uuid)
    asking = {id(rim) for rim in instructions(operations)}
    versions = {id(one.item.rim): one for one in operations.versions}
    own_set = naming.of(facts.submission.submission_set.entry_uuid)
    # (1) Objects of the message, new versions numbered.
    add = [
        _versioned(naming.finished(rim, instant), versions.get(id(rim)))
        for rim in facts.submission.objects
        if id(rim) not in asking
    ]
    # (2) The SubmissionSet holds what it submits.
    add += [
        has_member(naming.fresh(), own_set, naming.of(submit.target))
        for submit in operations.submits
    ]
    # (3) Associations that new versions take over.
    statuses: dict[str, str] = {}
    taken: list[KnownAssociation] = []
    for version in operations.versions:
        if version.latest is None:
            continue
        statuses[version.latest.entry_uuid] = v.DEPRECATED
        taken += carried(operations, version)
    renamed = {
        one.latest.entry_uuid: naming.of(one.item.entry_uuid)
        for one in operations.versions
        if one.latest is not None and one.propagates
    }
    touched: set[str] = set()
    for association in {a.entry_uuid: a for a in taken}.values():
        source = renamed.get(association.source, association.source)
        target = renamed.get(association.target, association.target)
        copy = has_member(naming.fresh(), source, target).with_attribute(
            "associationType", association.association_type
        )
        add.append(copy)
        if is_registered_folder(facts, association.source) and source == association.source:
            touched.add(source)
    # (4) Statuses, and Folders that get a member.
    statuses |= {a.target: values_of(a, v.NEW_STATUS)[0] for a in operations.status_changes}
    joined = {a.source for a in operations.submitted.values()}
    touched |= {source for source in joined if is_registered_folder(facts, source)}
    return Plan(
        add=tuple(add),
        statuses=statuses,
        touch_folders=frozenset(touched),
        instant=instant,
        fingerprint=facts.fingerprint,
        message_id=message_id,
    )


def _versioned(finished: RimObject, version: NewVersion | None) -> RimObject:
    """Return a new version with lid, number and the status that the old one had."""
    if version is None or version.latest is None:
        return finished
    latest = version.latest
    numbered = replace(finished, version_info=VersionInfo(version_name=str(latest.version + 1)))
    return numbered.with_attribute("lid", latest.logical_id).with_attribute("status", latest.status)
