"""A sender killed at any step, and rivals in two processes: no letter is lost.

It is doubled only where SMTP leaves no other way: the server had all of it, and the process ended
before that was written down.
"""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from registry.ledger.letters import State
from registry.telling.sender import IDLE_SECONDS, Step
from tests.build.mail import a_mail_server
from tests.registry.telling.build import WHEN, a_letter, a_sender

ROOT = Path(__file__).resolve().parents[3]
SENDING = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from registry.ledger.sql import open_ledger
from tests.registry.telling.build import a_sender

def at(step):
    if step == sys.argv[4]:
        if len(sys.argv) > 5:
            print(step, flush=True)
            sys.stdin.read()
        os.kill(os.getpid(), signal.SIGKILL)

a_sender(open_ledger(sys.argv[2]), int(sys.argv[3]), at=at).turn()
"""
ARRIVALS = {
    Step.CLAIMED: 1,
    Step.OPENED: 1,
    Step.ADDRESSED: 1,
    Step.WRITTEN: 1,
    Step.HANDED: 1,
    Step.ENDED: 2,
    Step.ANSWERED: 2,
    Step.SETTLED: 1,
}
DOUBTFUL = (Step.HANDED, Step.ENDED, Step.ANSWERED)


def a_process(database_url, port, step, *more):
    return subprocess.Popen(
        [sys.executable, "-c", SENDING, str(ROOT), database_url, str(port), step, *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def test_every_step_is_tried():
    assert set(ARRIVALS) == set(Step)


@pytest.mark.parametrize("step", Step)
def test_killed_at_this_step(ledger, database_url, step):
    letter = a_letter()
    ledger.letters.queue([letter], WHEN)
    with a_mail_server() as server:
        killed = a_process(database_url, server.port, step)
        killed.communicate(timeout=60)
        assert killed.returncode == -signal.SIGKILL
        if step is Step.ENDED:
            server.wait_for(1)
        again = a_sender(ledger, server.port)
        until_taken_over(again, server)
        again.stop()
        assert server.message_ids == [letter.message_id] * ARRIVALS[step]
        assert len({m.as_bytes() for m in server.messages}) == 1
    (queued,) = ledger.letters.all()
    assert (queued.state, queued.doubts) == (State.SENT, int(step in DOUBTFUL))


def test_of_two_processes_one_sends_and_the_other_goes_on_when_it_is_killed(ledger, database_url):
    letters = [a_letter() for _ in range(3)]
    ledger.letters.queue(letters, WHEN)
    with a_mail_server() as server:
        first = a_process(database_url, server.port, Step.ADDRESSED, "waits")
        assert first.stdout.readline() == "addressed\n"
        second = a_sender(ledger, server.port)
        assert second.turn() == IDLE_SECONDS
        assert server.messages == []
        first.kill()
        first.communicate(timeout=60)
        until_taken_over(second, server)
        second.stop()
        assert sorted(server.message_ids) == sorted(x.message_id for x in letters)
    assert {q.state for q in ledger.letters.all()} == {State.SENT}


def until_taken_over(sender, server):
    """Let the sender have its turn as soon as it may.

    A database server notices that a client is dead when it reads from it: soon, not at once.
    """
    for _ in range(200):
        sender.turn()
        if sender._lock.is_held:
            return
        with server.arrived:
            server.arrived.wait(0.05)
    pytest.fail("the lock of a dead process was not freed")
