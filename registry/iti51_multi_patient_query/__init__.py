"""Multi-Patient Stored Query [ITI-51]: documents and folders of several patients, or of all.

Spec: ITI TF-2 §3.51.

In: query:AdhocQueryRequest. Out: query:AdhocQueryResponse. Errors: those of ITI-18, of which
XDSStoredQueryMissingParam also when neither a patient nor a code is given.

    handle.py      the room: which queries it has; what they are made of is in registry/query
"""
