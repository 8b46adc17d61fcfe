"""The signatures that a submission brings for itself, held against it: the Repository's seam.

Verified whenever there is one; asked for only where the domain says so. A detached signature of
other documents, which the DSG profile has as well, is a document like any other here.

Spec: ITI TF-3 §5.5.3.1, §5.5.5; DMP TD2.1. What a signature must be is `dmp.dsg_verify`.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dmp.dsg import SIGNATURE_FORMATS, SIGNATURE_TYPE, Document
from dmp.dsg_verify import MAX_OCTETS, Invalid, names_set, verify
from xds.errors import Complaint, ErrorCode, quote
from xds.metadata.views import DocumentEntry, Submission
from xds.metadata.vocabulary import SIGNS
from xds.security.trust import Trust

log = logging.getLogger(__name__)

FORMATS: Final = frozenset(code.code for code in SIGNATURE_FORMATS)
"""formatCode of a signature document: the DMP's, and the DSG profile's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSignatures:
    """How a domain deals with signatures of submission sets."""

    trust: Trust
    """Whose signatures count."""
    is_required: bool
    """Whether a submission of documents without one is refused."""

    def complaints(
        self, submission: Submission, documents: Mapping[str, Document], instant: datetime
    ) -> tuple[Complaint, ...]:
        """Return what is wrong with the signatures of a submission; nothing when it needs none.

        `documents` has every document of the submission, by uniqueId.
        Errors: XDSRepositoryMetadataError.
        """
        candidates = [e for e in submission.document_entries if is_signature(e)]
        own = [e for e in candidates if _is_of_its_set(e, submission, documents)]
        if not own:
            missing = self.is_required and submission.document_entries
            return (_missing(submission),) if missing else ()
        signed = {
            unique_id: document
            for unique_id, document in documents.items()
            if unique_id not in {e.unique_id for e in own}
        }
        return tuple(
            complaint
            for entry in own
            for complaint in self._verified(entry, submission, documents, signed, instant)
        )

    def _verified(
        self,
        entry: DocumentEntry,
        submission: Submission,
        documents: Mapping[str, Document],
        signed: Mapping[str, Document],
        instant: datetime,
    ) -> Iterator[Complaint]:
        verdict = verify(
            documents[entry.unique_id].octets(MAX_OCTETS),
            submission_set_unique_id=submission.submission_set.unique_id,
            documents=signed,
            trust=self.trust,
            instant=instant,
        )
        if not isinstance(verdict, Invalid):
            return
        log.warning("signature of a submission set: %s", verdict.detail)
        for reason in verdict.reasons:
            yield Complaint(
                code=ErrorCode.XDS_REPOSITORY_METADATA_ERROR,
                subject=f"DocumentEntry {quote(entry.rim.id)}",
                rule="the signature of a submission set is valid and holds the whole set "
                "(ITI TF-3 §5.5.3.1, §5.5.5)",
                came=reason.text,
                expected="a signature of exactly the documents of this submission, by a trusted "
                "signer",
                fix="sign the documents as they are sent, under the uniqueIds that they are sent "
                "with, or leave the signature out",
                where=entry.where,
            )


def is_signature(entry: DocumentEntry) -> bool:
    """Return whether a DocumentEntry is that of a signature document. Spec: ITI TF-3 §5.5.6.1."""
    return (
        entry.type_code is not None
        and (entry.type_code.code, entry.type_code.scheme)
        == (SIGNATURE_TYPE.code, SIGNATURE_TYPE.scheme)
        and entry.format_code is not None
        and entry.format_code.code in FORMATS
    )


def _is_of_its_set(
    entry: DocumentEntry, submission: Submission, documents: Mapping[str, Document]
) -> bool:
    own = submission.submission_set
    if any(
        a.association_type == SIGNS and a.source == entry.entry_uuid and a.target == own.entry_uuid
        for a in submission.associations
    ):
        return True
    return names_set(documents[entry.unique_id].octets(MAX_OCTETS), own.unique_id)


def _missing(submission: Submission) -> Complaint:
    return Complaint(
        code=ErrorCode.XDS_REPOSITORY_METADATA_ERROR,
        subject=f"SubmissionSet {quote(submission.submission_set.rim.id)}",
        rule="the affinity domain asks for a signature of every submission set of documents "
        "(ITI TF-3 §5.5.3.1)",
        came="no document of type E1762 (ASTM) that signs the SubmissionSet",
        expected="one signature document, and its signs association to the SubmissionSet",
        fix="add the signature of the submission set",
        where=submission.submission_set.where,
    )
