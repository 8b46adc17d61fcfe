"""Strategies: what comes into a registry, as numbers: submissions, on demand or not, and merges.

What a number means (which registered document is replaced, which folder is joined) is decided
while a history runs, so that every history is possible and shrinks well.
"""

from dataclasses import dataclass

from hypothesis import strategies as st

from tests.build.submission import OTHER_PATIENT, PATIENT
from tests.registry.build import STRANGER
from xds.metadata import vocabulary as v

PATIENTS = (*(PATIENT,) * 12, *(OTHER_PATIENT,) * 3, STRANGER)
TIMES = ("", "2023", "202402", "20240229", "2024022912", "20240229120000", "2025")
PERSONS = ("^Dupont^Zoé", "^Dupond^Zo\\E\\é", "1^O'Neil^Ann%", "^_^_")
EVENTS = ("a", "b", "c")
REFERENCES = ("1^^^&1.2.3&ISO^urn:example:a", "12^^^&1.2.3&ISO^urn:example:b")
SOURCES = ("1.2.3", "3670984664")
RELATIONS = (v.REPLACE, v.APPEND, v.TRANSFORM, v.TRANSFORM_AND_REPLACE, v.SIGNS, v.IS_SNAPSHOT_OF)
TITLES = ("Compte rendu", "É<&\"'> 𝄞", "two\nlines", " space ")
"""Also what XML must escape."""


@dataclass(frozen=True)
class Document:
    """A document of a submission; small numbers, so that some meet."""

    unique: int
    variant: int
    times: tuple[str, str, str]
    events: tuple[str, ...]
    confidentiality: tuple[str, ...]
    codes: tuple[str, str, str, str]
    """Class, type, practice setting, facility type."""
    persons: tuple[str, ...]
    references: tuple[str, ...]
    format: str
    title: str
    relation: tuple[str, int] | None
    """Type, and which registered object is the target."""
    joins: tuple[int, ...]
    """Which registered folders."""


@dataclass(frozen=True)
class Folder:
    unique: int
    codes: tuple[str, ...]
    title: str


@dataclass(frozen=True)
class Submission:
    """ITI-42, or ITI-61."""

    patient: str
    unique: int
    time: str
    source: str
    persons: tuple[str, ...]
    documents: tuple[Document, ...]
    folders: tuple[Folder, ...]
    refers: tuple[int, ...]
    """Which registered documents it takes up by reference."""
    repeats_id: bool
    is_symbolic: bool
    """Whether the registry is to give the ids."""
    on_demand: bool
    """ITI-61."""


@dataclass(frozen=True)
class Merge:
    """A40: the patient turns out to be the other one."""

    subsumed: str
    survivor: str


def subset(values, size=2, least=0):
    some = st.lists(
        st.sampled_from(values), min_size=least, max_size=min(size, len(values)), unique=True
    )
    return some.map(tuple)


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
    confidentiality=subset("NRV", least=1),
    codes=st.sampled_from((*(("x",) * 4,) * 2, ("y", "x", "y", "x"), ("x", "y", "x", "y"))),
    persons=subset(PERSONS),
    references=subset(REFERENCES),
    format=st.sampled_from("xy"),
    title=st.sampled_from(TITLES),
    relation=st.none()
    | st.tuples(st.sampled_from(RELATIONS[:4] * 5 + RELATIONS), st.sampled_from((1, 1, 2, 3, 0))),
    joins=st.lists(st.integers(0, 3), max_size=1).map(tuple),
)
folders = st.builds(
    Folder,
    unique=st.integers(0, 8),
    codes=subset("xyz", least=1),
    title=st.sampled_from(TITLES),
)
submissions = st.builds(
    Submission,
    patient=st.sampled_from(PATIENTS),
    unique=st.integers(0, 60),
    time=st.sampled_from(TIMES[1:]),
    source=st.sampled_from(SOURCES),
    persons=subset(PERSONS),
    documents=st.lists(documents, max_size=3, unique_by=lambda d: d.unique).map(tuple),
    folders=st.lists(folders, max_size=1).map(tuple),
    refers=st.lists(st.integers(0, 9), max_size=1).map(tuple),
    repeats_id=st.sampled_from((False,) * 30 + (True,)),
    is_symbolic=st.booleans(),
    on_demand=st.sampled_from((False,) * 5 + (True,)),
)
merges = st.builds(
    Merge,
    subsumed=st.sampled_from((OTHER_PATIENT, OTHER_PATIENT, PATIENT, STRANGER)),
    survivor=st.sampled_from((PATIENT, PATIENT, OTHER_PATIENT)),
)
