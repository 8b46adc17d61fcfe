"""One use is one use: over threads, processes and restarts, until it is expired anyway."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.xds.security.build import NOW
from xds.security.onetime import UsesInMemory, UsesOnDisk

LATER = NOW + timedelta(hours=1)


@pytest.fixture(params=["memory", "disk"])
def uses(request, tmp_path):
    return UsesInMemory() if request.param == "memory" else UsesOnDisk(tmp_path / "x" / "one.db")


def test_the_first_use_wins_and_the_second_is_told(uses):
    assert uses.use("a", instant=NOW, until=LATER)
    assert not uses.use("a", instant=NOW, until=LATER)
    assert uses.use("b", instant=NOW, until=LATER)


def test_what_is_expired_is_forgotten(uses):
    assert uses.use("a", instant=NOW, until=LATER)
    assert not uses.use("a", instant=LATER, until=LATER)
    assert uses.use("a", instant=LATER + timedelta(seconds=1), until=LATER + timedelta(hours=1))


def test_one_of_many_threads_wins(uses):
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda _: uses.use("a", instant=NOW, until=LATER), range(16)))
    assert won.count(True) == 1


def test_a_use_survives_a_restart(tmp_path):
    assert UsesOnDisk(tmp_path / "one.db").use("a", instant=NOW, until=LATER)
    assert not UsesOnDisk(tmp_path / "one.db").use("a", instant=NOW, until=LATER)


def test_one_of_many_processes_wins(tmp_path):
    program = (
        "import sys; from datetime import datetime, timedelta, UTC; from pathlib import Path;"
        "from xds.security.onetime import UsesOnDisk;"
        "now = datetime(2026, 3, 1, tzinfo=UTC);"
        "print(UsesOnDisk(Path(sys.argv[1])).use('a', instant=now, until=now + timedelta(1)))"
    )
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / "one.db")], stdout=subprocess.PIPE
        )
        for _ in range(4)
    ]
    said = [run.communicate(timeout=60)[0].strip() for run in runs]
    assert sorted(said) == [b"False"] * 3 + [b"True"]
