"""Restricted Update Document Set [ITI-92]: the metadata of a document changes, and little else.

Spec: IHE ITI supplement Restricted Metadata Update (RMU), §3.92, with XDS Persistence: what is
accepted is kept as ITI-57 keeps a new version of a DocumentEntry.

In: lcm:SubmitObjectsRequest. Out: rs:RegistryResponse, Success or Failure (never partial).
Errors: UnmodifiableMetadataError, XDSMetadataIdentifierError, XDSPatientIDReconciliationError,
XDSMetadataVersionError, XDSMetadataUpdateError, XDSMetadataUpdateOperationError, those of a
submission (ITI-42), XDSRegistryBusy, XDSRegistryOutOfResources.

    rules.py   what may not change (rows), and what is no restricted update
    handle.py  the room; its story and plan are those of registry/update
"""
