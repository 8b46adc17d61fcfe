"""What is said of each document that could not be removed, and of the whole.

Spec: RMD supplement §3.86.4.1.3 (what is removed), ITI TF-3 §4.2.4.1 (codes), §4.2.4.2 (status). As
in ITI-43, an error's location is the DocumentUniqueId. Pure: what was held is passed in.
"""

from typing import Final

from repository import document_request
from repository.document_request import DocumentRequest, complaint_of
from xds.errors import Complaint, ErrorCode, Severity, Where, quote

REQUEST: Final = "RemoveDocumentsRequest"
SECTION: Final = "RMD supplement §3.86.4.1.2"
ACTIONS: Final = "RMD supplement §3.86.4.1.3"


def wrong_repository(request: DocumentRequest, own: str) -> Complaint | None:
    """Return a complaint when another repository was meant. Errors: XDSUnknownRepositoryId."""
    return document_request.wrong_repository(request, own, SECTION)


def not_held(request: DocumentRequest) -> Complaint:
    """Say that no such document is here. Errors: XDSDocumentUniqueIdError."""
    return complaint_of(
        request,
        code=ErrorCode.XDS_DOCUMENT_UNIQUE_ID_ERROR,
        rule=f"DocumentUniqueId names a document that this repository holds ({SECTION})",
        came=f"DocumentUniqueId {quote(request.document_unique_id)}, which is not known here",
        expected="the uniqueId of a DocumentEntry whose repositoryUniqueId is this repository's",
        fix="take both ids from one DocumentEntry of a Registry Stored Query [ITI-18]; what is "
        "removed already is not removed again",
    )


def storage_failed(where: Where) -> Complaint:
    """Say that nothing was removed. Errors: XDSRepositoryError."""
    return Complaint(
        code=ErrorCode.XDS_REPOSITORY_ERROR,
        subject=REQUEST,
        rule=f"the Repository removes documents from its storage ({ACTIONS})",
        came="a failure of the Repository's storage; nothing was removed",
        expected="storage that works",
        fix="ask again later. If it persists, ask the operator of the Repository, whose log names "
        "the cause",
        where=where,
    )


def not_erased_yet(where: Where) -> Complaint:
    """Warn that what was removed still lies on a disk. Errors: XDSRepositoryError, a warning."""
    return Complaint(
        code=ErrorCode.XDS_REPOSITORY_ERROR,
        severity=Severity.WARNING,
        subject=REQUEST,
        rule=f"the bytes of a removed document are destroyed ({ACTIONS})",
        came="documents that nobody can retrieve any more, whose bytes could not be erased now",
        expected="storage that works",
        fix="do nothing: they are erased at the next removal, or when the Repository starts; its "
        "log names the cause",
        where=where,
    )
