"""What the metadata of a file says: header, flags, usual codes; and what is missing."""

import argparse

import pytest

from greffe import describing
from greffe.codes import read_code
from greffe.exits import CommandError
from xds.domain import load_domain
from xds.metadata.code import Code

IHE, DMP = load_domain("ihe"), load_domain("dmp")
PATIENT = "P-1^^^&1.2.3&ISO"


def described(path, *flags, domain=IHE):
    parser = argparse.ArgumentParser()
    describing.add_arguments(parser)
    return describing.describe(path, parser.parse_args(list(flags)), domain)


@pytest.mark.parametrize(
    ("name", "content", "mime_type", "format_code"),
    [
        ("a.bin", b"%PDF-1.7 ...", "application/pdf", "urn:ihe:iti:xds-sd:pdf:2008"),
        ("a.txt", b"hello", "text/plain", "urn:ihe:iti:xds-sd:text:2008"),
        ("a", b"hello", "text/plain", "urn:ihe:iti:xds-sd:text:2008"),
        ("a", b"\x00\x01\xff", "application/octet-stream", "mimeTypeSufficient"),
        ("a.dat", b"\xff\xd8\xff\xe0", "image/jpeg", "mimeTypeSufficient"),
        ("a.xml", b"\xef\xbb\xbf<?xml version='1.0'?><a/>", "text/xml", "mimeTypeSufficient"),
        ("empty", b"", "text/plain", "urn:ihe:iti:xds-sd:text:2008"),
    ],
)
def test_the_type_of_a_file_is_told_from_its_content(
    tmp_path, name, content, mime_type, format_code
):
    path = tmp_path / name
    path.write_bytes(content)
    one = described(path, "--patient", PATIENT)
    assert one.mime_type == one.document["mimeType"] == mime_type
    assert one.document["formatCode"].code.endswith(format_code)


def test_what_was_assumed_is_said_and_what_was_told_is_not(tmp_path):
    path = tmp_path / "note.txt"
    path.write_text("x")
    one = described(path, "--patient", PATIENT, "--type-code", "11506-3", "--author", "B^C")
    (notice,) = one.notices
    assert notice.startswith("assumed ")
    assert "classCode REPORTS" in notice
    assert "typeCode" not in notice
    assert one.document["author"].person == one.submission["author"].person == "^B^C"
    assert one.document["title"] == "note"


def test_all_that_is_missing_is_named_at_once(tmp_path):
    path = tmp_path / "note.txt"
    path.write_text("x")
    with pytest.raises(CommandError) as caught:
        described(path, domain=None)
    for flag in ("--patient CX", "--type-code", "--class-code", "--content-type-code"):
        assert flag in str(caught.value)
    with pytest.raises(CommandError, match=r"add --patient CX$"):
        described(path)


def test_a_french_document_that_lacks_something_is_told_what(tmp_path):
    path = tmp_path / "cda.xml"
    path.write_text('<ClinicalDocument xmlns="urn:hl7-org:v3"><title>x</title></ClinicalDocument>')
    with pytest.raises(CommandError) as caught:
        described(path, "--patient", PATIENT, domain=DMP)
    for attribute in ("typeCode", "uniqueId", "creationTime"):
        assert attribute in str(caught.value)
    # Abroad its header is not relied upon: flags and usual codes describe it.
    assert described(path, "--patient", PATIENT).mime_type == "text/xml"


@pytest.mark.parametrize(
    "content", [b"ClinicalDocument", b"<ClinicalDocument", b"<?xml-stylesheet"]
)
def test_what_only_looks_like_a_cda_ends_in_words(tmp_path, content):
    path = tmp_path / "odd.xml"
    path.write_bytes(content)
    with pytest.raises(CommandError):
        described(path, "--patient", PATIENT, domain=DMP)


def test_an_unreadable_file_is_named(tmp_path):
    with pytest.raises(CommandError, match=r"absent\.txt cannot be read: no such file"):
        described(tmp_path / "absent.txt", "--patient", PATIENT)
    with pytest.raises(CommandError, match="is a directory"):
        described(tmp_path, "--patient", PATIENT)


def test_a_code_is_completed_from_the_value_set():
    code = read_code("type-code", "34133-9", DMP)
    assert (code.scheme, code.display) == ("2.16.840.1.113883.6.1", "Synthèse d'épisode de soins")
    assert read_code("type-code", "34133-9^LOINC", IHE).scheme == "LOINC"
    assert read_code("event-code", "x^1.2.3", IHE) == Code(code="x", scheme="1.2.3")
    assert read_code("type-code", "x^1.2.3", None) == Code(code="x", scheme="1.2.3")


@pytest.mark.parametrize(
    ("text", "domain", "said"),
    [
        ("34133", DMP, "34133-9"),
        ("x^1.2.3", DMP, "not in the value set typeCode of domain dmp"),
        ("x", None, r"CODE\^SCHEME"),
    ],
)
def test_a_code_that_is_none_is_answered_with_near_ones(text, domain, said):
    with pytest.raises(CommandError, match=said):
        read_code("type-code", text, domain)
