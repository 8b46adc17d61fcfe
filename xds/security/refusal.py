"""How a caller is turned away: a WS-Security subcode, and a text, constant where it must be.

Spec: WS-Security SOAP Message Security 1.1 §12 (fault codes); ITI TF-2 §3.40.4.1.3. Two kinds:
`opaque` for everything cryptographic or structural (one constant text per code; what exactly was
wrong is for the operator only, or a forger could measure his progress), and `explained` for what a
trusted issuer signed and its holder can mend. This module decides nothing.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from xds.namespaces import WSSE, WSU
from xds.soap.fault import FaultCode, SoapFault


class Subcode(StrEnum):
    """Fault subcodes in Clark notation. Spec: WS-Security 1.1 §12."""

    UNSUPPORTED_SECURITY_TOKEN = f"{{{WSSE}}}UnsupportedSecurityToken"
    UNSUPPORTED_ALGORITHM = f"{{{WSSE}}}UnsupportedAlgorithm"
    INVALID_SECURITY = f"{{{WSSE}}}InvalidSecurity"
    INVALID_SECURITY_TOKEN = f"{{{WSSE}}}InvalidSecurityToken"
    FAILED_AUTHENTICATION = f"{{{WSSE}}}FailedAuthentication"
    FAILED_CHECK = f"{{{WSSE}}}FailedCheck"
    SECURITY_TOKEN_UNAVAILABLE = f"{{{WSSE}}}SecurityTokenUnavailable"
    MESSAGE_EXPIRED = f"{{{WSU}}}MessageExpired"


CONSTANT_TEXT: Final = {
    Subcode.UNSUPPORTED_SECURITY_TOKEN: "The security token is not a plain SAML 2.0 assertion.",
    Subcode.UNSUPPORTED_ALGORITHM: (
        "The signature names an algorithm or transform that this service does not accept. "
        "Accepted: exclusive canonicalization, the enveloped-signature transform, "
        "SHA-256 or stronger, RSA or ECDSA."
    ),
    Subcode.INVALID_SECURITY: (
        "The request needs one wsse:Security header for this service that holds one signed "
        "SAML 2.0 assertion, and no other assertion or signature anywhere in the message."
    ),
    Subcode.INVALID_SECURITY_TOKEN: "The SAML assertion or its signature is not well formed.",
    Subcode.FAILED_AUTHENTICATION: "The signer of the assertion is not trusted by this service.",
    Subcode.FAILED_CHECK: (
        "The signature of the assertion is not valid. An assertion must arrive exactly as it was "
        "signed: white space and namespace prefixes included."
    ),
    Subcode.SECURITY_TOKEN_UNAVAILABLE: (
        "The signature's KeyInfo must carry the X.509 certificate of the signer."
    ),
}
"""The one text per code for what is cryptographic or structural."""
MAX_DETAIL_CHARACTERS: Final = 500


def opaque(subcode: Subcode, operator_detail: str) -> SoapFault:
    """Return the fault for a cryptographic or structural defect; the operator gets the detail."""
    # The detail may hold the forger's own text: he must not write lines into the operator's log.
    detail = "".join(c if c.isprintable() else " " for c in operator_detail[:MAX_DETAIL_CHARACTERS])
    return SoapFault(
        FaultCode.SENDER, CONSTANT_TEXT[subcode], subcode=subcode, operator_detail=detail
    )


def explained(subcode: Subcode, reason: str) -> SoapFault:
    """Return the fault for a defect in what a trusted issuer signed; the text says what to fix."""
    return SoapFault(FaultCode.SENDER, reason, subcode=subcode, operator_detail=reason)


def unfit(*reasons: str) -> SoapFault:
    """Return the fault for a genuine assertion that does not do, with every reason at once."""
    return explained(Subcode.INVALID_SECURITY_TOKEN, " ".join(reasons))


def shown(instant: datetime) -> str:
    """Return an instant as SAML writes it: UTC, milliseconds only if there are any, `Z`."""
    text = instant.astimezone(UTC).replace(tzinfo=None)
    return text.isoformat(timespec="milliseconds" if text.microsecond else "seconds") + "Z"
