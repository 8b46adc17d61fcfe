"""What a restricted update may not change, as rows of a table.

Spec: RMU §48.4.1, §3.92.4.1.2, §3.92.4.1.3. Pure.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from registry.ledger.api import Kind
from registry.update.hiding_rules import never_hidden_again
from registry.update.operation_rules import OPERATION_RULES, Rule
from registry.update.operations import Operations, of_association, of_version
from registry.update.version_rules import VERSION_RULES
from xds.errors import Complaint, ErrorCode, quote
from xds.metadata.hl7v2 import cx_key
from xds.metadata.rim import texts
from xds.metadata.views import DocumentEntry, read_document_entry

UNMODIFIABLE: Final = ErrorCode.UNMODIFIABLE_METADATA_ERROR
ONLINE: Final = "urn:ihe:iti:2010:DocumentAvailability:Online"
"""What is meant when there is no documentAvailability."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """An attribute of a DocumentEntry that stays as it is."""

    name: str
    read: Callable[[DocumentEntry], str]
    code: ErrorCode = UNMODIFIABLE
    is_taken_as_read: bool = False
    """Whether its absence says nothing."""


def _availability(entry: DocumentEntry) -> str:
    return next(iter(texts(entry.rim.slot("documentAvailability"))), ONLINE)


FIXED: Final = (
    Fixed(
        name="patientId",
        read=lambda entry: cx_key(entry.patient_id),
        code=ErrorCode.XDS_PATIENT_ID_RECONCILIATION_ERROR,
    ),
    Fixed(
        name="uniqueId",
        read=lambda entry: entry.unique_id,
        code=ErrorCode.XDS_METADATA_IDENTIFIER_ERROR,
    ),
    Fixed(name="objectType", read=lambda entry: entry.object_type),
    Fixed(name="repositoryUniqueId", read=lambda entry: entry.repository_unique_id),
    Fixed(name="sourcePatientId", read=lambda entry: cx_key(entry.source_patient_id)),
    Fixed(name="documentAvailability", read=_availability),
    Fixed(
        name="availabilityStatus",
        read=lambda entry: entry.availability_status,
        is_taken_as_read=True,
    ),
    Fixed(
        name="homeCommunityId",
        read=lambda entry: entry.home_community_id,
        is_taken_as_read=True,
    ),
)


def fixed_attributes_stay(operations: Operations) -> Iterator[Complaint]:
    """Check what no restricted update changes (RMU §48.4.1)."""
    for version in operations.versions:
        item, latest = version.item, version.latest
        before = operations.before.get(latest.entry_uuid) if latest else None
        if not isinstance(item, DocumentEntry) or before is None or latest is None:
            continue  # said already
        if latest.kind is not Kind.DOCUMENT_ENTRY:
            continue
        registered = read_document_entry(before)
        for attribute in FIXED:
            came, is_so = attribute.read(item), attribute.read(registered)
            if came == is_so or (attribute.is_taken_as_read and not came):
                continue
            yield of_version(
                version,
                attribute.code,
                f"a restricted update leaves {attribute.name} as it is (RMU §48.4.1, §3.92.4.1.3)",
                quote(came) if came else f"no {attribute.name}",
                quote(is_so) if is_so else f"no {attribute.name}",
                f"send {attribute.name} as it is registered; a Document Administrator may change "
                "more, with ITI-57",
            )


def only_documents_change(operations: Operations) -> Iterator[Complaint]:
    """Check that nothing else is asked for than new versions of DocumentEntries."""
    for change in operations.changes:
        yield of_association(
            change,
            UNMODIFIABLE,
            "availabilityStatus is not changed by a restricted update (RMU §48.4.1)",
            f"UpdateAvailabilityStatus of {quote(change.target)}",
            "new versions of DocumentEntries",
            "send it to Update Document Set (ITI-57)",
        )
    for submit in operations.submits:
        yield of_association(
            submit,
            ErrorCode.XDS_METADATA_UPDATE_OPERATION_ERROR,
            "a restricted update changes DocumentEntries only (RMU §3.92.4.1.2)",
            "SubmitAssociation",
            "new versions of DocumentEntries",
            "send it to Update Document Set (ITI-57)",
        )
    for version in operations.versions:
        if version.kind is Kind.FOLDER:
            yield of_version(
                version,
                ErrorCode.XDS_METADATA_UPDATE_OPERATION_ERROR,
                "a restricted update changes DocumentEntries only (RMU §3.92.4.1.2)",
                "a Folder",
                "new versions of DocumentEntries",
                "send it to Update Document Set (ITI-57)",
            )


RULES: Final[tuple[Rule, ...]] = (
    *OPERATION_RULES,
    *VERSION_RULES,
    never_hidden_again,
    only_documents_change,
    fixed_attributes_stay,
)
