"""Rules of a submission about its own SubmissionSet's members, and about what it may not say.

Spec: ITI TF-3 §4.2.2, §4.2.2.1; ITI TF-2 §3.42.4.1.3.5; XDS Metadata Update (ITI-57), which alone
makes a new version of an object. Pure.
"""

from collections.abc import Iterator

from registry.ledger.api import Kind, KnownObject
from registry.submission.facts import Facts, logical_id_of
from xds.errors import Complaint, ErrorCode, Where, quote, quote_identifier
from xds.metadata import vocabulary as v
from xds.metadata.judge import name_of
from xds.metadata.views import Association


def members_of_the_submission_set(facts: Facts) -> Iterator[Complaint]:
    """Check what the SubmissionSet has as member that was registered earlier.

    A document by Reference may be another patient's (§4.2.2.1.1); nothing else may.
    """
    own, own_set = facts.own(), facts.submission.submission_set.entry_uuid
    for association in facts.submission.associations:
        member = facts.known.by_uuid.get(association.target)
        if (
            association.association_type != v.HAS_MEMBER
            or association.source != own_set
            or association.target in own  # under an id in use: that is another rule's complaint
            or member is None
        ):
            continue
        if member.kind is Kind.DOCUMENT_ENTRY:
            yield from _by_reference(association, member)
        elif member.kind is Kind.SUBMISSION_SET:
            yield _complaint(
                association,
                ErrorCode.XDS_REGISTRY_METADATA_ERROR,
                "a SubmissionSet has DocumentEntries, Folders and Associations as members, and "
                "nothing is added to a registered one (ITI TF-3 §4.2.1.2, §4.2.2.1)",
                f"the SubmissionSet {quote(association.target)}",
                "a DocumentEntry, a Folder or an Association",
                "correct targetObject",
            )
        else:
            yield from _of_one_patient(association, member, facts)


def _by_reference(association: Association, member: KnownObject) -> Iterator[Complaint]:
    if member.status != v.APPROVED:
        yield _complaint(
            association,
            ErrorCode.XDS_REGISTRY_DEPRECATED_DOCUMENT_ERROR,
            "no new Association names a deprecated DocumentEntry (ITI TF-3 §4.2.2)",
            f"{quote(association.target)}, which is {member.status.rpartition(':')[2]}",
            "an Approved DocumentEntry",
            "query the latest version (GetRelatedDocuments) and name it",
        )
    if not association.submission_set_status:
        yield _complaint(
            association,
            ErrorCode.XDS_REGISTRY_METADATA_ERROR,
            "the membership of a DocumentEntry that was registered earlier says so "
            "(ITI TF-3 §4.2.2.1.1)",
            "no SubmissionSetStatus",
            f"Slot 'SubmissionSetStatus' with the value {v.REFERENCE}",
            "add the Slot",
        )


def _of_one_patient(
    association: Association, member: KnownObject, facts: Facts
) -> Iterator[Complaint]:
    own = facts.own()[association.source].patient_id
    if member.patient_id and member.patient_id != own:
        yield _complaint(
            association,
            ErrorCode.XDS_PATIENT_ID_DOES_NOT_MATCH,
            "a SubmissionSet and the Folders and folder memberships that it holds have the same "
            "patientId (ITI TF-3 §4.2.2.1.2, §4.2.2.1.4)",
            f"the {member.kind} {quote(association.target)} of another patient",
            f"one of patient {quote_identifier(own)}",
            "correct patientId, or leave this member away",
        )


def one_successor(facts: Facts) -> Iterator[Complaint]:
    """Check that a document is replaced once (§3.42.4.1.3.5: only the latest version can be)."""
    replaced: dict[str, Association] = {}
    for association in facts.submission.associations:
        if association.association_type not in v.REPLACING:
            continue
        first = replaced.setdefault(association.target, association)
        if first is not association:
            yield _complaint(
                association,
                ErrorCode.XDS_REGISTRY_DEPRECATED_DOCUMENT_ERROR,
                "a document is replaced once: then it is deprecated, and its replacement is the "
                "latest version (ITI TF-2 §3.42.4.1.3.5)",
                f"{quote(association.target)}, which {name_of('Association', first.rim)} of this "
                "submission replaces",
                "one RPLC or XFRM_RPLC for each replaced document",
                "remove one of the two",
            )


def no_addendum_to_a_transformation(facts: Facts) -> Iterator[Complaint]:
    """Check that what is appended to is an original (TF-3 §4.2.2.2.1).

    A transformation whose Association was withdrawn is a document of its own by now.
    """
    transformations = {
        a.source
        for a in facts.known.associations
        if a.association_type == v.TRANSFORM and a.status == v.APPROVED
    } | {a.source for a in facts.submission.associations if a.association_type == v.TRANSFORM}
    for association in facts.submission.associations:
        if association.association_type == v.APPEND and association.target in transformations:
            yield _complaint(
                association,
                ErrorCode.XDS_REGISTRY_METADATA_ERROR,
                "nothing is appended to a transformation, which is another form of its original "
                "(ITI TF-3 §4.2.2.2.1)",
                f"APND of {quote(association.target)}, the sourceObject of an XFRM",
                "the DocumentEntry that it is a transformation of",
                "append to the original",
            )


def no_version_of_a_registered_object(facts: Facts) -> Iterator[Complaint]:
    """Check that a submission changes nothing: a new version is ITI-57's (its supplement)."""
    for rim in facts.submission.objects:
        logical_id = logical_id_of(rim)
        if logical_id and facts.known.by_logical_id.get(logical_id):
            yield _said(
                name_of(rim.tag, rim),
                ErrorCode.XDS_REGISTRY_METADATA_ERROR,
                "a submission registers new objects: a new version of a registered one is Update "
                "Document Set's (XDS Metadata Update, ITI-57)",
                f"lid {quote(logical_id)}, which is registered",
                "no lid, or that of no registered object",
                "send the new version with ITI-57, or leave lid away",
                rim.where.child("@lid"),
            )


def _complaint(  # noqa: PLR0913, PLR0917 - the parts of a complaint
    association: Association, code: ErrorCode, rule: str, came: str, expected: str, fix: str
) -> Complaint:
    subject = name_of("Association", association.rim)
    return _said(subject, code, rule, came, expected, fix, association.where)


def _said(  # noqa: PLR0913, PLR0917 - the parts of a complaint
    subject: str, code: ErrorCode, rule: str, came: str, expected: str, fix: str, where: Where
) -> Complaint:
    return Complaint(
        code=code, subject=subject, rule=rule, came=came, expected=expected, fix=fix, where=where
    )
