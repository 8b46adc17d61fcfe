"""Registry Stored Query: what a query means, and each way to ask wrongly with its code."""

import pytest

from registry.query.catalogue import STORED_QUERIES
from tests.build.submission import (
    OTHER_PATIENT,
    PATIENT,
    ROOT,
    a_document_entry,
    a_submission,
    a_submission_set,
    has_member,
)
from tests.registry.build import (
    APPROVED,
    BOTH,
    STRANGER,
    Registry,
    a_query,
    text,
    texts,
)
from xds.limits import Limits
from xds.metadata import vocabulary as v

NEVER = "urn:uuid:00000000-0000-0000-0000-00000000dead"
UNIQUE_ID = f"{ROOT}.32^Document01"
FIND = {"XDSDocumentEntryPatientId": text(PATIENT), "XDSDocumentEntryStatus": APPROVED}


def pairs(**named):
    return [(f"${name}", value) for name, value in named.items()]


FOUND = pairs(**FIND)


@pytest.fixture
def one(sqlite_registry):
    """A registry with one document in one folder."""
    sqlite_registry.registered(*a_submission(folders=1))
    return sqlite_registry


@pytest.fixture
def two_patients(sqlite_registry):
    """The same document of two patients, under one uniqueId."""
    for number, patient in enumerate((PATIENT, OTHER_PATIENT)):
        sqlite_registry.registered(
            a_document_entry(patient=patient),
            a_submission_set(patient=patient, unique_id=f"{ROOT}.77.{number}"),
            has_member("SubmissionSet01", "Document01", status=v.ORIGINAL),
        )
    return sqlite_registry


# -- answers ---------------------------------------------------------------------------------------


def test_nothing_found_is_success_with_an_empty_list(one):
    for query, slots in (
        ("FindDocuments", pairs(**FIND | {"XDSDocumentEntryPatientId": text(STRANGER)})),
        ("FindDocuments", [*FOUND, *pairs(XDSDocumentEntryClassCode="('x^^y')")]),
        ("GetDocuments", pairs(XDSDocumentEntryEntryUUID=texts(NEVER))),
        ("GetSubmissionSetAndContents", pairs(XDSSubmissionSetUniqueId=text("1.2.3"))),
        ("GetAssociations", pairs(uuid=texts(NEVER))),
    ):
        for returns in ("LeafClass", "ObjectRef"):
            answer = one.ask(query, slots, returns=returns)
            assert (answer.status, answer.objects, answer.complaints) == ("Success", (), ()), query
            assert b"RegistryObjectList" in answer.body


def test_object_refs_name_what_leaf_class_shows(one):
    leaves, references = one.everything(), one.everything(returns="ObjectRef")
    assert references.ids == leaves.ids
    assert len(leaves.ids) == len(set(leaves.ids)) == 3 + 4
    assert {o.tag for o in references.objects} == {"ObjectRef"}


def test_an_answer_is_in_the_order_sets_documents_folders_associations(one):
    tags = [o.tag for o in one.everything().objects]
    assert tags[:3] == ["RegistryPackage", "ExtrinsicObject", "RegistryPackage"]
    assert set(tags[3:]) == {"Association"}


def test_a_number_and_a_quoted_time_are_the_same_time(one):
    for written, is_found in (
        ("20051224", True),
        ("'20051224'", True),
        ("'2006'", False),
        ("20051225", False),
    ):
        answer = one.find(XDSDocumentEntryCreationTimeFrom=written)
        assert bool(answer.ids) is is_found, written


def test_a_status_that_is_not_understood_is_ignored_beside_one_that_is(one):
    assert one.find(status=texts("urn:nonsense", v.APPROVED)).ids == one.find().ids != []


def test_the_query_id_is_known_in_any_case_and_with_space_around(one):
    sent = a_query("FindDocuments", FOUND)
    known = b"urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"
    assert known in sent
    loud = sent.replace(known, b" urn:uuid:14D4DEBF-8F97-4251-9A74-A90016B0AF0D ")
    assert one.send(loud).ids == one.find().ids


def test_home_filters_nothing(one):
    slots = [*FOUND, ("$MetadataLevel", "1"), ("$homeCommunityId", "'urn:oid:1.2'")]
    assert one.ask("FindDocuments", slots, home="urn:oid:1.2.3").ids == one.find().ids


def test_slots_without_a_dollar_are_no_parameters(one):
    slots = [*FOUND, ("urn:example:note", "anything (at all")]
    assert one.ask("FindDocuments", slots).ids == one.find().ids


def test_object_refs_may_concern_several_patients(two_patients):
    slots = pairs(XDSDocumentEntryUniqueId=texts(UNIQUE_ID))
    assert len(two_patients.ask("GetDocuments", slots, returns="ObjectRef").ids) == 2


# -- refusals --------------------------------------------------------------------------------------

MISSING, NUMBER = "XDSStoredQueryMissingParam", "XDSStoredQueryParamNumber"
SYNTAX = "XDSRegistryError"
ENTRY = "XDSDocumentEntryEntryUUID"
WRONG = [
    ("an unknown query", NEVER, FOUND, ["XDSUnknownStoredQuery"]),
    ("no id", "", FOUND, ["XDSUnknownStoredQuery"]),
    ("no patient", "FindDocuments", FOUND[1:], [MISSING]),
    ("no status", "FindDocuments", FOUND[:1], [MISSING]),
    ("nothing at all", "FindDocuments", [], [MISSING, MISSING]),
    ("GetAll with nothing", "GetAll", [], [MISSING] * 4),
    ("an empty slot", "FindDocuments", [FOUND[0], ("$XDSDocumentEntryStatus", [])], [MISSING]),
    (
        "only a status that is not understood",
        "FindDocuments",
        [FOUND[0], *pairs(XDSDocumentEntryStatus="('urn:x')")],
        [MISSING],
    ),
    (
        "two patients",
        "FindDocuments",
        [("$XDSDocumentEntryPatientId", texts(PATIENT, OTHER_PATIENT)), FOUND[1]],
        [NUMBER],
    ),
    ("a slot that may not come twice", "FindDocuments", [*FOUND, FOUND[1]], [NUMBER]),
    (
        "two times",
        "FindDocuments",
        [*FOUND, *pairs(XDSDocumentEntryCreationTimeFrom="('2004','2005')")],
        [NUMBER],
    ),
    (
        "both ids",
        "GetDocuments",
        pairs(**{ENTRY: texts(NEVER), "XDSDocumentEntryUniqueId": texts("1")}),
        [NUMBER],
    ),
    ("neither id", "GetDocuments", [], [MISSING]),
    (
        "two sets",
        "GetSubmissionSetAndContents",
        pairs(XDSSubmissionSetUniqueId=texts("1", "2")),
        [NUMBER],
    ),
    (
        "a code without its scheme",
        "FindDocuments",
        [*FOUND, *pairs(XDSDocumentEntryClassCode="('a')")],
        [SYNTAX],
    ),
    (
        "a code with a name in the middle",
        "FindDocuments",
        [*FOUND, *pairs(XDSDocumentEntryClassCode="('a^b^c')")],
        [SYNTAX],
    ),
    (
        "a value without quotes",
        "FindDocuments",
        [*FOUND, *pairs(XDSDocumentEntryAuthorPerson="(Dupont)")],
        [SYNTAX],
    ),
    (
        "a time that is none",
        "FindDocuments",
        [*FOUND, *pairs(XDSDocumentEntryCreationTimeTo="'2004-12-25'")],
        [SYNTAX],
    ),
    (
        "an entry type that is none",
        "FindDocuments",
        [*FOUND, *pairs(XDSDocumentEntryType="('Stable')")],
        [SYNTAX],
    ),
    (
        "three faults at once",
        "FindDocuments",
        [FOUND[0], *pairs(XDSDocumentEntryClassCode="('a')", XDSDocumentEntryTypeCode="(b")],
        [SYNTAX, SYNTAX, MISSING],
    ),
]


@pytest.mark.parametrize("returns", ["LeafClass", "ObjectRef"])
@pytest.mark.parametrize(
    ("query", "slots", "codes"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_refused_with_the_right_code_and_no_object(one, query, slots, codes, returns):
    answer = one.ask(query, slots, returns=returns)
    assert (answer.status, sorted(answer.codes)) == ("Failure", sorted(codes))
    assert answer.objects == ()
    for complaint in answer.complaints:
        assert "Expected: " in complaint.code_context
        assert "Fix: " in complaint.code_context


@pytest.mark.parametrize(
    "returns", ["", "leafclass", "RegistryObject", "LeafClassWithRepositoryItem"]
)
def test_another_return_type_is_refused(one, returns):
    answer = one.ask("FindDocuments", FOUND, returns=returns)
    assert (answer.status, answer.codes) == ("Failure", ("XDSRegistryError",))


def test_leaf_class_of_two_patients_is_refused(two_patients):
    slots = pairs(XDSDocumentEntryUniqueId=texts(UNIQUE_ID))
    answer = two_patients.ask("GetDocuments", slots)
    assert (answer.codes, answer.objects) == (("XDSResultNotSinglePatient",), ())


@pytest.mark.parametrize("query", ["FindDocuments", "GetAll"])
def test_too_many_results_are_none(one, query):
    narrow = Registry.over(one.ledger, limits=Limits(results=2))
    narrow.registered(*renumbered(a_submission(entries=3), 2))
    answer = narrow.everything() if query == "GetAll" else narrow.ask(query, FOUND)
    assert (answer.codes, answer.objects) == (("XDSTooManyResults",), ())
    references = narrow.everything(returns="ObjectRef")
    assert references.status == "Success"
    assert len(references.ids) > 2
    two = [o.id for o in narrow.ask("FindDocuments", FOUND, returns="ObjectRef").objects][:2]
    assert narrow.ask("GetDocuments", pairs(**{ENTRY: texts(*two)})).ids == two


def renumbered(objects, number: int):
    from tests.build.submission import with_identifier

    for rim in objects:
        for scheme in (v.DOCUMENT_ENTRY_UNIQUE_ID, v.SUBMISSION_SET_UNIQUE_ID):
            for found in rim.identifiers(scheme):
                value = f"1.9.{number}.{(found.attribute('value') or '')[-2:]}"
                rim = with_identifier(rim, scheme, value)  # noqa: PLW2901
        yield rim


@pytest.mark.parametrize("query", [q.name for q in STORED_QUERIES])
def test_every_query_says_what_it_lacks(one, query):
    answer = one.ask(query)
    assert answer.status == "Failure"
    assert set(answer.codes) == {MISSING}


def test_a_deprecated_document_is_found_by_its_status_only(one):
    from tests.build.submission import a_replacement

    [old] = one.find().ids
    one.registered(*renumbered(a_replacement(old), 3))
    [new] = one.find(status=APPROVED).ids
    assert one.find(status=texts(v.DEPRECATED)).ids == [old]
    assert one.find(status=BOTH).ids == [old, new]
