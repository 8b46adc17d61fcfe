"""Reads a trail while it grows: complete lines from a place on, and the place after each.

Theory. A place is an offset, and the hash of the line that ends there. The hash decides: when the
file is not what it was (put back from a backup, cut, copied), the line with that hash is looked
for; when it is gone, reading begins at the file's beginning, since to see a line twice is better
than never. A file that was moved away is read to its end, then the new one of that name.

Lines are read under a shared lock, so that what a writer takes back (a full disk) is never seen.

Spec: none; the form of a line is this project's own (`xds.audit.chain`).
"""

import fcntl
import json
import logging
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from xds.audit.chain import GENESIS, hash_of, previous_of

log = logging.getLogger("greffe.audit")

BATCH_OCTETS: Final = 256 * 1024
BATCH_LINES: Final = 64
LONGEST_LINE: Final = 64 * 1024 * 1024
"""No line is longer: a query is bounded by the envelope."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the next line begins."""

    offset: int = 0
    head: str = GENESIS
    """Hash of the line that ends there."""
    length: int = 0
    """Octets of that line."""


class PlaceFile:
    """A place that survives the process and the machine."""

    def __init__(self, path: Path) -> None:
        """Keep it under this path."""
        self._path = path

    def load(self) -> Place:
        """Return the place, the beginning when there is none. Errors: OSError."""
        try:
            return Place(**json.loads(self._path.read_text(encoding="ascii")))
        except FileNotFoundError:
            return Place()
        except (ValueError, TypeError):
            log.error("%s is damaged: everything is forwarded again", self._path)  # noqa: TRY400
            return Place()

    def save(self, place: Place) -> None:
        """Return when the place is durable. Errors: OSError."""
        fresh = self._path.with_suffix(f"{self._path.suffix}.new")
        with fresh.open("w", encoding="ascii") as file:
            json.dump(asdict(place), file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class Follower:
    """The lines of one trail, from a place on."""

    def __init__(self, path: Path, place: Place) -> None:
        """Begin at this place, wherever its line now stands. Errors: OSError."""
        self._path = path
        self._descriptor = -1
        self.place = place
        self._open()

    def read(self) -> list[tuple[bytes, Place]]:
        """Return the next complete lines without their ends, each with the place after it.

        Nothing when there is nothing new. Errors: OSError.
        """
        if self._descriptor < 0 and not self._open():
            return []
        lines = self._read_batch()
        if not lines and self._was_replaced():
            self.close()
            self._open()
            lines = self._read_batch() if self._descriptor >= 0 else []
        if lines:
            self.place = lines[-1][1]
        return lines

    def octets_left(self) -> int:
        """Return how much is not read yet. Errors: OSError."""
        if self._descriptor < 0:
            return 0
        return os.fstat(self._descriptor).st_size - self.place.offset

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _read_batch(self) -> list[tuple[bytes, Place]]:
        octets = self._octets()
        found: list[tuple[bytes, Place]] = []
        offset, head = self.place.offset, self.place.head
        for line in octets.split(b"\n")[:-1][:BATCH_LINES]:
            offset += len(line) + 1
            head = hash_of(line) or head
            found.append((line, Place(offset=offset, head=head, length=len(line) + 1)))
        return found

    def _octets(self) -> bytes:
        """Return what stands at the place, at least one line when one is there."""
        wanted = BATCH_OCTETS
        while True:
            fcntl.flock(self._descriptor, fcntl.LOCK_SH)
            try:
                octets = os.pread(self._descriptor, wanted, self.place.offset)
            finally:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            if b"\n" in octets or len(octets) < wanted or wanted > LONGEST_LINE:
                return octets
            wanted *= 8

    def _was_replaced(self) -> bool:
        try:
            return self._path.stat().st_ino != os.fstat(self._descriptor).st_ino
        except FileNotFoundError:
            return False

    def _open(self) -> bool:
        """Open the file and find the place in it; returns whether there is a file."""
        try:
            self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        self.place = self._found()
        return True

    def _found(self) -> Place:
        place = self.place
        if place.head == GENESIS or self._stands(place):
            return place if place.head != GENESIS else Place()
        ending = f'"hash":"{place.head}"}}\n'.encode("ascii")
        with os.fdopen(os.dup(self._descriptor), "rb") as file:
            file.seek(0)
            offset = 0
            for number, raw in enumerate(file):
                line = raw.removesuffix(b"\n")
                if number == 0 and previous_of(line) == place.head:
                    return Place(head=place.head)  # the file goes on from one that was moved away
                offset += len(raw)
                if raw.endswith(ending) and hash_of(line) == place.head:
                    return Place(offset=offset, head=place.head, length=len(raw))
        log.error(
            "%s: the entry %s… that was read last is not in it any more; all that is in it is "
            "forwarded again",
            self._path,
            place.head[:16],
        )
        return Place()

    def _stands(self, place: Place) -> bool:
        if place.offset == 0:
            return False
        raw = os.pread(self._descriptor, place.length, place.offset - place.length)
        return raw.endswith(b"\n") and hash_of(raw[:-1]) == place.head
