"""Whom TD1.6 lists. Pure.

    ACTIVE       who is authorised at this moment, and médecins traitants
    INTERDITE    who is blocked
    TOUTE        both

One item for each person or structure. Legal representatives are no professionals and not listed;
an authorisation that is over is none.

Spec: DMP, TD1.6.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from registry.records.fields import Field
from registry.records.model import Person, Record, read_time
from xds.access.model import Standing

SPEC: Final = "DMP, TD1.6"
PERSONS: Final = "1.2.250.1.71.4.2.1"
STRUCTURES: Final = "1.2.250.1.71.4.2.2"


class Mode(StrEnum):
    """Which are asked for, and what each is."""

    ACTIVE = "ACTIVE"
    BLOCKED = "INTERDITE"
    ALL = "TOUTE"


FIELDS: Final = (Field(name="mode", values=tuple(Mode)),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One item of the list."""

    person: Person
    mode: Mode
    is_attending: bool = False

    @property
    def id_type(self) -> str:
        """OID of the identifier's system."""
        return STRUCTURES if self.person.is_structure else PERSONS


def listed(record: Record, wanted: Mode, instant: datetime) -> tuple[Listed, ...]:
    """Return whom a record lists, in the order in which they came into it."""
    found: dict[str, Listed] = {}
    for person in record.of(Standing.BLOCKED):
        found[person.identity] = Listed(person=person, mode=Mode.BLOCKED)
    for person in record.of(Standing.ATTENDING):
        found.setdefault(
            person.identity, Listed(person=person, mode=Mode.ACTIVE, is_attending=True)
        )
    for person in record.of(Standing.AUTHORISED):
        end = read_time(person.until)
        if end is None or instant < end:
            found.setdefault(person.identity, Listed(person=person, mode=Mode.ACTIVE))
    return tuple(
        sorted(
            (one for one in found.values() if wanted in (Mode.ALL, one.mode)),
            key=lambda one: (one.person.since, one.person.identity),
        )
    )
