"""The gate: from a request to the verified caller, or one SOAP fault. Nothing is served without it.

Theory. The verification of one request, in order:

 1. find the one assertion of the message                                    header.py
 2. take it out as octets of its own; from here on the message is not read   header.py
 3. fixed shape, trusted signer, signature, digest; keep what was signed     signature.py, trust.py
 4. read its claims                                                          claims.py
 5. is this signer trusted for this action: caller's issuer, or voucher,     trust.py, here
    and is it one of those that only a voucher may ask for
 6. times, audience, confirmation, now and here                              conditions.py
 8. one-time use is spent                                                    onetime.py

Steps 3, 4 and 7 depend on nothing but the octets of step 2, so their result is remembered under the
SHA-256 of exactly these octets; steps 1, 5, 6 and the signer's validity are done for every request.
What may be used once is never remembered.

Spec: ITI TF-2 §3.40.4.1.3; WS-Security 1.1 §12. There is no way past this gate for unsigned calls.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from lxml import etree

from xds.namespaces import WSU
from xds.security.caller import Caller
from xds.security.claims import Claims, parse_time, read_claims
from xds.security.conditions import Rules, Situation, check, usable_until
from xds.security.header import find_assertion, standalone
from xds.security.onetime import OneTimeUses
from xds.security.profile import AssertionProfile
from xds.security.refusal import Subcode, explained, opaque, shown, unfit
from xds.security.signature import Algorithms, SignatureVerifier
from xds.security.trust import Purpose, Signatory, Trust, Untrusted
from xds.security.vouch import RULES as VOUCH_RULES
from xds.security.vouch import read_vouched
from xds.soap.exchange import SoapRequest

MAX_REMEMBERED: Final = 4096
"""Verified assertions, about 4 KB each."""
VOUCHED_ONLY: Final = (
    "This service takes this transaction only from the Document Repositories that its "
    "configuration names, each vouching for its caller with its own certificate. Fix: send "
    "documents to such a Repository [ITI-41] and ask it for them [ITI-43]; as the operator of a "
    "Repository, have its certificate added to trusted_repositories of the Registry's greffe.toml."
)
"""What a caller is told who sends what only a Repository may."""


@dataclass(frozen=True, slots=True)
class _Verified:
    """What holds for the octets of an assertion whenever they come."""

    claims: Claims
    signatory: Signatory
    caller: Caller


class Gate:
    """Authenticates requests for one service. Safe for use by many threads."""

    def __init__(  # noqa: PLR0913 - what a gate depends on
        self,
        *,
        profile: AssertionProfile,
        verifier: SignatureVerifier,
        audiences: Iterable[str],
        clock_skew_seconds: int,
        one_time: OneTimeUses,
        voucher_actions: frozenset[str] = frozenset(),
        vouched_only: frozenset[str] = frozenset(),
    ) -> None:
        """Accept the profile's assertions for these audiences, and vouchers for these actions.

        What is `vouched_only` is taken from vouchers alone.
        """
        self._profile = profile
        self._verifier = verifier
        self._audiences = frozenset(audiences)
        self._skew = timedelta(seconds=clock_skew_seconds)
        self._one_time = one_time
        self._voucher_actions = voucher_actions
        self._vouched_only = vouched_only
        self._remembered: OrderedDict[bytes, _Verified] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def from_files(  # noqa: PLR0913 - what a configuration names
        cls,
        *,
        profile: AssertionProfile,
        anchors: Iterable[Path],
        audiences: Iterable[str],
        clock_skew_seconds: int,
        one_time: OneTimeUses,
        vouchers: Iterable[Path] = (),
        barred: Iterable[Path] = (),
        revocation_lists: Iterable[Path] = (),
        voucher_actions: frozenset[str] = frozenset(),
        vouched_only: frozenset[str] = frozenset(),
    ) -> "Gate":
        """Open the gate of a service from its configuration.

        Errors: TrustError, naming file and fix.
        """
        trust = Trust.from_files(
            anchors=anchors, vouchers=vouchers, barred=barred, revocation_lists=revocation_lists
        )
        return cls(
            profile=profile,
            verifier=SignatureVerifier(trust, Algorithms.with_legacy(profile.legacy_algorithms)),
            audiences=audiences,
            clock_skew_seconds=clock_skew_seconds,
            one_time=one_time,
            voucher_actions=voucher_actions,
            vouched_only=vouched_only,
        )

    def authenticate(self, request: SoapRequest, action: str, instant: datetime) -> Caller:
        """Return the caller of a request for this action at this instant.

        Spec: see the module's steps. Errors: SoapFault with a WS-Security subcode.
        """
        assertion = find_assertion(request.envelope)  # (1)
        octets = standalone(assertion)  # (2)
        key = hashlib.sha256(octets).digest()
        verified = self._recall(key, instant)
        is_new = verified is None
        if verified is None:
            verified = self._verify(octets, instant)  # (3) (4) (7)
        self._check_purpose(verified.signatory, action)  # (5)
        rules = self._rules(verified.signatory)
        situation = Situation(
            instant=instant, skew=self._skew, audiences=self._audiences, peer=request.peer
        )
        check(verified.claims, rules, situation)  # (6)
        _check_timestamp(assertion, situation)
        conditions = verified.claims.conditions
        if conditions is not None and conditions.is_one_time:
            self._spend(verified.claims, rules, instant)  # (8)
        elif is_new:
            self._remember(key, verified)
        return verified.caller

    def _verify(self, octets: bytes, instant: datetime) -> _Verified:
        signed = self._verifier.verify(octets, instant)
        claims = read_claims(signed.root)
        is_vouched = signed.signatory.purpose is Purpose.VOUCHER
        if is_vouched:
            caller = read_vouched(claims, signed.signatory)
        else:
            caller = self._profile.caller(claims, signed.signatory)
            digest = hashlib.sha256(signed.octets).hexdigest()
            caller = replace(caller, assertion_digest=digest)
        return _Verified(claims, signed.signatory, caller)

    def _check_purpose(self, signatory: Signatory, action: str) -> None:
        is_voucher = signatory.purpose is Purpose.VOUCHER
        if is_voucher and action not in self._voucher_actions:
            raise opaque(
                Subcode.FAILED_AUTHENTICATION, f"a voucher is not trusted for action {action!r}"
            )
        if not is_voucher and action in self._vouched_only:
            raise explained(Subcode.FAILED_AUTHENTICATION, VOUCHED_ONLY)

    def _rules(self, signatory: Signatory) -> Rules:
        return VOUCH_RULES if signatory.purpose is Purpose.VOUCHER else self._profile.rules

    def _spend(self, claims: Claims, rules: Rules, instant: datetime) -> None:
        identity = hashlib.sha256(f"{claims.issuer}\0{claims.assertion_id}".encode()).hexdigest()
        until = usable_until(claims, rules, self._skew)
        if not self._one_time.use(identity, instant=instant, until=until):
            raise unfit(
                "The assertion was for one use only and has been used. Fix: issue a new assertion "
                "for every request, or issue it without OneTimeUse."
            )

    def _recall(self, key: bytes, instant: datetime) -> _Verified | None:
        with self._lock:
            verified = self._remembered.get(key)
            if verified is None:
                return None
            self._remembered.move_to_end(key)
        try:
            self._verifier.trust.recheck(verified.signatory, instant)
        except Untrusted:
            # Verified anew: refused with the reason, or believed by another chain.
            return None
        return verified

    def _remember(self, key: bytes, verified: _Verified) -> None:
        with self._lock:
            self._remembered[key] = verified
            if len(self._remembered) > MAX_REMEMBERED:
                self._remembered.popitem(last=False)


def _check_timestamp(assertion: etree._Element, situation: Situation) -> None:
    """Honour a wsu:Timestamp beside the assertion: unsigned, so it can only take away.

    Spec: WS-Security 1.1 §10.
    """
    security = assertion.getparent()
    expires = (
        security.findtext(f"{{{WSU}}}Timestamp/{{{WSU}}}Expires") if security is not None else None
    )
    end = parse_time(expires or "")
    if end is not None and situation.instant - situation.skew >= end:
        raise explained(
            Subcode.MESSAGE_EXPIRED,
            f"The message expired: wsu:Timestamp/Expires {shown(end)}, server time "
            f"{shown(situation.instant)}. Fix: set the clocks, or send it again.",
        )
