"""The rules of one submission that need nothing but the submission, as rows of a table.

Spec: ITI TF-3 §4.2.1, §4.2.2; ITI TF-2 §3.42.4.1.3.3 to §3.42.4.1.3.5. Those about Associations are
in `association_rules`. What depends on objects registered earlier, or on known patients, is the
Registry's room's.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from xds.errors import Complaint, ErrorCode, Severity, Where, quote, quote_identifier
from xds.metadata import vocabulary as v
from xds.metadata.association_rules import (
    association_types,
    documentation_is_for_relationships,
    folder_members_are_recorded,
    members,
    membership_ends,
    no_update_slots,
    relationship_ends,
    submission_set_status,
)
from xds.metadata.attributes import Subject
from xds.metadata.datatype import DatatypeError
from xds.metadata.dtm import parse_dtm
from xds.metadata.hl7v2 import cx_key, parse_cx
from xds.metadata.identifier import URI, check_entry_uuid
from xds.metadata.judge import name_of
from xds.metadata.message import Message, all_ids
from xds.metadata.policy import Actor
from xds.metadata.rim import NOWHERE, RimObject, texts
from xds.metadata.views import DocumentEntry, Folder, SubmissionSet

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
                came=f"patientId {quote_identifier(thing.patient_id)}",
                expected=f"{quote_identifier(first.patient_id)}, the patientId of "
                f"{name_of(first_subject, first.rim)}",
                fix="send one submission a patient, or correct the patientId",
            )


def known_authority(message: Message) -> Iterator[Complaint]:
    """Check that a patientId is of the domain's authorities, and passes their own check."""
    known = message.judge.domain.authorities
    for subject, thing in _dated(message) if known else []:
        try:
            cx = parse_cx(thing.patient_id)
        except DatatypeError:
            continue  # said already, by the attribute's own row
        authority = known.get(cx.authority)
        check = message.judge.identifier_checks.get(getattr(authority, "check", "") or "")
        fault = check(cx.id_number) if authority and check else ""
        if authority and not fault:
            continue
        complaint = message.judge.complaint(
            thing.where,
            code=None if fault else ErrorCode.XDS_UNKNOWN_PATIENT_ID,
            subject=name_of(subject, thing.rim),
            rule=f"{subject}.patientId is of the affinity domain's patient identifier domain "
            "(ITI TF-3 §4.2.3.2.16; ITI TF-2 §3.42.4.1.3.3.2)",
            came=f"patientId {quote_identifier(thing.patient_id)}"
            + (f": {fault}" if fault else ""),
            expected="an identifier of " + ", ".join(sorted(known)),
            fix="correct the identifier" if fault else "send the identifier in this domain",
        )
        only_warns = fault and getattr(authority, "check_warns", False)
        yield replace(complaint, severity=Severity.WARNING) if only_warns else complaint


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
                came=f"uniqueId {quote_identifier(thing.unique_id)}, also of "
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


def uris_are_whole(message: Message) -> Iterator[Complaint]:
    """Check that a URI is one value, or pieces numbered from 1, and is a URI.

    Spec: ITI TF-3 §4.2.3.2.27 (one value; texts before revision 10 cut a long one into pieces).
    """
    for entry in message.document_entries:
        pieces = texts(entry.rim.slot("URI"))
        numbers = sorted(piece.partition("|")[0] for piece in pieces)
        is_whole = len(pieces) < 2 or numbers == sorted(map(str, range(1, len(pieces) + 1)))  # noqa: PLR2004
        if is_whole and URI.fullmatch(entry.uri):
            continue
        yield message.judge.complaint(
            entry.where.child("rim:Slot[@name='URI']"),
            subject=name_of("DocumentEntry", entry.rim),
            rule="DocumentEntry.URI is one value, and a URI (ITI TF-3 §4.2.3.2.27)",
            came=f"{len(pieces)} values, {quote(entry.uri)}",
            expected="one URI, or its pieces as 1|…, 2|…"
            if not is_whole
            else "a URI: ASCII, without spaces",
            fix="keep one value" if not is_whole else "write other characters as %XX",
        )


RULES: Final[tuple[Rule, ...]] = (
    one_submission_set,
    unique_ids,
    object_refs_are_uuids,
    members,
    association_types,
    no_update_slots,
    membership_ends,
    submission_set_status,
    folder_members_are_recorded,
    relationship_ends,
    documentation_is_for_relationships,
    one_patient,
    known_authority,
    unique_unique_ids,
    service_times_in_order,
    uris_are_whole,
)
UPDATE_RULES: Final[tuple[Rule, ...]] = (
    one_submission_set,
    unique_ids,
    object_refs_are_uuids,
    documentation_is_for_relationships,
    one_patient,
    known_authority,
    unique_unique_ids,
    service_times_in_order,
    uris_are_whole,
)
"""Those that hold for an update (ITI-57), whose Associations have rules of their own."""


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
