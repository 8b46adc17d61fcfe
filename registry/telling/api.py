"""What a room asks for before it serves what an emergency opened: that the patient will be told.

Spec: none of IHE's; France's DMP tells the patient of each emergency access by e-mail. A room calls
`tell` when a decision carries `Obligation.TELL_PATIENT`, after the trail of the access is possible
and before any data leaves.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Protocol

from registry.ledger.api import Unit
from xds.access.model import Mode
from xds.security.caller import Caller


class Telling(Protocol):
    """Tells patients of accesses in an emergency."""

    def tell(
        self,
        patient_ids: Iterable[str],
        caller: Caller,
        mode: Mode,
        instant: datetime,
        within: Unit | None = None,
    ) -> None:
        """Return when it is durable that these patients will be told, each once.

        `patient_ids` are in `cx_key`'s form; a patient without an address is told by the record's
        own log alone.

        `within`: a write that is not committed yet. The patients will be told if it is, and only
        then; inside a write there is no other way.

        Errors: LedgerBusyError, LedgerFullError, and whatever else keeps it from being durable; the
        access must not happen then.
        """
        ...


class NobodyTold:
    """Tells nobody: where no mail server is named, and where no policy knows an emergency."""

    def tell(
        self,
        patient_ids: Iterable[str],
        caller: Caller,
        mode: Mode,
        instant: datetime,
        within: Unit | None = None,
    ) -> None:
        """Do nothing. Errors: none."""


NOBODY_TOLD: Final[Telling] = NobodyTold()
