"""Issues an XUA test assertion: what `greffe assertion` prints in an international home.

Spec: ITI TF-2 §3.40.4.1.2. The order may be nonsense (that is what testers need).
France's VIHF is written by `dmp.vihf_issue`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from xds.security.caller import CodedValue
from xds.security.conditions import BEARER
from xds.security.profile import (
    ORGANIZATION_ID,
    PURPOSE_OF_USE,
    RESOURCE_ID,
    ROLE,
    SUBJECT_ID,
    X509_SUBJECT_FORMAT,
)
from xds.security.signature import Signer
from xds.security.writing import AttributeContent, Draft, code_element, new_assertion
from xds.security.xua import EMERGENCY_REASON

DEFAULT_LIFETIME_SECONDS: Final = 3600
AUTHN_CONTEXT: Final = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"

PURPOSES: Final = {
    "normal": CodedValue(
        code="TREAT", system="2.16.840.1.113883.1.11.20448", display_name="Treatment"
    ),
    "bris_de_glace": CodedValue(
        code="BTG", system="2.16.840.1.113883.1.11.20448", display_name="Break the glass"
    ),
    "centre_15": CodedValue(
        code="ETREAT", system="2.16.840.1.113883.1.11.20448", display_name="Emergency treatment"
    ),
}
"""HL7 PurposeOfUse codes for the three purposes that the command line knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What an assertion shall say, as the command line asks for it."""

    subject: str
    role: CodedValue
    specialty: CodedValue | None = None
    purpose: str = "normal"
    """`normal`, `bris_de_glace` or `centre_15`."""
    reason: str = ""
    """Why it is an emergency."""
    reason_attribute: str = ""
    """Attribute that says so; '' for the profile's usual one."""
    patient: str = ""
    structure: str
    name: str = ""
    mode: str = "direct"
    """`direct`, `indirect` or `indirect_renforcee`."""
    audience: str = ""
    lifetime_seconds: int | None = None
    is_one_time: bool = False


def issue_xua(
    order: Order, signer: Signer, *, audience: str, instant: datetime, assertion_id: str
) -> bytes:
    """Return a signed XUA assertion; everything that ITI-40 requires is always there."""
    lifetime = order.lifetime_seconds
    seconds = DEFAULT_LIFETIME_SECONDS if lifetime is None else lifetime
    return signer.sign(
        new_assertion(
            Draft(
                assertion_id=assertion_id,
                issued_at=instant,
                issuer=signer.name,
                issuer_format=X509_SUBJECT_FORMAT,
                name_id=order.subject,
                not_before=instant,
                not_on_or_after=instant + timedelta(seconds=seconds),
                audience=order.audience or audience,
                is_one_time=order.is_one_time,
                confirmation=BEARER,
                authentication_context=AUTHN_CONTEXT,
                attributes=tuple(_attributes(order)),
            )
        )
    )


def _attributes(order: Order) -> list[tuple[str, AttributeContent]]:
    roles = [order.role] + ([order.specialty] if order.specialty else [])
    texts: list[tuple[str, AttributeContent]] = [
        (name, text)
        for name, text in (
            (SUBJECT_ID, order.name),
            (ORGANIZATION_ID, order.structure),
            (order.reason_attribute or EMERGENCY_REASON, order.reason),
            (RESOURCE_ID, order.patient),
        )
        if text
    ]
    return [
        *texts,
        *((ROLE, code_element("Role", role)) for role in roles),
        (PURPOSE_OF_USE, code_element("PurposeOfUse", PURPOSES[order.purpose])),
    ]
