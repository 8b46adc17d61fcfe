"""What the caller is told when it is not its message that failed, or not its metadata.

Spec: ITI TF-3 §4.2.4.1 (codes); XOP 1.0 §4.1 (parts). Texts only; paths, addresses and causes are
the operator's and go to the log.
"""

from repository.registry_client import RegistryUnavailableError
from repository.vault.api import OutOfSpaceError, VaultError
from xds.errors import Complaint, ErrorCode, quote
from xds.soap.fault import FaultCode, SoapFault

CUSTODY_RULE = "documents are stored durably before they are registered (ITI TF-2 §3.41.4.1.3.2)"
REGISTER_RULE = "a submission is answered when the Registry has answered (ITI TF-2 §3.41.4.2.1.1)"


def of_vault(error: VaultError) -> Complaint:
    """Say that storing failed. Errors: XDSRepositoryOutOfResources, XDSRepositoryError."""
    full = isinstance(error, OutOfSpaceError)
    return Complaint(
        code=(
            ErrorCode.XDS_REPOSITORY_OUT_OF_RESOURCES if full else ErrorCode.XDS_REPOSITORY_ERROR
        ),
        subject="the submission",
        rule=CUSTODY_RULE,
        came="no space left at the Repository" if full else "a failure of the Repository's storage",
        expected="room for the documents" if full else "storage that works",
        fix="submit again later; nothing of this submission was registered. If it persists, ask "
        "the operator of the Repository, whose log names the cause",
    )


def of_registry(unavailable: RegistryUnavailableError) -> Complaint:
    """Say that no RegistryResponse came.

    Errors: XDSRegistryNotAvailable; XDSRepositoryError when the Registry answered with a SOAP
    fault, which is between the two actors and not the caller's to mend.
    """
    if unavailable.is_fault:
        code = ErrorCode.XDS_REPOSITORY_ERROR
        fix = "ask the operators of the Repository and the Registry; both logs have this fault"
    elif unavailable.may_be_registered:
        code = ErrorCode.XDS_REGISTRY_NOT_AVAILABLE
        fix = (
            "the outcome is not known: before submitting again, ask the Registry for the "
            "SubmissionSet's uniqueId [ITI-18 GetSubmissionSets, GetAll]; the documents may be "
            "sent again under the same uniqueIds"
        )
    else:
        code = ErrorCode.XDS_REGISTRY_NOT_AVAILABLE
        fix = "submit again later; nothing of this submission was registered"
    return Complaint(
        code=code,
        subject="the submission",
        rule=REGISTER_RULE,
        came=str(unavailable),
        expected="a RegistryResponse to Register Document Set-b [ITI-42]",
        fix=fix,
    )


def part_twice(content_id: str) -> SoapFault:
    """Say that two MIME parts have the same Content-ID."""
    return SoapFault(
        FaultCode.SENDER,
        f"Two MIME parts have the Content-ID {quote(content_id)}, so it is not known which one the "
        f"xop:Include means. Fix: give each part a Content-ID of its own.",
    )
