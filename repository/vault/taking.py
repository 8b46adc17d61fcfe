"""What is computed and done beside the writing of a document while it arrives.

Small documents are hashed when they are whole. A large one is hashed, a batch at a time, by a
helper thread while the next batch arrives and is written, and is written back to the disk in
stretches, so that the fsync at its end finds little to do: on two cores this halves what a large
document costs.
"""

import hashlib
from collections.abc import Callable
from concurrent.futures import Executor, Future

from repository.vault.api import Receipt

SMALL_OCTETS = 4 * 1024 * 1024
"""A document up to this size is hashed when it is whole: handing over costs more than it saves."""
BATCH_OCTETS = 1024 * 1024
"""Hashed at once by a helper, after the first small batch."""
STRETCH_OCTETS = 32 * 1024 * 1024
"""Written back at once."""


class Taking:
    """One document's hashes, size and write-back while it arrives; used by one thread."""

    def __init__(self, helpers: Executor, write_back: Callable[[], None]) -> None:
        """Let helpers hash, and call `write_back` for every stretch that was written."""
        self._helpers = helpers
        self._write_back = write_back
        self._sha1 = hashlib.sha1(usedforsecurity=False)
        self._sha256 = hashlib.sha256()
        self._size = 0
        self._batch: list[bytes] = []
        self._batch_octets = 0
        self._stretch_octets = 0
        self._hashing: list[Future[None]] = []
        self._flushing: Future[None] | None = None

    def take(self, chunk: bytes) -> None:
        """Count a chunk that was written in.

        Errors: OSError of an earlier stretch; its file must then be given up, since a failed fsync
        is reported once only.
        """
        self._size += len(chunk)
        self._batch.append(chunk)
        self._batch_octets += len(chunk)
        if self._batch_octets < (BATCH_OCTETS if self._hashing else SMALL_OCTETS):
            return
        self._hand_over()
        self._stretch_octets += self._batch_octets
        self._batch, self._batch_octets = [], 0
        if self._stretch_octets >= STRETCH_OCTETS:
            self._stretch_octets = 0
            if self._flushing:
                self._flushing.result()
            self._flushing = self._helpers.submit(self._write_back)

    def receipt(self) -> Receipt:
        """Return what the whole is. Errors: OSError of a stretch."""
        self._hashed()
        _hash(self._sha1, self._batch)
        _hash(self._sha256, self._batch)
        if self._flushing:
            self._flushing.result()
        return Receipt(
            sha256=self._sha256.hexdigest(), sha1=self._sha1.hexdigest(), size_octets=self._size
        )

    def wait(self) -> None:
        """Return when no helper touches the file any more, whatever became of it."""
        for helping in (*self._hashing, *((self._flushing,) if self._flushing else ())):
            helping.exception()

    def _hand_over(self) -> None:
        """Let helpers hash the batch once they have finished the one before: order counts."""
        self._hashed()
        self._hashing = [
            self._helpers.submit(_hash, digest, self._batch)
            for digest in (self._sha1, self._sha256)
        ]

    def _hashed(self) -> None:
        for hashing in self._hashing:
            hashing.result()


def _hash(digest: "hashlib._Hash", batch: list[bytes]) -> None:
    for chunk in batch:
        digest.update(chunk)
