"""ITI-42 from message to answer: what is refused leaves nothing, what is accepted is finished."""

import itertools
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.build.submission import (
    EMPTY_SHA1,
    OPEN_DOMAIN,
    OTHER_PATIENT,
    PATIENT,
    ROOT,
    SUBMISSION_SET_ID,
    a_document_entry,
    a_replacement,
    a_submission,
    a_submission_set,
    an_association,
    changing,
    changing_classification,
    has_member,
    with_identifier,
    without_attribute,
    without_slot,
)
from tests.registry.build import CALLER, STRANGER, Registry, texts
from xds.ebrim.submit import write_submit_objects
from xds.metadata import vocabulary as v
from xds.metadata.departures import Departure
from xds.metadata.rim import RimObject
from xds.metadata.views import is_marked

UUID = re.compile(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NEVER = "urn:uuid:00000000-0000-4000-8000-00000000dead"
GIVEN = "urn:uuid:11111111-1111-4111-8111-1111111111%02d"
LONG = "urn:example:".ljust(250, "x")
numbers = itertools.count(1)


def fresh(objects, *, keep_documents=False):
    """The same submission as another one: its uniqueIds are new."""
    n = next(numbers)
    schemes = [v.SUBMISSION_SET_UNIQUE_ID, v.FOLDER_UNIQUE_ID]
    schemes += [] if keep_documents else [v.DOCUMENT_ENTRY_UNIQUE_ID]

    def renewed(rim: RimObject) -> RimObject:
        for scheme in schemes:
            if found := rim.identifiers(scheme):
                rim = with_identifier(rim, scheme, f"{found[0].attribute('value')}.{n}")
        return rim

    return tuple(renewed(o) for o in objects)


def unique_id(rim: RimObject, scheme: str = v.DOCUMENT_ENTRY_UNIQUE_ID) -> str:
    return rim.identifiers(scheme)[0].attribute("value")


def a_registered_document(registry, patient=PATIENT) -> RimObject:
    objects = fresh(a_submission(patient=patient))
    registry.registered(*objects)
    return registry.entry(unique_id(objects[0]))


def a_registered_folder(registry, patient=PATIENT, entries=1) -> tuple[str, list[str]]:
    objects = fresh(a_submission(entries=entries, folders=1, patient=patient))
    registry.registered(*objects)
    uid = next(unique_id(o, v.FOLDER_UNIQUE_ID) for o in objects if is_folder(o))
    [folder] = registry.ask("GetFolders", XDSFolderUniqueId=texts(uid)).objects
    documents = [registry.entry(unique_id(o)).id for o in objects[:entries]]
    return folder.id, documents


def is_folder(rim: RimObject) -> bool:
    return rim.tag == "RegistryPackage" and is_marked(rim, v.FOLDER_NODE)


def is_set(rim: RimObject) -> bool:
    return rim.tag == "RegistryPackage" and is_marked(rim, v.SUBMISSION_SET_NODE)


def into_folder(folder: str, document: str, *objects: RimObject):
    """Objects, and a membership recorded in the submission set."""
    membership = an_association("Membership01", v.HAS_MEMBER, folder, document)
    return (*objects, membership, has_member(SUBMISSION_SET_ID, "Membership01"))


# -- what is accepted ------------------------------------------------------------------------------


def test_what_is_registered_comes_back_whole_and_finished(registry):
    objects = a_submission(entries=2, folders=1)
    registry.registered(*objects)
    answer = registry.everything()
    assert len(answer.objects) == len(objects)
    by_uid = {unique_id(o): o for o in answer.of("ExtrinsicObject")}
    for sent in objects[:2]:
        got = by_uid[unique_id(sent)]
        assert got.slots == sent.slots
        assert [without_attribute(c, "objectType").attributes[3:] for c in got.classifications] == [
            c.attributes[3:] for c in sent.classifications
        ]
        assert got.name == sent.name


def test_every_part_comes_back_with_its_object_type(registry):
    """TF-3 Tables 4.2.3.1.2-1, 4.2.3.1.3-1: optional upon submission, required upon retrieval."""
    registry.registered(*a_submission(folders=1))
    for part in (p for o in registry.everything().objects for p in parts(o)):
        assert part.attribute("objectType") == f"{v.OBJECT_TYPE}:{part.tag}"


@pytest.mark.parametrize(
    ("identifier", "is_kept"),
    [
        ("urn:uuid:10b545ea-725c-446d-9b95-8aeb444eddf3", True),
        ("urn:uuid:10B545EA-725C-446D-9B95-8AEB444EDDF3", False),
        ("urn:uuid:10b545ea-725c-446d-9b95-8aeb444eddf3-classCode", False),
        ("classCode", False),
        ("", False),
    ],
)
def test_the_id_of_a_part_comes_back_as_a_valid_uuid(sqlite_registry, identifier, is_kept):
    """§3.42.4.1.3.7: a valid UUID is not changed. Others are the Registry's to give."""
    objects = changing(
        a_submission(),
        "Document01",
        lambda o: changing_classification(
            o, v.CLASS_CODE, lambda c: c.with_attribute("id", identifier)
        ),
    )
    sqlite_registry.registered(*objects)
    [document] = sqlite_registry.find().objects
    [part] = document.classified(v.CLASS_CODE)
    assert UUID.fullmatch(part.id)
    assert (part.id == identifier) is is_kept


def test_every_symbolic_id_becomes_one_uuid_wherever_it_stands(registry):
    objects = a_submission(entries=2, folders=1)
    registry.registered(*objects)
    answer = registry.everything()
    everything = [*answer.objects, *(p for o in answer.objects for p in parts(o))]
    ids = [o.id for o in everything]
    assert all(UUID.fullmatch(i) for i in ids)
    assert len(set(ids)) == len(ids)
    for o in answer.objects:
        for part in parts(o):
            owner = part.attribute("classifiedObject") or part.attribute("registryObject")
            assert owner == o.id
        if o.tag == "Association":
            assert {o.attribute("sourceObject"), o.attribute("targetObject")} <= set(answer.ids)
    [submission_set] = filter(is_set, answer.objects)
    recorded = {
        a.attribute("targetObject")
        for a in answer.of("Association")
        if a.attribute("sourceObject") == submission_set.id
    }
    own = {
        a.id for a in answer.of("Association") if a.attribute("sourceObject") == submission_set.id
    }
    assert recorded == set(answer.ids) - own - {submission_set.id}


def parts(rim: RimObject):
    return (*rim.classifications, *rim.external_identifiers)


def test_a_valid_uuid_is_never_changed(registry):
    names = {"Document01": GIVEN % 1, SUBMISSION_SET_ID: GIVEN % 2, "Folder01": GIVEN % 3}
    registry.registered(*renamed(a_submission(folders=1), names))
    assert set(names.values()) < set(registry.everything().ids)


def renamed(objects, names):
    """The objects with other ids, everywhere."""
    body = write_submit_objects(objects).decode()
    for old, new in names.items():
        body = body.replace(f'"{old}"', f'"{new}"')
    from lxml import etree

    from xds.ebrim.submit import read_submit_objects
    from xds.errors import Where

    return read_submit_objects(etree.fromstring(body), Where("x"))


def test_the_registrys_own_attributes_are_set_whatever_came(registry):
    sent = [
        o.with_attribute("status", v.DEPRECATED).with_attribute("lid", NEVER)
        for o in a_submission(folders=1)
    ]
    registry.registered(*sent)
    for got in registry.everything().objects:
        assert got.attribute("lid") == got.id
        assert got.attribute("status") == v.APPROVED
        assert got.version_info.version_name == "1"


def test_short_names_of_association_types_are_spelled_out(registry):
    objects = tuple(
        o.with_attribute("associationType", "HasMember") if o.tag == "Association" else o
        for o in a_submission()
    )
    registry.registered(*objects)
    [association] = registry.everything().of("Association")
    assert association.attribute("associationType") == v.HAS_MEMBER


def test_slots_that_the_standard_does_not_know_are_kept(registry):
    extra = "urn:example:extra"
    registry.registered(
        *(o.with_slot(extra, "a", "b") if o.tag != "RegistryPackage" else o for o in a_submission())
    )
    answer = registry.everything()
    for tag in ("ExtrinsicObject", "Association"):
        [got] = answer.of(tag)
        assert got.slot(extra).values == ("a", "b")


def test_the_same_document_may_be_registered_again(registry):
    registry.registered(*a_submission())
    registry.registered(*fresh(a_submission(), keep_documents=True))
    upper = changing(
        fresh(a_submission(), keep_documents=True),
        "Document01",
        lambda o: o.with_slot("hash", EMPTY_SHA1.upper()),
    )
    registry.registered(*upper)
    assert len(registry.find().objects) == 3


def test_a_folder_alone_and_an_association_alone_are_submissions(registry):
    registry.registered(*fresh(a_submission(entries=0, folders=1)))
    folder, [first] = a_registered_folder(registry)
    other = a_registered_document(registry)
    registry.registered(*fresh(into_folder(folder, other.id, a_submission_set())))
    inside = registry.ask("GetFolderAndContents", XDSFolderEntryUUID=f"'{folder}'")
    assert {first, other.id, folder} < set(inside.ids)


def test_further_components_of_a_patient_id_make_no_other_patient(ledger):
    """France's INS have a fifth component; a consumer may ask with it or without."""
    registry = Registry.over(ledger, replace(OPEN_DOMAIN, departures=frozenset(Departure)))
    registry.ledger.add_patient(f"{STRANGER}^NH", "2026")
    first = fresh(a_submission(patient=f"{STRANGER}^NH"))
    registry.registered(*first)
    old = registry.entry(unique_id(first[0]))
    registry.registered(*fresh(a_replacement(old.id, patient=STRANGER)))
    with_it, without = (registry.find(patient=p).body for p in (f"{STRANGER}^NH", STRANGER))
    assert with_it == without
    assert len(registry.find(patient=STRANGER).objects) == 2


# -- relationships and folders ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", [v.REPLACE, v.TRANSFORM_AND_REPLACE])
def test_a_replacement_deprecates_its_target_and_its_children(registry, kind):
    old = a_registered_document(registry)
    children = []
    for child_kind in (v.APPEND, v.TRANSFORM):
        objects = fresh(a_replacement(old.id, child_kind))
        registry.registered(*objects)
        children.append(registry.entry(unique_id(objects[0])))
    grandchild = fresh(a_replacement(children[0].id, v.TRANSFORM))
    registry.registered(*grandchild)
    bystander = a_registered_document(registry)
    new = fresh(a_replacement(old.id, kind))
    registry.registered(*new)
    approved = registry.find(status=f"('{v.APPROVED}')")
    assert set(approved.ids) == {bystander.id, registry.entry(unique_id(new[0])).id}
    assert len(registry.find(status=f"('{v.DEPRECATED}')").ids) == 4
    for got in registry.find(status=f"('{v.DEPRECATED}')").objects:
        assert got.attribute("status") == v.DEPRECATED


@pytest.mark.parametrize("kind", [v.APPEND, v.TRANSFORM])
def test_an_addendum_deprecates_nothing(registry, kind):
    old = a_registered_document(registry)
    registry.registered(*fresh(a_replacement(old.id, kind)))
    assert len(registry.find(status=f"('{v.APPROVED}')").ids) == 2


def test_a_replacement_takes_the_folders_of_what_it_replaces(registry):
    folder, [old] = a_registered_folder(registry)
    second = fresh(into_folder_new(old))
    registry.registered(*second)
    before = {f.id: f.slot("lastUpdateTime").values[0] for f in folders_of(registry, old)}
    assert len(before) == 2
    new = fresh(a_replacement(old))
    registry.registered(*new)
    document = registry.entry(unique_id(new[0])).id
    after = {f.id: f.slot("lastUpdateTime").values[0] for f in folders_of(registry, document)}
    assert set(after) == set(before)
    assert folder in after
    assert all(after[f] > before[f] for f in after)
    [submission_set] = registry.ask("GetSubmissionSets", uuid=texts(document)).of("RegistryPackage")
    contents = registry.ask(
        "GetSubmissionSetAndContents", XDSSubmissionSetEntryUUID=f"'{submission_set.id}'"
    )
    touching = registry.ask("GetAssociations", uuid=texts(document)).objects
    memberships = [a for a in touching if a.attribute("sourceObject") in after]
    assert len(memberships) == 2
    around = registry.ask("GetAssociations", uuid=texts(*(m.id for m in memberships))).objects
    assert {(a.attribute("sourceObject"), a.attribute("targetObject")) for a in around} == {
        (submission_set.id, m.id) for m in memberships
    }
    for made in (*memberships, *around):
        assert made.attribute("status") == v.APPROVED
        assert made.attribute("lid") == made.id
    assert contents.status == "Success"


def into_folder_new(document: str):
    """A new folder with a registered document in it."""
    made = a_submission(entries=0, folders=1)
    return into_folder("Folder01", document, *made)


def folders_of(registry, document: str):
    found = registry.ask("GetFoldersForDocument", XDSDocumentEntryEntryUUID=f"'{document}'")
    assert found.status == "Success"
    return found.objects


def test_a_replacement_that_is_put_into_the_folder_by_hand_is_there_once(registry):
    folder, [old] = a_registered_folder(registry)
    new = fresh(into_folder(folder, "Document01", *a_replacement(old)))
    registry.registered(*new)
    document = registry.entry(unique_id(new[0])).id
    touching = registry.ask("GetAssociations", uuid=texts(document)).objects
    assert [a.attribute("sourceObject") for a in touching].count(folder) == 1


def test_the_time_of_a_folder_is_the_registrys_and_moves_with_each_member(registry):
    folder, _ = a_registered_folder(registry)

    def time():
        [got] = registry.ask("GetFolders", XDSFolderEntryUUID=texts(folder)).objects
        return got.slot("lastUpdateTime").values

    assert time() == ("20260301120000",)
    registry.registered(*fresh(into_folder(folder, "Document01", *a_submission())))
    assert time() == ("20260301120100",)
    a_registered_document(registry)
    assert time() == ("20260301120100",)


# -- what is refused -------------------------------------------------------------------------------


def refused_cases():
    def case(name, code, make):
        return pytest.param(make, code, id=f"{name}-is-{code}")

    def relating(kind, target=None, patient=PATIENT):
        return lambda r: a_replacement(target or a_registered_document(r).id, kind, patient=patient)

    def to_deprecated(kind):
        def make(r):
            old = a_registered_document(r)
            r.registered(*fresh(a_replacement(old.id)))
            return a_replacement(old.id, kind)

        return make

    def other_folder(r):
        folder, _ = a_registered_folder(r, OTHER_PATIENT)
        return into_folder(folder, "Document01", *a_submission())

    def deprecated_into_folder(r):
        folder, [old] = a_registered_folder(r)
        r.registered(*fresh(a_replacement(old)))
        return into_folder(folder, old, a_submission_set())

    def strange_source(r):
        document = a_registered_document(r)
        return into_folder(document.id, "Document01", *a_submission())

    def member_that_is_no_document(r):
        folder, _ = a_registered_folder(r)
        other, _ = a_registered_folder(r)
        return into_folder(folder, other, a_submission_set())

    def foreign_set(r):
        a_registered_document(r)
        [theirs] = filter(is_set, r.everything().objects)
        return into_folder(theirs.id, "Document01", *a_submission())

    def uuid_in_use(r):
        return renamed(a_submission(), {"Document01": a_registered_document(r).id})

    def set_uuid_in_use(r):
        return renamed(a_submission(), {SUBMISSION_SET_ID: a_registered_document(r).id})

    def same_id(scheme, owner, other_scheme):
        """A uniqueId that an object of another kind has."""

        def make(r):
            first = changing(
                a_submission(folders=1),
                "Document01",
                lambda o: with_identifier(o, entry_id, f"{ROOT}.77"),
            )
            r.registered(*(first := fresh(first)))
            taken = next(
                o.identifiers(other_scheme)[0].attribute("value")
                for o in first
                if o.identifiers(other_scheme)
            )
            objects = fresh(a_submission(folders=1))
            return Kept(changing(objects, owner, lambda o: with_identifier(o, scheme, taken)))

        return make

    def other_bytes(slot, value):
        def make(r):
            r.registered(*a_submission())
            again = fresh(a_submission(), keep_documents=True)
            return Kept(changing(again, "Document01", lambda o: o.with_slot(slot, value)))

        return make

    def snapshot_of_stable(r):
        return a_replacement(a_registered_document(r).id, v.IS_SNAPSHOT_OF)

    def target_is_a_folder(kind):
        return lambda r: a_replacement(a_registered_folder(r)[0], kind)

    set_id, entry_id = v.SUBMISSION_SET_UNIQUE_ID, v.DOCUMENT_ENTRY_UNIQUE_ID
    mismatch = "XDSPatientIdDoesNotMatch"
    yield case(
        "an unknown patient", "XDSUnknownPatientId", lambda _: a_submission(patient=STRANGER)
    )
    yield case(
        "two patients",
        mismatch,
        lambda _: (
            a_document_entry(patient=OTHER_PATIENT),
            *(o for o in a_submission() if o.id != "Document01"),
        ),
    )
    for kind in (v.REPLACE, v.APPEND, v.TRANSFORM, v.TRANSFORM_AND_REPLACE):
        name = kind.rpartition(":")[2]
        yield case(
            f"{name} of a deprecated document",
            "XDSRegistryDeprecatedDocumentError",
            to_deprecated(kind),
        )
        yield case(f"{name} of nothing", "UnresolvedReferenceException", relating(kind, NEVER))
        yield case(f"{name} of another patient", mismatch, relating(kind, patient=OTHER_PATIENT))
        yield case(f"{name} of a folder", "UnresolvedReferenceException", target_is_a_folder(kind))
    metadata = "XDSRegistryMetadataError"
    yield case("a snapshot of a stable document", metadata, snapshot_of_stable)
    yield case(
        "an on-demand document",
        metadata,
        lambda _: changing(
            a_submission(), "Document01", lambda o: o.with_attribute("objectType", v.ON_DEMAND)
        ),
    )
    yield case("a folder of another patient", mismatch, other_folder)
    yield case(
        "a deprecated document into a folder",
        "XDSRegistryDeprecatedDocumentError",
        deprecated_into_folder,
    )
    yield case("a document as a folder", metadata, strange_source)
    yield case("a folder in a folder", metadata, member_that_is_no_document)
    yield case("another submission set as source", metadata, foreign_set)
    yield case(
        "an unknown folder",
        "UnresolvedReferenceException",
        lambda _: into_folder(NEVER, "Document01", *a_submission()),
    )
    yield case(
        "an unknown member",
        "UnresolvedReferenceException",
        lambda _: (
            *a_submission(),
            has_member(SUBMISSION_SET_ID, NEVER, status=v.REFERENCE),
        ),
    )
    yield case("the uuid of a document in use", metadata, uuid_in_use)
    yield case("the uuid of a set in use", metadata, set_uuid_in_use)
    for name, scheme in (
        ("set", set_id),
        ("document", entry_id),
        ("folder", v.FOLDER_UNIQUE_ID),
    ):
        yield case(
            f"a submission set with the uniqueId of a {name}",
            "XDSDuplicateUniqueIdInRegistry",
            same_id(set_id, SUBMISSION_SET_ID, scheme),
        )
        yield case(
            f"a folder with the uniqueId of a {name}",
            "XDSDuplicateUniqueIdInRegistry",
            same_id(v.FOLDER_UNIQUE_ID, "Folder01", scheme),
        )
        if name != "document":
            yield case(
                f"a document with the uniqueId of a {name}",
                "XDSDuplicateUniqueIdInRegistry",
                same_id(entry_id, "Document01", scheme),
            )
    yield case("another hash", "XDSNonIdenticalHash", other_bytes("hash", "a" * 40))
    yield case("another size", "XDSNonIdenticalSize", other_bytes("size", "7"))
    yield case(
        "a uniqueId twice",
        "XDSRegistryDuplicateUniqueIdInMessage",
        lambda _: Kept(
            changing(
                a_submission(entries=2),
                "Document02",
                lambda o: with_identifier(o, entry_id, f"{ROOT}.32^Document01"),
            )
        ),
    )
    yield from cases_of_members(case)
    for slot in ("hash", "size", "repositoryUniqueId", "creationTime", "languageCode"):
        yield case(
            f"one of two documents without {slot}",
            metadata,
            lambda _, slot=slot: changing(
                a_submission(entries=2), "Document02", lambda o: without_slot(o, slot)
            ),
        )


def cases_of_members(case):
    """What a SubmissionSet holds that was registered earlier, and what a submission may not say."""
    metadata, mismatch = "XDSRegistryMetadataError", "XDSPatientIdDoesNotMatch"
    deprecated = "XDSRegistryDeprecatedDocumentError"

    def holding(target, status=v.REFERENCE):
        return (*a_submission(), has_member(SUBMISSION_SET_ID, target, status=status))

    def of_a_deprecated(r):
        old = a_registered_document(r)
        r.registered(*fresh(a_replacement(old.id)))
        return holding(old.id)

    def of_a_set(r):
        a_registered_document(r)
        [theirs] = filter(is_set, r.everything().objects)
        return holding(theirs.id, status="")

    def of_a_folder(r):
        return holding(a_registered_folder(r, OTHER_PATIENT)[0], status="")

    def of_the_other_patients_folder(r):
        folder, _ = a_registered_folder(r, OTHER_PATIENT)
        document = a_registered_document(r, OTHER_PATIENT)
        return into_folder(folder, document.id, a_submission_set())

    def replaced_twice(second):
        def make(r):
            old = a_registered_document(r).id
            return (
                *a_submission(entries=2),
                an_association("one", v.REPLACE, "Document01", old),
                an_association("two", second, "Document02", old),
            )

        return make

    def appended_to_a_transformation(r):
        first = fresh(a_replacement(a_registered_document(r).id, v.TRANSFORM))
        r.registered(*first)
        return a_replacement(r.entry(unique_id(first[0])).id, v.APPEND)

    def version(identifier):
        def make(r):
            old = (
                a_registered_folder(r)[0] if "Folder" in identifier else a_registered_document(r).id
            )
            return changing(
                a_submission(folders=1), identifier, lambda o: o.with_attribute("lid", old)
            )

        return make

    yield case("a deprecated document by reference", deprecated, of_a_deprecated)
    yield case(
        "a registered document without SubmissionSetStatus",
        metadata,
        lambda r: holding(a_registered_document(r).id, status=""),
    )
    yield case(
        "a registered document as an original",
        metadata,
        lambda r: holding(a_registered_document(r).id, status=v.ORIGINAL),
    )
    yield case("another submission set as member", metadata, of_a_set)
    yield case("a folder of another patient as member", mismatch, of_a_folder)
    yield case("another patient's folder is filled", mismatch, of_the_other_patients_folder)
    for second in (v.REPLACE, v.TRANSFORM_AND_REPLACE):
        yield case(
            f"RPLC and {second.rpartition(':')[2]} of one document",
            deprecated,
            replaced_twice(second),
        )
    yield case("an addendum to a transformation", metadata, appended_to_a_transformation)
    yield case(
        "an addendum to a transformation of the same message",
        metadata,
        lambda r: (
            *a_submission(entries=2),
            an_association("one", v.TRANSFORM, "Document01", a_registered_document(r).id),
            an_association("two", v.APPEND, "Document02", "Document01"),
        ),
    )
    yield case(
        "an addendum to itself",
        metadata,
        lambda _: (*a_submission(), an_association("one", v.APPEND, "Document01", "Document01")),
    )
    for identifier in ("Document01", "Folder01"):
        yield case(f"a new version of {identifier}", metadata, version(identifier))
    yield case(
        "a previous version",
        metadata,
        lambda _: changing(
            a_submission(),
            f"{SUBMISSION_SET_ID}-Document01",
            lambda o: o.with_slot("PreviousVersion", "1"),
        ),
    )


def test_a_document_by_reference_may_be_another_patients(registry):
    """The set's own patient stays the same; nothing of the document changes (TF-3 §4.2.2.1.1)."""
    theirs = a_registered_document(registry, OTHER_PATIENT)
    before = registry.entry(unique_id(theirs))
    registry.registered(
        *fresh((a_submission_set(), has_member(SUBMISSION_SET_ID, theirs.id, status=v.REFERENCE)))
    )
    assert registry.entry(unique_id(theirs)) == before
    [own] = filter(is_set, registry.everything().objects)
    assert unique_id(own, v.SUBMISSION_SET_PATIENT_ID) == PATIENT


class Kept(tuple):
    """Objects whose uniqueIds stay as they are."""

    __slots__ = ()


@pytest.mark.parametrize(("make", "code"), list(refused_cases()))
def test_refused_with_the_right_code_and_nothing_of_it_is_registered(sqlite_registry, make, code):
    registry = sqlite_registry
    objects = make(registry)
    if not isinstance(objects, Kept):
        objects = fresh(objects)
    before = [registry.everything(p).body for p in (PATIENT, OTHER_PATIENT, STRANGER)]
    answer = registry.register(*objects)
    assert answer.status == "Failure"
    assert set(answer.codes) == {code}
    for complaint in answer.complaints:
        assert complaint.code_context
        assert complaint.location
    assert [registry.everything(p).body for p in (PATIENT, OTHER_PATIENT, STRANGER)] == before
    registry.registered(*fresh(a_submission()))


@pytest.mark.parametrize(
    ("change", "code", "told"),
    [
        (
            lambda: a_submission(patient=f"{'1' * 200}^^^&1.2.3&ISO"),
            "XDSUnknownPatientId",
            f"'{'1' * 200}^^^&1.2.3&ISO'",
        ),
        (
            lambda: changing(a_submission(), "Document01", lambda o: o.with_slot("hash", "0" * 40)),
            "XDSNonIdenticalHash",
            f"uniqueId '{LONG}'",
        ),
        (
            lambda: changing(a_submission(), "Document01", lambda o: o.with_slot("size", "1")),
            "XDSNonIdenticalSize",
            f"uniqueId '{LONG}'",
        ),
    ],
)
def test_the_code_context_has_what_the_table_says(sqlite_registry, change, code, told):
    """TF-3 Table 4.2.4.1-2: "codeContext shall indicate uniqueId", "… the value of patient Id"."""

    def named(objects):
        return changing(
            fresh(objects),
            "Document01",
            lambda o: with_identifier(o, v.DOCUMENT_ENTRY_UNIQUE_ID, LONG),
        )

    sqlite_registry.registered(*named(a_submission()))
    answer = sqlite_registry.register(*named(change()))
    assert set(answer.codes) == {code}
    assert all(told in c.code_context for c in answer.complaints)


@pytest.mark.parametrize(
    ("identifier", "scheme", "subject"),
    [
        (SUBMISSION_SET_ID, v.SUBMISSION_SET_UNIQUE_ID, "SubmissionSet"),
        ("Folder01", v.FOLDER_UNIQUE_ID, "Folder"),
    ],
)
def test_a_duplicate_is_told_by_kind_and_value(sqlite_registry, identifier, scheme, subject):
    """TF-3 Table 4.2.4.1-2: "codeContext shall indicate which and the value"."""
    first = fresh(a_submission(folders=1))
    value = next(unique_id(o, scheme) for o in first if o.id == identifier)
    sqlite_registry.registered(*first)
    again = changing(
        fresh(a_submission(folders=1)), identifier, lambda o: with_identifier(o, scheme, value)
    )
    answer = sqlite_registry.register(*again)
    assert set(answer.codes) == {"XDSDuplicateUniqueIdInRegistry"}
    [complaint] = answer.complaints
    assert complaint.code_context.startswith(subject)
    assert f"'{value}'" in complaint.code_context


def test_all_that_is_wrong_is_said_at_once(sqlite_registry):
    registry = sqlite_registry
    old = a_registered_document(registry)
    registry.registered(*fresh(a_replacement(old.id)))
    objects = changing(
        fresh(into_folder(NEVER, "Document01", *a_replacement(old.id, patient=STRANGER))),
        "Document01",
        lambda o: without_slot(o, "hash"),
    )
    answer = registry.register(*objects)
    assert {
        "XDSRegistryMetadataError",
        "XDSUnknownPatientId",
        "XDSRegistryDeprecatedDocumentError",
        "UnresolvedReferenceException",
    } <= set(answer.codes)


def test_the_signature_of_a_whole_submission_may_stand_in_it_where_the_domain_says_so(ledger):
    signs = an_association("Signature01", v.SIGNS, "Document01", SUBMISSION_SET_ID)
    objects = fresh((*a_submission(), signs))
    refused = Registry.over(ledger).register(*objects)
    assert set(refused.codes) == {"UnresolvedReferenceException"}
    assert Registry.over(ledger).everything().objects == ()
    registry = Registry.over(ledger, replace(OPEN_DOMAIN, departures=frozenset(Departure)))
    registry.registered(*objects)
    [set_] = filter(is_set, registry.everything().objects)
    kinds = {
        a.attribute("targetObject"): a.attribute("associationType")
        for a in registry.everything().of("Association")
    }
    assert kinds[set_.id] == v.SIGNS


# -- again, and at once ----------------------------------------------------------------------------


def test_a_client_that_sends_a_submission_again_is_told_that_it_is_registered(registry):
    objects = a_submission()
    registry.registered(*objects)
    again = registry.register(*objects)
    assert again.codes == ("XDSDuplicateUniqueIdInRegistry",)
    assert "identical" in again.complaints[0].code_context
    changed = changing(objects, "Document01", lambda o: o.with_slot("URI", "other"))
    other = registry.register(*changed)
    assert other.codes == ("XDSDuplicateUniqueIdInRegistry",)
    assert "other content" in other.complaints[0].code_context


def test_a_repository_may_repeat_a_message_whose_answer_was_lost(registry):
    vouched = replace(CALLER, vouched_by="CN=repository")
    objects = a_submission()
    first = {"caller": vouched, "message_id": "urn:uuid:m1"}
    assert registry.register(*objects, **first).status == "Success"
    before = registry.everything().body
    assert registry.register(*objects, **first).status == "Success"
    assert registry.everything().body == before
    changed = changing(objects, "Document01", lambda o: o.with_slot("URI", "other"))
    assert registry.register(*changed, **first).status == "Failure"
    other_message = registry.register(*objects, caller=vouched, message_id="urn:uuid:m2")
    assert other_message.codes == ("XDSDuplicateUniqueIdInRegistry",)
    assert registry.register(*objects, message_id="urn:uuid:m1").status == "Failure"
    assert registry.everything().body == before


def at_once(registry, *submissions):
    """Register all at the same moment, from as many threads."""
    start = threading.Barrier(len(submissions))

    def go(objects):
        start.wait(20)
        return registry.register(*objects)

    with ThreadPoolExecutor(len(submissions)) as pool:
        return list(pool.map(go, submissions))


def test_of_identical_submissions_at_once_exactly_one_is_registered(registry):
    answers = at_once(registry, *(a_submission(folders=1) for _ in range(6)))
    assert [a.status for a in answers].count("Success") == 1
    assert {c for a in answers for c in a.codes} == {"XDSDuplicateUniqueIdInRegistry"}
    assert len(registry.everything().objects) == len(a_submission(folders=1))


def test_of_replacements_at_once_exactly_one_is_the_successor(registry):
    old = a_registered_document(registry)
    answers = at_once(registry, *(fresh(a_replacement(old.id)) for _ in range(6)))
    assert [a.status for a in answers].count("Success") == 1
    assert {c for a in answers for c in a.codes} == {"XDSRegistryDeprecatedDocumentError"}
    assert len(registry.find(status=f"('{v.APPROVED}')").objects) == 1


def test_submissions_of_different_documents_at_once_are_all_registered(registry):
    answers = at_once(registry, *(fresh(a_submission()) for _ in range(8)))
    assert {a.status for a in answers} == {"Success"}
    assert len(registry.find().objects) == 8


def test_other_bytes_under_one_unique_id_at_once_are_registered_once(registry):
    rivals = [
        changing(
            fresh(a_submission(), keep_documents=True),
            "Document01",
            lambda o, n=n: o.with_slot("hash", f"{n:040}"),
        )
        for n in range(4)
    ]
    answers = at_once(registry, *rivals)
    assert [a.status for a in answers].count("Success") == 1
    assert {c for a in answers for c in a.codes} == {"XDSNonIdenticalHash"}


def test_an_uuid_that_two_bring_at_once_is_given_to_one(registry):
    names = {"Document01": GIVEN % 9}
    answers = at_once(registry, *(fresh(renamed(a_submission(), names)) for _ in range(4)))
    assert [a.status for a in answers].count("Success") == 1
    assert {c for a in answers for c in a.codes} == {"XDSRegistryMetadataError"}
