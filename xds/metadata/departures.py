"""Where an affinity domain departs from the Technical Framework: each departure by name.

Spec: ITI TF-1 Appendix L (an affinity domain may decide less than this: these rows are what one
country does otherwise). A domain declares the names (`departures` of domain.toml); a domain that
does not declare one is held to the Framework's text. Nothing else in the kernel knows a country.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from xds.metadata import vocabulary as v


class Departure(StrEnum):
    """The name of a departure, as domain.toml writes it."""

    SIGNS_SUBMISSION_SET = "signs-submission-set"
    CX_IDENTIFIER_TYPE = "cx-identifier-type"
    CX_EFFECTIVE_DATE = "cx-effective-date"
    XON_IDENTIFIER_TYPE = "xon-identifier-type"
    STATUS_ARCHIVED = "status-archived"
    STATUS_DELETED = "status-deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartureRow:
    """One row: what is permitted, from which text, by whom, and where the code looks at it."""

    name: Departure
    permits: str
    instead_of: str
    """The rule of the Framework that it bends."""
    source: str
    enforced_in: str
    """Module and function."""
    status: str = ""
    """The availabilityStatus that it adds, '' for none."""


DEPARTURES: Final[tuple[DepartureRow, ...]] = (
    DepartureRow(
        name=Departure.SIGNS_SUBMISSION_SET,
        permits="a signs Association whose target is the SubmissionSet of the same message",
        instead_of="both ends of a relationship are DocumentEntries (ITI TF-3 §4.2.2.2)",
        source="France, DMP, transaction TD2.1; CI-SIS, signature of the submission set",
        enforced_in="xds.metadata.association_rules:relationship_ends",
    ),
    DepartureRow(
        name=Departure.CX_IDENTIFIER_TYPE,
        permits="an identifier type code, such as NH or PI, in CX.5",
        instead_of="no component after CX.4 (ITI TF-3 Table 4.2.3.1.7-2, CX)",
        source="France, CI-SIS, patientId and sourcePatientId",
        enforced_in="xds.metadata.departures:refused_component",
    ),
    DepartureRow(
        name=Departure.CX_EFFECTIVE_DATE,
        permits="the date from which an identifier is effective in CX.7",
        instead_of="no component after CX.4 (ITI TF-3 Table 4.2.3.1.7-2, CX)",
        source="France, DMP, submissions of the CNAM",
        enforced_in="xds.metadata.departures:refused_component",
    ),
    DepartureRow(
        name=Departure.XON_IDENTIFIER_TYPE,
        permits="an identifier type code, such as IDNST, in XON.7",
        instead_of="no component of an XON but 1, 6 and 10 (ITI TF-3 Table 4.2.3.1.7-2, XON)",
        source="France, CI-SIS, authorInstitution",
        enforced_in="xds.metadata.party:parse_xon",
    ),
    DepartureRow(
        name=Departure.STATUS_ARCHIVED,
        permits="availabilityStatus Archived, given and taken back by ITI-57",
        instead_of="Approved and Deprecated only (ITI TF-3 §4.2.3.2.2)",
        source="France, DMP, transaction TD3.3d; CI-SIS value set JDV_J52",
        enforced_in="xds.metadata.departures:statuses",
        status=v.ARCHIVED,
    ),
    DepartureRow(
        name=Departure.STATUS_DELETED,
        permits="availabilityStatus Deleted, given by ITI-57: nothing is removed",
        instead_of="Approved and Deprecated only (ITI TF-3 §4.2.3.2.2)",
        source="France, DMP, transaction TD3.3c; CI-SIS value set JDV_J52",
        enforced_in="xds.metadata.departures:statuses",
        status=v.DELETED,
    ),
)

CX_COMPONENTS: Final[dict[int, Departure]] = {
    5: Departure.CX_IDENTIFIER_TYPE,
    7: Departure.CX_EFFECTIVE_DATE,
}
"""Which departure permits which component of a CX."""


def statuses(departures: AbstractSet[str]) -> frozenset[str]:
    """Return every availabilityStatus that an object can have in a domain.

    Spec: ITI TF-3 §4.2.3.2.2, §4.2.3.3.2.
    """
    added = {row.status for row in DEPARTURES if row.status and row.name in departures}
    return frozenset({v.APPROVED, v.DEPRECATED} | added)


def refused_component(further: tuple[str, ...], departures: AbstractSet[str]) -> int | None:
    """Return the number of the first component after CX.4 that the domain does not permit."""
    for number, text in enumerate(further, 5):
        permitted = CX_COMPONENTS.get(number)
        if text and (permitted is None or permitted not in departures):
            return number
    return None
