"""What the rules of an update see, and how they say what is wrong.

Spec: XDS Metadata Update §3.57.4.1.3. Pure.
"""

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from registry.iti57_update.operations import NewVersion, Operations
from registry.ledger.api import Kind
from xds.errors import Complaint, ErrorCode, Where
from xds.metadata.judge import name_of
from xds.metadata.views import Association, DocumentEntry

SPEC: Final = "XDS Metadata Update §3.57.4.1.3"
UPDATE, OPERATION, VERSION = (
    ErrorCode.XDS_METADATA_UPDATE_ERROR,
    ErrorCode.XDS_METADATA_UPDATE_OPERATION_ERROR,
    ErrorCode.XDS_METADATA_VERSION_ERROR,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The operations, and the statuses that an object can have in the domain."""

    operations: Operations
    statuses: AbstractSet[str]


Rule = Callable[[Asked], Iterator[Complaint]]


def is_from_own_set(association: Association, asked: Asked) -> bool:
    """Return whether an Association leads from the message's own SubmissionSet."""
    return association.source == asked.operations.facts.submission.submission_set.entry_uuid != ""


def _kind(version: NewVersion) -> Kind:
    return Kind.DOCUMENT_ENTRY if isinstance(version.item, DocumentEntry) else Kind.FOLDER


def of_item(  # noqa: PLR0913, PLR0917 - the parts of a complaint
    version: NewVersion, code: ErrorCode, rule: str, came: str, expected: str, fix: str
) -> Complaint:
    """Return a complaint about a new version."""
    subject = name_of(_kind(version), version.item.rim)
    return said(subject, code, rule, came, expected, fix, version.item.where)


def of_association(  # noqa: PLR0913, PLR0917 - the parts of a complaint
    association: Association, code: ErrorCode, rule: str, came: str, expected: str, fix: str
) -> Complaint:
    """Return a complaint about an Association."""
    subject = name_of("Association", association.rim)
    return said(subject, code, rule, came, expected, fix, association.where)


def said(  # noqa: PLR0913, PLR0917 - the parts of a complaint
    subject: str, code: ErrorCode, rule: str, came: str, expected: str, fix: str, where: Where
) -> Complaint:
    """Return a complaint of an update."""
    return Complaint(
        code=code,
        subject=subject,
        rule=f"{rule} ({SPEC})",
        came=came,
        expected=expected,
        fix=fix,
        where=where,
    )
