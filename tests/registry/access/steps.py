"""Strategies: what several callers do to a registry, and patients to their records, as numbers.

What a number means (which registered object) is decided while a history runs.
"""

from dataclasses import dataclass, replace

from hypothesis import strategies as st

from tests.build.submission import OTHER_PATIENT, PATIENT
from tests.registry.access.test_admission import AUTHOR, DOCTOR, PATIENT_HERSELF
from tests.xds.access.build import ME, OTHER, a_caller
from xds.access.model import Mark, RecordState, Standing
from xds.metadata import vocabulary as v

STATUSES = (v.APPROVED, v.DEPRECATED, v.ARCHIVED, v.DELETED)
STRUCTURE = a_caller("structure", patient_concerned="", structure=AUTHOR.structure)
CALLERS = {
    "author": AUTHOR,
    "doctor": DOCTOR,
    "attending": a_caller(identity="899900077777", patient_concerned="", structure="S7"),
    "patient": PATIENT_HERSELF,
    "structure": STRUCTURE,
    "occupational": a_caller("occupational_doctor", identity=OTHER, patient_concerned=""),
    "urgent": a_caller(mode="bris_de_glace", identity="899900088888", patient_concerned=""),
}
NAMES = tuple(CALLERS)
PATIENTS = (PATIENT, PATIENT, PATIENT, OTHER_PATIENT)
LINKS = (v.REPLACE, v.APPEND, v.TRANSFORM, v.TRANSFORM_AND_REPLACE, v.SIGNS)


@dataclass(frozen=True)
class Submit:
    caller: str
    patient: str
    unique: int
    author: str
    marks: tuple[Mark, ...]
    relation: tuple[str, int] | None
    folder: bool
    joins: int | None
    refers: int | None
    takes_id: int | None


@dataclass(frozen=True)
class Version:
    caller: str
    of: int
    change: str
    patient: str
    propagates: bool
    is_restricted: bool


@dataclass(frozen=True)
class Status:
    caller: str
    of: int
    old: str
    new: str


@dataclass(frozen=True)
class Relate:
    caller: str
    kind: str
    source: int
    target: int


@dataclass(frozen=True)
class Remove:
    caller: str
    of: int
    with_links: bool


@dataclass(frozen=True)
class Choose:
    patient: str
    people: tuple[tuple[Standing, str], ...]
    state: RecordState
    masks_new: bool
    break_glass: bool


numbers = st.integers(0, 11)
maybe = st.sampled_from((None, None, None, 0, 1, 2, 3))
callers = st.sampled_from(NAMES)
submits = st.builds(
    Submit,
    caller=callers,
    patient=st.sampled_from(PATIENTS),
    unique=st.integers(1, 5),
    author=st.sampled_from((ME, OTHER, OTHER)),
    marks=st.sampled_from([(), (), (Mark.MASKED,), (Mark.HIDDEN_FROM_PATIENT,)]),
    relation=st.none() | st.tuples(st.sampled_from(LINKS), st.integers(0, 4)),
    folder=st.booleans(),
    joins=maybe,
    refers=maybe,
    takes_id=st.sampled_from((None,) * 8 + (0, 1)),
)
versions = st.builds(
    Version,
    caller=callers,
    of=numbers,
    change=st.sampled_from(("title", "mask", "unmask", "hide", "nothing", "move")),
    patient=st.sampled_from(PATIENTS),
    propagates=st.booleans(),
    is_restricted=st.booleans(),
)
statuses = st.builds(
    Status,
    caller=callers,
    of=st.integers(0, 40),
    old=st.sampled_from((*(v.APPROVED,) * 4, *STATUSES)),
    new=st.sampled_from(STATUSES),
)
relates = st.builds(
    Relate,
    caller=callers,
    kind=st.sampled_from((*LINKS, v.HAS_MEMBER, v.HAS_MEMBER)),
    source=numbers,
    target=numbers,
)
removes = st.builds(Remove, caller=callers, of=st.integers(0, 40), with_links=st.booleans())
chooses = st.builds(
    Choose,
    patient=st.sampled_from(PATIENTS),
    people=st.lists(
        st.tuples(
            st.sampled_from((*(Standing.AUTHORISED,) * 3, Standing.BLOCKED)),
            st.sampled_from((ME, OTHER, "899900088888")),
        ),
        max_size=3,
        unique_by=lambda pair: pair[1],
    ).map(tuple),
    state=st.sampled_from((*(RecordState.OPEN,) * 6, RecordState.CLOSED)),
    masks_new=st.booleans(),
    break_glass=st.booleans(),
)
steps = st.one_of(submits, submits, submits, versions, statuses, relates, removes, chooses)
OPEN = Choose(
    patient=PATIENT,
    people=((Standing.AUTHORISED, ME), (Standing.AUTHORISED, OTHER)),
    state=RecordState.OPEN,
    masks_new=False,
    break_glass=True,
)
FIRST = Submit(
    caller="author",
    patient=PATIENT,
    unique=1,
    author=ME,
    marks=(),
    relation=None,
    folder=True,
    joins=None,
    refers=None,
    takes_id=None,
)
SECOND = replace(FIRST, caller="doctor", unique=2, author=OTHER, folder=False, joins=0)
MASKED_ONE = replace(SECOND, caller="author", unique=3, author=ME, marks=(Mark.MASKED,))
prologues = st.sampled_from(
    (
        (),
        (OPEN, FIRST),
        (OPEN, FIRST, SECOND),
        (OPEN, FIRST, MASKED_ONE),
        (OPEN, FIRST, SECOND, MASKED_ONE),
    )
)
histories = st.builds(
    lambda prologue, rest: (*prologue, *rest),
    prologues,
    st.lists(steps, min_size=4, max_size=10).map(tuple),
)
