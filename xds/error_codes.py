"""THE table of error codes: each with its meaning and the actors that answer with it.

Spec: ITI TF-3 §4.2.4.1, Table 4.2.4.1-2. A row for every code; `xds.errors` re-exports this table.
"""

from dataclasses import dataclass
from enum import StrEnum


class ErrorCode(StrEnum):
    """The wire value of RegistryError/@errorCode; the names are the standard's own."""

    DOCUMENT_QUEUED = "DocumentQueued"
    INVALID_DOCUMENT_CONTENT = "InvalidDocumentContent"
    PARTIAL_APPEND_CONTENT_NOT_PROCESSED = "PartialAppendContentNotProcessed"
    PARTIAL_FOLDER_CONTENT_NOT_PROCESSED = "PartialFolderContentNotProcessed"
    PARTIAL_RELATIONSHIP_CONTENT_NOT_PROCESSED = "PartialRelationshipContentNotProcessed"
    PARTIAL_REPLACE_CONTENT_NOT_PROCESSED = "PartialReplaceContentNotProcessed"
    PARTIAL_TRANSFORM_NOT_PROCESSED = "PartialTransformNotProcessed"
    PARTIAL_TRANSFORM_REPLACE_NOT_PROCESSED = "PartialTransformReplaceNotProcessed"
    UNKNOWN_PATIENT_ID = "UnknownPatientId"
    XDS_DOCUMENT_UNIQUE_ID_ERROR = "XDSDocumentUniqueIdError"
    XDS_DUPLICATE_UNIQUE_ID_IN_REGISTRY = "XDSDuplicateUniqueIdInRegistry"
    XDS_EXTRA_METADATA_NOT_SAVED = "XDSExtraMetadataNotSaved"
    XDS_MISSING_DOCUMENT = "XDSMissingDocument"
    XDS_MISSING_DOCUMENT_METADATA = "XDSMissingDocumentMetadata"
    XDS_MISSING_HOME_COMMUNITY_ID = "XDSMissingHomeCommunityId"
    XDS_NON_IDENTICAL_HASH = "XDSNonIdenticalHash"
    XDS_NON_IDENTICAL_SIZE = "XDSNonIdenticalSize"
    XDS_PATIENT_ID_DOES_NOT_MATCH = "XDSPatientIdDoesNotMatch"
    XDS_REGISTRY_BUSY = "XDSRegistryBusy"
    XDS_REPOSITORY_BUSY = "XDSRepositoryBusy"
    XDS_REGISTRY_DUPLICATE_UNIQUE_ID_IN_MESSAGE = "XDSRegistryDuplicateUniqueIdInMessage"
    XDS_REPOSITORY_DUPLICATE_UNIQUE_ID_IN_MESSAGE = "XDSRepositoryDuplicateUniqueIdInMessage"
    XDS_REGISTRY_DEPRECATED_DOCUMENT_ERROR = "XDSRegistryDeprecatedDocumentError"
    XDS_REGISTRY_ERROR = "XDSRegistryError"
    XDS_REPOSITORY_ERROR = "XDSRepositoryError"
    XDS_REGISTRY_METADATA_ERROR = "XDSRegistryMetadataError"
    XDS_REPOSITORY_METADATA_ERROR = "XDSRepositoryMetadataError"
    XDS_REGISTRY_NOT_AVAILABLE = "XDSRegistryNotAvailable"
    XDS_REGISTRY_OUT_OF_RESOURCES = "XDSRegistryOutOfResources"
    XDS_REPOSITORY_OUT_OF_RESOURCES = "XDSRepositoryOutOfResources"
    XDS_RESULT_NOT_SINGLE_PATIENT = "XDSResultNotSinglePatient"
    XDS_STORED_QUERY_MISSING_PARAM = "XDSStoredQueryMissingParam"
    XDS_STORED_QUERY_PARAM_NUMBER = "XDSStoredQueryParamNumber"
    XDS_TOO_MANY_RESULTS = "XDSTooManyResults"
    XDS_UNAVAILABLE_COMMUNITY = "XDSUnavailableCommunity"
    XDS_UNKNOWN_COMMUNITY = "XDSUnknownCommunity"
    XDS_UNKNOWN_PATIENT_ID = "XDSUnknownPatientId"
    XDS_UNKNOWN_REPOSITORY_ID = "XDSUnknownRepositoryId"
    XDS_UNKNOWN_STORED_QUERY = "XDSUnknownStoredQuery"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRow:
    """One row of the table."""

    code: ErrorCode
    meaning: str
    """What it says to the caller, in our words."""
    actors: tuple[str, ...]
    """Which of our actors answer with it: `registry`, `repository`; empty: known but never ours."""
    spec: str


ERROR_TABLE: tuple[ErrorRow, ...] = ()
