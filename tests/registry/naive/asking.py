"""What comes out: every stored query, as its section of ITI TF-2 §3.18.4.1.2.3.7 tells it."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.registry.naive.things import Thing, Things
from xds.metadata import vocabulary as v

Only = Callable[[Thing], bool]


@dataclass(frozen=True)
class Wish:
    """The criteria that a query may name for objects of one kind; all of them hold."""

    patients: frozenset[str] = frozenset()
    """One of these; of no matter whom when there is none."""
    status: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    """objectType of documents; without one, stable documents only, where a query has it at all."""
    codes: tuple[tuple[str, frozenset[tuple[str, str]]], ...] = ()
    """Classification scheme, and one of these."""
    times: tuple[tuple[str, str, str], ...] = ()
    """Slot, from, to."""
    persons: tuple[str, ...] = ()
    references: tuple[tuple[str, ...], ...] = ()
    sources: tuple[str, ...] = ()

    def meets(self, thing: Thing) -> bool:
        """Whether a thing meets every criterion; inside one criterion one value is enough."""
        references = thing.texts(v.REFERENCE_ID_LIST)
        return (
            (not self.patients or thing.patient in self.patients)
            and (not self.status or thing.status in self.status)
            and (not self.types or thing.kind != "entry" or thing.object_type in self.types)
            and all(thing.codes.get(scheme, set()) & wanted for scheme, wanted in self.codes)
            and all(self._is_within(thing, *span) for span in self.times)
            and (not self.persons or _is_like(thing.persons, self.persons))
            and all(_is_like(references, one_of) for one_of in self.references)
            and (not self.sources or thing.identified(v.SUBMISSION_SET_SOURCE_ID) in self.sources)
        )

    @staticmethod
    def _is_within(thing: Thing, slot: str, low: str, high: str) -> bool:
        text = thing.text(slot)
        if not text or (slot == "creationTime" and thing.object_type == v.ON_DEMAND):
            return True
        return (not low or _moment(low) <= _moment(text)) and (
            not high or _moment(text) < _moment(high)
        )


def found(held: Things, kind: str, wish: Wish) -> list[Thing]:
    return [t for t in held.of(kind) if wish.meets(t)]


def touching(held: Things, ids: Iterable[str]) -> list[Thing]:
    ids = set(ids)
    return [a for a in held.of("association") if a.source in ids or a.target in ids]


def everything(held: Things, sets: Wish, entries: Wish, folders: Wish) -> list[Thing]:
    """GetAll."""
    objects = [
        t
        for kind, wish in (("set", sets), ("entry", entries), ("folder", folders))
        for t in found(held, kind, wish)
    ]
    return objects + touching(held, ids_of(objects))


def with_associations(held: Things, entries: list[Thing]) -> list[Thing]:
    """GetDocumentsAndAssociations."""
    return entries + touching(held, ids_of(entries))


def sets_of(held: Things, ids: Iterable[str]) -> list[Thing]:
    """GetSubmissionSets: the sets that hold these, and the memberships."""
    ids = set(ids)
    sets = set(ids_of(held.of("set")))
    members = [m for m in _members(held) if m.target in ids and m.source in sets]
    holders = {m.source for m in members}
    return [t for t in held.of("set") if t.id in holders] + members


def contents_of_set(held: Things, sets: list[Thing], entries: Wish) -> list[Thing]:
    """GetSubmissionSetAndContents."""
    members = [m for m in _members(held) if m.source in set(ids_of(sets))]
    inside = [t for t in held.all if t.id in {m.target for m in members}]
    kept = [t for t in inside if t.kind == "folder" or (t.kind == "entry" and entries.meets(t))]
    present = set(ids_of([*sets, *kept]))
    links = [
        t for t in inside if t.kind == "association" and t.source in present and t.target in present
    ]
    present |= set(ids_of(links))
    return _once([*sets, *kept, *links, *(m for m in members if m.target in present)])


def contents_of_folder(held: Things, folders: list[Thing], entries: Wish) -> list[Thing]:
    """GetFolderAndContents."""
    members = [m for m in _members(held) if m.source in set(ids_of(folders))]
    inside = {m.target for m in members}
    kept = [t for t in held.of("entry") if t.id in inside and entries.meets(t)]
    present = set(ids_of(kept))
    return [*kept, *folders, *(m for m in members if m.target in present)]


def folders_of(held: Things, entries: list[Thing]) -> list[Thing]:
    """GetFoldersForDocument."""
    holders = {m.source for m in _members(held) if m.target in set(ids_of(entries))}
    return [f for f in held.of("folder") if f.id in holders]


def related(held: Things, entries: list[Thing], types: Iterable[str], of: Wish) -> list[Thing]:
    """GetRelatedDocuments. The text leaves open what a relationship is worth whose other end is of

    an objectType that was not asked for: it and its ends stay away.
    """
    documents = set(ids_of(held.of("entry")))
    links = [
        a
        for a in touching(held, ids_of(entries))
        if a.association_type in set(types) and {a.source, a.target} <= documents
    ]
    ends = {a.source for a in links} | {a.target for a in links}
    present = {t.id for t in held.of("entry") if t.id in ends and of.meets(t)}
    links = [a for a in links if a.source in present and a.target in present]
    linked = {a.source for a in links} | {a.target for a in links}
    return [t for t in held.of("entry") if t.id in linked] + links


def ids_of(things: Iterable[Thing]) -> list[str]:
    return [t.id for t in things]


def _members(held: Things) -> list[Thing]:
    return [a for a in held.of("association") if a.association_type == v.HAS_MEMBER]


def _once(things: list[Thing]) -> list[Thing]:
    return list({t.id: t for t in things}.values())


def _is_like(texts: Iterable[str], patterns: Iterable[str]) -> bool:
    wild = {"%": ".*", "_": "."}
    expressions = ["".join(wild.get(c, re.escape(c)) for c in pattern) for pattern in patterns]
    return any(re.fullmatch(e, text, re.DOTALL) for e in expressions for text in texts)


def _moment(text: str) -> str:
    """A time as the first instant of what it names: 2024 is midnight of the first of January."""
    return text + "00000101000000"[len(text) :]
