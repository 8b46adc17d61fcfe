"""Rules of a submission about patients, entryUUIDs and uniqueIds.

Spec: ITI TF-2 §3.42.4.1.3.3.1, §3.42.4.1.3.3.2, §3.42.4.1.3.3.7; ITI TF-3 §4.2.3.1.5. Pure.
"""

from collections.abc import Iterator
from typing import Final

from registry.ledger.api import Kind
from registry.submission.facts import Facts
from xds.errors import Complaint, ErrorCode, Where, quote, quote_identifier
from xds.metadata import vocabulary as v
from xds.metadata.hl7v2 import cx_key
from xds.metadata.judge import name_of
from xds.metadata.views import DocumentEntry

RESUBMISSION: Final = {
    True: "the submission is identical to the registered one: it was registered already, do not "
    "send it again",
    False: "the registered submission has other content: give the new one a uniqueId of its own",
}


def known_patients(facts: Facts) -> Iterator[Complaint]:
    """Check that patients are known (§3.42.4.1.3.3.2)."""
    submission = facts.submission
    subjects = (
        ("SubmissionSet", (submission.submission_set,)),
        ("Folder", submission.folders),
        ("DocumentEntry", submission.document_entries),
    )
    told: set[str] = set()
    for subject, objects in subjects:
        for item in objects:
            patient = item.patient_id
            key = cx_key(patient)
            if not key or key in facts.known.patient_ids or key in told:
                continue
            told.add(key)
            yield Complaint(
                code=ErrorCode.XDS_UNKNOWN_PATIENT_ID,
                subject=name_of(subject, item.rim),
                rule="a patientId is one that the patient identity feed has made known "
                "(ITI TF-2 §3.42.4.1.3.3.2)",
                came=quote_identifier(patient),
                expected="the identifier of a known patient",
                fix="make the patient known first, or correct the identifier",
                where=item.where,
            )


def new_ids(facts: Facts) -> Iterator[Complaint]:
    """Check that no id of the message is an entryUUID already (§4.2.3.1.5: it is permanent).

    Nor a logicalID, which outlives the first version when that is removed (ITI-62).
    """
    for identifier, item in facts.own().items():
        if identifier in facts.known.by_uuid or identifier in facts.known.by_logical_id:
            rim = next(r for r in facts.submission.objects if r.id == identifier)
            yield Complaint(
                code=ErrorCode.XDS_REGISTRY_METADATA_ERROR,
                subject=name_of(item.kind, rim),
                rule="the entryUUID of a new object is not yet in use (ITI TF-3 §4.2.3.1.5)",
                came=quote(identifier),
                expected="a symbolic id, or a UUID that was never registered",
                fix="let the Registry assign the UUID: send a symbolic id",
                where=rim.where,
            )


def new_unique_ids_of_packages(facts: Facts) -> Iterator[Complaint]:
    """Check SubmissionSet and Folder uniqueIds (§3.42.4.1.3.3.7; TF-3 §4.2.3.3.12, §4.2.3.4.8)."""
    submission_set = facts.submission.submission_set
    for known in facts.known.by_unique_id.get(submission_set.unique_id, ())[:1]:
        is_same = known.kind is Kind.SUBMISSION_SET and known.fingerprint == facts.fingerprint
        is_set = known.kind is Kind.SUBMISSION_SET
        yield _duplicate(
            name_of("SubmissionSet", submission_set.rim),
            "SubmissionSet.uniqueId is not the uniqueId of any registered object "
            "(ITI TF-2 §3.42.4.1.3.3.7)",
            submission_set.unique_id,
            RESUBMISSION[is_same] if is_set else "give it a uniqueId of its own",
            submission_set.where,
        )
    for folder in facts.submission.folders:
        if facts.known.by_unique_id.get(folder.unique_id):
            yield _duplicate(
                name_of("Folder", folder.rim),
                "Folder.uniqueId is not the uniqueId of any registered object "
                "(ITI TF-3 §4.2.3.4.9)",
                folder.unique_id,
                "give the new folder a uniqueId of its own; to add to the registered folder, "
                "name its entryUUID in an Association",
                folder.where,
            )


def _duplicate(subject: str, rule: str, came: str, fix: str, where: Where) -> Complaint:
    return Complaint(
        code=ErrorCode.XDS_DUPLICATE_UNIQUE_ID_IN_REGISTRY,
        subject=subject,
        rule=rule,
        came=f"{quote_identifier(came)}, which is registered",
        expected="a uniqueId that was never registered",
        fix=fix,
        where=where,
    )


def same_document_under_same_unique_id(facts: Facts) -> Iterator[Complaint]:
    """Check DocumentEntry.uniqueId (§3.42.4.1.3.3.1): again only for the same bytes."""
    for entry in facts.submission.document_entries:
        for known in facts.known.by_unique_id.get(entry.unique_id, ()):
            if known.kind is not Kind.DOCUMENT_ENTRY:
                yield _duplicate(
                    name_of("DocumentEntry", entry.rim),
                    "a uniqueId names one object (ITI TF-3 §4.2.3.2.26)",
                    entry.unique_id,
                    "give the document a uniqueId of its own",
                    entry.where,
                )
            elif known.object_type == v.ON_DEMAND:
                yield _duplicate(
                    name_of("DocumentEntry", entry.rim),
                    "the uniqueId of an On-Demand DocumentEntry never names a document "
                    "(ITI TF-2 §3.61.4.1.2)",
                    entry.unique_id,
                    "give the document a uniqueId of its own; to say that it is what the "
                    "On-Demand entry gave, relate the two by IsSnapshotOf",
                    entry.where,
                )
            elif entry.hash and known.hash != entry.hash.lower():
                yield _other_bytes(
                    entry, ErrorCode.XDS_NON_IDENTICAL_HASH, "hash", entry.hash, known.hash
                )
            elif entry.size is not None and known.size != entry.size:
                yield _other_bytes(
                    entry,
                    ErrorCode.XDS_NON_IDENTICAL_SIZE,
                    "size",
                    str(entry.size),
                    str(known.size),
                )
            else:
                continue
            break


def _other_bytes(
    entry: DocumentEntry, code: ErrorCode, attribute: str, came: str, registered: str
) -> Complaint:
    return Complaint(
        code=code,
        subject=name_of("DocumentEntry", entry.rim),
        rule=f"entries with the same uniqueId have the same {attribute} (ITI TF-2 §3.42.4.1.3.3.1)",
        came=f"uniqueId {quote_identifier(entry.unique_id)} with {attribute} {quote(came)}",
        expected=f"the {attribute} registered under this uniqueId, {quote(registered)}",
        fix="give changed content a new uniqueId; send unchanged content byte for byte",
        where=entry.where,
    )
