"""What comes in: a submission is refused with the codes of all rules that it breaks, or kept.

Spec: ITI TF-2 §3.42.4.1.3; ITI TF-3 §4.2.2, §4.2.3.
"""

from collections.abc import Iterable, Iterator

from tests.registry.naive.things import Thing, Things, a_link, thing_of, touch
from xds.metadata import vocabulary as v
from xds.metadata.rim import RimObject

REPLACING = (v.REPLACE, v.TRANSFORM_AND_REPLACE)


def register(
    held: Things, objects: Iterable[RimObject], now: str, *, on_demand: bool = False
) -> set[str]:
    """Register, or return the codes of every rule that is broken."""
    new = [thing_of(o) for o in objects]
    codes = set(_broken(held, new))
    if on_demand and not any(t.kind == "entry" for t in new):
        codes.add("XDSRegistryMetadataError")
    if codes:
        return codes
    replaced = [t for t in new if t.association_type in REPLACING]
    inherited = [m for r in replaced for m in _inherited(held, r, new)]
    for relation in replaced:
        deprecate(held, relation.target)
    held.all += new + inherited
    touch(held, new + inherited, now)
    return set()


def merge(held: Things, subsumed: str, survivor: str) -> set[str]:
    """A40: one patient has turned out to be another. Spec: ITI TF-2 §3.8.4.2.4."""
    if not {subsumed, survivor} <= held.patients or subsumed == survivor:
        return {"refused"}
    held.patients.remove(subsumed)
    for t in held.all:
        if t.patient == subsumed:
            t.patient = survivor
    return set()


def _broken(held: Things, new: list[Thing]) -> Iterator[str]:
    unique_ids = [t.unique_id for t in new if t.kind != "association"]
    if len(set(unique_ids)) < len(unique_ids):
        yield "XDSRegistryDuplicateUniqueIdInMessage"
    replaced = [t.target for t in new if t.association_type in REPLACING]
    if len(set(replaced)) < len(replaced):
        yield "XDSRegistryDeprecatedDocumentError"
    for thing in new:
        if thing.kind != "association":
            if thing.patient not in held.patients:
                yield "XDSUnknownPatientId"
            yield from _identity(held, thing)
        if any(thing.id in (t.id, t.lid) for t in held.all):
            yield "XDSRegistryMetadataError"
        if thing.kind == "association":
            yield from _ends(held, thing, new)


def _identity(held: Things, thing: Thing) -> Iterator[str]:
    same = [t for t in held.all if t.unique_id == thing.unique_id]
    if not same:
        return
    if thing.kind != "entry" or any(t.kind != "entry" for t in same):
        yield "XDSDuplicateUniqueIdInRegistry"
    elif thing.object_type == v.ON_DEMAND or same[0].object_type == v.ON_DEMAND:
        if thing.object_type != same[0].object_type:  # ITI TF-2 §3.61.4.1.3
            yield "XDSDuplicateUniqueIdInRegistry"
    elif same[0].text("hash") != thing.text("hash"):
        yield "XDSNonIdenticalHash"
    elif same[0].text("size") != thing.text("size"):
        yield "XDSNonIdenticalSize"


def _ends(held: Things, association: Thing, new: list[Thing]) -> Iterator[str]:
    source = held.named(association.source, new)
    target = held.named(association.target, new)
    if source is None or target is None:
        yield "UnresolvedReferenceException"
        return
    if association.association_type == v.HAS_MEMBER:
        if source.kind == "folder":
            yield from _joins(source, target)
            if next(t for t in new if t.kind == "set").patient != source.patient:
                yield "XDSPatientIdDoesNotMatch"
        elif target.kind == "entry" and target.status != v.APPROVED:
            yield "XDSRegistryDeprecatedDocumentError"
        return
    is_old = association.association_type in v.NEEDS_REGISTERED_TARGET
    # An id of the message that is in use already names what the message has under it.
    is_registered = not any(t.id == target.id for t in new)
    if target.kind != "entry" or (is_old and not is_registered):
        yield "UnresolvedReferenceException"
        return
    if target.status != v.APPROVED:
        yield "XDSRegistryDeprecatedDocumentError"
    if association.association_type == v.APPEND and target.id in transformations(held, new):
        yield "XDSRegistryMetadataError"
    if target.patient != source.patient:
        yield "XDSPatientIdDoesNotMatch"
    types = (source.object_type, target.object_type)
    if association.association_type == v.IS_SNAPSHOT_OF and types != (v.STABLE, v.ON_DEMAND):
        yield "XDSRegistryMetadataError"


def transformations(held: Things, new: list[Thing]) -> set[str]:
    """What is another form of another document, as far as that was not taken back."""
    links = [t for t in held.all + new if t.association_type == v.TRANSFORM]
    return {t.source for t in links if t.status == v.APPROVED}


def _joins(folder: Thing, member: Thing) -> Iterator[str]:
    if member.kind != "entry":
        yield "XDSRegistryMetadataError"
        return
    if member.status != v.APPROVED:
        yield "XDSRegistryDeprecatedDocumentError"
    if folder.status != v.APPROVED:
        yield "XDSRegistryMetadataError"
    if folder.patient != member.patient:
        yield "XDSPatientIdDoesNotMatch"


def _inherited(held: Things, relation: Thing, new: list[Thing]) -> list[Thing]:
    """A replacement is in every folder that what it replaces is in."""
    own_set = next(t for t in new if t.kind == "set")
    there = {m.source for m in new if m.target == relation.source}
    folders = [
        m.source
        for m in held.of("association")
        if m.association_type == v.HAS_MEMBER
        and m.target == relation.target
        and m.status == v.APPROVED
        and (f := held.named(m.source)) is not None
        and f.kind == "folder"
        and f.status == v.APPROVED
        and m.source not in there
    ]
    made = []
    for folder in dict.fromkeys(folders):
        member = a_link(f"new {relation.id} {folder}", folder, relation.source)
        made += [member, a_link(f"{member.id} in", own_set.id, member.id)]
    return made


def deprecate(held: Things, identifier: str, seen: tuple[str, ...] = ()) -> None:
    """An old version goes, and what was added to it or made of it goes with it."""
    old = held.named(identifier)
    assert old is not None
    if old.status == v.APPROVED:
        old.status = v.DEPRECATED
    for association in held.of("association"):
        is_child = association.association_type in (v.APPEND, v.TRANSFORM)
        is_in_use = association.status == v.APPROVED and association.source not in seen
        if is_child and is_in_use and association.target == identifier:
            deprecate(held, association.source, (*seen, identifier))
