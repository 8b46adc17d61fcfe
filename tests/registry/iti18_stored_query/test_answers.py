"""ITI-18 from query to answer, on both databases: what each parameter selects, what is refused."""

from dataclasses import replace

import pytest

from registry.iti18_stored_query import handle as iti18
from tests.build.submission import (
    OTHER_PATIENT,
    PATIENT,
    ROOT,
    SUBMISSION_SET_ID,
    a_folder,
    a_replacement,
    a_submission,
    a_submission_set,
    an_association,
    an_author,
    changing,
    changing_classification,
    has_member,
    with_identifier,
    without_slot,
)
from tests.registry.build import APPROVED, BOTH, a_query, text, texts
from xds.limits import Limits
from xds.metadata import vocabulary as v

NEVER = "urn:uuid:00000000-0000-4000-8000-00000000dead"
E = "XDSDocumentEntry"
FIND = {f"${E}PatientId": text(PATIENT), f"${E}Status": BOTH}


@pytest.fixture
def filled(registry):
    """Two documents in a folder, their set; one more alone; one of another patient."""
    registry.registered(
        *changing(
            changing(
                a_submission(entries=2, folders=1),
                "Document02",
                lambda o: coded(o, v.FORMAT_CODE, "other-format", "other-scheme").with_slot(
                    "creationTime", "20240315"
                ),
            ),
            "Document01",
            lambda o: without_slot(o, "serviceStartTime"),
        )
    )
    alone = (
        with_identifier(o, v.DOCUMENT_ENTRY_UNIQUE_ID, f"{ROOT}.99")
        if o.tag == "ExtrinsicObject"
        else o
        for o in a_submission()
    )
    registry.registered(*_other_set(tuple(alone), "2"))
    other = changing(
        a_submission(patient=OTHER_PATIENT, folders=1),
        "Folder01",
        lambda o: with_identifier(o, v.FOLDER_UNIQUE_ID, f"{ROOT}.34.77"),
    )
    other = changing(
        other,
        "Document01",
        lambda o: with_identifier(o, v.DOCUMENT_ENTRY_UNIQUE_ID, f"{ROOT}.98"),
    )
    registry.registered(*_other_set(other, "3"))
    return registry


def _other_set(objects, number):
    unique_id = f"{ROOT}.33.{number}"
    return changing(
        objects,
        SUBMISSION_SET_ID,
        lambda o: with_identifier(o, v.SUBMISSION_SET_UNIQUE_ID, unique_id),
    )


def coded(rim, scheme, code, coding_scheme):
    return changing_classification(
        rim,
        scheme,
        lambda c: c.with_attribute("nodeRepresentation", code).with_slot(
            "codingScheme", coding_scheme
        ),
    )


def uids(answer) -> list[str]:
    schemes = (
        v.DOCUMENT_ENTRY_UNIQUE_ID,
        v.SUBMISSION_SET_UNIQUE_ID,
        v.FOLDER_UNIQUE_ID,
    )
    return [
        e.attribute("value").removeprefix(f"{ROOT}.")
        for o in answer.objects
        for s in schemes
        for e in o.identifiers(s)
    ]


ONE, TWO, ALONE = "32^Document01", "32^Document02", "99"
ALL = [ONE, TWO, ALONE]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, ALL),
        ({"FormatCode": "('other-format^^other-scheme')"}, [TWO]),
        ({"FormatCode": "('other-format^^other')"}, []),
        (
            {
                "FormatCode": [
                    "('other-format^^other-scheme')",
                    "('urn:ihe:iti:xds-sd:pdf:2008^^1.3.6.1.4.1.19376.1.2.3')",
                ]
            },
            ALL,
        ),
        ({"ClassCode": "('History and Physical^^Connect-a-thon classCodes')"}, ALL),
        ({"TypeCode": "('34108-1^^2.16.840.1.113883.6.1')"}, ALL),
        ({"TypeCode": "('34108-1^^x')"}, []),
        ({"PracticeSettingCode": "('General Medicine^^Connect-a-thon practiceSettingCodes')"}, ALL),
        ({"HealthcareFacilityTypeCode": "('Outpatient^^Connect-a-thon facilityCodes')"}, ALL),
        ({"EventCodeList": "('T-D4909^^SNM3','x^^y')"}, ALL),
        ({"EventCodeList": "('x^^y')"}, []),
        ({"ConfidentialityCode": "('N^^2.16.840.1.113883.5.25')"}, ALL),
        ({"AuthorPerson": "('%BERNARD%')"}, ALL),
        ({"AuthorPerson": "('%bernard%')"}, []),
        ({"CreationTimeFrom": "20240315000000"}, [TWO]),
        ({"CreationTimeFrom": "'2024'", "CreationTimeTo": "'2025'"}, [TWO]),
        ({"CreationTimeFrom": "202403150001"}, []),
        ({"CreationTimeTo": "'20240315'"}, [ONE, ALONE]),
        ({"CreationTimeTo": "'2005'"}, []),
        ({"ServiceStartTimeFrom": "2020"}, [ONE]),
        ({"ServiceStartTimeFrom": "2004", "ServiceStartTimeTo": "2005"}, ALL),
        ({"ServiceStopTimeTo": "200412230801"}, []),
        ({"ServiceStopTimeTo": "20041223080101"}, ALL),
        ({"Type": f"('{v.ON_DEMAND}')"}, []),
        ({"Type": f"('{v.STABLE}','{v.ON_DEMAND}')"}, ALL),
        ({"Status": f"('{v.DEPRECATED}')"}, []),
        ({"Status": f"('{v.APPROVED}','urn:nobody:knows')"}, ALL),
    ],
)
def test_a_parameter_of_find_documents_selects(filled, parameters, expected):
    slots = FIND | {f"${E}{name}": value for name, value in parameters.items()}
    answer = filled.ask("FindDocuments", slots)
    assert answer.status == "Success"
    assert uids(answer) == expected
    references = filled.ask("FindDocuments", slots, returns="ObjectRef")
    assert references.ids == answer.ids
    assert {o.tag for o in references.objects} <= {"ObjectRef"}


def test_a_repeated_slot_is_and_and_a_list_is_or(filled):
    both = filled.ask(
        "FindDocuments",
        [
            *FIND.items(),
            (f"${E}EventCodeList", "('T-D4909^^SNM3')"),
            (f"${E}EventCodeList", "('T-D4909^^SNM3','b^^c')"),
        ],
    )
    assert uids(both) == ALL
    neither = filled.ask(
        "FindDocuments",
        [
            *FIND.items(),
            (f"${E}EventCodeList", "('T-D4909^^SNM3')"),
            (f"${E}EventCodeList", "('b^^c')"),
        ],
    )
    assert neither.status == "Success"
    assert neither.objects == ()


@pytest.mark.parametrize(
    ("pattern", "is_met"), [("2013001%", True), ("_013001^^^%", True), ("2013001", False)]
)
def test_a_reference_id_is_asked_for_by_pattern(filled, pattern, is_met):
    slots = FIND | {f"${E}ReferenceIdList": texts(pattern)}
    assert uids(filled.ask("FindDocumentsByReferenceId", slots)) == ALL * is_met


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, ["33", "33.2"]),
        ({"SourceId": "('3670984664')"}, ["33", "33.2"]),
        ({"SourceId": "('1.2')"}, []),
        ({"SubmissionTimeFrom": "20041225235050"}, ["33", "33.2"]),
        ({"SubmissionTimeTo": "20041225235050"}, []),
        ({"AuthorPerson": "'%Claire%'"}, ["33", "33.2"]),
        ({"ContentType": "('04^^1.2.250.1.213.2.2')"}, ["33", "33.2"]),
        ({"ContentType": "('05^^1.2.250.1.213.2.2')"}, []),
    ],
)
def test_a_parameter_of_find_submission_sets_selects(filled, parameters, expected):
    s = "$XDSSubmissionSet"
    slots = {f"{s}PatientId": text(PATIENT), f"{s}Status": APPROVED}
    slots |= {s + name: value for name, value in parameters.items()}
    assert uids(filled.ask("FindSubmissionSets", slots)) == expected


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, ["34.1"]),
        ({"LastUpdateTimeFrom": "202603011200"}, ["34.1"]),
        ({"LastUpdateTimeTo": "202603011200"}, []),
        ({"CodeList": "('FolderCodeExample^^Connect-a-thon')"}, ["34.1"]),
        ({"CodeList": "('x^^Connect-a-thon')"}, []),
    ],
)
def test_a_parameter_of_find_folders_selects(filled, parameters, expected):
    f = "$XDSFolder"
    slots = {f"{f}PatientId": text(PATIENT), f"{f}Status": APPROVED}
    slots |= {f + name: value for name, value in parameters.items()}
    assert uids(filled.ask("FindFolders", slots)) == expected


def test_get_documents_by_either_id_spread_over_values(filled):
    entry = filled.entry(f"{ROOT}.{ONE}")
    other = filled.entry(f"{ROOT}.{ALONE}")
    by_uuid = filled.ask(
        "GetDocuments", [(f"${E}EntryUUID", [texts(entry.id), texts(other.id, NEVER)])]
    )
    assert by_uuid.ids == [entry.id, other.id]
    folder = filled.ask("GetFolders", XDSFolderUniqueId=texts(f"{ROOT}.34.1")).objects[0]
    nothing = filled.ask("GetDocuments", XDSDocumentEntryEntryUUID=texts(folder.id))
    assert (nothing.status, nothing.objects) == ("Success", ())


def test_the_contents_of_a_set_and_of_a_folder_keep_to_the_filters(filled):
    whole = filled.ask("GetSubmissionSetAndContents", XDSSubmissionSetUniqueId=text(f"{ROOT}.33"))
    assert len(whole.objects) == len(a_submission(entries=2, folders=1))
    narrow = filled.ask(
        "GetSubmissionSetAndContents",
        XDSSubmissionSetUniqueId=text(f"{ROOT}.33"),
        XDSDocumentEntryFormatCode="('other-format^^other-scheme')",
    )
    assert uids(narrow) == ["33", TWO, "34.1"]
    for a in narrow.of("Association"):
        assert {a.attribute("sourceObject"), a.attribute("targetObject")} <= set(narrow.ids)
    assert len(narrow.of("Association")) == 4
    folder = filled.ask("GetFolderAndContents", XDSFolderUniqueId=text(f"{ROOT}.34.1"))
    assert sorted(uids(folder)) == sorted([ONE, TWO, "34.1"])
    assert len(folder.of("Association")) == 2
    none = filled.ask(
        "GetFolderAndContents",
        XDSFolderUniqueId=text(f"{ROOT}.34.1"),
        XDSDocumentEntryConfidentialityCode="('V^^2.16.840.1.113883.5.25')",
    )
    assert uids(none) == ["34.1"]
    assert none.of("Association") == []


def test_the_sets_of_objects_come_with_the_memberships_asked_for(filled):
    one, two = (filled.entry(f"{ROOT}.{uid}").id for uid in (ONE, TWO))
    answer = filled.ask("GetSubmissionSets", uuid=texts(one, two))
    assert uids(answer) == ["33"]
    assert {a.attribute("targetObject") for a in answer.of("Association")} == {one, two}
    around = filled.ask("GetDocumentsAndAssociations", XDSDocumentEntryEntryUUID=texts(one))
    assert around.ids[0] == one
    assert len(around.of("Association")) == 2
    assert around.ids[1:] == filled.ask("GetAssociations", uuid=texts(one)).ids


@pytest.mark.parametrize("types", [f"('{v.REPLACE}')", f"('RPLC','{v.APPEND}')"])
def test_related_documents_come_with_what_relates_them(filled, types):
    old = filled.entry(f"{ROOT}.{ALONE}").id

    def related(document, types=types):
        return filled.ask(
            "GetRelatedDocuments", XDSDocumentEntryEntryUUID=text(document), AssociationTypes=types
        )

    assert (related(old).status, related(old).objects) == ("Success", ())
    new = changing(
        _other_set(a_replacement(old), "9"),
        "Document01",
        lambda o: with_identifier(o, v.DOCUMENT_ENTRY_UNIQUE_ID, f"{ROOT}.100"),
    )
    filled.registered(*new)
    assert uids(related(old)) == [ALONE, "100"]
    assert len(related(old).of("Association")) == 1
    assert related(filled.entry(f"{ROOT}.100").id).body == related(old).body
    assert related(old, f"('{v.SIGNS}')").objects == ()
    assert related(NEVER).objects == ()


def test_several_patients_are_refused_as_leaf_class_only(filled):
    slots = {"$XDSFolderUniqueId": texts(f"{ROOT}.34.1", f"{ROOT}.34.77")}
    assert filled.ask("GetFolders", slots).codes == ("XDSResultNotSinglePatient",)
    assert len(filled.ask("GetFolders", slots, returns="ObjectRef").objects) == 2


def test_a_home_in_its_attribute_or_as_a_parameter_changes_nothing(filled):
    plain = filled.ask("FindDocuments", FIND).body
    assert filled.ask("FindDocuments", FIND, home="urn:oid:1.2.3").body == plain
    assert filled.ask("FindDocuments", FIND | {"$homeCommunityId": "'urn:oid:1'"}).body == plain


def test_an_answer_has_a_bound(filled):
    small = replace(filled, asking=iti18.room(ledger=filled.ledger, limits=Limits(results=2)))
    assert small.ask("FindDocuments", FIND).codes == ("XDSTooManyResults",)
    assert len(small.ask("FindDocuments", FIND, returns="ObjectRef").objects) == 3
    assert small.everything().codes == ("XDSTooManyResults",)


@pytest.mark.parametrize(
    ("query", "slots", "codes"),
    [
        ("FindDocuments", {}, ["XDSStoredQueryMissingParam"] * 2),
        ("FindDocuments", FIND | {f"${E}Status": "('x')"}, ["XDSStoredQueryMissingParam"]),
        ("FindDocuments", FIND | {f"${E}ClassCode": "('a')"}, ["XDSRegistryError"]),
        ("FindDocuments", FIND | {f"${E}ClassCode": "('a^b^c')"}, ["XDSRegistryError"]),
        ("FindDocuments", FIND | {f"${E}ClassCode": "('a^^')"}, ["XDSRegistryError"]),
        ("FindDocuments", FIND | {f"${E}ClassCode": "('a^^b','c')"}, ["XDSRegistryError"]),
        (
            "FindDocuments",
            FIND | {f"${E}ClassCode": "('a')", f"${E}ClassCodeScheme": "('b')"},
            ["XDSRegistryError"],
        ),
        ("FindDocuments", FIND | {f"${E}ClassCode": "('a^^b'"}, ["XDSRegistryError"]),
        ("FindDocuments", FIND | {f"${E}CreationTimeFrom": "'20041332'"}, ["XDSRegistryError"]),
        ("FindDocuments", FIND | {f"${E}Type": "'x'"}, ["XDSRegistryError"]),
        (
            "FindDocuments",
            FIND | {f"${E}CreationTimeFrom": "('2004','2005')"},
            ["XDSStoredQueryParamNumber"],
        ),
        (
            "FindDocuments",
            FIND | {f"${E}PatientId": texts(PATIENT, OTHER_PATIENT)},
            ["XDSStoredQueryParamNumber"],
        ),
        (
            "FindDocuments",
            [*FIND.items(), *[(f"${E}ClassCode", "('a^^b')")] * 2],
            ["XDSStoredQueryParamNumber"],
        ),
        ("GetDocuments", {}, ["XDSStoredQueryMissingParam"]),
        (
            "GetDocuments",
            {f"${E}UniqueId": "'1'", f"${E}EntryUUID": "'2'"},
            ["XDSStoredQueryParamNumber"],
        ),
        ("GetAssociations", {}, ["XDSStoredQueryMissingParam"]),
        ("urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0e", {}, ["XDSUnknownStoredQuery"]),
        ("", {}, ["XDSUnknownStoredQuery"]),
        (
            "FindDocuments",
            [*FIND.items(), *[(f"${E}EventCodeList", "('a^^b')")] * 17],
            ["XDSRegistryError"],
        ),
        (
            "FindDocuments",
            FIND | {f"${E}AuthorPerson": "'" + "%" * 257 + "'"},
            ["XDSRegistryError"],
        ),
        (
            "FindDocuments",
            FIND | {f"${E}ClassCode": [f"('a^^{n}')" for n in range(201)]},
            ["XDSRegistryError"],
        ),
    ],
)
def test_a_query_that_is_wrong_is_refused_with_the_right_code(sqlite_registry, query, slots, codes):
    answer = sqlite_registry.ask(query, slots)
    assert (answer.status, list(answer.codes)) == ("Failure", codes)
    assert answer.objects == ()
    for complaint in answer.complaints:
        assert complaint.code_context
        assert complaint.location


@pytest.mark.parametrize("name", [f"${E}ClassCodeScheme", "$XDSFolderStatus", "$nonsense"])
def test_a_parameter_that_the_query_does_not_define_is_ignored_with_a_warning(filled, name):
    answer = filled.ask("FindDocuments", FIND | {name: "('b')"})
    assert (answer.status, answer.codes) == ("Success", ())
    assert uids(answer) == uids(filled.ask("FindDocuments", FIND))
    (warning,) = answer.complaints
    assert not warning.is_error
    assert name in warning.code_context
    assert "ignored" in warning.code_context


def test_a_return_type_that_is_none_is_refused(sqlite_registry):
    answer = sqlite_registry.ask("FindDocuments", FIND, returns="RegistryObject")
    assert answer.codes == ("XDSRegistryError",)


@pytest.mark.parametrize(
    "hostile",
    [
        "'; DROP TABLE patients; --",
        "%' OR '1'='1",
        "\\",
        "%" * 200,
        "_" * 200 + "\\",
        "a" * 100_000,
        "%" * 100_000,
        "é😀\u0301",
        "x'||(SELECT 1)||'",
    ],
)
def test_a_hostile_value_is_a_value(filled, hostile):
    for name in ("AuthorPerson", "PatientId", "UniqueId", "ClassCode"):
        value = text(f"{hostile}^^{hostile}" if name == "ClassCode" else hostile)
        if name == "UniqueId":
            answer = filled.ask("GetDocuments", {f"${E}UniqueId": value})
        else:
            answer = filled.ask("FindDocuments", FIND | {f"${E}{name}": value})
        assert answer.status in {"Success", "Failure"}
        assert answer.status == "Success" or answer.codes == ("XDSRegistryError",)
        if name != "AuthorPerson":
            assert answer.objects == ()
    assert uids(filled.ask("FindDocuments", FIND)) == ALL


def test_the_largest_number_of_alternatives_is_answered(filled):
    codes = [f"('{n}^^x')" for n in range(199)] + ["('T-D4909^^SNM3')"]
    answer = filled.ask("FindDocuments", FIND | {f"${E}EventCodeList": codes})
    assert uids(answer) == ALL
    authors = [f"('{n}')" for n in range(199)] + ["('%BERNARD%')"]
    assert uids(filled.ask("FindDocuments", FIND | {f"${E}AuthorPerson": authors})) == ALL
    repeated = [(f"${E}EventCodeList", "('T-D4909^^SNM3')")] * 16
    assert uids(filled.ask("FindDocuments", [*FIND.items(), *repeated])) == ALL


def test_a_person_with_a_quote_is_found(registry):
    author = an_author("Document01", v.DOCUMENT_ENTRY_AUTHOR, authorPerson=("^O'Brien^Zoé",))
    registry.registered(
        *changing(
            a_submission(),
            "Document01",
            lambda o: changing_classification(o, v.DOCUMENT_ENTRY_AUTHOR, lambda _: author),
        )
    )
    assert uids(registry.find(XDSDocumentEntryAuthorPerson="('^O''Brien^%')")) == [ONE]


def test_a_document_of_an_earlier_submission_may_be_a_member_by_reference(filled):
    entry = filled.entry(f"{ROOT}.{ALONE}").id
    filled.registered(
        *_other_set(
            (
                a_submission_set(),
                a_folder("Folder01", unique_id=f"{ROOT}.34.5"),
                has_member(SUBMISSION_SET_ID, "Folder01"),
                has_member(SUBMISSION_SET_ID, entry, status=v.REFERENCE),
                an_association("M", v.HAS_MEMBER, "Folder01", entry),
                has_member(SUBMISSION_SET_ID, "M"),
            ),
            "8",
        )
    )
    assert uids(filled.ask("GetSubmissionSets", uuid=texts(entry))) == ["33.2", "33.8"]
    folders = filled.ask("GetFoldersForDocument", {f"${E}UniqueId": text(f"{ROOT}.{ALONE}")})
    assert uids(folders) == ["34.5"]


def test_a_query_is_bytes_that_the_schema_knows():
    from lxml import etree

    from xds.contract import load_schema

    load_schema().assertValid(etree.fromstring(a_query("FindDocuments", [*FIND.items()])))
