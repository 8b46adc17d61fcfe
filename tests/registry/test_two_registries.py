"""The Registry and a naive one, written apart, give the same answers to the same history.

A history is drawn as numbers; what a number means (which registered document is replaced, which
folder is joined) is decided while it runs, so that every history is possible and shrinks well.
"""

import uuid
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from registry.ledger import tables as t
from registry.ledger.engine import open_engine
from registry.ledger.sql import SqlLedger
from tests.build.submission import (
    OTHER_PATIENT,
    PATIENT,
    ROOT,
    a_code,
    a_document_entry,
    a_folder,
    a_submission_set,
    an_association,
    an_author,
    changing_classification,
    has_member,
    with_classification,
    without_scheme,
)
from tests.registry.build import START, STRANGER, Registry, text, texts
from tests.registry.naive import Naive, Thing, thing_of
from xds.metadata import vocabulary as v
from xds.metadata.rim import RimObject

PATIENTS = (*(PATIENT,) * 12, *(OTHER_PATIENT,) * 2, STRANGER)
HASHES = ("da39a3ee5e6b4b0d3255bfef95601890afd80709", "a9993e364706816aba3e25717850c26c9cd0d89d")
TIMES = ("", "2023", "202402", "20240229", "20240229120000", "2025")
PERSONS = ("^Dupont^Zoé", "^Dupond^Zo\\é", "1^O'Neil^Ann%", "^_^_")
PATTERNS = ("%", "%DUPONT%", "%Dup_n_%", "^Dupont^Zoé", "%\\%", "1^O'Neil^Ann_", "^_^_", "nobody")
EVENTS = ("a", "b", "c")
REFERENCES = ("1^^^&1.2.3&ISO^urn:example:a", "12^^^&1.2.3&ISO^urn:example:b")
RELATIONS = (v.REPLACE, v.APPEND, v.TRANSFORM, v.TRANSFORM_AND_REPLACE, v.SIGNS, v.IS_SNAPSHOT_OF)
STATUSES = ({v.APPROVED}, {v.DEPRECATED}, {v.APPROVED, v.DEPRECATED})


@dataclass(frozen=True)
class Document:
    """A document of a submission; small numbers, so that some meet."""

    unique: int
    variant: int
    times: tuple[str, str, str]
    events: tuple[str, ...]
    persons: tuple[str, ...]
    references: tuple[str, ...]
    format: str
    relation: tuple[str, int] | None
    """Type, and which registered object is the target."""
    joins: tuple[int, ...]
    """Which registered folders."""


@dataclass(frozen=True)
class Submission:
    """One step of a history."""

    patient: str
    unique: int
    documents: tuple[Document, ...]
    folders: tuple[int, ...]
    refers: tuple[int, ...]
    """Which registered documents it takes up by reference."""
    repeats_id: bool


def subset(values, size=2):
    return st.lists(st.sampled_from(values), max_size=size, unique=True).map(tuple)


def rarely(strategy):
    return st.sampled_from((False, False, True)).flatmap(lambda b: strategy if b else st.just(()))


documents = st.builds(
    Document,
    unique=st.integers(0, 20),
    variant=st.sampled_from((0, 0, 0, 0, 1, 2)),
    times=st.tuples(
        st.sampled_from(TIMES[1:]), st.sampled_from(TIMES), st.sampled_from(("", "2030"))
    ),
    events=subset(EVENTS, 3),
    persons=subset(PERSONS),
    references=subset(REFERENCES),
    format=st.sampled_from("xy"),
    relation=st.none()
    | st.tuples(st.sampled_from(RELATIONS[:4] * 5 + RELATIONS), st.sampled_from((1, 1, 2, 3, 0))),
    joins=st.lists(st.integers(0, 3), max_size=1).map(tuple),
)
submissions = st.builds(
    Submission,
    patient=st.sampled_from(PATIENTS),
    unique=st.integers(0, 60),
    documents=st.lists(documents, max_size=3, unique_by=lambda d: d.unique).map(tuple),
    folders=st.lists(st.integers(0, 4), max_size=1).map(tuple),
    refers=st.lists(st.integers(0, 9), max_size=1).map(tuple),
    repeats_id=st.sampled_from((False,) * 30 + (True,)),
)


class Numbers:
    """UUIDs that follow from the history alone."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> str:
        self.count += 1
        return f"urn:uuid:{uuid.UUID(int=self.count)}"


def rim_of(document: Document, identifier: str, patient: str) -> RimObject:
    unique = document.unique if document.unique < 8 else int(identifier[-12:], 16) + 100
    made = a_document_entry(identifier, patient=patient, unique_id=f"{ROOT}.1.{unique}")
    made = made.with_slot("hash", HASHES[document.variant % 2])
    made = made.with_slot("size", str(document.variant))
    names = ("creationTime", "serviceStartTime", "serviceStopTime")
    for name, value in zip(names, document.times, strict=True):
        made = made.with_slot(name, value)
    made = made.with_slot(v.REFERENCE_ID_LIST, *document.references)
    made = replace(made, slots=tuple(s for s in made.slots if any(s.values)))
    made = changing_classification(
        made, v.FORMAT_CODE, lambda c: c.with_attribute("nodeRepresentation", document.format)
    )
    made = without_scheme(made, v.EVENT_CODE_LIST)
    for code in document.events:
        kept = a_code(identifier, v.EVENT_CODE_LIST, code, "scheme", code)
        made = with_classification(made, kept)
    made = without_scheme(made, v.DOCUMENT_ENTRY_AUTHOR)
    for number, person in enumerate(document.persons):
        author = an_author(identifier, v.DOCUMENT_ENTRY_AUTHOR, authorPerson=(person,))
        made = with_classification(made, author.with_attribute("id", f"{identifier}-{number}"))
    return made


def objects_of(step: Submission, naive: Naive, new_id: Numbers) -> list[RimObject] | None:
    """The step as objects, or None when there is nothing in it."""
    entries, folders = naive.of("entry"), naive.of("folder")
    own = new_id()
    unique_id = f"{ROOT}.2.{new_id.count}" if step.unique > 4 else f"{ROOT}.1.{step.unique}"
    if step.unique > 57:  # a set of an id that folders have too
        unique_id = f"{ROOT}.3.{step.unique - 57}"
    objects = [a_submission_set(own, patient=step.patient, unique_id=unique_id)]
    members: list[tuple[str, str]] = []
    for number in step.folders:
        folder = a_folder(new_id(), patient=step.patient, unique_id=f"{ROOT}.3.{number}")
        objects.append(folder)
        members.append((folder.id, ""))
    for document in step.documents:
        identifier = entries[0].id if step.repeats_id and entries else new_id()
        step = replace(step, repeats_id=False)
        objects.append(rim_of(document, identifier, step.patient))
        members.append((identifier, v.ORIGINAL))
        if document.relation and naive.things:
            kind, which = document.relation
            targets = entries or naive.things if which else naive.things
            target = targets[which % len(targets)].id
            objects.append(an_association(new_id(), kind, identifier, target))
        for which in document.joins:
            if folders:
                holder = folders[which % len(folders)].id
                link = an_association(new_id(), v.HAS_MEMBER, holder, identifier)
                objects.append(link)
                members.append((link.id, ""))
    members += [(entries[n % len(entries)].id, v.REFERENCE) for n in step.refers if entries]
    if not members or len({o.id for o in objects}) != len(objects):
        return None
    objects += [
        replace(has_member(own, target, status=status)).with_attribute("id", new_id())
        for target, status in members
    ]
    return objects


@contextmanager
def two_registries(engine):
    """An empty Registry and an empty naive one."""
    with engine.begin() as connection:
        for table in t.metadata.sorted_tables:
            connection.execute(sa.delete(table))
    yield Registry.over(SqlLedger(engine)), Naive({PATIENT, OTHER_PATIENT})


def history(registry: Registry, naive: Naive, steps) -> None:
    """Run a history in both; every answer is the same."""
    new_id = Numbers()
    for number, step in enumerate(steps):
        objects = objects_of(step, naive, new_id)
        if objects is None:
            continue
        minutes = timedelta(minutes=number)
        now = f"{START + minutes:%Y%m%d%H%M%S}"
        expected = naive.register(objects, now)
        registry.clock = iter((number,))
        answer = registry.register(*objects)
        event(f"answer: {', '.join(sorted(expected)) or 'Success'}")
        assert set(answer.codes) == expected, [c.code_context for c in answer.complaints]
        assert answer.status == ("Failure" if expected else "Success")


def seen(things) -> list[tuple]:
    """What an answer says of objects, without ids that a registry chose itself."""
    things = [o if isinstance(o, Thing) else with_status(o) for o in things]
    by_id = {o.id: o for o in things}

    def name(identifier: str, depth: int = 0) -> str:
        known = by_id.get(identifier)
        if known is None or known.kind != "association" or depth > 2:
            return identifier
        ends = (name(known.source, depth + 1), name(known.target, depth + 1))
        return f"{known.association_type} {ends}"

    return sorted(
        (o.kind, name(o.id), o.status, o.text("lastUpdateTime") if o.kind == "folder" else "")
        for o in things
    )


def with_status(rim: RimObject) -> Thing:
    return replace(thing_of(rim), status=rim.attribute("status") or "")


def compare_everything(registry: Registry, naive: Naive) -> None:
    both = STATUSES[2]
    for patient in (PATIENT, OTHER_PATIENT, STRANGER):
        answer = registry.everything(patient)
        expected = naive.everything(patient, both)
        assert seen(answer.objects) == seen(expected)
        ids = [o.id for o in answer.objects if o.tag == "ExtrinsicObject"]
        assert ids == [o.id for o in expected if o.kind == "entry"], "in order of registration"


def compare_what_is_in(registry: Registry, naive: Naive) -> None:
    for kind, query, name in (
        ("set", "GetSubmissionSetAndContents", "XDSSubmissionSetEntryUUID"),
        ("folder", "GetFolderAndContents", "XDSFolderEntryUUID"),
    ):
        for holder in naive.of(kind):
            answer = registry.ask(query, **{name: text(holder.id)})
            expected = naive.contents(holder)
            if len({t.patient for t in expected if t.kind != "association"}) > 1:
                assert answer.codes == ("XDSResultNotSinglePatient",)
                assert not answer.objects
                answer = registry.ask(query, **{name: text(holder.id)}, returns="ObjectRef")
                assert len(answer.objects) == len(expected)
                continue
            assert seen(answer.objects) == seen(expected)


def compare_relations(registry: Registry, naive: Naive) -> None:
    for entry in naive.of("entry")[:4]:
        for types in (set(RELATIONS), {v.APPEND}, {v.HAS_MEMBER}):
            answer = registry.ask(
                "GetRelatedDocuments",
                XDSDocumentEntryEntryUUID=text(entry.id),
                AssociationTypes=texts(*sorted(types)),
            )
            assert seen(answer.objects) == seen(naive.related(entry, types))
        answer = registry.ask("GetAssociations", uuid=texts(entry.id))
        assert seen(answer.objects) == seen(naive.touching({entry.id}))
        of_same = [o for o in naive.of("entry") if o.unique_id == entry.unique_id]
        answer = registry.ask("GetDocuments", XDSDocumentEntryUniqueId=texts(entry.unique_id))
        if len({o.patient for o in of_same}) > 1:
            assert answer.codes == ("XDSResultNotSinglePatient",)
        else:
            assert seen(answer.objects) == seen(of_same)


@dataclass(frozen=True)
class Find:
    """The criteria of a FindDocuments."""

    patient: str
    status: set[str]
    events: tuple[tuple[str, ...], ...]
    formats: tuple[str, ...]
    persons: tuple[str, ...]
    references: tuple[str, ...]
    times: tuple[tuple[str, str, str], ...]
    is_split: bool
    """Whether the values of a list come one rim:Value each."""

    def slots(self) -> list[tuple[str, str | list[str]]]:
        found: list[tuple[str, str | list[str]]] = [
            ("$XDSDocumentEntryPatientId", text(self.patient)),
            ("$XDSDocumentEntryStatus", self.many(sorted(self.status))),
        ]
        for one_of in self.events:
            codes = [f"{code}^^scheme" for code in one_of]
            found.append(("$XDSDocumentEntryEventCodeList", self.many(codes)))
        if self.formats:
            codes = [f"{code}^^1.3.6.1.4.1.19376.1.2.3" for code in self.formats]
            found.append(("$XDSDocumentEntryFormatCode", self.many(codes)))
        if self.persons:
            found.append(("$XDSDocumentEntryAuthorPerson", self.many(self.persons)))
        if self.references:
            found.append(("$XDSDocumentEntryReferenceIdList", self.many(self.references)))
        for name, low, high in self.times:
            for side, value in (("From", low), ("To", high)):
                if value:
                    stem = name[0].upper() + name[1:]
                    found.append((f"$XDSDocumentEntry{stem}{side}", value))
        return found

    def many(self, values) -> str | list[str]:
        return [texts(value) for value in values] if self.is_split else texts(*values)

    def criteria(self) -> dict:
        codes = [(v.EVENT_CODE_LIST, {(c, "scheme") for c in one_of}) for one_of in self.events]
        if self.formats:
            formats = {(c, "1.3.6.1.4.1.19376.1.2.3") for c in self.formats}
            codes.append((v.FORMAT_CODE, formats))
        return {
            "patient": self.patient,
            "status": self.status,
            "codes": codes,
            "times": self.times,
            "persons": self.persons,
            "references": self.references,
        }


spans = st.tuples(
    st.sampled_from(("creationTime", "serviceStartTime", "serviceStopTime")),
    st.sampled_from(TIMES),
    st.sampled_from(TIMES),
)
finds = st.builds(
    Find,
    patient=st.sampled_from(PATIENTS),
    status=st.sampled_from((STATUSES[0], *STATUSES)),
    events=rarely(st.lists(subset((*EVENTS, "z"), 3).filter(bool), max_size=2).map(tuple)),
    formats=rarely(subset("xyz")),
    persons=rarely(subset(PATTERNS)),
    references=rarely(subset(("1%", "12^%", "%", REFERENCES[0], "1"))),
    times=st.lists(spans, max_size=1).map(tuple),
    is_split=st.booleans(),
)


def compare_finds(registry: Registry, naive: Naive, asked) -> None:
    for find in asked:
        query = "FindDocumentsByReferenceId" if find.references else "FindDocuments"
        answer = registry.ask(query, find.slots())
        expected = naive.find("entry", **find.criteria())
        event(f"found: {min(len(expected), 3)}")
        assert answer.status == "Success", [c.code_context for c in answer.complaints]
        assert answer.ids == [o.id for o in expected]
        references = registry.ask(query, find.slots(), returns="ObjectRef")
        assert references.ids == answer.ids
        assert {o.tag for o in references.objects} <= {"ObjectRef"}


@pytest.fixture
def engine(database_url):
    opened = open_engine(database_url)
    yield opened
    opened.dispose()


histories = st.lists(submissions, min_size=3, max_size=10)
questions = st.lists(finds, min_size=3, max_size=8)


def lawful(examples: int):
    return settings(
        max_examples=examples,
        deadline=None,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def agree(engine, steps, asked) -> None:
    with two_registries(engine) as (registry, naive):
        history(registry, naive, steps)
        compare_everything(registry, naive)
        compare_what_is_in(registry, naive)
        compare_relations(registry, naive)
        compare_finds(registry, naive, asked)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@lawful(100)
@given(steps=histories, asked=questions)
def test_two_registries_written_apart_agree_on_sqlite(engine, steps, asked):
    agree(engine, steps, asked)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@lawful(25)
@given(steps=histories, asked=questions)
def test_two_registries_written_apart_agree_on_postgresql(engine, steps, asked):
    agree(engine, steps, asked)


def test_the_naive_registry_can_disagree(sqlite_registry):
    """A law that cannot fail is none: a naive registry that forgets is found out."""
    naive = Naive({PATIENT, OTHER_PATIENT})
    objects = [a_submission_set("urn:uuid:" + str(uuid.UUID(int=1))), a_document_entry()]
    naive.register([o.with_attribute("id", f"urn:uuid:{n}") for n, o in enumerate(objects)], "2026")
    with pytest.raises(AssertionError):
        compare_everything(sqlite_registry, naive)
