"""greffe.client.remove: what goes together, and what an answer says of each document."""

from hypothesis import given
from hypothesis import strategies as st

from greffe.client.remove import closure, fates
from xds.ebrim.response import RegistryAnswer, Status
from xds.errors import Complaint, Severity
from xds.metadata.views import Association


def link(own, source, target):
    return Association(
        rim=None,
        entry_uuid=own,
        logical_id=own,
        association_type="HasMember",
        source=source,
        target=target,
        submission_set_status="",
        availability_status="",
        home_community_id="",
    )


def asking(*links):
    def touching(entry_uuids):
        return [one for one in links if {one.source, one.target} & set(entry_uuids)]

    return touching


TWO = (link("m1", "set", "doc1"), link("m2", "set", "doc2"))


def test_a_document_goes_with_its_membership_and_the_set_stays_while_it_holds_another():
    assert set(closure(["doc1"], asking(*TWO))) == {"doc1", "m1"}


def test_the_last_document_takes_its_submission_set_with_it():
    going = closure(["doc1", "doc2"], asking(*TWO))
    assert set(going) == {"doc1", "doc2", "m1", "m2", "set"}
    assert going["doc1"] == "named"
    assert "doc1" in going["m1"]
    assert "last" in going["set"]


def test_a_set_takes_documents_that_nothing_else_holds_and_leaves_the_others():
    links = (*TWO, link("f", "folder", "doc2"), link("mf", "other", "folder"))
    assert set(closure(["set"], asking(*links))) == {"set", "m1", "m2", "doc1"}


def test_the_membership_of_a_membership_goes_too():
    links = (link("m", "set", "doc"), link("f", "folder", "doc"), link("mm", "set2", "f"))
    assert set(closure(["doc"], asking(*links))) == {"doc", "m", "set", "f", "mm", "set2", "folder"}


def test_an_association_that_is_named_itself_is_not_looked_into():
    """No stored query gives one by its id; what it would leave alone the Registry refuses."""
    links = (link("f", "folder", "doc"), link("mm", "set2", "f"))
    assert set(closure(["f"], asking(*links))) == {"f", "mm", "set2"}


def test_what_nothing_touches_goes_alone():
    assert closure(["doc"], asking()) == {"doc": "named"}


NODES = [f"n{n}" for n in range(6)]


@given(
    ends=st.lists(st.tuples(st.sampled_from(NODES), st.sampled_from(NODES)), max_size=10),
    named=st.sets(st.sampled_from(NODES), min_size=1),
)
def test_a_closure_leaves_no_hole_and_nobody_alone(ends, named):
    links = [link(f"a{n}", *pair) for n, pair in enumerate(ends)]
    gone = set(closure(sorted(named), asking(*links)))
    left = [one for one in links if one.entry_uuid not in gone]
    assert all(not {one.source, one.target} & gone for one in left)
    held = {end for one in left for end in (one.source, one.target)}
    for one in links:
        if one.entry_uuid in gone:
            assert {one.source, one.target} <= gone | held
    reached = set(named) | {e for one in links for e in (one.source, one.target)}
    assert gone <= reached | {one.entry_uuid for one in links}


def an_error(location, severity=Severity.ERROR):
    return Complaint.relayed(code="X", code_context="why", location=location, severity=severity)


def removed(status, *complaints):
    answer = RegistryAnswer(status=status, complaints=complaints)
    return [fate.unique_id for fate in fates(["1", "2"], answer) if fate.is_removed]


def test_only_what_an_answer_tells_is_called_removed():
    assert removed(Status.SUCCESS) == ["1", "2"]
    assert removed(Status.SUCCESS, an_error("/x", Severity.WARNING)) == ["1", "2"]
    assert removed(Status.PARTIAL_SUCCESS, an_error("2")) == ["1"]
    assert removed(Status.PARTIAL_SUCCESS, an_error("/somewhere")) == []
    assert removed(Status.FAILURE, an_error("2")) == []
    assert removed("") == []
