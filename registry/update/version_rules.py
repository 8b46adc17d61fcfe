"""What makes an object of the message a new version, and what a new version keeps.

Spec: MU §3.57.4.1.3.3.1 (DocumentEntry), §3.57.4.1.3.3.3 (Folder), §3.57.4.1.3.3.1.7 and .3.7
(patients). The new version has the status of the one before (change proposal ITI-1190). Pure.
"""

from collections.abc import Iterator
from typing import Final

from registry.update.operations import (
    NewVersion,
    Operations,
    of_version,
)
from registry.update.propagation import carried
from xds.errors import Complaint, ErrorCode, quote
from xds.metadata import vocabulary as v
from xds.metadata.views import DocumentEntry

UPDATE: Final = ErrorCode.XDS_METADATA_UPDATE_ERROR


def versions_name_a_logical_object(operations: Operations) -> Iterator[Complaint]:
    """Check lid: the logicalID of a registered object, not the new version's own id."""
    for version in operations.versions:
        lid = version.item.logical_id
        if not lid or v.is_symbolic(lid) or lid == version.item.entry_uuid:
            yield of_version(
                version,
                UPDATE,
                "a new version has a registered object's logicalID as lid, and an id of its own; "
                "a first version is not registered by an update (MU §3.57.4.1.3.1, §3.57.4.1.3.3)",
                f"lid {quote(lid)}" if lid else "no lid",
                "the lid of the registered object, as a query gives it",
                "query the object (ITI-18) and keep its lid; register a new one with ITI-42",
            )


def versions_follow_the_latest(operations: Operations) -> Iterator[Complaint]:
    """Check PreviousVersion: the number of the latest registered version, of the same kind."""
    for version in operations.versions:
        lid, latest = version.item.logical_id, version.latest
        if not lid or v.is_symbolic(lid) or lid == version.item.entry_uuid:
            continue  # said already
        if latest is None or latest.kind is not version.kind:
            yield of_version(
                version,
                ErrorCode.XDS_METADATA_VERSION_ERROR,
                f"lid is the logicalID of a registered {version.kind} (MU §3.57.4.1.3.3)",
                f"lid {quote(lid)}, under which "
                + (f"a {latest.kind} is registered" if latest else "nothing is registered"),
                f"the lid of a registered {version.kind}",
                "query the object (ITI-18) and keep its lid",
            )
        elif _is_another_number(version, latest.version):
            yield of_version(
                version,
                ErrorCode.XDS_METADATA_VERSION_ERROR,
                f"{v.PREVIOUS_VERSION} is the latest registered version (MU §3.57.4.1.3.3)",
                quote(version.previous[0]),
                f"{latest.version}",
                "somebody may have changed the object meanwhile: query it again (ITI-18) and "
                "change what is registered now",
            )
        elif latest.status == v.DELETED:
            yield of_version(
                version,
                UPDATE,
                "what is Deleted is not changed any more",
                "a new version of it",
                "a document that is not Deleted",
                "submit the document anew if it is needed",
            )


def _is_another_number(version: NewVersion, latest: int) -> bool:
    """Return whether PreviousVersion is a number, as it should be, and not this one."""
    return (
        len(version.previous) == 1
        and version.previous[0].isdecimal()
        and version.previous[0].lstrip("0") != str(latest)
    )


def versions_keep_their_identity(operations: Operations) -> Iterator[Complaint]:
    """Check that a new version has the uniqueId and the objectType of the one before."""
    for version in operations.versions:
        item, latest = version.item, version.latest
        if latest is None or latest.kind is not version.kind:
            continue  # said already
        pairs = [("uniqueId", item.unique_id, latest.unique_id)]
        if isinstance(item, DocumentEntry):
            pairs.append(("objectType", item.object_type, latest.object_type))
        for name, came, registered in pairs:
            if came != registered:
                yield of_version(
                    version,
                    UPDATE,
                    f"a new version keeps {name} (MU §3.57.4.1.3.3)",
                    quote(came),
                    quote(registered),
                    f"send {name} as it is registered; other content is a new document "
                    "(ITI-42, RPLC)",
                )


def versions_replace_one_in_use(operations: Operations) -> Iterator[Complaint]:
    """Check that the latest version is not Deprecated; a restricted update may change that too."""
    for version in operations.versions:
        if version.latest is not None and version.latest.status == v.DEPRECATED:
            yield of_version(
                version,
                UPDATE,
                "the version before the new one is Approved (MU §3.57.4.1.3.3.1, §3.57.4.1.3.3.3)",
                f"the latest version, {version.latest.version}, is Deprecated",
                "an Approved object",
                "approve it first, with UpdateAvailabilityStatus",
            )


def associations_stay_with_one_patient(operations: Operations) -> Iterator[Complaint]:
    """Check that what a new version takes over joins objects of one patient.

    A patientId changes only where nothing is related, or with all that is, or without propagation.
    """
    renamed = {
        n.latest.entry_uuid: n.item.entry_uuid
        for n in operations.versions
        if n.latest is not None and n.propagates
    }
    told: set[str] = set()
    for association in carried(operations):
        ends = [renamed.get(end, end) for end in (association.source, association.target)]
        patients = {known.patient_id for end in ends if (known := operations.resolve(end))}
        version = next(filter(None, map(operations.version_of, ends)), None)
        if version is None or len(patients) < 2 or version.item.entry_uuid in told:  # noqa: PLR2004
            continue
        told.add(version.item.entry_uuid)
        yield of_version(
            version,
            ErrorCode.XDS_PATIENT_ID_RECONCILIATION_ERROR,
            "a new version that takes over Associations has the patientId of all that they join "
            "(MU §3.57.4.1.3.3.1.7, §3.57.4.1.3.3.3.7)",
            f"patientId {quote(version.item.patient_id)}, and "
            f"{quote(association.association_type)} to an object of another patient",
            "one patientId",
            "update all objects that are related in one message, or set AssociationPropagation "
            "to no",
        )


VERSION_RULES: Final = (
    versions_name_a_logical_object,
    versions_follow_the_latest,
    associations_stay_with_one_patient,
)
