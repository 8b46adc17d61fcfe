"""Forwards a trail to a syslog server, in order, for as long as the service runs.

Theory. The trail is the outbox: an entry is durable before its transaction is answered, so whoever
forwards may be as late as it must. How far the server has been told is kept in a file beside the
trail, and moved on only for entries that are *settled*: written to a connection whose other machine
has taken every octet, and which stayed sound for some seconds after (a server that refuses, closes
or dies in that time gets them again), or which the server ended with an answer to our goodbye.
So nothing is lost, and after a break some entries come twice: at least once, in order.

A server that is dead, slow or unwilling, and a certificate that has expired, end the connection;
the next attempt is made later and later, up to a bound. Nothing here is waited for by a
transaction. Of several processes on one trail the one that holds the lock forwards; when it dies,
another goes on. What no rule can see: a server that takes octets, keeps them unread longer than
the settling time, and then dies.

Spec: ITI TF-2 §3.20.4.1.1 (store locally, send when able), §3.20.4.1.2; RFC 5425 §4.4.
"""

import fcntl
import logging
import os
import random
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from xds.audit.following import Follower, Place, PlaceFile
from xds.clock import monotonic
from xds.log import trace

log = logging.getLogger("greffe.audit")

POLL_SECONDS: Final = 0.25
"""How often the trail is looked at when everything is sent."""
FIRST_DELAY_SECONDS: Final = 1.0
LONGEST_DELAY_SECONDS: Final = 60.0
LOCK_SECONDS: Final = 2.0
"""How often a process that may not forward asks again."""


class Channel(Protocol):
    """A connection, as `xds.audit.syslog.Connection` is one."""

    def send(self, octets: bytes) -> None:
        """Write. Errors: OSError."""

    def check(self) -> None:
        """Errors: OSError when the server has closed or refused."""

    def is_taken(self) -> bool:
        """Return whether the other machine has every octet. Errors: OSError."""

    def finish(self) -> bool:
        """Say goodbye; return whether the server answered."""

    def close(self) -> None:
        """Close."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """Times of a forwarder, in seconds; tests have shorter ones."""

    poll: float = POLL_SECONDS
    settle: float = 5.0
    """How long a connection must stay sound after an entry was written to it."""
    first_delay: float = FIRST_DELAY_SECONDS
    longest_delay: float = LONGEST_DELAY_SECONDS
    lock: float = LOCK_SECONDS
    last: float = 5.0
    """How long a stopping service waits for what is still under way."""


@dataclass(slots=True)
class _Sent:
    """What was written to a connection and is not settled, oldest first."""

    batches: deque[tuple[float, Place]] = field(default_factory=deque)

    def add(self, place: Place) -> None:
        self.batches.append((monotonic(), place))

    def take(self, until: float) -> Place | None:
        """Return the last place that was written before this moment, and forget it."""
        place = None
        while self.batches and self.batches[0][0] <= until:
            _, place = self.batches.popleft()
        return place


class Forwarder:
    """Forwards one trail, in a thread of its own."""

    def __init__(
        self,
        trail: Path,
        *,
        render: Callable[[bytes], bytes],
        connect: Callable[[], Channel],
        name: str,
        rhythm: Rhythm | None = None,
    ) -> None:
        """Prepare to forward.

        `render` gives the frames of a line, nothing for one that says nothing; `connect` opens the
        way there (Errors: OSError); `name` is the server in the log.
        """
        self._trail = trail
        self._render = render
        self._connect = connect
        self._name = name
        self._rhythm = rhythm or Rhythm()
        self._places = PlaceFile(trail.with_suffix(".sent"))
        self._has_settled = False
        """Whether the present connection has moved the place on."""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"forward {trail.stem}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Send what can be sent within a bounded time, and end."""
        self._stopping.set()
        self._thread.join(self._rhythm.last)

    def _run(self) -> None:
        with self._alone() as may_forward:
            if may_forward:
                self._forward()

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Wait until no other process forwards this trail; False when told to stop meanwhile."""
        descriptor = os.open(
            self._trail.with_suffix(".sent.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    if self._stopping.wait(self._rhythm.lock):
                        yield False
                        return
                else:
                    yield True
                    return
        finally:
            os.close(descriptor)

    def _forward(self) -> None:
        """Connect again and again, later and later while nothing settles."""
        delay = self._rhythm.first_delay
        while True:
            self._has_settled = False
            try:
                self._converse()
            except OSError as error:
                log.warning("the audit server %s cannot be told: %s", self._name, error)
            except Exception as defect:  # noqa: BLE001 - whatever it is, it must not end this
                log.error("forwarding of %s failed: %s", self._trail, trace(defect))  # noqa: TRY400
            if self._stopping.is_set():
                return
            delay = (
                self._rhythm.first_delay
                if self._has_settled
                else min(delay * 2, self._rhythm.longest_delay)
            )
            # Many nodes that lost one server do not come back at the same moment.
            if self._stopping.wait(delay * random.uniform(0.8, 1.2)):
                return

    def _converse(self) -> None:
        """Send over one connection until it ends or the service stops. Errors: OSError."""
        follower = Follower(self._trail, self._places.load())
        try:
            channel = self._connect()
        except OSError:
            follower.close()
            raise
        log.info("the audit server %s is connected", self._name)
        sent = _Sent()
        try:
            self._send_all(follower, channel, sent)
            if channel.finish():
                self._remember(sent.take(monotonic()))
        finally:
            channel.close()
            follower.close()

    def _send_all(self, follower: Follower, channel: Channel, sent: _Sent) -> None:
        while True:
            channel.check()
            is_last = self._stopping.is_set()
            begun, lines = monotonic(), follower.read()
            for line, _ in lines:
                channel.send(self._render(line))
            if lines:
                sent.add(follower.place)
            if channel.is_taken():
                self._remember(sent.take(monotonic() - self._rhythm.settle))
            if is_last and not lines:
                return
            # A long backlog leaves half of this processor's time to the transactions.
            self._stopping.wait(monotonic() - begun if lines else self._rhythm.poll)

    def _remember(self, place: Place | None) -> None:
        if place is not None:
            self._places.save(place)
            self._has_settled = True
