"""What SubmitAssociation submits: ends, kinds, patients, once.

Spec: MU §3.57.4.1.3.3.6; ITI TF-2 §3.42.4.1.3.5 (what relationships ask of their ends). Pure.
"""

from collections.abc import Iterator
from typing import Final

from registry.ledger.api import Kind, KnownObject
from registry.submission.membership_rules import no_addendum_to_a_transformation, one_successor
from registry.update.operations import (
    Operations,
    of_association,
)
from xds.errors import Complaint, ErrorCode, quote
from xds.metadata import vocabulary as v
from xds.metadata.views import Association

UPDATE: Final = ErrorCode.XDS_METADATA_UPDATE_ERROR
OPERATION: Final = ErrorCode.XDS_METADATA_UPDATE_OPERATION_ERROR


def submits_name_an_association(operations: Operations) -> Iterator[Complaint]:
    """Check that the target of SubmitAssociation is an Association of the message."""
    associations = {a.entry_uuid: a for a in operations.facts.submission.associations}
    for submit in operations.submits:
        if submit.target in operations.submitted:
            continue
        target = associations.get(submit.target)
        yield of_association(
            submit,
            OPERATION,
            "the target of SubmitAssociation is a relationship or a HasMember of this message "
            "(MU §3.57.4.1.3.3.6)",
            f"{quote(submit.target)}, which is "
            + (quote(target.association_type) if target else "no Association of this message"),
            "the id of an Association of this message",
            "correct targetObject, or the type of the Association",
        )


def submitted_associations_fit(operations: Operations) -> Iterator[Complaint]:
    """Check both ends of what is submitted."""
    for association in operations.submitted.values():
        ends = []
        for end, identifier in (
            ("sourceObject", association.source),
            ("targetObject", association.target),
        ):
            known = operations.resolve(identifier)
            if known is None:
                yield of_association(
                    association,
                    ErrorCode.UNRESOLVED_REFERENCE_EXCEPTION,
                    f"{end} of a submitted Association is a registered object, or a new version "
                    "in this message (MU §3.57.4.1.3.3.6)",
                    f"{quote(identifier)}, which is neither",
                    "the entryUUID of a registered object",
                    "query the entryUUID (ITI-18)",
                )
            else:
                ends.append(known)
            yield from _by_hand(association, identifier, operations)
        if len(ends) == 2:  # noqa: PLR2004 - both
            yield from _fits(association, ends[0], ends[1], operations)


def _by_hand(
    association: Association, identifier: str, operations: Operations
) -> Iterator[Complaint]:
    version = operations.version_of(identifier)
    if version is not None and version.propagates:
        yield of_association(
            association,
            OPERATION,
            "a new version whose Associations are submitted one by one takes none over by itself "
            "(MU §3.57.4.1.3.1; change proposal ITI-1029)",
            f"{quote(identifier)} without {v.ASSOCIATION_PROPAGATION} no",
            f"Slot {v.ASSOCIATION_PROPAGATION} with the value no on its HasMember",
            "add the Slot and submit every Association that the new version is to have, or send "
            "two updates",
        )


def _fits(
    association: Association, source: KnownObject, target: KnownObject, operations: Operations
) -> Iterator[Complaint]:
    kind = association.association_type
    first = Kind.FOLDER if kind == v.HAS_MEMBER else Kind.DOCUMENT_ENTRY
    snapshot_fits = (source.object_type, target.object_type) == (v.STABLE, v.ON_DEMAND)
    for holds, code, rule, came, expected in (
        (
            (source.kind, target.kind) == (first, Kind.DOCUMENT_ENTRY)
            and association.source != association.target,
            UPDATE,
            (
                "a submitted relationship joins two DocumentEntries, a submitted HasMember puts a "
                "DocumentEntry into a Folder (MU §3.57.4.1.3.3.6)"
            ),
            (
                f"{quote(kind)} from the {source.kind} {quote(association.source)} to the "
                f"{target.kind} {quote(association.target)}"
            ),
            f"from a {first} to a DocumentEntry",
        ),
        (
            kind != v.IS_SNAPSHOT_OF or snapshot_fits,
            UPDATE,
            (
                "IsSnapshotOf leads from a stable to an On-Demand DocumentEntry "
                "(ITI TF-2 §3.42.4.1.3.5)"
            ),
            "entries of other types",
            "the snapshot as sourceObject, the On-Demand entry as targetObject",
        ),
        (
            v.APPROVED == source.status == target.status
            and not any(map(operations.is_outdated, (association.source, association.target))),
            UPDATE,
            (
                "both ends of a submitted Association are Approved, and stay the latest version "
                "(MU §3.57.4.1.3.3.6)"
            ),
            f"{source.status.rpartition(':')[2]} and {target.status.rpartition(':')[2]}",
            "two Approved objects",
        ),
        (
            source.patient_id == target.patient_id == operations.patient,
            ErrorCode.XDS_PATIENT_ID_RECONCILIATION_ERROR,
            (
                "both ends of a submitted Association and the update have one patientId "
                "(MU §3.57.4.1.3.3.6.7)"
            ),
            "objects of different patients",
            "one patient",
        ),
        (
            not _is_registered(association, operations),
            UPDATE,
            "between two objects there is one Approved Association of a type (MU §3.57.4.1.3.3.6)",
            f"{quote(kind)} again",
            "an Association that is not there yet",
        ),
    ):
        if not holds:
            yield of_association(
                association, code, rule, came, expected, "correct sourceObject or targetObject"
            )


def _is_registered(association: Association, operations: Operations) -> bool:
    key = (association.source, association.target, association.association_type)
    return any(
        (a.source, a.target, a.association_type) == key and a.status == v.APPROVED
        for a in operations.facts.known.associations
    ) or any(
        (a.source, a.target, a.association_type) == key and a is not association
        for a in operations.submitted.values()
    )


def relationships_follow_the_framework(operations: Operations) -> Iterator[Complaint]:
    """Run the rules of a submission's relationships that hold here too."""
    yield from one_successor(operations.facts)
    yield from no_addendum_to_a_transformation(operations.facts)


SUBMITTED_RULES: Final = (
    submits_name_an_association,
    submitted_associations_fit,
    relationships_follow_the_framework,
)
