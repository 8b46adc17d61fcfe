"""The parts that make an actor's application, with a gate that knows everybody."""

from dataclasses import dataclass, field

from tests.registry.build import CALLER, START
from xds.limits import Limits


@dataclass
class Parts:
    """An open Registry or Repository: its own gate, and a trail that a test can read."""

    ledger: object = None
    rooms: tuple = ()
    events: list = field(default_factory=list)
    limits: Limits = field(default_factory=Limits)
    reply_to_hosts: frozenset = frozenset()
    own_url: str = ""
    clock: object = staticmethod(lambda: START)

    @property
    def gate(self):
        return self

    @property
    def trail(self):
        return self

    def authenticate(self, request, action, instant):
        return CALLER

    def record(self, event):
        self.events.append(event)
