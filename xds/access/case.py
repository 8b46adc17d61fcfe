"""One question put to a policy, with what follows from it: whose document, which mode, which cell.

Pure; the rules that refuse are in `xds.access.decide`.
"""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from xds.access.model import Action, Choices, Mode, Obligation, Resource
from xds.access.policy import ANY, Cell, Policy
from xds.metadata.hl7v2 import cx_key
from xds.security.caller import Caller

PATIENT: Final = "patient"
REPRESENTATIVE: Final = "representative"
STRANGER: Final = "stranger"
"""A patient who calls for somebody else's record."""
EMERGENCIES: Final = frozenset({Mode.REGULATION, Mode.BREAK_GLASS})
INDIRECT: Final = "indirect"
"""Authentication in which the structure is known, and its user only by the structure's word."""
CONSULTING: Final = frozenset(
    {
        Action.CONSULT,
        Action.CONSULT_MASKED,
        Action.CONSULT_HIDDEN,
        Action.CONSULT_WITHDRAWN,
    }
)
SEEING: Final = CONSULTING | {Action.FIND, Action.FIND_REFERENCE}
"""Actions that show a document, or that it exists."""
DEPOSITING: Final = frozenset({Action.SUBMIT, Action.SUBMIT_AS_SECRETARY})
"""Actions that concern no document that is there."""
LIMITED: Final = frozenset({Cell.OWN, Cell.STRUCTURE, Cell.REFERENCE})
"""Cells that speak of some documents and not of others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question, with what follows from it."""

    caller: Caller
    choices: Choices
    resource: Resource
    action: Action
    policy: Policy
    instant: datetime
    kind: str
    """'' when the policy names none."""
    mode: Mode | None

    @classmethod
    def of(  # noqa: PLR0913, PLR0917
        cls,
        caller: Caller,
        choices: Choices,
        resource: Resource,
        action: Action,
        policy: Policy,
        instant: datetime,
    ) -> "Case":
        """Return the question, with the caller's kind and mode."""
        return cls(
            caller=caller,
            choices=choices,
            resource=resource,
            action=action,
            policy=policy,
            instant=instant,
            kind=_kind(caller, choices, resource, policy),
            mode=mode_of(caller, policy),
        )

    @property
    def ids(self) -> frozenset[str]:
        """What a patient's choices may name the caller by."""
        return frozenset({self.caller.identity, self.caller.structure} - {""})

    @property
    def is_blocked(self) -> bool:
        """Whether the patient blocked the caller, or its structure.

        A name is one whatever its case and spacing, and the digits it is written with: who is
        blocked does not come back under a name that merely looks like the own one.
        """
        blocked = {*map(_folded, self.choices.blocked)} - {""}
        return bool(blocked and blocked & {*map(_folded, self.ids)})

    @property
    def identity(self) -> str:
        """The caller's identity where it was proved, else ''."""
        return "" if self.caller.authentication_mode == INDIRECT else self.caller.identity

    @property
    def is_emergency(self) -> bool:
        """Whether the caller calls in an emergency."""
        return self.mode in EMERGENCIES

    @property
    def is_of_the_patients_side(self) -> bool:
        """Whether the caller is the patient or a legal representative."""
        return self.kind in (PATIENT, REPRESENTATIVE)

    @property
    def is_authorised(self) -> bool:
        """Whether the patient authorised the caller or its structure, until later than now."""
        named = {self.identity, self.caller.structure} - {""}
        return any(
            _holds(self.choices.authorised[name], self.instant)
            for name in named
            if name in self.choices.authorised
        )

    @property
    def is_attending(self) -> bool:
        """Whether the caller is the patient's médecin traitant: a kind of its own."""
        is_named = bool(self.identity) and self.identity in self.choices.attending
        return is_named and self.kind in self.policy.attending_of.values()

    @property
    def is_author(self) -> bool:
        """Whether the caller made the document.

        A document that names no author is its depositor's. What a representative deposited is the
        patient's too, and not the other way round.
        """
        document, identity = self.resource.document, self.identity
        if document is None or not identity:
            return False
        if self.is_of_the_patients_side:
            is_theirs = self.kind == PATIENT or identity == document.depositor
            return document.is_patients and is_theirs
        authors = document.authors - {""} or {document.depositor}
        return identity in authors and not document.is_patients

    @property
    def is_own(self) -> bool:
        """Whether the caller made the document or deposited it."""
        document, identity = self.resource.document, self.identity
        if document is None or document.is_patients or self.is_of_the_patients_side:
            return self.is_author
        return self.is_author or (identity != "" and identity == document.depositor)

    @property
    def is_structures(self) -> bool:
        """Whether the document is the caller's structure's: its author's, or its depositor's."""
        document, structure = self.resource.document, self.caller.structure
        if document is None or document.is_patients or not structure:
            return False
        return structure in document.structures or structure == document.depositor_structure

    @property
    def is_opposed(self) -> bool:
        """Whether it is an emergency of the kind that the patient opposed."""
        return (self.mode is Mode.REGULATION and not self.choices.regulation) or (
            self.mode is Mode.BREAK_GLASS and not self.choices.break_glass
        )

    @property
    def is_opened_by_emergency(self) -> bool:
        """Whether an emergency opens the record to the caller."""
        return (
            self.is_emergency and not self.is_opposed and self.kind in self.policy.emergency_kinds
        )

    def cell(self, action: Action) -> Cell:
        """Return what the functional matrix says: what no column says is no."""
        if self.mode is None:
            return Cell.NO
        for authentication in (self.caller.authentication_mode, ANY):
            for kind in (self.kind, ANY):
                column = self.policy.functions.get((authentication, kind, self.mode))
                if column is not None:
                    return column.get(action, Cell.NO)
        return Cell.NO

    def gives(self, action: Action) -> bool:
        """Return whether the matrix gives an action, on this very document where it depends on one.

        Seeing what one deposited is not changing it: that is for who made it.
        """
        cell = self.cell(action)
        match cell:
            case Cell.YES:
                return True
            case Cell.IMPUTED:
                return bool(self.caller.structure)
            case Cell.CONSENT:
                return self.choices.masked_in_emergency and self.is_opened_by_emergency
            case Cell.OWN:
                is_theirs = self.is_own if action in SEEING else self.is_author
            case Cell.STRUCTURE | Cell.REFERENCE:
                is_theirs = self.is_structures
            case _:
                return False
        return is_theirs or self.resource.document is None

    @property
    def needed(self) -> tuple[Action, ...]:
        """What the matrix must give: a special consultation is a consultation too."""
        is_special = self.action in CONSULTING and self.action is not Action.CONSULT
        return (self.action, Action.CONSULT) if is_special else (self.action,)

    @property
    def sees_masked(self) -> bool:
        """Whether a mask on the document does not keep the caller from what is asked."""
        cell, masked = self.cell(self.action), self.cell(Action.CONSULT_MASKED)
        if cell in LIMITED and (cell is Cell.REFERENCE or self.action not in SEEING):
            return self.gives(self.action)  # the document is theirs
        if masked is Cell.NO:
            # Who consults nothing, an occupational doctor, still finds and unmasks what is theirs.
            return self.action not in CONSULTING and self.is_own and not self.is_emergency
        return self.gives(Action.CONSULT_MASKED)

    @property
    def needs_authorisation(self) -> bool:
        """Whether the patient must have let the caller in; what limits to own needs an own."""
        if self.is_of_the_patients_side:
            return False
        is_limited = self.cell(self.action) in LIMITED
        if self.action in self.policy.without_authorisation:
            return is_limited and self.resource.document is None
        if self.action not in self.policy.own_without_authorisation:
            return True
        return not (self.is_own or (is_limited and self.is_structures))

    @property
    def depends_on_consent(self) -> bool:
        """Whether the patient has a say in the action, and is told of it after an emergency."""
        return self.action not in self.policy.without_authorisation

    @property
    def basis(self) -> str:
        """Return what the permission rests on, the strongest first."""
        if self.is_of_the_patients_side:
            return self.kind
        for basis, holds in (
            ("own", self.is_own),
            ("attending", self.is_attending),
            ("authorised", self.is_authorised),
            ("emergency", self.is_opened_by_emergency and self.depends_on_consent),
        ):
            if holds:
                return basis
        return "function"

    @property
    def obligations(self) -> frozenset[Obligation]:
        """What must be done before."""
        found = set[Obligation]()
        if self.is_emergency:
            found.add(Obligation.TRACE_EMERGENCY)
            if self.depends_on_consent:
                found.add(Obligation.TELL_PATIENT)
        if self.cell(self.action) is Cell.IMPUTED:
            found.add(Obligation.IMPUTE_TO_STRUCTURE)
        return frozenset(found)


def mode_of(caller: Caller, policy: Policy) -> Mode | None:
    """Return in which mode a caller calls; None when the policy knows no such purpose of use."""
    purpose = caller.purpose_of_use
    if purpose is None or purpose.system not in policy.purpose_systems:
        return None
    return policy.modes.get(purpose.code)


def _kind(caller: Caller, choices: Choices, resource: Resource, policy: Policy) -> str:
    name = next((kind.name for kind in policy.kinds if kind.fits(caller)), "")
    if name in policy.patient_kinds:
        if _is_the_patient(caller, resource):
            return PATIENT
        return REPRESENTATIVE if caller.identity in choices.representatives else STRANGER
    if caller.identity in choices.attending:
        return policy.attending_of.get(name, name)
    return name


def _is_the_patient(caller: Caller, resource: Resource) -> bool:
    """Whether NameID is the patient's identifier, of the same authority.

    A bare number does not say whose it is; resource-id, which the issuer signed too, does.
    """
    patient_id = resource.patient_id
    if cx_key(caller.identity) == patient_id:
        return True
    is_number = caller.identity == patient_id.partition("^")[0]
    return is_number and cx_key(caller.patient_concerned) == patient_id


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(c for c in plain if unicodedata.category(c)[0] not in "CZ")


def _holds(until: datetime | None, instant: datetime) -> bool:
    """Whether an authorisation has not ended; times that cannot be compared have."""
    if until is None:
        return True
    comparable = (until.utcoffset() is None) == (instant.utcoffset() is None)
    return comparable and instant < until
