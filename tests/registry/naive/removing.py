"""What goes: objects with all that would point at them, or nothing.

Spec: IHE ITI supplement Remove Metadata and Documents, §3.62.4.1.3.
"""

from collections.abc import Iterable

from tests.registry.naive.things import Things, touch
from xds.metadata import vocabulary as v


def remove(held: Things, ids: Iterable[str], now: str) -> set[str]:
    """Remove, or return the codes of every rule that is broken."""
    ids = set(ids)
    if any(held.named(i) is None for i in ids):
        return {"UnresolvedReferenceException"}
    links = held.of("association")
    going = [a for a in links if a.id in ids]
    staying = [a for a in links if a.id not in ids]
    codes = set()
    if any({a.source, a.target} & ids for a in staying):
        codes.add("ReferencesExistException")
    needed = {end for a in going for end in (a.source, a.target)} - ids
    if needed - {end for a in staying for end in (a.source, a.target)}:
        codes.add("XDSUnreferencedObjectException")
    if codes:
        return codes
    held.all = [t for t in held.all if t.id not in ids]
    touch(held, [a for a in going if a.association_type == v.HAS_MEMBER], now)
    return set()


def closure(held: Things, ids: Iterable[str]) -> list[str]:
    """These, and all that must go with them, in order of registration."""
    ids, links = set(ids), held.of("association")
    while True:
        more = {a.id for a in links if {a.source, a.target} & ids}
        staying = [a for a in links if a.id not in ids]
        held_up = {end for a in staying for end in (a.source, a.target)}
        ends = {end for a in links if a.id in ids for end in (a.source, a.target)}
        more |= ends - held_up
        if more <= ids:
            return [t.id for t in held.all if t.id in ids]
        ids |= more
