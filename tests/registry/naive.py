"""A registry in two hundred lines of Python: no SQL, no fragments, no shared code.

Written a second time from the text (ITI TF-2 §3.18, §3.42; ITI TF-3 §4.2), only to disagree with
the real one where one of the two is wrong. It reads ebRIM objects directly, and keeps each as what
it is: a thing with an id, a patient, a status and facts.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.build.submission import PATIENT
from xds.metadata import vocabulary as v
from xds.metadata.rim import RimObject

PATIENT_SCHEMES = {
    v.DOCUMENT_ENTRY_PATIENT_ID,
    v.SUBMISSION_SET_PATIENT_ID,
    v.FOLDER_PATIENT_ID,
}
UNIQUE_SCHEMES = {v.DOCUMENT_ENTRY_UNIQUE_ID, v.SUBMISSION_SET_UNIQUE_ID, v.FOLDER_UNIQUE_ID}
ORDER = ("set", "entry", "folder", "association")
REPLACING = (v.REPLACE, v.TRANSFORM_AND_REPLACE)


@dataclass
class Thing:
    """A registered object."""

    kind: str
    id: str
    patient: str
    unique_id: str
    status: str
    texts: dict[str, tuple[str, ...]]
    """Slots."""
    codes: dict[str, set[tuple[str, str]]]
    """By classification scheme: code and coding scheme."""
    persons: list[str]
    object_type: str = ""
    association_type: str = ""
    source: str = ""
    target: str = ""

    def text(self, name: str) -> str:
        return (self.texts.get(name) or ("",))[0]


def thing_of(rim: RimObject) -> Thing:
    attributes = dict(rim.attributes)
    codes: dict[str, set[tuple[str, str]]] = {}
    persons: list[str] = []
    nodes = set()
    for c in rim.classifications:
        parts = dict(c.attributes)
        slots = {s.name: s.values for s in c.slots}
        nodes.add(parts.get("classificationNode"))
        persons += slots.get("authorPerson", ())
        if "codingScheme" in slots:
            pair = (parts["nodeRepresentation"], slots["codingScheme"][0])
            codes.setdefault(parts["classificationScheme"], set()).add(pair)
    named = {
        dict(e.attributes)["identificationScheme"]: dict(e.attributes)["value"]
        for e in rim.external_identifiers
    }
    kind = {"ExtrinsicObject": "entry", "Association": "association"}.get(rim.tag, "folder")
    return Thing(
        kind="set" if v.SUBMISSION_SET_NODE in nodes else kind,
        id=attributes["id"],
        patient=next((value for s, value in named.items() if s in PATIENT_SCHEMES), ""),
        unique_id=next((value for s, value in named.items() if s in UNIQUE_SCHEMES), ""),
        status=v.APPROVED,
        texts={s.name: s.values for s in rim.slots},
        codes=codes,
        persons=persons,
        object_type=attributes.get("objectType", ""),
        association_type=attributes.get("associationType", ""),
        source=attributes.get("sourceObject", ""),
        target=attributes.get("targetObject", ""),
    )


@dataclass
class Naive:
    """The second registry. Every id of a submission is a UUID; what it adds itself is `new…`."""

    patients: set[str]
    things: list[Thing] = field(default_factory=list)

    def named(self, identifier: str, among: Iterable[Thing] = ()) -> Thing | None:
        return next((t for t in (*among, *self.things) if t.id == identifier), None)

    def of(self, kind: str) -> list[Thing]:
        return [t for t in self.things if t.kind == kind]

    # -- ITI-42 ------------------------------------------------------------------------------------

    def register(self, objects: Iterable[RimObject], now: str) -> set[str]:
        """Register, or return the codes of every rule that is broken."""
        new = [thing_of(o) for o in objects]
        codes = set(self._broken(new))
        if codes:
            return codes
        replaced = [t for t in new if t.association_type in REPLACING]
        inherited = [m for r in replaced for m in self._inherited(r, new)]
        for relation in replaced:
            self._deprecate(relation.target)
        self.things += new + inherited
        for folder in self.of("folder"):
            is_joined = any(m.source == folder.id for m in new + inherited)
            if folder in new or is_joined:
                folder.texts["lastUpdateTime"] = (now,)
        return set()

    def _broken(self, new: list[Thing]) -> Iterator[str]:
        unique_ids = [t.unique_id for t in new if t.kind != "association"]
        if len(set(unique_ids)) < len(unique_ids):
            yield "XDSRegistryDuplicateUniqueIdInMessage"
        for thing in new:
            if thing.kind != "association":
                if thing.patient not in self.patients:
                    yield "XDSUnknownPatientId"
                yield from self._identity(thing)
            if self.named(thing.id):
                yield "XDSRegistryMetadataError"
            if thing.kind == "association":
                yield from self._ends(thing, new)

    def _identity(self, thing: Thing) -> Iterator[str]:
        same = [t for t in self.things if t.unique_id == thing.unique_id]
        if not same:
            return
        if thing.kind != "entry" or any(t.kind != "entry" for t in same):
            yield "XDSDuplicateUniqueIdInRegistry"
        elif same[0].text("hash") != thing.text("hash"):
            yield "XDSNonIdenticalHash"
        elif same[0].text("size") != thing.text("size"):
            yield "XDSNonIdenticalSize"

    def _ends(self, association: Thing, new: list[Thing]) -> Iterator[str]:
        source = self.named(association.source, new)
        target = self.named(association.target, new)
        if source is None or target is None:
            yield "UnresolvedReferenceException"
            return
        if association.association_type == v.HAS_MEMBER:
            if source.kind == "folder":
                yield from self._joins(source, target)
            return
        is_old = association.association_type in v.NEEDS_REGISTERED_TARGET
        if target.kind != "entry" or (is_old and target in new):
            yield "UnresolvedReferenceException"
            return
        if target.status != v.APPROVED:
            yield "XDSRegistryDeprecatedDocumentError"
        if target.patient != source.patient:
            yield "XDSPatientIdDoesNotMatch"
        if association.association_type == v.IS_SNAPSHOT_OF and target.object_type != v.ON_DEMAND:
            yield "XDSRegistryMetadataError"

    @staticmethod
    def _joins(folder: Thing, member: Thing) -> Iterator[str]:
        if member.kind != "entry":
            yield "XDSRegistryMetadataError"
            return
        if member.status != v.APPROVED:
            yield "XDSRegistryDeprecatedDocumentError"
        if folder.patient != member.patient:
            yield "XDSPatientIdDoesNotMatch"

    def _inherited(self, relation: Thing, new: list[Thing]) -> list[Thing]:
        """A replacement is in every folder that what it replaces is in."""
        own_set = next(t for t in new if t.kind == "set")
        there = {m.source for m in new if m.target == relation.source}
        folders = [
            m.source
            for m in self.of("association")
            if m.association_type == v.HAS_MEMBER
            and m.target == relation.target
            and (f := self.named(m.source)) is not None
            and f.kind == "folder"
            and m.source not in there
        ]
        made = []
        for folder in dict.fromkeys(folders):
            number = len(self.things) + len(made)
            member = _member(f"new{relation.id}{number}", folder, relation.source)
            made += [member, _member(f"new{relation.id}{number}b", own_set.id, member.id)]
        return made

    def _deprecate(self, identifier: str) -> None:
        """An old version goes, and what was added to it or made of it goes with it."""
        old = self.named(identifier)
        assert old is not None
        old.status = v.DEPRECATED
        for association in self.of("association"):
            is_child = association.association_type in (v.APPEND, v.TRANSFORM)
            if is_child and association.target == identifier:
                self._deprecate(association.source)

    # -- ITI-18 ------------------------------------------------------------------------------------

    def find(self, kind: str, *, patient: str = PATIENT, **criteria) -> list[Thing]:
        return [t for t in self.of(kind) if t.patient == patient and _meets(t, **criteria)]

    def everything(self, patient: str, status: set[str], **of_entries) -> list[Thing]:
        found = [
            t
            for kind in ORDER[:3]
            for t in self.find(
                kind, patient=patient, status=status, **(of_entries if kind == "entry" else {})
            )
        ]
        return found + self.touching({t.id for t in found})

    def touching(self, ids: set[str]) -> list[Thing]:
        return [a for a in self.of("association") if a.source in ids or a.target in ids]

    def contents(self, holder: Thing, **of_entries) -> list[Thing]:
        """A SubmissionSet or a Folder, with what is in it."""
        members = [
            a
            for a in self.of("association")
            if a.source == holder.id and a.association_type == v.HAS_MEMBER
        ]
        inside = [t for t in self.things if t.id in {m.target for m in members}]
        kept = [
            t
            for t in inside
            if (t.kind == "entry" and _meets(t, **of_entries))
            or (t.kind == "folder" and holder.kind == "set")
        ]
        present = {t.id for t in kept} | {holder.id}
        links = [
            t
            for t in inside
            if t.kind == "association" and t.source in present and t.target in present
        ]
        present |= {t.id for t in links}
        result = [holder, *kept, *links, *(m for m in members if m.target in present)]
        return list({t.id: t for t in result}.values())

    def related(self, entry: Thing, types: set[str]) -> list[Thing]:
        links = [a for a in self.touching({entry.id}) if a.association_type in types]
        ends = {a.source for a in links} | {a.target for a in links}
        entries = [t for t in self.of("entry") if t.id in ends]
        present = {t.id for t in entries}
        return entries + [a for a in links if a.source in present and a.target in present]


def _member(identifier: str, source: str, target: str) -> Thing:
    return Thing(
        kind="association",
        id=identifier,
        patient="",
        unique_id="",
        status=v.APPROVED,
        texts={},
        codes={},
        persons=[],
        association_type=v.HAS_MEMBER,
        source=source,
        target=target,
    )


def _meets(
    thing: Thing,
    *,
    status: set[str] | None = None,
    codes: Iterable[tuple[str, set[tuple[str, str]]]] = (),
    times: Iterable[tuple[str, str, str]] = (),
    persons: Iterable[str] = (),
    references: Iterable[str] = (),
) -> bool:
    """Whether a thing meets every condition; inside a condition one value is enough."""
    persons, references = list(persons), list(references)
    return (
        (status is None or thing.status in status)
        and all(thing.codes.get(scheme, set()) & wanted for scheme, wanted in codes)
        and all(_is_within(thing.text(name), low, high) for name, low, high in times)
        and (not persons or _is_like(thing.persons, persons))
        and (not references or _is_like(thing.texts.get(v.REFERENCE_ID_LIST, ()), references))
    )


def _is_like(texts: Iterable[str], patterns: Iterable[str]) -> bool:
    wild = {"%": ".*", "_": "."}
    expressions = ["".join(wild.get(c, re.escape(c)) for c in pattern) for pattern in patterns]
    return any(re.fullmatch(e, text, re.DOTALL) for e in expressions for text in texts)


def _is_within(text: str, low: str, high: str) -> bool:
    if not text:
        return True
    return (not low or _moment(low) <= _moment(text)) and (
        not high or _moment(text) < _moment(high)
    )


def _moment(text: str) -> str:
    """A time as the first instant of what it names: 2024 is midnight of the first of January."""
    return text + "00000101000000"[len(text) :]
