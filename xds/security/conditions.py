"""Whether genuine claims hold now and here: times, audience, confirmation.

Spec: SAML 2.0 core §2.4.1.2, §2.5 with erratum E46; ITI TF-2 §3.40.4.1.2. Pure: the instant, the
audiences and the rules are parameters. Every refusal says what to fix, with the server's time where
time is at stake.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from xds.errors import quote
from xds.security.claims import Claims, Conditions, Confirmation
from xds.security.refusal import shown, unfit

BEARER: Final = "urn:oasis:names:tc:SAML:2.0:cm:bearer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a profile requires. What is not required is verified all the same whenever present."""

    requires_conditions: bool
    requires_audience: bool
    requires_confirmation: bool
    requires_authentication: bool
    window_seconds: int
    """How long after IssueInstant an assertion may be used, whatever its Conditions say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Where and when an assertion is presented."""

    instant: datetime
    skew: timedelta
    audiences: frozenset[str]
    peer: str = ""


def check(claims: Claims, rules: Rules, situation: Situation) -> None:
    """Check that the claims hold.

    Errors: SoapFault (InvalidSecurityToken) with every reason at once.
    """
    reasons = [
        *_freshness(claims, rules, situation),
        *_conditions(claims.conditions, rules, situation),
        *_confirmations(claims.confirmations, rules, situation),
        *_authentications(claims, rules, situation),
    ]
    if reasons:
        raise unfit(*reasons)


def usable_until(claims: Claims, rules: Rules, skew: timedelta) -> datetime:
    """Return the instant after which nobody accepts these claims any more."""
    end = claims.issued_at + timedelta(seconds=rules.window_seconds)
    if claims.conditions is not None and claims.conditions.not_on_or_after is not None:
        end = min(end, claims.conditions.not_on_or_after)
    return end + skew


def _freshness(claims: Claims, rules: Rules, situation: Situation) -> Iterator[str]:
    now, skew, issued = situation.instant, situation.skew, claims.issued_at
    if issued > now + skew:
        yield (
            f"The assertion is from the future: IssueInstant {shown(issued)}, "
            f"{_now(situation)}. Fix: set the issuer's clock."
        )
    elif now > issued + timedelta(seconds=rules.window_seconds) + skew:
        yield (
            f"The assertion expired: IssueInstant {shown(issued)}, usable for "
            f"{rules.window_seconds} s, {_now(situation)}. Fix: send a newer assertion."
        )


def _conditions(conditions: Conditions | None, rules: Rules, situation: Situation) -> Iterator[str]:
    if conditions is None:
        if rules.requires_conditions or rules.requires_audience:
            yield "The assertion has no Conditions. Fix: issue it with Conditions and an Audience."
        return
    begin, end = conditions.not_before, conditions.not_on_or_after
    if begin is not None and end is not None and begin >= end:
        yield f"Conditions end ({shown(end)}) before they begin ({shown(begin)})."
    yield from _times("Conditions", begin, end, situation)
    if rules.requires_audience and not conditions.audiences:
        yield "Conditions has no AudienceRestriction. Fix: name this service as Audience."
    for audiences in conditions.audiences:
        if not audiences & situation.audiences:
            yield (
                f"The assertion is for another audience: came {_listed(audiences)}, expected "
                f"{_listed(situation.audiences)}. Fix: ask the issuer for this service's Audience."
            )


def _times(
    subject: str, begin: datetime | None, end: datetime | None, situation: Situation
) -> Iterator[str]:
    if begin is not None and situation.instant + situation.skew < begin:
        yield (
            f"The assertion is not valid yet: {subject}/@NotBefore {shown(begin)}, "
            f"{_now(situation)}. Fix: set the clocks, or wait."
        )
    if end is not None and situation.instant - situation.skew >= end:
        yield (
            f"The assertion expired: {subject}/@NotOnOrAfter {shown(end)}, {_now(situation)}. "
            "Fix: ask the issuer for a new assertion."
        )


def _confirmations(
    confirmations: tuple[Confirmation, ...], rules: Rules, situation: Situation
) -> Iterator[str]:
    """One confirmation that holds is enough (SAML 2.0 core §2.4.1)."""
    if not confirmations:
        if rules.requires_confirmation:
            yield "Subject has no SubjectConfirmation. Fix: issue it with method bearer."
        return
    complaints = [list(_confirmation(c, situation)) for c in confirmations]
    if all(complaints):
        yield from (reason for reasons in complaints for reason in reasons)


def _confirmation(confirmation: Confirmation, situation: Situation) -> Iterator[str]:
    if confirmation.method != BEARER:
        yield (
            f"SubjectConfirmation method {quote(confirmation.method)} is not supported: this "
            f"service accepts {BEARER} (holder-of-key would need the TLS client certificate)."
        )
        return
    yield from _times(
        "SubjectConfirmationData",
        confirmation.not_before,
        confirmation.not_on_or_after,
        situation,
    )
    if confirmation.recipient is not None and confirmation.recipient not in situation.audiences:
        yield (
            f"SubjectConfirmationData/@Recipient is {quote(confirmation.recipient)}, expected "
            f"{_listed(situation.audiences)} or none."
        )
    if confirmation.address is not None and confirmation.address != situation.peer:
        yield (
            f"SubjectConfirmationData/@Address is {quote(confirmation.address)}, the request came "
            f"from {quote(situation.peer)}."
        )


def _authentications(claims: Claims, rules: Rules, situation: Situation) -> Iterator[str]:
    if not claims.authentications:
        if rules.requires_authentication:
            yield "The assertion has no AuthnStatement (ITI TF-2 §3.40.4.1.2)."
        return
    if rules.requires_authentication and not any(
        a.context_class or a.context_declaration for a in claims.authentications
    ):
        yield "AuthnContext names neither AuthnContextClassRef nor AuthnContextDeclRef."
    for authentication in claims.authentications:
        end = authentication.session_not_on_or_after
        if end is not None and situation.instant - situation.skew >= end:
            yield (
                f"The user's session ended: SessionNotOnOrAfter {shown(end)}, {_now(situation)}. "
                "Fix: authenticate again."
            )


def _now(situation: Situation) -> str:
    return (
        f"server time {shown(situation.instant)}, tolerated skew "
        f"{int(situation.skew.total_seconds())} s"
    )


def _listed(texts: frozenset[str]) -> str:
    return " or ".join(quote(t) for t in sorted(texts)[:5])
