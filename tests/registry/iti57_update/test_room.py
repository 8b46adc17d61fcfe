"""ITI-57: new versions, statuses and Associations; what may not be is refused, nothing changes."""

from dataclasses import replace
from functools import partial

import pytest

from registry.iti57_update import handle as iti57
from tests.build.at_once import at_once
from tests.build.submission import (
    OPEN_DOMAIN,
    OTHER_PATIENT,
    PATIENT,
    ROOT,
    SUBMISSION_SET_ID,
    a_document_entry,
    a_submission,
    a_submission_set,
    has_member,
)
from tests.build.update import (
    UNKNOWN,
    a_set,
    a_status,
    a_submit,
    a_version,
    titled,
)
from tests.registry.build import BOTH, START, a_call, run, text, texts
from xds.domain import load_domain
from xds.ebrim.submit import write_submit_objects
from xds.metadata import vocabulary as v
from xds.metadata.rim import LocalizedString

LATER = START.replace(hour=18)
FRENCH = replace(OPEN_DOMAIN, departures=load_domain("dmp").departures)


def update(registry, *objects, domain=OPEN_DOMAIN):
    room = iti57.room(ledger=registry.ledger, domain=domain, identifier_checks={})
    return run(room, a_call(write_submit_objects(objects), instant=LATER))


def updated(registry, *objects, **how):
    answer = update(registry, *objects, **how)
    assert answer.status == "Success", [c.code_context for c in answer.complaints]


def versions(registry):
    """Every version of the documents, by version."""
    found = registry.everything().of("ExtrinsicObject")
    return {o.version_info.version_name: o for o in found}


@pytest.fixture
def entry(registry):
    """The one registered document."""
    registry.registered(*a_submission())
    (found,) = registry.everything().of("ExtrinsicObject")
    return found


@pytest.fixture
def placed(registry):
    """A document in a Folder."""
    registry.registered(*a_submission(folders=1))
    return registry


def folder_of(registry):
    found = registry.everything().of("RegistryPackage")
    return next(o for o in found if o.slot("lastUpdateTime"))


def places(registry):
    """(Folder, document) of each membership of a Folder."""
    packages = registry.everything().of("RegistryPackage")
    sources = {o.id for o in packages if o.slot("lastUpdateTime")}
    return {
        (o.attribute("sourceObject"), o.attribute("targetObject"))
        for o in registry.everything().of("Association")
        if o.attribute("sourceObject") in sources
    }


# -- new versions ---------------------------------------------------------------------------------


def test_a_new_version_has_the_next_number_the_same_lid_and_the_status_of_the_old(registry, entry):
    updated(registry, *a_version(entry, change=titled))
    both = versions(registry)
    assert set(both) == {"1", "2"}
    assert both["1"].attribute("status") == v.DEPRECATED
    assert both["2"].attribute("status") == v.APPROVED
    assert both["1"].attribute("lid") == both["2"].attribute("lid") == both["1"].id
    assert both["2"].id != both["1"].id
    assert both["2"].name == (LocalizedString(value="Autre titre"),)
    assert [o.id for o in registry.find().objects] == [both["2"].id]


def test_versions_follow_each_other(registry, entry):
    updated(registry, *a_version(entry))
    _, new, membership = a_version(entry, previous="2")
    updated(registry, a_set(f"{ROOT}.58"), new, membership)
    assert set(versions(registry)) == {"1", "2", "3"}


def test_of_two_updates_of_one_version_one_wins(registry, entry):
    def send(number):
        _, new, membership = a_version(entry)
        return update(registry, a_set(f"{ROOT}.57.{number}"), new, membership)

    answers = at_once(*(partial(send, number) for number in (1, 2)))
    assert sorted(a.status for a in answers) == ["Failure", "Success"]
    assert {c for a in answers for c in a.codes} == {"XDSMetadataVersionError"}
    assert set(versions(registry)) == {"1", "2"}


def test_a_new_version_takes_the_folders_of_the_old_one(placed):
    (entry,) = placed.everything().of("ExtrinsicObject")
    updated(placed, *a_version(entry))
    new = versions(placed)["2"].id
    folder = folder_of(placed)
    assert places(placed) == {(folder.id, entry.id), (folder.id, new)}
    assert folder.slot("lastUpdateTime").values == (f"{LATER:%Y%m%d%H%M%S}",)


def test_without_propagation_it_takes_nothing(placed):
    (entry,) = placed.everything().of("ExtrinsicObject")
    before = places(placed)
    updated(placed, *a_version(entry, AssociationPropagation="no"))
    assert places(placed) == before


def test_a_new_version_of_a_folder_holds_what_the_old_one_held(placed):
    (entry,) = placed.everything().of("ExtrinsicObject")
    old = folder_of(placed)
    updated(placed, *a_version(old, change=titled))
    assert {target for _, target in places(placed)} == {entry.id}
    assert len(places(placed)) == 2
    (new,) = [source for source, _ in places(placed) if source != old.id]
    found = placed.ask("GetFolders", XDSFolderEntryUUID=texts(new)).objects[0]
    assert found.attribute("lid") == old.id
    assert found.slot("lastUpdateTime").values == (f"{LATER:%Y%m%d%H%M%S}",)


# -- statuses -------------------------------------------------------------------------------------


def test_a_document_is_deprecated_and_approved_again(registry, entry):
    updated(registry, *a_status(entry.id, v.APPROVED, v.DEPRECATED))
    assert versions(registry)["1"].attribute("status") == v.DEPRECATED
    _, change = a_status(entry.id, v.DEPRECATED, v.APPROVED)
    updated(registry, a_set(f"{ROOT}.58"), change)
    assert versions(registry)["1"].attribute("status") == v.APPROVED


def test_what_asks_for_a_change_is_not_registered(registry, entry):
    before = len(registry.everything().of("Association"))
    updated(registry, *a_status(entry.id, v.APPROVED, v.DEPRECATED))
    assert len(registry.everything().of("Association")) == before


def test_the_membership_of_a_folder_is_withdrawn(placed):
    (place,) = [
        o
        for o in placed.everything().of("Association")
        if o.attribute("sourceObject") == folder_of(placed).id
    ]
    updated(placed, *a_status(place.id, v.APPROVED, v.DEPRECATED))
    contents = placed.ask("GetFolderAndContents", XDSFolderEntryUUID=text(folder_of(placed).id))
    assert contents.of("ExtrinsicObject") == []


# -- the French record ----------------------------------------------------------------------------

MASKED = ("MASQUE_PS", "1.2.250.1.213.1.1.4.13")


def masked(rim):
    """The entry with MASQUE_PS beside its other confidentiality codes."""
    code = rim.classified(v.CONFIDENTIALITY_CODE)[0]
    slot = replace(code.slots[0], values=(MASKED[1],))
    extra = replace(code.with_attribute("nodeRepresentation", MASKED[0]), slots=(slot,))
    return replace(rim, classifications=(*rim.classifications, extra))


def codes(rim):
    return {c.attribute("nodeRepresentation") for c in rim.classified(v.CONFIDENTIALITY_CODE)}


def test_a_document_is_masked_and_unmasked_by_new_versions(registry, entry):
    updated(registry, *a_version(entry, change=masked), domain=FRENCH)
    assert codes(versions(registry)["2"]) == codes(entry) | {MASKED[0]}
    _, new, membership = a_version(entry, previous="2")
    updated(registry, a_set(f"{ROOT}.58"), new, membership, domain=FRENCH)
    assert codes(versions(registry)["3"]) == codes(entry)


def test_a_document_is_archived_and_taken_back(registry, entry):
    updated(registry, *a_status(entry.id, v.APPROVED, v.ARCHIVED), domain=FRENCH)
    assert registry.find(status=BOTH).objects == ()
    _, change = a_status(entry.id, v.ARCHIVED, v.APPROVED)
    updated(registry, a_set(f"{ROOT}.58"), change, domain=FRENCH)
    assert [o.id for o in registry.find().objects] == [entry.id]


@pytest.mark.parametrize("first", [v.APPROVED, v.ARCHIVED])
def test_a_document_is_deleted_for_good(registry, entry, first):
    if first == v.ARCHIVED:
        updated(registry, *a_status(entry.id, v.APPROVED, v.ARCHIVED), domain=FRENCH)
    _, change = a_status(entry.id, first, v.DELETED)
    updated(registry, a_set(f"{ROOT}.58"), change, domain=FRENCH)
    assert registry.find(status=BOTH).objects == ()
    _, back = a_status(entry.id, v.DELETED, v.APPROVED)
    answer = update(registry, a_set(f"{ROOT}.59"), back, domain=FRENCH)
    assert answer.codes == ("XDSMetadataUpdateError",)


def test_an_archived_document_that_is_masked_stays_archived(registry, entry):
    updated(registry, *a_status(entry.id, v.APPROVED, v.ARCHIVED), domain=FRENCH)
    _, new, membership = a_version(entry, change=masked)
    updated(registry, a_set(f"{ROOT}.58"), new, membership, domain=FRENCH)
    assert registry.find(status=BOTH).objects == ()


@pytest.mark.parametrize("status", [v.ARCHIVED, v.DELETED])
def test_a_domain_without_the_departure_has_no_such_status(registry, entry, status):
    answer = update(registry, *a_status(entry.id, v.APPROVED, status))
    assert answer.codes == ("XDSMetadataUpdateOperationError",)
    assert versions(registry)["1"].attribute("status") == v.APPROVED


# -- Associations ---------------------------------------------------------------------------------


def test_an_association_between_registered_objects_is_submitted(registry, entry):
    registry.registered(
        a_set(f"{ROOT}.60"),
        a_document_entry("Document02", unique_id=f"{ROOT}.60.1"),
        has_member(SUBMISSION_SET_ID, "Document02", status="Original"),
    )
    (other,) = [o for o in registry.everything().of("ExtrinsicObject") if o.id != entry.id]
    updated(registry, *a_submit(v.APPEND, other.id, entry.id))
    related = registry.ask(
        "GetRelatedDocuments",
        XDSDocumentEntryEntryUUID=text(entry.id),
        AssociationTypes=texts(v.APPEND),
    )
    assert {o.id for o in related.of("ExtrinsicObject")} == {entry.id, other.id}
    again = a_submit(v.APPEND, other.id, entry.id)
    answer = update(registry, a_set(f"{ROOT}.61"), *again[1:])
    assert answer.codes == ("XDSMetadataUpdateError",)


# -- refusals -------------------------------------------------------------------------------------

REFUSALS = {
    "an unknown lid": (
        "XDSMetadataVersionError",
        lambda e: a_version(e.with_attribute("lid", UNKNOWN)),
    ),
    "another previous version": ("XDSMetadataVersionError", lambda e: a_version(e, "2")),
    "a first version": (
        "XDSMetadataUpdateError",
        lambda _: (
            a_set(),
            a_document_entry(unique_id=f"{ROOT}.57.1"),
            has_member(SUBMISSION_SET_ID, "Document01", status="Original"),
        ),
    ),
    "another objectType": (
        "XDSMetadataUpdateError",
        lambda e: a_version(e, change=lambda rim: rim.with_attribute("objectType", v.ON_DEMAND)),
    ),
    "propagation that is neither": (
        "XDSMetadataUpdateOperationError",
        lambda e: a_version(e, AssociationPropagation="perhaps"),
    ),
    "nothing": ("XDSMetadataUpdateOperationError", lambda _: (a_set(),)),
    "a change without NewStatus": (
        "XDSMetadataUpdateOperationError",
        lambda e: (
            a_set(),
            replace(a_status(e.id, v.APPROVED, v.DEPRECATED)[1], slots=()),
        ),
    ),
    "a stray membership": (
        "XDSMetadataUpdateOperationError",
        lambda e: (a_set(), has_member(SUBMISSION_SET_ID, e.id, status="Reference")),
    ),
    "a status that it does not have": (
        "XDSMetadataUpdateError",
        lambda e: a_status(e.id, v.DEPRECATED, v.APPROVED),
    ),
    "the status of nothing": (
        "UnresolvedReferenceException",
        lambda _: a_status(UNKNOWN, v.APPROVED, v.DEPRECATED),
    ),
    "an Association to nothing": (
        "UnresolvedReferenceException",
        lambda e: a_submit(v.APPEND, e.id, UNKNOWN),
    ),
    "a set that exists": (
        "XDSDuplicateUniqueIdInRegistry",
        lambda e: (a_submission_set(), *a_version(e)[1:]),
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refused_with_the_right_code_and_nothing_changes(registry, entry, name):
    code, build = REFUSALS[name]
    before = registry.everything().body, registry.everything(OTHER_PATIENT).body
    answer = update(registry, *build(entry))
    assert answer.status == "Failure"
    assert code in answer.codes
    assert (registry.everything().body, registry.everything(OTHER_PATIENT).body) == before


def test_an_old_version_keeps_its_status(registry, entry):
    updated(registry, *a_version(entry))
    _, change = a_status(entry.id, v.DEPRECATED, v.APPROVED)
    answer = update(registry, a_set(f"{ROOT}.58"), change)
    assert answer.codes == ("XDSMetadataUpdateError",)


def test_a_document_in_a_folder_does_not_go_to_another_patient_with_it(placed):
    (entry,) = placed.everything().of("ExtrinsicObject")
    moved = a_document_entry(patient=OTHER_PATIENT).with_attribute("lid", entry.attribute("lid"))
    objects = a_version(moved)
    elsewhere = a_set(patient=OTHER_PATIENT)
    answer = update(placed, elsewhere, *objects[1:])
    assert "XDSPatientIDReconciliationError" in answer.codes
    _, new, membership = objects
    updated(placed, elsewhere, new, membership.with_slot("AssociationPropagation", "no"))
    assert [o.id for o in placed.find(PATIENT).objects] == []
    assert len(placed.find(OTHER_PATIENT).objects) == 1
