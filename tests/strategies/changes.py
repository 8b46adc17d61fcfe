"""Strategies: what changes a registry's objects after their registration, as numbers.

Updates (ITI-57) and removals (ITI-62). As in a history's other steps, a number means the n-th of
what is registered when the step comes; what can be changed stands first.
"""

from dataclasses import dataclass

from hypothesis import strategies as st

from tests.strategies.histories import RELATIONS, SOURCES, TITLES, subset
from xds.metadata import vocabulary as v

WRONG = ("previous", "lid", "kind", "unique", "id")
"""What may be wrong with a new version."""


@dataclass(frozen=True)
class Version:
    """A new version of a document or folder."""

    which: int
    title: str
    codes: tuple[str, ...]
    """Of confidentiality, or of the folder."""
    propagation: str
    """Slot AssociationPropagation, '' for none."""
    wrong: str


@dataclass(frozen=True)
class Status:
    """UpdateAvailabilityStatus."""

    which: int
    is_own: bool
    """Whether the target is what this message brings."""
    new: str
    original: str
    """'' for the status that it has."""


@dataclass(frozen=True)
class Submit:
    """SubmitAssociation."""

    kind: str
    source: int
    target: int
    own_source: bool
    """Whether the source is a new version of this message; and so the target."""
    own_target: bool


@dataclass(frozen=True)
class Update:
    """ITI-57."""

    operations: tuple[Version | Status | Submit, ...]
    moves: bool
    """Whether the message is of another patient than what it changes first."""
    unique: int
    source: str
    is_symbolic: bool


@dataclass(frozen=True)
class Removal:
    """ITI-62."""

    which: tuple[int, ...]
    is_closed: bool
    """Whether all that hangs on what is removed is named too."""
    leaves: int
    """How much of that is left out again."""
    invents: bool
    """Whether something is named that is not registered."""


low = st.sampled_from((0, 0, 0, 1, 1, 2, 3, 5, 8, 13))
often_not = st.sampled_from((False, False, False, True))
versions = st.builds(
    Version,
    which=low,
    title=st.sampled_from(TITLES),
    codes=subset("NRV", least=1),
    propagation=st.sampled_from(("", "", "yes", "no", "no")),
    wrong=st.sampled_from(("",) * 24 + WRONG),
)
statuses = st.builds(
    Status,
    which=low,
    is_own=often_not,
    new=st.sampled_from((v.DEPRECATED,) * 4 + (v.APPROVED,) * 4 + (v.ARCHIVED, v.DELETED)),
    original=st.sampled_from(("",) * 12 + (v.APPROVED, v.DEPRECATED)),
)
submits = st.builds(
    Submit,
    kind=st.sampled_from((v.HAS_MEMBER,) * 3 + RELATIONS[:4] * 2 + RELATIONS),
    source=low,
    target=low,
    own_source=often_not,
    own_target=often_not,
)
updates = st.builds(
    Update,
    operations=st.lists(st.one_of(versions, statuses, submits), min_size=1, max_size=3).map(tuple),
    moves=st.sampled_from((False,) * 9 + (True,)),
    unique=st.integers(5, 60),
    source=st.sampled_from(SOURCES),
    is_symbolic=st.booleans(),
)
removals = st.builds(
    Removal,
    which=st.lists(st.integers(0, 40), min_size=1, max_size=2).map(tuple),
    is_closed=st.sampled_from((True, True, True, False)),
    leaves=st.sampled_from((0, 0, 0, 1)),
    invents=st.sampled_from((False,) * 15 + (True,)),
)
