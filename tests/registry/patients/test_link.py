"""A link change: which documents move, what is refused, what happens beside it.

Spec: ITI TF-2 §3.64.4.1.3.1.3, §3.64.4.1.3.1.4.
"""

from itertools import count

import pytest

from registry.access.facts import read_depositor
from registry.ledger.api import Columns, Kind, Plan, Select, Wanted
from registry.patients.changes import FaultKind, Merge, Part, PatientChangeRefused
from registry.submission.naming import new_uuid
from tests.build.submission import (
    OTHER_PATIENT,
    PATIENT,
    ROOT,
    SUBMISSION_SET_ID,
    a_submission_set,
    has_member,
)
from tests.registry.build import CALLER, STRANGER
from tests.registry.patients.link_build import (
    INSTANT,
    LOCAL,
    OTHER_LOCAL,
    a_change,
    a_document,
    a_registered_document,
    approved,
    associations,
    ends,
    everything,
    found,
    joined,
    latest,
    link,
    number,
    only,
    patient_of,
    patients_over,
    source_of,
    status,
    submit,
    submit_in_folder,
    unique_id,
    versions,
)
from xds.ebrim.writer import write_object
from xds.metadata import vocabulary as v
from xds.metadata.views import read_document_entry

# -- documents -------------------------------------------------------------------------------------


def test_a_document_becomes_the_new_patient_s_in_a_new_version(registry):
    before = a_registered_document(registry)
    changed = link(registry)
    old, new = versions(registry, unique_id(before))
    assert changed.documents == (unique_id(before),)
    assert changed.warnings == ()
    assert (old.id, status(old), patient_of(old), number(old)) == (
        before.id,
        v.DEPRECATED,
        PATIENT,
        1,
    )
    assert (status(new), patient_of(new), number(new)) == (v.APPROVED, OTHER_PATIENT, 2)
    assert new.id != old.id
    assert new.attribute("lid") == old.attribute("lid")
    assert source_of(new) == LOCAL
    assert (found(registry, OTHER_PATIENT), found(registry, PATIENT)) == ([new.id], [])
    both = f"('{v.APPROVED}','{v.DEPRECATED}')"
    assert found(registry, PATIENT, both) == [], "a client of level 1 sees no earlier version"


def test_nothing_else_of_a_document_changes(registry):
    before = a_registered_document(registry)
    link(registry)
    new = latest(registry, before)
    fresh = {new.id} | {p.id for p in (*new.classifications, *new.external_identifiers)}
    stale = {before.id} | {p.id for p in (*before.classifications, *before.external_identifiers)}
    assert not fresh & stale
    assert all(c.attribute("classifiedObject") == new.id for c in new.classifications)
    assert all(e.attribute("registryObject") == new.id for e in new.external_identifiers)
    assert read_document_entry(new).unique_id == read_document_entry(before).unique_id

    def plain(rim, patient):
        text = write_object(rim).decode()
        for n, part in enumerate((rim, *rim.classifications, *rim.external_identifiers)):
            text = text.replace(part.id, f"id{n}")
        text = text.replace(
            rim.attribute("lid"), "lid" if rim.id == rim.attribute("lid") else "id0"
        )
        return (
            text.replace(patient.replace("&", "&amp;"), "patient")
            .replace('versionName="2"', 'versionName="1"')
            .replace('lid="lid"', 'lid="id0"')
        )

    assert plain(new, OTHER_PATIENT) == plain(before, PATIENT)


def test_a_document_that_moves_is_still_its_depositor_s(registry):
    document = a_registered_document(registry)
    link(registry)
    where = (Columns(column="logical_id", values=(document.id,)),)
    found = registry.ledger.read(
        lambda reader: reader.select(Select(kind=Kind.DOCUMENT_ENTRY, where=where))
    )
    assert [read_depositor(f.access).identity for f in found] == [CALLER.identity] * 2


def test_queries_by_code_author_and_reference_find_the_new_version(registry):
    before = a_registered_document(registry)
    link(registry)
    new = latest(registry, before)
    for named in (
        {"XDSDocumentEntryClassCode": "('History and Physical^^Connect-a-thon classCodes')"},
        {"XDSDocumentEntryAuthorPerson": "('%BERNARD%')"},
        {"XDSDocumentEntryCreationTimeFrom": "20051224"},
    ):
        assert registry.find(OTHER_PATIENT, f"('{v.APPROVED}')", **named).ids == [new.id]
        assert registry.find(PATIENT, f"('{v.APPROVED}')", **named).ids == []


def test_documents_of_other_local_identifiers_and_patients_stay(registry):
    a_registered_document(registry)
    stay = [
        a_registered_document(registry, local=OTHER_LOCAL),
        a_registered_document(registry, patient=OTHER_PATIENT, local=OTHER_LOCAL),
        a_registered_document(registry, patient=OTHER_PATIENT),
    ]
    link(registry)
    for rim in stay:
        assert [number(one) for one in versions(registry, unique_id(rim))] == [1]
        assert status(latest(registry, rim)) == v.APPROVED


def test_deprecated_documents_are_left_alone(registry):
    old = a_registered_document(registry)
    new = only(submit(registry, a_document(), joined(v.REPLACE, "Document01", old.id)))
    changed = link(registry)
    assert changed.documents == (unique_id(new),)
    (kept,) = versions(registry, unique_id(old))
    assert (kept.id, status(kept), patient_of(kept)) == (old.id, v.DEPRECATED, PATIENT)


@pytest.mark.parametrize(
    ("before", "after"),
    [(v.ARCHIVED, [v.DEPRECATED, v.ARCHIVED]), (v.DELETED, [v.DELETED])],
)
def test_an_archived_document_moves_and_a_deleted_one_does_not(registry, before, after):
    """Of the French record: a new version has the status of the one before it."""
    rim = a_registered_document(registry)
    plan = Plan(add=(), statuses={rim.id: before})
    registry.ledger.write(Wanted(), lambda unit: unit.apply(plan))
    link(registry)
    assert [one.status for one in known_versions(registry, rim)] == after


def test_a_change_back_makes_a_third_version(registry):
    before = a_registered_document(registry)
    link(registry)
    link(registry, new=PATIENT, previous=OTHER_PATIENT)
    assert [
        (number(o), patient_of(o), status(o)) for o in versions(registry, unique_id(before))
    ] == [
        (1, PATIENT, v.DEPRECATED),
        (2, OTHER_PATIENT, v.DEPRECATED),
        (3, PATIENT, v.APPROVED),
    ]


def known_versions(registry, rim):
    """What the ledger knows of all versions of a document."""
    lid = rim.attribute("lid")
    wanted = Wanted(logical_ids=frozenset({lid}))
    return registry.ledger.write(Wanted(), lambda unit: unit.look_up(wanted)).by_logical_id[lid]


# -- local identifiers that are merged -------------------------------------------------------------


def test_a_subsumed_local_identifier_is_replaced_wherever_it_stands(registry):
    subsumed = a_registered_document(registry, local=OTHER_LOCAL)
    local = a_registered_document(registry)
    already = a_registered_document(registry, patient=OTHER_PATIENT, local=OTHER_LOCAL)
    there = a_registered_document(registry, patient=OTHER_PATIENT)
    changed = link(registry, subsumed=OTHER_LOCAL)
    assert set(changed.documents) == {unique_id(o) for o in (subsumed, local, already)}
    for before, version in ((subsumed, 2), (local, 2), (already, 2), (there, 1)):
        after = latest(registry, before)
        assert (number(after), patient_of(after), source_of(after)) == (
            version,
            OTHER_PATIENT,
            LOCAL,
        )


def test_only_local_identifiers_may_be_merged(registry):
    subsumed = a_registered_document(registry, local=OTHER_LOCAL)
    local = a_registered_document(registry)
    changed = link(registry, new=PATIENT, subsumed=OTHER_LOCAL)
    assert changed.documents == (unique_id(subsumed),)
    after = latest(registry, subsumed)
    assert (number(after), patient_of(after), source_of(after)) == (2, PATIENT, LOCAL)
    assert number(latest(registry, local)) == 1


# -- what changes nothing --------------------------------------------------------------------------


def test_a_change_that_concerns_no_document_changes_nothing_and_says_so(registry):
    a_registered_document(registry, local=OTHER_LOCAL)
    before = everything(registry)
    changed = link(registry)
    assert (changed.documents, changed.submission_set) == ((), "")
    (warning,) = changed.warnings
    assert (warning.kind, warning.is_error) == (FaultKind.NOTHING_TO_DO, False)
    assert everything(registry) == before


REFUSED = {
    "an unknown new patient": ({"new": STRANGER}, [(FaultKind.UNKNOWN, Part.NEW)]),
    "an unknown previous patient": ({"previous": STRANGER}, [(FaultKind.UNKNOWN, Part.PREVIOUS)]),
    "no change at all": ({"new": PATIENT}, [(FaultKind.NOTHING_TO_DO, Part.PREVIOUS)]),
    "a local identifier that is none": ({"local": "X"}, [(FaultKind.ILL_FORMED, Part.LOCAL)]),
    "a subsumed one that is none": (
        {"subsumed": "X"},
        [(FaultKind.ILL_FORMED, Part.SUBSUMED_LOCAL)],
    ),
    "locals of two authorities": (
        {"subsumed": "X^^^&1.2.3&ISO"},
        [(FaultKind.OTHER_AUTHORITY, Part.SUBSUMED_LOCAL)],
    ),
    "a local identifier merged into itself": (
        {"subsumed": LOCAL},
        [(FaultKind.SAME, Part.SUBSUMED_LOCAL)],
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_forbidden_link_change_is_refused_and_changes_nothing(sqlite_registry, name):
    how, expected = REFUSED[name]
    a_registered_document(sqlite_registry)
    before = everything(sqlite_registry)
    with pytest.raises(PatientChangeRefused) as refusal:
        link(sqlite_registry, **how)
    assert [(f.kind, f.part) for f in refusal.value.faults] == expected
    assert everything(sqlite_registry) == before


@pytest.mark.parametrize(
    ("how", "part"),
    [({}, Part.PREVIOUS), ({"new": PATIENT, "previous": OTHER_PATIENT}, Part.NEW)],
)
def test_a_patient_that_was_merged_away_takes_part_in_no_link_change(registry, how, part):
    a_registered_document(registry)
    merge = Merge(survivor=OTHER_PATIENT, subsumed=PATIENT)
    patients_over(registry.ledger).change(merge, instant=INSTANT)
    with pytest.raises(PatientChangeRefused) as refusal:
        link(registry, **how)
    assert [(f.kind, f.part) for f in refusal.value.faults] == [(FaultKind.SUBSUMED, part)]


def test_a_change_that_fails_half_way_has_changed_nothing(registry):
    submit_in_folder(registry)
    before = everything(registry)
    calls, constant = count(), new_uuid()

    def sometimes():
        return constant if next(calls) > 12 else new_uuid()

    patients = patients_over(registry.ledger, new_uuid=sometimes)
    with pytest.raises(Exception, match=r"(?i)unique"):
        patients.change(a_change(), instant=INSTANT)
    assert everything(registry) == before


# -- beside other writes ---------------------------------------------------------------------------


class Interrupted:
    """A ledger in which something happens after each look, until nothing is left to happen."""

    def __init__(self, ledger, *happenings):
        self.ledger, self.happenings = ledger, [*happenings]

    def read(self, work):
        seen = self.ledger.read(work)
        if self.happenings:
            self.happenings.pop()()
        return seen

    def write(self, wanted, work):
        return self.ledger.write(wanted, work)


def test_what_arrives_between_the_look_and_the_write_moves_too(registry):
    first = a_registered_document(registry)
    late = []
    ledger = Interrupted(registry.ledger, lambda: late.append(a_registered_document(registry)))
    changed = patients_over(ledger).change(a_change(), instant=INSTANT)
    assert set(changed.documents) == {unique_id(first), unique_id(late[0])}


def test_a_reference_that_arrives_between_follows_too(registry):
    registry.ledger.add_patient(STRANGER, "20260101000000")
    document = a_registered_document(registry)
    other = a_submission_set(unique_id=f"{ROOT}.88", patient=STRANGER)

    def refer():
        registry.registered(other, has_member(SUBMISSION_SET_ID, document.id, status=v.REFERENCE))

    patients_over(Interrupted(registry.ledger, refer)).change(a_change(), instant=INSTANT)
    targets = {ends(a)[1] for a in approved(associations(registry, v.HAS_MEMBER, STRANGER))}
    assert targets == {latest(registry, document).id}
