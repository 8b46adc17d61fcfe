"""The room of ITI-51: the story of every stored query, over the queries of §3.51.4.1.2.1.

Spec: ITI TF-2 §3.51.
"""

from typing import Final

from registry.ledger.api import Ledger
from registry.query import ask
from registry.query.catalogue import MULTI_PATIENT_QUERIES
from registry.query.conditions import STATUSES
from registry.query.identity import PatientCheck, unchecked
from registry.telling.api import NOBODY_TOLD, Telling
from xds.access.policy import ANY_TRUSTED, Policy
from xds.limits import Limits
from xds.story import Room

ACTION: Final = "urn:ihe:iti:2009:MultiPatientStoredQuery"


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
        transaction="ITI-51",
        action=ACTION,
        queries=MULTI_PATIENT_QUERIES,
        ledger=ledger,
        limits=limits,
        statuses=statuses,
        policy=policy,
        telling=telling,
        check_patient=check_patient,
    )
