"""A node as its users start it, and what a foreign client needs to talk to it.

The node is started by the command line's own contract; nothing here looks inside it.
"""

import shutil
import signal
import subprocess
import sys
import tomllib
import urllib.error
import urllib.request
import uuid
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from xds.domain import load_domain
from xds.metadata.code import Code

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / "interop"
GREFFE = Path(sys.executable).parent / "greffe"
SECONDS = 120

CODED = (
    *("classCode", "typeCode", "formatCode", "confidentialityCode", "practiceSettingCode"),
    *("healthcareFacilityTypeCode", "contentTypeCode"),
)
OPEN = Code(code="interop", scheme="1.3.6.1.4.1.21367.100.1", display="Interop")

# Every byte value, no text, and longer than any buffer that a client or the node is likely to have.
CONTENT = bytes(range(256)) * 4096


def ihe_patient() -> str:
    return f"IT-{uuid.uuid4().hex[:12]}^^^&1.3.6.1.4.1.21367.2005.13.20.1000&ISO"


def ins_patient() -> str:
    """A number of the shape of the INS, with its key, from the authority for tests."""
    body = 2_99_01_99_000_000 + uuid.uuid4().int % 10**6
    return f"{body}{97 - body % 97:02}^^^&1.2.250.1.213.1.4.10&ISO^NH"


PATIENTS = {"ihe": ihe_patient, "dmp": ins_patient}
CALLERS = {
    "ihe": [
        *("--subject", "interop", "--name", "Interop Tester"),
        *("--role", "112247003^2.16.840.1.113883.6.96", "--structure", "1.2.3.4"),
    ],
    "dmp": [
        *("--subject", "899700000001", "--name", "Essai Alix"),
        *("--role", "10", "--specialty", "SM26", "--structure", "1234567890"),
    ],
}


def greffe(*arguments: str | Path) -> str:
    """Run the command `greffe` and return what it printed."""
    done = subprocess.run(
        [str(GREFFE), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"greffe {arguments}: {done.returncode}\n{done.stderr}"
    return done.stdout


@dataclass(frozen=True, kw_only=True)
class Node:
    """A running node and the home that it runs from."""

    home: Path
    domain: str
    registry: str
    repository: str

    @property
    def repository_unique_id(self) -> str:
        return str(tomllib.loads((self.home / "greffe.toml").read_text())["repository_unique_id"])

    def security(self, folder: Path, *options: str) -> Path:
        """Write a wsse:Security element with a signed assertion into a file of `folder`."""
        caller = (*CALLERS[self.domain], "--purpose", "normal")
        path = folder / "security.xml"
        path.write_text(greffe("assertion", "--home", self.home, "--header", *caller, *options))
        return path

    def patient(self) -> str:
        """Make a patient of this test's own known to the registry."""
        cx = PATIENTS[self.domain]()
        greffe("patient", "add", cx, "--home", self.home)
        return cx

    def authorise(self, patient: str) -> None:
        """Let the caller of these tests into a patient's record, as the patient would."""
        caller = CALLERS[self.domain][1]
        greffe("patient", "authorise", patient, caller, "--home", self.home)


@contextmanager
def running(home: Path, domain: str) -> Iterator[Node]:
    """Make a home, serve it on free ports, and stop it as an operator would."""
    greffe("init", home, "--domain", domain)
    log = home.parent / "stderr.log"
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [
                *(str(GREFFE), "serve", "--home", str(home)),
                *("--registry-port", "0", "--repository-port", "0"),
            ],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    assert process.stdout is not None
    lines = [process.stdout.readline().split() for _ in range(2)]
    ready = {line[1]: line[2] for line in lines if line[:1] == ["ready"]}
    try:
        assert ready.keys() == {"registry", "repository"}, log.read_text()
        yield Node(home=home, domain=domain, **ready)
    finally:
        process.send_signal(signal.SIGTERM)
        process.stdout.close()
        code = process.wait(timeout=SECONDS)
    assert code == 0, log.read_text()


def need(*programs: str) -> None:
    """Skip the test when a program (or a file of one) is absent: a failure under `.ci/run`."""
    for program in programs:
        present = Path(program).exists() if program.startswith("/") else shutil.which(program)
        if not present:
            pytest.skip(f"{program} is not installed")


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a foreign client said: its exit code, its `word=value` lines, everything."""

    code: int
    lines: list[tuple[str, str]]
    log: str

    def all(self, word: str) -> list[str]:
        return [value for key, value in self.lines if key == word]


def run(*command: str | Path) -> Said:
    """Run a foreign client."""
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    lines = [line.partition("=") for line in done.stdout.splitlines() if "=" in line]
    return Said(
        code=done.returncode,
        lines=[(word, value) for word, _, value in lines],
        log=done.stdout + done.stderr,
    )


def build(client: str, folder: Path, *arguments: str) -> Path:
    """Run a client's build script into `folder`; what it printed is shown when it fails."""
    said = run(CLIENTS / client / "build.sh", folder, *arguments)
    assert said.code == 0, said.log[-6000:]
    return folder


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One document and its metadata, in the files that the clients read."""

    unique_id: str
    metadata: Path
    document: Path
    entry: str = "Document01"


def submission(folder: Path, node: Node, patient: str, content: bytes = CONTENT) -> Submission:
    """Write a document, and a SubmitObjectsRequest that describes it with the domain's codes."""
    unique_id = f"2.25.{uuid.uuid4().int}"
    domain = load_domain(node.domain)
    values = {
        "PATIENT": patient,
        "UNIQUE-ID": unique_id,
        "SUBMISSION-ID": f"2.25.{uuid.uuid4().int}",
        "SOURCE-ID": "1.3.6.1.4.1.21367.4",
    }
    for name in CODED:
        allowed = domain.value_sets.get(name)
        code = next(iter(allowed.codes.values())) if allowed else OPEN
        values |= {f"{name}.code": code.code, f"{name}.scheme": code.scheme}
        values |= {f"{name}.display": code.display}
    text = (Path(__file__).parent / "submission.xml").read_text()
    for key, value in values.items():
        text = text.replace("{" + key + "}", escape(value, {'"': "&quot;"}))
    metadata, document = folder / "metadata.xml", folder / "document.bin"
    metadata.write_text(text)
    document.write_bytes(content)
    return Submission(unique_id=unique_id, metadata=metadata, document=document)


PLAIN = """<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"
    xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header>
  <a:Action s:mustUnderstand="1">urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b</a:Action>
  <a:MessageID>{message}</a:MessageID><a:To>{to}</a:To>{security}</s:Header><s:Body>
  <ProvideAndRegisterDocumentSetRequest xmlns="urn:ihe:iti:xds-b:2007">{metadata}
    <Document id="{entry}">{document}</Document>
  </ProvideAndRegisterDocumentSetRequest></s:Body></s:Envelope>"""


def provide_plainly(node: Node, security: Path, one: Submission) -> str:
    """Provide a document in one plain SOAP message (ITI-41 unoptimised); return the answer."""
    message = PLAIN.format(
        message=uuid.uuid4().urn,
        to=node.repository,
        security=security.read_text(),
        metadata=one.metadata.read_text(),
        entry=one.entry,
        document=b64encode(one.document.read_bytes()).decode(),
    )
    request = urllib.request.Request(  # noqa: S310 (the node's own address)
        node.repository,
        data=message.encode(),
        headers={"Content-Type": "application/soap+xml; charset=utf-8"},
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            return str(answer.read().decode())
    except urllib.error.HTTPError as refused:
        return refused.read().decode()
