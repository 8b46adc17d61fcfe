"""ITI-62: what is removed is gone whole; what would leave a hole is refused, and nothing goes."""

from functools import partial

import pytest

from registry.iti57_update import handle as iti57
from registry.iti62_remove import handle as iti62
from tests.build.at_once import at_once
from tests.build.removal import a_removal
from tests.build.submission import (
    OPEN_DOMAIN,
    OTHER_PATIENT,
    PATIENT,
    ROOT,
    SUBMISSION_SET_ID,
    a_document_entry,
    a_replacement,
    a_submission,
    a_submission_set,
    changing,
    has_member,
)
from tests.build.update import a_set, a_version
from tests.registry.build import START, a_call, run, texts
from xds.ebrim.submit import write_submit_objects
from xds.namespaces import LCM

AUDITED = START.replace(hour=18)


def remove(registry, *entry_uuids, body=b"", instant=AUDITED):
    room = iti62.room(ledger=registry.ledger)
    return run(room, a_call(body or a_removal(*entry_uuids), instant=instant))


def refused(registry, *entry_uuids, body=b""):
    """The codes of a refusal that left everything as it was."""
    before = registry.everything().body, registry.everything(OTHER_PATIENT).body
    answer = remove(registry, *entry_uuids, body=body)
    assert answer.status == "Failure"
    assert (registry.everything().body, registry.everything(OTHER_PATIENT).body) == before
    return set(answer.codes)


def removed(registry, *entry_uuids):
    answer = remove(registry, *entry_uuids)
    assert answer.status == "Success", [c.code_context for c in answer.complaints]


def ids(registry, tag):
    return [o.id for o in registry.everything().of(tag)]


def parts(registry):
    """Ids of the one document, the one set, and the Association between them."""
    (entry,) = ids(registry, "ExtrinsicObject")
    (submission_set,) = ids(registry, "RegistryPackage")
    (association,) = ids(registry, "Association")
    return entry, submission_set, association


@pytest.fixture
def one_document(registry):
    registry.registered(*a_submission())
    return registry


@pytest.fixture
def in_a_folder(registry):
    """A document in a Folder, from one submission."""
    registry.registered(*a_submission(folders=1))
    return registry


def test_a_submission_is_removed_whole_and_nothing_of_it_is_found(one_document):
    removed(one_document, *parts(one_document))
    assert one_document.everything().objects == ()
    found = one_document.ask("GetDocuments", XDSDocumentEntryUniqueId=texts(f"{ROOT}.1"))
    assert found.status == "Success"
    assert found.objects == ()


def test_what_was_removed_can_be_registered_again_under_its_unique_ids(one_document):
    before = len(one_document.everything().objects)
    removed(one_document, *parts(one_document))
    one_document.registered(*a_submission())
    assert len(one_document.everything().objects) == before


def test_the_entry_uuid_of_a_version_that_is_gone_stays_the_later_one_s(one_document):
    """It is their logicalID: what was registered under it would be a version of the other."""
    (first,) = one_document.everything().of("ExtrinsicObject")
    updated = run(
        iti57.room(ledger=one_document.ledger, domain=OPEN_DOMAIN, identifier_checks={}),
        a_call(write_submit_objects(a_version(first, AssociationPropagation="no"))),
    )
    assert updated.status == "Success"
    touching = one_document.ask("GetAssociations", uuid=texts(first.id), MetadataLevel="2")
    own_set = touching.objects[0].attribute("sourceObject")
    removed(one_document, first.id, own_set, *touching.ids)
    (second,) = one_document.everything().of("ExtrinsicObject")
    assert second.attribute("lid") == first.id
    again = (
        a_set(),
        a_document_entry(first.id, unique_id=f"{ROOT}.62.1"),
        has_member(SUBMISSION_SET_ID, first.id, status="Original"),
    )
    assert one_document.register(*again).codes == ("XDSRegistryMetadataError",)
    assert one_document.everything().of("ExtrinsicObject") == [second]


def test_an_unknown_object_is_an_unresolved_reference_and_nothing_else_goes(one_document):
    unknown = "urn:uuid:00000000-0000-4000-8000-000000000000"
    assert refused(one_document, *parts(one_document), unknown) == {"UnresolvedReferenceException"}


def test_what_was_removed_is_not_removed_again(one_document):
    gone = parts(one_document)
    removed(one_document, *gone)
    assert refused(one_document, *gone) == {"UnresolvedReferenceException"}


@pytest.mark.parametrize("index", [0, 1])
def test_what_an_association_names_is_not_removed_without_it(one_document, index):
    assert refused(one_document, parts(one_document)[index]) == {"ReferencesExistException"}


@pytest.mark.parametrize("kept", [0, 1])
def test_nothing_is_left_without_an_association(one_document, kept):
    named = [one for number, one in enumerate(parts(one_document)) if number != kept]
    assert refused(one_document, *named) == {"XDSUnreferencedObjectException"}


def test_an_association_alone_leaves_both_its_ends(one_document):
    association = parts(one_document)[2]
    assert refused(one_document, association) == {"XDSUnreferencedObjectException"}


def memberships(registry):
    """The Association of Folder and document, and the one that holds it."""
    found = {o.id: o for o in registry.everything().of("Association")}
    (outer,) = [o for o in found.values() if o.attribute("targetObject") in found]
    return found[outer.attribute("targetObject")].id, outer.id


def test_a_document_is_taken_out_of_a_folder_which_says_when(in_a_folder):
    inner, outer = memberships(in_a_folder)
    assert refused(in_a_folder, inner) == {"ReferencesExistException"}
    before = len(in_a_folder.everything().objects)
    removed(in_a_folder, inner, outer)
    assert len(in_a_folder.everything().objects) == before - 2
    (folder,) = [o for o in in_a_folder.everything().objects if o.slot("lastUpdateTime")]
    assert folder.slot("lastUpdateTime").values == (f"{AUDITED:%Y%m%d%H%M%S}",)


def test_a_replacement_goes_only_with_its_relationship(one_document):
    (original,) = one_document.everything().of("ExtrinsicObject")
    first = parts(one_document)
    one_document.registered(
        *changing(
            a_replacement(original.id),
            SUBMISSION_SET_ID,
            lambda _: a_submission_set(unique_id=f"{ROOT}.62"),
        )
    )
    assert refused(one_document, *first) == {"ReferencesExistException"}
    every = [o.id for o in one_document.everything().objects]
    relationship = [
        o.id
        for o in one_document.everything().of("Association")
        if "RPLC" in (o.attribute("associationType") or "")
    ]
    removed(one_document, *first, *relationship)
    left = {o.id for o in one_document.everything().objects}
    assert left == set(every) - {*first, *relationship}


def test_naming_an_object_twice_is_naming_it_once(one_document):
    named = parts(one_document)
    removed(one_document, *named, *named)
    assert one_document.everything().objects == ()


@pytest.mark.parametrize(
    "body",
    [
        a_removal(),
        a_removal("").replace(b' id=""', b""),
        a_removal("urn:uuid:x", before='<rim:AdhocQuery id="urn:uuid:q"/>'),
        a_removal("urn:uuid:x", after="<rim:ObjectRefList/>"),
        a_removal("urn:uuid:x", attributes=' deletionScope="urn:other"'),
        f'<lcm:RemoveObjectsRequest xmlns:lcm="{LCM}"/>'.encode(),
        a_removal("urn:uuid:x").replace(b"ObjectRef id", b"ExtrinsicObject id"),
    ],
)
def test_a_request_of_another_shape_is_refused_and_nothing_goes(one_document, body):
    assert refused(one_document, body=body) == {"XDSRegistryMetadataError"}


def test_the_trace_names_patient_and_document(one_document):
    unique_id = one_document.everything().of("ExtrinsicObject")[0].external_identifiers
    room = iti62.room(ledger=one_document.ledger)
    concerned = room.handle(a_call(a_removal(*parts(one_document)))).concerned
    assert concerned.patients == (PATIENT,)
    assert concerned.documents[0] in {identifier.attribute("value") for identifier in unique_id}


def test_of_two_who_remove_the_same_at_once_one_does(one_document):
    named = parts(one_document)
    answers = at_once(*[partial(remove, one_document, *named)] * 2)
    assert sorted(a.status for a in answers) == ["Failure", "Success"]
    assert one_document.everything().objects == ()
