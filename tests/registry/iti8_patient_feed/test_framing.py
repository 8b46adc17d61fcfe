"""MLLP's framing: any portions of the same octets give the same messages."""

import itertools
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.iti8_patient_feed.framing import FrameTooLongError, Framing, framed

LIMIT = 100
contents = st.binary(max_size=LIMIT).filter(lambda b: b"\x0b" not in b and b"\x1c" not in b)
noise = st.binary(max_size=5).filter(lambda b: b"\x0b" not in b)


def portions(octets: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(min(c, len(octets)) for c in cuts), len(octets)]
    return [octets[a:b] for a, b in itertools.pairwise(edges)]


@given(messages=st.lists(contents, max_size=5), cuts=st.lists(st.integers(0, 600), max_size=8))
def test_messages_come_out_whole_and_in_order_however_they_are_cut(messages, cuts):
    framing = Framing(LIMIT)
    octets = b"".join(map(framed, messages))
    came = [message for portion in portions(octets, cuts) for message in framing.push(portion)]
    assert came == messages
    assert framing.is_idle
    assert framing.garbage == 0


@given(first=contents, second=contents, between=noise)
def test_garbage_between_messages_is_dropped_and_counted(first, second, between):
    framing = Framing(LIMIT)
    assert framing.push(framed(first) + between + framed(second)) == [first, second]
    assert framing.garbage == len(between.strip(b"\r\n\t "))


@given(st.lists(st.binary(max_size=300), max_size=10))
def test_any_octets_give_messages_or_the_one_error(pieces):
    framing = Framing(LIMIT)
    with suppress(FrameTooLongError):
        for piece in pieces:
            for message in framing.push(piece):
                assert len(message) <= LIMIT


def test_the_cr_after_fs_is_not_waited_for():
    framing = Framing(LIMIT)
    assert framing.push(b"\x0bone\x1c") == [b"one"]
    assert framing.push(b"\r\x0btwo\x1c\x0bthree\x1c\r") == [b"two", b"three"]
    assert framing.garbage == 0


def test_a_message_that_begins_anew_replaces_the_one_before():
    framing = Framing(LIMIT)
    assert framing.push(b"\x0bgiven up\x0bwhole\x1c\r") == [b"whole"]
    assert framing.push(b"\x0bgiven") == []
    assert framing.push(b" up\x0bwhole\x1c\r") == [b"whole"]
    assert framing.garbage == 16


def test_a_message_of_just_the_limit_is_taken_and_one_octet_more_is_not():
    assert Framing(LIMIT).push(framed(b"x" * LIMIT)) == [b"x" * LIMIT]
    with pytest.raises(FrameTooLongError) as error:
        Framing(LIMIT).push(framed(b"MSH" + b"x" * LIMIT))
    assert error.value.head.startswith(b"MSHx")


def test_a_connection_of_nothing_but_garbage_ends():
    framing = Framing(LIMIT)
    with pytest.raises(FrameTooLongError):
        framing.push(b"GET / HTTP/1.1\r\n" * LIMIT)
