"""Remove Metadata [ITI-62]: an administrator removes objects for good.

Spec: IHE ITI supplement Remove Metadata and Documents (RMD), §3.62; ebRS 3.0 (lcm.xsd).

In: lcm:RemoveObjectsRequest. Out: rs:RegistryResponse, Success or Failure (never partial).
Errors: XDSRegistryMetadataError, UnresolvedReferenceException, ReferencesExistException,
XDSUnreferencedObjectException, XDSRegistryBusy, XDSRegistryOutOfResources.

    message.py  which objects a request names
    rules.py    what may go, and what must go with it (rows)
    handle.py   the story
"""
