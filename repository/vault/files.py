"""Blobs as files: content-addressed, staged, fsynced, renamed, directory fsynced.

Layout: FOLDER/staging/<random> while bytes arrive, FOLDER/blobs/<2 hex>/<sha256> once kept. What a
crash leaves in staging is swept at the next start; a file that a living process still writes is
locked and left alone.

Spec: ITI TF-2 §3.41.4.1.3.2 (retrievable before registered). Durability after Rebello et al. and
the PostgreSQL fsync reports: a failed fsync is reported once and its pages are then clean, so it is
never repeated on the same descriptor; the file is given up and the submission refused.
"""

import errno
import fcntl
import hashlib
import os
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from repository.vault.api import BlobDamagedError, OutOfSpaceError, Receipt, Staged, VaultError
from repository.vault.giving import READ_OCTETS, Verified, checked
from repository.vault.taking import Taking

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
HELPERS = 2 * (os.cpu_count() or 1)
"""Threads that hash and write back large documents beside the one that receives them."""
SHARDS = tuple(f"{n:02x}" for n in range(256))


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """The calls that can fail, as a parameter: tests pass a disk whose n-th call does."""

    open: Callable[[str, int, int], int] = os.open
    write: Callable[[int, bytes | memoryview], int] = os.write
    fsync: Callable[[int], None] = os.fsync
    rename: Callable[[str, str], None] = os.rename
    unlink: Callable[[str], None] = os.unlink


@dataclass(slots=True, kw_only=True)
class StagedFile:
    """One file in staging; its descriptor stays open, and locked, until it is kept or discarded."""

    path: str
    descriptor: int
    receipt: Receipt

    def digest(self, algorithm: str) -> bytes:
        """Return the digest of the bytes: from the receipt, or by reading them again."""
        known = {"sha256": self.receipt.sha256, "sha1": self.receipt.sha1}
        if algorithm in known:
            return bytes.fromhex(known[algorithm])
        digest = hashlib.new(algorithm)
        for start in range(0, self.receipt.size_octets, READ_OCTETS):
            digest.update(self._read(READ_OCTETS, start))
        return digest.digest()

    def octets(self, most: int) -> bytes:
        """Return the bytes, at most `most` and one more."""
        found, wanted = b"", min(most + 1, self.receipt.size_octets)
        while len(found) < wanted and (piece := self._read(wanted - len(found), len(found))):
            found += piece
        return found

    def _read(self, count: int, start: int) -> bytes:
        with _failure("read", self.path):
            return os.pread(self.descriptor, count, start)


@dataclass(slots=True)
class FileBlobs:
    """Blobs in a folder of a local file system. Open with `open_blobs`."""

    folder: Path
    disk: Disk = field(default_factory=Disk)
    verified: Verified = field(default_factory=Verified)
    helpers: Executor = field(default_factory=lambda: ThreadPoolExecutor(HELPERS, "vault"))

    def stage(self, chunks: Iterable[bytes]) -> StagedFile:
        """Write the chunks to a new staging file and compute their receipt.

        Errors: OutOfSpaceError, VaultError; an exception from the chunks passes through. Nothing
        stays behind.
        """
        path, descriptor = self._new_staging_file()
        try:
            receipt = self._write(descriptor, chunks, path)
        except BaseException:
            _abandon(path, descriptor)
            raise
        return StagedFile(path=path, descriptor=descriptor, receipt=receipt)

    def keep(self, staged: Sequence[Staged]) -> None:
        """Fsync each file, rename it to its digest, fsync the folders that changed.

        An existing blob of the same digest is replaced, which also heals one that was damaged at
        rest. Errors: OutOfSpaceError, VaultError; what was renamed before an error stays,
        unreferenced.
        """
        shards: set[str] = set()
        for file in staged:
            if not isinstance(file, StagedFile):
                raise TypeError(f"{file!r} was not staged here")
            target = self._path(file.receipt)
            with _failure("keep", target):
                self.disk.fsync(file.descriptor)
                self.disk.rename(file.path, target)
            _close(file)
            shards.add(os.path.dirname(target))  # noqa: PTH120 - a string, on the hot path
        for shard in sorted(shards):
            self._fsync_folder(shard)

    def discard(self, staged: Sequence[Staged]) -> None:
        """Remove staged files that were not kept."""
        for file in staged:
            if isinstance(file, StagedFile) and file.descriptor >= 0:
                _abandon(file.path, file.descriptor)
                file.descriptor = -1

    def is_whole(self, receipt: Receipt) -> bool:
        """Return whether the blob is there with its full size."""
        try:
            return os.stat(self._path(receipt)).st_size == receipt.size_octets  # noqa: PTH116
        except FileNotFoundError:
            return False
        except OSError as error:
            raise VaultError(f"cannot look at {self._path(receipt)}: {error.strerror}") from error

    def is_known_right(self, receipt: Receipt) -> bool:
        """Return whether the digest was found right lately and the file is untouched since."""
        try:
            status = os.stat(self._path(receipt))  # noqa: PTH116
        except OSError:
            return False
        return self.verified.holds(receipt.sha256, status)

    def read(self, receipt: Receipt) -> Iterator[bytes]:
        """Yield the blob, its last chunk only after the whole digest was found right.

        What was found right a moment ago, and has not been touched since, is not hashed again.
        Errors: BlobDamagedError when it is missing, short, long or not what it was; VaultError.
        """
        yield from self.open(receipt)

    def open(self, receipt: Receipt) -> Iterator[bytes]:
        """Open the blob now, and yield it as `read` does: an open file outlives its name.

        Errors: as `read`, of a blob that is missing or not of its size at once.
        """
        reading = self._reading(receipt)
        next(reading)  # a generator that has begun closes its file when it is dropped
        return reading

    @contextmanager
    def sheltered(self, receipts: Collection[Receipt]) -> Iterator[None]:
        """Share a lock on the folders of these blobs; `erase` needs one of them alone.

        Why: an `erase` between `keep` and `admit` would take bytes that are about to be named.
        Errors: VaultError.
        """
        with ExitStack() as stack:
            for shard in sorted({self._shard(receipt.sha256) for receipt in receipts}):
                stack.enter_context(self._locked(shard, fcntl.LOCK_SH))
            yield

    def erase(self, sha256: str, is_named: Callable[[], bool]) -> bool:
        """Unlink the blob and fsync its folder, unless a uniqueId names it; whether it is gone.

        Who has it open reads it to its end. Errors: VaultError, and those of `is_named`.
        """
        shard = self._shard(sha256)
        with self._locked(shard, fcntl.LOCK_EX) as folder:
            if is_named():
                return False
            with _failure("erase", f"{shard}/{sha256}"):
                with suppress(FileNotFoundError):  # a crash came after the unlink
                    self.disk.unlink(f"{shard}/{sha256}")
                self.disk.fsync(folder)
        return True

    def sweep(self) -> int:
        """Remove what a crash left in staging and return how many files that were."""
        swept = 0
        for path in self._staging.iterdir():
            with suppress(OSError):
                descriptor = os.open(path, os.O_RDONLY)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    path.unlink()
                    swept += 1
                finally:
                    os.close(descriptor)
        return swept

    @property
    def _staging(self) -> Path:
        return self.folder / "staging"

    def _path(self, receipt: Receipt) -> str:
        return f"{self._shard(receipt.sha256)}/{receipt.sha256}"

    def _shard(self, sha256: str) -> str:
        return f"{self.folder}/blobs/{sha256[:2]}"

    @contextmanager
    def _locked(self, shard: str, how: int) -> Iterator[int]:
        """Hold a lock on a folder among all threads and processes; a crash lets it go."""
        with _failure("lock", shard):
            descriptor = self.disk.open(shard, os.O_RDONLY | os.O_DIRECTORY, 0)
        try:
            with _failure("lock", shard):
                fcntl.flock(descriptor, how)
            yield descriptor
        finally:
            os.close(descriptor)

    def _reading(self, receipt: Receipt) -> Iterator[bytes]:
        """Yield nothing once the file is open and has its size, then the blob."""
        path = self._path(receipt)
        with _failure("read", path), open(path, "rb", buffering=0) as file:  # noqa: PTH123
            status = os.fstat(file.fileno())
            if status.st_size != receipt.size_octets:
                raise BlobDamagedError(
                    f"{path} has {status.st_size} octets, not {receipt.size_octets}"
                )
            yield b""
            if self.verified.holds(receipt.sha256, status):
                while chunk := file.read(READ_OCTETS):
                    yield chunk
                return
            yield from checked(file, receipt, path, self.helpers)
            self.verified.note(receipt.sha256, status)

    def _new_staging_file(self) -> tuple[str, int]:
        """Create and lock; a sweep that got in between has unlinked it, so try again."""
        while True:
            path = f"{self.folder}/staging/{secrets.token_hex(16)}"
            with _failure("stage", path):
                descriptor = self.disk.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                if os.fstat(descriptor).st_nlink:
                    return path, descriptor
                os.close(descriptor)

    def _write(self, descriptor: int, chunks: Iterable[bytes], path: str) -> Receipt:
        taking = Taking(self.helpers, lambda: self.disk.fsync(descriptor))
        try:
            for chunk in chunks:
                with _failure("write", path):
                    written = self.disk.write(descriptor, chunk)
                    while written < len(chunk):  # a short write is legal
                        written += self.disk.write(descriptor, memoryview(chunk)[written:])
                    taking.take(chunk)
            with _failure("write", path):
                return taking.receipt()
        finally:
            taking.wait()

    def _fsync_folder(self, folder: str) -> None:
        with _failure("fsync", folder):
            descriptor = self.disk.open(folder, os.O_RDONLY | os.O_DIRECTORY, 0)
            try:
                self.disk.fsync(descriptor)
            finally:
                os.close(descriptor)


def open_blobs(folder: Path, disk: Disk | None = None) -> FileBlobs:
    """Make the folders that are missing, sweep staging and return the blobs.

    Errors: VaultError.
    """
    blobs = FileBlobs(folder, disk or Disk())
    with _failure("prepare", str(folder)):
        (folder / "staging").mkdir(parents=True, exist_ok=True, mode=0o700)
        shards = folder / "blobs"
        shards.mkdir(exist_ok=True, mode=0o700)
        present = {entry.name for entry in os.scandir(shards)}
        for shard in SHARDS:
            if shard not in present:
                (shards / shard).mkdir(exist_ok=True, mode=0o700)
        if len(present) < len(SHARDS):
            for changed in (shards, folder, folder.parent):
                blobs._fsync_folder(str(changed))  # noqa: SLF001 - the same module's own
        blobs.sweep()
    return blobs


class _failure:  # noqa: N801 - reads as a phrase: with _failure("keep", path)
    """Turn an OSError of the block into a VaultError that names the act and the path."""

    __slots__ = ("act", "path")

    def __init__(self, act: str, path: str) -> None:
        self.act = act
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, FileNotFoundError) and self.act == "read":
            raise BlobDamagedError(f"{self.path} is not there") from error
        if isinstance(error, OSError):
            kind_of = OutOfSpaceError if error.errno in FULL else VaultError
            raise kind_of(f"cannot {self.act} {self.path}: {error.strerror}") from error


def _abandon(path: str, descriptor: int) -> None:
    with suppress(OSError):
        os.unlink(path)  # noqa: PTH108 - a string, on the hot path
    with suppress(OSError):
        os.close(descriptor)


def _close(file: StagedFile) -> None:
    descriptor, file.descriptor = file.descriptor, -1
    with suppress(OSError):
        os.close(descriptor)
