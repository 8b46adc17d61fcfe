"""The room of ITI-18: the story of every stored query, over the queries of §3.18.4.1.2.3.7.

Spec: ITI TF-2 §3.18.
"""

from typing import Final

from registry.ledger.api import Ledger
from registry.query import ask
from registry.query.catalogue import STORED_QUERIES
from registry.query.conditions import STATUSES
from registry.query.identity import PatientCheck, unchecked
from registry.telling.api import NOBODY_TOLD, Telling
from xds.access.policy import ANY_TRUSTED, Policy
from xds.limits import Limits
from xds.story import Room

ACTION: Final = "urn:ihe:iti:2007:RegistryStoredQuery"


def room(  # noqa: PLR0913 - what a query is answered with
    *,
    ledger: Ledger,
    limits: Limits,
    statuses: frozenset[str] = STATUSES,
    policy: Policy = ANY_TRUSTED,
    telling: Telling = NOBODY_TOLD,
    check_patient: PatientCheck = unchecked,
) -> Room:
    """Return the room over a ledger; `statuses` are those that the affinity domain knows."""
    return ask.room(
        transaction="ITI-18",
        action=ACTION,
        queries=STORED_QUERIES,
        ledger=ledger,
        limits=limits,
        statuses=statuses,
        policy=policy,
        telling=telling,
        check_patient=check_patient,
    )
