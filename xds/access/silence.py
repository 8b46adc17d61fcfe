"""The one text for a refusal that depends on what its caller may not see.

Theory. It names nothing, so it tells nothing. The Registry and the Repository say the same, since
one that says it otherwise would tell which of them met what is hidden.

Spec: ITI TF-3 Table 4.2.4.1-2 (XDSRegistryError); the text is this project's own.
"""

from typing import Final

from xds.errors import Complaint, ErrorCode

FORBIDDEN: Final = Complaint(
    code=ErrorCode.XDS_REGISTRY_ERROR,
    subject="the request",
    rule="a caller writes what the access policy and the patient permit, and refers to what it may "
    "see",
    came="a request that somewhere does otherwise; where is not told, for that would tell what "
    "there is",
    expected="a request that nowhere does",
    fix="check whose record it is, whether its patient authorised you, and each entryUUID and "
    "uniqueId that it names",
)
