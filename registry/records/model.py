"""A patient's record as one frozen value, and the stricter of two when patients are merged. Pure.

A record exists for every patient; a row of it exists as soon as something was chosen. Until then
it is what the access policy says (`unchosen`). Times are DTMs of 14 digits in UTC, '' is absent.

Spec: none of IHE's. Where two records become one, whatever either of them denies stays denied: a
patient must not find a door open that the patient closed once.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from xds.access.model import Choices, RecordState, Standing
from xds.access.policy import Policy

NO_END: Final = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A professional, a structure or a representative with a standing in a record."""

    identity: str
    """As an assertion names them: a person's national id, or a structure's."""
    standing: Standing
    since: str
    until: str = NO_END
    """When it ends; '' without end."""
    name: str = ""
    specialty: str = ""
    """Codes of profession and specialty, such as `G15_10/SM26`."""
    last_action: str = ""
    """When the person last did something in the record, as far as is known."""
    is_structure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a patient decided."""

    patient_id: str
    """`cx_key`'s form."""
    state: RecordState
    since: str
    """When it got this state."""
    people: tuple[Person, ...] = ()
    masks_new: bool = False
    """Whether every new document arrives masked."""
    regulation: bool = True
    """Emergency consents: medical regulation (centre_15), …"""
    break_glass: bool = True
    """… any professional who breaks the glass, …"""
    masked_in_emergency: bool = False
    """… and masked documents then; only together with one of the other two."""
    email: str = ""
    language: str = "fr"
    is_chosen: bool = True
    """False while nothing was ever chosen: the record has no row."""

    def choices(self) -> Choices:
        """Return the record as a decision takes it."""
        return Choices(
            state=self.state,
            authorised={p.identity: read_time(p.until) for p in self.of(Standing.AUTHORISED)},
            blocked=self._identities(Standing.BLOCKED),
            attending=self._identities(Standing.ATTENDING),
            representatives=self._identities(Standing.REPRESENTATIVE),
            masks_new=self.masks_new,
            regulation=self.regulation,
            break_glass=self.break_glass,
            masked_in_emergency=self.masked_in_emergency,
        )

    def of(self, standing: Standing) -> tuple[Person, ...]:
        """Return the people of a standing."""
        return tuple(person for person in self.people if person.standing is standing)

    def person(self, identity: str, standing: Standing) -> Person | None:
        """Return who has this standing, if anybody."""
        return next((p for p in self.of(standing) if p.identity == identity), None)

    def _identities(self, standing: Standing) -> frozenset[str]:
        return frozenset(person.identity for person in self.of(standing))


def unchosen(patient_id: str, policy: Policy) -> Record:
    """Return the record of a patient who chose nothing yet."""
    is_open = policy.records_begin_open or policy.permits_any_trusted
    state = RecordState.OPEN if is_open else RecordState.CLOSED
    return Record(patient_id=patient_id, state=state, since="", is_chosen=False)


def read_time(text: str) -> datetime | None:
    """Return the instant of 14 digits; None for ''."""
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC) if text else None


def stricter(survivor: Record, subsumed: Record) -> Record:
    """Return the record of two patients that turned out to be one: what either denies is denied.

    Authorised, attending and representing is who was so in both; blocked is who was so in either.
    A record in which nothing was ever chosen says nothing about this, and adds nothing.
    """
    if not subsumed.is_chosen:
        return survivor
    if not survivor.is_chosen:
        return replace(subsumed, patient_id=survivor.patient_id)
    regulation = survivor.regulation and subsumed.regulation
    break_glass = survivor.break_glass and subsumed.break_glass
    masked = survivor.masked_in_emergency and subsumed.masked_in_emergency
    return Record(
        patient_id=survivor.patient_id,
        state=_stricter_state(survivor, subsumed),
        since=max(survivor.since, subsumed.since),
        people=_people_of_both(survivor, subsumed),
        masks_new=survivor.masks_new or subsumed.masks_new,
        regulation=regulation,
        break_glass=break_glass,
        masked_in_emergency=masked and (regulation or break_glass),
        email=survivor.email or subsumed.email,
        language=survivor.language,
    )


def _stricter_state(one: Record, other: Record) -> RecordState:
    closed = RecordState.CLOSED in (one.state, other.state)
    return RecordState.CLOSED if closed else RecordState.OPEN


def _people_of_both(survivor: Record, subsumed: Record) -> tuple[Person, ...]:
    blocked = {p.identity: p for r in (subsumed, survivor) for p in r.of(Standing.BLOCKED)}
    people = list(blocked.values())
    for standing in (Standing.ATTENDING, Standing.REPRESENTATIVE, Standing.AUTHORISED):
        for person in _standing_at_least(survivor, standing):
            other = _find(_standing_at_least(subsumed, standing), person.identity)
            if other is None or person.identity in blocked:
                continue
            people.append(
                replace(
                    person,
                    standing=standing,
                    since=max(person.since, other.since),
                    until=min(filter(None, (person.until, other.until)), default=NO_END),
                    last_action=max(person.last_action, other.last_action),
                )
            )
    return tuple(people)


def _standing_at_least(record: Record, standing: Standing) -> tuple[Person, ...]:
    """Return who has the standing; an attending doctor is authorised as well."""
    found = {p.identity: p for p in record.of(standing)}
    if standing is Standing.AUTHORISED:
        found |= {p.identity: p for p in record.of(Standing.ATTENDING)}
    return tuple(found.values())


def _find(people: tuple[Person, ...], identity: str) -> Person | None:
    return next((person for person in people if person.identity == identity), None)
