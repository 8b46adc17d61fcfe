"""A trail that was tampered with: what is wrong, and in which line."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.build.audit import an_event
from xds.audit.chain import GENESIS, link, render_event
from xds.audit.verification import Flaw, examine


def a_trail(count, start=GENESIS, name="event"):
    lines, head = [], start
    for number in range(1, count + 1):
        line, head = link(head, render_event(an_event(message_id=f"{name} {number}")))
        lines.append(line)
    return lines


def found(lines, *heads):
    return [(f.line, f.flaw) for f in examine(lambda: lines, heads).findings]


def head_of(line):
    return json.loads(line)["hash"]


def rewritten(line, previous=None):
    """An entry with other content whose own hash is right, as somebody who knows how makes it."""
    read = json.loads(line)
    event = json.dumps({**read["event"], "peer": "203.0.113.1"}, separators=(",", ":")).encode()
    made, _ = link(previous or read["previous"], event)
    return made


def test_a_trail_that_is_as_it_was_written_has_no_findings():
    lines = a_trail(5)
    examined = examine(lambda: lines)
    assert (examined.lines, examined.head) == (5, head_of(lines[-1]))
    assert examined.findings == ()
    assert examine(list).head == GENESIS


@pytest.mark.parametrize("line", [1, 3, 5])
def test_a_changed_entry_is_found_in_its_line_and_no_other(line):
    lines = a_trail(5)
    lines[line - 1] = lines[line - 1].replace(b"192.0.2.7", b"192.0.2.8")
    assert found(lines) == [(line, Flaw.CHANGED)]


def test_an_entry_that_is_no_line_any_more_is_found():
    lines = a_trail(5)
    lines[2] = b"\n"
    assert found(lines) == [(3, Flaw.CHANGED)]


@pytest.mark.parametrize("line", [1, 2, 4])
def test_a_missing_entry_is_found_where_it_was(line):
    lines = a_trail(5)
    del lines[line - 1]
    assert found(lines) == [(line, Flaw.MISSING)]


def test_swapped_entries_are_found_as_displaced():
    lines = a_trail(5)
    lines[1], lines[2] = lines[2], lines[1]
    assert found(lines) == [(2, Flaw.DISPLACED), (3, Flaw.DISPLACED), (4, Flaw.DISPLACED)]


def test_an_entry_that_was_moved_to_the_end_is_found():
    lines = a_trail(5)
    lines.append(lines.pop(1))
    assert (5, Flaw.DISPLACED) in found(lines)


def test_an_entry_that_was_put_in_is_found():
    lines = a_trail(5)
    forged, _ = link(head_of(lines[1]), render_event(an_event(message_id="forged")))
    lines.insert(2, forged)
    assert found(lines) == [(4, Flaw.DISPLACED)]


def test_an_entry_that_was_written_anew_with_its_hash_is_found_at_the_next():
    lines = a_trail(5)
    lines[2] = rewritten(lines[2])
    assert found(lines) == [(4, Flaw.MISSING)]


def test_two_trails_one_after_the_other_are_told_apart():
    assert found([*a_trail(3), *a_trail(2, name="other")]) == [(4, Flaw.MISSING)]


def test_half_a_line_at_the_end_is_unfinished():
    lines = a_trail(3)
    lines[-1] = lines[-1][:-20]
    assert found(lines) == [(3, Flaw.UNFINISHED)]


def test_an_end_that_was_cut_off_shows_only_against_a_head_that_was_kept():
    lines = a_trail(5)
    head = head_of(lines[-1])
    assert found(lines, head) == []
    assert found(lines[:-1]) == []
    assert found(lines[:-1], head) == [(5, Flaw.CUT)]
    assert found(lines, head_of(lines[2])) == []


def test_a_trail_that_was_written_anew_as_a_whole_shows_against_a_head_that_was_kept():
    lines = a_trail(5)
    forged, head = [], GENESIS
    for line in lines:
        forged.append(rewritten(line, head))
        head = head_of(forged[-1])
    assert found(forged) == []
    assert found(forged, head_of(lines[-1])) == [(6, Flaw.CUT)]


@given(st.data())
def test_whatever_one_thing_is_done_to_a_trail_with_a_kept_head_is_found(data):
    lines = a_trail(6)
    head = head_of(lines[-1])
    place = data.draw(st.integers(0, 5))
    match data.draw(st.sampled_from(["flip", "delete", "swap", "repeat", "cut", "insert"])):
        case "flip":
            octet = data.draw(st.integers(0, len(lines[place]) - 2))
            line = bytearray(lines[place])
            line[octet] ^= 1 << data.draw(st.integers(0, 7))
            # A line break in it would make two lines of one.
            lines = b"".join([*lines[:place], bytes(line), *lines[place + 1 :]]).splitlines(
                keepends=True
            )
        case "delete":
            del lines[place]
        case "swap":
            other = data.draw(st.integers(0, 5).filter(lambda n: n != place))
            lines[place], lines[other] = lines[other], lines[place]
        case "repeat":
            lines.insert(place, lines[place])
        case "cut":
            lines = lines[:place]
        case "insert":
            lines.insert(place, a_trail(1, name="x")[0])
    assert found(lines, head)


@pytest.mark.slow
def test_a_hundred_thousand_entries_are_verified_in_seconds():
    """A million shall take less than a minute."""
    event = render_event(an_event())

    def lines():
        head = GENESIS
        for _ in range(100_000):
            line, head = link(head, event)
            yield line

    begun = time.perf_counter()
    assert sum(1 for _ in lines()) == 100_000
    making = time.perf_counter() - begun
    begun = time.perf_counter()
    assert examine(lines).findings == ()
    assert time.perf_counter() - begun - making < 6
