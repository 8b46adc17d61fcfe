"""Facts → ebRIM objects → the same facts, and valid by the rules of the standard."""

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greffe.client.metadata import new_oid, new_uuid, write_association, write_facts
from greffe.retrieve import file_name
from tests.build.submission import OPEN_DOMAIN
from xds.metadata import vocabulary as v
from xds.metadata.attributes import Subject
from xds.metadata.author import Author
from xds.metadata.code import Code
from xds.metadata.submission import read_submission
from xds.metadata.views import read_document_entry, read_submission_set

PATIENT = "P-1^^^&1.2.3&ISO"
CODE = Code(code="c", scheme="1.2.3.4", display="a code")
AUTHOR = Author(person="^BERNARD^Claire", institutions=("Cabinet",), specialties=("GP",))
DOCUMENT = {
    "uniqueId": "1.2.3.4.5",
    "patientId": PATIENT,
    "sourcePatientId": PATIENT,
    "title": "Un compte rendu <de> biologie & plus",
    "comments": "said",
    "mimeType": "text/xml",
    "objectType": v.STABLE,
    "languageCode": "fr-FR",
    "creationTime": "20260131083000",
    "author": (AUTHOR, AUTHOR),
    "confidentialityCode": (CODE, Code(code="d", scheme="1.2.3.4", display="another")),
    "classCode": CODE,
    "typeCode": CODE,
    "formatCode": CODE,
    "practiceSettingCode": CODE,
    "healthcareFacilityTypeCode": CODE,
}
SUBMISSION = {
    "uniqueId": "1.2.3.4.6",
    "sourceId": "1.2.3.4.7",
    "patientId": PATIENT,
    "submissionTime": "20260131083000",
    "contentTypeCode": CODE,
}


def test_a_document_entry_says_what_was_told():
    entry = read_document_entry(write_facts(Subject.DOCUMENT_ENTRY, DOCUMENT))
    assert (entry.unique_id, entry.patient_id) == ("1.2.3.4.5", PATIENT)
    assert (entry.title, entry.comments) == (DOCUMENT["title"], "said")
    assert entry.authors == (AUTHOR, AUTHOR)
    assert entry.class_code == entry.type_code == CODE
    assert [c.code for c in entry.confidentiality_codes] == ["c", "d"]
    assert (entry.creation_time, entry.language_code) == ("20260131083000", "fr-FR")


def test_a_submission_of_facts_is_valid():
    entry = write_facts(Subject.DOCUMENT_ENTRY, DOCUMENT)
    submission_set = write_facts(Subject.SUBMISSION_SET, SUBMISSION)
    member = write_association(v.HAS_MEMBER, submission_set.id, entry.id)
    submission, complaints = read_submission(
        (submission_set, entry, member), actor="repository", domain=OPEN_DOMAIN
    )
    assert complaints == ()
    assert submission is not None
    assert read_submission_set(submission_set).unique_id == "1.2.3.4.6"


def test_what_is_empty_is_absent():
    entry = write_facts(Subject.DOCUMENT_ENTRY, {**DOCUMENT, "title": "", "author": ()})
    assert entry.name is None
    assert entry.classified(v.DOCUMENT_ENTRY_AUTHOR) == ()


def test_a_fact_that_is_no_attribute_is_refused():
    with pytest.raises(ValueError, match="has no attribute colour"):
        write_facts(Subject.DOCUMENT_ENTRY, {"colour": "blue"})


def test_identifiers_are_fresh_and_well_formed():
    assert len({new_oid() for _ in range(100)}) == 100
    assert all(len(new_oid()) <= 64 for _ in range(100))
    assert new_uuid().startswith("urn:uuid:")


SAFE = set(string.ascii_letters + string.digits + "._-")


@given(st.text(min_size=1), st.text())
def test_a_file_name_is_one_safe_name_whatever_the_identifier(unique_id, mime_type):
    name = file_name(unique_id, mime_type)
    assert set(name) <= SAFE
    assert not name.startswith(".")
    assert len(name) < 200
    assert Path(name).name == name


@given(st.lists(st.text(min_size=1), min_size=2, max_size=2, unique=True))
def test_two_identifiers_never_have_one_file_name(unique_ids):
    first, second = (file_name(u, "text/xml") for u in unique_ids)
    assert first != second


@pytest.mark.parametrize(
    "unique_id", ["../../etc/passwd", "/etc/passwd", "..", "a/b", "x\0y", "C:\\x"]
)
def test_an_identifier_is_no_path(unique_id):
    name = file_name(unique_id, "application/pdf")
    assert "/" not in name
    assert name.endswith(".pdf")
