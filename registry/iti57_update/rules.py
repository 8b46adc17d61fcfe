"""What an update may ask for, as rows of a table; new versions are in `version_rules`.

Spec: XDS Metadata Update §3.57.4.1.3.1 (rules of every update), §3.57.4.1.3.3 (of each operation);
the statuses that a domain has are `xds.metadata.departures`. Pure.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final

from registry.iti57_update.asked import (
    OPERATION,
    UPDATE,
    Asked,
    Rule,
    is_from_own_set,
    of_association,
    said,
)
from registry.iti57_update.operations import values_of
from registry.iti57_update.version_rules import (
    versions_are_of_registered_objects,
    versions_stay_with_their_patient,
)
from registry.ledger.api import Kind, KnownObject
from registry.submission.identity_rules import (
    known_patients,
    new_ids,
    new_unique_ids_of_packages,
)
from xds.errors import Complaint, ErrorCode, quote
from xds.metadata import vocabulary as v
from xds.metadata.judge import name_of
from xds.metadata.views import Association


def submission_rules(asked: Asked) -> Iterator[Complaint]:
    """Run the rules of a submission that hold here: patients, entryUUIDs, the set's uniqueId."""
    facts = asked.operations.facts
    yield from known_patients(facts)
    yield from new_ids(facts)
    # A new version of a Folder has the uniqueId of the old one.
    yield from new_unique_ids_of_packages(
        replace(facts, submission=replace(facts.submission, folders=()))
    )


def something_is_asked(asked: Asked) -> Iterator[Complaint]:
    """Check that each part of the message belongs to an operation, and that there is one."""
    operations = asked.operations
    for stray in operations.strays:
        yield of_association(
            stray,
            OPERATION,
            "an Association of an update is a membership of a new version, a change of status, a "
            "SubmitAssociation, or what that submits",
            f"{quote(stray.association_type)} from {quote(stray.source)} to {quote(stray.target)}",
            "one of these",
            "register new content with ITI-42; add Associations with SubmitAssociation",
        )
    if not (operations.versions or operations.status_changes or operations.submits):
        submission_set = operations.facts.submission.submission_set
        yield said(
            name_of("SubmissionSet", submission_set.rim),
            OPERATION,
            "an update asks for at least one operation",
            "none",
            "a new version, a change of status or a SubmitAssociation",
            "add the operation",
            submission_set.where,
        )


def statuses_change_as_they_may(asked: Asked) -> Iterator[Complaint]:
    """Check UpdateAvailabilityStatus (§3.57.4.1.3.3.2, and that of Associations)."""
    seen: set[str] = set()
    for change in asked.operations.status_changes:
        known = asked.operations.facts.known.by_uuid.get(change.target)
        original, new = (values_of(change, slot) for slot in (v.ORIGINAL_STATUS, v.NEW_STATUS))
        if len(original) != 1 or len(new) != 1 or not is_from_own_set(change, asked):
            yield of_association(
                change,
                OPERATION,
                "UpdateAvailabilityStatus leads from the message's SubmissionSet and has one "
                f"{v.ORIGINAL_STATUS} and one {v.NEW_STATUS}",
                f"from {quote(change.source)}, {len(original)} and {len(new)} of them",
                "one value each",
                "correct sourceObject and the two Slots",
            )
        elif known is None or change.target in seen:
            yield of_association(
                change,
                UPDATE,
                "the target of UpdateAvailabilityStatus is a registered object, once",
                quote(change.target),
                "the entryUUID of a registered object",
                "query the entryUUID of the latest version (ITI-18)",
            )
        else:
            yield from _status(change, known, original[0], new[0], asked)
        seen.add(change.target)


def _status(
    change: Association, known: KnownObject, original: str, new: str, asked: Asked
) -> Iterator[Complaint]:
    latest = asked.operations.facts.known.by_logical_id.get(known.logical_id, (known,))[-1]
    permitted = _permitted(known, asked)
    for holds, rule, came, expected in (
        (
            known.entry_uuid == latest.entry_uuid,
            "only the latest version of an object changes its status",
            f"version {known.version}",
            f"version {latest.version}, {quote(latest.entry_uuid)}",
        ),
        (
            known.status == original,
            f"{v.ORIGINAL_STATUS} is the status that the object has",
            quote(original),
            quote(known.status),
        ),
        (
            new in permitted,
            f"{v.NEW_STATUS} is one that such an object can get in this domain",
            f"{quote(new)} for a {known.kind} that is {known.status.rpartition(':')[2]}",
            ", ".join(sorted(permitted)) or "none: its status stays",
        ),
    ):
        if not holds:
            yield of_association(
                change, UPDATE, rule, came, expected, "query the object (ITI-18) and correct it"
            )


def _permitted(known: KnownObject, asked: Asked) -> AbstractSet[str]:
    """Return what an object's status may become; Deleted is for good, a set's never changes."""
    if known.kind is Kind.DOCUMENT_ENTRY:
        return frozenset() if known.status == v.DELETED else asked.statuses
    if known.kind is Kind.SUBMISSION_SET or (
        known.kind is Kind.ASSOCIATION and not _may_be_withdrawn(known, asked)
    ):
        return frozenset()
    return frozenset({v.APPROVED, v.DEPRECATED})


def _may_be_withdrawn(known: KnownObject, asked: Asked) -> bool:
    """Return whether an Association is a relationship, or puts a document into a Folder."""
    facts = asked.operations.facts.known
    for association in facts.associations:
        if association.entry_uuid == known.entry_uuid:
            source = facts.by_uuid.get(association.source)
            is_place = source is not None and source.kind is Kind.FOLDER
            return association.association_type in v.RELATIONSHIPS or is_place
    return False


def submitted_associations_fit(asked: Asked) -> Iterator[Complaint]:
    """Check what SubmitAssociation submits (§3.57.4.1.3.3)."""
    operations = asked.operations
    for submit in operations.submits:
        association = operations.submitted.get(submit.target)
        if association is None or not is_from_own_set(submit, asked):
            yield of_association(
                submit,
                OPERATION,
                "SubmitAssociation leads from the message's SubmissionSet to an Association of the "
                "message",
                f"from {quote(submit.source)} to {quote(submit.target)}",
                "the ids of these two",
                "correct sourceObject and targetObject",
            )
        else:
            yield from _fits(association, asked)


def _fits(association: Association, asked: Asked) -> Iterator[Complaint]:
    known = asked.operations.facts.known
    source, target = known.by_uuid.get(association.source), known.by_uuid.get(association.target)
    if source is None or target is None:
        yield of_association(
            association,
            ErrorCode.XDS_REGISTRY_METADATA_ERROR,
            "a submitted Association joins two registered objects",
            f"{quote(association.source)} and {quote(association.target)}",
            "the entryUUIDs of registered objects",
            "query them (ITI-18)",
        )
        return
    is_relationship = association.association_type in v.RELATIONSHIPS
    wanted = (Kind.DOCUMENT_ENTRY if is_relationship else Kind.FOLDER, Kind.DOCUMENT_ENTRY)
    kinds_fit = (source.kind, target.kind) == wanted and (
        is_relationship or association.association_type == v.HAS_MEMBER
    )
    is_new = not any(
        a.source == association.source
        and a.target == association.target
        and a.association_type == association.association_type
        and a.status == v.APPROVED
        for a in known.associations
    )
    for holds, code, rule, came in (
        (
            kinds_fit,
            ErrorCode.XDS_REGISTRY_METADATA_ERROR,
            "a submitted Association is a relationship of documents, or fills a Folder",
            f"{quote(association.association_type)} from a {source.kind} to a {target.kind}",
        ),
        (
            v.APPROVED == source.status == target.status,
            UPDATE,
            "both ends of a submitted Association are Approved",
            f"{source.status.rpartition(':')[2]} and {target.status.rpartition(':')[2]}",
        ),
        (
            source.patient_id == target.patient_id,
            ErrorCode.XDS_PATIENT_ID_DOES_NOT_MATCH,
            "both ends of a submitted Association are one patient's",
            "objects of two patients",
        ),
        (is_new, UPDATE, "an Association is made once", "one that is registered and Approved"),
    ):
        if not holds:
            yield of_association(
                association, code, rule, came, "an Association that fits", "correct its ends"
            )


RULES: Final[tuple[Rule, ...]] = (
    submission_rules,
    something_is_asked,
    versions_are_of_registered_objects,
    versions_stay_with_their_patient,
    statuses_change_as_they_may,
    submitted_associations_fit,
)


def check(asked: Asked) -> list[Complaint]:
    """Return every complaint of every rule."""
    return [complaint for rule in RULES for complaint in rule(asked)]
