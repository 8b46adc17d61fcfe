"""The trace as an operator, a patient and an audit server see it, on running nodes."""

import json
import re
import shutil
import uuid
from pathlib import Path

import pytest
from lxml import etree

from tests.build.rsyslog import Rsyslog, need_rsyslog
from tests.build.tls import Authority
from tests.flow.nodes import PATIENTS, greffe, greffe_json, make_home, serving

SCHEMA = etree.RelaxNG(
    etree.parse(Path(__file__).parents[1] / "xds" / "audit" / "audit-message.rng")
)
PATIENT = PATIENTS["dmp"]


def note(folder):
    path = folder / f"{uuid.uuid4()}.txt"
    path.write_text(f"A note of {uuid.uuid4()}.\n")
    return path


def submit(home, folder, patient=PATIENT, *more):
    code, answer = greffe_json(
        *("submit", note(folder), "--patient", patient, "--create-patient", "--home", home, *more)
    )
    assert code == 0, answer
    return answer["submissions"][0]["documents"][0]["unique_id"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home in which a document was deposited, searched and consulted; its node has stopped."""
    folder = tmp_path_factory.mktemp("audit")
    home = make_home(folder / "home", "dmp")
    with serving(home, domain="dmp") as node:
        document = submit(home, folder)
        assert greffe_json("query", "find-documents", "--patient", PATIENT, "--home", home)[0] == 0
        done = greffe("retrieve", document, "--out", folder / "out", "--home", home)
        assert done.returncode == 0, done.stderr
        assert node.stop()[0] == 0
    (home / "document").write_text(document)
    return home


@pytest.fixture
def copy(home, tmp_path):
    """A copy of the home, to be tampered with."""
    return Path(shutil.copytree(home, tmp_path / "home"))


def transactions(home, service):
    lines = (home / "audit" / f"{service}.jsonl").read_text().splitlines()
    return [json.loads(line)["event"]["transaction"] for line in lines]


def test_starts_stops_and_requests_are_in_the_trails(home):
    registry = transactions(home, "registry")
    assert registry[0] == "service start"
    assert "service stop" in registry
    assert {"ITI-42", "ITI-18"} <= set(registry)
    assert transactions(home, "repository")[:4] == [
        *("service start", "ITI-41", "ITI-43", "service stop"),
    ]


def test_trails_that_are_as_they_were_written_are_verified(copy):
    code, answer = greffe_json("audit", "verify", "--home", copy)
    assert (code, answer["errors"]) == (0, [])
    assert [t["trail"] for t in answer["trails"]] == ["registry", "repository"]
    assert all(t["findings"] == [] for t in answer["trails"])
    told = greffe("audit", "verify", "--home", copy)
    assert answer["trails"][0]["head"] in told.stdout
    assert "No head from elsewhere" in told.stdout


def test_what_was_changed_is_told_with_file_and_line(copy):
    path = copy / "audit" / "registry.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], lines[1].replace(b"success", b"refused"), *lines[2:]]))
    done = greffe("audit", "verify", "--home", copy)
    assert done.returncode == 1
    assert f"{path} line 2: changed" in done.stdout
    assert "repository: 4 entries, as it was written" in done.stdout


def test_a_cut_end_shows_against_heads_that_were_recorded(copy, tmp_path):
    kept = tmp_path / "heads.json"
    assert greffe("audit", "verify", "--home", copy, "--record", kept).returncode == 0
    assert greffe("audit", "verify", "--home", copy, "--recorded", kept).returncode == 0
    head = json.loads(kept.read_text())["trails"]["repository"]["head"]
    path = copy / "audit" / "repository.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    assert greffe("audit", "verify", "--home", copy).returncode == 0
    for words in (("--recorded", kept), ("--head", head)):
        code, answer = greffe_json("audit", "verify", "--home", copy, *words)
        assert code == 1
        assert "cut" in json.dumps(answer)
    path.unlink()
    code, answer = greffe_json("audit", "verify", "--home", copy, "--recorded", kept)
    assert code == 1
    assert "no more" in answer["errors"][0]["text"]


def test_what_is_no_head_is_a_wrong_command_line(copy, tmp_path):
    assert greffe("audit", "verify", "--home", copy, "--head", "abc").returncode == 2
    (tmp_path / "x").write_text("{}")
    assert greffe("audit", "verify", "--home", copy, "--recorded", tmp_path / "x").returncode == 2
    assert greffe("audit", "verify", "--home", tmp_path).returncode == 2


def test_looking_at_the_trail_is_in_the_trail(copy):
    code, answer = greffe_json("audit", "show", "--home", copy, "--service", "registry")
    assert code == 0
    assert answer["entries"][-1]["transaction"] == "audit log used"
    assert answer["entries"][-1]["who"].startswith("command line|")
    done = greffe("audit", "show", "--home", copy, "--dicom", "--last", "100")
    assert done.returncode == 0, done.stderr
    messages = [line for line in done.stdout.splitlines() if line]
    for message in messages:
        SCHEMA.assertValid(etree.fromstring(message.encode()))
    assert len(messages) > 8


def test_the_patient_reads_who_did_what_when_and_why(copy):
    done = greffe("patient", "log", PATIENT, "--home", copy)
    assert done.returncode == 0, done.stderr
    for text in ("quand", "ESSAI ALIX", "a déposé", "a consulté", "a recherché", "soins"):
        assert text in done.stdout
    told = greffe("patient", "log", PATIENT, "--home", copy, "--lang", "en").stdout
    for text in ("when", "deposited", "consulted", "searched", "care", "10B0127189"):
        assert text in told
    assert done.stdout.count("a déposé") == 1


def test_the_log_as_json_has_the_newest_first_and_the_documents(copy, home):
    document = (home / "document").read_text()
    code, answer = greffe_json("patient", "log", PATIENT, "--home", copy)
    assert (code, answer["shape"], answer["language"]) == (0, "greffe/patient-log/1", "fr")
    entries = answer["entries"]
    instants = [entry["instant"] for entry in entries]
    assert instants == sorted(instants, reverse=True)
    deeds = [entry["deed"] for entry in entries]
    assert deeds[0] == "read_log"
    assert [d for d in deeds if d in {"consulted", "deposited"}] == ["consulted", "deposited"]
    consulted = next(entry for entry in entries if entry["deed"] == "consulted")
    assert [d["unique_id"] for d in consulted["documents"]] == [document]
    assert consulted["documents"][0]["title"]
    assert (consulted["identity"], consulted["structure"]) == ("899700000001", "10B0127189")
    assert not consulted["is_emergency"]
    assert (
        len(greffe_json("patient", "log", PATIENT, "--home", copy, "--last", "1")[1]["entries"])
        == 1
    )


def test_nobody_is_told_of_a_patient_whom_the_registry_does_not_know(copy):
    code, answer = greffe_json("patient", "log", "1^^^&1.2.3&ISO", "--home", copy)
    assert code == 2
    assert "knows no such patient" in answer["errors"][0]["text"]


def test_a_merged_patients_log_has_both_identifiers_deeds(tmp_path):
    home = make_home(tmp_path / "home", "ihe")
    survivor, subsumed = (f"M-{n}^^^&1.3.6.1.4.1.21367.13.20.1000&ISO" for n in (1, 2))
    with serving(home):
        first, second = (submit(home, tmp_path, one) for one in (survivor, subsumed))
        assert greffe("patient", "merge", survivor, subsumed, "--home", home).returncode == 0
    for asked in (survivor, subsumed):
        code, answer = greffe_json("patient", "log", asked, "--home", home)
        assert code == 0
        named = {d["unique_id"] for e in answer["entries"] for d in e["documents"]}
        assert named == {first, second}
        assert answer["language"] == "en"


def configure(home, port, authority):
    certificate, key = authority.leaf("node")
    settings = home / "greffe.toml"
    text = settings.read_text()
    for name, value in (
        ("syslog", f"syslog-tls://127.0.0.1:{port}"),
        ("ca", authority.ca),
        ("certificate", certificate),
        ("key", key),
    ):
        head, table, rest = text.partition("[audit]\n")
        text = head + table + re.sub(rf'(?m)^{name} = ""$', f'{name} = "{value}"', rest, count=1)
    settings.write_text(text)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('syslog = ""', 'syslog = "syslog-tls://127.0.0.1"'), "lacks [audit] ca"),
        (('syslog = ""', 'syslog = "udp://127.0.0.1"'), "syslog-tls://audit.example:6514"),
    ],
)
def test_an_audit_server_that_cannot_be_used_is_said_at_the_start(tmp_path, change, said):
    home = make_home(tmp_path / "home")
    settings = home / "greffe.toml"
    settings.write_text(settings.read_text().replace(*change))
    done = greffe("serve", "registry", "--home", home, "--registry-port", "0")
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_audit_server_is_told_everything_even_what_happened_while_it_was_down(tmp_path):
    need_rsyslog()
    authority = Authority(tmp_path / "ca")
    server = Rsyslog(tmp_path / "rsyslog", authority)
    server.start()
    try:
        home = make_home(tmp_path / "home", "dmp")
        configure(home, server.port, authority)
        with serving(home, domain="dmp"):
            document = submit(home, tmp_path)
            server.wait(lambda lines: any(b'"ITI-41"' in line for line in lines))
            server.stop()
            done = greffe("retrieve", document, "--out", tmp_path / "out", "--home", home)
            assert done.returncode == 0, done.stderr
            server.start()
            server.wait(lambda lines: any(b'"ITI-43"' in line for line in lines))
        lines = server.wait(lambda lines: sum(b"Application Stop" in x for x in lines) == 2)
    finally:
        server.stop()
    roots = [etree.fromstring(line[line.index(b"<?xml") :]) for line in lines]
    for root in roots:
        SCHEMA.assertValid(root)
    told = {
        (root.find("AuditSourceIdentification").get("AuditSourceID"), code.get("csd-code"))
        for root in roots
        for code in root.findall("EventIdentification/EventTypeCode")
    }
    assert told >= {
        ("greffe repository", "ITI-41"),
        ("greffe repository", "ITI-42"),
        ("greffe repository", "ITI-43"),
        ("greffe registry", "ITI-42"),
        ("greffe registry", "ITI-18"),
        ("greffe registry", "110120"),
        ("greffe registry", "110121"),
        ("greffe repository", "110121"),
    }


def test_a_document_that_the_patient_may_not_see_yet_is_not_in_the_patients_log(copy, tmp_path):
    hidden = ("--confidentiality-code", "INVISIBLE_PATIENT^1.2.250.1.213.1.1.4.13")
    with serving(copy, domain="dmp"):
        document = submit(copy, tmp_path, PATIENT, *hidden)
    for more, is_told in (((), False), (("--all",), True)):
        _, answer = greffe_json("patient", "log", PATIENT, "--home", copy, *more)
        assert (document in json.dumps(answer["entries"])) is is_told


def test_an_emergency_is_in_the_patients_log_with_its_reason_and_is_an_alert(copy, home, tmp_path):
    document = (home / "document").read_text()
    with serving(copy, domain="dmp") as node:
        for purpose, code in (("normal", 1), ("bris_de_glace", 0)):
            reason = ("--reason", "inconscient") if code == 0 else ()
            signed = greffe(
                *("assertion", "--home", copy, "--subject", "899700000019", "--name", "AUTRE ZOE"),
                *("--role", "10", "--specialty", "SM26", "--structure", "10B9999999"),
                *("--purpose", purpose, "--patient", PATIENT, *reason),
            )
            path = tmp_path / f"{purpose}.xml"
            path.write_text(signed.stdout)
            done = greffe(
                *("retrieve", document, "--out", tmp_path / purpose, "--assertion", path),
                *("--registry", node.urls["registry"], "--repository", node.urls["repository"]),
            )
            assert done.returncode == code, done.stderr
    entries = greffe_json("patient", "log", PATIENT, "--home", copy)[1]["entries"]
    consulted = [e for e in entries if e["name"] == "AUTRE ZOE" and e["deed"] == "consulted"]
    (opened,) = [e for e in consulted if e["is_emergency"] and e["purpose"] == "bris_de_glace"]
    assert (opened["why"], opened["emergency_reason"]) == ("bris de glace", "inconscient")
    assert [(d["unique_id"], d["is_refused"]) for d in opened["documents"]] == [(document, False)]
    assert not any(e["is_emergency"] for e in entries if e["purpose"] == "normal")
    told = greffe("audit", "show", "--home", copy, "--dicom", "--service", "repository").stdout
    assert "110127" in told
