"""One question put to a policy, with what follows from it: whose document, which mode, which cell.

Pure; the rules that refuse are in `xds.access.decide`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from xds.access.model import Action, Choices, Mode, Obligation, Resource
from xds.access.policy import ANY, Cell, Policy
from xds.security.caller import Caller

PATIENT: Final = "patient"
REPRESENTATIVE: Final = "representative"
STRANGER: Final = "stranger"
"""A patient who calls for somebody else's record."""
EMERGENCIES: Final = frozenset({Mode.REGULATION, Mode.BREAK_GLASS})


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
        """What the caller is named by in a patient's choices."""
        return frozenset({self.caller.identity, self.caller.structure} - {""})

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
        until = [self.choices.authorised[i] for i in self.ids if i in self.choices.authorised]
        return any(end is None or self.instant < end for end in until)

    @property
    def is_attending(self) -> bool:
        """Whether the caller is the patient's médecin traitant."""
        return self.caller.identity in self.choices.attending

    @property
    def is_own(self) -> bool:
        """Whether the document is the caller's: an author's, or the depositor's."""
        document, identity = self.resource.document, self.caller.identity
        if document is None or not identity:
            return False
        if document.is_patients:
            return self.is_of_the_patients_side
        return identity in document.authors or identity == document.depositor

    @property
    def is_structures(self) -> bool:
        """Whether the document is the caller's structure's: its author's, or its depositor's."""
        document, structure = self.resource.document, self.caller.structure
        if document is None or document.is_patients or not structure:
            return False
        return structure in document.structures or structure == document.depositor_structure

    @property
    def is_opened_by_emergency(self) -> bool:
        """Whether it is an emergency that the patient did not oppose."""
        match self.mode:
            case Mode.REGULATION:
                return self.choices.regulation
            case Mode.BREAK_GLASS:
                return self.choices.break_glass
        return False

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

    @property
    def basis(self) -> str:
        """Return what the permission rests on, the strongest first."""
        if self.is_of_the_patients_side:
            return self.kind
        for basis, holds in (
            ("own", self.is_own),
            ("attending", self.is_attending),
            ("authorised", self.is_authorised),
            ("emergency", self.is_opened_by_emergency),
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
            if self.action not in self.policy.without_authorisation:
                found.add(Obligation.TELL_PATIENT)
        if self.cell(self.action) is Cell.IMPUTED:
            found.add(Obligation.IMPUTE_TO_STRUCTURE)
        return frozenset(found)


def _kind(caller: Caller, choices: Choices, resource: Resource, policy: Policy) -> str:
    name = next((kind.name for kind in policy.kinds if kind.fits(caller)), "")
    if name in policy.patient_kinds:
        if caller.identity and caller.identity == resource.patient_id.partition("^")[0]:
            return PATIENT
        return REPRESENTATIVE if caller.identity in choices.representatives else STRANGER
    if caller.identity in choices.attending:
        return policy.attending_of.get(name, name)
    return name


def mode_of(caller: Caller, policy: Policy) -> Mode | None:
    """Return in which mode a caller calls; None when the policy knows no such purpose of use."""
    purpose = caller.purpose_of_use
    if purpose is None or purpose.system not in policy.purpose_systems:
        return None
    return policy.modes.get(purpose.code)
