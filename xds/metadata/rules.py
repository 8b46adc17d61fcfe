"""The rules of one submission that need nothing but the submission, as rows of a table.

Spec: ITI TF-3 §4.1.1.1, §4.2.1, §4.2.2; ITI TF-2 §3.42.4.1.3.3 to §3.42.4.1.3.5. What depends on
objects registered earlier, or on known patients, is the Registry's room's.
"""

from collections.abc import Callable, Iterator
from typing import Final

from xds.errors import Complaint, ErrorCode, Where, quote
from xds.metadata import vocabulary as v
from xds.metadata.attributes import Subject
from xds.metadata.datatype import DatatypeError
from xds.metadata.dtm import parse_dtm
from xds.metadata.hl7v2 import cx_key, parse_cx
from xds.metadata.identifier import check_entry_uuid
from xds.metadata.judge import Actor, name_of
from xds.metadata.message import Message, all_ids
from xds.metadata.rim import NOWHERE, RimObject
from xds.metadata.views import Association, DocumentEntry, Folder, SubmissionSet

Rule = Callable[[Message], Iterator[Complaint]]
Dated = SubmissionSet | DocumentEntry | Folder

DUPLICATE_UNIQUE_ID: Final[dict[Actor, ErrorCode]] = {
    "registry": ErrorCode.XDS_REGISTRY_DUPLICATE_UNIQUE_ID_IN_MESSAGE,
    "repository": ErrorCode.XDS_REPOSITORY_DUPLICATE_UNIQUE_ID_IN_MESSAGE,
}


def one_submission_set(message: Message) -> Iterator[Complaint]:
    """Check that there is exactly one SubmissionSet (ITI TF-3 §4.2.1.5)."""
    sets = message.submission_sets
    if len(sets) == 1:
        return
    where = sets[1].where if sets else _first_place(message)
    yield message.judge.complaint(
        where,
        subject="the submission",
        rule="a submission has exactly one SubmissionSet (ITI TF-3 §4.2.1.5)",
        came=", ".join(name_of("SubmissionSet", s.rim) for s in sets[:3]) or "none",
        expected="one RegistryPackage labelled with classificationNode " + v.SUBMISSION_SET_NODE,
        fix="send one submission a message" if sets else "add the SubmissionSet, or its label",
    )


def unique_ids(message: Message) -> Iterator[Complaint]:
    """Check that an id names one object of the message (ITI TF-3 §4.2.3.1.5; rim.xsd)."""
    first: dict[str, RimObject] = {}
    for rim in all_ids(message.everything):
        other = first.setdefault(rim.id, rim)
        if other is not rim:
            yield message.judge.complaint(
                rim.where.child("@id"),
                subject=name_of(rim.tag, rim),
                rule="an id names one object of the message (ITI TF-3 §4.2.3.1.5)",
                came=f"id {quote(rim.id)} of {rim.tag} (line {rim.where.line}) and of {other.tag} "
                f"(line {other.where.line})",
                expected="a different id for each object, Classification and ExternalIdentifier",
                fix="give one of the two another id, and correct what refers to it",
            )


def object_refs_are_uuids(message: Message) -> Iterator[Complaint]:
    """Check that what is not in the message is named by UUID (ITI TF-3 §4.2.1.5)."""
    for rim in message.object_refs:
        try:
            check_entry_uuid(rim.id)
            is_right = not v.is_symbolic(rim.id)
        except DatatypeError:
            is_right = False
        if not is_right and rim.id not in message.kinds:
            yield message.judge.complaint(
                rim.where.child("@id"),
                subject="ObjectRef",
                rule="an object outside of the message is named by its UUID (ITI TF-3 §4.2.1.5)",
                came=quote(rim.id),
                expected="urn:uuid: and a UUID in lower case",
                fix="send the entryUUID of the registered object",
            )


def members(message: Message) -> Iterator[Complaint]:
    """Check that the SubmissionSet has every DocumentEntry and Folder as member."""
    if len(message.submission_sets) != 1:
        return
    submission_set = message.submission_sets[0]
    targets = {a.target for a in _memberships(message) if a.source == submission_set.entry_uuid}
    rows: list[tuple[DocumentEntry | Folder, Subject, str]] = [
        (o, Subject.DOCUMENT_ENTRY, "4.2.2.1.1") for o in message.document_entries
    ]
    rows += [(o, Subject.FOLDER, "4.2.2.1.2") for o in message.folders]
    for thing, subject, section in rows:
        if thing.entry_uuid not in targets and thing.entry_uuid:
            yield message.judge.complaint(
                thing.where,
                subject=name_of(subject, thing.rim),
                rule=f"a {subject} is linked to its SubmissionSet by a HasMember Association "
                f"(ITI TF-3 §{section})",
                came="no such Association",
                expected=f"an Association {v.HAS_MEMBER} with sourceObject "
                f"{quote(submission_set.entry_uuid)} and targetObject {quote(thing.entry_uuid)}",
                fix="add the Association",
            )
    if not targets and not rows:
        yield message.judge.complaint(
            submission_set.where,
            subject=name_of("SubmissionSet", submission_set.rim),
            rule="a SubmissionSet is the source of at least one HasMember Association "
            "(ITI TF-3 §4.1.1.1)",
            came="none",
            expected="a HasMember Association to a DocumentEntry, a Folder or an Association",
            fix="submit something, or nothing at all",
        )


def association_types(message: Message) -> Iterator[Complaint]:
    """Check that an Association has a type of Table 4.2.2-1."""
    for association in message.associations:
        kind = association.association_type
        if not kind or kind in v.ASSOCIATION_TYPES:
            continue
        is_update = kind in v.UPDATE_ASSOCIATION_TYPES
        yield message.judge.complaint(
            association.where.child("@associationType"),
            subject=name_of("Association", association.rim),
            rule="this Association is one of Update Document Set (ITI-57), not of a submission"
            if is_update
            else "an Association has a type of ITI TF-3 Table 4.2.2-1",
            came=quote(kind),
            expected=", ".join(sorted(v.ASSOCIATION_TYPES)),
            fix="send it to Update Document Set" if is_update else "correct the URN",
        )


def membership_ends(message: Message) -> Iterator[Complaint]:
    """Check that HasMember leads from a SubmissionSet, or from a Folder to a DocumentEntry."""
    for association in _memberships(message):
        source = message.kinds.get(association.source)
        target = message.kinds.get(association.target)
        yield from _unresolved(message, association, "sourceObject", association.source)
        yield from _unresolved(message, association, "targetObject", association.target)
        wrong_source = source in {Subject.DOCUMENT_ENTRY, Subject.ASSOCIATION}
        wrong_target = target is Subject.SUBMISSION_SET or (
            source is Subject.FOLDER and target in {Subject.FOLDER, Subject.ASSOCIATION}
        )
        if wrong_source or wrong_target:
            yield message.judge.complaint(
                association.where,
                subject=name_of("Association", association.rim),
                rule="HasMember leads from a SubmissionSet to a DocumentEntry, Folder or "
                "Association, or from a Folder to a DocumentEntry; Folders do not nest "
                "(ITI TF-3 §4.2.2.1, §4.2.1.3)",
                came=f"from {message.named(association.source)} to "
                f"{message.named(association.target)}",
                expected="one of the four variants of §4.2.2.1",
                fix="correct sourceObject and targetObject",
            )


def submission_set_status(message: Message) -> Iterator[Complaint]:
    """Check that SubmissionSetStatus says Original in the message, Reference outside."""
    sets = {s.entry_uuid for s in message.submission_sets}
    for association in _memberships(message):
        status = association.submission_set_status
        is_here = message.kinds.get(association.target) is Subject.DOCUMENT_ENTRY
        if association.source not in sets or not (is_here or status):
            continue
        if not is_here and association.target in message.kinds:
            right: tuple[str, ...] = (v.ORIGINAL, v.REFERENCE)  # Folder or Association: no meaning
        else:
            right = (v.ORIGINAL,) if is_here else (v.REFERENCE,)
        if status not in right:
            yield message.judge.complaint(
                association.where,
                subject=name_of("Association", association.rim),
                rule="SubmissionSetStatus is Original for a DocumentEntry of this message and "
                "Reference for one registered earlier (ITI TF-3 §4.2.2.1.1)",
                came=quote(status) if status else "no SubmissionSetStatus",
                expected=f"Slot 'SubmissionSetStatus' with the value {' or '.join(right)}",
                fix=f"set it to {right[0]}",
            )


def folder_members_are_recorded(message: Message) -> Iterator[Complaint]:
    """Check that each Folder's HasMember is itself a member of the SubmissionSet."""
    if len(message.submission_sets) != 1:
        return
    own = message.submission_sets[0].entry_uuid
    recorded = {a.target for a in _memberships(message) if a.source == own}
    for association in _memberships(message):
        is_of_folder = message.kinds.get(association.source) is Subject.FOLDER or (
            message.is_elsewhere(association.source)
        )
        if is_of_folder and (not association.entry_uuid or association.entry_uuid not in recorded):
            yield message.judge.complaint(
                association.where,
                subject=name_of("Association", association.rim),
                rule="an Association that puts a document into a Folder is accompanied by a "
                "HasMember from the SubmissionSet to it (ITI TF-3 §4.2.2.1.3, §4.2.2.1.4)",
                came="no such Association",
                expected=f"an Association {v.HAS_MEMBER} from {quote(own)} to "
                + (quote(association.entry_uuid) if association.entry_uuid else "its id"),
                fix="give it an id and add the second Association",
            )


def relationship_ends(message: Message) -> Iterator[Complaint]:
    """Check that a relationship leads from a DocumentEntry of the message to one there is."""
    for association in message.associations:
        if association.association_type not in v.RELATIONSHIPS:
            continue
        yield from _relationship_source(message, association)
        yield from _relationship_target(message, association)


def documentation_is_for_relationships(message: Message) -> Iterator[Complaint]:
    """Check that Association documentation is on relationships only."""
    for association in _memberships(message):
        for classification in association.rim.classified(v.ASSOCIATION_DOCUMENTATION):
            yield message.judge.complaint(
                classification.where,
                subject=name_of("Association", association.rim),
                rule="Association documentation is for document relationships only "
                "(ITI TF-3 §4.2.2.2)",
                came=f"the Classification {v.ASSOCIATION_DOCUMENTATION} on HasMember",
                expected="no such Classification",
                fix="remove it, or move it to the RPLC, XFRM, APND, … Association",
            )


def one_patient(message: Message) -> Iterator[Complaint]:
    """Check that all objects of a submission are about one patient (ITI TF-2 §3.42.4.1.3.3.2)."""
    things = _dated(message)
    reference = next(((s, t) for s, t in things if t.patient_id), None)
    if reference is None:
        return
    first_subject, first = reference
    for subject, thing in things:
        if thing.patient_id and cx_key(thing.patient_id) != cx_key(first.patient_id):
            yield message.judge.complaint(
                thing.where,
                code=ErrorCode.XDS_PATIENT_ID_DOES_NOT_MATCH,
                subject=name_of(subject, thing.rim),
                rule="all objects of a submission have the same patientId "
                "(ITI TF-3 §4.2.1.2, §4.2.2.1.1; ITI TF-2 §3.42.4.1.3.3.2)",
                came=f"patientId {quote(thing.patient_id)}",
                expected=f"{quote(first.patient_id)}, the patientId of "
                f"{name_of(first_subject, first.rim)}",
                fix="send one submission a patient, or correct the patientId",
            )


def known_authority(message: Message) -> Iterator[Complaint]:
    """Check that a patientId is of the domain's assigning authority (ITI TF-3 §4.2.3.2.16)."""
    known = message.judge.domain.authorities
    for subject, thing in _dated(message) if known else []:
        try:
            authority = parse_cx(thing.patient_id).authority
        except DatatypeError:
            continue  # said already, by the attribute's own row
        if authority not in known:
            yield message.judge.complaint(
                thing.where,
                code=ErrorCode.XDS_UNKNOWN_PATIENT_ID,
                subject=name_of(subject, thing.rim),
                rule=f"{subject}.patientId is of the affinity domain's patient identifier domain "
                "(ITI TF-3 §4.2.3.2.16; ITI TF-2 §3.42.4.1.3.3.2)",
                came=f"patientId {quote(thing.patient_id)}",
                expected="an assigning authority among " + ", ".join(sorted(known)),
                fix="send the patient's identifier in this domain",
            )


def unique_unique_ids(message: Message) -> Iterator[Complaint]:
    """Check that a uniqueId is used once in a submission (ITI TF-3 Table 4.2.4.1-2)."""
    first: dict[str, tuple[str, Dated]] = {}
    for subject, thing in _dated(message):
        if not thing.unique_id:
            continue
        other_subject, other = first.setdefault(thing.unique_id, (subject, thing))
        if other is not thing:
            yield message.judge.complaint(
                thing.where,
                code=DUPLICATE_UNIQUE_ID[message.judge.actor],
                subject=name_of(subject, thing.rim),
                rule="a uniqueId is used once in a submission (ITI TF-3 Table 4.2.4.1-2)",
                came=f"uniqueId {quote(thing.unique_id)}, also of "
                f"{name_of(other_subject, other.rim)} on line {other.where.line}",
                expected="a different uniqueId for each object",
                fix="assign another uniqueId",
            )


def service_times_in_order(message: Message) -> Iterator[Complaint]:
    """Check that a service starts before it stops (ITI TF-2 §3.42.4.1.3.3.6)."""
    for entry in message.document_entries:
        try:
            start, stop = parse_dtm(entry.service_start_time), parse_dtm(entry.service_stop_time)
        except DatatypeError:
            continue  # absent, or said already
        if start.earliest >= stop.after:
            yield message.judge.complaint(
                entry.where,
                subject=name_of("DocumentEntry", entry.rim),
                rule="serviceStartTime is before or equal to serviceStopTime "
                "(ITI TF-2 §3.42.4.1.3.3.6)",
                came=f"start {quote(start.text)}, stop {quote(stop.text)}",
                expected="a start that is not after the stop",
                fix="correct one of the two",
            )


RULES: Final[tuple[Rule, ...]] = (
    one_submission_set,
    unique_ids,
    object_refs_are_uuids,
    members,
    association_types,
    membership_ends,
    submission_set_status,
    folder_members_are_recorded,
    relationship_ends,
    documentation_is_for_relationships,
    one_patient,
    known_authority,
    unique_unique_ids,
    service_times_in_order,
)


def _relationship_source(message: Message, association: Association) -> Iterator[Complaint]:
    if not association.source or (message.kinds.get(association.source) is Subject.DOCUMENT_ENTRY):
        return
    yield message.judge.complaint(
        association.where.child("@sourceObject"),
        code=ErrorCode.UNRESOLVED_REFERENCE_EXCEPTION,
        subject=name_of("Association", association.rim),
        rule="the sourceObject of a document relationship is a DocumentEntry of this message "
        "(ITI TF-3 §4.2.2.2; ITI TF-2 §3.42.4.1.3.5)",
        came=message.named(association.source),
        expected="the id of the new DocumentEntry",
        fix="let sourceObject be the new document and targetObject the old one",
    )


def _relationship_target(message: Message, association: Association) -> Iterator[Complaint]:
    target, kind = association.target, association.association_type
    may_be_here = kind not in v.NEEDS_REGISTERED_TARGET
    is_entry_here = message.kinds.get(target) is Subject.DOCUMENT_ENTRY
    if not target or message.is_elsewhere(target) or (may_be_here and is_entry_here):
        return
    here = " or of this message" if may_be_here else ""
    yield message.judge.complaint(
        association.where.child("@targetObject"),
        code=ErrorCode.UNRESOLVED_REFERENCE_EXCEPTION,
        subject=name_of("Association", association.rim),
        rule=f"the targetObject of {kind.rpartition(':')[2]} is a DocumentEntry registered "
        f"earlier{here} (ITI TF-2 §3.42.4.1.3.5)",
        came=message.named(target),
        expected=f"the entryUUID of a registered DocumentEntry{here and ', or an id' + here}",
        fix="query the entryUUID of the old document (ITI-18) and send it",
    )


def _unresolved(
    message: Message, association: Association, end: str, identifier: str
) -> Iterator[Complaint]:
    if not identifier or identifier in message.kinds or not v.is_symbolic(identifier):
        return
    yield message.judge.complaint(
        association.where.child(f"@{end}"),
        code=ErrorCode.UNRESOLVED_REFERENCE_EXCEPTION,
        subject=name_of("Association", association.rim),
        rule="a symbolic id names an object of the same message; others are named by UUID "
        "(ITI TF-3 §4.2.1.5, §4.2.3.1.5)",
        came=message.named(identifier),
        expected="an id of this message, or the entryUUID of a registered object",
        fix=f"correct {end}",
    )


def _memberships(message: Message) -> list[Association]:
    return [a for a in message.associations if a.association_type == v.HAS_MEMBER]


def _dated(message: Message) -> list[tuple[str, Dated]]:
    """Return everything that has a patientId and a uniqueId, the SubmissionSet first."""
    return [
        *((Subject.SUBMISSION_SET, s) for s in message.submission_sets),
        *((Subject.DOCUMENT_ENTRY, e) for e in message.document_entries),
        *((Subject.FOLDER, f) for f in message.folders),
    ]


def _first_place(message: Message) -> Where:
    """Return the place of the list that everything stands in."""
    if message.everything:
        return message.everything[0].where.parent or message.everything[0].where
    return NOWHERE
