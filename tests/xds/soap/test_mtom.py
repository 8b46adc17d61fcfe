"""The multipart reader and writer: laws first, then the odd framings that exist."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.build.soap import limits
from xds.limits import Limits
from xds.soap.fault import SoapFault
from xds.soap.mtom import (
    MultipartReader,
    PartBegin,
    PartData,
    PartEnd,
    parse_content_type,
    write_multipart,
)

BOUNDARY = "b-1"
NEAR = [
    b"\r\n--b-1",
    b"\r\n--b-",
    b"\r\n-",
    b"\r",
    b"--b-1--",
    b"\r\n--b-1x",
    b"\n--b-1\r\n",
    b"x",
    b"",
]
CONTENT = st.lists(st.one_of(st.sampled_from(NEAR), st.binary(max_size=9)), max_size=6).map(
    b"".join
)


def is_content(octets):
    """Whether a part may hold these bytes: no line of them is a delimiter."""
    return not any(
        line.startswith(b"--b-1--") or line.rstrip(b" \t") == b"--b-1"
        for line in (b"\r\n" + octets + b"\r\n").split(b"\r\n")
    )


def read(octets, cuts=(), boundary=BOUNDARY, **changes):
    """The parts of a body that is fed in pieces."""
    reader = MultipartReader(boundary, limits(**changes))
    events, last = [], 0
    for cut in [*sorted(cuts), len(octets)]:
        events += reader.feed(octets[last:cut])
        last = cut
    events += reader.close()
    parts, is_open = [], False
    for event in events:
        if isinstance(event, PartBegin):
            assert not is_open
            parts.append((dict(event.headers), b""))
            is_open = True
        elif isinstance(event, PartData):
            assert is_open
            assert event.octets
            parts[-1] = (parts[-1][0], parts[-1][1] + event.octets)
        else:
            assert isinstance(event, PartEnd)
            is_open = False
    assert not is_open
    return parts


def outcome(octets, cuts=(), **changes):
    try:
        return read(octets, cuts, **changes)
    except SoapFault as fault:
        return fault.reason


def body(*contents):
    parts = [({"Content-ID": f"<{n}>"}, (content,)) for n, content in enumerate(contents)]
    return b"".join(write_multipart(BOUNDARY, parts))


@given(st.lists(CONTENT.filter(is_content), min_size=1, max_size=4))
@settings(max_examples=300)
def test_what_is_written_is_read(contents):
    assert [content for _, content in read(body(*contents))] == contents


@given(st.lists(CONTENT, min_size=1, max_size=3), st.data())
@settings(max_examples=300)
def test_the_same_bytes_give_the_same_parts_however_they_are_cut(contents, data):
    octets = body(*contents)
    cuts = data.draw(st.lists(st.integers(0, len(octets)), max_size=12))
    assert outcome(octets, cuts) == outcome(octets)


HEADS = st.sampled_from(
    [
        b"--b-1",
        b"--b-1--",
        b"\r\n",
        b" ",
        b"\t",
        b"A: b",
        b":",
        b"x",
        b"\r",
        b"\n",
        b"-",
        b"--",
        b" " * 64,
    ]
)


@given(st.lists(HEADS, max_size=14).map(b"".join), st.data())
@settings(max_examples=500)
def test_any_bytes_give_parts_or_one_fault_however_they_are_cut(octets, data):
    cuts = data.draw(st.lists(st.integers(0, len(octets)), max_size=8))
    assert outcome(octets, cuts) == outcome(octets)


@pytest.mark.parametrize("size", range(95, 108))
def test_the_limit_of_a_head_is_the_same_however_it_is_cut(size):
    head = b"A: " + b"x" * (size - 3)
    octets = b"--b-1\r\n" + head + b"\r\n\r\ncontent\r\n--b-1--\r\n"
    whole = outcome(octets, part_head_octets=100)
    assert outcome(octets, range(len(octets)), part_head_octets=100) == whole


@pytest.mark.parametrize("padding", range(62, 68))
def test_white_space_after_a_boundary_is_the_same_however_it_is_cut(padding):
    octets = body(b"one").replace(b"--b-1\r\n", b"--b-1" + b" " * padding + b"\r\n")
    assert outcome(octets, range(len(octets))) == outcome(octets)


def test_a_big_part_in_small_pieces_comes_whole():
    content = random.Random(4).randbytes(300_000)
    octets = body(content, b"after")
    for step in (1000, 1009, 65_536):
        parts = read(octets, range(0, len(octets), step))
        assert [c for _, c in parts] == [content, b"after"]


def test_memory_is_bounded_by_the_piece_and_the_boundary():
    reader = MultipartReader(BOUNDARY, Limits())
    reader.feed(b"--b-1\r\n\r\n")
    for _ in range(50):
        reader.feed(b"\r\n--b-" * 1000)
        assert len(reader._buffer) < 100


def test_preamble_and_epilogue_are_passed_over():
    octets = b"This is a message\r\nin MIME\r\n" + body(b"one") + b"\r\nepilogue --b-1\r\n"
    assert [c for _, c in read(octets)] == [b"one"]


def test_a_part_without_content_may_have_one_line_end_only():
    assert [c for _, c in read(b"--b-1\r\nA: b\r\n\r\n--b-1--")] == [b""]
    assert [c for _, c in read(b"--b-1\r\nA: b\r\n\r\n\r\n--b-1--")] == [b""]


def test_a_part_without_headers_has_none():
    assert read(b"--b-1\r\n\r\nx\r\n--b-1--") == [({}, b"x")]


def test_folded_headers_are_one_line_and_names_have_no_case():
    octets = b"--b-1\r\nCONTENT-type: a/b;\r\n  c=d\r\n\r\nx\r\n--b-1--"
    assert read(octets)[0][0]["content-type"].split() == ["a/b;", "c=d"]


@pytest.mark.parametrize(
    ("octets", "says"),
    [
        (b"", "'--b-1'"),
        (b"nothing of the kind", "'--b-1'"),
        (b"--b-1\r\nA: b\r\n\r\nx", "'--b-1--'"),
        (b"--b-1\r\nno colon\r\n\r\nx\r\n--b-1--", "'no colon'"),
        (b"--b-1--\r\n", "no part"),
        (b"--b-1\r\n" + b"A: " + b"x" * 9000, "8192 octets"),
    ],
)
def test_a_fault_says_what_was_expected(octets, says):
    assert says in outcome(octets)


def test_too_many_parts_are_refused_at_the_first_too_many():
    assert "more than 3 parts" in outcome(body(*[b"x"] * 4), parts=3)
    assert len(outcome(body(*[b"x"] * 3), parts=3)) == 3


@pytest.mark.parametrize("boundary", ["", "x" * 71, "é"])
def test_a_boundary_that_cannot_be_one_is_refused(boundary):
    with pytest.raises(SoapFault, match="boundary"):
        MultipartReader(boundary, Limits())


@pytest.mark.parametrize(
    ("value", "media_type", "parameters"),
    [
        ("Multipart/Related; Boundary=b", "multipart/related", {"boundary": "b"}),
        ('a/b; c="x;y=\\"z\\""', "a/b", {"c": 'x;y="z"'}),
        ("a/b;c=d;c=e", "a/b", {"c": "d"}),
        ("", "", {}),
        (";;;", "", None),
    ],
)
def test_content_types_as_they_come(value, media_type, parameters):
    found_type, found = parse_content_type(value)
    assert found_type == media_type
    assert parameters is None or found == parameters


@given(st.text(max_size=60))
def test_any_text_is_a_content_type_or_none(value):
    parse_content_type(value)
