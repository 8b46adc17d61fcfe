"""The Registry and the naive one side by side: the same history, the same questions."""

import itertools
import uuid
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta

from hypothesis import event

from registry.patients.change import Patients
from registry.patients.changes import Merge as MergePatients
from registry.patients.changes import PatientChangeRefused
from tests.build.submission import (
    OPEN_DOMAIN,
    OTHER_PATIENT,
    PATIENT,
    ROOT,
    a_code,
    a_document_entry,
    a_folder,
    a_submission_set,
    an_association,
    an_author,
    has_member,
    with_classification,
    with_identifier,
    without_scheme,
)
from tests.registry.build import START, Registry, text, texts
from tests.registry.naive import asking, registering
from tests.registry.naive.asking import Wish
from tests.registry.naive.things import (
    KINDS,
    Thing,
    Things,
    marked,
    name_of,
    renamed,
    thing_of,
    whole,
)
from tests.strategies.histories import Document, Folder, Merge, Submission
from tests.strategies.questions import CODED, TIMED, Question
from xds.metadata import vocabulary as v
from xds.metadata.rim import LocalizedString, RimObject

HASHES = ("da39a3ee5e6b4b0d3255bfef95601890afd80709", "a9993e364706816aba3e25717850c26c9cd0d89d")
NOBODY = f"urn:uuid:{uuid.UUID(int=2**128 - 1)}"
FOR_ONE_PATIENT = {
    *("GetDocuments", "GetFolders", "GetDocumentsAndAssociations", "GetSubmissionSets"),
    *("GetSubmissionSetAndContents", "GetFolderAndContents"),
}
"""ITI TF-2 §3.18.4.1.2.3.7.5, .6, .8 to .11."""


class Numbers:
    """UUIDs that follow from the history alone."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> str:
        self.count += 1
        return f"urn:uuid:{uuid.UUID(int=self.count)}"


@dataclass
class Both:
    """Two registries of the same history."""

    registry: Registry
    held: Things = field(default_factory=lambda: Things({PATIENT, OTHER_PATIENT}))
    new_id: Numbers = field(default_factory=Numbers)
    clock: "itertools.count[int]" = field(default_factory=itertools.count)

    def take(self, step) -> None:
        """Let one step happen to both, and compare what they hold afterwards."""
        if isinstance(step, Merge):
            self._merge(step)
        else:
            self._submit(step)
        self._compare_all()

    # -- steps -------------------------------------------------------------------------------------

    def _submit(self, step: Submission) -> None:
        objects = self._objects_of(step)
        if objects is None:
            return
        minutes = next(self.clock)
        now = f"{START + timedelta(minutes=minutes):%Y%m%d%H%M%S}"
        expected = registering.register(self.held, objects, now)
        self.registry.clock = iter((minutes,))
        symbols = {o.id: f"symbol{n}" for n, o in enumerate(objects)} if step.is_symbolic else {}
        answer = self.registry.register(*(renamed(o, symbols) for o in objects))
        event(f"submission: {', '.join(sorted(expected)) or 'Success'}")
        assert set(answer.codes) == expected, [c.code_context for c in answer.complaints]
        assert answer.status == ("Failure" if expected else "Success")

    def _merge(self, step: Merge) -> None:
        expected = registering.merge(self.held, step.subsumed, step.survivor)
        patients = Patients(ledger=self.registry.ledger, domain=OPEN_DOMAIN, identifier_checks={})
        change = MergePatients(subsumed=step.subsumed, survivor=step.survivor)
        refused = False
        try:
            patients.change(change, instant=START)
        except PatientChangeRefused:
            refused = True
        event(f"merge: {'refused' if refused else 'Success'}")
        assert refused == bool(expected)

    def _objects_of(self, step: Submission) -> list[RimObject] | None:
        """The step as objects with UUIDs, or None when there is nothing in it."""
        entries, folders = self.held.of("entry"), self.held.of("folder")
        own, objects = self._set_of(step), []
        members: list[tuple[str, str]] = []
        for folder in step.folders:
            made = _folder_of(folder, self.new_id(), step.patient)
            objects.append(made)
            members.append((made.id, ""))
        for number, document in enumerate(step.documents):
            repeats = step.repeats_id and entries and not step.is_symbolic and not number
            identifier = entries[0].id if repeats else self.new_id()
            objects.append(_entry_of(document, identifier, step.patient, self.new_id.count))
            members.append((identifier, v.ORIGINAL))
            if document.relation and self.held.all:
                kind, which = document.relation
                targets = entries or self.held.all if which else self.held.all
                target = targets[which % len(targets)].id
                objects.append(an_association(self.new_id(), kind, identifier, target))
            for which in document.joins:
                if folders:
                    holder = folders[which % len(folders)].id
                    link = an_association(self.new_id(), v.HAS_MEMBER, holder, identifier)
                    objects.append(link)
                    members.append((link.id, ""))
        members += [(entries[n % len(entries)].id, v.REFERENCE) for n in step.refers if entries]
        if not members:
            return None
        objects += [
            has_member(own.id, target, status=status).with_attribute("id", self.new_id())
            for target, status in members
        ]
        return [marked(o) for o in (own, *objects)]

    def _set_of(self, step: Submission) -> RimObject:
        own = self.new_id()
        unique_id = (
            f"{ROOT}.2.{self.new_id.count}" if step.unique > 4 else f"{ROOT}.1.{step.unique}"
        )
        if step.unique > 57:  # a set of an id that folders have too
            unique_id = f"{ROOT}.3.{step.unique - 57}"
        made = a_submission_set(own, patient=step.patient, unique_id=unique_id)
        made = made.with_slot("submissionTime", step.time)
        made = with_identifier(made, v.SUBMISSION_SET_SOURCE_ID, step.source)
        return _authored(made, v.SUBMISSION_SET_AUTHOR, step.persons)

    # -- what is held ------------------------------------------------------------------------------

    def _compare_all(self) -> None:
        """Every object of every patient, whole; learn the ids that the Registry gave."""
        answers = {p: self.registry.everything(p) for p in (PATIENT, OTHER_PATIENT)}
        self._learn(o for answer in answers.values() for o in answer.objects)
        both = frozenset({v.APPROVED, v.DEPRECATED})
        for patient, answer in answers.items():
            wish = Wish(patient=patient, status=both)
            compare(answer.objects, asking.everything(self.held, wish, wish, wish))

    def _learn(self, objects) -> None:
        objects = {o.id: o for o in objects}
        ids = {name_of(o): o.id for o in objects.values() if name_of(o)}
        self.held.rename({t.id: ids[t.name] for t in self.held.all if t.name in ids})
        # What the Registry itself adds has no name: it is known by what it joins.
        added = {_ends(thing_of(o)): o.id for o in objects.values() if not name_of(o)}
        for _ in range(2):  # a membership of a membership comes after it
            unnamed = [t for t in self.held.all if not t.name]
            self.held.rename({t.id: added[_ends(t)] for t in unnamed if _ends(t) in added})

    # -- questions ---------------------------------------------------------------------------------

    def ask(self, question: Question) -> None:
        """Ask both, for whole objects and for references."""
        slots = slots_of(question, self.held)
        expected = answer_to(question, self.held)
        patients = {t.patient for t in expected if t.kind != "association"}
        answer = self.registry.ask(question.query, slots)
        event(f"{question.query}: {min(len(expected), 3)}")
        if question.query in FOR_ONE_PATIENT and len(patients) > 1:
            assert answer.codes == ("XDSResultNotSinglePatient",)
            assert not answer.objects
        else:
            assert answer.status == "Success", [c.code_context for c in answer.complaints]
            compare(answer.objects, expected)
        references = self.registry.ask(question.query, slots, returns="ObjectRef")
        assert references.status == "Success"
        assert {o.tag for o in references.objects} <= {"ObjectRef"}
        assert Counter(references.ids) == Counter(asking.ids_of(expected))


def compare(objects, expected: list[Thing]) -> None:
    """Whole objects, each once; SubmissionSets, documents and folders as they were registered."""
    by_kind = {kind: [t.expected() for t in expected if t.kind == kind] for kind in KINDS}
    came = {kind: [o for o in objects if thing_of(o).kind == kind] for kind in KINDS}
    for kind in KINDS[:3]:
        assert [whole(o) for o in came[kind]] == [whole(o) for o in by_kind[kind]]
    came_links, links = (sorted(map(whole, of["association"]), key=repr) for of in (came, by_kind))
    assert came_links == links


def _ends(association: Thing) -> tuple[str, str, str]:
    return association.association_type, association.source, association.target


# -- a question, asked of both ---------------------------------------------------------------------


def slots_of(question: Question, held: Things) -> list[tuple[str, str | list[str]]]:
    """The question as the Registry is asked."""

    def many(values) -> str | list[str]:
        return [texts(value) for value in values] if question.is_split else texts(*values)

    about = _about(question)
    stem = f"$XDS{about}"
    found: list[tuple[str, str | list[str]]] = []
    if question.patient:
        name = "$patientId" if question.query == "GetAll" else f"{stem}PatientId"
        found.append((name, text(question.patient)))
    kinds = (about,) if len(question.status) == 1 else ("DocumentEntry", "SubmissionSet", "Folder")
    for kind, status in zip(kinds, question.status, strict=False):
        found.append((f"$XDS{kind}Status", many(status)))
    if question.types:
        found.append(("$XDSDocumentEntryType", many(question.types)))
    for name, codes in question.codes:
        found.append((name, many(f"{code}^^{CODED[name][1]}" for code in codes)))
    for name, low, high in question.times:
        found += [(f"{name}{side}", at) for side, at in (("From", low), ("To", high)) if at]
    if question.persons:
        found.append((f"{stem}AuthorPerson", many(question.persons)))
    for one_of in question.references:
        found.append((f"{stem}ReferenceIdList", many(one_of)))
    if question.sources:
        found.append((f"{stem}SourceId", many(question.sources)))
    if question.relations:
        found.append(("$AssociationTypes", many(question.relations)))
    if question.which:
        name = f"{stem}UniqueId" if question.by_unique_id else f"{stem}EntryUUID"
        if question.query in ("GetAssociations", "GetSubmissionSets"):
            name = "$uuid"
        is_one = len(question.which) == 1 and question.query.startswith("Get")
        keys = _keys(question, held)
        found.append((name, text(keys[0]) if is_one and name != "$uuid" else many(keys)))
    return found


def answer_to(question: Question, held: Things) -> list[Thing]:  # noqa: PLR0911 - one for each
    """The naive registry's answer."""
    entries = _wish(question, 0, "$XDSDocumentEntry")
    kind = {"DocumentEntry": "entry", "SubmissionSet": "set", "Folder": "folder"}[_about(question)]
    keys = set(_keys(question, held))
    asked = [t for t in held.of(kind) if {t.id, t.unique_id} & keys]
    match question.query:
        case "FindDocuments" | "FindDocumentsByReferenceId":
            return asking.found(held, "entry", entries)
        case "FindSubmissionSets":
            return asking.found(held, "set", _wish(question, 0, "$XDSSubmissionSet"))
        case "FindFolders":
            return asking.found(held, "folder", _wish(question, 0, "$XDSFolder"))
        case "GetAll":
            sets = _wish(question, 1, "$XDSSubmissionSet")
            return asking.everything(held, sets, entries, _wish(question, 2, "$XDSFolder"))
        case "GetDocuments" | "GetFolders":
            return asked
        case "GetAssociations":
            return asking.touching(held, keys)
        case "GetDocumentsAndAssociations":
            return asking.with_associations(held, asked)
        case "GetSubmissionSets":
            return asking.sets_of(held, keys)
        case "GetSubmissionSetAndContents":
            return asking.contents_of_set(held, asked, entries)
        case "GetFolderAndContents":
            return asking.contents_of_folder(held, asked, entries)
        case "GetFoldersForDocument":
            return asking.folders_of(held, asked)
        case "GetRelatedDocuments":
            return asking.related(held, asked, question.relations, entries)
    raise AssertionError(question.query)


def _about(question: Question) -> str:
    if question.query in ("FindSubmissionSets", "GetSubmissionSetAndContents"):
        return "SubmissionSet"
    if question.query in ("FindFolders", "GetFolders", "GetFolderAndContents"):
        return "Folder"
    return "DocumentEntry"


def _keys(question: Question, held: Things) -> list[str]:
    """The ids that the question's numbers stand for; sometimes of an object of another kind."""
    kind = {"DocumentEntry": "entry", "SubmissionSet": "set", "Folder": "folder"}[_about(question)]
    among = held.of(kind) if question.query != "GetAssociations" else held.all
    if question.query == "GetSubmissionSets":
        among = [t for t in held.all if t.kind in ("entry", "folder")]
    chosen = [among[n % len(among)] for n in question.which] if among else []
    keys = [t.unique_id if question.by_unique_id else t.id for t in chosen]
    return list(dict.fromkeys(keys)) or [NOBODY]


def _wish(question: Question, number: int, stem: str) -> Wish:
    """What the question asks of objects of one kind."""
    has_types = stem == "$XDSDocumentEntry"
    return Wish(
        patient=question.patient,
        status=frozenset(question.status[number] if question.status else ()),
        types=frozenset(question.types or (v.STABLE,)) if has_types else frozenset(),
        codes=tuple(
            (CODED[name][0], frozenset((code, CODED[name][1]) for code in codes))
            for name, codes in question.codes
            if name.startswith(stem)
        ),
        times=tuple((TIMED[name], low, high) for name, low, high in question.times),
        persons=question.persons,
        references=question.references,
        sources=question.sources,
    )


# -- objects of a step -----------------------------------------------------------------------------


def _entry_of(document: Document, identifier: str, patient: str, number: int) -> RimObject:
    unique = document.unique if document.unique < 8 else number + 100
    made = a_document_entry(identifier, patient=patient, unique_id=f"{ROOT}.1.{unique}")
    made = replace(made, name=(LocalizedString(value=document.title, lang="fr"),))
    made = made.with_slot("hash", HASHES[document.variant % 2])
    made = made.with_slot("size", str(document.variant))
    names = ("creationTime", "serviceStartTime", "serviceStopTime")
    for name, value in zip(names, document.times, strict=True):
        made = made.with_slot(name, value)
    made = made.with_slot(v.REFERENCE_ID_LIST, *document.references)
    made = replace(made, slots=tuple(s for s in made.slots if any(s.values)))
    schemes = (
        *("$XDSDocumentEntryClassCode", "$XDSDocumentEntryTypeCode"),
        *(
            "$XDSDocumentEntryPracticeSettingCode",
            "$XDSDocumentEntryHealthcareFacilityTypeCode",
        ),
    )
    single = zip(schemes, document.codes, strict=True)
    coded = [
        *single,
        ("$XDSDocumentEntryFormatCode", document.format),
        *(("$XDSDocumentEntryEventCodeList", code) for code in document.events),
        *(("$XDSDocumentEntryConfidentialityCode", code) for code in document.confidentiality),
    ]
    made = _coded(made, coded, (*schemes, *("$XDSDocumentEntry" + n for n in LISTS)))
    return _authored(made, v.DOCUMENT_ENTRY_AUTHOR, document.persons)


LISTS = ("FormatCode", "EventCodeList", "ConfidentialityCode")


def _folder_of(folder: Folder, identifier: str, patient: str) -> RimObject:
    made = a_folder(identifier, patient=patient, unique_id=f"{ROOT}.3.{folder.unique}")
    made = replace(made, name=(LocalizedString(value=folder.title),))
    name = "$XDSFolderCodeList"
    return _coded(made, [(name, code) for code in folder.codes], (name,))


def _coded(rim: RimObject, coded, parameters) -> RimObject:
    """The object with these codes instead of what the builder gave it."""
    for parameter in parameters:
        rim = without_scheme(rim, CODED[parameter][0])
    for parameter, code in coded:
        scheme, coding_scheme = CODED[parameter]
        rim = with_classification(rim, a_code(rim.id, scheme, code, coding_scheme, code))
    return rim


def _authored(rim: RimObject, scheme: str, persons) -> RimObject:
    rim = without_scheme(rim, scheme)
    for number, person in enumerate(persons):
        author = an_author(rim.id, scheme, authorPerson=(person,))
        rim = with_classification(rim, author.with_attribute("id", f"{rim.id}-{number}"))
    return rim
