"""A Registry of several processes: killed while it registers, or racing for the same submission.

What was answered is there, nothing is half, and of identical submissions one is registered.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from registry.ledger.api import Kind, Select
from registry.ledger.sql import open_ledger
from tests.build.submission import PATIENT
from tests.registry.build import Registry

ROOT = Path(__file__).resolve().parents[2]
ANSWERS = 25
BEGINNING = """
import sys, threading, uuid
sys.path.insert(0, {root!r})
from registry.ledger.sql import open_ledger
from tests.build.submission import a_submission, with_identifier
from tests.registry.build import Registry
from xds.metadata import vocabulary as v

registry = Registry.over(open_ledger(sys.argv[1]))
out = threading.Lock()

def renamed(rim, name):
    for scheme in (v.DOCUMENT_ENTRY_UNIQUE_ID, v.SUBMISSION_SET_UNIQUE_ID, v.FOLDER_UNIQUE_ID):
        for old in rim.identifiers(scheme):
            rim = with_identifier(rim, scheme, "%s.%d" % (name, len(rim.id)))
    return rim

def register(name):
    answer = registry.register(*[renamed(rim, name) for rim in a_submission(folders=1)])
    with out:
        print(answer.codes[0] if answer.codes else answer.status, name, flush=True)
"""
WITHOUT_END = """
def go_on():
    while True:
        register("2.25.%d" % uuid.uuid4().int)

for _ in range(4):
    threading.Thread(target=go_on).start()
"""
WHAT_IT_READS = """
print("ready", flush=True)
for line in sys.stdin:
    register(line.strip())
"""


def start(work: str, database_url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", BEGINNING.format(root=str(ROOT)) + work, database_url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def test_what_was_answered_survives_a_kill_and_nothing_is_half(database_url):
    process = start(WITHOUT_END, database_url)
    answers = [process.stdout.readline().split() for _ in range(ANSWERS)]
    os.kill(process.pid, signal.SIGKILL)
    answers += [line.split() for line in process.stdout if line.endswith("\n")]
    process.stdout.close()
    process.stdin.close()
    assert process.wait(20) == -signal.SIGKILL
    assert {status for status, _ in answers} == {"Success"}

    ledger = open_ledger(database_url)
    rows = ledger.read(lambda r: {k: r.select(Select(kind=k, where=())) for k in Kind})
    sets = {o.unique_id.rpartition(".")[0]: o for o in rows[Kind.SUBMISSION_SET]}
    assert {name for _, name in answers} <= set(sets)
    for kind, each in ((Kind.DOCUMENT_ENTRY, 1), (Kind.FOLDER, 1), (Kind.ASSOCIATION, 4)):
        assert len(rows[kind]) == each * len(sets)
    registry = Registry.over(ledger)
    assert len(registry.find(PATIENT).ids) == len(sets)
    for stored in list(sets.values())[-3:]:
        whole = registry.ask(
            "GetSubmissionSetAndContents", XDSSubmissionSetEntryUUID=f"'{stored.entry_uuid}'"
        )
        assert len(whole.objects) == 7
    ledger.close()


def test_of_identical_submissions_to_two_processes_one_is_registered(database_url):
    names = [f"1.2.3.{number}" for number in range(20)]
    processes = [start(WHAT_IT_READS, database_url) for _ in range(2)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:  # both have all of their work before either is read
        process.stdin.write("".join(f"{name}\n" for name in names))
        process.stdin.flush()
    for process in processes:
        process.stdin.close()
    read = [dict(reversed(line.split()) for line in p.stdout) for p in processes]
    for process in processes:
        assert process.wait(60) == 0
        process.stdout.close()
    for name in names:
        assert sorted(answers[name] for answers in read) == [
            "Success",
            "XDSDuplicateUniqueIdInRegistry",
        ]
    ledger = open_ledger(database_url)
    rows = ledger.read(lambda r: r.select(Select(kind=Kind.DOCUMENT_ENTRY, where=())))
    assert len(rows) == len(names)
    ledger.close()
