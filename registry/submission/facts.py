"""A submission beside what the ledger knows of what it refers to.

Spec: ITI TF-2 §3.42.4.1.3.3 (what is checked against the Registry). Pure.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from registry.ledger.api import Kind, Known, KnownObject, Wanted
from xds.audit.event import Concerned
from xds.ebrim.writer import write_object
from xds.errors import Complaint
from xds.metadata import vocabulary as v
from xds.metadata.hl7v2 import cx_key
from xds.metadata.rim import RimObject
from xds.metadata.views import Folder, Submission, SubmissionSet


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
"""A row of a room's table: sees values, yields complaints."""


def wanted_of(submission: Submission) -> Wanted:
    """Return what must be looked up for the rules and the plan."""
    packages: tuple[SubmissionSet | Folder, ...] = (submission.submission_set, *submission.folders)
    entries = submission.document_entries
    own = {rim.id for rim in submission.objects if rim.id and not v.is_symbolic(rim.id)}
    named = {a.source for a in submission.associations}
    named |= {a.target for a in submission.associations}
    named |= own | set(submission.object_refs)
    return Wanted(
        patient_ids=frozenset(cx_key(o.patient_id) for o in (*packages, *entries) if o.patient_id),
        entry_uuids=frozenset(n for n in named if not v.is_symbolic(n)),
        unique_ids=frozenset(o.unique_id for o in (*packages, *entries) if o.unique_id),
        # Its own id is the logicalID of a first version.
        logical_ids=frozenset(filter(None, map(logical_id_of, submission.objects))) | own,
        touching=frozenset(
            a.target
            for a in submission.associations
            if a.association_type == v.APPEND and not v.is_symbolic(a.target)
        ),
    )


def logical_id_of(rim: RimObject) -> str:
    """Return the lid that an object claims besides its own id; "" for none or a symbolic one."""
    lid = rim.attribute("lid") or ""
    return "" if v.is_symbolic(lid) or lid == rim.id else lid


def fingerprint_of(submission: Submission) -> str:
    """Return the digest of a submission as it came, ids included."""
    digest = hashlib.sha256()
    for rim in submission.objects:
        digest.update(write_object(rim))
    return digest.hexdigest()


def in_reading_order(complaints: tuple[Complaint, ...]) -> tuple[Complaint, ...]:
    """Return complaints in the order in which their places stand in the message."""
    return tuple(sorted(complaints, key=lambda c: c.where.line if c.where else 0))


def concerned_by(submission: Submission) -> Concerned:
    """Return whom and what a submission concerns."""
    submission_set = submission.submission_set
    return Concerned(
        patients=(submission_set.patient_id,) if submission_set.patient_id else (),
        documents=tuple(e.unique_id for e in submission.document_entries),
        submission_set=submission_set.unique_id,
    )
