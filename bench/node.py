"""A node of its own for one run: home, services, a caller's assertion, patients.

Everything goes through the command line, as a stranger would do it.
"""

import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.process import Server
from xds.domain import AffinityDomain, load_domain

GREFFE = str(Path(sys.executable).parent / "greffe")
AUTHORITY = "1.3.6.1.4.1.21367.13.20.3000"
ASSERTION = (
    *(
        "--subject",
        "bench",
        "--role",
        "doctor",
        "--purpose",
        "normal",
        "--structure",
        "urn:oid:1.2.3",
    ),
    *("--lifetime", "14400", "--name", "BENCH", "--header"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Both services, each a process of its own."""

    home: Path
    domain: AffinityDomain
    registry: Server
    registry_url: str
    repository: Server
    repository_url: str
    repository_unique_id: str
    security: str
    """A wsse:Security element."""

    def add_patient(self, number: int) -> str:
        """Make a patient known and return the CX."""
        patient = f"BENCH-{number}^^^&{AUTHORITY}&ISO"
        greffe("patient", "add", patient, "--home", str(self.home))
        return patient

    def stop(self) -> None:
        """Stop both services."""
        self.repository.stop()
        self.registry.stop()


def open_node(home: Path) -> Node:
    """Make a home in the international domain and start both services on free ports."""
    greffe("init", str(home), "--domain", "ihe")
    settings = tomllib.loads((home / "greffe.toml").read_text(encoding="utf-8"))
    registry, registry_url = serve("registry", home)
    repository, repository_url = serve("repository", home, "--registry-url", registry_url)
    return Node(
        home=home,
        domain=load_domain("ihe"),
        registry=registry,
        registry_url=registry_url,
        repository=repository,
        repository_url=repository_url,
        repository_unique_id=str(_found(settings, "repository_unique_id")),
        security=greffe("assertion", "--home", str(home), *ASSERTION),
    )


def greffe(*arguments: str) -> str:
    """Run one command of the command line and return what it prints."""
    done = subprocess.run([GREFFE, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"bench: greffe {arguments[0]}: {done.stderr}")
    return done.stdout.strip()


def serve(service: str, home: Path, *more: str) -> tuple[Server, str]:
    """Start a service of this home on a free port; return it and its URL."""
    with (home / f"bench-{service}.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [GREFFE, "serve", service, "--home", str(home), f"--{service}-port", "0", *more],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    line = process.stdout.readline().split() if process.stdout else []
    if line[:2] != ["ready", service]:
        raise SystemExit(f"bench: {service} did not start; see {home}/bench-{service}.log")
    server = Server(process, service)
    server.own(urlsplit(line[2]).port or 0)
    return server, line[2]


def _found(settings: dict[str, object], key: str) -> object:
    """Return a key of the settings, at the top or in any table."""
    if key in settings:
        return settings[key]
    tables = (t for t in settings.values() if isinstance(t, dict))
    return next(t[key] for t in tables if key in t)
