"""The Repository of a running node, over HTTP: in, registered, out again, and under faults."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from lxml import etree

from tests.repository.build import (
    OBJECT,
    PATIENT,
    Message,
    code,
    identifier,
    member,
    message,
    oid,
    submission_set,
)
from xds.metadata.rim import LocalizedString, RimObject

GREFFE = [sys.executable, "-m", "greffe"]
SOAP = "http://www.w3.org/2003/05/soap-envelope"
BOUNDARY = "boundary-of-the-tests"
IHE = "urn:ihe:iti:2007:"
OWNS = ("Document01", "Document02", "Document03")


@dataclass
class Answer:
    status: int
    content_type: str
    body: bytes

    @property
    def xml(self) -> etree._Element:
        start, end = self.body.index(b"<soap:Envelope"), self.body.index(b"</soap:Envelope>")
        return etree.fromstring(self.body[start : end + len(b"</soap:Envelope>")])

    @property
    def outcome(self) -> str:
        (response,) = self.xml.iter("{*}RegistryResponse")
        return response.get("status").rpartition(":")[2]

    @property
    def errors(self) -> list[dict[str, str]]:
        return [dict(e.attrib) for e in self.xml.iter("{*}RegistryError")]

    @property
    def codes(self) -> list[str]:
        return [e["errorCode"] for e in self.errors]


@dataclass
class Node:
    home: Path
    process: subprocess.Popen
    urls: dict[str, str]
    security: str
    repository_unique_id: str

    def post(self, body: bytes, action: str, parts=(), *, is_mtom=True) -> Answer:
        envelope = (
            f'<soap:Envelope xmlns:soap="{SOAP}" xmlns:wsa="http://www.w3.org/2005/08/addressing">'
            f"\n<soap:Header><wsa:Action>{IHE}{action}</wsa:Action>"
            f"<wsa:MessageID>urn:uuid:{oid()}</wsa:MessageID>{self.security}</soap:Header>"
            "\n<soap:Body>"
        ).encode() + body
        envelope += b"</soap:Body></soap:Envelope>"
        content_type = f'application/soap+xml; action="{IHE}{action}"'
        if is_mtom:
            content_type = (
                f'multipart/related; boundary="{BOUNDARY}"; type="application/xop+xml"; '
                'start="<root@test>"; start-info="application/soap+xml"'
            )
            root = ("root@test", envelope, 'application/xop+xml; type="application/soap+xml"')
            rest = [(name, content, "application/octet-stream") for name, content in parts]
            envelope = b"".join(
                f"--{BOUNDARY}\r\nContent-Type: {kind}\r\nContent-ID: <{name}>\r\n"
                "Content-Transfer-Encoding: binary\r\n\r\n".encode()
                + content
                + b"\r\n"
                for name, content, kind in (root, *rest)
            )
            envelope += f"--{BOUNDARY}--\r\n".encode()
        address = urlsplit(self.urls["repository"])
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
        try:
            connection.request("POST", address.path, envelope, {"Content-Type": content_type})
            response = connection.getresponse()
            return Answer(response.status, response.headers["Content-Type"], response.read())
        finally:
            connection.close()

    def provide(self, sent: Message, **options) -> Answer:
        action = "ProvideAndRegisterDocumentSet-b"
        return self.post(sent.body, action, sent.parts, **options)

    def retrieve(self, *unique_ids: str, repository: str = "", **options) -> Answer:
        asked = "".join(
            f"<x:DocumentRequest><x:RepositoryUniqueId>{repository or self.repository_unique_id}"
            f"</x:RepositoryUniqueId><x:DocumentUniqueId>{u}</x:DocumentUniqueId>"
            "</x:DocumentRequest>"
            for u in unique_ids
        )
        body = (
            f'<x:RetrieveDocumentSetRequest xmlns:x="urn:ihe:iti:xds-b:2007">{asked}'
            "</x:RetrieveDocumentSetRequest>"
        )
        return self.post(body.encode(), "RetrieveDocumentSet", **options)

    def entry_uuid(self, unique_id: str) -> str:
        (entry,) = [d for d in self.documents() if d["unique_id"] == unique_id]
        return entry["entry_uuid"]

    def documents(self) -> list[dict[str, str]]:
        """Ask the command line, as a stranger would."""
        command = ("query", "find-documents", "--patient", PATIENT, "--home", str(self.home))
        found = subprocess.run(
            [*GREFFE, *command, "--json"], check=True, capture_output=True, text=True
        )
        return json.loads(found.stdout)["documents"]

    def blobs(self) -> list[Path]:
        return [p for p in (self.home / "repository").rglob("*") if len(p.name) == 64]

    def staging(self) -> list[Path]:
        (folder,) = (self.home / "repository").rglob("staging")
        return list(folder.iterdir())


def start(home: Path) -> Node:
    ports = ("--registry-port", "0", "--repository-port", "0")
    with (home / "node.log").open("a") as log:
        process = subprocess.Popen(
            [*GREFFE, "serve", "--home", str(home), *ports],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    ready = [process.stdout.readline().split() for _ in range(2)]
    assert [line[:1] for line in ready] == [["ready"]] * 2, (home / "node.log").read_text()
    security, own = security_of(home)
    return Node(home, process, {line[1]: line[2] for line in ready}, security, own)


def security_of(home: Path) -> tuple[str, str]:
    """Return a caller's header, and the Repository's own id."""
    options = ("--subject", "x", "--role", "doctor", "--purpose", "normal", "--structure", "s")
    security = subprocess.run(
        [*GREFFE, "assertion", "--home", str(home), *options, "--header"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    settings = tomllib.loads((home / "greffe.toml").read_text())
    tables = [settings, *(t for t in settings.values() if isinstance(t, dict))]
    return security, next(t["repository_unique_id"] for t in tables if "repository_unique_id" in t)


def prepare(home: Path) -> Path:
    """Make an international home with one known patient."""
    subprocess.run([*GREFFE, "init", str(home), "--domain", "ihe"], check=True)
    subprocess.run([*GREFFE, "patient", "add", PATIENT, "--home", str(home)], check=True)
    return home


def stop(node: Node) -> None:
    node.process.send_signal(signal.SIGTERM)
    node.process.communicate(timeout=30)


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    home = prepare(tmp_path_factory.mktemp("repository") / "home")
    started = start(home)
    yield started
    stop(started)


def valid(*contents: bytes) -> Message:
    """Return a message whose codes the international domain knows."""
    return message(*contents)


@pytest.mark.parametrize("is_mtom", [True, False], ids=["MTOM", "plain"])
def test_documents_go_in_and_come_out_as_they_were(node, is_mtom):
    contents = (b"%PDF-1.7\r\n--boundary", "é".encode(), b"")
    sent = valid(*contents)
    if not is_mtom:
        sent = replace(sent, inline=frozenset(OWNS))
    answer = node.provide(sent, is_mtom=is_mtom)
    assert (answer.status, answer.outcome, answer.codes) == (200, "Success", [])
    assert answer.content_type.startswith("multipart/related") is is_mtom
    back = node.retrieve(*sent.unique_ids)
    assert back.outcome == "Success"
    for content in contents:
        assert b"\r\n\r\n" + content + b"\r\n--" in back.body
    assert [e.text for e in back.xml.iter("{*}DocumentUniqueId")] == sent.unique_ids
    plain = node.retrieve(sent.unique_ids[0], is_mtom=False)
    (document,) = plain.xml.iter("{*}Document")
    assert document.text == "JVBERi0xLjcNCi0tYm91bmRhcnk="


def test_some_missing_is_partial_success_and_all_missing_is_failure(node):
    sent = valid(b"here")
    assert node.provide(sent).outcome == "Success"
    some = node.retrieve(sent.unique_ids[0], "1.2.3.404")
    assert some.outcome == "PartialSuccess"
    assert 'status="urn:ihe:iti:2007:ResponseStatusType:PartialSuccess"' in some.body.decode()
    assert [e["location"] for e in some.errors] == ["1.2.3.404"]
    none = node.retrieve("1.2.3.404", "1.2.3.405")
    assert (none.status, none.outcome) == (200, "Failure")
    assert none.codes == ["XDSDocumentUniqueIdError"] * 2
    assert none.content_type.startswith("multipart/related")
    other = node.retrieve(sent.unique_ids[0], repository="9.9.9")
    assert other.codes == ["XDSUnknownRepositoryId"]
    assert node.repository_unique_id in other.errors[0]["codeContext"]


def test_an_error_of_the_registry_names_the_callers_line(node):
    stranger = "NOBODY^^^&1.3.6.1.4.1.21367.13.20.3000&ISO"
    sent = valid(b"x")
    body = sent.body.replace(PATIENT.replace("&", "&amp;").encode(), stranger.encode()).replace(
        stranger.encode(), stranger.replace("&", "&amp;").encode()
    )

    class Strange(Message):
        @property
        def body(self) -> bytes:
            return body

    answer = node.provide(Strange(objects=sent.objects, contents=sent.contents))
    assert answer.outcome == "Failure"
    assert "XDSUnknownPatientId" in answer.codes
    located = [e["location"] for e in answer.errors]
    assert all("xds:ProvideAndRegisterDocumentSetRequest/lcm:" in at for at in located), located
    lines = (b"\n\n" + body).split(b"\n")
    for at in located:
        line = int(at.rpartition("(line ")[2].rstrip(")"))
        assert b"<rim:" in lines[line - 1]
    assert node.retrieve(*sent.unique_ids).outcome == "Failure"


def test_a_folder_alone_and_an_association_alone_are_submissions(node):
    sent = valid(b"member of a folder")
    assert node.provide(sent).outcome == "Success"
    for objects in (
        (folder("Folder01"), member("Folder01")),
        (member(node.entry_uuid(sent.unique_ids[0]), "Reference"),),
    ):
        alone = Message(objects=(*submission_set(oid()), *objects), contents=())
        answer = node.provide(alone)
        assert (answer.outcome, answer.errors) == ("Success", [])


def folder(own: str) -> RimObject:
    mark = RimObject(
        tag="Classification",
        attributes=(
            ("id", f"{own}-mark"),
            ("classifiedObject", own),
            ("classificationNode", "urn:uuid:d9d542f3-6cc4-48b6-8870-ea235fbc94c2"),
            ("objectType", f"{OBJECT}:Classification"),
        ),
    )
    return RimObject(
        tag="RegistryPackage",
        attributes=(("id", own),),
        name=(LocalizedString(value="Folder"),),
        classifications=(mark, code(own, "1ba97051-7806-41a8-a48b-8fce7af683c5")),
        external_identifiers=(
            identifier(own, "f64ffdf0-4b97-4e06-b79f-a52b38ec2f8a", "XDSFolder.patientId", PATIENT),
            identifier(own, "75df8f67-9973-4fbe-a900-df66cefecc5a", "XDSFolder.uniqueId", oid()),
        ),
    )


@pytest.mark.parametrize("size", [2_000, 3_000_000], ids=["small", "large"])
def test_a_damaged_blob_is_never_served_as_good(node, size):
    """F05."""
    content = os.urandom(size)
    sent, beside = valid(content), valid(b"whole")
    assert node.provide(sent).outcome == "Success"
    assert node.provide(beside).outcome == "Success"
    (blob,) = [p for p in node.blobs() if p.stat().st_size == size]
    octets = bytearray(blob.read_bytes())
    octets[size // 2] ^= 1
    blob.write_bytes(octets)
    try:
        answer = node.retrieve(*sent.unique_ids, *beside.unique_ids)
    except (http.client.IncompleteRead, ConnectionError):
        assert size > 1_000_000
    else:
        assert size < 1_000_000
        assert answer.codes == ["XDSRepositoryError"]
        assert answer.outcome == "PartialSuccess"
        assert b"whole" in answer.body
    assert node.provide(valid(content)).outcome == "Success"  # which heals it
    assert content in node.retrieve(*sent.unique_ids).body


def test_a_caller_without_assertion_or_who_breaks_off_leaves_nothing(node):
    """F16."""
    before = len(node.blobs())
    nobody = replace(node, security="")
    assert nobody.provide(valid(b"x" * 100_000)).status in (400, 500)
    address = urlsplit(node.urls["repository"])
    connection = http.client.HTTPConnection(address.hostname, address.port)
    connection.putrequest("POST", address.path)
    connection.putheader("Content-Type", f'multipart/related; boundary="{BOUNDARY}"')
    connection.putheader("Content-Length", "1000000")
    connection.endheaders(b"--" + BOUNDARY.encode() + b"\r\n\r\nhalf")
    connection.close()
    assert node.provide(valid(b"control")).outcome == "Success"
    assert len(node.blobs()) == before + 1
    assert node.staging() == []


def test_the_same_submission_at_once_is_stored_once_and_nobody_gets_a_500(node):
    """F10."""
    sent = valid(b"at once")
    barrier, answers = threading.Barrier(5), []

    def submit() -> None:
        barrier.wait()
        answers.append(node.provide(sent))

    threads = [threading.Thread(target=submit) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {a.status for a in answers} == {200}
    assert "Success" in {a.outcome for a in answers}
    assert all(a.codes for a in answers if a.outcome != "Success")
    assert [d["unique_id"] for d in node.documents()].count(sent.unique_ids[0]) == 1
    assert b"at once" in node.retrieve(*sent.unique_ids).body


def test_two_contents_at_once_under_one_uniqueid_one_wins(node):
    """F11."""
    name, barrier, answers = oid(), threading.Barrier(4), {}

    def submit(content: bytes) -> None:
        sent = message(content, unique_ids=(name,))
        barrier.wait()
        answers[content] = node.provide(sent)

    contents = [b"version %d" % n for n in range(4)]
    threads = [threading.Thread(target=submit, args=(c,)) for c in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [c for c, a in answers.items() if a.outcome == "Success"]
    losers = [a.codes for a in answers.values() if a.outcome != "Success"]
    assert losers == [["XDSNonIdenticalHash"]] * 3
    assert winner in node.retrieve(name).body


@pytest.mark.slow
def test_a_quarter_of_a_gibibyte_goes_in_and_out_in_constant_memory(node):
    """Issue point 3: the process stays under 150 MB whatever a document's size is."""
    size, block = 256 * 1024 * 1024, os.urandom(1024 * 1024)
    sent = valid(b"")
    name = sent.unique_ids[0]
    reset_peaks(node)
    answer = node.post(
        sent.body, "ProvideAndRegisterDocumentSet-b", [("Document01@test", block * 256)]
    )
    assert (answer.outcome, answer.codes) == ("Success", [])
    assert peak(node) < 150_000_000
    back = node.retrieve(name)
    assert len(back.body) > size
    assert peak(node) < 150_000_000
    for blob in node.blobs():
        if blob.stat().st_size == size:
            blob.unlink()


def processes(node) -> list[psutil.Process]:
    root = psutil.Process(node.process.pid)
    return [root, *root.children(recursive=True)]


def reset_peaks(node) -> None:
    for process in processes(node):
        Path(f"/proc/{process.pid}/clear_refs").write_text("5")


def peak(node) -> int:
    """Return the peak resident memory of the largest process, in octets. Linux."""
    peaks = [
        int(line.split()[1]) * 1024
        for process in processes(node)
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines()
        if line.startswith("VmHWM:")
    ]
    return max(peaks)


def test_what_was_acknowledged_survives_kill_9(tmp_path):
    """F01, at whole-node scale: I1 and I8."""
    home = prepare(tmp_path / "home")
    node = start(home)
    sent = [valid(b"first"), valid(b"second" * 100_000)]
    assert [node.provide(one).outcome for one in sent] == ["Success"] * 2
    node.process.kill()
    node.process.communicate()
    node = start(home)
    try:
        back = node.retrieve(*(u for one in sent for u in one.unique_ids))
        assert back.outcome == "Success"
        assert b"second" * 100_000 in back.body
        assert node.provide(valid(b"control")).outcome == "Success"
    finally:
        stop(node)
