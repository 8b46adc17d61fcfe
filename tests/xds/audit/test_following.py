"""A trail is read from a place on, whatever happens to the file."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.build.audit import an_event
from xds.audit.chain import GENESIS, read_event
from xds.audit.following import Follower, Place, PlaceFile
from xds.audit.trail import Trail


@pytest.fixture
def path(tmp_path):
    return tmp_path / "registry.jsonl"


def write(path, *ids):
    trail = Trail(path)
    for one in ids:
        trail.record(an_event(message_id=one))
    trail.close()


def ids(lines):
    return [read_event(line)["message_id"] for line, _ in lines]


def read_all(follower):
    found = []
    while lines := follower.read():
        found += ids(lines)
    return found


def test_lines_are_read_once_each_as_they_come(path):
    write(path, "1", "2")
    follower = Follower(path, Place())
    assert ids(follower.read()) == ["1", "2"]
    assert follower.read() == []
    write(path, "3")
    assert ids(follower.read()) == ["3"]
    assert follower.octets_left() == 0


def test_a_trail_that_is_not_there_yet_is_waited_for(path):
    follower = Follower(path, Place())
    assert follower.read() == []
    write(path, "1")
    assert ids(follower.read()) == ["1"]


def test_the_place_after_a_line_is_where_reading_goes_on(path):
    write(path, "1", "2", "3")
    places = [place for _, place in Follower(path, Place()).read()]
    for number, place in enumerate(places, start=1):
        assert read_all(Follower(path, place)) == ["1", "2", "3"][number:]


def test_half_a_line_is_no_line(path):
    write(path, "1", "2")
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    follower = Follower(path, Place())
    assert ids(follower.read()) == ["1"]
    path.write_bytes(whole)
    assert ids(follower.read()) == ["2"]


def test_a_line_that_was_moved_by_a_restored_file_is_found_by_its_hash(path):
    write(path, "1", "2", "3")
    place = Follower(path, Place()).read()[1][1]
    moved = Place(offset=place.offset + 7, head=place.head, length=place.length)
    assert read_all(Follower(path, moved)) == ["3"]


def test_a_place_that_is_not_in_the_file_any_more_means_from_the_beginning(path, caplog):
    write(path, "1", "2")
    follower = Follower(path, Place(offset=100, head="a" * 64, length=50))
    assert read_all(follower) == ["1", "2"]
    assert "not in it any more" in caplog.text


def test_a_file_that_was_moved_away_is_read_to_its_end_and_then_the_new_one(path, tmp_path, caplog):
    trail = Trail(path)
    trail.record(an_event(message_id="1"))
    follower = Follower(path, Place())
    assert ids(follower.read()) == ["1"]
    trail.record(an_event(message_id="2"))
    path.rename(tmp_path / "old.jsonl")
    trail.record(an_event(message_id="3"))
    assert read_all(follower) == ["2", "3"]
    place = follower.place
    assert read_all(Follower(path, place)) == []
    assert not caplog.text


def test_a_new_file_that_goes_on_from_the_place_is_read_from_its_beginning(path, tmp_path, caplog):
    trail = Trail(path)
    trail.record(an_event(message_id="1"))
    place = Follower(path, Place()).read()[-1][1]
    path.rename(tmp_path / "old.jsonl")
    trail.record(an_event(message_id="2"))
    assert read_all(Follower(path, place)) == ["2"]
    assert not caplog.text


def test_a_damaged_line_is_passed_on_and_what_follows_too(path):
    write(path, "1", "2", "3")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"nonsense\n" + lines[2])
    follower = Follower(path, Place())
    came = [line for line, _ in follower.read()]
    assert came[1] == b"nonsense"
    assert len(came) == 3
    assert follower.read() == []


def test_a_line_longer_than_a_batch_is_read_whole(path):
    trail = Trail(path)
    trail.record(an_event(message_id="1", detail="x" * 3_000_000))
    trail.record(an_event(message_id="2"))
    assert read_all(Follower(path, Place())) == ["1", "2"]


def test_a_place_survives_and_a_damaged_file_means_the_beginning(tmp_path, caplog):
    file = PlaceFile(tmp_path / "registry.sent")
    assert file.load() == Place(offset=0, head=GENESIS, length=0)
    place = Place(offset=12, head="b" * 64, length=3)
    file.save(place)
    assert PlaceFile(tmp_path / "registry.sent").load() == place
    (tmp_path / "registry.sent").write_text(json.dumps({"colour": 1}))
    assert file.load() == Place()
    assert "damaged" in caplog.text


@given(st.lists(st.booleans(), max_size=12))
def test_every_line_comes_once_however_writing_and_reading_alternate(tmp_path_factory, turns):
    path = tmp_path_factory.mktemp("trail") / "registry.jsonl"
    trail, follower = Trail(path), Follower(path, Place())
    wrote, came = [], []
    for number, is_write in enumerate((*turns, False)):
        if is_write:
            wrote.append(str(number))
            trail.record(an_event(message_id=wrote[-1]))
        else:
            came += read_all(follower)
            follower = Follower(path, follower.place)
    assert came == wrote
