"""The trails of a home, as commands read them: which there are, their lines, and who looked.

Whoever reads what a trail says is traced before anything is shown; to verify is not to read.

Spec: ITI TF-2 §3.20.4.1.1.1 (Audit-Log-Used).
"""

import fcntl
import getpass
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from greffe.exits import CommandError
from xds.audit.event import AuditEvent, Concerned, Occasion, Outcome
from xds.audit.trail import Trail
from xds.clock import now
from xds.settings import Settings, SettingsError, load_settings

SUFFIX = ".jsonl"


def settings_of(home: Path) -> Settings:
    """Return the settings of a home. Errors: CommandError."""
    try:
        return load_settings(home)
    except SettingsError as error:
        raise CommandError(str(error)) from error


def trails_of(settings: Settings) -> list[Path]:
    """Return the trails of a home, the services' and any that were put beside them.

    Errors: CommandError when there is none.
    """
    found = sorted(settings.audit_folder.glob(f"*{SUFFIX}"))
    if not found:
        raise CommandError(
            f"{settings.audit_folder} holds no audit trail yet. Fix: run `greffe serve` first, or "
            "correct audit_folder in greffe.toml"
        )
    return found


def lines_of(path: Path) -> Iterator[bytes]:
    """Yield the lines that a trail has now, with their ends. Errors: CommandError."""
    try:
        with path.open("rb") as file:
            # A writer may be in the middle of a line: what counts is what it has finished.
            fcntl.flock(file, fcntl.LOCK_SH)
            size = os.fstat(file.fileno()).st_size
            fcntl.flock(file, fcntl.LOCK_UN)
            for line in file:
                size -= len(line)
                if size < 0:
                    return
                yield line
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror or error}") from error


def trace_use(settings: Settings, paths: Iterable[Path], patients: tuple[str, ...] = ()) -> None:
    """Trace that these trails are read, and for whose sake. Errors: CommandError."""
    try:
        for path in paths:
            trail = Trail(path)
            trail.record(_use(path.stem, patients, str(path)))
            trail.close()
    except OSError as error:
        raise CommandError(
            f"nothing is shown, since it cannot be traced: {error.strerror or error}. "
            f"Fix: run this as a user who may write to {settings.audit_folder}"
        ) from error


def operator() -> str:
    """Return whose command line this is, as the operating system says it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _use(service: str, patients: tuple[str, ...], path: str) -> AuditEvent:
    return AuditEvent(
        instant=now(),
        transaction=Occasion.LOG_USED,
        outcome=Outcome.SUCCESS,
        message_id="",
        peer="",
        caller=None,
        concerned=Concerned(patients=patients),
        action="R",
        source=f"command line|{operator()}",
        destination=path,
        service=service,
        process=os.getpid(),
    )
