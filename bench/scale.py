"""ITI-18 at scale: FindDocuments of a patient of fifty documents in a large ledger and a small one.

Both ledgers are served by a Registry of their own; requests go to them in turns, each for another
patient, so that nothing of an answer lies in the Registry's own cache. The ledgers' files may lie
in the operating system's cache, as they do where memory is enough; what it costs when they do not
is told beside it (files put out of the cache first; every patient asked for once). Loading a
million documents takes some minutes and 15 GB of disk.
"""

import os
import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Final

from bench import bulk, messages
from bench.measure import Measure
from bench.mould import patient_named
from bench.node import ASSERTION, greffe, serve
from bench.process import Server
from bench.wire import Connection

SMALL: Final = 10_000
TARGET: Final = "<= 1.3 x"
TIMES: Final = 400
SUCCESS: Final = b"ResponseStatusType:Success"
POSTGRESQL: Final = (
    *("listen_addresses=", "shared_buffers=128MB", "max_connections=40"),
    *("fsync=off", "wal_level=minimal", "max_wal_senders=0", "max_wal_size=8GB"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A loaded ledger behind a Registry."""

    server: Server
    url: str
    security: str
    patients: tuple[str, ...]
    files: Path
    """The file of the ledger, or the folder of its server."""

    def asking(self, connection: Connection) -> Callable[[], float]:
        """Return what asks for the next patient's documents, and says how many seconds it took."""
        patients = cycle(random.sample(self.patients, len(self.patients)))

        def one() -> float:
            request = messages.find_documents(self.security, patient_named(next(patients)))
            started = time.perf_counter()
            reply = connection.soap(request).require(SUCCESS)
            seconds = time.perf_counter() - started
            if reply.octets < 1000 * bulk.EACH:
                raise SystemExit(f"bench: no {bulk.EACH} documents in {reply.octets} octets")
            return seconds

        return one

    def forget(self) -> None:
        """Put the ledger's files out of the operating system's cache."""
        every = self.files.rglob("*") if self.files.is_dir() else (self.files,)
        for path in every:
            if path.is_file():
                with path.open("rb") as file:
                    os.fdatasync(file.fileno())
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The large ledger against the small one, request by request."""

    name: str
    large: Served
    small: Served
    times: int = TIMES
    is_cold: bool = False

    def run(self) -> Measure:
        """Ask in turns; the medians are over requests, each for another patient."""
        ours: list[float] = []
        theirs: list[float] = []
        # Opened only now: a server closes what was silent while the other ledger was loaded.
        with (
            closing(Connection(self.large.url)) as to_large,
            closing(Connection(self.small.url)) as to_small,
        ):
            self._ask(self.large.asking(to_large), self.small.asking(to_small), ours, theirs)
        return Measure(
            name=self.name,
            seconds=statistics.median(ours),
            octets=0,
            yardstick=f"the same of {len(self.small.patients) * bulk.EACH:,}",
            yardstick_seconds=statistics.median(theirs),
            target="" if self.is_cold else TARGET,
            peak_octets=self.large.server.peak_octets(),
        )

    def _ask(
        self,
        large: Callable[[], float],
        small: Callable[[], float],
        ours: list[float],
        theirs: list[float],
    ) -> None:
        if self.is_cold:
            self.large.forget()
        else:
            for _ in range(self.times):
                large()
                small()
        self.large.server.forget_peak()
        for _ in range(self.times):
            if self.is_cold:
                self.small.forget()
            ours.append(large())
            theirs.append(small())


def at_scale(folder: Path, documents: int, databases: tuple[str, ...]) -> Iterator[Pair]:
    """ITI-18 at scale, on each database. Errors: SystemExit when there is no PostgreSQL."""
    for database in databases:
        with ExitStack() as stack:
            # By role: the two may be of one size.
            small, large = (
                stack.enter_context(_served(folder / f"{database}-{role}", database, number))
                for role, number in (("small", SMALL), ("large", documents))
            )
            name = f"ITI-18 {bulk.EACH} of {documents:,}, {database}"
            yield Pair(name=name, large=large, small=small)
            yield Pair(name=f"{name}, cold", large=large, small=small, times=60, is_cold=True)


@contextmanager
def _served(folder: Path, database: str, documents: int) -> Iterator[Served]:
    """Load a ledger and serve it."""
    home = folder / "home"
    greffe("init", str(home), "--domain", "ihe")
    with ExitStack() as stack:
        url, files = f"sqlite:///{home}/registry/ledger.db", home / "registry" / "ledger.db"
        if database == "postgresql":
            url, files = stack.enter_context(_postgresql(folder))
            settings = home / "greffe.toml"
            was = settings.read_text(encoding="utf-8")
            now = was.replace('"sqlite:///registry/ledger.db"', f'"{url}"')
            settings.write_text(now, encoding="utf-8")
        bulk.load(url, documents, bulk.every_second())
        server, registry_url = serve("registry", home)
        stack.callback(server.stop)
        yield Served(
            server=server,
            url=registry_url,
            security=greffe("assertion", "--home", str(home), *ASSERTION),
            patients=tuple(bulk.names_of_patients(documents)),
            files=files,
        )


@contextmanager
def _postgresql(folder: Path) -> Iterator[tuple[str, Path]]:
    """Start a server of its own and yield a database's URL and where its files are."""
    # The tests know how to start one without root and without a port.
    from tests.postgres import NoServerError, running  # noqa: PLC0415

    for above in (folder, folder.parent):
        above.chmod(0o711)  # root's server runs in another account
    try:
        with closing(running(folder, POSTGRESQL)) as servers:
            server = next(servers)
            yield server.url(server.clone()), server.folder
    except NoServerError as error:
        raise SystemExit(f"bench: {error}") from error
