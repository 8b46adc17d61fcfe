"""What a new version of a DocumentEntry or Folder may be, as rows of a table.

Spec: XDS Metadata Update §3.57.4.1.3.3.1 (DocumentEntry), §3.57.4.1.3.3.3 (Folder). Pure.
"""

from collections.abc import Iterator
from typing import Final

from registry.iti57_update.asked import OPERATION, UPDATE, VERSION, Asked, of_item
from registry.iti57_update.operations import NewVersion, carried, values_of
from registry.ledger.api import Kind
from xds.errors import Complaint, ErrorCode, quote
from xds.metadata import vocabulary as v
from xds.metadata.hl7v2 import cx_key
from xds.metadata.views import DocumentEntry

MEMBERSHIP_SLOTS: Final = (
    v.SUBMISSION_SET_STATUS,
    v.PREVIOUS_VERSION,
    v.ASSOCIATION_PROPAGATION,
)


def versions_are_of_registered_objects(asked: Asked) -> Iterator[Complaint]:
    """Check what makes an object a new version: lid and PreviousVersion (§3.57.4.1.3.3.1)."""
    seen: set[str] = set()
    for version in asked.operations.versions:
        item = version.item
        lid = item.logical_id
        if not lid or v.is_symbolic(lid) or lid == item.entry_uuid or not version.previous:
            yield of_item(
                version,
                UPDATE,
                "a new version has the logicalID of a registered object as lid, and its HasMember "
                f"has Slot {v.PREVIOUS_VERSION}",
                f"lid {quote(lid)} and {v.PREVIOUS_VERSION} {quote(', '.join(version.previous))}",
                "a registered logicalID, and the number of its latest version",
                "query the registered object (ITI-18), or register a new one with ITI-42",
            )
        elif not _is_wellsaid(version):
            yield of_item(
                version,
                OPERATION,
                "the HasMember of a new version has SubmissionSetStatus Original and, if at all, "
                f"{v.ASSOCIATION_PROPAGATION} yes or no; each Slot has one value",
                ", ".join(
                    f"{name} {quote(', '.join(values_of(version.membership, name)))}"
                    for name in MEMBERSHIP_SLOTS
                ),
                "these values",
                "correct the Slots",
            )
        elif lid in seen:
            yield of_item(
                version,
                OPERATION,
                "an update makes one new version of an object",
                f"a second one of {quote(lid)}",
                "each logicalID once",
                "send the second in an update of its own",
            )
        else:
            yield from _follows(version)
        seen.add(lid)


def _is_wellsaid(version: NewVersion) -> bool:
    status, previous, propagation = (
        values_of(version.membership, name) for name in MEMBERSHIP_SLOTS
    )
    return (
        # Of a Folder's membership the Slot says nothing (ITI TF-3 §4.2.2.1.2).
        (status == (v.ORIGINAL,) or not isinstance(version.item, DocumentEntry))
        and len(previous) == 1
        and propagation in {("yes",), ("no",), ()}
    )


def _follows(version: NewVersion) -> Iterator[Complaint]:
    latest = version.latest
    wanted = ", ".join(version.previous)
    if latest is None or wanted != str(latest.version):
        found = f"version {latest.version}" if latest else "no such object"
        yield of_item(
            version,
            VERSION,
            f"{v.PREVIOUS_VERSION} is the version of the latest registered object with this lid",
            f"{quote(wanted)} of {quote(version.item.logical_id)}",
            f"what is registered: {found}",
            "query the latest version (ITI-18, $MetadataLevel 2) and change that",
        )
        return
    item = version.item
    is_entry = isinstance(item, DocumentEntry)
    pairs = [("uniqueId", item.unique_id, latest.unique_id)]
    if isinstance(item, DocumentEntry):
        pairs.append(("objectType", item.object_type, latest.object_type))
    if (latest.kind is Kind.DOCUMENT_ENTRY) is not is_entry:
        pairs.append(("kind", (Kind.DOCUMENT_ENTRY if is_entry else Kind.FOLDER), latest.kind))
    for name, came, registered in pairs:
        if came != registered:
            yield of_item(
                version,
                UPDATE,
                f"a new version keeps {name}",
                quote(came),
                quote(registered),
                f"send {name} as it is registered",
            )


def versions_stay_with_their_patient(asked: Asked) -> Iterator[Complaint]:
    """Check that no Association is carried over to another patient (§3.57.4.1.3.3.1.5)."""
    operations = asked.operations
    patients = {
        one.latest.entry_uuid: cx_key(one.item.patient_id)
        for one in operations.versions
        if one.latest is not None
    }
    for version in operations.versions:
        for association in carried(operations, version):
            ends = {
                patients.get(end, known.patient_id)
                for end in (association.source, association.target)
                if (known := operations.facts.known.by_uuid.get(end)) is not None
            }
            if len(ends) > 1:
                yield of_item(
                    version,
                    ErrorCode.XDS_PATIENT_ID_DOES_NOT_MATCH,
                    "a new version that takes the Associations of the old one is the patient's "
                    "of all their ends",
                    f"{quote(version.item.patient_id)} and {quote(association.entry_uuid)}",
                    "the patientId of the old version, or Slot AssociationPropagation 'no'",
                    "set AssociationPropagation to no on its HasMember; relate it anew if needed",
                )
                break
