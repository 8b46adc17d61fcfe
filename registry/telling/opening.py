"""Opens what tells patients: an outbox and its sender where a mail server is named, else nobody.

Spec: none. Nothing is sent before the sender is started, which the process that serves does.
"""

import uuid
from collections.abc import Mapping
from datetime import timedelta

from registry.ledger.sql import SqlLedger
from registry.telling.api import NobodyTold, Telling
from registry.telling.outbox import Outbox
from registry.telling.route import route_of
from registry.telling.sender import Sender
from xds.clock import Clock
from xds.settings import Settings


def open_telling(
    settings: Settings,
    ledger: SqlLedger,
    *,
    professions: Mapping[tuple[str, str], str],
    clock: Clock,
) -> tuple[Telling, Sender | None]:
    """Return what rooms tell, and what sends it. Errors: MailError."""
    route = route_of(settings)
    if route is None:
        return NobodyTold(), None
    sender = Sender(
        letters=ledger.letters,
        lock=ledger.sender_lock,
        route=route,
        clock=clock,
        new_token=_new_token,
    )
    telling = Outbox(
        ledger=ledger,
        letters=ledger.letters,
        host=route.style.sender.domain,
        professions=professions,
        new_token=_new_token,
        together=timedelta(minutes=route.style.together_minutes),
        wake=sender.wake,
    )
    return telling, sender


def _new_token() -> str:
    return uuid.uuid4().hex
