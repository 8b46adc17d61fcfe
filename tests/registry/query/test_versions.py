"""What $MetadataLevel shows of versions and of Associations that are no longer valid."""

from dataclasses import replace

import pytest

from registry.iti18_stored_query import handle as iti18
from registry.ledger.api import Plan, Wanted
from tests.build.submission import (
    OTHER_PATIENT,
    PATIENT,
    ROOT,
    a_replacement,
    a_submission,
    changing,
    with_identifier,
)
from tests.registry.build import APPROVED, BOTH, Registry, text, texts
from xds.limits import Limits
from xds.metadata import vocabulary as v
from xds.metadata.departures import Departure, statuses
from xds.metadata.rim import VersionInfo

NEW_ENTRY = "urn:uuid:22222222-2222-4222-8222-222222222201"
NEW_FOLDER = "urn:uuid:22222222-2222-4222-8222-222222222202"
UNIQUE_ID, FOLDER_UNIQUE_ID = f"{ROOT}.32^Document01", f"{ROOT}.34.1"
TWO = {"MetadataLevel": "2"}
DEPRECATED = texts(v.DEPRECATED)


def apply(registry, patients=(PATIENT,), **changes):
    wanted = Wanted(patient_ids=frozenset(patients))
    registry.ledger.write(
        wanted, lambda unit: unit.apply(Plan(instant="20260401000000", **changes))
    )


def next_version(rim, identifier):
    """The object as ITI-57 would register it anew: another id, the same lid, one version more."""
    return replace(
        rim.with_attribute("id", identifier).with_attribute("status", v.APPROVED),
        version_info=VersionInfo(version_name="2"),
    )


@pytest.fixture
def updated(registry):
    """A document in a folder, both updated once; gives the registry and the ids of version 1."""
    registry.registered(*a_submission(folders=1))
    entry = registry.entry(UNIQUE_ID)
    [folder] = registry.ask("GetFolders", XDSFolderUniqueId=texts(FOLDER_UNIQUE_ID)).objects
    apply(
        registry,
        add=(next_version(entry, NEW_ENTRY), next_version(folder, NEW_FOLDER)),
        statuses={entry.id: v.DEPRECATED, folder.id: v.DEPRECATED},
    )
    return registry, entry.id, folder.id


def of_documents(registry, **named):
    return set(registry.ask("GetDocuments", **named).ids)


def of_folders(registry, **named):
    return set(registry.ask("GetFolders", **named).ids)


@pytest.mark.parametrize("level", [{}, {"MetadataLevel": "1"}, {"MetadataLevel": "'1'"}])
def test_level_1_shows_the_latest_version_and_no_other(updated, level):
    registry, entry, _ = updated
    assert set(registry.find(**level).ids) == {NEW_ENTRY}
    assert set(registry.find(status=DEPRECATED, **level).ids) == set()
    assert of_documents(registry, XDSDocumentEntryUniqueId=texts(UNIQUE_ID), **level) == {NEW_ENTRY}
    both = texts(entry, NEW_ENTRY)
    assert of_documents(registry, XDSDocumentEntryEntryUUID=both, **level) == {NEW_ENTRY}
    unique_id = texts(FOLDER_UNIQUE_ID)
    assert of_folders(registry, XDSFolderUniqueId=unique_id, **level) == {NEW_FOLDER}
    found = registry.ask(
        "FindFolders", XDSFolderPatientId=text(PATIENT), XDSFolderStatus=BOTH, **level
    )
    assert found.ids == [NEW_FOLDER]


def test_level_2_shows_every_version(updated):
    registry, entry, folder = updated
    assert set(registry.find(**TWO).ids) == {entry, NEW_ENTRY}
    assert set(registry.find(status=DEPRECATED, **TWO).ids) == {entry}
    for asked in (
        {"XDSDocumentEntryUniqueId": texts(UNIQUE_ID)},
        {"XDSDocumentEntryLogicalID": texts(entry)},
        {"XDSDocumentEntryEntryUUID": texts(entry, NEW_ENTRY)},
    ):
        assert of_documents(registry, **asked, **TWO) == {entry, NEW_ENTRY}
    for asked in (
        {"XDSFolderUniqueId": texts(FOLDER_UNIQUE_ID)},
        {"XDSFolderLogicalID": texts(folder)},
    ):
        assert of_folders(registry, **asked, **TWO) == {folder, NEW_FOLDER}


def test_contents_follow_the_level(updated):
    registry, entry, folder = updated
    asked = {"XDSFolderUniqueId": text(FOLDER_UNIQUE_ID)}
    # The memberships stayed with version 1 of both: this test's update propagated none.
    assert registry.ask("GetFolderAndContents", **asked).ids == [NEW_FOLDER]
    whole = registry.ask("GetFolderAndContents", **asked, **TWO)
    assert {entry, folder, NEW_FOLDER} < set(whole.ids)
    assert len(whole.of("Association")) == 1
    of_set = {"XDSSubmissionSetUniqueId": text(f"{ROOT}.33")}
    seen = registry.ask("GetSubmissionSetAndContents", **of_set)
    assert [o.tag for o in seen.objects] == ["RegistryPackage"]
    whole = registry.ask("GetSubmissionSetAndContents", **of_set, **TWO)
    assert {entry, folder} < set(whole.ids)
    named = {"XDSDocumentEntryEntryUUID": text(entry)}
    assert registry.ask("GetFoldersForDocument", **named).ids == []
    assert registry.ask("GetFoldersForDocument", **named, **TWO).ids == [folder]
    all_of = registry.everything()
    assert {entry, folder, NEW_ENTRY, NEW_FOLDER} < set(all_of.ids)


def test_versions_of_several_patients_are_leaf_class_of_none(updated):
    registry, entry, folder = updated
    changed = [
        with_identifier(
            next_version(registry.ask(query, **by).objects[-1], new), scheme, OTHER_PATIENT
        )
        for query, by, new, scheme in (
            (
                "GetDocuments",
                {"XDSDocumentEntryEntryUUID": texts(NEW_ENTRY)},
                NEW_ENTRY[:-2] + "03",
                v.DOCUMENT_ENTRY_PATIENT_ID,
            ),
            (
                "GetFolders",
                {"XDSFolderEntryUUID": texts(NEW_FOLDER)},
                NEW_FOLDER[:-2] + "04",
                v.FOLDER_PATIENT_ID,
            ),
        )
    ]
    changed = [replace(o, version_info=VersionInfo(version_name="3")) for o in changed]
    apply(
        registry,
        (PATIENT, OTHER_PATIENT),
        add=tuple(changed),
        statuses={NEW_ENTRY: v.DEPRECATED, NEW_FOLDER: v.DEPRECATED},
    )
    for query, slot, logical_id in (
        ("GetDocuments", "$XDSDocumentEntryLogicalID", entry),
        ("GetFolders", "$XDSFolderLogicalID", folder),
    ):
        slots = {slot: texts(logical_id), "$MetadataLevel": "2"}
        assert registry.ask(query, slots).codes == ("XDSResultNotSinglePatient",)
        assert len(registry.ask(query, slots, returns="ObjectRef").ids) == 3
    assert registry.find(OTHER_PATIENT).ids == [changed[0].id]
    assert registry.find(PATIENT).ids == []  # its version is not the latest any more


@pytest.mark.parametrize("level", [{}, {"MetadataLevel": "1"}])
@pytest.mark.parametrize(
    ("query", "slot"),
    [("GetDocuments", "XDSDocumentEntryLogicalID"), ("GetFolders", "XDSFolderLogicalID")],
)
def test_a_logical_id_needs_level_2(updated, query, slot, level):
    registry, entry, _ = updated
    answer = registry.ask(query, **{slot: texts(entry)}, **level)
    assert (answer.status, answer.codes) == ("Failure", ("XDSRegistryError",))


@pytest.mark.parametrize("level", ["3", "0", "'two'", "(1,2)", "''"])
def test_another_level_is_refused(sqlite_registry, level):
    answer = sqlite_registry.ask(
        "FindDocuments",
        XDSDocumentEntryPatientId=text(PATIENT),
        XDSDocumentEntryStatus=APPROVED,
        MetadataLevel=level,
    )
    number = "XDSStoredQueryParamNumber"
    assert answer.codes == (number if level == "(1,2)" else "XDSRegistryError",)


@pytest.fixture
def unrelated(registry):
    """Two documents whose relationship, and membership in a folder, is Deprecated."""
    registry.registered(*a_submission(folders=1))
    first = registry.entry(UNIQUE_ID).id
    second = changing(
        a_replacement(first, v.APPEND),
        "Document01",
        lambda o: with_identifier(o, v.DOCUMENT_ENTRY_UNIQUE_ID, f"{ROOT}.1000"),
    )
    second = changing(
        second,
        "SubmissionSet01",
        lambda o: with_identifier(o, v.SUBMISSION_SET_UNIQUE_ID, f"{ROOT}.1001"),
    )
    registry.registered(*second)
    links = registry.everything().of("Association")
    [append] = [a for a in links if a.attribute("associationType") == v.APPEND]
    [folder] = registry.ask("GetFolders", XDSFolderUniqueId=texts(FOLDER_UNIQUE_ID)).ids
    [member] = [a for a in links if a.attribute("sourceObject") == folder]
    apply(registry, add=(), statuses={append.id: v.DEPRECATED, member.id: v.DEPRECATED})
    return registry, first, append.id, member.id, folder


def test_an_association_that_is_deprecated_is_shown_to_who_asks_at_level_2(unrelated):
    registry, first, append, member, folder = unrelated
    one = {"XDSDocumentEntryEntryUUID": text(first)}
    related = {"AssociationTypes": texts(v.APPEND), **one}
    queries = (
        ("GetAssociations", {"uuid": texts(first)}, append),
        ("GetDocumentsAndAssociations", {"XDSDocumentEntryEntryUUID": texts(first)}, append),
        ("GetRelatedDocuments", related, append),
        ("GetFolderAndContents", {"XDSFolderEntryUUID": text(folder)}, member),
        ("GetFoldersForDocument", one, folder),
        (
            "GetSubmissionSetAndContents",
            {"XDSSubmissionSetUniqueId": text(f"{ROOT}.33")},
            member,
        ),
        (
            "GetAll",
            {
                "patientId": text(PATIENT),
                "XDSDocumentEntryStatus": BOTH,
                "XDSSubmissionSetStatus": BOTH,
                "XDSFolderStatus": BOTH,
            },
            append,
        ),
    )
    for query, asked, shown in queries:
        for hidden in ({}, TWO, {"XDSAssociationStatus": BOTH}, {"XDSAssociationStatus": APPROVED}):
            assert shown not in registry.ask(query, **asked, **hidden).ids, (query, hidden)
        for wanted in (BOTH, DEPRECATED):
            answer = registry.ask(query, **asked, XDSAssociationStatus=wanted, **TWO)
            if query == "GetSubmissionSetAndContents" and wanted == DEPRECATED:
                continue  # the set's own memberships are Approved: without them it is empty
            assert shown in answer.ids, (query, wanted, answer.complaints)
    assert registry.ask("GetRelatedDocuments", **related).ids == []


def test_a_status_of_the_domain_is_understood_where_the_domain_has_it(registry):
    registry.registered(*a_submission())
    [entry] = registry.find().ids
    apply(registry, add=(), statuses={entry: v.ARCHIVED})
    french = replace(
        registry,
        asking=iti18.room(
            ledger=registry.ledger,
            limits=Limits(),
            statuses=statuses(frozenset({Departure.STATUS_ARCHIVED})),
        ),
    )
    archived = {
        "XDSDocumentEntryPatientId": text(PATIENT),
        "XDSDocumentEntryStatus": texts(v.ARCHIVED),
    }
    assert french.ask("FindDocuments", **archived).ids == [entry]
    assert french.find().ids == []
    refused = Registry.over(registry.ledger).ask("FindDocuments", **archived)
    assert refused.codes == ("XDSStoredQueryMissingParam",)
