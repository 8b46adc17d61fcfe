"""Register Document Set-b [ITI-42]: a Repository registers a submission's metadata.

Spec: ITI TF-2 §3.42; ITI TF-3 §4.2, §4.3.1.

In: lcm:SubmitObjectsRequest. Out: rs:RegistryResponse, Success or Failure (never partial).
Errors: XDSRegistryMetadataError, XDSUnknownPatientId, XDSPatientIdDoesNotMatch,
XDSNonIdenticalHash, XDSNonIdenticalSize, XDSDuplicateUniqueIdInRegistry,
XDSRegistryDuplicateUniqueIdInMessage, XDSRegistryDeprecatedDocumentError,
UnresolvedReferenceException, XDSRegistryBusy, XDSRegistryOutOfResources.

    rules.py   what a submission must be, given what is registered (rows)
    handle.py  the room; its story and plan are those of registry/submission
"""
