"""repository.vault.files: bytes in, the same bytes out, and nothing else after any failure."""

import errno
import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repository.vault.api import BlobDamagedError, OutOfSpaceError, Receipt, VaultError
from repository.vault.files import Disk, FileBlobs, open_blobs
from repository.vault.giving import HELPED_OCTETS, READ_OCTETS, TRUSTED_SECONDS, Verified

CONTENT = b"compte rendu" * 1000


@pytest.fixture
def blobs(tmp_path) -> FileBlobs:
    return open_blobs(tmp_path / "vault")


def kept(blobs, content=CONTENT) -> Receipt:
    staged = blobs.stage([content])
    blobs.keep([staged])
    return staged.receipt


def staging(blobs) -> list[str]:
    return [p.name for p in (blobs.folder / "staging").iterdir()]


def names(blobs) -> set[str]:
    return {p.name for p in (blobs.folder / "blobs").rglob("*") if p.is_file()}


def damage(blobs, receipt, change) -> None:
    path = blobs.folder / "blobs" / receipt.sha256[:2] / receipt.sha256
    path.write_bytes(change(bytearray(path.read_bytes())))


class FailingDisk:
    """A disk whose n-th call of one kind fails, and which remembers what was called."""

    def __init__(self, kind, nth, error) -> None:
        self.kind, self.left, self.error, self.calls = kind, nth, error, []

    def disk(self) -> Disk:
        real = Disk()
        return Disk(
            **{k: self._wrap(k, getattr(real, k)) for k in ("open", "write", "fsync", "rename")}
        )

    def _wrap(self, kind, call):
        def wrapped(*arguments):
            self.calls.append((kind, arguments[0]))
            if kind == self.kind:
                self.left -= 1
                if self.left == 0:
                    raise OSError(self.error, os.strerror(self.error))
            return call(*arguments)

        return wrapped


def test_what_is_kept_reads_back_and_its_receipt_is_right(blobs):
    receipt = kept(blobs)
    assert b"".join(blobs.read(receipt)) == CONTENT
    assert receipt == Receipt(
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        sha1=hashlib.sha1(CONTENT, usedforsecurity=False).hexdigest(),
        size_octets=len(CONTENT),
    )
    assert staging(blobs) == []


def test_an_empty_document_is_a_document(blobs):
    receipt = kept(blobs, b"")
    assert receipt.size_octets == 0
    assert list(blobs.read(receipt)) == []
    assert blobs.is_whole(receipt)


@given(chunks=st.lists(st.binary(max_size=300), max_size=8))
def test_any_chunking_of_the_same_bytes_is_the_same_blob(tmp_path_factory, chunks):
    blobs = FileBlobs(tmp_path_factory.getbasetemp() / "law")
    if not blobs.folder.exists():
        open_blobs(blobs.folder)
    staged = blobs.stage(chunks)
    blobs.keep([staged])
    assert staged.receipt.sha256 == hashlib.sha256(b"".join(chunks)).hexdigest()
    assert b"".join(blobs.read(staged.receipt)) == b"".join(chunks)


def test_what_is_staged_cannot_be_found_and_leaves_nothing_when_discarded(blobs):
    staged = blobs.stage([CONTENT])
    assert not blobs.is_whole(staged.receipt)
    blobs.discard([staged])
    assert staging(blobs) == []
    assert names(blobs) == set()


def test_the_same_bytes_twice_are_one_blob(blobs):
    assert kept(blobs) == kept(blobs)
    assert len(names(blobs)) == 1


def test_a_caller_who_breaks_off_leaves_nothing_in_staging(blobs):
    def chunks():
        yield CONTENT
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        blobs.stage(chunks())
    assert staging(blobs) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda b: b[:-1],
        lambda b: b + b"x",
        lambda b: bytes([b[0] ^ 1]) + b[1:],
        lambda b: b[:-1] + bytes([b[-1] ^ 128]),
        lambda b: b"",
    ],
    ids=["torn", "longer", "first bit", "last bit", "emptied"],
)
@pytest.mark.parametrize("size", [1, READ_OCTETS, 2 * READ_OCTETS + 17, HELPED_OCTETS + 5])
def test_a_damaged_blob_is_never_read_to_its_end(blobs, change, size):
    content = os.urandom(size)
    receipt = kept(blobs, content)
    damage(blobs, receipt, change)
    came: list[bytes] = []
    with pytest.raises(BlobDamagedError):
        came.extend(blobs.read(receipt))
    assert b"".join(came) != content


def test_a_missing_blob_is_damaged_and_not_whole(blobs):
    absent = Receipt(sha256="0" * 64, sha1="0" * 40, size_octets=1)
    assert not blobs.is_whole(absent)
    with pytest.raises(BlobDamagedError):
        list(blobs.read(absent))


def test_a_wrong_size_is_not_whole(blobs):
    receipt = kept(blobs)
    assert blobs.is_whole(receipt)
    assert not blobs.is_whole(replace(receipt, size_octets=receipt.size_octets + 1))


def test_storing_the_same_bytes_again_heals_a_damaged_blob(blobs):
    receipt = kept(blobs)
    damage(blobs, receipt, lambda b: b[:-1])
    assert kept(blobs) == receipt
    assert b"".join(blobs.read(receipt)) == CONTENT


def test_start_sweeps_what_a_crash_left_but_not_what_is_being_written(blobs):
    (blobs.folder / "staging" / "left-by-a-crash").write_bytes(b"half a doc")
    living = blobs.stage([CONTENT])
    again = open_blobs(blobs.folder)
    assert len(staging(blobs)) == 1
    blobs.keep([living])
    assert again.is_whole(living.receipt)


def test_files_are_private_to_the_server(blobs):
    receipt = kept(blobs)
    path = blobs.folder / "blobs" / receipt.sha256[:2] / receipt.sha256
    assert path.stat().st_mode & 0o077 == 0
    assert (blobs.folder / "blobs").stat().st_mode & 0o077 == 0


def _store_two(blobs):
    staged = []
    try:
        staged.append(blobs.stage([b"one" * 50, b"more"]))
        staged.append(blobs.stage([b"two" * 50, b"more"]))
        blobs.keep(staged)
    finally:
        blobs.discard(staged)
    return [s.receipt for s in staged]


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("kind", ["open", "write", "fsync", "rename"])
@pytest.mark.parametrize("nth", [1, 2, 3, 4])
def test_when_the_nth_call_fails_nothing_wrong_can_ever_be_read(tmp_path, kind, nth, error):
    """F02, F03: either everything is there, or the failure is named and only whole blobs remain."""
    open_blobs(tmp_path)
    failing = FailingDisk(kind, nth, error)
    blobs = FileBlobs(tmp_path, failing.disk())
    try:
        receipts = _store_two(blobs)
    except OutOfSpaceError:
        assert error != errno.EIO
        receipts = []
    except VaultError:
        assert error == errno.EIO
        receipts = []
    else:
        assert failing.left > 0, "the call was reached and its failure swallowed"
    assert staging(blobs) == []
    for name in names(blobs):
        assert (
            hashlib.sha256((tmp_path / "blobs" / name[:2] / name).read_bytes()).hexdigest() == name
        )
    for receipt in receipts:
        assert blobs.is_whole(receipt)


def test_a_failed_fsync_is_never_repeated_on_the_same_descriptor(tmp_path):
    open_blobs(tmp_path)
    failing = FailingDisk("fsync", 1, errno.EIO)
    with pytest.raises(VaultError):
        _store_two(FileBlobs(tmp_path, failing.disk()))
    assert [call[0] for call in failing.calls].count("fsync") == 1


def test_every_step_is_made_durable_before_the_next(tmp_path):
    open_blobs(tmp_path)
    watching = FailingDisk("never", 0, 0)
    blobs = FileBlobs(tmp_path, watching.disk())
    blobs.keep([blobs.stage([CONTENT])])
    assert [kind for kind, _ in watching.calls] == [
        "open", "write", "fsync", "rename", "open", "fsync",
    ]  # fmt: skip


def test_short_writes_are_finished(tmp_path):
    open_blobs(tmp_path)
    blobs = FileBlobs(tmp_path, Disk(write=lambda fd, data: os.write(fd, data[:7])))
    receipt = kept(blobs, b"0123456789" * 10)
    assert b"".join(blobs.read(receipt)) == b"0123456789" * 10


def test_descriptors_do_not_leak(blobs):
    before = len(list(Path("/proc/self/fd").iterdir()))
    for n in range(5):
        kept(blobs, b"%d" % n)
        blobs.discard([blobs.stage([b"x"])])
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_blob_found_right_is_trusted_for_a_while_and_only_while_its_file_is_untouched(tmp_path):
    now = [0.0]
    blobs = open_blobs(tmp_path)
    blobs.verified = Verified(lambda: now[0])
    receipt = kept(blobs, os.urandom(HELPED_OCTETS + 3))
    path = tmp_path / "blobs" / receipt.sha256[:2] / receipt.sha256
    assert not blobs.verified.holds(receipt.sha256, path.stat())
    whole = b"".join(blobs.read(receipt))
    assert blobs.verified.holds(receipt.sha256, path.stat())
    assert b"".join(blobs.read(receipt)) == whole
    now[0] = TRUSTED_SECONDS + 1
    assert not blobs.verified.holds(receipt.sha256, path.stat())
    now[0] = 1.0
    damage(blobs, receipt, lambda b: b[:-1] + bytes([b[-1] ^ 1]))
    assert not blobs.verified.holds(receipt.sha256, path.stat())
    with pytest.raises(BlobDamagedError):
        list(blobs.read(receipt))


def test_a_reader_who_goes_away_is_no_proof(blobs):
    receipt = kept(blobs, os.urandom(HELPED_OCTETS + 3))
    reading = blobs.read(receipt)
    next(reading)
    reading.close()
    path = blobs.folder / "blobs" / receipt.sha256[:2] / receipt.sha256
    assert not blobs.verified.holds(receipt.sha256, path.stat())
