"""Registry Stored Query [ITI-18]: what is registered, by patient, by id, by relation.

Spec: ITI TF-2 §3.18.

In: query:AdhocQueryRequest. Out: query:AdhocQueryResponse, whose list is there even on failure.
Errors: XDSUnknownStoredQuery, XDSStoredQueryMissingParam, XDSStoredQueryParamNumber,
XDSRegistryError (a value that cannot be read), XDSResultNotSinglePatient, XDSTooManyResults,
XDSRegistryBusy.

    handle.py      the room: which queries it has; what they are made of is in registry/query
"""
