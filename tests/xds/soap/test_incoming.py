"""A message as it arrives: what is held in memory, what is put in place, what stays on the wire."""

import base64
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.build.soap import MTOM, PLAIN, envelope, include, limits, multipart, part, root_part
from xds.limits import MIB, Limits
from xds.namespaces import WSSE, XOP
from xds.soap.fault import SoapFault
from xds.soap.incoming import receive
from xds.soap.xop import canonical_content_id, listed

SECURITY = '<w:Security xmlns:w="{}">{}</w:Security>'


def pieces(octets, size=1000):
    return iter([octets[at : at + size] for at in range(0, len(octets), size)])


def arrive(octets, content_type=MTOM, size=1000, **changes):
    return receive(content_type, "", pieces(octets, size), limits(**changes))


def refused(octets, content_type=MTOM, **changes):
    with pytest.raises(SoapFault) as caught:
        contents(arrive(octets, content_type, **changes))
    return caught.value.reason


def contents(incoming):
    return [b"".join(attachment.chunks()) for attachment in incoming.attachments]


def in_header(*values):
    """A root part whose Security header holds these values, each in an element of its own."""
    inside = "".join(f"<w:V>{value}</w:V>" for value in values)
    return root_part(envelope(headers=SECURITY.format(WSSE, inside)))


def values(incoming):
    return [base64.b64decode(v.text) for v in incoming.root.iter(f"{{{WSSE}}}V")]


def test_nothing_is_read_past_the_envelope_until_a_document_is_asked_for():
    body = multipart(root_part(), part("d", b"x" * 50_000))
    read = []

    def wire():
        for piece in pieces(body, 500):
            read.append(piece)
            yield piece

    incoming = receive(MTOM, "", wire(), Limits())
    assert sum(map(len, read)) < 2_000
    (document,) = incoming.attachments
    del document
    assert sum(map(len, read)) == len(body)


def test_a_value_outside_documents_is_put_in_place_wherever_its_part_stands():
    for order in ((0, 1, 2), (1, 0, 2), (1, 2, 0), (2, 1, 0)):
        parts = [in_header(include("a"), include("b")), part("a", b"AA"), part("b", b"BB")]
        incoming = arrive(multipart(*(parts[n] for n in order)))
        assert values(incoming) == [b"AA", b"BB"]
        assert not list(incoming.root.iter(f"{{{XOP}}}Include"))
        again = etree.fromstring(incoming.octets)
        assert not list(again.iter(f"{{{XOP}}}Include"))


def test_the_envelopes_bytes_are_those_that_came_when_nothing_had_to_be_put_in_place():
    message = b"<?xml version='1.0'?>\n" + envelope(inside="<xds:Document  id = '1'/>")
    assert arrive(multipart(root_part(message))).octets == message
    assert arrive(message, PLAIN).octets == message


def test_a_part_that_many_places_name_counts_once_for_each():
    many = in_header(*[include("a")] * 50)
    body = multipart(many, part("a", b"x" * 3_000))
    assert "limit of 60000 octets" in refused(body, envelope_octets=60_000)
    assert len(values(arrive(body))) == 50


def test_a_part_too_long_for_its_place_is_named():
    body = multipart(in_header(include("a")), part("a", b"x" * 900_000))
    assert "'a'" in refused(body)


def test_a_part_that_never_comes_is_named_beside_those_that_did():
    reason = refused(multipart(in_header(include("lost")), part("found", b"x")))
    assert "'lost'" in reason
    assert "'found'" in reason
    assert "'root@x'" not in reason


def test_two_parts_of_one_name_are_a_fault_wherever_they_stand():
    body = multipart(root_part(), part("d", b"1"), part("D", b"2"), part("d", b"3"))
    assert "'d'" in refused(body)
    assert "'root@x'" in refused(multipart(root_part(), part("root@x", b"1")))
    assert "'d'" in refused(multipart(root_part(), part("d", b"1"), part("%64", b"2")))


def test_parts_without_a_name_are_no_twins():
    body = multipart(root_part(), part("", b"1", Content_Id=None), part("", b"2", Content_Id=None))
    assert [b"".join(a.chunks()) for a in arrive(body).attachments] == [b"1", b"2"]


@pytest.mark.parametrize(
    "inside",
    [
        f"text {include('a')}",
        f"{include('a')} text",
        f"{include('a')}{include('b')}",
        f"<b/>{include('a')}",
    ],
)
def test_an_include_is_alone_in_its_place(inside):
    body = multipart(in_header(inside), part("a", b"1"), part("b", b"2"))
    assert "only content" in refused(body)
    document = envelope(inside=f"<xds:Document>{inside}</xds:Document>")
    assert "only content" in refused(multipart(root_part(document), part("a", b"1")))


@pytest.mark.parametrize("href", ["", "cid:", "cid", "http://x/", "CID", "file:/etc/passwd", "a@b"])
def test_an_include_names_a_part_and_nothing_else(href):
    value = f'<xop:Include xmlns:xop="{XOP}" href="{href}"/>'
    assert "expected a 'cid:' URL" in refused(multipart(in_header(value)))


def test_an_include_in_a_plain_message_cannot_have_its_part():
    message = envelope(inside=f"<xds:Document>{include('a')}</xds:Document>")
    assert "not multipart/related" in refused(message, PLAIN)


@pytest.mark.parametrize("encoding", ["quoted-printable", "x-gzip", "base65"])
def test_a_transfer_encoding_that_is_not_read_here_is_named(encoding):
    body = multipart(root_part(), part("d", b"x", Content_Transfer_Encoding=encoding))
    assert f"'{encoding}'" in refused(body)


@given(st.binary(max_size=200), st.integers(1, 90), st.integers(1, 60))
@settings(max_examples=150)
def test_base64_is_decoded_however_its_lines_and_the_pieces_are_cut(content, width, size):
    text = base64.b64encode(content)
    lines = b"\r\n".join(text[at : at + width] for at in range(0, len(text), width))
    body = multipart(root_part(), part("d", lines, Content_Transfer_Encoding="Base64"))
    (found,) = [b"".join(a.chunks()) for a in arrive(body, size=size).attachments]
    assert found == content


@pytest.mark.parametrize("text", [b"QQ==QUJDQUJD", b"QQ=", b"Q", b"QU*D", b"QQ==="])
@pytest.mark.parametrize("size", [1, 4, 1000])
def test_what_is_no_base64_is_a_fault_however_it_is_cut(text, size):
    body = multipart(root_part(), part("d", text, Content_Transfer_Encoding="base64"))
    with pytest.raises(SoapFault, match="base64"):
        contents(arrive(body, size=size))


def test_a_document_passes_in_constant_memory():
    head = multipart(root_part(), part("d", b""))[: -len(b"\r\n--B1--\r\n")]
    content = bytes(range(256)) * 256

    def wire():
        yield head
        yield from (content for _ in range(1024))
        yield b"\r\n--B1--\r\n"

    attachment = next(iter(receive(MTOM, "", wire(), Limits()).attachments))
    tracemalloc.start()
    try:
        assert sum(map(len, attachment.chunks())) == 64 * MIB
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MIB


@given(st.text(max_size=30))
def test_a_canonical_name_is_its_own_canonical_name(name):
    once = canonical_content_id(f"<{name}>")
    assert canonical_content_id(once) == once or "%" in name or "<" in name or ">" in name


def test_a_list_of_very_many_names_is_cut():
    assert listed(map(str, range(1000))).endswith("and 980 more")
    assert listed([]) == "none"
