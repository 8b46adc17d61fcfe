"""Strategies: whole histories of a registry, of all kinds of steps."""

from hypothesis import strategies as st

from tests.strategies.changes import removals, updates
from tests.strategies.histories import merges, submissions

KINDS = (*(submissions,) * 5, *(updates,) * 5, removals, merges)
steps = st.sampled_from(range(len(KINDS))).flatmap(lambda n: KINDS[n])
histories = st.tuples(submissions, st.lists(steps, min_size=3, max_size=10)).map(
    lambda parts: [parts[0], *parts[1]]
)
