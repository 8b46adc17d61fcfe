"""The objects of one submission, sorted by kind and findable by id: what its rules look at.

Spec: ITI TF-3 §4.2.1.4, §4.2.1.5 (what a list holds), §4.2.1.2.1 and §4.2.1.3.1 (a Classification
that marks a package may stand inside it or beside it), §4.2.3.1.5 (ids). Rules are in `rules`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from xds.errors import Complaint, quote
from xds.metadata import vocabulary as v
from xds.metadata.attributes import NODES, Subject
from xds.metadata.judge import Judge, name_of
from xds.metadata.rim import RimObject
from xds.metadata.views import (
    Association,
    DocumentEntry,
    Folder,
    SubmissionSet,
    is_marked,
    read_association,
    read_document_entry,
    read_folder,
    read_submission_set,
)

REFERENCE_ATTRIBUTES = ("sourceObject", "targetObject")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A submission before it is known to be one."""

    judge: Judge
    submission_sets: tuple[SubmissionSet, ...] = ()
    document_entries: tuple[DocumentEntry, ...] = ()
    folders: tuple[Folder, ...] = ()
    associations: tuple[Association, ...] = ()
    object_refs: tuple[RimObject, ...] = ()
    objects: tuple[tuple[Subject, RimObject], ...] = ()
    """All but ObjectRefs, in order, outer Classifications moved inward."""
    everything: tuple[RimObject, ...] = ()
    """As received, ObjectRefs and outer Classifications included."""
    kinds: dict[str, Subject] = field(default_factory=dict)
    """What each id of the message is."""

    def named(self, identifier: str) -> str:
        """Return what an id means, in words for an error."""
        kind = self.kinds.get(identifier)
        if kind is not None:
            return f"{kind} {quote(identifier)}"
        if v.is_symbolic(identifier):
            return f"{quote(identifier)}, which is no object of this message"
        return f"{quote(identifier)}, which is not in this message"

    def is_elsewhere(self, identifier: str) -> bool:
        """Return whether an id may be that of an object registered earlier."""
        return identifier not in self.kinds and not v.is_symbolic(identifier)


def sort_objects(
    everything: tuple[RimObject, ...], judge: Judge
) -> tuple[Message, tuple[Complaint, ...]]:
    """Return the message, and complaints about what has no kind or two."""
    complaints: list[Complaint] = []
    moved = _moved_inward(everything, judge, complaints)
    sets: list[SubmissionSet] = []
    entries: list[DocumentEntry] = []
    folders: list[Folder] = []
    associations: list[Association] = []
    objects: list[tuple[Subject, RimObject]] = []
    kinds: dict[str, Subject] = {}
    for rim in moved:
        kind = _kind(rim)
        match kind:
            case Subject.SUBMISSION_SET:
                sets.append(read_submission_set(rim))
            case Subject.FOLDER:
                folders.append(read_folder(rim))
            case Subject.DOCUMENT_ENTRY:
                entries.append(read_document_entry(rim))
            case Subject.ASSOCIATION:
                rim = _with_full_type(rim)  # noqa: PLW2901 - the same object, spelled out
                associations.append(read_association(rim))
            case None:
                complaints.append(_no_kind(rim, judge))
                continue
        objects.append((kind, rim))
        if rim.id:
            kinds.setdefault(rim.id, kind)
    message = Message(
        judge=judge,
        submission_sets=tuple(sets),
        document_entries=tuple(entries),
        folders=tuple(folders),
        associations=tuple(associations),
        object_refs=tuple(rim for rim in everything if rim.tag == "ObjectRef"),
        objects=tuple(objects),
        everything=everything,
        kinds=kinds,
    )
    return message, tuple(complaints)


def all_ids(everything: Iterable[RimObject]) -> Iterator[RimObject]:
    """Yield every object that has an id of its own, inner ones too; an ObjectRef borrows its id."""
    for rim in everything:
        if rim.tag == "ObjectRef":
            continue
        if rim.id:
            yield rim
        yield from all_ids(rim.classifications)
        yield from all_ids(rim.external_identifiers)


def _kind(rim: RimObject) -> Subject | None:
    if rim.tag == "ExtrinsicObject":
        return Subject.DOCUMENT_ENTRY
    if rim.tag == "Association":
        return Subject.ASSOCIATION
    is_set = is_marked(rim, v.SUBMISSION_SET_NODE)
    is_folder = is_marked(rim, v.FOLDER_NODE)
    if is_set == is_folder:
        return None
    return Subject.SUBMISSION_SET if is_set else Subject.FOLDER


def _moved_inward(
    everything: tuple[RimObject, ...], judge: Judge, complaints: list[Complaint]
) -> list[RimObject]:
    """Return the objects with each outer Classification inside the object that it classifies."""
    places: dict[str, int] = {}
    objects: list[RimObject] = []
    for rim in everything:
        if rim.tag in {"Classification", "ObjectRef"}:
            continue
        places.setdefault(rim.id, len(objects))
        objects.append(rim)
    for outer in everything:
        if outer.tag != "Classification":
            continue
        place = places.get(outer.attribute("classifiedObject") or "")
        node = outer.attribute("classificationNode") or ""
        if place is None or node not in NODES:
            complaints.append(_lost_classification(outer, judge, knows_node=node in NODES))
        elif not is_marked(objects[place], node):
            rim = objects[place]
            objects[place] = replace(rim, classifications=(*rim.classifications, outer))
    return objects


def _with_full_type(rim: RimObject) -> RimObject:
    written = rim.attribute("associationType")
    if written is None:
        return rim
    full = v.full_association_type(written)
    return rim if full == written else rim.with_attribute("associationType", full)


def _no_kind(rim: RimObject, judge: Judge) -> Complaint:
    is_both = is_marked(rim, v.SUBMISSION_SET_NODE)
    return judge.complaint(
        rim.where,
        subject=name_of("RegistryPackage", rim),
        rule="a RegistryPackage is labelled as a SubmissionSet or as a Folder "
        "(ITI TF-3 §4.2.1.2.1, §4.2.1.3.1)",
        came="both labels" if is_both else "neither label",
        expected=f"one Classification with classificationNode {v.SUBMISSION_SET_NODE} "
        f"(SubmissionSet) or {v.FOLDER_NODE} (Folder)",
        fix="remove one" if is_both else "add it, with classifiedObject the package's id",
    )


def _lost_classification(outer: RimObject, judge: Judge, *, knows_node: bool) -> Complaint:
    if knows_node:
        came = f"classifiedObject {quote(outer.attribute('classifiedObject') or '')}"
        expected, fix = "the id of an object of this message", "correct classifiedObject"
    else:
        came = f"classificationNode {quote(outer.attribute('classificationNode') or '')}"
        expected = f"{v.SUBMISSION_SET_NODE} (SubmissionSet) or {v.FOLDER_NODE} (Folder)"
        fix = "move a Classification with a scheme into its object; correct the node of a label"
    return judge.complaint(
        outer.where,
        subject=name_of("Classification", outer),
        rule="a Classification beside the objects labels one of them "
        "(ITI TF-3 §4.2.1.2.1, §4.2.1.3.1, §4.2.3.1.2)",
        came=came,
        expected=expected,
        fix=fix,
    )
