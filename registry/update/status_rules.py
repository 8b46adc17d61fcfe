"""Which object's availabilityStatus changes, and from what to what.

Spec: MU §3.57.4.1.3.3.2 (DocumentEntry), §3.57.4.1.3.3.4 (Folder), §3.57.4.1.3.3.5 (Association).
Archived and Deleted are departures of a domain (`xds.metadata.departures`). Pure.
"""

from collections.abc import Iterator
from typing import Final

from registry.ledger.api import Kind, KnownObject
from registry.update.operations import (
    Operations,
    of_association,
    values_of,
)
from xds.errors import Complaint, ErrorCode, quote
from xds.metadata import vocabulary as v
from xds.metadata.views import Association

UPDATE: Final = ErrorCode.XDS_METADATA_UPDATE_ERROR
OPERATION: Final = ErrorCode.XDS_METADATA_UPDATE_OPERATION_ERROR
OF_THE_FRAMEWORK: Final = frozenset({(v.APPROVED, v.DEPRECATED), (v.DEPRECATED, v.APPROVED)})
TRANSITIONS: Final[dict[Kind, frozenset[tuple[str, str]]]] = {
    Kind.DOCUMENT_ENTRY: OF_THE_FRAMEWORK
    | {
        (v.APPROVED, v.ARCHIVED),  # France, DMP, TD3.3d
        (v.ARCHIVED, v.APPROVED),
        (v.APPROVED, v.DELETED),  # TD3.3c, and for good
        (v.ARCHIVED, v.DELETED),
        (v.DEPRECATED, v.DELETED),
    },
    Kind.FOLDER: OF_THE_FRAMEWORK,
    Kind.ASSOCIATION: OF_THE_FRAMEWORK,
}
"""From what to what an object of each kind goes; a SubmissionSet's status never changes. Of what
the domain does not know, the Slots' own rule has said so already."""


def statuses_change_as_they_may(operations: Operations) -> Iterator[Complaint]:
    """Check UpdateAvailabilityStatus: target, OriginalStatus, NewStatus."""
    for change in operations.changes:
        known = operations.resolve(change.target)
        if known is None:
            yield of_association(
                change,
                ErrorCode.UNRESOLVED_REFERENCE_EXCEPTION,
                "the target of UpdateAvailabilityStatus is a registered object, or one of this "
                "message (MU §3.57.4.1.3.3.2)",
                f"{quote(change.target)}, which is neither",
                "the entryUUID of a registered object",
                "query the entryUUID of the latest version (ITI-18)",
            )
            continue
        yield from _target(change, known, operations)
        original, new = values_of(change, v.ORIGINAL_STATUS), values_of(change, v.NEW_STATUS)
        if len(original) == len(new) == 1:
            yield from _transition(change, known, original[0], new[0])


def _target(change: Association, known: KnownObject, operations: Operations) -> Iterator[Complaint]:
    latest = operations.latest(known)
    is_latest = known.entry_uuid == latest.entry_uuid or operations.version_of(known.entry_uuid)
    if not is_latest or operations.is_outdated(known.entry_uuid):
        yield of_association(
            change,
            UPDATE,
            "only the latest version of an object changes its status (MU §3.57.4.1.3.3.2)",
            f"version {known.version} of {quote(known.logical_id)}",
            f"the latest version, {quote(latest.entry_uuid)}, or the new one of this message",
            "correct targetObject",
        )
    if known.kind is Kind.SUBMISSION_SET or (
        known.kind is Kind.ASSOCIATION and not _may_be_withdrawn(change.target, operations)
    ):
        yield of_association(
            change,
            UPDATE,
            "the status of a DocumentEntry, a Folder, a relationship or a place in a Folder "
            "changes; that of a SubmissionSet and its memberships never (MU §3.57.4.1.3.1)",
            f"the {known.kind} {quote(change.target)}",
            "the entryUUID of an object whose status changes",
            "correct targetObject",
        )
    if known.patient_id != operations.patient:
        yield of_association(
            change,
            ErrorCode.XDS_PATIENT_ID_RECONCILIATION_ERROR,
            "an update and what it changes are about one patient (MU §3.57.4.1.3.1)",
            f"the {known.kind} {quote(change.target)} of another patient",
            "the patientId of the SubmissionSet",
            "correct SubmissionSet.patientId, or targetObject",
        )


def _transition(
    change: Association, known: KnownObject, original: str, new: str
) -> Iterator[Complaint]:
    if original == new:
        yield of_association(
            change,
            OPERATION,
            f"{v.NEW_STATUS} is another than {v.ORIGINAL_STATUS} (MU §3.57.4.1.3.2)",
            f"both {quote(new)}",
            "two statuses",
            f"correct {v.NEW_STATUS}",
        )
    elif known.status != original:
        yield of_association(
            change,
            UPDATE,
            f"{v.ORIGINAL_STATUS} is the status that the object has (MU §3.57.4.1.3.3.2)",
            quote(original),
            quote(known.status),
            "query the object (ITI-18): somebody may have changed it meanwhile",
        )
    elif (transitions := TRANSITIONS.get(known.kind)) and (original, new) not in transitions:
        yield of_association(
            change,
            UPDATE,
            f"a {known.kind} goes from one status to another as MU §3.57.4.1.3.3 and the affinity "
            "domain have it",
            f"from {quote(original)} to {quote(new)}",
            ", ".join(sorted(to for start, to in transitions if start == original))
            or "nothing: its status stays",
            f"correct {v.NEW_STATUS}",
        )


def _may_be_withdrawn(identifier: str, operations: Operations) -> bool:
    """Return whether an Association is a relationship, or puts a document into a Folder."""
    if identifier in operations.submitted:
        return True
    for association in operations.facts.known.associations:
        if association.entry_uuid == identifier:
            source = operations.facts.known.by_uuid.get(association.source)
            is_place = source is not None and source.kind is Kind.FOLDER
            return association.association_type in v.RELATIONSHIPS or is_place
    return False


STATUS_RULES: Final = (statuses_change_as_they_may,)
