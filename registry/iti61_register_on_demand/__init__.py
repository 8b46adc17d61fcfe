"""Register On-Demand Document Entry [ITI-61]: a source registers what it can produce on demand.

Spec: ITI TF-2 §3.61; ITI TF-3 §4.1.1.

In: lcm:SubmitObjectsRequest. Out: rs:RegistryResponse, Success or Failure (never partial).
Errors: as ITI-42's; XDSDuplicateUniqueIdInRegistry for a uniqueId of a stable document, and
XDSRegistryMetadataError for creationTime, hash or size.

    rules.py   what a submission must be, given what is registered (rows)
    handle.py  the room; its story and plan are those of registry/submission
"""
