"""The rules about Associations: what belongs to what, and what stands in which relationship.

Spec: ITI TF-3 §4.1.1.1, §4.2.2; ITI TF-2 §3.42.4.1.3.4, §3.42.4.1.3.5. What depends on objects
registered earlier is the Registry's room's.
"""

from collections.abc import Iterator

from xds.errors import Complaint, ErrorCode, quote
from xds.metadata import vocabulary as v
from xds.metadata.attributes import Subject
from xds.metadata.departures import Departure
from xds.metadata.judge import name_of
from xds.metadata.message import Message
from xds.metadata.views import Association, DocumentEntry, Folder


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


def no_update_slots(message: Message) -> Iterator[Complaint]:
    """Check that no Association asks for what only Update Document Set (ITI-57) does."""
    for association in message.associations:
        for name in v.UPDATE_SLOTS:
            if association.rim.slot(name) is not None:
                yield message.judge.complaint(
                    association.where.child(f"rim:Slot[@name='{name}']"),
                    subject=name_of("Association", association.rim),
                    rule="this Slot is one of Update Document Set (ITI-57), not of a submission",
                    came=f"Slot {quote(name)}",
                    expected="no such Slot",
                    fix="send it to Update Document Set, or leave the Slot away",
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
    if target and target == association.source:
        yield message.judge.complaint(
            association.where.child("@targetObject"),
            subject=name_of("Association", association.rim),
            rule="a document relationship leads from one DocumentEntry to another "
            "(ITI TF-3 §4.2.2.2)",
            came=f"both ends are {message.named(target)}",
            expected="the id of the other DocumentEntry in targetObject",
            fix="correct one of the two ends",
        )
        return
    may_be_here = kind not in v.NEEDS_REGISTERED_TARGET
    is_entry_here = message.kinds.get(target) is Subject.DOCUMENT_ENTRY
    if not target or message.is_elsewhere(target) or (may_be_here and is_entry_here):
        return
    if (
        kind == v.SIGNS
        and message.kinds.get(target) is Subject.SUBMISSION_SET
        and Departure.SIGNS_SUBMISSION_SET in message.judge.domain.departures
    ):
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
