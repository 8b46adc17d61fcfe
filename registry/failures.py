"""What the ledger's failures are in the words of the standard.

Spec: ITI TF-3 Table 4.2.4.1-2 (XDSRegistryBusy, XDSRegistryOutOfResources).
"""

from collections.abc import Iterator
from contextlib import contextmanager

from registry.ledger.api import LedgerBusyError, LedgerFullError
from xds.audit.event import Concerned
from xds.errors import Complaint, ErrorCode
from xds.story import Refused


@contextmanager
def failing(concerned: Concerned) -> Iterator[None]:
    """Turn the ledger's own errors into refusals. Errors: Refused."""
    try:
        yield
    except LedgerBusyError as error:
        busy = _complaint(
            ErrorCode.XDS_REGISTRY_BUSY,
            "the Registry had no room for this request within its time-out",
            "send the same request again later",
        )
        raise Refused((busy,), concerned) from error
    except LedgerFullError as error:
        full = _complaint(
            ErrorCode.XDS_REGISTRY_OUT_OF_RESOURCES,
            "the Registry's storage is full; nothing of this request was registered",
            "tell the operator of the node, then send it again",
        )
        raise Refused((full,), concerned) from error


def _complaint(code: ErrorCode, came: str, fix: str) -> Complaint:
    return Complaint(
        code=code,
        subject="Document Registry",
        rule="a Registry that cannot serve says so (ITI TF-3 Table 4.2.4.1-2)",
        came=came,
        expected="a Registry that can",
        fix=fix,
    )
