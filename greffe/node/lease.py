"""Who serves a home: one process for each service, and where it listens.

`HOME/run/<service>.lock` is locked as long as a service runs, by the kernel, so that nothing has to
be cleaned up after a crash; `HOME/run/<service>.url` says where. A URL without a live lock is what
a crash left behind, and counts for nothing.

Spec: none.
"""

import fcntl
import os
import time
from pathlib import Path
from typing import Final, Literal

from xds.clock import monotonic

Service = Literal["registry", "repository"]
SERVICES: Final[tuple[Service, ...]] = ("registry", "repository")
_PATIENCE_SECONDS: Final = 1.0
"""Longer than anybody who only looks holds the lock."""


class LeaseError(Exception):
    """Another process serves this home."""


class Lease:
    """The right to serve one service of a home, held until closed or dead."""

    def __init__(self, run_folder: Path, service: Service) -> None:
        """Take the lease. Errors: LeaseError; OSError."""
        run_folder.mkdir(parents=True, exist_ok=True)
        self._url_file = run_folder / f"{service}.url"
        self._owner = os.getpid()
        self._descriptor = os.open(run_folder / f"{service}.lock", os.O_RDWR | os.O_CREAT, 0o644)
        until = monotonic() + _PATIENCE_SECONDS
        while not _lock(self._descriptor, fcntl.LOCK_EX):
            if monotonic() > until:
                holder = os.read(self._descriptor, 32).decode("ascii", "replace").strip()
                os.close(self._descriptor)
                raise LeaseError(
                    f"the {service} of this home is already served by process {holder or '?'}. "
                    "Fix: stop that one, or make another home"
                )
            time.sleep(0.02)
        os.truncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{self._owner}\n".encode(), 0)
        self._url_file.unlink(missing_ok=True)

    def announce(self, url: str) -> None:
        """Say where the service answers; whole or not at all."""
        draft = self._url_file.with_suffix(".url.new")
        draft.write_text(url + "\n", encoding="ascii")
        draft.replace(self._url_file)

    def withdraw(self) -> None:
        """Say that the service answers no more; only by the process that took the lease."""
        if os.getpid() == self._owner:
            self._url_file.unlink(missing_ok=True)


def served_at(run_folder: Path, service: Service) -> str | None:
    """Return the URL of a service that runs from this home, None when none does."""
    try:
        url = (run_folder / f"{service}.url").read_text(encoding="ascii").strip()
        descriptor = os.open(run_folder / f"{service}.lock", os.O_RDONLY)
    except OSError:
        return None
    try:
        return None if _lock(descriptor, fcntl.LOCK_SH) else url
    finally:
        os.close(descriptor)


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
