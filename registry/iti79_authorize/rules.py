"""What is decided about a document, from what is registered of it.

Spec: SeR supplement §3.79.4.1.3, §3.79.4.2.2; what the supplement leaves to the domain is:

- A document is known by its uniqueId. Every DocumentEntry with that uniqueId names it, whosever
  record it is in, and all of them must permit: nobody opens a document by registering it again for
  another patient.
- Of an entry its latest version counts, whatever its status, and no earlier one: a version that
  masks closes what the one before it left open, and a version that unmasks opens it.
- At least one of these entries must say that the document is in the Repository that asks; what is
  not registered is nobody's to give.
- Why not, is said only where it would be said of a document that does not exist, too.

Pure.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from registry.access.verdicts import shown
from registry.ledger.api import AccessClass
from xds.access.decision_query import AskedDocument
from xds.access.decision_response import Verdict
from xds.access.model import Decision, Deny, Obligation, Permit

UNREGISTERED: Final = "deny: unregistered"
"""For the trail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What is decided about one document, and what the trail says of it."""

    asked: AskedDocument
    verdict: Verdict
    patients: tuple[str, ...]
    """In whose records it is."""
    shown: tuple[str, ...]
    """Why, in a few words each."""

    @property
    def patients_to_tell(self) -> tuple[str, ...]:
        """Whose record an emergency opens here."""
        return self.patients if Obligation.TELL_PATIENT in self.verdict.obligations else ()

    @property
    def is_emergency(self) -> bool:
        """Whether an emergency opens it."""
        return Obligation.TRACE_EMERGENCY in self.verdict.obligations


def judge(
    asked: AskedDocument,
    entries: Sequence[AccessClass],
    *,
    is_here: bool,
    decide: Callable[[AccessClass], Decision],
    told: Deny | None,
) -> Judged:
    """Return the verdict on a document.

    `entries` are those that name it, each in its latest version; `is_here` says whether one of them
    has it in the Repository that asks; `told` is the refusal that follows from the caller alone.
    """
    decisions = [decide(one) for one in entries]
    permits = [one for one in decisions if isinstance(one, Permit)]
    is_permitted = is_here and bool(entries) and len(permits) == len(decisions)
    words = {shown(one) for one in decisions} | (set() if is_here else {UNREGISTERED})
    return Judged(
        asked=asked,
        verdict=_permitted(asked, permits) if is_permitted else _denied(asked, told),
        patients=tuple(sorted({patient_id for patient_id, _, _ in entries})),
        shown=tuple(sorted(words)),
    )


def _permitted(asked: AskedDocument, permits: Sequence[Permit]) -> Verdict:
    return Verdict(
        document_unique_id=asked.document_unique_id,
        is_permitted=True,
        basis=",".join(sorted({one.basis for one in permits})),
        obligations=frozenset[Obligation]().union(*(one.obligations for one in permits)),
    )


def _denied(asked: AskedDocument, told: Deny | None) -> Verdict:
    return Verdict(
        document_unique_id=asked.document_unique_id,
        is_permitted=False,
        reason=told.reason if told else "",
        rule=told.rule if told else "",
    )
