"""The table of stored queries is complete, and agrees with the tables of the ledger."""

from registry.ledger.rows import TABLES
from registry.query.catalogue import MULTI_PATIENT_QUERIES, STORED_QUERIES
from registry.query.conditions import FORMS
from registry.query.table import Form
from xds.metadata.attributes import ATTRIBUTES

# ITI TF-2 §3.18.4.1.2.4
IDS = {
    "FindDocuments": "14d4debf-8f97-4251-9a74-a90016b0af0d",
    "FindSubmissionSets": "f26abbcb-ac74-4422-8a30-edb644bbc1a9",
    "FindFolders": "958f3006-baad-4929-a4de-ff1114824431",
    "GetAll": "10b545ea-725c-446d-9b95-8aeb444eddf3",
    "GetDocuments": "5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4",
    "GetFolders": "5737b14c-8a1a-4539-b659-e03a34a5e1e4",
    "GetAssociations": "a7ae438b-4bc2-4642-93e9-be891f7bb155",
    "GetDocumentsAndAssociations": "bab9529a-4a10-40b3-a01f-f68a615d247a",
    "GetSubmissionSets": "51224314-5390-4169-9b91-b1980040715a",
    "GetSubmissionSetAndContents": "e8e3cb2c-e39c-46b9-99e4-c12f57260b83",
    "GetFolderAndContents": "b909a503-523d-4517-8acf-8e5834dfc4c7",
    "GetFoldersForDocument": "10cae35a-c7f9-4cf5-b61e-fc3278ffb578",
    "GetRelatedDocuments": "d90e5407-b356-4d91-a89f-873917b4b0e6",
    "FindDocumentsByReferenceId": "12941a89-e02e-4be5-967c-ce4bfc8fe492",
}

# ITI TF-2 §3.18.4.1.2.3.7.1 to .14: name -> R/O/1 (one of two), M (multiple), & (and)
ENTRY_FILTERS = {
    "ClassCode": "OM",
    "TypeCode": "OM",
    "PracticeSettingCode": "OM",
    "CreationTimeFrom": "O",
    "CreationTimeTo": "O",
    "ServiceStartTimeFrom": "O",
    "ServiceStartTimeTo": "O",
    "ServiceStopTimeFrom": "O",
    "ServiceStopTimeTo": "O",
    "HealthcareFacilityTypeCode": "OM",
    "EventCodeList": "OM&",
    "ConfidentialityCode": "OM&",
    "AuthorPerson": "OM",
    "FormatCode": "OM",
    "Status": "RM",
    "Type": "OM",
}
ENTRY = {f"XDSDocumentEntry{name}": value for name, value in ENTRY_FILTERS.items()}
NARROWING = {
    "XDSDocumentEntryFormatCode": "OM",
    "XDSDocumentEntryConfidentialityCode": "OM&",
    "XDSDocumentEntryType": "OM",
}
BY_ENTRY = {"XDSDocumentEntryEntryUUID": "1", "XDSDocumentEntryUniqueId": "1"}
BY_ENTRIES = dict.fromkeys(BY_ENTRY, "1M")
LINKS = {"XDSAssociationStatus": "OM"}  # XDS Metadata Update
PARAMETERS = {
    "FindDocuments": {"XDSDocumentEntryPatientId": "R", **ENTRY},
    "FindSubmissionSets": {
        "XDSSubmissionSetPatientId": "R",
        "XDSSubmissionSetSourceId": "OM",
        "XDSSubmissionSetSubmissionTimeFrom": "O",
        "XDSSubmissionSetSubmissionTimeTo": "O",
        "XDSSubmissionSetAuthorPerson": "O",
        "XDSSubmissionSetContentType": "OM",
        "XDSSubmissionSetStatus": "RM",
    },
    "FindFolders": {
        "XDSFolderPatientId": "R",
        "XDSFolderLastUpdateTimeFrom": "O",
        "XDSFolderLastUpdateTimeTo": "O",
        "XDSFolderCodeList": "OM&",
        "XDSFolderStatus": "RM",
    },
    "GetAll": {
        "patientId": "R",
        "XDSDocumentEntryStatus": "RM",
        "XDSSubmissionSetStatus": "RM",
        "XDSFolderStatus": "RM",
        **NARROWING,
        **LINKS,
    },
    "GetDocuments": BY_ENTRIES | {"XDSDocumentEntryLogicalID": "1M"},
    "GetFolders": {
        "XDSFolderEntryUUID": "1M",
        "XDSFolderUniqueId": "1M",
        "XDSFolderLogicalID": "1M",
    },
    "GetAssociations": {"uuid": "RM", **LINKS},
    "GetDocumentsAndAssociations": BY_ENTRIES | LINKS,
    "GetSubmissionSets": {"uuid": "RM"},
    "GetSubmissionSetAndContents": {
        "XDSSubmissionSetEntryUUID": "1",
        "XDSSubmissionSetUniqueId": "1",
        **NARROWING,
        **LINKS,
    },
    "GetFolderAndContents": {
        "XDSFolderEntryUUID": "1",
        "XDSFolderUniqueId": "1",
        **NARROWING,
        **LINKS,
    },
    "GetFoldersForDocument": BY_ENTRY | LINKS,
    "GetRelatedDocuments": {
        **BY_ENTRY,
        "AssociationTypes": "RM",
        "XDSDocumentEntryType": "OM",
        **LINKS,
    },
    "FindDocumentsByReferenceId": {
        "XDSDocumentEntryPatientId": "R",
        "XDSDocumentEntryReferenceIdList": "RM&",
        **ENTRY,
    },
    "FindDocumentsForMultiplePatients": {"XDSDocumentEntryPatientId": "OM", **ENTRY},
    "FindFoldersForMultiplePatients": {
        "XDSFolderPatientId": "OM",
        "XDSFolderLastUpdateTimeFrom": "O",
        "XDSFolderLastUpdateTimeTo": "O",
        "XDSFolderCodeList": "OM&",
        "XDSFolderStatus": "RM",
    },
}
EVERY_QUERY = (*STORED_QUERIES, *MULTI_PATIENT_QUERIES)


def test_every_query_of_the_standard_is_there_under_its_id():
    assert {q.name: q.id for q in STORED_QUERIES} == {
        name: f"urn:uuid:{uuid}" for name, uuid in IDS.items()
    }
    assert {q.name: q.id for q in MULTI_PATIENT_QUERIES} == {  # ITI TF-2 §3.51.4.1.2.2
        "FindDocumentsForMultiplePatients": "urn:uuid:3d1bdb10-39a2-11de-89c2-2f44d94eaa9f",
        "FindFoldersForMultiplePatients": "urn:uuid:50d3f5ac-39a2-11de-a1ca-b366239e58df",
    }
    assert len({query.id for query in EVERY_QUERY}) == len(EVERY_QUERY)


def test_every_query_has_the_parameters_of_its_table():
    for query in EVERY_QUERY:
        found = {}
        for p in query.parameters:
            kind = "R" if p.is_required else "1" if p.name in query.exactly_one_of else "O"
            found[p.name[1:]] = kind + "M" * p.is_multiple + "&" * p.is_conjunctive
        assert found == PARAMETERS[query.name], query.name
        assert len(found) == len(query.parameters)


def test_every_column_that_a_parameter_filters_exists():
    coded = {attribute.name for attribute in ATTRIBUTES}
    for query in EVERY_QUERY:
        for p in query.parameters:
            if p.form is Form.CODE:
                assert p.column in coded, p
            elif p.column:
                assert all(p.column in TABLES[kind].c for kind in p.about), p
            assert p.about or p.form is Form.GIVEN, p


def test_every_form_can_be_read():
    assert set(FORMS) == set(Form)


def test_every_section_is_numbered_as_in_the_standard():
    assert [q.spec for q in STORED_QUERIES] == [
        f"ITI TF-2 §3.18.4.1.2.3.7.{n}" for n in range(1, 15)
    ]
