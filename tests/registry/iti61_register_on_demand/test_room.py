"""ITI-61: On-Demand entries are registered by it alone, and found by who asks for them."""

from dataclasses import replace

import pytest

from tests.build.on_demand import an_on_demand_entry, an_on_demand_submission
from tests.build.submission import (
    EMPTY_SHA1,
    OTHER_PATIENT,
    PATIENT,
    ROOT,
    SUBMISSION_SET_ID,
    a_document_entry,
    a_folder,
    a_submission,
    a_submission_set,
    an_association,
    changing,
    has_member,
    in_folders,
    without,
    without_slot,
)
from tests.registry.build import APPROVED, STRANGER, text, texts
from xds.metadata import vocabulary as v
from xds.metadata.rim import Slot

ON_DEMAND_ID = f"{ROOT}.61.1000"
EVERY_TYPE = texts(v.STABLE, v.ON_DEMAND)


def with_slot(name, value):
    return lambda rim: replace(rim, slots=(*rim.slots, Slot(name=name, values=(value,))))


def found(registry, types=None, **named):
    asked = {"XDSDocumentEntryType": types} if types else {}
    return registry.find(**asked, **named).ids


@pytest.fixture
def offered(registry):
    """A registry in which one document can be had on demand; gives the registry and the entry."""
    registry.registered(*an_on_demand_submission(unique_id=ON_DEMAND_ID), on_demand=True)
    return registry, registry.entry(ON_DEMAND_ID)


def refused(registry, *objects, on_demand=True):
    """The codes of a refusal that left everything as it was."""
    before = registry.everything().body, registry.everything(OTHER_PATIENT).body
    answer = registry.register(*objects, on_demand=on_demand)
    assert answer.status == "Failure"
    assert (registry.everything().body, registry.everything(OTHER_PATIENT).body) == before
    return answer.codes


def a_snapshot(target, source="Document01"):
    return (
        *changing(
            a_submission(), SUBMISSION_SET_ID, lambda _: a_submission_set(unique_id=f"{ROOT}.62")
        ),
        an_association("Snapshot", v.IS_SNAPSHOT_OF, source, target),
        has_member(SUBMISSION_SET_ID, "Snapshot"),
    )


# -- what is accepted ------------------------------------------------------------------------------


def test_an_on_demand_entry_is_registered_and_comes_back(offered):
    _, entry = offered
    assert entry.attribute("objectType") == v.ON_DEMAND
    assert entry.attribute("status") == v.APPROVED
    assert entry.attribute("lid") == entry.id
    assert {s.name for s in entry.slots} >= {"repositoryUniqueId", "languageCode"}
    assert not {"creationTime", "hash", "size"} & {s.name for s in entry.slots}


def test_who_does_not_ask_for_on_demand_entries_does_not_see_them(offered):
    registry, entry = offered
    registry.registered(*a_submission())
    stable = registry.entry(f"{ROOT}.32^Document01")
    assert found(registry) == [stable.id]
    assert found(registry, texts(v.STABLE)) == [stable.id]
    assert found(registry, texts(v.ON_DEMAND)) == [entry.id]
    assert set(found(registry, EVERY_TYPE)) == {entry.id, stable.id}


@pytest.mark.parametrize(
    ("types", "is_there"),
    [("", False), (texts(v.STABLE), False), (texts(v.ON_DEMAND), True), (EVERY_TYPE, True)],
)
def test_the_entry_type_rules_every_query_that_has_it(offered, types, is_there):
    registry, entry = offered
    asked = {"XDSDocumentEntryType": types} if types else {}
    whole = registry.ask(
        "GetAll",
        patientId=text(PATIENT),
        XDSDocumentEntryStatus=APPROVED,
        XDSSubmissionSetStatus=APPROVED,
        XDSFolderStatus=APPROVED,
        **asked,
    )
    contents = registry.ask(
        "GetSubmissionSetAndContents", XDSSubmissionSetUniqueId=text(f"{ROOT}.61.0"), **asked
    )
    assert (entry.id in whole.ids) is (entry.id in contents.ids) is is_there
    assert len(contents.of("Association")) == is_there


def test_creation_time_does_not_choose_among_on_demand_entries(offered):
    registry, entry = offered
    for bound in ("XDSDocumentEntryCreationTimeFrom", "XDSDocumentEntryCreationTimeTo"):
        assert found(registry, texts(v.ON_DEMAND), **{bound: "1990"}) == [entry.id]
        assert found(registry, texts(v.ON_DEMAND), **{bound: "2090"}) == [entry.id]


def test_the_uniqueid_of_an_on_demand_entry_may_be_registered_again_on_demand(offered):
    registry, entry = offered
    registry.registered(*an_on_demand_submission(unique_id=ON_DEMAND_ID, number=1), on_demand=True)
    both = registry.ask("GetDocuments", XDSDocumentEntryUniqueId=texts(ON_DEMAND_ID))
    assert len(both.ids) == 2
    assert entry.id in both.ids


def test_a_stable_document_may_be_replaced_by_one_on_demand_and_that_by_another(registry):
    registry.registered(*a_submission())
    target = registry.entry(f"{ROOT}.32^Document01").id
    for number in (1, 2):
        unique_id = f"{ON_DEMAND_ID}.{number}"
        registry.registered(
            *an_on_demand_submission(unique_id=unique_id, number=number),
            an_association("R", v.REPLACE, "Document01", target),
            on_demand=True,
        )
        old = target
        target = registry.entry(unique_id).id
        [deprecated] = registry.ask("GetDocuments", XDSDocumentEntryEntryUUID=texts(old)).objects
        assert deprecated.attribute("status") == v.DEPRECATED
    assert found(registry, EVERY_TYPE, status=APPROVED) == [target]


def test_an_on_demand_entry_goes_into_a_folder(registry):
    registry.registered(
        *in_folders(an_on_demand_submission(unique_id=ON_DEMAND_ID)), on_demand=True
    )
    folder = {"XDSFolderUniqueId": text(f"{ROOT}.34.1")}
    entry = registry.entry(ON_DEMAND_ID).id
    assert entry not in registry.ask("GetFolderAndContents", **folder).ids
    shown = registry.ask("GetFolderAndContents", XDSDocumentEntryType=EVERY_TYPE, **folder)
    assert entry in shown.ids


def test_a_snapshot_is_registered_by_iti_42_and_related_to_its_entry(offered):
    registry, entry = offered
    registry.registered(*a_snapshot(entry.id))
    stable = registry.entry(f"{ROOT}.32^Document01")
    asked = {"XDSDocumentEntryEntryUUID": text(stable.id)}
    types = texts(v.IS_SNAPSHOT_OF)
    nothing = registry.ask("GetRelatedDocuments", AssociationTypes=types, **asked)
    assert nothing.ids == []  # the other end is not asked for: not even the document alone
    both = registry.ask(
        "GetRelatedDocuments", AssociationTypes=types, XDSDocumentEntryType=EVERY_TYPE, **asked
    )
    assert set(both.ids[:2]) == {stable.id, entry.id}
    assert len(both.of("Association")) == 1


# -- what is refused -------------------------------------------------------------------------------


def test_iti_42_takes_no_on_demand_entry_and_iti_61_no_stable_one(registry):
    on_demand = an_on_demand_submission(unique_id=ON_DEMAND_ID)
    # Of an On-Demand entry ITI-42 says this alone, and not that hash and size are missing.
    assert refused(registry, *on_demand, on_demand=False) == ("XDSRegistryMetadataError",)
    assert refused(registry, *a_submission()) == ("XDSRegistryMetadataError",)
    mixed = (
        *on_demand,
        a_document_entry("Document02"),
        has_member(SUBMISSION_SET_ID, "Document02", status=v.ORIGINAL),
    )
    assert refused(registry, *mixed) == ("XDSRegistryMetadataError",)


@pytest.mark.parametrize(
    ("name", "value"), [("creationTime", "2020"), ("hash", EMPTY_SHA1), ("size", "0")]
)
def test_what_tells_of_bytes_is_not_specified(registry, name, value):
    objects = changing(an_on_demand_submission(), "Document01", with_slot(name, value))
    before = registry.everything().body
    answer = registry.register(*objects, on_demand=True)
    assert answer.codes == ("XDSRegistryMetadataError",)
    assert name in answer.complaints[0].code_context
    assert registry.everything().body == before


@pytest.mark.parametrize("name", ["repositoryUniqueId", "languageCode", "sourcePatientId"])
def test_what_a_stable_entry_must_have_an_on_demand_one_must_have(registry, name):
    objects = changing(an_on_demand_submission(), "Document01", lambda o: without_slot(o, name))
    assert refused(registry, *objects) == ("XDSRegistryMetadataError",)


def test_a_submission_without_an_entry_is_none_of_iti_61(registry):
    objects = without(an_on_demand_submission(), "Document01")
    objects = without(objects, f"{SUBMISSION_SET_ID}-Document01")
    folder = (a_folder(), has_member(SUBMISSION_SET_ID, "Folder01"))
    assert refused(registry, *objects, *folder) == ("XDSRegistryMetadataError",)


def test_the_uniqueid_of_a_stable_document_is_taken(registry):
    registry.registered(*a_submission())
    objects = an_on_demand_submission(unique_id=f"{ROOT}.32^Document01")
    assert refused(registry, *objects) == ("XDSDuplicateUniqueIdInRegistry",)


def test_the_uniqueid_of_another_kind_of_object_is_taken(registry):
    registry.registered(*a_submission(folders=1))
    objects = an_on_demand_submission(unique_id=f"{ROOT}.34.1")
    assert refused(registry, *objects) == ("XDSDuplicateUniqueIdInRegistry",)


def test_the_uniqueid_of_an_on_demand_entry_never_names_a_document(offered):
    registry, _ = offered
    stable = changing(
        a_submission(), "Document01", lambda _: a_document_entry(unique_id=ON_DEMAND_ID)
    )
    assert refused(registry, *stable, on_demand=False) == ("XDSDuplicateUniqueIdInRegistry",)


def test_a_snapshot_is_stable_and_of_an_on_demand_entry(offered):
    registry, entry = offered
    snapshot = (
        *an_on_demand_submission(unique_id=f"{ON_DEMAND_ID}.1", number=1),
        an_association("S", v.IS_SNAPSHOT_OF, "Document01", entry.id),
    )
    assert refused(registry, *snapshot) == ("XDSRegistryMetadataError",)
    registry.registered(*a_submission())
    stable = registry.entry(f"{ROOT}.32^Document01").id
    assert refused(registry, *a_snapshot(stable), on_demand=False) == ("XDSRegistryMetadataError",)


def test_an_unknown_patient_is_refused(registry):
    objects = an_on_demand_submission(patient=STRANGER)
    assert refused(registry, *objects) == ("XDSUnknownPatientId",)


def test_the_rules_between_objects_hold_as_in_iti_42(offered):
    registry, entry = offered
    other = (
        an_on_demand_entry(patient=OTHER_PATIENT, unique_id=f"{ON_DEMAND_ID}.2"),
        a_submission_set(patient=OTHER_PATIENT, unique_id=f"{ROOT}.61.2"),
        has_member(SUBMISSION_SET_ID, "Document01", status=v.ORIGINAL),
    )
    replacement = an_association("R", v.REPLACE, "Document01", entry.id)
    assert refused(registry, *other, replacement) == ("XDSPatientIdDoesNotMatch",)
    nowhere = an_association(
        "R", v.REPLACE, "Document01", f"urn:uuid:{'0' * 8}-0000-4000-8000-{'1' * 12}"
    )
    own = an_on_demand_submission(unique_id=f"{ON_DEMAND_ID}.3", number=3)
    assert refused(registry, *own, nowhere) == ("UnresolvedReferenceException",)
    again = an_on_demand_submission(unique_id=f"{ON_DEMAND_ID}.4", number=0)
    assert refused(registry, *again) == ("XDSDuplicateUniqueIdInRegistry",)


def test_the_answer_goes_under_the_action_that_the_standard_gives_it(registry):
    assert registry.registering_on_demand.action == "urn:ihe:iti:2010:RegisterOnDemandDocumentEntry"
    assert (
        registry.registering_on_demand.response_action
        == "urn:ihe:iti:2010:RegisterOnDemandDocumentResponse"
    )
