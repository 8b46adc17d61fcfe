"""What each requested document gets: the document, or the one error that says why not.

Spec: ITI TF-2 §3.43.5 (an error's location is the DocumentUniqueId), ITI TF-3 §4.2.4.1 (codes),
§4.2.4.2 (status). Pure: what is held is passed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from xds.errors import Complaint, ErrorCode, Where, quote

SUCCESS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
FAILURE = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure"
PARTIAL_SUCCESS = "urn:ihe:iti:2007:ResponseStatusType:PartialSuccess"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRequest:
    """One document asked for."""

    home_community_id: str | None
    """As given; the answer repeats it, and has none where none was given."""
    repository_unique_id: str
    document_unique_id: str
    where: Where


def status(given: Sequence[object], complaints: Sequence[Complaint]) -> str:
    """Return the status of the whole answer. Spec: ITI TF-3 §4.2.4.2."""
    if not any(c.is_error for c in complaints):
        return SUCCESS
    return PARTIAL_SUCCESS if given else FAILURE


def wrong_repository(request: DocumentRequest, own: str) -> Complaint | None:
    """Return a complaint when another repository was meant. Errors: XDSUnknownRepositoryId."""
    if request.repository_unique_id == own:
        return None
    return _complaint(
        request,
        code=ErrorCode.XDS_UNKNOWN_REPOSITORY_ID,
        rule="RepositoryUniqueId names the repository that is asked (ITI TF-2 §3.43.4.1.2)",
        came=f"RepositoryUniqueId {quote(request.repository_unique_id)}",
        expected=f"{quote(own)}, which is this repository",
        fix="send the request to the repository that the DocumentEntry's repositoryUniqueId "
        "names (of an On-Demand DocumentEntry: its On-Demand Document Source), or correct the id",
    )


def not_held(request: DocumentRequest) -> Complaint:
    """Say that no such document is here. Errors: XDSDocumentUniqueIdError."""
    return _complaint(
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
    return _complaint(
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


def _complaint(  # noqa: PLR0913 - the parts of a complaint, by name
    request: DocumentRequest, *, code: ErrorCode, rule: str, came: str, expected: str, fix: str
) -> Complaint:
    """Make the complaint; its location is the id, so the place goes into the text."""
    return Complaint(
        code=code,
        subject=f"DocumentRequest {quote(request.document_unique_id)} at {request.where}",
        rule=rule,
        came=came,
        expected=expected,
        fix=fix,
        relayed_location=request.document_unique_id,
    )
