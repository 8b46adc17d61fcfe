"""The caller of a transaction, as a verified assertion says it. Frozen; made only by the verifier.

Spec: ITI TF-2 §3.40.4.1.2 (XUA attributes). France's VIHF maps to the same value in `dmp.vihf`.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedValue:
    """A code with its system (an OID, without `urn:oid:`; '' when the caller gave none)."""

    code: str
    system: str = ""
    display_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls, for whom, and why: only what a trusted issuer signed."""

    identity: str
    """Text of Subject/NameID."""
    issuer: str
    """Text of Issuer."""
    alias: str = ""
    """Subject/NameID/@SPProvidedID."""
    name: str = ""
    """Human name (subject-id)."""
    structure: str = ""
    """Organisation: Identifiant_Structure (France) or organization-id (XUA)."""
    roles: tuple[CodedValue, ...] = ()
    """In the assertion's order; in France profession first, then specialty."""
    purpose_of_use: CodedValue | None = None
    emergency_reason: str = ""
    patient_concerned: str = ""
    """CX of resource-id; '' when the assertion names no patient."""
    software: str = ""
    """Name and version of the calling software, as given."""
    authentication_mode: str = ""
    """`direct`, `indirect`, `indirect_renforcee`; '' where the profile has no such notion."""
    assertion_id: str = ""
    assertion_digest: str = ""
    """SHA-256 (hex) of the canonical signed bytes."""
    issued_at: datetime | None = None
    vouched_by: str = ""
    """Identity of the Repository that vouches for this caller; '' when the caller came itself."""
