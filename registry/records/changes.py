"""What a patient may decide, as frozen values; the rules; what a record is afterwards. Pure.

Every choice is one value. `check` tells what is wrong with it, `applied` returns the record after
it; who asked, and when, is for `change` to trace. A choice that was made before changes nothing
when it is made again, and is no error.

Blocking is the strongest word: it ends an authorisation, nothing but its own lifting ends it, and
a lifted block gives nothing back.

Spec: none of IHE's. Legal names: autorisation, blocage, médecin traitant (administrator of the
record), représentant légal, opposition; DMP transactions TD0.3, TD1.1, TD1.2, TD1.4.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from registry.records.model import NO_END, Person, Record
from xds.access.model import RecordState, Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """The record is used, or used again with all choices as they were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Nobody sees anything of the record or adds to it any more, not even in an emergency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A choice about one person or structure."""

    identity: str
    """As an assertion names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described(Named):
    """A choice that brings somebody into the record; '' for what is not known, or not new."""

    name: str = ""
    specialty: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorise(Described):
    """A professional, or everybody of a structure, may see the record."""

    until: str = NO_END
    """DTM of 14 digits; '' without end."""
    is_structure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw(Named):
    """The authorisation ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block(Described):
    """A professional, or a structure, never sees the record, not even in an emergency."""

    is_structure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unblock(Named):
    """The block is lifted; nothing is authorised by that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attending(Described):
    """A doctor is the patient's médecin traitant: sees masked documents too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resign(Named):
    """The doctor is médecin traitant no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Represent(Described):
    """A person is a legal representative: sees and decides in the patient's place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrepresent(Named):
    """The person is a legal representative no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskNew:
    """Whether every new document arrives masked."""

    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """The three emergency consents; None leaves one as it is."""

    regulation: bool | None = None
    break_glass: bool | None = None
    masked: bool | None = None
    """Masked documents too; only with one of the other two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Where and how the patient is told of emergencies; None leaves one as it is."""

    email: str | None = None
    """'' for no address."""
    language: str | None = None


RecordChange = (
    Open
    | Close
    | Authorise
    | Withdraw
    | Block
    | Unblock
    | Attending
    | Resign
    | Represent
    | Unrepresent
    | MaskNew
    | Consent
    | Contact
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFault:
    """What is wrong with a choice, in words that help to mend it."""

    subject: str
    rule: str
    came: str
    """Quoted where it is the asker's own text."""
    expected: str
    fix: str

    def text(self) -> str:
        """Return it as one sentence."""
        return (
            f"{self.subject}: {self.rule}. Came: {self.came}. Expected: {self.expected}. "
            f"Fix: {self.fix}."
        )


class RecordChangeRefused(Exception):  # noqa: N818 - a refusal is an answer, not a defect
    """A choice that the rules forbid; nothing was changed."""

    def __init__(self, faults: Iterable[RecordFault]) -> None:
        self.faults: tuple[RecordFault, ...] = tuple(faults)
        super().__init__(" ".join(fault.text() for fault in self.faults))


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that a choice changed."""

    what: str
    """`state`, `authorised`, `blocked`, … or the name of a setting."""
    who: str = ""
    """Identity of the person or structure, for a standing."""
    before: str
    after: str

    def text(self) -> str:
        """Return it in words."""
        who = f" {self.who}" if self.who else ""
        return f"{self.what}{who}: {self.before} -> {self.after}"


def applied(record: Record, change: RecordChange, instant: str) -> Record:
    """Return the record after a choice that `check` has nothing against. `instant`: 14 digits."""
    match change:
        case Open():
            after = _in_state(record, RecordState.OPEN, instant)
        case Close():
            after = _in_state(record, RecordState.CLOSED, instant)
        case MaskNew():
            after = replace(record, masks_new=change.on)
        case Consent():
            after = _with_consents(record, change)
        case Contact():
            after = replace(
                record,
                email=record.email if change.email is None else change.email,
                language=record.language if change.language is None else change.language,
            )
        case _:
            after = _with_people(record, change, instant)
    is_said = isinstance(change, Open | Close) or after != record
    return replace(after, is_chosen=record.is_chosen or is_said)


def differences(before: Record, after: Record) -> tuple[Difference, ...]:
    """Return what is not the same in two states of a record, in words that go into a trail."""
    found = [
        Difference(what=name, before=one, after=other)
        for (name, one), (_, other) in zip(_settings(before), _settings(after), strict=True)
        if one != other
    ]
    if before.email != after.email:  # the address itself is nobody's but the patient's
        found.append(
            Difference(
                what="e-mail address",
                before="known" if before.email else "none",
                after="another one" if before.email and after.email else
                "known" if after.email else "none",
            )
        )  # fmt: skip
    one, other = _standings(before), _standings(after)
    for standing, identity in dict.fromkeys((*one, *other)):
        was, now = one.get((standing, identity), "no"), other.get((standing, identity), "no")
        if was != now:
            found.append(Difference(what=standing, who=identity, before=was, after=now))
    if not found and before.is_chosen != after.is_chosen:
        state = before.state.value
        found.append(Difference(what="record", before=f"{state} (not chosen)", after=state))
    return tuple(found)


def _in_state(record: Record, state: RecordState, instant: str) -> Record:
    if record.state is state:
        return record
    return replace(record, state=state, since=instant)


def _with_consents(record: Record, change: Consent) -> Record:
    def chosen(new: bool | None, old: bool) -> bool:  # noqa: FBT001
        return old if new is None else new

    regulation = chosen(change.regulation, record.regulation)
    break_glass = chosen(change.break_glass, record.break_glass)
    masked = chosen(change.masked, record.masked_in_emergency)
    return replace(
        record,
        regulation=regulation,
        break_glass=break_glass,
        masked_in_emergency=masked and (regulation or break_glass),
    )


def _with_people(record: Record, change: RecordChange, instant: str) -> Record:
    match change:
        case Authorise() | Block() | Attending() | Represent():
            standing = COMES[type(change)]
            if standing is Standing.BLOCKED:
                record = _removed(record, change.identity, Standing.AUTHORISED)
            return _added(record, _person(record, standing, change, instant))
        case Withdraw() | Unblock() | Resign() | Unrepresent():
            return _removed(record, change.identity, GOES[type(change)])
    raise AssertionError(change)


COMES: Final[Mapping[type, Standing]] = {
    Authorise: Standing.AUTHORISED,
    Block: Standing.BLOCKED,
    Attending: Standing.ATTENDING,
    Represent: Standing.REPRESENTATIVE,
}
"""The standing that somebody gets by a choice."""

GOES: Final[Mapping[type, Standing]] = {
    Withdraw: Standing.AUTHORISED,
    Unblock: Standing.BLOCKED,
    Resign: Standing.ATTENDING,
    Unrepresent: Standing.REPRESENTATIVE,
}
"""The standing that somebody loses by a choice."""


def _person(
    record: Record,
    standing: Standing,
    change: Authorise | Block | Attending | Represent,
    instant: str,
) -> Person:
    """Return the person as it will be; what is known of somebody who is there already stays."""
    before = record.person(change.identity, standing)
    known = before or next((p for p in record.people if p.identity == change.identity), None)
    until = change.until if isinstance(change, Authorise) else NO_END
    is_over = before is not None and bool(before.until) and before.until <= instant
    return Person(
        identity=change.identity,
        standing=standing,
        since=instant if before is None or is_over else before.since,
        until=until,
        name=change.name or (known.name if known else ""),
        specialty=change.specialty or (known.specialty if known else ""),
        last_action=known.last_action if known else "",
        is_structure=change.is_structure if isinstance(change, Authorise | Block) else False,
    )


def _added(record: Record, person: Person) -> Record:
    """Return the record with the person in its old place, or at the end."""
    old = record.person(person.identity, person.standing)
    if old is None:
        return replace(record, people=(*record.people, person))
    return replace(record, people=tuple(person if p is old else p for p in record.people))


def _removed(record: Record, identity: str, standing: Standing) -> Record:
    people = tuple(p for p in record.people if (p.identity, p.standing) != (identity, standing))
    return replace(record, people=people)


def _settings(record: Record) -> tuple[tuple[str, str], ...]:
    return (
        ("record", record.state.value),
        ("new documents arrive masked", _yes(record.masks_new)),
        ("emergency: medical regulation", _yes(record.regulation)),
        ("emergency: break-glass", _yes(record.break_glass)),
        ("emergency: masked documents", _yes(record.masked_in_emergency)),
        ("language", record.language),
    )


def _standings(record: Record) -> dict[tuple[str, str], str]:
    return {
        (p.standing.value, p.identity): f"yes, until {p.until}" if p.until else "yes"
        for p in record.people
    }


def _yes(value: bool) -> str:  # noqa: FBT001
    return "yes" if value else "no"
