"""The words of an Authorization Decisions Query [ITI-79]: attributes, actions, results.

Spec: SeR supplement §3.79.4.1.2.1.1 and Table 3.79.4.1.2-1; OASIS XACML 2.0, its SAML 2.0 profile
and its multiple resource profile. What begins with `urn:greffe:` is this project's own: the
standard leaves obligations, and what a status says beyond ok, to whoever answers.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from urllib.parse import quote, unquote

from xds.access.model import Action
from xds.security.caller import CodedValue

REQUEST_ACTION: Final = "urn:ihe:iti:2014:ser:XACMLAuthorizationDecisionQueryRequest"
RESPONSE_ACTION: Final = "urn:ihe:iti:2014:ser:XACMLAuthorizationDecisionQueryResponse"
"""wsa:Action of the two messages."""

SUBJECT_ID: Final = "urn:oasis:names:tc:xacml:1.0:subject:subject-id"
ORGANIZATION_ID: Final = "urn:oasis:names:tc:xspa:1.0:subject:organization-id"
ROLE: Final = "urn:oasis:names:tc:xacml:2.0:subject:role"
PURPOSE_OF_USE: Final = "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse"
RESOURCE_ID: Final = "urn:oasis:names:tc:xacml:1.0:resource:resource-id"
REPOSITORY_UNIQUE_ID: Final = "urn:ihe:iti:ser:2016:document-entry:repository-unique-id"
PATIENT_ID: Final = "urn:ihe:iti:ser:2016:patient-id"
ACTION_ID: Final = "urn:oasis:names:tc:xacml:1.0:action:action-id"
ACTION_IDS: Final = frozenset({ACTION_ID, "urn:oasis:names:tc:xacml:1.0:action-id"})
"""The second is how the supplement's own example has it."""
STRING: Final = "http://www.w3.org/2001/XMLSchema#string"
ANY_URI: Final = "http://www.w3.org/2001/XMLSchema#anyURI"

ACTIONS: Final = MappingProxyType(
    {
        "urn:ihe:iti:2007:RetrieveDocumentSetResponse": Action.CONSULT,
        "urn:ihe:iti:2017:RemoveDocumentsResponse": Action.DELETE,
    }
)
"""action-id of what may be asked: ITI-43 as the supplement has it, ITI-86 in the same manner."""

STATUS_OK: Final = "urn:oasis:names:tc:xacml:1.0:status:ok"
SAML_SUCCESS: Final = "urn:oasis:names:tc:SAML:2.0:status:Success"
SAML_REQUESTER: Final = "urn:oasis:names:tc:SAML:2.0:status:Requester"
SAML_RESPONDER: Final = "urn:oasis:names:tc:SAML:2.0:status:Responder"

_OWN: Final = "urn:greffe:names:1.0:access:"
OBLIGATION: Final = _OWN + "obligation:"
BASIS: Final = _OWN + "basis:"
REASON: Final = _OWN + "reason:"

OID: Final = "urn:oid:"
_CODED: Final = "urn:ihe:iti:2014:ser:"
_CODED_PARTS: Final = 4


@dataclass(frozen=True, slots=True)
class Attribute:
    """An XACML attribute with one value."""

    attribute_id: str
    value: str
    data_type: str = STRING


def coded_urn(code: CodedValue) -> str:
    """Return a code as the supplement has it in an anyURI: system, its name, code, display name."""
    parts = (code.system, "", code.code, code.display_name)
    return _CODED + ":".join(quote(part, safe="") for part in parts)


def read_coded_urn(text: str) -> CodedValue | None:
    """Return the code that such a URN holds, None when it is none."""
    parts = text.removeprefix(_CODED).split(":")
    if not text.startswith(_CODED) or len(parts) != _CODED_PARTS:
        return None
    system, _, code, display_name = map(unquote, parts)
    return CodedValue(code=code, system=system, display_name=display_name)
