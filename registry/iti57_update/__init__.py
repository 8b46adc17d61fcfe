"""Update Document Set [ITI-57]: an administrator changes what is registered, version by version.

Spec: IHE ITI supplement XDS Metadata Update (MU), §3.57; ITI TF-3 §4.2.

In: lcm:SubmitObjectsRequest. Out: rs:RegistryResponse, Success or Failure (never partial).
Errors: XDSMetadataUpdateError, XDSMetadataUpdateOperationError, XDSMetadataVersionError,
XDSPatientIDReconciliationError, UnresolvedReferenceException, those of a submission (ITI-42),
XDSRegistryBusy, XDSRegistryOutOfResources.

    rules.py   which rules an update has (rows); they and the operations are in registry/update
    handle.py  the room; its story and plan are those of registry/update
"""
