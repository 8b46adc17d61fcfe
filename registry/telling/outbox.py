"""Queues a letter to each patient whose record an emergency opened, before any data is served.

Who has no address is told by the record's own log alone. An address that cannot be written to is
queued as failed, where the operator sees it: it must not keep a doctor from the record.

Spec: none; issue of the record's law, `registry.telling`.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from registry.ledger.api import Ledger, Unit
from registry.telling.letter import DTM, Letter, address_complaint
from xds.access.model import Mode
from xds.security.caller import Caller


class Letters(Protocol):
    """Where letters wait: `registry.ledger.letters.SqlLetters`."""

    def queue(
        self,
        letters: Sequence[Letter],
        instant: str,
        *,
        problem: str = "",
        since: str = "",
        within: Unit | None = None,
    ) -> None:
        """Return when they are durable. Errors: LedgerBusyError, LedgerFullError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """`registry.telling.api.Telling`, by mail."""

    ledger: Ledger
    letters: Letters
    host: str
    """The right side of every Message-ID."""
    professions: Mapping[tuple[str, str], str]
    """What may be named of a caller's first role: `dmp.professions.NAMED`."""
    new_token: Callable[[], str]
    """Never the same one twice."""
    together: timedelta
    """For how long one caller's further accesses to a record are told by the first letter."""
    wake: Callable[[], None]
    """Tells the sender that there is something to do."""

    def tell(
        self,
        patient_ids: Iterable[str],
        caller: Caller,
        mode: Mode,
        instant: datetime,
        within: Unit | None = None,
    ) -> None:
        """Return when a letter to each of these patients is durable, or `within` is to make it so.

        The sender is woken now; of a write that is committed later it learns within half a minute.

        Errors: LedgerBusyError, LedgerFullError.
        """
        wanted = sorted(set(patient_ids))
        records = (
            within.reader.records(wanted)
            if within is not None
            else self.ledger.read(lambda reader: reader.records(wanted))
        )
        role = caller.roles[0] if caller.roles else None
        when = instant.strftime(DTM)
        written: dict[str, list[Letter]] = {}
        for patient_id in wanted:
            record = records.get(patient_id)
            if record is None or not record.email:
                continue
            letter = Letter(
                message_id=f"<{self.new_token()}@{self.host}>",
                patient_id=patient_id,
                address=record.email,
                language=record.language,
                instant=when,
                role=self.professions.get((role.code, role.system), "") if role else "",
                structure=caller.structure,
                mode=mode,
                caller=_digest(caller),
            )
            written.setdefault(address_complaint(record.email), []).append(letter)
        since = (instant - self.together).strftime(DTM) if self.together else ""
        for problem, letters in written.items():
            self.letters.queue(letters, when, problem=problem, since=since, within=within)
        if "" in written:
            self.wake()


def _digest(caller: Caller) -> str:
    """Return what knows a caller again and does not say who it is."""
    return hashlib.sha256(f"{caller.issuer}\0{caller.identity}".encode()).hexdigest()
