"""Nothing that an emergency opens is served before it is certain that the patient will be told."""

from dataclasses import dataclass, field

import pytest

from dmp.vihf import G15, PURPOSE_SYSTEM, R38
from registry.iti18_stored_query import handle as iti18
from registry.ledger.api import LedgerBusyError, LedgerFullError
from tests.build.submission import PATIENT, a_submission
from tests.registry.build import APPROVED, a_call, a_query, run, text
from xds.access.model import Mode
from xds.access.reading import load_policy
from xds.domain import load_domain
from xds.limits import Limits
from xds.metadata.hl7v2 import cx_key
from xds.security.caller import Caller, CodedValue

POLICY = load_policy(load_domain("dmp"))
CALLER = Caller(
    identity="899700000777",
    issuer="CN=issuer",
    structure="10B0127189",
    roles=(CodedValue(code="10", system=G15), CodedValue(code="SM26", system=R38)),
    purpose_of_use=CodedValue(code=Mode.BREAK_GLASS, system=PURPOSE_SYSTEM),
    emergency_reason="unconscious",
    authentication_mode="direct",
)


@dataclass
class Spy:
    """Notes what it is told, or cannot."""

    error: Exception | None = None
    told: list = field(default_factory=list)

    def tell(self, patient_ids, caller, mode, instant, within=None):
        if self.error:
            raise self.error
        self.told.append((list(patient_ids), caller, mode, instant))


def ask(registry, spy, returns="LeafClass"):
    room = iti18.room(ledger=registry.ledger, limits=Limits(), policy=POLICY, telling=spy)
    pairs = [
        ("$XDSDocumentEntryPatientId", text(PATIENT)),
        ("$XDSDocumentEntryStatus", APPROVED),
    ]
    call = a_call(a_query("FindDocuments", pairs, returns=returns), caller=CALLER)
    return run(room, call), call


@pytest.mark.parametrize("returns", ["LeafClass", "ObjectRef"])
def test_the_patient_is_told_whose_record_is_opened(sqlite_registry, returns):
    sqlite_registry.registered(*a_submission())
    spy = Spy()
    answer, call = ask(sqlite_registry, spy, returns)
    assert len(answer.ids) == 1
    assert spy.told == [([cx_key(PATIENT)], CALLER, Mode.BREAK_GLASS, call.instant)]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (LedgerFullError(), "XDSRegistryOutOfResources"),
        (LedgerBusyError(), "XDSRegistryBusy"),
    ],
)
def test_what_cannot_be_told_does_not_happen(sqlite_registry, error, code):
    sqlite_registry.registered(*a_submission())
    answer, _ = ask(sqlite_registry, Spy(error))
    assert (answer.status, answer.codes, answer.objects) == ("Failure", (code,), ())


def test_a_defect_of_telling_serves_nothing_either(sqlite_registry):
    sqlite_registry.registered(*a_submission())
    with pytest.raises(RuntimeError):  # which the story answers with a fault
        ask(sqlite_registry, Spy(RuntimeError()))
