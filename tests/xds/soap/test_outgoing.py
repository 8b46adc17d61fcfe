"""An answer as it leaves: framing that foreign stacks read, lengths that are right."""

import base64
from email import message_from_bytes
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tests.build.soap import parts_of
from xds.namespaces import XOP
from xds.soap.exchange import Answer, OutgoingDocument
from xds.soap.outgoing import write_answer


def a_document(content, cuts=(), **changes):
    edges = [0, *sorted(c for c in cuts if c < len(content)), len(content)]
    pieces = [content[a:b] for a, b in pairwise(edges)]
    values = {
        "content_id": "1@greffe",
        "mime_type": "text/plain",
        "size_octets": len(content),
        "chunks": lambda: iter(pieces),
    }
    return OutgoingDocument(**{**values, **changes})


def an_answer(*documents):
    pieces = [p for d in documents for p in (b"<d>", d, b"</d>")]
    return Answer(action="urn:a", body=(b"<b>", *pieces, b"</b>"))


def sent(answer, *, is_mtom):
    outgoing = write_answer(answer, "urn:uuid:1", is_mtom=is_mtom)
    octets = b"".join(outgoing.chunks)
    assert outgoing.content_length == len(octets)
    return octets, outgoing.content_type


@given(st.lists(st.binary(max_size=300), max_size=3), st.lists(st.integers(0, 300), max_size=5))
def test_documents_come_out_as_they_went_in_in_both_framings(contents, cuts):
    answer = an_answer(*(a_document(c, cuts, content_id=f"{n}@g") for n, c in enumerate(contents)))
    octets, _ = sent(answer, is_mtom=False)
    found = [base64.b64decode(d.text or "") for d in etree.fromstring(octets).iter("d")]
    assert found == contents
    octets, content_type = sent(answer, is_mtom=True)
    (_, root), *parts = parts_of(octets, content_type)
    assert [content for _, content in parts] == contents
    hrefs = [i.get("href") for i in etree.fromstring(root).iter(f"{{{XOP}}}Include")]
    assert hrefs == [f"cid:{n}@g" for n in range(len(contents))]


def test_pythons_own_mime_reader_agrees():
    content = b"line\r\n--greffe\r\n\xff\0"
    octets, content_type = sent(an_answer(a_document(content)), is_mtom=True)
    message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + octets)
    root, document = message.get_payload()
    assert f"<{message.get_param('start')[1:-1]}>" == root["Content-ID"]
    assert root.get_content_type() == "application/xop+xml"
    assert document.get_payload(decode=True) == content


def test_nothing_of_a_document_can_end_its_head():
    document = a_document(b"x", mime_type="text/plain\r\nX-Evil: 1\r\n\r\n<script>")
    octets, content_type = sent(an_answer(document), is_mtom=True)
    assert b"X-Evil: 1" not in octets.splitlines()
    assert len(parts_of(octets, content_type)) == 2
    document = a_document(b"x", mime_type="é")
    assert b"application/octet-stream" in sent(an_answer(document), is_mtom=True)[0]


def test_an_answer_leaves_in_few_pieces():
    big = a_document(b"x" * 1_000_000, range(0, 1_000_000, 100_000))
    pieces = list(write_answer(an_answer(big), None, is_mtom=True).chunks)
    assert len(pieces) <= 12
    assert len(list(write_answer(an_answer(), None, is_mtom=True).chunks)) == 1
