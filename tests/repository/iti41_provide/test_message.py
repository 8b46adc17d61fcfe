"""repository.iti41_provide.message: metadata and documents of one request, every fault at once."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from repository.iti41_provide.message import read_request
from xds.errors import Where
from xds.soap.exchange import SoapRequest
from xds.soap.fault import SoapFault

NS = (
    'xmlns:xds="urn:ihe:iti:xds-b:2007" '
    'xmlns:lcm="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0" '
    'xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0" '
    'xmlns:xop="http://www.w3.org/2004/08/xop/include"'
)
LETTER = (
    "<lcm:SubmitObjectsRequest><rim:RegistryObjectList>"
    '<rim:ExtrinsicObject id="d1"/></rim:RegistryObjectList></lcm:SubmitObjectsRequest>'
)


def request(inside: str) -> SoapRequest:
    body = etree.fromstring(
        f"<xds:ProvideAndRegisterDocumentSetRequest {NS}>{inside}"
        "</xds:ProvideAndRegisterDocumentSetRequest>"
    )
    where = Where("soap:Envelope").child("soap:Body").child("xds:Provide", 3)
    return SoapRequest(
        action="",
        message_id=None,
        to=None,
        body=body,
        body_where=where,
        envelope=body,
        envelope_octets=b"",
        is_mtom=False,
    )


def read(inside: str):
    return read_request(request(inside))


def test_metadata_inline_bytes_and_parts_are_told_apart():
    provided = read(
        LETTER + '<xds:Document id="d1">SGVs\n  bG8=</xds:Document>'
        '<xds:Document id="d2"> <xop:Include href="cid:a%40b"/>\n</xds:Document>'
        '<xds:Document id="d3"/>'
    )
    assert provided.complaints == ()
    assert [e.id for e in provided.entries] == ["d1"]
    inline, part, empty = provided.documents
    assert (inline.id, inline.content, inline.content_id) == ("d1", b"Hello", None)
    assert (part.id, part.content, part.content_id) == ("d2", None, "a@b")
    assert (empty.content, empty.content_id) == (b"", None)


def test_a_comment_does_not_split_base64():
    provided = read(LETTER + '<xds:Document id="d1">SGVs<!-- half -->bG8=</xds:Document>')
    assert provided.documents[0].content == b"Hello"


@given(content=st.binary(max_size=200), width=st.integers(1, 76))
def test_any_bytes_survive_base64_of_any_line_length(content, width):
    text = base64.b64encode(content).decode()
    lines = "\r\n ".join(text[i : i + width] for i in range(0, len(text), width))
    assert read(f'{LETTER}<xds:Document id="d">{lines}</xds:Document>').documents[0].content == (
        content
    )


@pytest.mark.parametrize(
    "text", ["SGVsbG8", "SGVsbG8==", "SGV$bG8=", "SGVs-bG8=", "=", "SGVsbG8=SGVsbG8="]
)
def test_what_is_not_base64_is_refused_and_not_guessed(text):
    provided = read(f'{LETTER}<xds:Document id="d1">{text}</xds:Document>')
    (complaint,) = provided.complaints
    assert complaint.code == "XDSRepositoryMetadataError"
    assert "base64" in complaint.expected
    assert "xds:Document[1]" in complaint.location


@pytest.mark.parametrize("href", ["http://example.org/x", "file:///etc/passwd", "", "doc1@x"])
def test_an_include_of_anything_but_a_part_of_this_message_is_a_fault(href):
    with pytest.raises(SoapFault, match="'cid:'"):
        read(f'{LETTER}<xds:Document id="d1"><xop:Include href="{href}"/></xds:Document>')


def test_all_faults_of_shape_come_at_once():
    provided = read(
        '<xds:Document>SGVsbG8=</xds:Document><xds:Document id="d1"><b/></xds:Document><xds:Other/>'
        '<xds:Document id="d2">x<xop:Include href="cid:a"/></xds:Document>'
    )
    came = [c.came for c in provided.complaints]
    assert len(came) == 5
    assert any("xds:Other" in c for c in came)
    assert any("0 lcm:SubmitObjectsRequest" in c for c in came)
    assert any("without id" in c for c in came)


def test_faults_of_the_metadata_come_beside_those_of_the_documents():
    bad = LETTER.replace("<rim:ExtrinsicObject", "<rim:Slot/><rim:ExtrinsicObject")
    provided = read(f'{bad}<xds:Document id="d1">!</xds:Document>')
    assert len(provided.complaints) == 2
    assert [e.id for e in provided.entries] == ["d1"]
    assert {c.code for c in provided.complaints} == {"XDSRepositoryMetadataError"}


def test_two_submissions_in_one_request_are_refused():
    assert "2 lcm:SubmitObjectsRequest" in read(LETTER + LETTER).complaints[0].came
