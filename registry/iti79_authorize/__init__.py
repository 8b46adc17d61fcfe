"""Authorization Decisions Query [ITI-79]: a Repository asks whether its caller may have documents.

Spec: IHE ITI supplement Secure Retrieve (SeR), §3.79. Taken from trusted Repositories only, which
vouch for their callers (`xds.security.gate`); what is decided on is the caller of the assertion.

In: `XACMLAuthzDecisionQuery`. Out: `samlp:Response` with Permit or Deny for each document; of a
denial the reason only where it follows from the caller's own assertion. A question that cannot be
decided gets a status of failure and no assertion. Errors in it: XDSRegistryError, XDSRegistryBusy,
XDSRegistryOutOfResources.

    rules.py    what is decided about one document, from the entries that name it; pure
    handle.py   the story
"""
