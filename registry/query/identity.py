"""Whether a patient identifier of a query can be anybody's: its authority's own check. Pure.

Why: a query for an identifier with a mistyped digit finds nothing, which looks like a patient
without documents.

Spec: none of IHE's; référentiel INS (a matricule has a control key). Which authorities have a
check, and whether it refuses or warns, is the affinity domain's to say. Of an identifier of another
domain, or one that is no CX, nothing is said: a query for it finds nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from xds.domain import AffinityDomain
from xds.metadata.datatype import DatatypeError
from xds.metadata.hl7v2 import parse_cx
from xds.metadata.policy import IdentifierCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongIdentifier:
    """An identifier that does not pass its authority's check."""

    authority: str
    """OID, with the domain's title of it."""
    fault: str
    """What the check found."""
    is_error: bool
    """False where the domain only warns."""


PatientCheck = Callable[[str], WrongIdentifier | None]
"""Judges a CX text."""


def unchecked(_: str) -> WrongIdentifier | None:
    """Find nothing wrong."""
    return None


def patient_check(
    domain: AffinityDomain, identifier_checks: Mapping[str, IdentifierCheck]
) -> PatientCheck:
    """Return the check of patient identifiers in a domain; `identifier_checks` by their names."""

    def check(cx_text: str) -> WrongIdentifier | None:
        try:
            cx = parse_cx(cx_text.strip())
        except DatatypeError:
            return None
        authority = domain.authorities.get(cx.authority)
        own_check = identifier_checks.get(authority.check) if authority else None
        if authority is None or own_check is None or not (fault := own_check(cx.id_number)):
            return None
        return WrongIdentifier(
            authority=f"{authority.oid} {authority.title}".strip(),
            fault=fault,
            is_error=not authority.check_warns,
        )

    return check
