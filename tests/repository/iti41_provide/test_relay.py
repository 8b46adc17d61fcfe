"""repository.iti41_provide.relay: the Registry's errors are about the caller's own message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from repository.iti41_provide.relay import locate, relayed
from repository.registry_client import Registration
from xds.errors import Complaint, ErrorCode, Severity, Where

MESSAGE = b"""<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">
<s:Body>
<x:ProvideAndRegisterDocumentSetRequest xmlns:x="urn:ihe:iti:xds-b:2007"
   xmlns:l="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"
   xmlns="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0">
<l:SubmitObjectsRequest>
<RegistryObjectList>
<!-- a comment -->
<ExtrinsicObject id="Document01">
<Slot name="creationTime"><ValueList><Value>2024</Value></ValueList></Slot>
</ExtrinsicObject>
<RegistryPackage id="SubmissionSet01"/>
<ExtrinsicObject id="Document02">
<Slot name="languageCode">
<ValueList>
<Value>fr</Value>
</ValueList>
</Slot>
</ExtrinsicObject>
</RegistryObjectList>
</l:SubmitObjectsRequest>
</x:ProvideAndRegisterDocumentSetRequest>
</s:Body>
</s:Envelope>
"""
HEAD = "/soap:Envelope/soap:Body"
REQUEST = "xds:ProvideAndRegisterDocumentSetRequest"
BODY = etree.fromstring(MESSAGE)[0][0]
WHERE = Where("soap:Envelope").child("soap:Body").child(REQUEST, 3)
THEIRS = f"{HEAD}/lcm:SubmitObjectsRequest/rim:RegistryObjectList"
OURS = f"{HEAD}/{REQUEST}/lcm:SubmitObjectsRequest/rim:RegistryObjectList"


def place(location: str) -> str | None:
    where = locate(location, BODY, WHERE)
    return str(where) if where else None


def line_of(text: bytes) -> int:
    return MESSAGE[: MESSAGE.index(text)].count(b"\n") + 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/rim:ExtrinsicObject[1]", b'<ExtrinsicObject id="Document01">'),
        ("/rim:ExtrinsicObject[2]", b'<ExtrinsicObject id="Document02">'),
        ("/rim:ExtrinsicObject[@id='Document02']", b'<ExtrinsicObject id="Document02">'),
        ("/rim:RegistryPackage", b"<RegistryPackage"),
        (
            "/rim:ExtrinsicObject[2]/rim:Slot[@name='languageCode']/rim:ValueList/rim:Value[1]",
            b"<Value>fr",
        ),
        ("/rim:RegistryPackage[1]/@id", b"<RegistryPackage"),
    ],
)
def test_a_place_in_the_iti42_message_is_the_same_place_in_the_iti41_message(path, text):
    assert place(f"{THEIRS}{path} (line 1)") == f"{OURS}{path} (line {line_of(text)})"


def test_what_the_repository_added_is_the_callers_own_object():
    location = f"{THEIRS}/rim:ExtrinsicObject[2]/rim:Slot[@name='repositoryUniqueId'] (line 1)"
    line = line_of(b'<ExtrinsicObject id="Document02">')
    assert place(location) == f"{OURS}/rim:ExtrinsicObject[2] (line {line})"


@pytest.mark.parametrize(
    "location",
    [
        "",
        "urn:oid:1.2.3",
        "org.example.Registry.submit(Registry.java:12)",
        "/",
        "//rim:ExtrinsicObject",
        f"{THEIRS}/rim:ExtrinsicObject[1 or 1=1]",
        f"{THEIRS}/rim:ExtrinsicObject[@id='a']['b']",
        f"{THEIRS}/evil:ExtrinsicObject",
        f"{THEIRS}/../..",
        f"{THEIRS}/rim:ExtrinsicObject[0]",
        "/soap:Envelope/soap:Body/query:AdhocQueryRequest",
        THEIRS + "/rim:ExtrinsicObject" * 200,
    ],
)
def test_anything_else_is_no_path_of_ours(location):
    assert place(location) is None


@given(location=st.text(max_size=80) | st.text(alphabet="/rim:Slot[]@='1", max_size=60))
def test_no_location_breaks_the_answer(location):
    for text in (location, THEIRS + location):
        where = locate(text, BODY, WHERE)
        assert where is None or str(where).startswith(f"{HEAD}/{REQUEST}/lcm:SubmitObjectsRequest")


def error(
    code="XDSUnknownPatientId", location="", severity=Severity.ERROR, code_context="who?"
) -> Complaint:
    return Complaint.relayed(
        code=code, code_context=code_context, location=location, severity=severity
    )


def relay(*complaints: Complaint) -> tuple[Complaint, ...]:
    return relayed(Registration(is_success=False, complaints=complaints), BODY, WHERE)


def test_errors_and_warnings_keep_code_context_and_severity():
    first, second = relay(
        error(location=f"{THEIRS}/rim:RegistryPackage[1] (line 7)"),
        error("XDSExtraMetadataNotSaved", severity=Severity.WARNING),
    )
    assert (first.code, first.code_context, first.is_error) == (
        ErrorCode.XDS_UNKNOWN_PATIENT_ID,
        "who?",
        True,
    )
    assert first.location == f"{OURS}/rim:RegistryPackage[1] (line {line_of(b'<RegistryPackage')})"
    assert not second.is_error
    assert second.location == ""


def test_a_foreign_location_is_passed_on_quoted_and_a_foreign_code_as_it_came():
    (complaint,) = relay(error("NationalCode", location="at org.example\nRegistry<b>"))
    assert complaint.code == "NationalCode"
    assert complaint.location == "in the Registry: 'at org.example\\u000aRegistry<b>'"


def test_an_error_without_code_or_context_still_says_something():
    (complaint,) = relay(error(code="", code_context=""))
    assert complaint.code == ErrorCode.XDS_REGISTRY_ERROR
    assert "no codeContext" in complaint.code_context


def test_a_success_without_words_is_no_complaint():
    assert relay() == ()
