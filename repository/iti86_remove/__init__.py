"""Remove Documents [ITI-86]: an administrator has documents destroyed.

Spec: IHE ITI supplement Remove Metadata and Documents (RMD), §3.86. Their metadata is the
Registry's and is removed by ITI-62.

In: `rmd:RemoveDocumentsRequest`. Out: `rs:RegistryResponse`: Success when all were removed,
PartialSuccess when some were, Failure when none was; one error for each that was not, whose
location is its DocumentUniqueId. Errors: XDSDocumentUniqueIdError, XDSUnknownRepositoryId,
XDSRepositoryError.

`message` reads · `rules` judges each request · `handle` is the story.
"""
