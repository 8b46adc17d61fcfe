"""A ledger that is busy or full is said in the standard's codes, by both rooms."""

import pytest

from registry.iti18_stored_query import handle as iti18
from registry.iti42_register import handle as iti42
from registry.ledger.api import LedgerBusyError, LedgerFullError
from tests.build.submission import OPEN_DOMAIN, PATIENT, a_submission
from tests.registry.build import APPROVED, a_call, a_query, run, text
from xds.ebrim.submit import write_submit_objects
from xds.limits import Limits


class Failing:
    """A ledger in trouble."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def read(self, _work):
        raise self.error

    def write(self, _wanted, _work):
        raise self.error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (LedgerBusyError("x"), "XDSRegistryBusy"),
        (LedgerFullError("x"), "XDSRegistryOutOfResources"),
    ],
)
def test_trouble_of_the_ledger_has_its_code(error, code):
    ledger = Failing(error)
    asking = iti18.room(ledger=ledger, limits=Limits())
    query = a_query(
        "FindDocuments",
        [
            ("$XDSDocumentEntryPatientId", text(PATIENT)),
            ("$XDSDocumentEntryStatus", APPROVED),
        ],
    )
    registering = iti42.room(ledger=ledger, domain=OPEN_DOMAIN, identifier_checks={})
    sent = write_submit_objects(a_submission())
    for answer in (run(asking, a_call(query)), run(registering, a_call(sent))):
        assert (answer.status, answer.codes) == ("Failure", (code,))
