"""Registry Stored Query [ITI-18]: what is registered, by patient, by id, by relation.

Spec: ITI TF-2 §3.18.

In: query:AdhocQueryRequest. Out: query:AdhocQueryResponse, whose list is there even on failure.
Errors: XDSUnknownStoredQuery, XDSStoredQueryMissingParam, XDSStoredQueryParamNumber,
XDSRegistryError (a value that cannot be read), XDSResultNotSinglePatient, XDSTooManyResults,
XDSRegistryBusy.

    catalogue.py   every stored query and its parameters, as rows
    parameters.py  slots -> conditions, by those rows
    recipes.py     which objects a query returns, beyond those that it selects
    handle.py      the story
"""
