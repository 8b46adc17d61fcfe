"""The sender: one thread that brings letters from the outbox to the mail server, one by one.

    (1) claim     the letter that is longest due
    (2) open, address, write      everything but the end; whatever fails here doubles nothing
    (3) hand      note that the end is about to leave; who lost the letter learns it here
    (4) end, answer
    (5) settle    note what the server said, until the note is durable

Killed before (3), the letter is simply tried again. Killed between (3) and (5), nobody can know
whether the server took it; it is sent again as the same message (same Message-ID, same octets),
because a patient who is told twice is better off than one who is not told. That is the only double,
and SMTP has no means against it (RFC 1047); it is the time of one answer and one commit.

When the server cannot be used, the sender waits and tries again without end. When the server says
"later" to one letter, that letter waits, longer each time, and is given up after five days
(RFC 5321 §4.5.4.1). When it says "never", the letter has failed and waits for the operator
(`greffe outbox`).
"""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from registry.ledger.letters import Queued, SqlLetters, State
from registry.ledger.sender_lock import SenderLock
from registry.telling.letter import DTM, compose
from registry.telling.route import Route
from registry.telling.smtp import (
    Conversation,
    LaterError,
    RefusedError,
    UnknownError,
    UnreachableError,
)
from xds.clock import Clock
from xds.log import trace

IDLE_SECONDS: Final = 30.0
"""How often the outbox is looked at when nobody says that there is something."""
PAUSES: Final = (5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0)
"""Between tries to reach the server."""
FIRST_DELAY: Final = timedelta(seconds=30)
LONGEST_DELAY: Final = timedelta(hours=1)
GIVE_UP: Final = timedelta(days=5)
KEEP_SENT: Final = timedelta(days=30)
FORGETS: Final = timedelta(hours=1)
NOTE_SECONDS: Final = 1.0
"""Between tries to write down what the server said."""
STOP_SECONDS: Final = 10.0

log = logging.getLogger("greffe.mail")


class Step(StrEnum):
    """Moments at which a process may be killed; each leaves the outbox as the next one finds it."""

    CLAIMED = "claimed"
    OPENED = "opened"
    ADDRESSED = "addressed"
    WRITTEN = "written"
    HANDED = "handed"
    ENDED = "ended"
    ANSWERED = "answered"
    SETTLED = "settled"


class _StoppedError(Exception):
    """The node is being stopped, and the letter's end has not left."""


class _LostError(Exception):
    """The letter is another sender's."""


class Sender:
    """Sends what is in the outbox, from a thread of its own."""

    def __init__(  # noqa: PLR0913 - all that it works with
        self,
        *,
        letters: SqlLetters,
        lock: SenderLock,
        route: Route,
        clock: Clock,
        new_token: Callable[[], str],
        at: Callable[[Step], object] = lambda _: None,
    ) -> None:
        """Prepare; `at` is called at every step, for tests that end the process there."""
        self._letters = letters
        self._lock = lock
        self._route = route
        self._clock = clock
        self._new_token = new_token
        self._at = at
        self._holder = ""
        self._failures = 0
        """Tries to reach the server that failed, one after the other."""
        self._forgets = datetime.min.replace(tzinfo=UTC)
        """When letters sent long ago are dropped next."""
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        # A daemon: a server that does not answer must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="mail", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that there is something to send."""
        self._wake.set()

    def stop(self) -> None:
        """End; a letter whose end has not left is put back, one whose end has is waited for."""
        self._stopping.set()
        self._wake.set()
        if self._thread is None:
            self._lock.release()
        else:
            self._thread.join(STOP_SECONDS)

    def turn(self) -> float:
        """Send all that is due and return how many seconds to wait. Errors: none."""
        try:
            if not self._is_ours():
                return IDLE_SECONDS
            while not self._stopping.is_set():
                queued = self._letters.claim(self._holder, self._now())
                if queued is None:
                    return self._rest()
                self._at(Step.CLAIMED)
                self._send(queued)
                self._failures = 0
        except UnreachableError as error:
            log.warning("the mail server %s cannot be used: %s", self._route.host, error)
            self._failures += 1
            return PAUSES[min(self._failures, len(PAUSES)) - 1]
        except Exception as defect:  # noqa: BLE001 - whatever it is, the next turn tries again
            log.error("letters cannot be sent: %s", trace(defect))  # noqa: TRY400
            self._holder = ""
        return PAUSES[0]

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(self.turn())
            self._wake.clear()
        self._lock.release()

    def _is_ours(self) -> bool:
        """Return whether we may send; when that is new, what was left is put back first."""
        had = self._lock.is_held
        if not self._lock.acquire():
            return False
        if not had or not self._holder:
            self._holder = self._new_token()
            doubtful = self._letters.take_over(self._now())
            if doubtful:
                log.warning("%d letters may have been sent already; they are sent again", doubtful)
        return True

    def _rest(self) -> float:
        """Return how long nothing is due."""
        now = self._clock()
        if now >= self._forgets:
            self._letters.forget((now - KEEP_SENT).strftime(DTM))
            self._forgets = now + FORGETS
        due = self._letters.next_due()
        if due == "~":
            return IDLE_SECONDS
        left = (datetime.strptime(due, DTM).replace(tzinfo=UTC) - now).total_seconds()
        return min(max(left, 0.1), IDLE_SECONDS)

    def _send(self, queued: Queued) -> None:
        """Bring one letter to the server and note what came of it. Errors: UnreachableError."""
        reference, talk = queued.letter.reference, Conversation(self._route)
        try:
            self._converse(queued, talk)
        except UnreachableError as error:
            self._put_back(queued, error, timedelta())
            raise
        except RefusedError as error:
            self._settle(queued, State.FAILED, str(error))
            log.warning("letter %s: refused for good (%s)", reference, _code(error))
        except (LaterError, UnknownError) as error:
            self._later(queued, error)
        except _StoppedError as error:
            self._put_back(queued, error, timedelta())
        except _LostError as error:
            log.warning("letter %s: %s", reference, error)
        else:
            talk.leave()
        finally:
            talk.close()

    def _converse(self, queued: Queued, talk: Conversation) -> None:
        try:
            message = compose(queued.letter, self._route.style)
        except ValueError as error:
            raise RefusedError(f"not sent: {error}") from error
        talk.open()
        self._at(Step.OPENED)
        talk.address(self._route.style.sender.addr_spec, queued.letter.address)
        self._at(Step.ADDRESSED)
        talk.write(message)
        self._at(Step.WRITTEN)
        if self._stopping.is_set():
            raise _StoppedError("the node was stopped")
        if not self._letters.hand(queued.seq, self._holder, self._now()):
            raise _LostError("another sender has it")
        self._at(Step.HANDED)
        talk.end()
        self._at(Step.ENDED)
        said = talk.answer()
        self._at(Step.ANSWERED)
        self._settle(queued, State.SENT, said)
        self._at(Step.SETTLED)
        log.info("letter %s: sent", queued.letter.reference)

    def _later(self, queued: Queued, error: Exception) -> None:
        """Put a letter back for another try, or give it up."""
        reference, delay = queued.letter.reference, _delay(queued.tries)
        written = datetime.strptime(queued.letter.instant, DTM).replace(tzinfo=UTC)
        if self._clock() + delay - written > GIVE_UP:
            self._settle(queued, State.FAILED, f"given up after {GIVE_UP.days} days: {error}")
            log.warning("letter %s: given up after %d days", reference, GIVE_UP.days)
            return
        self._put_back(queued, error, delay)
        log.warning("letter %s: not taken (%s); again in %s", reference, _code(error), delay)

    def _put_back(self, queued: Queued, error: Exception, delay: timedelta) -> None:
        now = self._clock()
        self._note(
            lambda: self._letters.put_back(
                queued.seq,
                self._holder,
                now.strftime(DTM),
                due=(now + delay).strftime(DTM),
                problem=str(error),
                is_doubtful=isinstance(error, UnknownError),
            )
        )

    def _settle(self, queued: Queued, state: State, said: str) -> None:
        now = self._now()
        self._note(lambda: self._letters.settle(queued.seq, self._holder, now, state, said))

    def _note(self, write: Callable[[], bool]) -> None:
        """Write down what the server said, however long the ledger is busy or full."""
        while True:
            try:
                write()
            except Exception as defect:
                log.error("what the mail server said cannot be noted: %s", trace(defect))  # noqa: TRY400
                if self._stopping.wait(NOTE_SECONDS):
                    raise
            else:
                return

    def _now(self) -> str:
        return self._clock().strftime(DTM)


def _code(error: Exception) -> str:
    """Return what the log may say of an answer: its words may quote the address."""
    code = str(error)[:3]
    return code if code.isdigit() else "no answer"


def _delay(tries: int) -> timedelta:
    """Return how long a letter waits after so many tries."""
    return min(FIRST_DELAY * (1 << min(max(tries - 1, 0), 20)), LONGEST_DELAY)
