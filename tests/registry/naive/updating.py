"""What changes: new versions, statuses and associations between what is registered.

Spec: IHE ITI supplement XDS Metadata Update, §3.57.4.1.3. All codes of all rules, or the change.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from tests.registry.naive.registering import REPLACING, deprecate, transformations
from tests.registry.naive.things import Thing, Things, a_link, thing_of, touch
from xds.metadata import vocabulary as v
from xds.metadata.rim import RimObject

CHANGES = {
    "entry": {
        (v.APPROVED, v.DEPRECATED),
        (v.DEPRECATED, v.APPROVED),
        (v.APPROVED, v.ARCHIVED),
        (v.ARCHIVED, v.APPROVED),
        *((status, v.DELETED) for status in (v.APPROVED, v.ARCHIVED, v.DEPRECATED)),
    },
    "folder": {(v.APPROVED, v.DEPRECATED), (v.DEPRECATED, v.APPROVED)},
    "association": {(v.APPROVED, v.DEPRECATED), (v.DEPRECATED, v.APPROVED)},
    "set": set(),
}
"""From status to status."""
NOT_DONE = "XDSMetadataUpdateError"
NOT_ASKED = "XDSMetadataUpdateOperationError"
NOT_LATEST = "XDSMetadataVersionError"
NOT_ONE_PATIENT = "XDSPatientIDReconciliationError"
NOWHERE = "UnresolvedReferenceException"


@dataclass
class Message:
    """An update beside what is registered."""

    held: Things
    new: list[Thing]

    def __post_init__(self) -> None:
        self.own_set = next(t for t in self.new if t.kind == "set")
        self.versions = [t for t in self.new if t.kind in ("entry", "folder")]
        links = [t for t in self.new if t.kind == "association"]
        self.changes = [t for t in links if t.association_type == v.UPDATE_AVAILABILITY_STATUS]
        self.submits = [t for t in links if t.association_type == v.SUBMIT_ASSOCIATION]
        targets = {t.target for t in self.submits}
        self.submitted = [t for t in links if t.id in targets]
        members = [t for t in links if t.association_type == v.HAS_MEMBER]
        self.joins = {t.target: t for t in members if t.source == self.own_set.id}

    def before(self, version: Thing) -> Thing | None:
        """What the version comes after."""
        return self.held.latest(version.rim.attribute("lid") or "")

    def propagates(self, version: Thing) -> bool:
        return self.joins[version.id].text(v.ASSOCIATION_PROPAGATION) != "no"

    def olds(self, *, propagating: bool) -> dict[str, Thing]:
        """New versions by the id of the one before."""
        return {
            old.id: new
            for new in self.versions
            if self.propagates(new) == propagating and (old := self.before(new)) is not None
        }

    def find(self, identifier: str) -> Thing | None:
        """What an id means: first what the message brings, with the status that it will have."""
        for new in self.versions:
            if new.id == identifier and (old := self.before(new)) is not None:
                return replace(new, status=old.status)
        return self.held.named(identifier, self.submitted)

    def patient_of(self, thing: Thing) -> str:
        if thing in self.submitted:
            return self.own_set.patient
        return self.held.patient_of(thing)


def update(held: Things, objects: Iterable[RimObject], now: str) -> set[str]:
    """Carry an update out, or return the codes of every rule that is broken."""
    message = Message(held, [thing_of(o) for o in objects])
    codes = set(_broken(message))
    if not codes:
        _carry_out(message, now)
    return codes


def _broken(m: Message) -> Iterator[str]:
    dated = [m.own_set, *m.versions]
    if len({t.unique_id for t in dated}) < len(dated):
        yield "XDSRegistryDuplicateUniqueIdInMessage"
    for t in dated:
        if t.patient not in m.held.patients:
            yield "XDSUnknownPatientId"
        if t.patient != m.own_set.patient:
            yield "XDSPatientIdDoesNotMatch"
    if any(t.unique_id == m.own_set.unique_id for t in m.held.all):
        yield "XDSDuplicateUniqueIdInRegistry"
    for t in m.new:
        if any(t.id in (known.id, known.lid) for known in m.held.all):
            yield "XDSRegistryMetadataError"
    for names in ([t.rim.attribute("lid") for t in m.versions], [t.target for t in m.changes]):
        if len(set(names)) < len(names):
            yield NOT_ASKED
    for version in m.versions:
        yield from _version(m, version)
    for change in m.changes:
        yield from _change(m, change)
    for link in m.submitted:
        yield from _submitted(m, link)
    yield from _relationships(m)
    for _, source, target in _taken_over(m):
        ends = [t for t in m.held.all + m.versions if t.id in (source, target)]
        if len({t.patient for t in ends}) > 1:
            yield NOT_ONE_PATIENT


def _version(m: Message, new: Thing) -> Iterator[str]:
    lid, old = new.rim.attribute("lid"), m.before(new)
    if not lid or lid == new.id:
        yield NOT_DONE
    if old is None or old.kind != new.kind:
        if lid and lid != new.id:
            yield NOT_LATEST
        return
    if m.joins[new.id].text(v.PREVIOUS_VERSION) != str(old.version) and lid != new.id:
        yield NOT_LATEST
    if (new.unique_id, new.object_type) != (old.unique_id, old.object_type):
        yield NOT_DONE
    if old.status in (v.DEPRECATED, v.DELETED):
        yield NOT_DONE


def _change(m: Message, change: Thing) -> Iterator[str]:
    target = m.find(change.target)
    if target is None:
        yield NOWHERE
        return
    is_own = any(target.id == t.id for t in m.versions + m.submitted)
    outdated = m.olds(propagating=True) | m.olds(propagating=False)
    if target.id in outdated or not (is_own or m.held.latest(target.lid) is target):
        yield NOT_DONE
    if target.kind == "set":
        yield NOT_DONE
    if target.kind == "association" and target.association_type == v.HAS_MEMBER and not is_own:
        source = m.held.named(target.source)
        if source is not None and source.kind == "set":
            yield NOT_DONE
    if m.patient_of(target) != m.own_set.patient:
        yield NOT_ONE_PATIENT
    original, new = change.text(v.ORIGINAL_STATUS), change.text(v.NEW_STATUS)
    if original == new:
        yield NOT_ASKED
    elif target.status != original or (
        target.kind != "set" and (original, new) not in CHANGES[target.kind]
    ):
        yield NOT_DONE


def _submitted(m: Message, link: Thing) -> Iterator[str]:
    ends = [m.find(link.source), m.find(link.target)]
    if any(t.id in (link.source, link.target) and m.propagates(t) for t in m.versions):
        yield NOT_ASKED
    if any(t is None for t in ends):
        yield NOWHERE
        return
    source, target = (t for t in ends if t is not None)
    wanted = "folder" if link.association_type == v.HAS_MEMBER else "entry"
    if (source.kind, target.kind) != (wanted, "entry") or source.id == target.id:
        yield NOT_DONE
    types = (source.object_type, target.object_type)
    if link.association_type == v.IS_SNAPSHOT_OF and types != (v.STABLE, v.ON_DEMAND):
        yield NOT_DONE
    outdated = m.olds(propagating=True) | m.olds(propagating=False)
    if not source.status == target.status == v.APPROVED or {source.id, target.id} & set(outdated):
        yield NOT_DONE
    if {m.patient_of(source), m.patient_of(target)} != {m.own_set.patient}:
        yield NOT_ONE_PATIENT
    same = [t for t in m.held.of("association") + m.submitted if _joins(t) == _joins(link)]
    if any(t is not link and t.status == v.APPROVED for t in same):
        yield NOT_DONE


def _joins(link: Thing) -> tuple[str, str, str]:
    return link.association_type, link.source, link.target


def _relationships(m: Message) -> Iterator[str]:
    """What ITI-42 asks of relationships, an update asks too."""
    replaced = [t.target for t in m.submitted if t.association_type in REPLACING]
    if len(set(replaced)) < len(replaced):
        yield "XDSRegistryDeprecatedDocumentError"
    forms = transformations(m.held, m.submitted)
    if any(t.association_type == v.APPEND and t.target in forms for t in m.submitted):
        yield "XDSRegistryMetadataError"


def _taken_over(m: Message) -> Iterator[tuple[Thing, str, str]]:
    """Associations that new versions take over, with their ends then (§3.57.4.1.3.3.1.5, .3.5).

    What an end's new version does not want is not taken over by the other end either.
    """
    to, left = m.olds(propagating=True), m.olds(propagating=False)
    for link in m.held.of("association"):
        ends = {link.source, link.target}
        if link.status != v.APPROVED or not ends & set(to) or ends & set(left):
            continue
        source, target = m.held.named(link.source), m.held.named(link.target)
        assert source is not None
        assert target is not None
        if link.association_type == v.HAS_MEMBER and (
            (source.kind, target.kind) != ("folder", "entry")
            or any(t.status == v.DEPRECATED and t.id not in to for t in (source, target))
        ):
            continue
        new_ends = [to[end].id if end in to else end for end in (link.source, link.target)]
        yield link, new_ends[0], new_ends[1]


def _carry_out(m: Message, now: str) -> None:
    copies = [
        replace(link, id=f"copy {m.own_set.id} {link.id}", lid=f"copy {m.own_set.id} {link.id}",
                version=1, source=source, target=target)
        for link, source, target in _taken_over(m)
    ]  # fmt: skip
    for new in m.versions:
        old = m.before(new)
        assert old is not None
        new.lid, new.version, new.status = old.lid, old.version + 1, old.status
        old.status = v.DEPRECATED
    m.held.all += [m.own_set, *m.versions, *copies]
    for link in m.submitted:
        if link.association_type in REPLACING:
            deprecate(m.held, link.target)
    m.held.all += [*m.joins.values(), *m.submitted]
    m.held.all += [a_link(f"in {t.id}", m.own_set.id, t.target) for t in m.submits]
    touched = m.versions + m.submitted + copies
    for change in m.changes:
        target = m.held.named(change.target)
        assert target is not None
        target.status = change.text(v.NEW_STATUS)
        touched += [target] if target.kind == "association" else []
    touch(m.held, [t for t in touched if t.association_type in ("", v.HAS_MEMBER)], now)
