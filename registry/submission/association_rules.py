"""Rules of a submission about its Associations: references, relationships, folders.

Spec: ITI TF-2 §3.42.4.1.3.3.2, §3.42.4.1.3.4, §3.42.4.1.3.5; ITI TF-3 §4.2.2. Pure.
"""

from collections.abc import Iterator

from registry.ledger.api import Kind, KnownObject
from registry.submission.facts import Facts
from xds.errors import Complaint, ErrorCode, quote, quote_identifier
from xds.metadata import vocabulary as v
from xds.metadata.hl7v2 import cx_key
from xds.metadata.judge import name_of
from xds.metadata.views import Association


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
            f"a new document of patient {quote_identifier(source.patient_id)}",
            "the patient of the document that it relates to",
            "correct patientId, or the targetObject",
        )
    if association.association_type == v.IS_SNAPSHOT_OF and source.object_type != v.STABLE:
        yield _association_complaint(
            association,
            ErrorCode.XDS_REGISTRY_METADATA_ERROR,
            "sourceObject of IsSnapshotOf is a stable DocumentEntry (ITI TF-2 §3.42.4.1.3.5)",
            "an On-Demand DocumentEntry",
            "a stable DocumentEntry of this submission",
            "register the snapshot as a stable document, with ITI-42",
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
        patient = cx_key(facts.submission.submission_set.patient_id)
        yield from _folder_membership(association, folder, member, patient)


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
    association: Association, folder: KnownObject, member: KnownObject, patient: str
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
    if not folder.patient_id == member.patient_id == patient:
        yield _association_complaint(
            association,
            ErrorCode.XDS_PATIENT_ID_DOES_NOT_MATCH,
            "a document, every Folder that it is in and the SubmissionSet that puts it there have "
            "the same patientId (ITI TF-2 §3.42.4.1.3.3.2; ITI TF-3 §4.2.2.1.4)",
            # Not whose they are: the caller need not know another patient.
            f"objects of different patients; the SubmissionSet is of {quote_identifier(patient)}",
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
