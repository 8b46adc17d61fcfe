"""THE table of error codes: each with its meaning and the actors that answer with it.

Spec: ITI TF-3 §4.2.4.1, Table 4.2.4.1-2, and the codes that supplements add to it. A row for every
code; `xds.errors` re-exports this table. `python -m xds.error_codes` prints docs/errors.md.
"""

import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


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
    UNRESOLVED_REFERENCE_EXCEPTION = "UnresolvedReferenceException"
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
    XDS_REGISTRY_DEPRECATED_DOCUMENT_ERROR = "XDSRegistryDeprecatedDocumentError"
    XDS_REGISTRY_DUPLICATE_UNIQUE_ID_IN_MESSAGE = "XDSRegistryDuplicateUniqueIdInMessage"
    XDS_REPOSITORY_DUPLICATE_UNIQUE_ID_IN_MESSAGE = "XDSRepositoryDuplicateUniqueIdInMessage"
    XDS_REGISTRY_ERROR = "XDSRegistryError"
    XDS_REPOSITORY_ERROR = "XDSRepositoryError"
    XDS_REGISTRY_METADATA_ERROR = "XDSRegistryMetadataError"
    XDS_REPOSITORY_METADATA_ERROR = "XDSRepositoryMetadataError"
    XDS_REGISTRY_NOT_AVAILABLE = "XDSRegistryNotAvailable"
    XDS_REGISTRY_OUT_OF_RESOURCES = "XDSRegistryOutOfResources"
    XDS_REPOSITORY_OUT_OF_RESOURCES = "XDSRepositoryOutOfResources"
    XDS_REPLACE_FAILED = "XDSReplaceFailed"
    XDS_RESULT_NOT_SINGLE_PATIENT = "XDSResultNotSinglePatient"
    XDS_STORED_QUERY_MISSING_PARAM = "XDSStoredQueryMissingParam"
    XDS_STORED_QUERY_PARAM_NUMBER = "XDSStoredQueryParamNumber"
    XDS_TOO_MANY_RESULTS = "XDSTooManyResults"
    XDS_UNAVAILABLE_COMMUNITY = "XDSUnavailableCommunity"
    XDS_UNKNOWN_COMMUNITY = "XDSUnknownCommunity"
    XDS_UNKNOWN_PATIENT_ID = "XDSUnknownPatientId"
    XDS_UNKNOWN_REPOSITORY_ID = "XDSUnknownRepositoryId"
    XDS_UNKNOWN_STORED_QUERY = "XDSUnknownStoredQuery"
    UNKNOWN_RECIPIENT = "UnknownRecipient"
    UNAVAILABLE_RECIPIENT = "UnavailableRecipient"
    XDS_METADATA_UPDATE_ERROR = "XDSMetadataUpdateError"
    XDS_METADATA_UPDATE_OPERATION_ERROR = "XDSMetadataUpdateOperationError"
    XDS_METADATA_VERSION_ERROR = "XDSMetadataVersionError"
    XDS_METADATA_IDENTIFIER_ERROR = "XDSMetadataIdentifierError"
    XDS_PATIENT_ID_RECONCILIATION_ERROR = "XDSPatientIDReconciliationError"
    UNMODIFIABLE_METADATA_ERROR = "UnmodifiableMetadataError"
    REFERENCES_EXIST_EXCEPTION = "ReferencesExistException"
    XDS_UNREFERENCED_OBJECT_EXCEPTION = "XDSUnreferencedObjectException"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRow:
    """One row of the table."""

    code: ErrorCode
    meaning: str
    """What it says to the caller, in our words."""
    actors: tuple[str, ...]
    """Which of our actors answer with it: `registry`, `repository`; empty: known but never ours."""
    spec: str


REGISTRY: Final = ("registry",)
REPOSITORY: Final = ("repository",)
BOTH: Final = (*REGISTRY, *REPOSITORY)
NOBODY: Final = ()

TABLE: Final = "ITI TF-3 Table 4.2.4.1-2"
RECIPIENTS: Final = "ITI TF-2 §3.41.4.1.3"
UPDATE: Final = "Metadata Update supplement (ITI-57)"
RESTRICTED_UPDATE: Final = "Restricted Metadata Update supplement (ITI-92)"
REMOVE: Final = "Remove Metadata and Documents supplement (ITI-62, ITI-86)"


def _row(code: ErrorCode, actors: tuple[str, ...], meaning: str, spec: str = TABLE) -> ErrorRow:
    return ErrorRow(code=code, meaning=meaning, actors=actors, spec=spec)


C = ErrorCode

# fmt: off
ERROR_TABLE: Final[tuple[ErrorRow, ...]] = (
    _row(C.DOCUMENT_QUEUED, NOBODY,
         "The submission was accepted and waits for somebody to finish it, such as matching the "
         "patient. A warning."),
    _row(C.INVALID_DOCUMENT_CONTENT, NOBODY,
         "A document's content contradicts its metadata or breaks a rule for its kind; the "
         "context names its uniqueId."),
    _row(C.PARTIAL_APPEND_CONTENT_NOT_PROCESSED, NOBODY,
         "A recipient without registry took the documents and ignored that one is an addendum. A "
         "warning of XDR."),
    _row(C.PARTIAL_FOLDER_CONTENT_NOT_PROCESSED, NOBODY,
         "A recipient without registry took the documents and ignored the folders. A warning of "
         "XDR."),
    _row(C.PARTIAL_RELATIONSHIP_CONTENT_NOT_PROCESSED, NOBODY,
         "A recipient without registry took the documents and ignored relationships between "
         "them. A warning of XDR."),
    _row(C.PARTIAL_REPLACE_CONTENT_NOT_PROCESSED, NOBODY,
         "A recipient without registry took the documents and ignored that one replaces another. "
         "A warning of XDR."),
    _row(C.PARTIAL_TRANSFORM_NOT_PROCESSED, NOBODY,
         "A recipient without registry took the documents and ignored that one is a "
         "transformation. A warning of XDR."),
    _row(C.PARTIAL_TRANSFORM_REPLACE_NOT_PROCESSED, NOBODY,
         "A recipient without registry took the documents and ignored a transformation that "
         "replaces. A warning of XDR."),
    _row(C.UNRESOLVED_REFERENCE_EXCEPTION, BOTH,
         "A reference leads nowhere: an id that is neither in the message nor registered, or not "
         "as what it must be."),
    _row(C.XDS_DOCUMENT_UNIQUE_ID_ERROR, REPOSITORY,
         "The document with this uniqueId cannot be given: it is not here, no longer here, or "
         "not for this caller."),
    _row(C.XDS_DUPLICATE_UNIQUE_ID_IN_REGISTRY, REGISTRY,
         "The uniqueId of a submitted SubmissionSet or Folder is already used by a registered "
         "object."),
    _row(C.XDS_EXTRA_METADATA_NOT_SAVED, NOBODY,
         "Metadata beyond the standard was received and not kept. A warning; this Registry keeps "
         "it."),
    _row(C.XDS_MISSING_DOCUMENT, REPOSITORY,
         "The metadata has a DocumentEntry, the message has no document for it."),
    _row(C.XDS_MISSING_DOCUMENT_METADATA, REPOSITORY,
         "The message has a document, the metadata has no DocumentEntry for it."),
    _row(C.XDS_MISSING_HOME_COMMUNITY_ID, NOBODY,
         "The request needs a homeCommunityId and has none."),
    _row(C.XDS_NON_IDENTICAL_HASH, BOTH,
         "The document's uniqueId is already used for a document with another hash."),
    _row(C.XDS_NON_IDENTICAL_SIZE, REGISTRY,
         "The document's uniqueId is already used for a document with another size."),
    _row(C.XDS_PATIENT_ID_DOES_NOT_MATCH, BOTH,
         "Objects that must be about the same patient have different patientIds."),
    _row(C.XDS_REGISTRY_BUSY, REGISTRY,
         "The Registry has too much to do now; the same request may succeed later."),
    _row(C.XDS_REPOSITORY_BUSY, NOBODY,
         "The Repository has too much to do now; the same request may succeed later."),
    _row(C.XDS_REGISTRY_DEPRECATED_DOCUMENT_ERROR, REGISTRY,
         "An Association refers to a document that is deprecated: only the current version may "
         "be replaced, appended to or transformed."),
    _row(C.XDS_REGISTRY_DUPLICATE_UNIQUE_ID_IN_MESSAGE, REGISTRY,
         "Two objects of the submission share a uniqueId; the Registry saw it."),
    _row(C.XDS_REPOSITORY_DUPLICATE_UNIQUE_ID_IN_MESSAGE, REPOSITORY,
         "Two objects of the submission share a uniqueId; the Repository saw it."),
    _row(C.XDS_REGISTRY_ERROR, REGISTRY,
         "Something failed in the Registry, or is wrong with the request, that no other code "
         "says better."),
    _row(C.XDS_REPOSITORY_ERROR, REPOSITORY,
         "Something failed in the Repository, or is wrong with the request, that no other code "
         "says better."),
    _row(C.XDS_REGISTRY_METADATA_ERROR, REGISTRY,
         "The metadata breaks a rule; the Registry saw it."),
    _row(C.XDS_REPOSITORY_METADATA_ERROR, REPOSITORY,
         "The metadata breaks a rule, or contradicts the document; the Repository saw it."),
    _row(C.XDS_REGISTRY_NOT_AVAILABLE, REPOSITORY,
         "The Repository could not reach its Registry, so nothing was registered."),
    _row(C.XDS_REGISTRY_OUT_OF_RESOURCES, REGISTRY,
         "The Registry lacks space or memory for this request."),
    _row(C.XDS_REPOSITORY_OUT_OF_RESOURCES, REPOSITORY,
         "The Repository lacks space or memory for this request."),
    _row(C.XDS_REPLACE_FAILED, NOBODY,
         "A replacement failed. No longer in use: nearer codes have taken its place."),
    _row(C.XDS_RESULT_NOT_SINGLE_PATIENT, REGISTRY,
         "The whole objects that the query would return are about several patients."),
    _row(C.XDS_STORED_QUERY_MISSING_PARAM, REGISTRY,
         "The stored query lacks a parameter that it requires."),
    _row(C.XDS_STORED_QUERY_PARAM_NUMBER, REGISTRY,
         "A parameter of the stored query has several values and takes one."),
    _row(C.XDS_TOO_MANY_RESULTS, REGISTRY,
         "The answer would be larger than this server gives."),
    _row(C.XDS_UNAVAILABLE_COMMUNITY, NOBODY,
         "Another community that the request concerns could not be reached."),
    _row(C.XDS_UNKNOWN_COMMUNITY, NOBODY,
         "The homeCommunityId is of no community known here."),
    _row(C.XDS_UNKNOWN_PATIENT_ID, BOTH,
         "The patient is not known here: register the patient first, or correct the identifier."),
    _row(C.XDS_UNKNOWN_REPOSITORY_ID, REPOSITORY,
         "The repositoryUniqueId is not that of this Repository, nor of one known here."),
    _row(C.XDS_UNKNOWN_STORED_QUERY, REGISTRY,
         "The id of the stored query is not that of a query known here."),
    _row(C.UNKNOWN_RECIPIENT, NOBODY,
         "An intendedRecipient is not known.", RECIPIENTS),
    _row(C.UNAVAILABLE_RECIPIENT, NOBODY,
         "An intendedRecipient cannot be notified now.", RECIPIENTS),
    _row(C.XDS_METADATA_UPDATE_ERROR, REGISTRY,
         "A metadata update breaks a rule that no other code says better.", UPDATE),
    _row(C.XDS_METADATA_UPDATE_OPERATION_ERROR, REGISTRY,
         "A metadata update asks for no operation that can be recognised.", UPDATE),
    _row(C.XDS_METADATA_VERSION_ERROR, REGISTRY,
         "A metadata update names a previous version that is not the current one.", UPDATE),
    _row(C.XDS_METADATA_IDENTIFIER_ERROR, REGISTRY,
         "A metadata update changes an identifier that must stay.", UPDATE),
    _row(C.XDS_PATIENT_ID_RECONCILIATION_ERROR, REGISTRY,
         "A metadata update concerns objects of different patients.", UPDATE),
    _row(C.UNMODIFIABLE_METADATA_ERROR, REGISTRY,
         "A restricted update changes an attribute that may not be changed.", RESTRICTED_UPDATE),
    _row(C.REFERENCES_EXIST_EXCEPTION, REGISTRY,
         "An object cannot be removed while others refer to it.", REMOVE),
    _row(C.XDS_UNREFERENCED_OBJECT_EXCEPTION, REGISTRY,
         "A removal would leave an object that nothing refers to.", REMOVE),
)
# fmt: on


def render_markdown(table: tuple[ErrorRow, ...] = ERROR_TABLE) -> str:
    """Return docs/errors.md: every code, what it says, and which actor answers with it."""
    lines = [
        "# Error codes",
        "",
        "Generated by `python -m xds.error_codes > docs/errors.md`; do not edit.",
        "",
        "Every RegistryError of an answer has one of these codes in `errorCode`. Its",
        "`codeContext` names the object, the rule with its section, what came, what was expected",
        "and the fix; its `location` is the XPath and the line in the message as it was received,",
        "with the prefixes of `xds/namespaces.py` whatever prefixes the sender used. (For ITI-43",
        "the standard wants the DocumentUniqueId there; the place is then in `codeContext`.)",
        "",
        "All errors that one look can find come at once. ITI-41 looks three times, because a",
        "wrong envelope must be refused before a byte is stored: at the metadata, then at the",
        "bytes (hash, size, uniqueId), then at what is registered.",
        "A warning never makes a failure.",
        "",
        "| Code | Meaning | Registry | Repository | Source |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| `{row.code}` | {row.meaning} | {'yes' if 'registry' in row.actors else ''} "
        f"| {'yes' if 'repository' in row.actors else ''} | {row.spec} |"
        for row in table
    ]
    lines += [
        "",
        "*yes*: our actor may answer with it of its own accord. The Repository also passes on, as",
        "it came, every error and warning of its Registry. Rows without *yes* are understood when",
        "another server sends them.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render_markdown())
