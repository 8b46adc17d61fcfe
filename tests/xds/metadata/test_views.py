"""xds.metadata.views: every attribute is read from its own carrier."""

from dataclasses import fields

import pytest

from tests.build.submission import (
    EMPTY_SHA1,
    PATIENT,
    REPOSITORY,
    SOURCE_PATIENT,
    a_document_entry,
    a_folder,
    a_submission_set,
    an_association,
)
from xds.metadata import vocabulary as v
from xds.metadata.code import Code
from xds.metadata.rim import RimObject
from xds.metadata.views import (
    read_association,
    read_document_entry,
    read_folder,
    read_submission_set,
    read_uri,
)

UUID = "urn:uuid:10b545ea-725c-446d-9b95-8aeb444eddf3"


def test_a_document_entry_is_read_attribute_by_attribute():
    rim = (
        a_document_entry()
        .with_attribute("lid", UUID)
        .with_attribute("status", v.APPROVED)
        .with_attribute("home", "urn:oid:1.2.3")
    )
    entry = read_document_entry(rim)
    assert entry.rim is rim
    assert (entry.entry_uuid, entry.logical_id) == ("Document01", UUID)
    assert (entry.patient_id, entry.source_patient_id) == (PATIENT, SOURCE_PATIENT)
    assert entry.unique_id == "1.3.6.1.4.1.21367.2005.3.9999.32^Document01"
    assert (entry.availability_status, entry.object_type) == (v.APPROVED, v.STABLE)
    assert (entry.mime_type, entry.hash, entry.size) == ("text/xml", EMPTY_SHA1, 0)
    assert (entry.repository_unique_id, entry.home_community_id) == (REPOSITORY, "urn:oid:1.2.3")
    assert entry.creation_time == "20051224"
    assert (entry.service_start_time, entry.service_stop_time) == ("200412230800", "200412230801")
    assert entry.source_patient_info[2] == "PID-7|19560527"
    assert (entry.title, entry.comments, entry.uri) == ("Compte rendu", "", "DOC001.XML")
    assert (entry.language_code, entry.legal_authenticator) == ("fr-FR", "^BERNARD^Claire")
    assert entry.type_code == Code(
        code="34108-1", scheme="2.16.840.1.113883.6.1", display="34108-1"
    )
    codes = (
        entry.class_code,
        entry.format_code,
        entry.practice_setting_code,
        entry.healthcare_facility_type_code,
    )
    assert len({c.code for c in codes}) == 4
    assert [c.code for c in entry.confidentiality_codes] == ["N"]
    assert [c.code for c in entry.event_codes] == ["T-D4909"]
    assert entry.reference_ids[0].endswith("accession")
    assert entry.authors[0].person.startswith("801234567897^BERNARD")
    assert entry.authors[0].institutions
    assert entry.authors[0].roles
    assert entry.authors[0].specialties == ("Cardiology",)
    assert entry.authors[0].telecommunications
    assert not entry.limited_metadata


def test_a_submission_set_a_folder_and_an_association_are_read():
    submission_set = read_submission_set(a_submission_set())
    assert submission_set.source_id == "3670984664"
    assert submission_set.submission_time == "20041225235050"
    assert submission_set.content_type_code.code == "04"
    assert submission_set.intended_recipients
    assert (submission_set.title, submission_set.comments) == ("Envoi", "Consultation annuelle")
    folder = read_folder(a_folder())
    assert (folder.last_update_time, folder.title) == ("20041225235050", "Grossesse")
    assert [c.code for c in folder.codes] == ["FolderCodeExample"]
    association = read_association(an_association("a", "RPLC", "s", "t", status=v.ORIGINAL))
    assert association.association_type == v.REPLACE
    assert (association.source, association.target) == ("s", "t")
    assert association.submission_set_status == v.ORIGINAL


@pytest.mark.parametrize(
    "read", [read_document_entry, read_submission_set, read_folder, read_association]
)
def test_a_view_of_nothing_is_empty_and_never_fails(read):
    view = read(RimObject(tag="ExtrinsicObject"))
    for field in fields(view):
        if field.name != "rim":
            assert getattr(view, field.name) in ("", None, (), False), field.name


def test_white_space_around_a_value_is_no_part_of_it():
    entry = read_document_entry(a_document_entry().with_slot("creationTime", "\n  2005\n"))
    assert entry.creation_time == "2005"


@pytest.mark.parametrize("text", ["", "x", "-1", "1" * 19])
def test_a_size_that_is_no_number_is_none(text):
    assert read_document_entry(a_document_entry().with_slot("size", text)).size is None


@pytest.mark.parametrize(
    ("values", "uri"),
    [
        ((), ""),
        (("DOC001.XML",), "DOC001.XML"),
        (("http://example.org/a|b",), "http://example.org/a|b"),
        (("2|c.xml", "1|http://example.org/b/"), "http://example.org/b/c.xml"),
    ],
)
def test_a_uri_is_one_value_or_numbered_pieces(values, uri):
    assert read_uri(values) == uri
