"""The decisions of one call, each made once.

Whoever asks for a thousand documents of one record asks the same few questions a thousand times:
what differs between documents is their access class, and of these a record has a few dozen.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from registry.access.facts import read_facts
from registry.ledger.api import AccessClass, Unit
from registry.records.model import Record, unchosen
from registry.telling.api import Telling
from xds.access.case import mode_of
from xds.access.decide import decide
from xds.access.model import (
    Action,
    Choices,
    Decision,
    Deny,
    Document,
    Mode,
    Obligation,
    Permit,
    Reason,
    Resource,
)
from xds.access.policy import Policy
from xds.metadata.hl7v2 import cx_key
from xds.security.caller import Caller

Records = Callable[[Iterable[str]], dict[str, Record]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks, under which policy, and when."""

    caller: Caller
    policy: Policy
    instant: datetime

    @property
    def may_all(self) -> bool:
        """Whether there is nothing to decide."""
        return self.policy.permits_any_trusted

    def before(self, action: Action, patient_ids: Iterable[str] = ()) -> Deny | None:
        """Return the refusal that follows from the message alone and may be told, if there is one.

        `patient_ids` are the patients that the message names, in `cx_key`'s form.
        """
        for patient_id in tuple(patient_ids) or (self.assumed,):
            resource = Resource(patient_id=patient_id)
            decision = decide(self.caller, Choices(), resource, action, self.policy, self.instant)
            if isinstance(decision, Deny) and decision.is_tellable:
                return decision
        return None

    @property
    def unfit(self) -> Deny | None:
        """Return the refusal of whatever this caller asks for, because of who asks and how."""
        denial = self.before(Action.TEST_EXISTENCE)
        return denial if denial and denial.reason is not Reason.FUNCTION else None

    @property
    def mode(self) -> Mode | None:
        """In which mode the caller calls; None when the policy knows no such purpose of use."""
        return mode_of(self.caller, self.policy)

    @property
    def assumed(self) -> str:
        """A message that names no patient is about the assertion's."""
        return cx_key(self.caller.patient_concerned)


@dataclass(slots=True, kw_only=True)
class Verdicts:
    """What was decided so far."""

    asker: Asker
    records: Records
    _choices: dict[str, Choices] = field(default_factory=dict)
    _made: dict[tuple[Action, AccessClass], Decision] = field(default_factory=dict)
    _alike: dict[tuple[Action, str, Hashable], Decision] = field(default_factory=dict)

    def on_document(self, action: Action, of: AccessClass) -> Decision:
        """Return the decision on documents of a class."""
        made = self._made.get((action, of))
        if made is None:
            patient_id, access, status = of
            document = read_facts(access, status)
            alike = (action, patient_id, _as_it_concerns(self.asker.caller, document))
            made = self._alike.get(alike)
            if made is None:
                resource = Resource(patient_id=patient_id, document=document)
                made = self._alike[alike] = self._decide(action, resource)
            self._made[action, of] = made
        return made

    def on_record(self, action: Action, patient_id: str) -> Decision:
        """Return the decision on a patient's record as such."""
        of = (patient_id, "", "")
        made = self._made.get((action, of))
        if made is None:
            made = self._made[action, of] = self._decide(action, Resource(patient_id=patient_id))
        return made

    def foresee(self, patient_ids: Iterable[str]) -> None:
        """Read several patients' choices at once."""
        missing = sorted({p for p in patient_ids if p not in self._choices})
        found = self.records(missing) if missing and not self.asker.may_all else {}
        for patient_id in missing:
            record = found.get(patient_id) or unchosen(patient_id, self.asker.policy)
            self._choices[patient_id] = record.choices()

    def foresee_assumed(self) -> None:
        """Read the choices of the assertion's patient, whether or not they will be asked for.

        So what is hidden from the caller there costs as much as what there is not.
        """
        if self.asker.assumed:
            self.foresee((self.asker.assumed,))

    def masks_new(self, patient_id: str) -> bool:
        """Whether the patient wants every new document masked."""
        self.foresee((patient_id,))
        return self._choices[patient_id].masks_new

    @property
    def shown(self) -> str:
        """Return what was decided, in a few words for the trail: `permit: own; deny: masked`."""
        return "; ".join(
            sorted({shown(decision) for decision in self._made.values()}, reverse=True)
        )

    @property
    def is_emergency(self) -> bool:
        """Whether something was permitted in an emergency."""
        return any(
            isinstance(d, Permit) and Obligation.TRACE_EMERGENCY in d.obligations
            for d in self._made.values()
        )

    def tell(self, telling: Telling, within: Unit | None = None) -> None:
        """Let patients know of what an emergency opened. Errors: as `Telling.tell`."""
        patients = {
            patient_id
            for (_, (patient_id, _, _)), decision in self._made.items()
            if isinstance(decision, Permit) and Obligation.TELL_PATIENT in decision.obligations
        }
        mode = self.asker.mode
        if patients and mode is not None:
            caller, instant = self.asker.caller, self.asker.instant
            telling.tell(sorted(patients), caller, mode, instant, within)

    def _decide(self, action: Action, resource: Resource) -> Decision:
        self.foresee((resource.patient_id,))
        asker = self.asker
        choices = self._choices[resource.patient_id]
        return decide(asker.caller, choices, resource, action, asker.policy, asker.instant)


def _as_it_concerns(caller: Caller, document: Document) -> Hashable:
    """Return what a decision depends on: of other people's names, only that there are some.

    Law: documents that are alike in this get the same decision.
    """
    people = (document.authors, document.structures)
    depositors = (document.depositor, document.depositor_structure)
    return (
        document.type_code,
        document.marks,
        document.is_withdrawn,
        document.is_patients,
        *(bool(names) for names in (*people, *depositors)),
        *(name in names for names in people for name in (caller.identity, caller.structure)),
        *(name == own for name in depositors for own in (caller.identity, caller.structure)),
    )


def shown(decision: Decision) -> str:
    """Return a decision in two words, for the trail."""
    if isinstance(decision, Permit):
        return f"permit: {decision.basis}"
    return f"deny: {decision.reason}"
