"""What the naive registry holds: each object as it came, and what has become of it since."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from xds.metadata import vocabulary as v
from xds.metadata.rim import RimObject, Slot, VersionInfo

PATIENT_SCHEMES = {v.DOCUMENT_ENTRY_PATIENT_ID, v.SUBMISSION_SET_PATIENT_ID, v.FOLDER_PATIENT_ID}
UNIQUE_SCHEMES = {v.DOCUMENT_ENTRY_UNIQUE_ID, v.SUBMISSION_SET_UNIQUE_ID, v.FOLDER_UNIQUE_ID}
KINDS = ("set", "entry", "folder", "association")
NAME = "urn:example:name"
"""An extra slot with the object's name inside a test: by it an object is known in an answer."""
REFERRING = ("classifiedObject", "registryObject", "sourceObject", "targetObject")


@dataclass
class Thing:
    """A registered object."""

    kind: str
    rim: RimObject
    """As it came."""
    id: str
    lid: str
    version: int = 1
    status: str = v.APPROVED
    patient: str = ""
    unique_id: str = ""
    last_update: str = ""
    """Folders."""
    source: str = ""
    target: str = ""

    @property
    def name(self) -> str:
        return name_of(self.rim)

    @property
    def object_type(self) -> str:
        return self.rim.attribute("objectType") or ""

    @property
    def association_type(self) -> str:
        return self.rim.attribute("associationType") or ""

    @property
    def persons(self) -> list[str]:
        slots = [s for c in self.rim.classifications for s in c.slots if s.name == "authorPerson"]
        return [value for slot in slots for value in slot.values]

    @property
    def codes(self) -> dict[str, set[tuple[str, str]]]:
        """By classification scheme: code and coding scheme."""
        found: dict[str, set[tuple[str, str]]] = {}
        for c in self.rim.classifications:
            scheme = [s.values[0] for s in c.slots if s.name == "codingScheme"]
            if scheme:
                code = c.attribute("nodeRepresentation") or ""
                found.setdefault(c.attribute("classificationScheme") or "", set()).add(
                    (code, scheme[0])
                )
        return found

    def texts(self, slot: str) -> tuple[str, ...]:
        if slot == "lastUpdateTime":
            return (self.last_update,)
        return next((s.values for s in self.rim.slots if s.name == slot), ())

    def text(self, slot: str) -> str:
        return (*self.texts(slot), "")[0]

    def identified(self, scheme: str) -> str:
        return identified(self.rim, {scheme})

    def expected(self) -> RimObject:
        """As an answer must show it."""
        shown = renamed(self.rim, {self.rim.id: self.id})
        shown = replace(shown, version_info=VersionInfo(version_name=str(self.version)))
        ends = {"sourceObject": self.source, "targetObject": self.target} if self.source else {}
        for name, value in {
            "id": self.id,
            "lid": self.lid,
            "status": self.status,
            **ends,
        }.items():
            shown = shown.with_attribute(name, value)
        if self.kind == "folder":
            shown = shown.with_slot("lastUpdateTime", self.last_update)
        return replace(
            shown,
            external_identifiers=tuple(
                e.with_attribute("value", self.patient)
                if e.attribute("identificationScheme") in PATIENT_SCHEMES
                else e
                for e in shown.external_identifiers
            ),
        )


def name_of(rim: RimObject) -> str:
    return next((s.values[0] for s in rim.slots if s.name == NAME), "")


def identified(rim: RimObject, schemes: set[str]) -> str:
    return next(
        (
            e.attribute("value") or ""
            for e in rim.external_identifiers
            if e.attribute("identificationScheme") in schemes
        ),
        "",
    )


def thing_of(rim: RimObject) -> Thing:
    """A new object."""
    nodes = {c.attribute("classificationNode") for c in rim.classifications}
    kind = {"ExtrinsicObject": "entry", "Association": "association"}.get(rim.tag, "folder")
    return Thing(
        kind="set" if v.SUBMISSION_SET_NODE in nodes else kind,
        rim=rim,
        id=rim.id,
        lid=rim.id,
        patient=identified(rim, PATIENT_SCHEMES),
        unique_id=identified(rim, UNIQUE_SCHEMES),
        source=rim.attribute("sourceObject") or "",
        target=rim.attribute("targetObject") or "",
    )


def a_link(identifier: str, source: str, target: str) -> Thing:
    """A membership that the registry itself adds."""
    attributes = (
        ("id", identifier),
        ("associationType", v.HAS_MEMBER),
        ("sourceObject", source),
        ("targetObject", target),
        ("objectType", v.OBJECT_TYPE_ASSOCIATION),
    )
    return thing_of(RimObject(tag="Association", attributes=attributes))


def touch(held: "Things", new: list[Thing], now: str) -> None:
    """A folder that is new, or gets or loses a member, says when."""
    for folder in held.of("folder"):
        if folder in new or any(m.source == folder.id for m in new):
            folder.last_update = now


def renamed(rim: RimObject, names: Mapping[str, str]) -> RimObject:
    """An object of a message under other ids."""
    attributes = tuple(
        (key, names.get(value, value) if key in (*REFERRING, "id") else value)
        for key, value in rim.attributes
    )
    return replace(
        rim,
        attributes=attributes,
        classifications=tuple(renamed(c, names) for c in rim.classifications),
        external_identifiers=tuple(renamed(e, names) for e in rim.external_identifiers),
    )


def whole(rim: RimObject) -> tuple:
    """All that an object says, in order; but not the ids of its parts, which a registry may give.

    XML attributes have no order.
    """
    return (
        rim.tag,
        tuple(sorted(rim.attributes)),
        _content(rim),
        tuple(_part(p, rim.id) for p in rim.classifications),
        tuple(_part(p, rim.id) for p in rim.external_identifiers),
    )


def _part(part: RimObject, owner: str) -> tuple:
    # An absent objectType is filled in by a registry; a message with another one is refused.
    given = ("id", "objectType", *REFERRING)
    attributes = [(n, value) for n, value in part.attributes if n not in given]
    assert owner in {part.attribute("classifiedObject"), part.attribute("registryObject")}
    assert part.id
    return part.tag, tuple(sorted(attributes)), _content(part)


def _content(rim: RimObject) -> tuple:
    slots = tuple((s.name, s.values, s.slot_type) for s in rim.slots)
    return slots, rim.name, rim.description, rim.version_info, rim.content_version_info


@dataclass
class Things:
    """All that is registered, in order of registration."""

    patients: set[str]
    all: list[Thing] = field(default_factory=list)

    def latest(self, lid: str) -> Thing | None:
        """The latest version under a logical id."""
        versions = [t for t in self.all if t.lid == lid]
        return max(versions, key=lambda t: t.version, default=None)

    def patient_of(self, thing: Thing) -> str:
        """Whose a thing is; an association is whose its source is."""
        if thing.kind != "association":
            return thing.patient
        source = self.named(thing.source)
        assert source is not None
        return self.patient_of(source)

    def seen(self, level: int, association_status: frozenset[str]) -> "Things":
        """What is shown to who asks at this $MetadataLevel (Metadata Update, §3.18.4.1.2.3.5.1):

        At level 1 the latest versions, and the associations that are in use; at level 2 every
        version, and associations of the statuses that are asked for.
        """
        wanted = association_status or frozenset({v.APPROVED})
        if level == 1:
            wanted &= {v.APPROVED}
        kept = [
            t
            for t in self.all
            if (t.status in wanted if t.kind == "association" else self._is_seen(t, level))
        ]
        return Things(self.patients, kept)

    def _is_seen(self, thing: Thing, level: int) -> bool:
        return level > 1 or thing.kind == "set" or self.latest(thing.lid) is thing

    def named(self, identifier: str, among: Iterable[Thing] = ()) -> Thing | None:
        return next((t for t in (*among, *self.all) if t.id == identifier), None)

    def of(self, kind: str) -> list[Thing]:
        return [t for t in self.all if t.kind == kind]

    def rename(self, names: Mapping[str, str]) -> None:
        """Take over ids that the real registry gave."""
        for t in self.all:
            t.id, t.lid = names.get(t.id, t.id), names.get(t.lid, t.lid)
            t.source, t.target = names.get(t.source, t.source), names.get(t.target, t.target)


def marked(rim: RimObject) -> RimObject:
    """An object that carries its own name."""
    return replace(rim, slots=(*rim.slots, Slot(name=NAME, values=(rim.id,))))
