"""Letters, routes and senders as tests of telling take them."""

import itertools
import uuid
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address

from registry.telling.letter import Letter, Style
from registry.telling.route import Route
from registry.telling.sender import Sender
from xds.access.model import Mode

INSTANT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
WHEN = "20260301123000"
STYLE = Style(
    sender=Address("Dossier partagé", addr_spec="no-reply@greffe.test"), contact="", zone=UTC
)
_numbers = itertools.count(1)


def a_letter(**changes):
    number = next(_numbers)
    values = {
        "message_id": f"<{number:08x}{uuid.uuid4().hex}@greffe.test>",
        "patient_id": f"P-{number}^^^&1.2.3&ISO",
        "address": f"patient{number}@example.org",
        "language": "fr",
        "instant": WHEN,
        "role": "doctor",
        "structure": "10B0127189",
        "mode": Mode.BREAK_GLASS,
        "caller": "0",
    }
    return Letter(**{**values, **changes})


def a_route(port, **changes):
    values = {
        "host": "127.0.0.1",
        "port": port,
        "tls": "none",
        "context": None,
        "user": "",
        "password": lambda: "",
        "timeout_seconds": 10,
        "style": STYLE,
    }
    return Route(**{**values, **changes})


class Hands:
    """A clock that a test sets."""

    def __init__(self, instant=INSTANT):
        self.instant = instant

    def __call__(self):
        return self.instant

    def go_on(self, **by):
        self.instant += timedelta(**by)


def a_sender(ledger, port, clock=None, **changes):
    values = {
        "letters": ledger.letters,
        "lock": ledger.sender_lock,
        "route": a_route(port),
        "clock": clock or Hands(),
        "new_token": lambda: uuid.uuid4().hex,
    }
    return Sender(**{**values, **changes})
