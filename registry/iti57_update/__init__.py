"""Update Document Set [ITI-57]: an administrator changes what is registered, version by version.

Spec: IHE ITI supplement XDS Metadata Update, §3.57; ITI TF-3 §4.2.

In: lcm:SubmitObjectsRequest. Out: rs:RegistryResponse, Success or Failure (never partial).
Errors: XDSMetadataUpdateError, XDSMetadataUpdateOperationError, XDSMetadataVersionError,
XDSPatientIdDoesNotMatch, and those of a submission (ITI-42).

    operations.py  what a message asks for: new versions, statuses, Associations
    rules.py, version_rules.py
                   what of it may be (rows), in the words of asked.py
    plan.py        what it changes
    handle.py      the story
"""
