"""The Repository's word for its caller towards its Registry: written, and read back.

Theory. The second leg of an upload must not depend on the first one's assertion: a long upload
outlives it, its audience may name the Repository only, one-time use is spent. So the Repository
signs a short-lived assertion of its own that carries what it verified: the caller's attributes and
the original's ID and digest. A Registry believes it only from a certificate that its configuration
names, and only for the actions of `VOUCHED_ACTIONS`; a Repository's key never signs as a caller's
issuer.

Law: reading what `vouch` wrote gives the same `Caller`, with `vouched_by` set.

Spec: SAML 2.0 core; the attribute names in `urn:greffe:` are this project's own.
"""

from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from lxml import etree

from xds.security.caller import Caller
from xds.security.claims import Claims, parse_time
from xds.security.conditions import BEARER, Rules
from xds.security.profile import (
    ORGANIZATION_ID,
    PURPOSE_OF_USE,
    RESOURCE_ID,
    ROLE,
    SUBJECT_ID,
    X509_SUBJECT_FORMAT,
    coded,
    only_text,
)
from xds.security.refusal import shown, unfit
from xds.security.signature import Signer
from xds.security.trust import Signatory
from xds.security.writing import Draft, code_element, new_assertion

_OWN: Final = "urn:greffe:names:1.0:vouched:"
_TEXTS: Final = MappingProxyType(
    {
        "issuer": _OWN + "issuer",
        "alias": _OWN + "alias",
        "name": SUBJECT_ID,
        "structure": ORGANIZATION_ID,
        "emergency_reason": _OWN + "emergency-reason",
        "patient_concerned": RESOURCE_ID,
        "software": _OWN + "software",
        "authentication_mode": _OWN + "authentication-mode",
        "assertion_id": _OWN + "assertion-id",
        "assertion_digest": _OWN + "assertion-digest",
    }
)
"""Fields of `Caller` that are plain texts, with the attribute that carries each."""
_ISSUED_AT: Final = _OWN + "issue-instant"
_REQUIRED: Final = ("issuer", "assertion_id", "assertion_digest")

VOUCHED_ACTIONS: Final = frozenset(
    {
        "urn:ihe:iti:2007:RegisterDocumentSet-b",
        "urn:ihe:iti:2014:ser:XACMLAuthorizationDecisionQueryRequest",
    }
)
"""Actions of ITI-42 and ITI-79: the only ones for which a voucher is believed."""
LIFETIME_SECONDS: Final = 120

RULES: Final = Rules(
    requires_conditions=True,
    requires_audience=True,
    requires_confirmation=True,
    requires_authentication=False,
    window_seconds=15 * 60,
)


def vouch(  # noqa: PLR0913 - what an assertion depends on
    caller: Caller,
    signer: Signer,
    *,
    audience: str,
    instant: datetime,
    assertion_id: str,
    lifetime_seconds: int = LIFETIME_SECONDS,
) -> bytes:
    """Return a signed assertion that carries the verified caller."""
    draft = Draft(
        assertion_id=assertion_id,
        issued_at=instant,
        issuer=signer.name,
        issuer_format=X509_SUBJECT_FORMAT,
        name_id=caller.identity,
        not_before=instant,
        not_on_or_after=instant + timedelta(seconds=lifetime_seconds),
        audience=audience,
        confirmation=BEARER,
        attributes=tuple(_attributes(caller)),
    )
    return signer.sign(new_assertion(draft))


def read_vouched(claims: Claims, signatory: Signatory) -> Caller:
    """Return the caller for whom a Repository vouches. Errors: SoapFault, explained."""
    found = {field: only_text(claims, name) for field, name in _TEXTS.items()}
    if missing := [_TEXTS[f] for f in _REQUIRED if not found[f]]:
        raise unfit(f"The vouching assertion lacks {', '.join(missing)}.")
    if claims.issuer != signatory.certificate.subject.rfc4514_string():
        raise unfit("The vouching assertion's Issuer is not the subject of its certificate.")
    purposes = [coded(v) for v in claims.values(PURPOSE_OF_USE)]
    return Caller(
        identity=claims.name_id,
        roles=tuple(r for v in claims.values(ROLE) if (r := coded(v)) is not None),
        purpose_of_use=purposes[0] if purposes else None,
        issued_at=parse_time(only_text(claims, _ISSUED_AT)),
        vouched_by=claims.issuer,
        **found,
    )


def _attributes(caller: Caller) -> list[tuple[str, str | etree._Element]]:
    found: list[tuple[str, str | etree._Element]] = [
        (name, text) for field, name in _TEXTS.items() if (text := getattr(caller, field))
    ]
    found += [(ROLE, code_element("Role", role)) for role in caller.roles]
    if caller.purpose_of_use is not None:
        found.append((PURPOSE_OF_USE, code_element("PurposeOfUse", caller.purpose_of_use)))
    if caller.issued_at is not None:
        found.append((_ISSUED_AT, shown(caller.issued_at)))
    return found
