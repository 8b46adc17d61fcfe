"""The local durable trail: an append-only file of chained lines, shared by threads and processes.

Theory. `record` returns when the event's line is on the disk. Threads that arrive while a line is
being written are written together by the next of them (group commit): one lock, one write, one
fdatasync for all. Between processes a lock on the file orders the appends; each process remembers
how long the file was after its own last line, and reads the last line anew only when somebody else
has written since.

What a crash leaves is a line without its end. It was never acknowledged, so the next writer moves
it to a file of its own (`.cut`), and says in its own event how many octets it moved. After a failed
fdatasync nobody knows what is on the disk (Linux reports the failure once and drops the pages), so
the trail refuses every event until the process is started again.

Spec: ITI TF-2 §3.20.4.1.2 (store locally when the event cannot be sent).
"""

import fcntl
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from xds.audit.chain import GENESIS, Verified, hash_of, link, render_event, verify, with_field
from xds.audit.event import AuditEvent

log = logging.getLogger("greffe.audit")

BLOCK_OCTETS: Final = 64 * 1024


@dataclass(slots=True)
class _Pending:
    """An event that waits to be written."""

    event: bytes
    """As `render_event` made it."""
    is_done: bool = False
    error: OSError | None = None


@dataclass(slots=True)
class _Queue:
    """Events that arrived and that nobody has taken."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    waiting: list[_Pending] = field(default_factory=list)

    def put(self, pending: _Pending) -> None:
        with self.lock:
            self.waiting.append(pending)

    def take(self) -> list[_Pending]:
        with self.lock:
            taken, self.waiting = self.waiting, []
        return taken


@dataclass(slots=True)
class _Opened:
    """The file as this process knows it."""

    descriptor: int
    process: int
    inode: int
    size: int = -1
    """Its length after the last line this process knows; -1 when it knows none."""
    head: str = GENESIS
    torn: int = 0
    """Octets of a broken end that were moved away and not yet reported."""


class Trail:
    """The events of one service, in a file that is made when it is not there."""

    def __init__(self, path: Path) -> None:
        """Open the trail and find its end. Errors: OSError."""
        self._path = path
        self._queue = _Queue()
        self._writing = threading.Lock()
        self._opened: _Opened | None = None
        self._broken = ""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._writing, self._locked() as opened:
            self._find_end(opened)

    def record(self, event: AuditEvent) -> None:
        """Append the event and return when it is durable. Errors: OSError."""
        pending = _Pending(render_event(event))
        self._queue.put(pending)
        with self._writing:
            if not pending.is_done:
                self._write(self._queue.take())
        if pending.error is not None:
            raise pending.error

    def close(self) -> None:
        """Close the file; a later event opens it again."""
        with self._writing:
            self._close()

    def _write(self, batch: list[_Pending]) -> None:
        """Write a batch as a whole; its events share their fate."""
        error: OSError | None = OSError(f"{self._path}: nothing was written")
        try:
            if self._broken:
                raise OSError(self._broken)  # noqa: TRY301 - one place hands errors to the batch
            with self._locked() as opened:
                self._append(opened, [pending.event for pending in batch])
            self._make_durable(opened.descriptor)
            error = None
        except OSError as failure:
            error = failure
        finally:
            for pending in batch:
                pending.is_done, pending.error = True, error

    def _append(self, opened: _Opened, events: list[bytes]) -> None:
        if os.fstat(opened.descriptor).st_size != opened.size:
            self._find_end(opened)
        head, lines = opened.head, list[bytes]()
        if opened.torn:
            events = [with_field(events[0], "torn_octets_before", opened.torn), *events[1:]]
        for event in events:
            line, head = link(head, event)
            lines.append(line)
        octets = b"".join(lines)
        try:
            written = 0
            while written < len(octets):
                written += os.write(opened.descriptor, octets[written:])
        except OSError:
            # A full disk may have taken half a line: leave none behind.
            os.ftruncate(opened.descriptor, opened.size)
            raise
        opened.size += len(octets)
        opened.head, opened.torn = head, 0

    def _make_durable(self, descriptor: int) -> None:
        try:
            os.fdatasync(descriptor)
        except OSError as failure:
            self._broken = (
                f"{self._path}: fdatasync failed ({failure}); what was written before may be lost. "
                "Check the disk, then start the service again"
            )
            raise

    @contextmanager
    def _locked(self) -> Iterator[_Opened]:
        """Hold the file alone among all processes."""
        opened = self._current()
        fcntl.flock(opened.descriptor, fcntl.LOCK_EX)
        try:
            yield opened
        finally:
            fcntl.flock(opened.descriptor, fcntl.LOCK_UN)

    def _current(self) -> _Opened:
        """Return the file that the path names, opened by this process.

        A forked process opens its own (the lock belongs to the open file), and so does everyone
        when the file was moved away; the new file then goes on from the last hash.
        """
        opened, inode = self._opened, _inode(self._path)
        if opened is not None and opened.process == os.getpid() and opened.inode == inode:
            return opened
        head = GENESIS if opened is None else opened.head
        self._close()
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        if inode is None:
            _make_name_durable(self._path.parent)
        self._opened = _Opened(
            descriptor=descriptor,
            process=os.getpid(),
            inode=os.fstat(descriptor).st_ino,
            head=head,
        )
        return self._opened

    def _close(self) -> None:
        if self._opened is not None:
            os.close(self._opened.descriptor)
            self._opened = None

    def _find_end(self, opened: _Opened) -> None:
        """Find the last sound line, and move away what stands after it."""
        size = os.fstat(opened.descriptor).st_size
        end, head = _last_sound_line(opened.descriptor, size)
        if end < size:
            cut = self._path.with_suffix(".cut")
            log.warning("%s: moved %d octets of a broken end to %s", self._path, size - end, cut)
            with cut.open("ab") as file:
                file.write(os.pread(opened.descriptor, size - end, end))
            os.ftruncate(opened.descriptor, end)
            opened.torn += size - end
        opened.size = end
        opened.head = head or opened.head


def verify_trail(path: Path) -> Verified:
    """Follow a trail's file from its first line. Errors: ChainBrokenError, OSError."""
    with path.open("rb") as file:
        return verify(file)


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _make_name_durable(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _last_sound_line(descriptor: int, size: int) -> tuple[int, str | None]:
    """Return where the last sound line ends (0 when there is none) and its hash.

    Reads backwards, a block at a time, and no further than the first sound line it meets.
    """
    tail, start = b"", size
    while True:
        end = tail.rfind(b"\n")
        while end >= 0:
            begin = tail.rfind(b"\n", 0, end)
            if begin < 0 and start > 0:
                break  # the line begins in an earlier block
            found = hash_of(tail[begin + 1 : end])
            if found is not None:
                return start + end + 1, found
            tail, end = tail[: begin + 1], begin
        if start == 0:
            return 0, None
        block = min(BLOCK_OCTETS, start)
        start -= block
        tail = os.pread(descriptor, block, start) + tail
