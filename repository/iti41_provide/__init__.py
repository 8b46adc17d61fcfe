"""Provide and Register Document Set-b [ITI-41]: documents come in, their metadata goes on.

Spec: ITI TF-2 §3.41; Document Repository's actions §3.41.4.1.3.2.

In: `xds:ProvideAndRegisterDocumentSetRequest`, MTOM or plain. Out: `rs:RegistryResponse`, Success
or Failure, never partial. Errors: XDSMissingDocument, XDSMissingDocumentMetadata,
XDSRepositoryMetadataError, XDSNonIdenticalHash, XDSRepositoryOutOfResources, XDSRepositoryError,
XDSRegistryNotAvailable, and every error and warning of the Registry.

`message` reads and writes · `custody` compares documents with their metadata · `relay` turns the
Registry's answer into one about the caller's own message · `handle` is the story.
"""
