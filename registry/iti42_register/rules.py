"""The rules of a submission that depend on what is registered, as rows of a table.

Spec: ITI TF-2 §3.42.4.1.3.3 to §3.42.4.1.3.5. What the message alone can tell is in
`xds.metadata.rules`. Pure: a rule sees values and yields complaints; all rules run, all
complaints are answered.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from registry.ledger.api import Kind, Known, KnownObject, Wanted
from xds.errors import Complaint, ErrorCode, Where, quote
from xds.metadata import vocabulary as v
from xds.metadata.hl7v2 import cx_key
from xds.metadata.judge import name_of
from xds.metadata.views import Association, DocumentEntry, Folder, Submission, SubmissionSet

RESUBMISSION: Final = {
    True: "the submission is identical to the registered one: it was registered already, do not "
    "send it again",
    False: "the registered submission has other content: give the new one a uniqueId of its own",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A submission and what the ledger knows of what it refers to."""

    submission: Submission
    known: Known
    fingerprint: str
    """Digest of the submission as it came."""

    def resolve(self, identifier: str) -> KnownObject | None:
        """Return what an id of the message means: an object of the message, or a registered one."""
        return self.own().get(identifier) or self.known.by_uuid.get(identifier)

    def own(self) -> dict[str, KnownObject]:
        """Return the message's own objects as they will be registered, by their ids."""
        submission = self.submission
        own = [
            KnownObject(
                kind=Kind.DOCUMENT_ENTRY,
                entry_uuid=entry.entry_uuid,
                patient_id=cx_key(entry.patient_id),
                status=v.APPROVED,
                unique_id=entry.unique_id,
                object_type=entry.object_type,
            )
            for entry in submission.document_entries
        ]
        for kind, objects in (
            (Kind.SUBMISSION_SET, (submission.submission_set,)),
            (Kind.FOLDER, submission.folders),
        ):
            own += [
                KnownObject(
                    kind=kind,
                    entry_uuid=o.entry_uuid,
                    patient_id=cx_key(o.patient_id),
                    status=v.APPROVED,
                )
                for o in objects
            ]
        own += [
            KnownObject(
                kind=Kind.ASSOCIATION,
                entry_uuid=a.entry_uuid,
                patient_id=cx_key(submission.submission_set.patient_id),
                status=v.APPROVED,
            )
            for a in submission.associations
        ]
        return {o.entry_uuid: o for o in own if o.entry_uuid}


Rule = Callable[[Facts], Iterator[Complaint]]


def wanted_of(submission: Submission) -> Wanted:
    """Return what must be looked up for the rules and the plan."""
    packages: tuple[SubmissionSet | Folder, ...] = (submission.submission_set, *submission.folders)
    entries = submission.document_entries
    named = {a.source for a in submission.associations}
    named |= {a.target for a in submission.associations}
    named |= {rim.id for rim in submission.objects} | set(submission.object_refs)
    return Wanted(
        patient_ids=frozenset(cx_key(o.patient_id) for o in (*packages, *entries) if o.patient_id),
        entry_uuids=frozenset(n for n in named if not v.is_symbolic(n)),
        unique_ids=frozenset(o.unique_id for o in (*packages, *entries) if o.unique_id),
    )


def check(facts: Facts) -> list[Complaint]:
    """Return every complaint of every rule."""
    return [complaint for rule in RULES for complaint in rule(facts)]


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
                came=quote(patient),
                expected="the identifier of a known patient",
                fix="make the patient known first, or correct the identifier",
                where=item.where,
            )


def new_ids(facts: Facts) -> Iterator[Complaint]:
    """Check that no id of the message is an entryUUID already (§4.2.3.1.5: it is permanent)."""
    for identifier, item in facts.own().items():
        if identifier in facts.known.by_uuid:
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
                "(ITI TF-3 §4.2.3.4.8)",
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
        came=f"{quote(came)}, which is registered",
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
        came=f"uniqueId {quote(entry.unique_id)} with {attribute} {quote(came)}",
        expected=f"the {attribute} registered under this uniqueId, {quote(registered)}",
        fix="give changed content a new uniqueId; send unchanged content byte for byte",
        where=entry.where,
    )


def references_are_registered(facts: Facts) -> Iterator[Complaint]:
    """Check that every UUID that an Association names means something (§3.42.4.1.3.5)."""
    for association in facts.submission.associations:
        for end, identifier in (
            ("sourceObject", association.source),
            ("targetObject", association.target),
        ):
            if not v.is_symbolic(identifier) and facts.resolve(identifier) is None:
                yield _association_complaint(
                    association,
                    ErrorCode.UNRESOLVED_REFERENCE_EXCEPTION,
                    f"{end} is an object of this message or a registered one "
                    "(ITI TF-2 §3.42.4.1.3.5)",
                    f"{quote(identifier)}, which is neither",
                    "the entryUUID of a registered object",
                    "query the entryUUID (ITI-18) and send it",
                )


def relationships(facts: Facts) -> Iterator[Complaint]:
    """Check the targets of document relationships (§3.42.4.1.3.5)."""
    for association in facts.submission.associations:
        if association.association_type not in v.RELATIONSHIPS:
            continue
        source = facts.resolve(association.source)
        target = facts.resolve(association.target)
        if target is None or source is None or _signs_its_submission(association, facts):
            continue
        if target.kind is not Kind.DOCUMENT_ENTRY:
            yield _association_complaint(
                association,
                ErrorCode.UNRESOLVED_REFERENCE_EXCEPTION,
                "targetObject of a document relationship is a DocumentEntry "
                "(ITI TF-2 §3.42.4.1.3.5)",
                f"a {target.kind}",
                "the entryUUID of a DocumentEntry",
                "send the entryUUID of the document, not of its set or folder",
            )
            continue
        yield from _relationship(association, source, target)


def _signs_its_submission(association: Association, facts: Facts) -> bool:
    """Return whether this is the signature of the whole submission (France, IHE DSG)."""
    own = facts.submission.submission_set.entry_uuid
    return association.association_type == v.SIGNS and association.target == own


def _relationship(
    association: Association, source: KnownObject, target: KnownObject
) -> Iterator[Complaint]:
    if target.status != v.APPROVED:
        yield _association_complaint(
            association,
            ErrorCode.XDS_REGISTRY_DEPRECATED_DOCUMENT_ERROR,
            "targetObject is Approved: only the latest version can be replaced, appended to or "
            "transformed (ITI TF-2 §3.42.4.1.3.5)",
            f"{quote(association.target)}, which is {target.status.rpartition(':')[2]}",
            "an Approved DocumentEntry",
            "query the latest version (GetRelatedDocuments) and name it",
        )
    if source.patient_id != target.patient_id:
        yield _association_complaint(
            association,
            ErrorCode.XDS_PATIENT_ID_DOES_NOT_MATCH,
            "both documents of a relationship have the same patientId (ITI TF-2 §3.42.4.1.3.3.2)",
            f"a new document of patient {quote(source.patient_id)}",
            "the patient of the document that it relates to",
            "correct patientId, or the targetObject",
        )
    if association.association_type == v.IS_SNAPSHOT_OF and target.object_type != v.ON_DEMAND:
        yield _association_complaint(
            association,
            ErrorCode.XDS_REGISTRY_METADATA_ERROR,
            "targetObject of IsSnapshotOf is an On-Demand DocumentEntry (ITI TF-2 §3.42.4.1.3.5)",
            "a stable DocumentEntry",
            "an On-Demand DocumentEntry",
            "name the On-Demand entry that this document is a snapshot of",
        )


def folder_memberships(facts: Facts) -> Iterator[Complaint]:
    """Check what is put into folders (§3.42.4.1.3.4, §3.42.4.1.3.3.2)."""
    for association in facts.submission.associations:
        folder = facts.resolve(association.source)
        member = facts.resolve(association.target)
        if association.association_type != v.HAS_MEMBER or folder is None or member is None:
            continue
        if folder.kind is not Kind.FOLDER:
            yield from _not_into_a_folder(association, folder, facts)
            continue
        if member.kind is not Kind.DOCUMENT_ENTRY:
            yield _association_complaint(
                association,
                ErrorCode.XDS_REGISTRY_METADATA_ERROR,
                "a Folder holds DocumentEntries only (ITI TF-3 §4.2.2.1.5)",
                f"a {member.kind}",
                "a DocumentEntry",
                "correct targetObject",
            )
            continue
        yield from _folder_membership(association, folder, member)


def _not_into_a_folder(
    association: Association, source: KnownObject, facts: Facts
) -> Iterator[Complaint]:
    own = facts.submission.submission_set.entry_uuid
    if association.source != own:
        yield _association_complaint(
            association,
            ErrorCode.XDS_REGISTRY_METADATA_ERROR,
            "HasMember leads from this message's SubmissionSet, or from a Folder "
            "(ITI TF-3 §4.2.2.1)",
            f"a {source.kind} that is not of this message",
            "this message's SubmissionSet, or a Folder",
            "correct sourceObject",
        )


def _folder_membership(
    association: Association, folder: KnownObject, member: KnownObject
) -> Iterator[Complaint]:
    for item, end in ((folder, association.source), (member, association.target)):
        if item.status != v.APPROVED:
            code = (
                ErrorCode.XDS_REGISTRY_DEPRECATED_DOCUMENT_ERROR
                if item.kind is Kind.DOCUMENT_ENTRY
                else ErrorCode.XDS_REGISTRY_METADATA_ERROR
            )
            yield _association_complaint(
                association,
                code,
                "a document and the Folder that it is put into are Approved "
                "(ITI TF-2 §3.42.4.1.3.4)",
                f"the {item.kind} {quote(end)}, which is {item.status.rpartition(':')[2]}",
                f"an Approved {item.kind}",
                "name the latest version",
            )
    if folder.patient_id != member.patient_id:
        yield _association_complaint(
            association,
            ErrorCode.XDS_PATIENT_ID_DOES_NOT_MATCH,
            "a document has the patientId of every Folder that it is in (ITI TF-2 §3.42.4.1.3.3.2)",
            "a document and a Folder of different patients",
            "one patient",
            "correct patientId, or choose a Folder of the same patient",
        )


def _association_complaint(  # noqa: PLR0913, PLR0917 - the parts of a complaint
    association: Association, code: ErrorCode, rule: str, came: str, expected: str, fix: str
) -> Complaint:
    return Complaint(
        code=code,
        subject=name_of("Association", association.rim),
        rule=rule,
        came=came,
        expected=expected,
        fix=fix,
        where=association.where,
    )


RULES: Final[tuple[Rule, ...]] = (
    known_patients,
    new_ids,
    new_unique_ids_of_packages,
    same_document_under_same_unique_id,
    references_are_registered,
    relationships,
    folder_memberships,
)
