"""A Registry that is killed while it registers: what was answered is there, and nothing is half."""

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
REGISTERING = """
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

def go_on():
    while True:
        name = "2.25.%d" % uuid.uuid4().int
        objects = [renamed(rim, name) for rim in a_submission(folders=1)]
        status = registry.register(*objects).status
        with out:
            print(status, name, flush=True)

for _ in range(4):
    threading.Thread(target=go_on).start()
"""


def test_what_was_answered_survives_a_kill_and_nothing_is_half(database_url):
    process = subprocess.Popen(
        [sys.executable, "-c", REGISTERING.format(root=str(ROOT)), database_url],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    answers = [process.stdout.readline().split() for _ in range(ANSWERS)]
    os.kill(process.pid, signal.SIGKILL)
    answers += [line.split() for line in process.stdout if line.endswith("\n")]
    process.stdout.close()
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
