"""ITI-57: several operations in one message, what each wants of its Slots and ends, one patient."""

from dataclasses import replace
from functools import partial

import pytest

from registry.access.facts import read_depositor
from registry.iti57_update import handle as iti57
from registry.ledger.api import Columns, Kind, Select, Wanted
from tests.build.at_once import at_once
from tests.build.on_demand import an_on_demand_submission
from tests.build.submission import (
    OPEN_DOMAIN,
    OTHER_PATIENT,
    PATIENT,
    ROOT,
    SUBMISSION_SET_ID,
    a_code,
    a_document_entry,
    a_folder,
    a_submission,
    an_association,
    has_member,
    with_classification,
    with_identifier,
    without_slot,
)
from tests.build.update import (
    UNKNOWN,
    a_set,
    a_status,
    a_submit,
    a_version,
    titled,
    together,
)
from tests.registry.build import BOTH, CALLER, START, a_call, run, text, texts
from xds.domain import load_domain
from xds.ebrim.submit import write_submit_objects
from xds.metadata import vocabulary as v

LATER = START.replace(hour=18)
WHEN = f"{LATER:%Y%m%d%H%M%S}"
FRENCH = replace(OPEN_DOMAIN, departures=load_domain("dmp").departures)


def update(registry, *objects, domain=OPEN_DOMAIN):
    room = iti57.room(ledger=registry.ledger, domain=domain, identifier_checks={})
    return run(room, a_call(write_submit_objects(objects), instant=LATER))


def updated(registry, *objects, **how):
    answer = update(registry, *objects, **how)
    assert answer.status == "Success", [c.code_context for c in answer.complaints]


def refused(registry, *objects, domain=OPEN_DOMAIN):
    """The codes of a refusal that left everything as it was."""
    before = registry.everything().body, registry.everything(OTHER_PATIENT).body
    answer = update(registry, *objects, domain=domain)
    assert answer.status == "Failure"
    assert (registry.everything().body, registry.everything(OTHER_PATIENT).body) == before
    return set(answer.codes)


def entries(registry, patient=PATIENT):
    return registry.everything(patient).of("ExtrinsicObject")


def folders(registry, patient=PATIENT):
    found = registry.everything(patient).of("RegistryPackage")
    return [o for o in found if o.slot("lastUpdateTime")]


def sets(registry):
    return [o for o in registry.everything().of("RegistryPackage") if not o.slot("lastUpdateTime")]


def associations(registry, kind, patient=PATIENT):
    found = registry.everything(patient).of("Association")
    return [o for o in found if o.attribute("associationType") == kind]


def places(registry, patient=PATIENT):
    """(Folder, document) of each place in a Folder."""
    sources = {o.id for o in folders(registry, patient)}
    return {
        (o.attribute("sourceObject"), o.attribute("targetObject"))
        for o in associations(registry, v.HAS_MEMBER, patient)
        if o.attribute("sourceObject") in sources
    }


def status_of(registry, entry_uuid):
    return next(o.attribute("status") for o in registry.everything().objects if o.id == entry_uuid)


@pytest.fixture
def two(registry):
    """Two documents, not related."""
    registry.registered(*a_submission(entries=2))
    return registry


@pytest.fixture
def filed(registry):
    """A document in a Folder."""
    registry.registered(*a_submission(folders=1))
    return registry


def another_patient_s(registry):
    """A document of somebody else."""
    registry.registered(
        a_set(patient=OTHER_PATIENT),
        a_document_entry("Document09", patient=OTHER_PATIENT, unique_id=f"{ROOT}.909"),
        has_member(SUBMISSION_SET_ID, "Document09", status="Original"),
    )
    return entries(registry, OTHER_PATIENT)[0]


# -- several operations in one message ------------------------------------------------------------


def test_a_new_version_is_deprecated_in_the_message_that_brings_it(two):
    first = entries(two)[0]
    change = a_status("New01", v.APPROVED, v.DEPRECATED)
    updated(two, *together(a_version(first, change=titled), change))
    mine = [o for o in entries(two) if o.attribute("lid") == first.id]
    assert [o.attribute("status") for o in mine] == [v.DEPRECATED] * 2


def test_the_status_of_a_new_version_is_that_of_the_one_before(two):
    first = entries(two)[0]
    change = a_status("New01", v.DEPRECATED, v.APPROVED)
    assert refused(two, *together(a_version(first), change)) == {"XDSMetadataUpdateError"}


def test_the_version_before_does_not_change_its_status_in_the_same_message(two):
    first = entries(two)[0]
    change = a_status(first.id, v.APPROVED, v.DEPRECATED)
    assert refused(two, *together(a_version(first), change)) == {"XDSMetadataUpdateError"}


def test_a_folder_s_new_version_is_deprecated_in_the_message_that_brings_it(filed):
    (folder,) = folders(filed)
    updated(filed, *together(a_version(folder), a_status("New01", v.APPROVED, v.DEPRECATED)))
    assert [o.attribute("status") for o in folders(filed)] == [v.DEPRECATED] * 2


def test_an_association_is_submitted_and_withdrawn_in_one_message(two):
    one, other = (o.id for o in entries(two))
    submit = a_submit(v.APPEND, one, other)
    updated(two, *together(submit, a_status("Submitted01", v.APPROVED, v.DEPRECATED)))
    (made,) = associations(two, v.APPEND)
    assert made.attribute("status") == v.DEPRECATED
    assert {status_of(two, one), status_of(two, other)} == {v.APPROVED}


def test_what_is_related_by_hand_takes_nothing_over_by_itself(two):
    one, other = entries(two)
    by_itself = together(a_version(one), a_submit(v.APPEND, "New01", other.id))
    assert refused(two, *by_itself) == {"XDSMetadataUpdateOperationError"}
    by_hand = together(
        a_version(one, AssociationPropagation="no"), a_submit(v.APPEND, "New01", other.id)
    )
    updated(two, *by_hand)
    (made,) = associations(two, v.APPEND)
    new = next(o for o in entries(two) if o.attribute("lid") == one.id and o.id != one.id)
    assert made.attribute("sourceObject") == new.id


def test_document_and_folder_get_new_versions_and_one_place(filed):
    (entry,), (folder,) = entries(filed), folders(filed)
    old = (folder.id, entry.id)
    updated(filed, *together(a_version(entry), a_version(folder, identifier="New02")))
    new = (
        next(o.id for o in folders(filed) if o.id != folder.id),
        next(o.id for o in entries(filed) if o.id != entry.id),
    )
    assert places(filed) == {old, new}


def test_where_one_of_two_takes_nothing_over_the_other_keeps_no_place_in_it(filed):
    (entry,), (folder,) = entries(filed), folders(filed)
    no = a_version(folder, identifier="New02", AssociationPropagation="no")
    updated(filed, *together(a_version(entry), no))
    assert places(filed) == {(folder.id, entry.id)}


def to_other_patient(rim):
    scheme = v.FOLDER_PATIENT_ID if rim.tag == "RegistryPackage" else v.DOCUMENT_ENTRY_PATIENT_ID
    return with_identifier(rim, scheme, OTHER_PATIENT)


def test_all_that_is_related_goes_to_another_patient_together(filed):
    (entry,), (folder,) = entries(filed), folders(filed)
    alone = a_version(entry, change=to_other_patient, patient=OTHER_PATIENT)
    assert refused(filed, *alone) == {"XDSPatientIDReconciliationError"}
    whole = together(
        alone, a_version(folder, change=to_other_patient, identifier="New02", patient=OTHER_PATIENT)
    )
    updated(filed, *whole)
    (moved,), (place,) = folders(filed, OTHER_PATIENT), places(filed, OTHER_PATIENT)
    assert place == (moved.id, entries(filed, OTHER_PATIENT)[0].id)
    assert filed.find(status=texts(v.APPROVED)).objects == ()


def test_a_patient_that_nobody_knows_is_refused(two):
    stranger = "NOBODY-7^^^&1.3.6.1.4.1.21367.2005.3.7&ISO"
    entry = entries(two)[0]
    moved = with_identifier(entry, v.DOCUMENT_ENTRY_PATIENT_ID, stranger)
    assert refused(two, *a_version(moved, patient=stranger)) == {"XDSUnknownPatientId"}


def test_versions_of_two_patients_are_told_by_their_lid(two):
    entry = entries(two)[0]
    updated(two, *a_version(entry, change=to_other_patient, patient=OTHER_PATIENT))
    both = {"XDSDocumentEntryLogicalID": texts(entry.id), "MetadataLevel": "2"}
    assert two.ask("GetDocuments", **both).codes == ("XDSResultNotSinglePatient",)
    assert len(two.ask("GetDocuments", returns="ObjectRef", **both).objects) == 2


# -- what is taken over ---------------------------------------------------------------------------


def test_a_relationship_that_is_taken_over_keeps_what_it_says(registry):
    documentation = a_code("Kept", v.ASSOCIATION_DOCUMENTATION, "why", "1.2.3", "Why")
    relationship = with_classification(
        an_association("Kept", v.APPEND, "Document02", "Document01"), documentation
    ).with_slot("urn:example:note", "kept")
    registry.registered(*a_submission(entries=2), relationship)
    (old,) = associations(registry, v.APPEND)
    target = next(o for o in entries(registry) if o.id == old.attribute("targetObject"))
    updated(registry, *a_version(target))
    copy = next(o for o in associations(registry, v.APPEND) if o.id != old.id)
    new = next(o.id for o in entries(registry) if o.version_info.version_name == "2")
    assert copy.attribute("targetObject") == new
    assert copy.attribute("sourceObject") == old.attribute("sourceObject")
    assert copy.slots == old.slots
    assert [c.attribute("nodeRepresentation") for c in copy.classifications] == ["why"]
    assert copy.classifications[0].attribute("classifiedObject") == copy.id
    assert copy.classifications[0].id != old.classifications[0].id
    assert {copy.attribute("status"), old.attribute("status")} == {v.APPROVED}


def test_a_place_that_was_withdrawn_is_not_taken_over(filed):
    (entry,), (folder,) = entries(filed), folders(filed)
    (place,) = [
        o for o in associations(filed, v.HAS_MEMBER) if o.attribute("sourceObject") == folder.id
    ]
    updated(filed, *a_status(place.id, v.APPROVED, v.DEPRECATED))
    updated(filed, *a_version(entry))
    assert places(filed) == {(folder.id, entry.id)}


def test_what_is_queried_is_the_latest_version_unless_all_are_asked_for(filed):
    (entry,), (folder,) = entries(filed), folders(filed)
    updated(filed, *a_version(entry, change=titled))
    asked = {"XDSFolderEntryUUID": text(folder.id)}
    latest = filed.ask("GetFolderAndContents", **asked)
    (shown,) = latest.of("ExtrinsicObject")
    assert shown.attribute("lid") == entry.id != shown.id
    every = filed.ask("GetFolderAndContents", MetadataLevel="2", **asked)
    assert len(every.of("ExtrinsicObject")) == 2


# -- statuses -------------------------------------------------------------------------------------


def test_a_relationship_is_withdrawn_and_restored(two):
    one, other = (o.id for o in entries(two))
    updated(two, *a_submit(v.APPEND, one, other))
    (made,) = associations(two, v.APPEND)
    asked = {"XDSDocumentEntryEntryUUID": text(one), "AssociationTypes": texts(v.APPEND)}
    updated(two, *a_status(made.id, v.APPROVED, v.DEPRECATED))
    assert two.ask("GetRelatedDocuments", **asked).objects == ()
    level = {"MetadataLevel": "2", "XDSAssociationStatus": BOTH}
    assert len(two.ask("GetRelatedDocuments", **asked, **level).objects) == 3
    updated(two, *a_status(made.id, v.DEPRECATED, v.APPROVED))
    assert len(two.ask("GetRelatedDocuments", **asked).objects) == 3


def test_a_folder_says_when_a_place_in_it_was_withdrawn(filed):
    (folder,) = folders(filed)
    (place,) = [
        o for o in associations(filed, v.HAS_MEMBER) if o.attribute("sourceObject") == folder.id
    ]
    updated(filed, *a_status(place.id, v.APPROVED, v.DEPRECATED))
    assert folders(filed)[0].slot("lastUpdateTime").values == (WHEN,)


def test_a_folder_says_so_also_when_the_message_brings_its_next_version(filed):
    (folder,) = folders(filed)
    found = associations(filed, v.HAS_MEMBER)
    (place,) = [o for o in found if o.attribute("sourceObject") == folder.id]
    updated(filed, *together(a_version(folder), a_status(place.id, v.APPROVED, v.DEPRECATED)))
    assert [o.slot("lastUpdateTime").values for o in folders(filed)] == [(WHEN,), (WHEN,)]


def test_the_status_of_a_submission_set_and_of_its_memberships_stays(two):
    (own,) = sets(two)
    membership = associations(two, v.HAS_MEMBER)[0]
    for target in (own.id, membership.id):
        change = a_status(target, v.APPROVED, v.DEPRECATED)
        assert refused(two, *change) == {"XDSMetadataUpdateError"}


def test_what_is_another_patient_s_is_not_touched(two):
    other = another_patient_s(two)
    mine = entries(two)[0].id
    for objects in (
        a_status(other.id, v.APPROVED, v.DEPRECATED),
        a_submit(v.APPEND, mine, other.id),
        a_submit(v.APPEND, mine, entries(two)[1].id, patient=OTHER_PATIENT),
    ):
        assert refused(two, *objects) == {"XDSPatientIDReconciliationError"}


def test_after_a_merge_the_survivor_s_updates_reach_what_was_the_subsumed_one_s(two):
    other = another_patient_s(two)

    def merge(unit):
        unit.merge_patient(OTHER_PATIENT, PATIENT)

    two.ledger.write(Wanted(patient_ids=frozenset({PATIENT, OTHER_PATIENT})), merge)
    updated(two, *a_status(other.id, v.APPROVED, v.DEPRECATED))
    assert status_of(two, other.id) == v.DEPRECATED
    change = a_status(other.id, v.DEPRECATED, v.APPROVED, patient=OTHER_PATIENT)
    assert "XDSUnknownPatientId" in refused(two, *change)


FRENCH_STEPS = {
    (v.APPROVED, v.ARCHIVED): True,
    (v.ARCHIVED, v.APPROVED): True,
    (v.APPROVED, v.DELETED): True,
    (v.ARCHIVED, v.DELETED): True,
    (v.DEPRECATED, v.DELETED): True,
    (v.DEPRECATED, v.ARCHIVED): False,
    (v.DELETED, v.APPROVED): False,
    (v.DELETED, v.ARCHIVED): False,
    (v.ARCHIVED, v.DEPRECATED): False,
}


@pytest.mark.parametrize(("original", "new"), FRENCH_STEPS)
def test_the_french_record_s_statuses_go_where_they_may(two, original, new):
    target = entries(two)[0].id
    if original != v.APPROVED:
        updated(two, *a_status(target, v.APPROVED, original), domain=FRENCH)
    step = a_status(target, original, new)
    if FRENCH_STEPS[original, new]:
        updated(two, *step, domain=FRENCH)
    else:
        assert refused(two, *step, domain=FRENCH) == {"XDSMetadataUpdateError"}


def test_a_folder_is_neither_archived_nor_deleted(filed):
    (folder,) = folders(filed)
    for status in (v.ARCHIVED, v.DELETED):
        change = a_status(folder.id, v.APPROVED, status)
        assert refused(filed, *change, domain=FRENCH) == {"XDSMetadataUpdateError"}


@pytest.mark.parametrize("status", [v.DEPRECATED, v.DELETED])
def test_what_is_not_in_use_gets_no_new_version(two, status):
    first = entries(two)[0]
    updated(two, *a_status(first.id, v.APPROVED, status), domain=FRENCH)
    assert refused(two, *a_version(first), domain=FRENCH) == {"XDSMetadataUpdateError"}


INVISIBLE = ("INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX")


@pytest.mark.parametrize("code", INVISIBLE)
def test_a_document_becomes_visible_to_whom_it_was_hidden_from(registry, code):
    """DMP, TD3.3b: a new version without the code, in place of the one that had it."""
    hidden = with_classification(
        a_document_entry(),
        a_code("Document01", v.CONFIDENTIALITY_CODE, code, "1.2.250.1.213.1.1.4.13", code),
    )
    registry.registered(
        a_set(), hidden, has_member(SUBMISSION_SET_ID, "Document01", status="Original")
    )

    def visible(rim):
        kept = tuple(c for c in rim.classifications if c.attribute("nodeRepresentation") != code)
        return replace(rim, classifications=kept)

    (entry,) = entries(registry)
    updated(registry, *a_version(entry, change=visible), domain=FRENCH)
    (shown,) = registry.find(status=texts(v.APPROVED)).objects
    codes = [c.attribute("nodeRepresentation") for c in shown.classified(v.CONFIDENTIALITY_CODE)]
    assert codes == ["N"]
    by_code = registry.find(
        XDSDocumentEntryConfidentialityCode=f"('{code}^^1.2.250.1.213.1.1.4.13')"
    )
    assert by_code.objects == ()


# -- Associations that are submitted --------------------------------------------------------------


def test_a_replacement_that_is_submitted_deprecates_what_it_replaces_and_its_addenda(registry):
    registry.registered(
        *a_submission(entries=3),
        an_association("Addendum", v.APPEND, "Document03", "Document01"),
    )
    by_number = {o.identifiers(v.DOCUMENT_ENTRY_UNIQUE_ID)[0].attribute("value")[-1]: o.id
                 for o in entries(registry)}  # fmt: skip
    updated(registry, *a_submit(v.REPLACE, by_number["2"], by_number["1"]))
    statuses = {n: status_of(registry, uuid) for n, uuid in by_number.items()}
    assert statuses == {"1": v.DEPRECATED, "2": v.APPROVED, "3": v.DEPRECATED}


@pytest.fixture
def family(registry):
    """The ids of three documents by number; the third is an addendum to the first."""
    registry.registered(
        *a_submission(entries=3),
        an_association("Addendum", v.APPEND, "Document03", "Document01"),
    )
    return by_number(registry)


def by_number(registry):
    """The ids of Approved documents, by the last digit of their uniqueId."""
    return {
        o.identifiers(v.DOCUMENT_ENTRY_UNIQUE_ID)[0].attribute("value")[-1]: o.id
        for o in entries(registry)
        if o.attribute("status") == v.APPROVED
    }


def a_replacing_submission(target):
    return (
        a_set(),
        a_document_entry("Document09", unique_id=f"{ROOT}.60.9"),
        has_member(SUBMISSION_SET_ID, "Document09", status="Original"),
        an_association("Replacement", v.REPLACE, "Document09", target),
    )


@pytest.mark.parametrize("by_update", [True, False], ids=["ITI-57", "ITI-42"])
def test_what_is_no_addendum_any_more_stays_when_the_original_is_replaced(
    registry, family, by_update
):
    (addendum,) = associations(registry, v.APPEND)
    updated(registry, *a_status(addendum.id, v.APPROVED, v.DEPRECATED))
    if by_update:
        updated(registry, *a_submit(v.REPLACE, family["2"], family["1"]))
    else:
        registry.registered(*a_replacing_submission(family["1"]))
    assert status_of(registry, family["1"]) == v.DEPRECATED
    assert status_of(registry, family["3"]) == v.APPROVED


def test_what_is_no_transformation_any_more_may_be_appended_to(two):
    one, other = (o.id for o in entries(two))
    updated(two, *a_submit(v.TRANSFORM, one, other))
    (transformation,) = associations(two, v.TRANSFORM)
    addendum = (
        a_set(),
        a_document_entry("Document09", unique_id=f"{ROOT}.60.9"),
        has_member(SUBMISSION_SET_ID, "Document09", status="Original"),
        an_association("Addendum", v.APPEND, "Document09", one),
    )
    assert two.register(*addendum).codes == ("XDSRegistryMetadataError",)
    updated(two, *a_status(transformation.id, v.APPROVED, v.DEPRECATED))
    two.registered(*addendum)


def test_a_replacement_deprecates_the_new_version_that_it_is_a_replacement_of(two):
    one, other = entries(two)
    updated(
        two,
        *together(
            a_version(one, AssociationPropagation="no"),
            a_submit(v.REPLACE, other.id, "New01"),
        ),
    )
    assert list(by_number(two).values()) == [other.id]
    assert len(entries(two)) == 3


def test_a_replacement_reaches_the_addendum_that_the_same_message_updates(registry, family):
    (third,) = [o for o in entries(registry) if o.id == family["3"]]
    updated(
        registry,
        *together(a_version(third), a_submit(v.REPLACE, family["2"], family["1"])),
    )
    assert by_number(registry) == {"2": family["2"]}
    assert len(entries(registry)) == 4


def test_a_document_is_put_into_a_folder_which_says_when(filed):
    (folder,) = folders(filed)
    filed.registered(
        a_set(),
        a_document_entry("Document02", unique_id=f"{ROOT}.60.1"),
        has_member(SUBMISSION_SET_ID, "Document02", status="Original"),
    )
    (second,) = {o.id for o in entries(filed)} - {target for _, target in places(filed)}
    updated(filed, *a_submit(v.HAS_MEMBER, folder.id, second))
    assert (folder.id, second) in places(filed)
    assert folders(filed)[0].slot("lastUpdateTime").values == (WHEN,)
    again = a_submit(v.HAS_MEMBER, folder.id, second)
    assert refused(filed, *again) == {"XDSMetadataUpdateError"}


def test_the_submission_set_holds_what_it_submits(two):
    one, other = (o.id for o in entries(two))
    updated(two, *a_submit(v.APPEND, one, other))
    (made,) = associations(two, v.APPEND)
    holders = [
        o.attribute("sourceObject")
        for o in associations(two, v.HAS_MEMBER)
        if o.attribute("targetObject") == made.id
    ]
    assert holders == [sets(two)[-1].id]


def test_both_ends_of_what_is_submitted_are_in_use(two):
    one, other = (o.id for o in entries(two))
    updated(two, *a_status(one, v.APPROVED, v.DEPRECATED))
    for ends in ((one, other), (other, one)):
        assert refused(two, *a_submit(v.APPEND, *ends)) == {"XDSMetadataUpdateError"}


def test_ends_are_of_the_kinds_that_the_type_wants(filed):
    (entry,), (folder,) = entries(filed), folders(filed)
    (own,) = sets(filed)
    for kind, source, target in (
        (v.APPEND, entry.id, folder.id),
        (v.APPEND, entry.id, entry.id),
        (v.HAS_MEMBER, entry.id, folder.id),
        (v.HAS_MEMBER, own.id, entry.id),
        (v.REPLACE, own.id, entry.id),
    ):
        assert "XDSMetadataUpdateError" in refused(filed, *a_submit(kind, source, target))


def test_a_membership_has_no_documentation(two):
    """ITI TF-3 §4.2.2.2: of relationships it tells why they are."""
    first = entries(two)[0]
    submission_set, new, membership = a_version(first, change=titled)
    documented = a_code(membership.id, v.ASSOCIATION_DOCUMENTATION, "x", "1.2.3", "Correction")
    wrong = (submission_set, new, with_classification(membership, documented))
    assert refused(two, *wrong) == {"XDSRegistryMetadataError"}
    updated(two, *a_version(first, change=titled))


def test_a_snapshot_is_of_an_on_demand_entry(two):
    two.registered(*an_on_demand_submission(unique_id=f"{ROOT}.61"), on_demand=True)
    demanded = next(o for o in entries(two) if o.attribute("objectType") == v.ON_DEMAND)
    one, other = (o for o in entries(two) if o.id != demanded.id)
    wrong = a_submit(v.IS_SNAPSHOT_OF, one.id, other.id)
    assert refused(two, *wrong) == {"XDSMetadataUpdateError"}
    updated(two, *a_submit(v.IS_SNAPSHOT_OF, one.id, demanded.id))
    assert len(associations(two, v.IS_SNAPSHOT_OF)) == 1


def test_an_on_demand_entry_has_versions_too(registry):
    registry.registered(*an_on_demand_submission(), on_demand=True)
    (entry,) = entries(registry)
    updated(registry, *a_version(entry, change=titled))
    assert [o.version_info.version_name for o in entries(registry)] == ["1", "2"]


# -- the way in which it is asked -----------------------------------------------------------------


def slots(objects, kind, change):
    """The update with the Slots of its Associations of a type changed."""
    return tuple(change(o) if o.attribute("associationType") == kind else o for o in objects)


def with_a(name, *values):
    return lambda rim: rim.with_slot(name, *values)


def without(name):
    return lambda rim: without_slot(rim, name)


IN_ANOTHER_WAY = {
    "PreviousVersion missing": (v.HAS_MEMBER, without(v.PREVIOUS_VERSION)),
    "PreviousVersion no number": (v.HAS_MEMBER, with_a(v.PREVIOUS_VERSION, "no")),
    "PreviousVersion zero": (v.HAS_MEMBER, with_a(v.PREVIOUS_VERSION, "0")),
    "PreviousVersion twice": (v.HAS_MEMBER, with_a(v.PREVIOUS_VERSION, "1", "1")),
    "SubmissionSetStatus missing": (v.HAS_MEMBER, without(v.SUBMISSION_SET_STATUS)),
    "SubmissionSetStatus Reference": (
        v.HAS_MEMBER,
        with_a(v.SUBMISSION_SET_STATUS, v.REFERENCE),
    ),
    "AssociationPropagation perhaps": (
        v.HAS_MEMBER,
        with_a(v.ASSOCIATION_PROPAGATION, "perhaps"),
    ),
    "a status on HasMember": (v.HAS_MEMBER, with_a(v.ORIGINAL_STATUS, v.APPROVED)),
    "OriginalStatus missing": (v.UPDATE_AVAILABILITY_STATUS, without(v.ORIGINAL_STATUS)),
    "NewStatus missing": (v.UPDATE_AVAILABILITY_STATUS, without(v.NEW_STATUS)),
    "NewStatus unknown": (v.UPDATE_AVAILABILITY_STATUS, with_a(v.NEW_STATUS, "urn:x:y")),
    "OriginalStatus unknown": (v.UPDATE_AVAILABILITY_STATUS, with_a(v.ORIGINAL_STATUS, "Approved")),
    "twice the same status": (v.UPDATE_AVAILABILITY_STATUS, with_a(v.NEW_STATUS, v.APPROVED)),
    "PreviousVersion on a status": (
        v.UPDATE_AVAILABILITY_STATUS,
        with_a(v.PREVIOUS_VERSION, "1"),
    ),
    "NewStatus on a SubmitAssociation": (v.SUBMIT_ASSOCIATION, with_a(v.NEW_STATUS, v.APPROVED)),
    "a status from elsewhere": (
        v.UPDATE_AVAILABILITY_STATUS,
        lambda rim: rim.with_attribute("sourceObject", UNKNOWN),
    ),
    "a SubmitAssociation from elsewhere": (
        v.SUBMIT_ASSOCIATION,
        lambda rim: rim.with_attribute("sourceObject", UNKNOWN),
    ),
    "a SubmitAssociation of nothing": (
        v.SUBMIT_ASSOCIATION,
        lambda rim: rim.with_attribute("targetObject", "Elsewhere"),
    ),
}


@pytest.mark.parametrize("name", IN_ANOTHER_WAY)
def test_an_operation_that_is_asked_for_in_another_way_is_none(two, name):
    kind, change = IN_ANOTHER_WAY[name]
    one, other = entries(two)
    whole = together(
        a_version(one),
        a_status(other.id, v.APPROVED, v.DEPRECATED),
    )
    objects = a_submit(v.APPEND, one.id, other.id) if kind == v.SUBMIT_ASSOCIATION else whole
    assert "XDSMetadataUpdateOperationError" in refused(two, *slots(objects, kind, change))
    updated(two, *objects)


def test_one_object_is_changed_once(two):
    one = entries(two)[0]
    twice = together(a_version(one), a_version(one, "2", identifier="New02"))
    assert "XDSMetadataUpdateOperationError" in refused(two, *twice)
    statuses = together(
        a_status(one.id, v.APPROVED, v.DEPRECATED), a_status(one.id, v.DEPRECATED, v.APPROVED)
    )
    assert "XDSMetadataUpdateOperationError" in refused(two, *statuses)


def test_an_association_of_no_known_type_is_the_framework_s_error(two):
    one, other = (o.id for o in entries(two))
    odd = a_submit("urn:ihe:iti:2007:AssociationType:APND_XFRM", one, other)
    assert "XDSRegistryMetadataError" in refused(two, *odd)


def test_a_folder_under_the_lid_of_a_document_is_no_version_of_it(filed):
    (entry,) = entries(filed)
    wrong = a_version(a_folder(unique_id=f"{ROOT}.88").with_attribute("lid", entry.id))
    assert refused(filed, *wrong) == {"XDSMetadataVersionError"}


@pytest.mark.parametrize("lid", ["", "New01", "Symbolic"])
def test_a_lid_is_a_registered_one(two, lid):
    entry = entries(two)[0].with_attribute("lid", lid)
    assert "XDSMetadataUpdateError" in refused(two, *a_version(entry))


def test_a_refusal_of_one_operation_is_a_refusal_of_all(two):
    one, other = entries(two)
    whole = together(a_version(one), a_status(other.id, v.DEPRECATED, v.APPROVED))
    assert refused(two, *whole) == {"XDSMetadataUpdateError"}


def test_the_trace_names_the_document_whose_status_changes(two):
    target = entries(two)[0]
    room = iti57.room(ledger=two.ledger, domain=OPEN_DOMAIN, identifier_checks={})
    body = write_submit_objects(a_status(target.id, v.APPROVED, v.DEPRECATED))
    concerned = room.handle(a_call(body, instant=LATER)).concerned
    assert concerned.patients == (PATIENT,)
    unique_id = target.identifiers(v.DOCUMENT_ENTRY_UNIQUE_ID)[0].attribute("value")
    assert concerned.documents == (unique_id,)


# -- at once --------------------------------------------------------------------------------------


def test_of_many_who_change_the_same_at_once_one_does(two):
    one = entries(two)[0]
    asked = [a_version(one) for _ in range(4)]
    asked += [a_status(one.id, v.APPROVED, v.DEPRECATED) for _ in range(4)]
    answers = at_once(*(partial(update, two, *objects) for objects in asked))
    assert sorted(a.status for a in answers) == ["Failure"] * 7 + ["Success"]
    mine = [o for o in entries(two) if o.attribute("lid") == one.id]
    approved = [o for o in mine if o.attribute("status") == v.APPROVED]
    assert len(mine) - len(approved) == 1


# -- who deposited it ------------------------------------------------------------------------------


def test_a_new_version_is_still_a_document_of_whoever_deposited_the_first(registry):
    registry.registered(*a_submission())
    (entry,) = registry.everything().of("ExtrinsicObject")
    updated(registry, *a_version(entry, change=titled))

    def work(reader):
        where = (Columns(column="logical_id", values=(entry.id,)),)
        return reader.select(Select(kind=Kind.DOCUMENT_ENTRY, where=where))

    found = registry.ledger.read(work)
    assert [read_depositor(f.access).identity for f in found] == [CALLER.identity] * 2
