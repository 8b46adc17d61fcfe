"""The wsse:Security header: finds the one assertion of a message, and cuts it out as it came.

Spec: WS-Security 1.1 §5 (Security header); SAML Token Profile 1.1 §3.3; SOAP 1.2 part 1 §2.2
(roles). Nothing here is verified yet: what this module returns has a place in the message and no
meaning.
"""

from typing import Final, cast

from lxml import etree

from xds.namespaces import DS, SAML, SOAP, WSSE, WSU, XML
from xds.security.refusal import Subcode, opaque

SECURITY: Final = f"{{{WSSE}}}Security"
ASSERTION: Final = f"{{{SAML}}}Assertion"
ENCRYPTED: Final = f"{{{SAML}}}EncryptedAssertion"
SAML1_ASSERTION: Final = "{urn:oasis:names:tc:SAML:1.0:assertion}Assertion"
SIGNATURE: Final = f"{{{DS}}}Signature"

OUR_ROLES: Final = frozenset({"", f"{SOAP}/role/ultimateReceiver", f"{SOAP}/role/next"})

_IDS: Final = etree.XPath(
    "//@ID | //@Id | //@xml:id | //@wsu:Id", namespaces={"wsu": WSU, "xml": XML}
)
"""Attributes by which signatures refer. ebRIM's `id` is none: its values may repeat (ITI TF-3
§4.2.1)."""
_EBRIM_ID: Final = etree.XPath("boolean(//@id[. = $own])")


def find_assertion(envelope: etree._Element) -> etree._Element:
    """Return the one assertion of the message, a child of the one Security header for us.

     1. one soap:Header and in it one wsse:Security for our roles; others' are not ours to judge;
     2. one assertion in the whole message, SAML 2.0, not encrypted, child of that header;
     3. one ds:Signature in the whole message, inside that assertion;
     4. no two ids by which signatures refer are equal, and nobody else has the assertion's.

    Errors: SoapFault (InvalidSecurity, UnsupportedSecurityToken).
    """
    # (1)
    headers = envelope.findall(f"{{{SOAP}}}Header")
    ours = [
        s
        for s in (headers[0].findall(SECURITY) if len(headers) == 1 else ())
        if s.get(f"{{{SOAP}}}role", "") in OUR_ROLES
    ]
    if len(ours) != 1:
        raise opaque(Subcode.INVALID_SECURITY, f"{len(ours)} wsse:Security headers for this node")
    # (2)
    found = list(envelope.iter(ASSERTION, ENCRYPTED, SAML1_ASSERTION, SIGNATURE))
    assertions = [e for e in found if e.tag == ASSERTION]
    if len(found) > len(assertions) and any(e.tag in (ENCRYPTED, SAML1_ASSERTION) for e in found):
        raise opaque(Subcode.UNSUPPORTED_SECURITY_TOKEN, "encrypted or SAML 1.x assertion")
    if len(assertions) != 1 or assertions[0].getparent() is not ours[0]:
        raise opaque(
            Subcode.INVALID_SECURITY,
            f"{len(assertions)} assertions in the message, or one outside our Security header",
        )
    assertion = assertions[0]
    # (3)
    signatures = [e for e in found if e.tag == SIGNATURE]
    if len(signatures) != 1 or signatures[0].getparent() is not assertion:
        raise opaque(
            Subcode.INVALID_SECURITY,
            f"{len(signatures)} signatures in the message, or one outside the assertion",
        )
    # (4)
    ids = cast("list[str]", _IDS(envelope))
    if len(ids) != len(set(ids)) or _EBRIM_ID(envelope, own=assertion.get("ID", "")):
        raise opaque(Subcode.INVALID_SECURITY, "an id occurs twice in the message")
    return assertion


def standalone(assertion: etree._Element) -> bytes:
    """Return the assertion as a document of its own, with every namespace that is in scope.

    What is verified, remembered and read are these octets alone: nothing else of the message can
    change what they mean.
    """
    return etree.tostring(assertion, encoding="UTF-8", xml_declaration=False, with_tail=False)
