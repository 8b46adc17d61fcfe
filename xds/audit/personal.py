"""A patient's own log: of all events of the trails, those about one patient, as deeds of people.

Theory. An event is about a patient when it names one of the patient's identifiers; when it names
none, when it names one of the patient's documents, which the trails themselves teach (who deposits
a document says whose it is); when it names no document that is anybody's, when the assertion was
for this patient. What one person did once is one entry: the Registry's own account of what the
Repository asked it in that person's name is left out where the Repository's account is there.

Spec: none of IHE's. Pure.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from xds.audit.event import AuditEvent, Concerned, Occasion, Outcome
from xds.metadata.hl7v2 import cx_key


class Deed(StrEnum):
    """What was done."""

    SEARCHED = "searched"
    CONSULTED = "consulted"
    DEPOSITED = "deposited"
    CHANGED = "changed"
    REMOVED = "removed"
    IDENTIFIED = "identified"
    """The patient's identity was made known, or changed."""
    MOVED = "moved"
    """Documents were given to another identifier."""
    CHOSE = "chose"
    """A choice about the record: opened, closed, authorised, blocked, consents."""
    CHECKED = "checked"
    """Whether there is a record that may be opened (TD0.2, TD0.4)."""
    LISTED = "listed"
    """Who is authorised and who is blocked (TD1.6)."""
    READ_LOG = "read_log"
    OTHER = "other"


DEEDS: Final[Mapping[str, Deed]] = MappingProxyType(
    {
        "ITI-8": Deed.IDENTIFIED,
        "ITI-18": Deed.SEARCHED,
        "ITI-41": Deed.DEPOSITED,
        "ITI-42": Deed.DEPOSITED,
        "ITI-43": Deed.CONSULTED,
        "ITI-44": Deed.IDENTIFIED,
        "ITI-51": Deed.SEARCHED,
        "ITI-57": Deed.CHANGED,
        "ITI-61": Deed.DEPOSITED,
        "ITI-62": Deed.REMOVED,
        "ITI-64": Deed.MOVED,
        "ITI-79": Deed.CONSULTED,
        "ITI-86": Deed.REMOVED,
        "ITI-92": Deed.CHANGED,
        "TD0.2": Deed.CHECKED,
        "TD0.4": Deed.CHECKED,
        "TD1.6": Deed.LISTED,
        Occasion.LOG_USED: Deed.READ_LOG,
        "greffe patient add": Deed.IDENTIFIED,
        "greffe patient merge": Deed.IDENTIFIED,
    }
)
RECORD: Final = "record "
"""How the events of the patient's choices begin, whoever made them."""
CHOICES: Final = (RECORD, "greffe patient ", "TD0.3", "TD1.")
"""How transactions about the record itself begin."""
SERVICES: Final = ("TD0.3", "TD1.1", "TD1.2")
"""How those begin that make choices by a message, and are traced by what changed too."""
WITHOUT_PATIENT: Final = frozenset({"ITI-43", "ITI-79", "ITI-86"})
"""Transactions that may name documents only."""
DEPOSITS: Final = frozenset({Deed.DEPOSITED, Deed.CHANGED, Deed.MOVED})
"""Deeds that tell whose a document is."""
SAME_MOMENT: Final = timedelta(seconds=60)
"""A decision that the Repository asks for, and the retrieval that it is for, are no further
apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One deed."""

    event: AuditEvent
    deed: Deed
    documents: tuple[str, ...]
    """The patient's, that it was done to: uniqueId."""
    refused: tuple[str, ...]
    """The patient's, that it was not done to."""
    is_refused: bool
    """Nothing of it was done."""

    @property
    def is_emergency(self) -> bool:
        """Whether an emergency opened what the patient restricts."""
        return self.event.concerned.is_emergency


def log_of(identifiers: Iterable[str], events: Iterable[AuditEvent]) -> list[Entry]:
    """Return the deeds of a patient's log, newest first.

    `identifiers` are all CX of the patient, also those that were merged into it.
    """
    keys = frozenset(map(cx_key, identifiers))
    found = list(events)
    owners = owners_of(found)
    own = frozenset(document for document, key in owners.items() if key in keys)
    about = [event for event in found if _is_about(event, keys, owners)]
    entries = [_entry(event, keys, own, owners) for event in _once(about)]
    return sorted(entries, key=lambda entry: entry.event.instant, reverse=True)


def owners_of(events: Iterable[AuditEvent]) -> dict[str, str]:
    """Return whose each document is (`cx_key`), as far as the events tell."""
    owners: dict[str, str] = {}
    for event in events:
        concerned = event.concerned
        if _deed(event) in DEPOSITS and len(concerned.patients) == 1:
            owners.update(dict.fromkeys(concerned.documents, cx_key(concerned.patients[0])))
        owners.update(
            (about.id, cx_key(about.patient)) for about in concerned.about if about.patient
        )
    return owners


def _deed(event: AuditEvent) -> Deed:
    known = DEEDS.get(event.transaction)
    if known is not None:
        return known
    return Deed.CHOSE if event.transaction.startswith(CHOICES) else Deed.OTHER


def _is_about(event: AuditEvent, keys: frozenset[str], owners: Mapping[str, str]) -> bool:
    concerned = event.concerned
    if concerned.patients:
        return any(cx_key(patient) in keys for patient in concerned.patients)
    told = {owners[d] for d in concerned.documents if d in owners}
    if told:
        return bool(told & keys)
    named = event.caller.patient_concerned if event.caller else ""
    return event.transaction in WITHOUT_PATIENT and bool(named) and cx_key(named) in keys


def _once(events: list[AuditEvent]) -> Iterator[AuditEvent]:
    """Yield each deed as whoever did it knows it: without the second account of it."""
    submitted = {e.concerned.submission_set for e in events if e.transaction == "ITI-41"} - {""}
    retrieved = [e for e in events if e.transaction == "ITI-43"]
    chosen = {e.message_id for e in events if e.transaction.startswith(RECORD)} - {""}
    decisions = [e for e in events if e.transaction == "ITI-79" and _is_vouched(e)]
    for event in events:
        if event.transaction == "ITI-42" and event.concerned.submission_set in submitted:
            continue
        # The sender chooses the message's id: another deed with the same one is not hidden by it.
        if event.message_id in chosen and event.transaction.startswith(SERVICES):
            continue
        if event.transaction == "ITI-43":
            yield _with_decision(event, decisions)
        elif event not in decisions or not any(_is_same(event, one) for one in retrieved):
            yield event


def _is_vouched(event: AuditEvent) -> bool:
    return event.caller is not None and bool(event.caller.vouched_by)


def _is_same(decision: AuditEvent, retrieval: AuditEvent) -> bool:
    """Whether a decision was asked for in a retrieval."""
    one, other = decision.caller, retrieval.caller
    return (
        one is not None
        and other is not None
        and (one.identity, one.assertion_id) == (other.identity, other.assertion_id)
        and abs(decision.instant - retrieval.instant) <= SAME_MOMENT
        and not set(decision.concerned.documents).isdisjoint(retrieval.concerned.documents)
    )


def _with_decision(event: AuditEvent, decisions: Iterable[AuditEvent]) -> AuditEvent:
    """Return a retrieval with what the Registry decided about it."""
    for decision in decisions:
        if _is_same(decision, event):
            told: Concerned = decision.concerned
            concerned = replace(
                event.concerned,
                is_emergency=event.concerned.is_emergency or told.is_emergency,
                decision=event.concerned.decision or told.decision,
            )
            return replace(event, concerned=concerned)
    return event


def _entry(
    event: AuditEvent, keys: frozenset[str], own: frozenset[str], owners: Mapping[str, str]
) -> Entry:
    concerned = event.concerned
    is_only_about = all(cx_key(patient) in keys for patient in concerned.patients)
    documents = tuple(
        d
        for d in dict.fromkeys(concerned.documents)
        if d in own or (is_only_about and d not in owners)
    )
    refused = {about.id for about in concerned.about if about.is_refused}
    is_refused = event.outcome in (Outcome.REFUSED, Outcome.FAULT, Outcome.DEFECT) or (
        event.outcome is Outcome.PARTIAL and bool(documents) and refused.issuperset(documents)
    )
    missed = documents if is_refused else tuple(d for d in documents if d in refused)
    return Entry(
        event=event,
        deed=_deed(event),
        documents=tuple(d for d in documents if d not in missed),
        refused=missed,
        is_refused=is_refused,
    )
