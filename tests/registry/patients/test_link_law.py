"""A law of link changes: whatever is linked anew, what is in use stays consistent.

Spec: ITI TF-2 §3.64.4.1.3.1 (two objects that an Association links have the same patient).
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from registry.ledger.engine import open_engine
from registry.ledger.sql import SqlLedger
from registry.patients.changes import PatientChangeRefused
from tests.build.submission import (
    OTHER_PATIENT,
    PATIENT,
    a_folder,
    has_member,
)
from tests.registry.build import Registry
from tests.registry.patients.link_build import (
    LOCAL,
    OTHER_LOCAL,
    THIRD_LOCAL,
    a_document,
    ends,
    is_set,
    joined,
    link,
    number,
    patient_of,
    source_of,
    status,
    submit,
)
from xds.metadata import vocabulary as v
from xds.metadata.views import read_submission_set

LOCALS = (LOCAL, OTHER_LOCAL, THIRD_LOCAL)
PEOPLE = (PATIENT, OTHER_PATIENT)
documents_ = st.lists(st.sampled_from(LOCALS), min_size=1, max_size=4)
joins_ = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3)),
    max_size=3,
)
folders_ = st.lists(st.sets(st.integers(0, 3), min_size=1), max_size=2)
changes_ = st.lists(
    st.tuples(
        st.sampled_from(PEOPLE),
        st.sampled_from(PEOPLE),
        st.sampled_from(LOCALS),
        st.sampled_from(("", *LOCALS)),
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=25, deadline=None)
@given(locals_=documents_, joins=joins_, folders=folders_, changes=changes_)
def test_whatever_is_linked_anew_what_is_in_use_stays_consistent(  # noqa: PLR0917 - a history
    sqlite_template, tmp_path_factory, locals_, joins, folders, changes
):
    path = tmp_path_factory.mktemp("law") / "ledger.db"
    path.write_bytes(sqlite_template)
    ledger = SqlLedger(open_engine(f"sqlite:///{path}"))
    try:
        registry = Registry.over(ledger)
        names = [f"Document{n:02}" for n in range(len(locals_))]
        submit(registry, *_history(names, locals_, joins, folders))
        for new, previous, local, subsumed in changes:
            try:
                link(registry, new=new, previous=previous, local=local, subsumed=subsumed)
            except PatientChangeRefused:
                continue
            _is_consistent(registry)
            live = [
                o
                for o in registry.everything(previous).of("ExtrinsicObject")
                if status(o) == v.APPROVED
            ]
            assert new == previous or all(source_of(o) != local for o in live)
            assert not subsumed or all(
                source_of(o) != subsumed
                for p in (new, previous)
                for o in registry.everything(p).of("ExtrinsicObject")
                if status(o) == v.APPROVED
            )
    finally:
        ledger.close()


def _history(names, locals_, joins, folders):
    for name, local in zip(names, locals_, strict=True):
        yield a_document(name, local)
    seen = set()
    for n, pair in enumerate(joins):
        target, source = sorted(end % len(names) for end in pair)
        if source != target and (source, target) not in seen:
            seen.add((source, target))
            yield joined(v.APPEND, names[source], names[target], f"Join{n}")
    for n, inside in enumerate(folders):
        folder = f"Folder{n + 50}"
        yield a_folder(folder)
        for one in sorted({i % len(names) for i in inside}):
            yield has_member(folder, names[one])


def _is_consistent(registry):
    objects = {o.id: o for p in PEOPLE for o in registry.everything(p).objects}
    things = {i: o for i, o in objects.items() if o.tag != "Association" and not is_set(o)}
    lids = {}
    for rim in things.values():
        lids.setdefault(rim.attribute("lid"), []).append(rim)
    for group in lids.values():
        assert sorted(map(number, group)) == list(range(1, len(group) + 1))
        assert [status(o) for o in sorted(group, key=number)][:-1] == [v.DEPRECATED] * (
            len(group) - 1
        )
        assert status(max(group, key=number)) == v.APPROVED
    for rim in objects.values():
        if rim.tag != "Association":
            continue
        source, target = ends(rim)
        assert {source, target} <= objects.keys()
        if source in things and target in things:
            assert patient_of(things[source]) == patient_of(things[target])
        elif target in things and rim.slot("SubmissionSetStatus"):
            assert read_submission_set(objects[source]).patient_id == patient_of(things[target])
