"""The room of ITI-57: the story of an update, with every operation.

Spec: MU §3.57.
"""

from collections.abc import Mapping
from typing import Final

from registry.iti57_update.rules import RULES
from registry.ledger.api import Ledger
from registry.submission.room import submitting_room
from registry.telling.api import NOBODY_TOLD, Telling
from registry.update.change import Change
from xds.access.policy import ANY_TRUSTED, Policy
from xds.domain import AffinityDomain
from xds.metadata.code import Code
from xds.metadata.policy import IdentifierCheck
from xds.story import Room

ACTION: Final = "urn:ihe:iti:2010:UpdateDocumentSet"


def room(  # noqa: PLR0913 - what the room depends on
    *,
    ledger: Ledger,
    domain: AffinityDomain,
    identifier_checks: Mapping[str, IdentifierCheck],
    policy: Policy = ANY_TRUSTED,
    telling: Telling = NOBODY_TOLD,
    mask: Code | None = None,
) -> Room:
    """Return the room over a ledger.

    `mask` is the confidentialityCode that hides a document from professionals.
    """
    return submitting_room(
        transaction="ITI-57",
        action=ACTION,
        handle=Change(
            ledger=ledger,
            domain=domain,
            identifier_checks=identifier_checks,
            rules=RULES,
            policy=policy,
            telling=telling,
            mask=mask,
            response=f"{ACTION}Response",
        ),
    )
