"""Who may say who is a patient, and which two are one: in the DMP, no professional, no patient."""

import pytest

from registry.iti44_patient_feed.handle import rooms
from registry.patients.change import Patients
from tests.build.feed import ADD, MERGE, a_feed, a_merge
from tests.build.submission import OPEN_DOMAIN, OTHER_PATIENT, PATIENT
from tests.registry.build import START, a_call
from tests.xds.access.build import A00, POLICY, ROLES, a_caller
from xds.access.policy import ANY_TRUSTED
from xds.errors import Refusal
from xds.metadata.hl7v2 import cx_key
from xds.security.caller import CodedValue

MESSAGES = {ADD: a_feed(ADD), MERGE: a_merge()}


def sent(registry, interaction, caller, policy=POLICY):
    patients = Patients(ledger=registry.ledger, domain=OPEN_DOMAIN, identifier_checks={})
    made = rooms(patients=patients, domain=OPEN_DOMAIN, clock=lambda: START, policy=policy)
    room = next(r for r in made if r.action.endswith(interaction))
    call = a_call(MESSAGES[interaction], caller=caller)
    try:
        return room.handle(call).complaints
    except Refusal as refusal:
        complaints = refusal.complaints
    refused = room.refuse(complaints, call.request)
    assert b'typeCode code="CE"' in refused, refused
    return complaints


def known(registry):
    return {p.patient_id: p.merged_into for p in registry.ledger.patients()}


@pytest.mark.parametrize("interaction", MESSAGES)
@pytest.mark.parametrize("kind", sorted(ROLES.keys() - {"structure"}))
def test_no_professional_and_no_patient_feeds_identities(sqlite_registry, kind, interaction):
    before = known(sqlite_registry)
    (told,) = sent(sqlite_registry, interaction, a_caller(kind, patient_concerned=""))
    assert told.is_error
    if "EXP_PATIENT" not in {role[0] for role in ROLES[kind]}:
        assert "feed_identities" in told.came
    assert known(sqlite_registry) == before


def test_the_software_of_an_establishment_does(sqlite_registry):
    structure = a_caller("structure", patient_concerned=PATIENT)
    assert not any(c.is_error for c in sent(sqlite_registry, MERGE, structure))
    assert known(sqlite_registry)[cx_key(OTHER_PATIENT)] == cx_key(PATIENT)


@pytest.mark.parametrize("code", ["AUTOMATE", "ALIM_AM", "DISPOSITIF"])
def test_a_system_does(sqlite_registry, code):
    role = CodedValue(code=code, system=A00)
    system = a_caller(roles=(role,), patient_concerned="")
    assert not any(c.is_error for c in sent(sqlite_registry, ADD, system))
    assert not any(c.is_error for c in sent(sqlite_registry, MERGE, system))


def test_an_assertion_for_a_third_patient_merges_nobody(sqlite_registry):
    before = known(sqlite_registry)
    structure = a_caller("structure")
    (told,) = sent(sqlite_registry, MERGE, structure)
    assert "another patient" in told.came
    assert known(sqlite_registry) == before


def test_where_every_trusted_caller_may_all_everybody_does(sqlite_registry):
    caller = a_caller(patient_concerned="")
    assert not any(c.is_error for c in sent(sqlite_registry, MERGE, caller, ANY_TRUSTED))
