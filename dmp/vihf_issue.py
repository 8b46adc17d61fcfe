"""Issues a VIHF test assertion: what `greffe assertion` prints in a French home.

Spec: as `dmp.vihf`. Conditions are written only when asked for, as real messages have none.
"""

from datetime import datetime, timedelta
from typing import Final

from dmp.vihf import (
    A00,
    G05,
    G15,
    MODE,
    MODES,
    PHARMACIST,
    PROFESSIONS,
    PURPOSE_SYSTEM,
    R38,
    REASON,
    RESOURCE_URN,
    SECTOR,
    SOFTWARE_APPROVAL,
    SOFTWARE_NAME,
    SOFTWARE_VERSION,
    STRUCTURE,
    VERSION,
)
from xds.security.caller import CodedValue
from xds.security.issue import Order
from xds.security.profile import (
    PURPOSE_OF_USE,
    RESOURCE_ID,
    ROLE,
    SUBJECT_ID,
    X509_SUBJECT_FORMAT,
)
from xds.security.signature import Signer
from xds.security.writing import AttributeContent, Draft, code_element, new_assertion

SMARTCARD: Final = "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI"
_WIRE_MODES: Final = {ours: wire for wire, ours in MODES.items()}
_PURPOSE_NAMES: Final = {
    "normal": "Accès normal",
    "bris_de_glace": "Accès bris de glace",
    "centre_15": "Accès centre de régulation",
}
_SECTOR_OF_A_PRACTICE: Final = "SA07^1.2.250.1.71.4.2.4"


def with_default_systems(order_role: str, order_specialty: str) -> tuple[str, str]:
    """Return the code systems of a role and its specialty, where the caller named none."""
    role = G15 if PROFESSIONS[G15].fullmatch(order_role) else A00
    return role, (G05 if order_role == PHARMACIST else R38) if order_specialty else ""


def issue_vihf(order: Order, signer: Signer, *, instant: datetime, assertion_id: str) -> bytes:
    """Return a signed VIHF."""
    has_lifetime = order.lifetime_seconds is not None
    return signer.sign(
        new_assertion(
            Draft(
                assertion_id=assertion_id,
                issued_at=instant,
                issuer=signer.name,
                issuer_format=X509_SUBJECT_FORMAT,
                name_id=order.subject,
                not_before=instant if has_lifetime else None,
                not_on_or_after=instant + timedelta(seconds=order.lifetime_seconds or 0)
                if has_lifetime
                else None,
                audience=order.audience,
                is_one_time=order.is_one_time,
                authentication_context=SMARTCARD,
                attributes=tuple(_attributes(order)),
            )
        )
    )


def _attributes(order: Order) -> list[tuple[str, AttributeContent]]:
    roles: list[CodedValue] = [order.role] + ([order.specialty] if order.specialty else [])
    purpose = CodedValue(
        code=order.purpose, system=PURPOSE_SYSTEM, display_name=_PURPOSE_NAMES[order.purpose]
    )
    texts = (
        (VERSION, "3.0"),
        (STRUCTURE, order.structure),
        (SECTOR, _SECTOR_OF_A_PRACTICE),
        # Required in the indirect modes: who the structure says it is.
        (SUBJECT_ID, order.name or ("" if order.mode == "direct" else order.subject)),
        (MODE, _WIRE_MODES[order.mode]),
        (RESOURCE_ID, order.patient),
        (RESOURCE_URN, "urn:dmp"),
        (order.reason_attribute or REASON, order.reason),
        (SOFTWARE_NAME, "greffe"),
        (SOFTWARE_VERSION, "1"),
        (SOFTWARE_APPROVAL, "GREFFE-TEST"),
    )
    return [
        *((name, text) for name, text in texts if text),
        *((ROLE, code_element("Role", role)) for role in roles),
        (PURPOSE_OF_USE, code_element("PurposeOfUse", purpose)),
    ]
