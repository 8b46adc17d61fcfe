"""What deciding costs: one ledger, asked by way of the French policy and by way of none.

Two Registries serve the same ledger: one in the French domain, one in a copy of it whose policy
lets every trusted caller do all. The caller is authorised and sees everything, so both give the
same answer, and the difference is the price of deciding who sees what.
"""

import shutil
from collections.abc import Iterator
from importlib.resources import as_file, files
from pathlib import Path

from bench import messages
from bench.measure import Race, seconds_for_one
from bench.messages import Document, new_oid
from bench.node import Node, greffe, serve
from bench.wire import Connection
from xds.domain import load_domain

PATIENT = "284026938104238^^^&1.2.250.1.213.1.4.10&ISO^NH"
DOCTOR = "899700000001"
ASSERTION = (
    *("--subject", DOCTOR, "--name", "BENCH", "--role", "10", "--specialty", "SM26"),
    *("--purpose", "normal", "--structure", "10B0127189", "--patient", PATIENT, "--header"),
)
DOCUMENTS, IN_ONE_SET, TYPES = 1000, 50, 20
REGISTER = "urn:ihe:iti:2007:RegisterDocumentSet-b"
FIRST = 2
"""The types before are not for a doctor to see."""
SUCCESS = b"ResponseStatusType:Success"


def deciding(_node: Node, folder: Path) -> Iterator[Race]:
    """ITI-18 FindDocuments of 1,000 documents, decided, against the same without a decision."""
    home, undecided = folder / "french", folder / "undecided"
    greffe("init", str(home), "--domain", "dmp")
    greffe("patient", "add", PATIENT, "--home", str(home))
    _without_policy(home, undecided, folder / "domain")
    security = greffe("assertion", "--home", str(home), *ASSERTION)
    open_server, open_url = serve("registry", undecided)
    server, url = serve("registry", home)
    free, decided = Connection(open_url), Connection(url)
    _fill(free, security)
    greffe("patient", "authorise", PATIENT, DOCTOR, "--home", str(home))
    request = messages.find_documents(security, PATIENT)
    octets = decided.soap(request).require(SUCCESS).octets
    if free.soap(request).require(SUCCESS).octets != octets:
        raise SystemExit("bench: the caller does not see everything")
    yield Race(
        name=f"ITI-18 {DOCUMENTS}, decided",
        ours=lambda: decided.soap(request).require(SUCCESS),
        times=20,
        yardstick="the same answer, nothing to decide",
        held_against=lambda: seconds_for_one(lambda: free.soap(request).require(SUCCESS), 20),
        server=server,
        octets=octets,
        target="<= 1.05 x",
    )
    for one in (server, open_server):
        one.stop()


def _without_policy(home: Path, undecided: Path, domain: Path) -> None:
    """Make a second home with the same ledger and keys, and no access policy."""
    with as_file(files("domains") / "dmp") as french:
        shutil.copytree(french, domain)
    _rewrite(domain / "domain.toml", 'access = "matrix"', 'access = "any-trusted"')
    shutil.copytree(home, undecided)
    settings = undecided / "greffe.toml"
    _rewrite(settings, 'domain = "dmp"', f'domain = "{domain}"')
    ledger = f"sqlite:///{home / 'registry' / 'ledger.db'}"
    _rewrite(settings, "sqlite:///registry/ledger.db", ledger)


def _rewrite(file: Path, before: str, after: str) -> None:
    text = file.read_text(encoding="utf-8")
    if before not in text:
        raise SystemExit(f"bench: {file} does not say {before}")
    file.write_text(text.replace(before, after), encoding="utf-8")


def _fill(connection: Connection, security: str) -> None:
    domain = load_domain("dmp")
    for start in range(0, DOCUMENTS, IN_ONE_SET):
        entries = [
            Document(
                unique_id=new_oid(),
                sha1="0" * 40,
                size_octets=1,
                repository_unique_id="1.2.3",
                variant=FIRST + number % TYPES,
            )
            for number in range(start, start + IN_ONE_SET)
        ]
        letter = messages.submission(PATIENT, entries, domain)
        connection.soap(messages.envelope(REGISTER, security, letter)).require(SUCCESS)
