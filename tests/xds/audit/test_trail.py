"""The trail is durable, chained, shared by threads and processes, and survives a crash."""

import errno
import json
import multiprocessing
import os
import random
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from xds.audit.chain import ChainBrokenError, read_event
from xds.audit.event import AuditEvent, Concerned, Outcome
from xds.audit.trail import Trail, verify_trail
from xds.security.caller import Caller, CodedValue

INSTANT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


def an_event(message_id="urn:uuid:1", **changes):
    values = {
        "instant": INSTANT,
        "transaction": "ITI-41",
        "outcome": Outcome.SUCCESS,
        "message_id": message_id,
        "peer": "192.0.2.1",
        "caller": None,
        "concerned": Concerned(),
    }
    return AuditEvent(**{**values, **changes})


def lines_of(path):
    return path.read_bytes().splitlines()


def message_ids(path):
    return [read_event(line)["message_id"] for line in lines_of(path)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "audit" / "registry.jsonl"


def test_an_event_is_one_json_line_that_says_who_did_what_to_whom(path):
    caller = Caller(
        identity="801234567890",
        issuer="CN=issuer",
        roles=(CodedValue(code="10", system="1.2.250.1.71"),),
        issued_at=INSTANT,
    )
    concerned = Concerned(patients=("1^^^&1.2.3&ISO",), query=b"<q>\xff</q>")
    trail = Trail(path)
    trail.record(an_event(caller=caller, concerned=concerned, codes=("XDSRegistryError",)))
    (line,) = lines_of(path)
    event = json.loads(line)["event"]
    assert event["caller"]["identity"] == "801234567890"
    assert event["caller"]["issued_at"] == INSTANT.isoformat()
    assert event["concerned"]["patients"] == ["1^^^&1.2.3&ISO"]
    assert event["concerned"]["query_base64"] == "PHE+/zwvcT4="
    assert event["instant"] == "2026-05-04T03:02:01+00:00"
    assert event["codes"] == ["XDSRegistryError"]


def test_the_trail_is_readable_by_its_owner_only(path):
    Trail(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o077 == 0


def test_reopening_continues_the_chain(path):
    for number in range(3):
        trail = Trail(path)
        trail.record(an_event(str(number)))
        trail.close()
    assert verify_trail(path).lines == 3
    assert message_ids(path) == ["0", "1", "2"]


def test_an_event_after_close_opens_the_file_again(path):
    trail = Trail(path)
    trail.close()
    trail.record(an_event())
    assert verify_trail(path).lines == 1


@pytest.mark.parametrize("damage", ["change", "remove", "swap", "insert"])
def test_whatever_is_done_to_a_line_the_chain_names_it(path, damage):
    trail = Trail(path)
    for number in range(10):
        trail.record(an_event(str(number)))
    lines = path.read_bytes().splitlines(keepends=True)
    if damage == "change":
        lines[4] = lines[4].replace(b'"ITI-41"', b'"ITI-43"')
    elif damage == "remove":
        del lines[4]
    elif damage == "swap":
        lines[4], lines[5] = lines[5], lines[4]
    else:
        lines.insert(4, lines[8])
    path.write_bytes(b"".join(lines))
    with pytest.raises(ChainBrokenError, match="line 5"):
        verify_trail(path)


def test_a_line_torn_at_any_octet_is_moved_away_and_said_in_the_next_event(path):
    trail = Trail(path)
    trail.record(an_event("0"))
    whole = path.read_bytes()
    trail.record(an_event("1"))
    second = path.read_bytes()[len(whole) :]
    trail.close()
    for kept in range(1, len(second)):
        path.write_bytes(whole + second[:kept])
        again = Trail(path)
        again.record(an_event("2"))
        again.close()
        assert verify_trail(path).lines == 2
        assert read_event(lines_of(path)[1])["torn_octets_before"] == kept
    assert path.with_suffix(".cut").read_bytes().endswith(second[:kept])


def test_zeros_that_a_power_loss_left_at_the_end_are_moved_away(path):
    trail = Trail(path)
    trail.record(an_event("0"))
    with path.open("ab") as file:
        file.write(b"\0" * 5000 + b"\n")
    trail.record(an_event("1"))
    assert verify_trail(path).lines == 2


def test_a_last_line_longer_than_a_block_is_found(path):
    trail = Trail(path)
    trail.record(an_event("0", concerned=Concerned(query=random.Random(1).randbytes(200_000))))
    trail.close()
    again = Trail(path)
    again.record(an_event("1"))
    assert verify_trail(path).lines == 2


def test_many_threads_lose_nothing_and_share_their_syncs(path, monkeypatch):
    syncs = []
    original = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda fd: (syncs.append(fd), original(fd)))
    trail = Trail(path)
    start = threading.Barrier(8)

    def work(name):
        start.wait()
        for number in range(25):
            trail.record(an_event(f"{name}-{number}"))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verify_trail(path).lines == 200
    assert len(set(message_ids(path))) == 200
    assert 0 < len(syncs) <= 200


def _append_many(path, name):
    trail = Trail(Path(path))
    for number in range(20):
        trail.record(an_event(f"{name}-{number}"))


def test_many_processes_write_one_chain(path):
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_append_many, args=(str(path), n)) for n in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert verify_trail(path).lines == 60
    assert sorted(message_ids(path)) == sorted(f"{n}-{i}" for n in range(3) for i in range(20))


def test_two_trails_on_one_file_in_turn_write_one_chain(path):
    one, other = Trail(path), Trail(path)
    for number in range(4):
        (one if number % 2 else other).record(an_event(str(number)))
    assert verify_trail(path).lines == 4


def test_a_file_that_was_moved_away_is_made_anew_and_goes_on_from_its_hash(path):
    trail = Trail(path)
    trail.record(an_event("0"))
    moved = path.rename(path.with_suffix(".old"))
    trail.record(an_event("1"))
    assert json.loads(lines_of(path)[0])["previous"] == verify_trail(moved).head


def test_a_full_disk_leaves_no_half_line_and_the_next_event_is_written(path, monkeypatch):
    trail = Trail(path)
    trail.record(an_event("0"))
    original, calls = os.write, []

    def full(descriptor, octets):
        calls.append(len(octets))
        if len(calls) == 1:
            return original(descriptor, octets[:10])
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="no space"):
        trail.record(an_event("1"))
    monkeypatch.setattr(os, "write", original)
    trail.record(an_event("2"))
    assert message_ids(path) == ["0", "2"]
    assert verify_trail(path).lines == 2


def test_after_a_failed_sync_nothing_more_is_promised(path, monkeypatch):
    trail = Trail(path)
    original = os.fdatasync

    def fails(descriptor):
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(os, "fdatasync", fails)
    with pytest.raises(OSError, match="input/output"):
        trail.record(an_event("0"))
    monkeypatch.setattr(os, "fdatasync", original)
    with pytest.raises(OSError, match="start the service again"):
        trail.record(an_event("1"))


def test_a_folder_that_cannot_be_written_is_said_at_once(tmp_path):
    (tmp_path / "audit").write_text("a file stands where the folder should be")
    with pytest.raises(OSError, match="audit"):
        Trail(tmp_path / "audit" / "registry.jsonl")
