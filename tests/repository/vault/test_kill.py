"""F01: a process killed at any step of custody leaves nothing wrong behind."""

import hashlib
import os
import signal

import pytest

from repository.vault.api import Holding
from repository.vault.files import Disk, FileBlobs, open_blobs
from repository.vault.index import open_index

CONTENTS = (b"first" * 500, b"second" * 700)
STEPS = ("open", "write", "fsync", "rename")


def dying_disk(step: int) -> Disk:
    """Return a disk on which the process is killed before the n-th call, whichever it is."""
    left = [step]

    def dying(call):
        def wrapped(*arguments):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments)

        return wrapped

    return Disk(**{name: dying(getattr(Disk(), name)) for name in STEPS})


def take_custody(folder, disk) -> None:
    blobs = FileBlobs(folder / "vault", disk)
    staged = [blobs.stage([content]) for content in CONTENTS]
    blobs.keep(staged)
    index = open_index(f"sqlite:///{folder}/index.db")
    index.admit(
        [
            Holding(unique_id=f"1.{n}", receipt=file.receipt, mime_type="text/plain")
            for n, file in enumerate(staged)
        ]
    )


@pytest.mark.parametrize("step", range(1, 14))
def test_killed_at_this_step(tmp_path, step):
    open_blobs(tmp_path / "vault")
    child = os.fork()
    if child == 0:
        try:
            take_custody(tmp_path, dying_disk(step))
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    was_killed = os.WIFSIGNALED(status)
    again = open_blobs(tmp_path / "vault")
    assert list((again.folder / "staging").iterdir()) == []
    for blob in (again.folder / "blobs").rglob("*"):
        if blob.is_file():
            assert hashlib.sha256(blob.read_bytes()).hexdigest() == blob.name
    index = open_index(f"sqlite:///{tmp_path}/index.db")
    held = index.find(["1.0", "1.1"])
    index.close()
    assert len(held) == (0 if was_killed else 2)
    for holding in held.values():
        assert b"".join(again.read(holding.receipt)) in CONTENTS
    take_custody(tmp_path, Disk())  # the same submission again goes through
