"""The international profile: a Cross-Enterprise User Assertion as ITI-40 defines it.

Spec: ITI TF-2 §3.40.4.1.2: Conditions with an audience, SubjectConfirmation and AuthnStatement are
required; attributes are optional and may repeat. Attributes that have no place in `Caller` are
ignored, as the transaction allows.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from xds.errors import quote
from xds.security.caller import Caller, CodedValue
from xds.security.claims import Claims, Value
from xds.security.conditions import Rules
from xds.security.profile import (
    ORGANIZATION,
    ORGANIZATION_ID,
    PURPOSE_OF_USE,
    RESOURCE_ID,
    ROLE,
    SUBJECT_ID,
    ProfileSettings,
    coded,
    only_text,
    texts,
)
from xds.security.refusal import unfit
from xds.security.trust import Signatory

EMERGENCY_REASON: Final = "urn:greffe:names:1.0:emergency-reason"
"""XUA has no attribute for it; this one is ours and optional, and a domain may name another."""
_TAKEN: Final = (SUBJECT_ID, ORGANIZATION, ORGANIZATION_ID, ROLE, PURPOSE_OF_USE, RESOURCE_ID)
"""Attributes that mean something else already."""
DEFAULT_WINDOW_SECONDS: Final = 12 * 3600
"""A working day's session; Conditions usually end it earlier."""


def _rules(window_seconds: int) -> Rules:
    return Rules(
        requires_conditions=True,
        requires_audience=True,
        requires_confirmation=True,
        requires_authentication=True,
        window_seconds=window_seconds,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Xua:
    """The XUA profile."""

    rules: Rules = field(default_factory=lambda: _rules(DEFAULT_WINDOW_SECONDS))
    legacy_algorithms: tuple[str, ...] = ()
    reason_attribute: str = EMERGENCY_REASON
    """Attribute that says why it is an emergency."""
    roles: frozenset[str] = frozenset()
    """Roles that may enter, as `code^system`; none named means any."""
    purposes_of_use: frozenset[str] = frozenset()
    """Likewise; an assertion without a purpose of use is let in only when none is named."""
    authentication_contexts: frozenset[str] = frozenset()
    """AuthnContextClassRef values, likewise."""
    name: str = "xua"

    @classmethod
    def from_settings(cls, declared: Mapping[str, object]) -> "Xua":
        """Read the domain's `[assertion]` table. Errors: TrustError."""
        settings = ProfileSettings(declared)
        return cls(
            rules=_rules(settings.seconds("window_seconds", DEFAULT_WINDOW_SECONDS)),
            legacy_algorithms=settings.texts("legacy_algorithms", ()),
            reason_attribute=settings.attribute("reason_attribute", EMERGENCY_REASON, taken=_TAKEN),
            roles=frozenset(settings.texts("roles", ())),
            purposes_of_use=frozenset(settings.texts("purposes_of_use", ())),
            authentication_contexts=frozenset(settings.texts("authentication_contexts", ())),
        )

    def caller(self, claims: Claims, signatory: Signatory) -> Caller:  # noqa: ARG002 - the seam's
        """Return the caller. Errors: SoapFault (InvalidSecurityToken), explained."""
        purposes = [coded(v) for v in claims.values(PURPOSE_OF_USE)]
        if any(p is None or not p.system for p in purposes):
            raise unfit(
                "PurposeOfUse must be an HL7v3 CE with code and codeSystem "
                "(ITI TF-2 §3.40.4.1.2.3)."
            )
        roles = tuple(r for v in claims.values(ROLE) if (r := _role(v)) is not None)
        contexts = tuple(a.context_class or a.context_declaration for a in claims.authentications)
        reasons = (
            *_strange("role", self.roles, map(_written, roles)),
            *_strange("purpose of use", self.purposes_of_use, map(_written, purposes)),
            *_strange("authentication context", self.authentication_contexts, contexts),
        )
        if reasons:
            raise unfit(*reasons)
        return Caller(
            identity=claims.name_id,
            issuer=claims.issuer,
            alias=claims.name_alias,
            name=" ".join(texts(claims, SUBJECT_ID)),
            structure=next(
                iter((*texts(claims, ORGANIZATION_ID), *texts(claims, ORGANIZATION))), ""
            ),
            roles=roles,
            purpose_of_use=purposes[0] if purposes else None,
            emergency_reason=only_text(claims, self.reason_attribute),
            patient_concerned=only_text(claims, RESOURCE_ID),
            assertion_id=claims.assertion_id,
            issued_at=claims.issued_at,
        )


def _role(value: Value) -> CodedValue | None:
    """Read a CE as ITI-40 wants it, or a plain text as older issuers write it."""
    return coded(value) or (CodedValue(code=value.text) if value.text else None)


def _written(code: CodedValue | None) -> str:
    return f"{code.code}^{code.system}" if code else ""


def _strange(what: str, known: frozenset[str], came: Iterable[str]) -> Iterator[str]:
    """Yield what the domain does not let in; an assertion must have at least one that it does."""
    values = tuple(came)
    strange = [value for value in values or ("",) if value not in known] if known else []
    for value in strange:
        yield (
            f"This affinity domain does not let in the {what} {quote(value)}: expected "
            f"{' or '.join(sorted(known))}."
        )
