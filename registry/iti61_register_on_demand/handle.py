"""The room of ITI-61: the story of a registration, for On-Demand DocumentEntries.

Spec: ITI TF-2 §3.61.
"""

from collections.abc import Mapping
from typing import Final

from registry.iti61_register_on_demand.rules import RULES
from registry.ledger.api import Ledger
from registry.submission.register import Register
from registry.submission.room import submitting_room
from registry.telling.api import NOBODY_TOLD, Telling
from xds.access.policy import ANY_TRUSTED, Policy
from xds.domain import AffinityDomain
from xds.metadata import vocabulary as v
from xds.metadata.code import Code
from xds.metadata.policy import IdentifierCheck
from xds.story import Room

ACTION: Final = "urn:ihe:iti:2010:RegisterOnDemandDocumentEntry"
RESPONSE: Final = "urn:ihe:iti:2010:RegisterOnDemandDocumentResponse"
"""Not the request's with an ending, as elsewhere: so the standard has it (§3.61.4.2.2)."""


def room(  # noqa: PLR0913 - what the room depends on
    *,
    ledger: Ledger,
    domain: AffinityDomain,
    identifier_checks: Mapping[str, IdentifierCheck],
    policy: Policy = ANY_TRUSTED,
    telling: Telling = NOBODY_TOLD,
    mask: Code | None = None,
) -> Room:
    """Return the room over a ledger; `mask` is the code that hides from professionals."""
    return submitting_room(
        transaction="ITI-61",
        action=ACTION,
        handle=Register(
            ledger=ledger,
            domain=domain,
            identifier_checks=identifier_checks,
            entry_type=v.ON_DEMAND,
            rules=RULES,
            policy=policy,
            telling=telling,
            mask=mask,
            response=RESPONSE,
        ),
    )
