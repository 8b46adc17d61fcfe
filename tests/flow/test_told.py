"""The patient is told: from an emergency access at a running node to a letter at a mail server."""

import signal
import uuid

import pytest

from tests.build.mail import a_mail_server
from tests.flow.nodes import (
    PATIENTS,
    assertion,
    becomes_true,
    descendants,
    free_port,
    greffe,
    greffe_json,
    is_alive,
    make_home,
    serving,
    start,
)

PATIENT = PATIENTS["dmp"]
STRANGER = "899700000777"
BREAK_GLASS = ("--purpose", "bris_de_glace")
REASON = "patient comateux, diabète connu"
ADDRESS = "claire@example.org"


def with_mail(home, port):
    file = home / "greffe.toml"
    head, _, rest = file.read_text().partition("[mail]\n")
    _, mark, tail = rest.partition("[limits]")
    keys = f'host = "127.0.0.1"\nport = {port}\ntls = "none"\nfrom = "no-reply@greffe.test"\n'
    file.write_text(f"{head}[mail]\n{keys}\n{mark}{tail}")
    return home


@pytest.fixture
def home(tmp_path):
    return make_home(tmp_path / "home", "dmp")


def share(home, folder):
    """Share a document of a patient who has an address."""
    path = folder / f"{uuid.uuid4()}.txt"
    path.write_text("HIV negative.\n")
    code, answer = greffe_json(
        *("submit", path, "--title", "Sérologie VIH", "--patient", PATIENT),
        *("--create-patient", "--home", home),
    )
    assert code == 0, answer
    choose(home, "contact", "--email", ADDRESS, "--language", "fr")
    return answer["submissions"][0]["documents"][0]["unique_id"]


def choose(home, what, *more):
    done = greffe("patient", what, PATIENT, *more, "--home", home)
    assert done.returncode == 0, done.stderr


def called(home, folder, *how):
    """An assertion of a doctor whom the patient never met."""
    path = folder / f"{uuid.uuid4()}.xml"
    return assertion(home, "dmp", path, "--subject", STRANGER, *how)


def find(home, folder, *how):
    signed = called(home, folder, *how)
    code, answer = greffe_json(
        *("query", "find-documents", "--patient", PATIENT, "--home", home, "--assertion", signed)
    )
    return code, answer["documents"]


def outbox(home, *more):
    code, answer = greffe_json("outbox", "list", "--home", home, *more)
    assert code == 0
    return answer["letters"]


def test_who_opens_a_record_in_an_emergency_is_told_to_the_patient_once(home, tmp_path):
    with a_mail_server() as server, serving(with_mail(home, server.port), domain="dmp"):
        share(home, tmp_path)
        assert find(home, tmp_path) == (0, [])
        assert find(home, tmp_path, *BREAK_GLASS)[0] == 1  # without a reason
        code, documents = find(home, tmp_path, *BREAK_GLASS, "--reason", REASON)
        assert (code, len(documents)) == (0, 1)
        server.wait_for(1)
        assert becomes_true(lambda: not outbox(home))
        (letter,) = outbox(home, "--all")
        assert (letter["state"], letter["doubts"]) == ("sent", 0)
        choose(home, "consent", "--break-glass", "no")
        assert find(home, tmp_path, *BREAK_GLASS, "--reason", REASON) == (0, [])
        assert len(outbox(home, "--all")) == 1
        (message,) = server.messages
    assert server.recipients == [(ADDRESS,)]
    assert message["Message-ID"] == letter["message_id"]
    text = message.get_content()
    assert "ouvert en urgence" in text
    assert "bris de glace" in text
    assert letter["letter"] in text
    everything = message.as_string() + text
    for secret in ("VIH", "HIV", "coma", "diab", "SM26", STRANGER, PATIENT.partition("^")[0]):
        assert secret not in everything


def test_what_is_queued_survives_a_kill_of_the_whole_node_and_arrives_once(home, tmp_path):
    port = free_port()
    node = start(with_mail(home, port), domain="dmp")
    share(home, tmp_path)
    for _ in range(3):
        assert len(find(home, tmp_path, *BREAK_GLASS, "--reason", REASON)[1]) == 1
    processes = [node.process.pid, *descendants(node.process.pid)]
    node.process.send_signal(signal.SIGKILL)
    node.process.wait()
    assert becomes_true(lambda: not any(is_alive(pid) for pid in processes))
    node.process.stdout.close()
    waiting = outbox(home)
    assert {letter["state"] for letter in waiting} <= {"queued", "claimed"}
    assert len(waiting) == 3
    with a_mail_server(port=port) as server, serving(home, domain="dmp"):
        server.wait_for(3)
        assert becomes_true(lambda: not outbox(home))
        assert sorted(server.message_ids) == sorted(x["message_id"] for x in waiting)


def test_a_document_fetched_in_an_emergency_is_told_too(home, tmp_path):
    with a_mail_server() as server, serving(with_mail(home, server.port), domain="dmp"):
        document = share(home, tmp_path)
        signed = called(home, tmp_path, *BREAK_GLASS, "--reason", REASON)
        done = greffe(
            *("retrieve", document, "--home", home, "--out", tmp_path / "out"),
            *("--assertion", signed),
        )
        assert done.returncode == 0, done.stderr
        server.wait_for(1)
        code, log = greffe_json("patient", "log", PATIENT, "--home", home)
        assert code == 0
        assert any(e["is_emergency"] and e["identity"] == STRANGER for e in log["entries"])
        letters = outbox(home, "--all")
        server.wait_for(len(letters))
        assert sorted(server.message_ids) == sorted(x["message_id"] for x in letters)
        # The command asks the Registry where the document is, then fetches it: two accesses.
        assert len(letters) == 2


def test_a_refused_letter_is_seen_and_goes_to_the_corrected_address(home, tmp_path):
    with a_mail_server() as server, serving(with_mail(home, server.port), domain="dmp") as node:
        share(home, tmp_path)
        server.says("RCPT", "550 5.1.1 no such user")
        find(home, tmp_path, *BREAK_GLASS, "--reason", REASON)
        assert becomes_true(lambda: [x["state"] for x in outbox(home)] == ["failed"])
        (letter,) = outbox(home)
        assert letter["problem"] == "550 5.1.1 no such user"
        choose(home, "contact", "--email", "claire2@example.org")
        code, answer = greffe_json("outbox", "retry", letter["letter"], "--home", home)
        assert (code, [x["state"] for x in answer["letters"]]) == (0, ["queued"])
        server.wait_for(1, seconds=60)
        assert server.recipients == [("claire2@example.org",)]
        assert server.message_ids == [letter["message_id"]]
        assert "example.org" not in node.log.read_text()


def test_without_a_mail_server_the_log_alone_tells_and_nothing_waits(home, tmp_path):
    with serving(home, domain="dmp"):
        share(home, tmp_path)
        assert len(find(home, tmp_path, *BREAK_GLASS, "--reason", REASON)[1]) == 1
        assert outbox(home, "--all") == []
    code, log = greffe_json("patient", "log", PATIENT, "--home", home)
    assert code == 0
    (told,) = [entry for entry in log["entries"] if entry["is_emergency"]]
    assert (told["identity"], told["emergency_reason"]) == (STRANGER, REASON)


def test_a_node_whose_mail_cannot_work_says_so_at_its_start(home):
    file = home / "greffe.toml"
    file.write_text(
        file.read_text()
        .replace("[mail]\n", "[mail]\n#")
        .replace('host = ""', 'host = "mail.example.org"')
    )
    done = greffe("serve", "registry", "--home", home, "--registry-port", "0")
    assert done.returncode == 2
    assert "[mail] from is ''" in done.stderr
