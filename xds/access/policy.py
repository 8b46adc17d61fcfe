"""The access policy of an affinity domain, as one frozen value. The empty policy permits nothing.

Which file each table comes from, and how it is checked: `xds.access.reading`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from xds.access.model import Action, Mode
from xds.security.caller import Caller, CodedValue

ANY = "*"


class Cell(StrEnum):
    """What the functional matrix says of an action, a kind of caller and a mode."""

    YES = "yes"
    NO = "no"
    OWN = "own"
    """Documents of which the caller is an author; to see them, also: which the caller deposited."""
    STRUCTURE = "structure"
    """Documents of which the caller's structure is an author, or which it deposited."""
    CONSENT = "consent"
    """If the patient has allowed it for an emergency."""
    REFERENCE = "reference"
    """References only, no metadata, of the documents of the caller's structure."""
    IMPUTED = "imputed"
    """Yes, imputed to the caller's structure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of caller: who is of it. Empty sets mean any."""

    name: str
    authentications: frozenset[str] = frozenset()
    roles: frozenset[tuple[str, str]] = frozenset()
    """Code and system of the first role value; the code may be `*`."""
    specialties: frozenset[tuple[str, str]] = frozenset()
    """Of any further role value."""

    def fits(self, caller: Caller) -> bool:
        """Return whether the caller is of this kind, as far as the assertion tells."""
        return (
            (not self.authentications or caller.authentication_mode in self.authentications)
            and (not self.roles or _is_among(self.roles, caller.roles[:1]))
            and (not self.specialties or _is_among(self.specialties, caller.roles[1:]))
        )


def _is_among(wanted: frozenset[tuple[str, str]], codes: tuple[CodedValue, ...]) -> bool:
    return any((c.code, c.system) in wanted or (ANY, c.system) in wanted for c in codes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Who may do what in an affinity domain."""

    permits_any_trusted: bool = False
    """Whether there is nothing to decide: every caller whose assertion is trusted may all."""
    kinds: tuple[Kind, ...] = ()
    """The first that fits is the caller's."""
    attending_of: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Kind to the kind that it is for a patient whose médecin traitant the caller is."""
    patient_kinds: frozenset[str] = frozenset()
    """Kinds who are the patient, or a legal representative of the patient."""
    purpose_systems: frozenset[str] = frozenset()
    modes: Mapping[str, Mode] = field(default_factory=lambda: MappingProxyType({}))
    """By purpose of use code."""
    functions: Mapping[tuple[str, str, Mode], Mapping[Action, Cell]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    """By authentication, kind and mode; the first two may be `*`."""
    types: Mapping[tuple[str, str], bool] = field(default_factory=lambda: MappingProxyType({}))
    """Profession (`code^system`) and document type (`code^scheme`), each or both `*`."""
    emergency_kinds: frozenset[str] = frozenset()
    """For whom an emergency opens a record without the patient's authorisation."""
    reason_required: frozenset[Mode] = frozenset()
    """Emergencies that must be explained in the assertion."""
    without_authorisation: frozenset[Action] = frozenset()
    """What needs no authorisation of the patient."""
    when_blocked: frozenset[Action] = frozenset()
    when_closed: frozenset[Action] = frozenset()
    own_without_authorisation: frozenset[Action] = frozenset()
    """What authors and depositors do with their own documents without being authorised."""
    records_begin_open: bool = False
    """Whether the record of a patient who has not chosen yet is open."""
    vouched_only: bool = False
    """Whether ITI-42 is taken from trusted Repositories only."""

    def shows_type(self, profession: str, type_code: str) -> bool:
        """Return what the most specific row says of a type; without any, no."""
        pairs = ((profession, type_code), (profession, ANY), (ANY, type_code), (ANY, ANY))
        return next((self.types[pair] for pair in pairs if pair in self.types), False)


ANY_TRUSTED = Policy(permits_any_trusted=True)
