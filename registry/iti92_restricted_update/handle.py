"""The room of ITI-92: the story of an update, with the rules of the restricted one.

Spec: RMU §3.92.
"""

from collections.abc import Mapping
from typing import Final

from registry.iti92_restricted_update.rules import RULES
from registry.ledger.api import Ledger
from registry.submission.room import submitting_room
from registry.telling.api import NOBODY_TOLD, Telling
from registry.update.change import Change
from xds.access.policy import ANY_TRUSTED, Policy
from xds.domain import AffinityDomain
from xds.metadata.policy import IdentifierCheck
from xds.story import Room

ACTION: Final = "urn:ihe:iti:2018:RestrictedUpdateDocumentSet"


def room(
    *,
    ledger: Ledger,
    domain: AffinityDomain,
    identifier_checks: Mapping[str, IdentifierCheck],
    policy: Policy = ANY_TRUSTED,
    telling: Telling = NOBODY_TOLD,
) -> Room:
    """Return the room over a ledger."""
    return submitting_room(
        transaction="ITI-92",
        action=ACTION,
        handle=Change(
            ledger=ledger,
            domain=domain,
            identifier_checks=identifier_checks,
            rules=RULES,
            policy=policy,
            telling=telling,
            response=f"{ACTION}Response",
        ),
    )
