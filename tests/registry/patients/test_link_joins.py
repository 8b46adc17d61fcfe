"""A link change: what joins documents and folders afterwards, and what is left behind.

Spec: ITI TF-2 §3.64.4.1.3.1.5 to .7, §3.64.4.1.3.2.
"""

import pytest

from registry.patients.changes import FaultKind, Part
from tests.build.submission import (
    OTHER_PATIENT,
    PATIENT,
    a_folder,
    has_member,
)
from tests.registry.patients.link_build import (
    OTHER_LOCAL,
    WHEN,
    a_document,
    a_registered_document,
    associations,
    ends,
    joined,
    latest,
    link,
    number,
    only,
    patient_of,
    status,
    submit,
    submit_in_folder,
    unique_id,
    versions,
)
from xds.metadata import vocabulary as v
from xds.metadata.views import read_folder

# -- relationships ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [v.APPEND, v.TRANSFORM, v.SIGNS])
def test_documents_that_move_together_stay_related(registry, kind):
    first = a_registered_document(registry)
    second = only(submit(registry, a_document(), joined(kind, "Document01", first.id)))
    changed = link(registry)
    assert changed.warnings == ()
    new = (latest(registry, second).id, latest(registry, first).id)
    found = {ends(a): status(a) for a in associations(registry, kind)}
    assert found == {new: v.APPROVED}, "one, not one for each end"
    (old,) = associations(registry, kind, PATIENT)
    assert ends(old) == (second.id, first.id), "the versions before keep theirs"
    linked = {
        ends(a)[1] for a in associations(registry) if ends(a)[0] == changed.submission_set_uuid
    }
    assert {a.id for a in associations(registry, kind)} <= linked


def test_a_relationship_to_a_document_that_stays_is_left_behind_and_told(registry):
    first = a_registered_document(registry, local=OTHER_LOCAL)
    second = only(submit(registry, a_document(), joined(v.APPEND, "Document01", first.id)))
    changed = link(registry)
    assert associations(registry, v.APPEND) == []
    assert number(latest(registry, first)) == 1
    (warning,) = changed.warnings
    assert (warning.kind, warning.part, warning.is_error) == (FaultKind.CONFLICT, Part.LOCAL, False)
    assert unique_id(second) in warning.came
    assert first.id in warning.came


def test_what_a_document_replaced_is_left_behind_without_a_word(registry):
    old = a_registered_document(registry)
    submit(registry, a_document(), joined(v.REPLACE, "Document01", old.id))
    changed = link(registry)
    assert associations(registry, v.REPLACE) == []
    assert changed.warnings == ()


def test_when_only_locals_merge_no_relationship_is_lost(registry):
    old = a_registered_document(registry, local=OTHER_LOCAL)
    new = only(
        submit(registry, a_document(local=OTHER_LOCAL), joined(v.REPLACE, "Document01", old.id))
    )
    addendum = only(submit(registry, a_document(), joined(v.APPEND, "Document01", new.id)))
    changed = link(registry, new=PATIENT, subsumed=OTHER_LOCAL)
    assert changed.warnings == ()
    after = latest(registry, new).id
    assert (after, old.id) in map(ends, associations(registry, v.REPLACE, PATIENT))
    assert (addendum.id, after) in map(ends, associations(registry, v.APPEND, PATIENT))


def test_what_is_left_behind_is_told_up_to_a_number(registry):
    for _ in range(22):
        first = a_registered_document(registry, local=OTHER_LOCAL)
        submit(registry, a_document(), joined(v.APPEND, "Document01", first.id))
    changed = link(registry)
    assert len(changed.warnings) == 21
    assert changed.warnings[-1].came.startswith("2 more")


# -- folders ---------------------------------------------------------------------------------------


def contents(registry, folder):
    answer = registry.ask(
        "GetFolderAndContents", XDSFolderEntryUUID=f"'{folder.id}'", MetadataLevel="2"
    )
    return {o.id for o in answer.of("ExtrinsicObject")}


def test_a_folder_moves_with_all_its_documents(registry):
    one, two, folder = submit_in_folder(registry)
    changed = link(registry)
    assert changed.warnings == ()
    old, new = versions(registry, unique_id(folder))
    assert (old.id, status(old), patient_of(old)) == (folder.id, v.DEPRECATED, PATIENT)
    assert (status(new), patient_of(new), number(new)) == (v.APPROVED, OTHER_PATIENT, 2)
    assert new.attribute("lid") == old.attribute("lid")
    assert read_folder(new).last_update_time == WHEN
    assert read_folder(old).last_update_time == read_folder(folder).last_update_time
    assert contents(registry, new) == {latest(registry, one).id, latest(registry, two).id}
    assert contents(registry, old) == {one.id, two.id}


def test_a_folder_with_another_local_identifier_s_document_stays(registry):
    one, two, folder = submit_in_folder(registry, second=OTHER_LOCAL)
    changed = link(registry)
    assert [number(o) for o in versions(registry, unique_id(folder))] == [1]
    assert status(latest(registry, folder)) == v.APPROVED
    assert contents(registry, folder) == {one.id, two.id}
    assert patient_of(latest(registry, one)) == OTHER_PATIENT
    assert number(latest(registry, two)) == 1
    (warning,) = changed.warnings
    assert warning.kind is FaultKind.CONFLICT
    assert folder.id in warning.came


def test_two_local_identifiers_that_merge_move_their_folder_together(registry):
    one, two, folder = submit_in_folder(registry, second=OTHER_LOCAL)
    assert link(registry, subsumed=OTHER_LOCAL).warnings == ()
    new = latest(registry, folder)
    assert patient_of(new) == OTHER_PATIENT
    assert contents(registry, new) == {latest(registry, one).id, latest(registry, two).id}


def test_a_folder_whose_patient_does_not_change_gets_the_new_version(registry):
    """Two local identifiers in one folder, and one of them is merged into the other."""
    one, two, folder = submit_in_folder(registry, first=OTHER_LOCAL)
    changed = link(registry, new=PATIENT, subsumed=OTHER_LOCAL)
    assert changed.warnings == ()
    (same,) = versions(registry, unique_id(folder))
    assert (status(same), read_folder(same).last_update_time) == (v.APPROVED, WHEN)
    assert contents(registry, folder) == {one.id, two.id, latest(registry, one).id}


def test_a_replaced_document_in_a_folder_does_not_hold_it_back(registry):
    one, two, folder = submit_in_folder(registry, first=OTHER_LOCAL)
    three = only(submit(registry, a_document(), joined(v.REPLACE, "Document01", one.id)))
    link(registry)
    new = latest(registry, folder)
    assert patient_of(new) == OTHER_PATIENT
    assert contents(registry, new) == {latest(registry, two).id, latest(registry, three).id}


def test_a_document_in_two_folders_that_is_related_gets_one_new_version(registry):
    one, two, folder = submit_in_folder(registry)
    submit(
        registry,
        a_folder("Folder04"),
        has_member("Folder04", one.id),
    )
    submit(registry, a_document("Document05"), joined(v.APPEND, "Document05", one.id))
    changed = link(registry)
    assert changed.warnings == ()
    assert len(changed.documents) == len(set(changed.documents)) == 3
    for rim in (one, two, folder):
        assert [number(o) for o in versions(registry, unique_id(rim))] == [1, 2]
    new = latest(registry, one).id
    places = [
        a
        for a in associations(registry, v.HAS_MEMBER)
        if ends(a)[1] == new and a.slot("SubmissionSetStatus") is None
    ]
    assert len({ends(a) for a in places}) == len(places) == 2
