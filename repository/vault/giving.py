"""How a blob is read so that nobody is ever given bytes that are not what was stored.

The last chunk is held back until the digest of the whole was found right, so a damaged blob ends in
a broken transfer and never in a complete one. Hashing is the dearest part of a large answer, dearer
than sending: a helper thread hashes one chunk while the one before is on its way, and a blob that
was found right a few minutes ago, and whose file has not been touched since (inode, size and both
times of change, in nanoseconds), is sent without hashing it again.
"""

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Executor
from io import FileIO

from repository.vault.api import BlobDamagedError, Receipt
from xds.clock import monotonic

READ_OCTETS = 256 * 1024
"""One read of a blob: it is hashed and sent while the processor's cache still holds it."""
HELPED_OCTETS = 4 * 1024 * 1024
"""From this size on a helper hashes."""
TRUSTED_SECONDS = 300.0
"""Long enough for many readers of one document, short enough that a disk that forgets is found."""
MAX_REMEMBERED = 4096
Found = tuple[str, bytes]
"""The digest, and the chunk that is held back."""


class Verified:
    """Which blobs were found right, when, and in which state of their file."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Measure age on this clock."""
        self._clock = clock
        self._known: OrderedDict[str, tuple[tuple[int, ...], float]] = OrderedDict()
        self._lock = threading.Lock()

    def holds(self, sha256: str, status: os.stat_result) -> bool:
        """Return whether the blob was found right lately and its file is still the same."""
        with self._lock:
            known = self._known.get(sha256)
        if known is None:
            return False
        state, at = known
        return state == _state(status) and self._clock() - at < TRUSTED_SECONDS

    def note(self, sha256: str, status: os.stat_result) -> None:
        """Remember that the blob was found right; `status` is from before it was read."""
        with self._lock:
            self._known[sha256] = (_state(status), self._clock())
            self._known.move_to_end(sha256)
            if len(self._known) > MAX_REMEMBERED:
                self._known.popitem(last=False)


def checked(file: FileIO, receipt: Receipt, path: str, helpers: Executor) -> Iterator[bytes]:
    """Yield the file's bytes, the last chunk after the digest. Errors: BlobDamagedError."""
    if receipt.size_octets < HELPED_OCTETS:
        found = yield from _alone(file)
    else:
        found = yield from _helped(file, helpers)
    digest, held = found
    if digest != receipt.sha256:
        raise BlobDamagedError(f"{path} is not what was stored: its SHA-256 is {digest}")
    if held:
        yield held


def _alone(file: FileIO) -> Generator[bytes, None, Found]:
    digest = hashlib.sha256()
    held = b""
    while chunk := file.read(READ_OCTETS):
        if held:
            yield held
        digest.update(chunk)
        held = chunk
    return digest.hexdigest(), held


def _helped(file: FileIO, helpers: Executor) -> Generator[bytes, None, Found]:
    digest = hashlib.sha256()
    held = file.read(READ_OCTETS)
    hashing = helpers.submit(digest.update, held)
    try:
        while chunk := file.read(READ_OCTETS):
            yield held
            hashing.result()
            hashing = helpers.submit(digest.update, chunk)
            held = chunk
    finally:
        hashing.result()
    return digest.hexdigest(), held


def _state(status: os.stat_result) -> tuple[int, ...]:
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )
