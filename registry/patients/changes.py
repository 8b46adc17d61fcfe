"""What can happen to a patient, as frozen values; and what is wrong with such a change. Pure.

Spec: ITI TF-2 §3.8.4.1 (add, revise), §3.8.4.2 (merge), §3.64.4.1 (link change). Identifiers are
CX texts as they came.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from registry.records.changes import Difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Add:
    """A patient becomes known (ADT A01, A04, A05; PRPA_IN201301UV02)."""

    patient_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Revise:
    """Something about a patient changed that a Registry does not keep (A08; PRPA_IN201302UV02).

    Why it exists at all: it is received, acknowledged and traced; it changes nothing
    (§3.8.4.1.4).
    """

    patient_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Two identifiers turn out to be one patient's (A40; PRPA_IN201304UV02)."""

    survivor: str
    """PID-3: the identifier that stays in use."""
    subsumed: str
    """MRG-1: the identifier whose use ends, for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkChange:
    """A local identifier belongs to another patient of the affinity domain than was thought (A43).

    Also, or only, a merge of two local identifiers.
    """

    new_patient_id: str
    """PID-3, first: whose the local identifier is."""
    local_patient_id: str
    """PID-3, second: DocumentEntry.sourcePatientId of the documents concerned."""
    previous_patient_id: str
    """MRG-1, first: whose it was thought to be; the same as the new one if only locals merge."""
    subsumed_local_patient_id: str = ""
    """MRG-1, second: a local identifier that is now `local_patient_id`; '' when none is."""
    source_id: str = ""
    """MSH-3: OID of the sender, sourceId of the SubmissionSet that records the change."""


PatientChange = Add | Revise | Merge | LinkChange


class Part(StrEnum):
    """Which identifier of a change something is said about."""

    PATIENT = "patient"
    SURVIVOR = "surviving patient"
    SUBSUMED = "subsumed patient"
    NEW = "new patient"
    PREVIOUS = "previous patient"
    LOCAL = "local patient"
    SUBSUMED_LOCAL = "subsumed local patient"


class FaultKind(StrEnum):
    """What is wrong, for doors that have codes of their own."""

    ILL_FORMED = "ill-formed"
    OTHER_AUTHORITY = "other-authority"
    WRONG_IDENTIFIER = "wrong-identifier"
    """The identifier proper does not pass its authority's check, such as INS's control key."""
    SAME = "same"
    UNKNOWN = "unknown"
    SUBSUMED = "subsumed"
    """It was merged into another one before."""
    CONFLICT = "conflict"
    """The change would leave related objects with different patients."""
    NOTHING_TO_DO = "nothing-to-do"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong (or merely odd) with a change, in words that help to mend it."""

    kind: FaultKind
    part: Part
    rule: str
    """The rule and its section."""
    came: str
    """Quoted."""
    expected: str
    fix: str
    is_error: bool = True
    """False for a warning: the change is made all the same."""

    def text(self, place: str = "") -> str:
        """Return it as one sentence; `place` is where the identifier stands, such as `PID-3`."""
        subject = f"{place} ({self.part})" if place else self.part
        return (
            f"{subject}: {self.rule}. Came: {self.came}. Expected: {self.expected}. "
            f"Fix: {self.fix}."
        )


class PatientChangeRefused(Exception):  # noqa: N818 - a refusal is an answer, not a defect
    """A change that the rules forbid; nothing was changed."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        super().__init__("; ".join(fault.text() for fault in self.faults))


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What became of a change that was accepted; it is durable."""

    is_new: bool = False
    """Add: the patient was not known before."""
    warnings: tuple[Fault, ...] = ()
    documents: tuple[str, ...] = ()
    """LinkChange: uniqueIds of the DocumentEntries that got a new version."""
    choices: tuple[Difference, ...] = ()
    """Merge: what became other in the survivor's record."""
    submission_set: str = ""
    """LinkChange: uniqueId of the SubmissionSet that records it; '' when no object changed."""
    submission_set_uuid: str = ""
    """Its entryUUID."""

    @property
    def choices_told(self) -> str:
        """What a merge did to the patient's choices, for the trail; '' for nothing."""
        said = "; ".join(difference.text() for difference in self.choices)
        return f"of what both chose the stricter holds: {said}" if said else ""
