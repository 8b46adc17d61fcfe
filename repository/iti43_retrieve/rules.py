"""What each requested document gets: the document, or the one error that says why not.

Spec: ITI TF-2 §3.43.5 (an error's location is the DocumentUniqueId), ITI TF-3 §4.2.4.1 (codes),
§4.2.4.2 (status). Pure: what is held is passed in.
"""

from collections.abc import Sequence

from repository import document_request
from repository.document_request import DocumentRequest, complaint_of
from xds.errors import Complaint, ErrorCode, Where, quote

SUCCESS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
FAILURE = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure"
PARTIAL_SUCCESS = "urn:ihe:iti:2007:ResponseStatusType:PartialSuccess"


def status(given: Sequence[object], complaints: Sequence[Complaint]) -> str:
    """Return the status of the whole answer. Spec: ITI TF-3 §4.2.4.2."""
    if not any(c.is_error for c in complaints):
        return SUCCESS
    return PARTIAL_SUCCESS if given else FAILURE


def wrong_repository(request: DocumentRequest, own: str) -> Complaint | None:
    """Return a complaint when another repository was meant. Errors: XDSUnknownRepositoryId."""
    return document_request.wrong_repository(request, own, "ITI TF-2 §3.43.4.1.2")


def not_held(request: DocumentRequest) -> Complaint:
    """Say that no such document is here. Errors: XDSDocumentUniqueIdError."""
    return complaint_of(
        request,
        code=ErrorCode.XDS_DOCUMENT_UNIQUE_ID_ERROR,
        rule="DocumentUniqueId names a document that this repository holds; it produces none on "
        "demand (ITI TF-2 §3.43.4.1.2)",
        came=f"DocumentUniqueId {quote(request.document_unique_id)}, which is not known here",
        expected="the uniqueId of a DocumentEntry whose repositoryUniqueId is this repository's",
        fix="take both ids from one DocumentEntry of a Registry Stored Query [ITI-18]; ask the "
        "On-Demand Document Source that repositoryUniqueId names for what an On-Demand "
        "DocumentEntry offers",
    )


def damaged(request: DocumentRequest) -> Complaint:
    """Say that the stored bytes are not what they were. Errors: XDSRepositoryError."""
    return complaint_of(
        request,
        code=ErrorCode.XDS_REPOSITORY_ERROR,
        rule="a document is returned exactly as it was received (ITI TF-2 §3.43.4.2.3)",
        came="stored bytes that do not have the size and digest they had when they were received",
        expected="the bytes that were received",
        fix="ask the operator of this repository to restore the document; its log names the file",
    )


def unreadable(place: Where) -> Complaint:
    """Say that the Repository's own store failed. Errors: XDSRepositoryError."""
    return Complaint(
        code=ErrorCode.XDS_REPOSITORY_ERROR,
        subject="RetrieveDocumentSetRequest",
        rule="the Repository looks up what it holds (ITI TF-2 §3.43.4.1.3)",
        came="a failure of the Repository's storage",
        expected="storage that works",
        fix="ask again later. If it persists, ask the operator of the Repository, whose log names "
        "the cause",
        where=place,
    )
