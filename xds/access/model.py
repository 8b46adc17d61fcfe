"""What an access decision is made of, as frozen values.

Spec: none of IHE's says who may see what; ITI TF-1 Appendix P and the SeR supplement say where it
is decided. What France decides is in `domains/dmp/access`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType


class Action(StrEnum):
    """What a caller wants to do: a row of the functional matrix."""

    TEST_EXISTENCE = "test_existence"
    AUTHORISE_SELF = "authorise_self"
    WITHDRAW_SELF = "withdraw_self"
    RESIGN_ATTENDING = "resign_attending"
    LIST_RECORDS = "list_records"
    FIND_PATIENT = "find_patient"
    WEB_ACCESS = "web_access"
    FEED_IDENTITIES = "feed_identities"
    """To say who is a patient, and which two are one: by ITI-44."""
    OPEN_RECORD = "open_record"
    REACTIVATE_RECORD = "reactivate_record"
    CLOSE_RECORD = "close_record"
    READ_ADMINISTRATIVE = "read_administrative"
    LIST_PROFESSIONALS = "list_professionals"
    CHANGE_CHOICES = "change_choices"
    SUBMIT = "submit"
    SUBMIT_AS_SECRETARY = "submit_as_secretary"
    REPLACE = "replace"
    FIND = "find"
    FIND_REFERENCE = "find_reference"
    CONSULT = "consult"
    CONSULT_MASKED = "consult_masked"
    CONSULT_HIDDEN = "consult_hidden"
    """A document that the patient, or a legal representative, does not see (yet)."""
    CONSULT_WITHDRAWN = "consult_withdrawn"
    """An archived, superseded or deleted document."""
    MASK = "mask"
    UNMASK = "unmask"
    MAKE_VISIBLE = "make_visible"
    ARCHIVE = "archive"
    DELETE = "delete"
    UPDATE = "update"
    """A change of metadata that is none of the others."""


class Mode(StrEnum):
    """In which situation the caller calls: the purpose of use, on the wire as here."""

    NORMAL = "normal"
    REGULATION = "centre_15"
    BREAK_GLASS = "bris_de_glace"


class Mark(StrEnum):
    """What a confidentialityCode hides a document from; other codes hide nothing here."""

    MASKED = "MASQUE_PS"
    HIDDEN_FROM_PATIENT = "INVISIBLE_PATIENT"
    HIDDEN_FROM_REPRESENTATIVES = "INVISIBLE_REPRESENTANTS_LEGAUX"


class RecordState(StrEnum):
    """Whether a patient's record can be used."""

    OPEN = "open"
    CLOSED = "closed"


class Standing(StrEnum):
    """What a professional or a structure is to a patient's record."""

    AUTHORISED = "authorised"
    BLOCKED = "blocked"
    ATTENDING = "attending"
    """Médecin traitant: administrator of the record."""
    REPRESENTATIVE = "representative"
    """Legal representative of the patient."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a patient decided. The ids are a professional's national id or a structure's."""

    state: RecordState = RecordState.OPEN
    authorised: Mapping[str, datetime | None] = field(default_factory=lambda: MappingProxyType({}))
    """Until when; None is without end."""
    blocked: frozenset[str] = frozenset()
    attending: frozenset[str] = frozenset()
    representatives: frozenset[str] = frozenset()
    masks_new: bool = False
    """Whether every new document arrives masked."""
    regulation: bool = True
    """Whether medical regulation (centre_15) may open the record in an emergency."""
    break_glass: bool = True
    """Whether any professional may open it by breaking the glass."""
    masked_in_emergency: bool = False
    """Whether masked documents are opened too; only with one of the other two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a decision needs to know of a DocumentEntry."""

    type_code: tuple[str, str]
    """Code and scheme."""
    marks: frozenset[Mark] = frozenset()
    is_withdrawn: bool = False
    """Whether its availabilityStatus is another than Approved."""
    authors: frozenset[str] = frozenset()
    """National ids of the persons (XCN.1)."""
    structures: frozenset[str] = frozenset()
    """Ids of the authors' institutions (XON.10)."""
    depositor: str = ""
    """Caller.identity of who submitted it; '' when unknown."""
    depositor_structure: str = ""
    is_patients: bool = False
    """Whether the patient, or a representative, deposited it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What is asked for: a patient's record, or one document of it."""

    patient_id: str
    """`cx_key`'s form."""
    document: Document | None = None


class Reason(StrEnum):
    """Why a caller may not."""

    NO_POLICY = "no_policy"
    ROLE_UNKNOWN = "role_unknown"
    MODE_UNKNOWN = "mode_unknown"
    NO_EMERGENCY_REASON = "no_emergency_reason"
    OTHER_PATIENT = "other_patient"
    FUNCTION = "function"
    """The caller's kind, mode and authentication do not give this function."""
    RECORD_CLOSED = "record_closed"
    BLOCKED = "blocked"
    OPPOSED = "opposed"
    """The patient opposed this kind of emergency access."""
    NOT_AUTHORISED = "not_authorised"
    NOT_OWN = "not_own"
    """The function is given for the caller's own documents only."""
    DOCUMENT_TYPE = "document_type"
    MASKED = "masked"
    HIDDEN = "hidden"
    """Not, or not yet, visible to the patient or to a representative."""
    WITHDRAWN = "withdrawn"
    """The document is archived, superseded or deleted."""


TELLABLE = frozenset(
    {
        Reason.NO_POLICY,
        Reason.ROLE_UNKNOWN,
        Reason.MODE_UNKNOWN,
        Reason.NO_EMERGENCY_REASON,
        Reason.OTHER_PATIENT,
        Reason.FUNCTION,
    }
)
"""Reasons that follow from the caller's own message: telling them reveals nothing of a record."""


class Obligation(StrEnum):
    """What must be done before what is permitted."""

    TRACE_EMERGENCY = "trace_emergency"
    TELL_PATIENT = "tell_patient"
    IMPUTE_TO_STRUCTURE = "impute_to_structure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """The caller may."""

    basis: str
    """In a word: `authorised`, `attending`, `own`, `emergency`, `function`, `any_trusted`."""
    obligations: frozenset[Obligation] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deny:
    """The caller may not."""

    reason: Reason
    rule: str
    """For the caller's own eyes where the reason is tellable, else for the trail only."""

    @property
    def is_tellable(self) -> bool:
        """Whether the caller may be told why: it follows from the message alone."""
        return self.reason in TELLABLE


Decision = Permit | Deny
