"""repository.vault.removing: what is removed is gone, what another name needs stays, whoever runs.

Spec: RMD supplement §3.86.4.1.3.
"""

import os
import signal
import threading
from pathlib import Path

import pytest

from repository.vault.api import BlobDamagedError, Holding, Vault, VaultError
from repository.vault.files import Disk, open_blobs
from repository.vault.giving import READ_OCTETS
from repository.vault.index import open_index
from repository.vault.removing import erase_doomed, remove

CONTENT = b"what a patient wants forgotten"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/index.db"
        return
    server = request.getfixturevalue("postgres_server")
    name = server.clone()
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def vault(url, tmp_path):
    index = open_index(url)
    yield Vault(blobs=open_blobs(tmp_path / "vault"), index=index)
    index.close()


def put(vault, unique_id, content=CONTENT):
    """As ITI-41 does it."""
    staged = vault.blobs.stage([content])
    held = Holding(unique_id=unique_id, receipt=staged.receipt, mime_type="text/plain")
    with vault.blobs.sheltered([staged.receipt]):
        vault.blobs.keep([staged])
        assert vault.index.admit([held]) == ()
    return held


def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def blobs(folder):
    return [p for p in (folder / "vault" / "blobs").rglob("*") if p.is_file()]


def test_a_removed_document_is_neither_named_nor_on_the_disk(vault, tmp_path):
    held, other = put(vault, "1.1"), put(vault, "1.2", b"another")
    assert remove(vault, ["1.1"]) == ({"1.1": held}, True)
    assert vault.index.find(["1.1", "1.2"]) == {"1.2": other}
    assert [p.name for p in blobs(tmp_path)] == [other.receipt.sha256]
    assert vault.index.doomed() == []


def test_what_is_not_there_is_not_removed_and_the_rest_is(vault, tmp_path):
    held = put(vault, "1.1")
    assert remove(vault, ["1.404", "1.1", "1.1"]) == ({"1.1": held}, True)
    assert remove(vault, ["1.1"]) == ({}, True)
    assert blobs(tmp_path) == []


def test_bytes_with_two_names_stay_until_the_second_goes(vault, tmp_path):
    held = put(vault, "1.1")
    put(vault, "1.2")
    remove(vault, ["1.1"])
    assert b"".join(vault.blobs.read(held.receipt)) == CONTENT
    assert vault.index.doomed() == []
    remove(vault, ["1.2"])
    assert blobs(tmp_path) == []


def test_a_document_that_was_submitted_twice_is_removed_at_once(vault, tmp_path):
    held = put(vault, "1.1")
    put(vault, "1.1")
    assert remove(vault, ["1.1"]) == ({"1.1": held}, True)
    assert blobs(tmp_path) == []


def test_a_removed_document_may_be_submitted_again_with_any_bytes(vault):
    put(vault, "1.1")
    remove(vault, ["1.1"])
    again = put(vault, "1.1", b"other bytes")
    assert b"".join(vault.blobs.read(again.receipt)) == b"other bytes"


@pytest.mark.parametrize("size", [0, 10, READ_OCTETS * 3 + 1])
def test_who_has_begun_to_read_reads_to_the_end(vault, size):
    content = os.urandom(size)
    held = put(vault, "1.1", content)
    reading = vault.blobs.open(held.receipt)
    remove(vault, ["1.1"])
    assert b"".join(reading) == content
    with pytest.raises(BlobDamagedError):
        vault.blobs.open(held.receipt)


def test_an_opened_blob_that_nobody_reads_leaves_no_descriptor(vault):
    held = put(vault, "1.1")
    before = descriptors()
    opened = [vault.blobs.open(held.receipt) for _ in range(5)]
    assert descriptors() == before + 5
    opened.clear()
    assert descriptors() == before


def test_no_removal_takes_bytes_from_a_submission_between_keeping_and_admitting(vault, tmp_path):
    """The race that a lock is for: kept, then removed under another name, then admitted."""
    held = put(vault, "1.1")
    staged = vault.blobs.stage([CONTENT])
    kept, go = threading.Event(), threading.Event()

    def submit():
        with vault.blobs.sheltered([staged.receipt]):
            vault.blobs.keep([staged])
            kept.set()
            go.wait(20)
            vault.index.admit([Holding(unique_id="1.2", receipt=held.receipt, mime_type="x/y")])

    submission = threading.Thread(target=submit)
    removal = threading.Thread(target=lambda: remove(vault, ["1.1"]))
    submission.start()
    assert kept.wait(20)
    removal.start()
    removal.join(0.2)
    assert removal.is_alive(), "the bytes were erased under the submission's hands"
    go.set()
    submission.join()
    removal.join()
    assert b"".join(vault.blobs.read(held.receipt)) == CONTENT
    assert set(vault.index.find(["1.1", "1.2"])) == {"1.2"}


def test_submissions_and_removals_of_the_same_bytes_at_once_end_well(vault, tmp_path):
    failures = []

    def work(number):
        try:
            for turn in range(6):
                name = f"{number}.{turn}"
                held = put(vault, name)
                assert b"".join(vault.blobs.read(held.receipt)) == CONTENT
                if turn % 2:
                    assert set(remove(vault, [name, f"{number}.{turn - 1}"])[0]) == {
                        name,
                        f"{number}.{turn - 1}",
                    }
        except Exception as error:  # noqa: BLE001 - told by the assertion below
            failures.append(error)

    stay = put(vault, "9.9")
    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert b"".join(vault.blobs.read(stay.receipt)) == CONTENT
    remove(vault, ["9.9"])
    assert blobs(tmp_path) == []
    assert vault.index.doomed() == []


def test_bytes_that_cannot_be_erased_now_are_erased_later(url, tmp_path):
    index = open_index(url)
    refusing = Vault(blobs=open_blobs(tmp_path / "vault", Disk(unlink=_refuse)), index=index)
    put(refusing, "1.1")
    removed, is_erased = remove(refusing, ["1.1"])
    assert (set(removed), is_erased) == ({"1.1"}, False)
    assert index.find(["1.1"]) == {}
    healed = Vault(blobs=open_blobs(tmp_path / "vault"), index=index)
    assert erase_doomed(healed)
    assert blobs(tmp_path) == []
    assert index.doomed() == []
    index.close()


def _refuse(_):
    raise PermissionError(1, "Operation not permitted")


def test_what_is_doomed_and_named_again_stays(url, tmp_path):
    index = open_index(url)
    refusing = Vault(blobs=open_blobs(tmp_path / "vault", Disk(unlink=_refuse)), index=index)
    put(refusing, "1.1")
    remove(refusing, ["1.1"])
    held = put(refusing, "1.1")
    assert erase_doomed(Vault(blobs=open_blobs(tmp_path / "vault"), index=index))
    assert b"".join(refusing.blobs.read(held.receipt)) == CONTENT
    index.close()


def test_an_index_that_fails_removes_nothing(tmp_path):
    index = open_index(f"sqlite:///{tmp_path}/index.db")
    vault = Vault(blobs=open_blobs(tmp_path / "vault"), index=index)
    put(vault, "1.1")
    path = tmp_path / "index.db"
    index.close()
    octets = path.read_bytes()
    path.write_bytes(b"no database" * 1000)
    for beside in tmp_path.glob("index.db-*"):
        beside.unlink()
    with pytest.raises(VaultError):
        remove(vault, ["1.1"])
    assert len(blobs(tmp_path)) == 1
    index.close()
    path.write_bytes(octets)
    assert set(index.find(["1.1"])) == {"1.1"}
    index.close()


class _Dying:
    """Kills the process before its n-th step, whichever that is."""

    def __init__(self, left):
        self.left = left

    def __call__(self, step):
        def wrapped(*arguments):
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return step(*arguments)

        return wrapped


@pytest.mark.parametrize("step", range(1, 16))
def test_a_removal_that_is_killed_at_this_step_is_all_or_nothing_and_finished_at_the_next_start(
    tmp_path, step
):
    def opened(disk=None):
        index = open_index(f"sqlite:///{tmp_path}/index.db")
        return Vault(blobs=open_blobs(tmp_path / "vault", disk), index=index)

    vault = opened()
    first, shared = put(vault, "1.1", b"first"), put(vault, "1.2", b"shared")
    put(vault, "1.3", b"shared")
    vault.index.close()
    child = os.fork()
    if child == 0:
        try:
            dying = _Dying(step)
            disk = Disk(open=dying(os.open), fsync=dying(os.fsync), unlink=dying(os.unlink))
            mortal = opened(disk)
            for name in ("forget", "doomed", "is_named", "settle"):
                setattr(mortal.index, name, dying(getattr(mortal.index, name)))
            remove(mortal, ["1.1", "1.2"])
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    again = opened()
    held = set(again.index.find(["1.1", "1.2", "1.3"]))
    assert held in ({"1.3"}, {"1.1", "1.2", "1.3"})
    if not os.WIFSIGNALED(status):
        assert held == {"1.3"}
    # What a start does: nothing that has no name stays, nothing that has one goes.
    assert erase_doomed(again)
    names = {p.name for p in blobs(tmp_path)}
    kept = {shared.receipt.sha256} | ({first.receipt.sha256} if "1.1" in held else set())
    assert names == kept
    assert b"".join(again.blobs.read(shared.receipt)) == b"shared"
    put(again, "1.1", b"first")
    assert b"".join(again.blobs.read(first.receipt)) == b"first"
    again.index.close()
