"""Retrieve Document Set [ITI-43]: documents go out, each exactly as it came in, or not at all.

Spec: ITI TF-2 §3.43.

In: `xds:RetrieveDocumentSetRequest`. Out: `xds:RetrieveDocumentSetResponse`: Success when all came,
PartialSuccess when some did, Failure when none did; one error for each that did not, whose location
is its DocumentUniqueId. Errors: XDSDocumentUniqueIdError, XDSUnknownRepositoryId,
XDSRepositoryError.

`message` reads and writes · `rules` judges each request · `handle` is the story.
"""
