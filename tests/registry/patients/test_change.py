"""Changes to patients over both databases, as the rooms and the feeds make them."""

from datetime import UTC, datetime
from types import MappingProxyType

import pytest

from dmp.ins import CHECKS, control_key
from registry.patients.change import Patients
from registry.patients.changes import (
    Add,
    FaultKind,
    Merge,
    Part,
    PatientChangeRefused,
    Revise,
)
from tests.build.submission import (
    OPEN_DOMAIN,
    OTHER_PATIENT,
    PATIENT,
    a_submission,
    changing,
    with_identifier,
)
from tests.registry.build import STRANGER, Registry, text
from xds.domain import AffinityDomain, Authority, load_domain
from xds.metadata import vocabulary as v

INSTANT = datetime(2026, 5, 1, 10, 0, 0, tzinfo=UTC)
THIRD = "THIRD-8^^^&1.3.6.1.4.1.21367.2005.3.7&ISO"
ODD = "A\\T\\B'<\">^^^&1.3.6.1.4.1.21367.2005.3.7&ISO"


def another_submission(number: int = 1, *, patient: str = OTHER_PATIENT):
    """A submission that may follow `a_submission()`: its set has a uniqueId of its own."""
    return changing(
        a_submission(patient=patient),
        "SubmissionSet01",
        lambda rim: with_identifier(rim, v.SUBMISSION_SET_UNIQUE_ID, f"1.2.3.4.{number}"),
    )


def patients_over(ledger, domain: AffinityDomain = OPEN_DOMAIN) -> Patients:
    return Patients(ledger=ledger, domain=domain, identifier_checks=CHECKS)


@pytest.fixture
def patients(registry) -> Patients:
    return patients_over(registry.ledger)


def refused(patients: Patients, change) -> list[tuple[FaultKind, Part]]:
    with pytest.raises(PatientChangeRefused) as refusal:
        patients.change(change, instant=INSTANT)
    for fault in refusal.value.faults:
        assert all((fault.rule, fault.came, fault.expected, fault.fix))
    return [(fault.kind, fault.part) for fault in refusal.value.faults]


def merge(patients: Patients, subsumed: str, survivor: str) -> None:
    patients.change(Merge(survivor=survivor, subsumed=subsumed), instant=INSTANT)


def test_a_patient_becomes_known_once(patients, registry):
    assert patients.change(Add(patient_id=THIRD), instant=INSTANT).is_new
    assert not patients.change(Add(patient_id=THIRD + "^NH"), instant=INSTANT).is_new
    registry.registered(*a_submission(patient=THIRD))


def test_a_revision_changes_nothing(patients, registry):
    patients.change(Revise(patient_id=THIRD), instant=INSTANT)
    assert registry.register(*a_submission(patient=THIRD)).codes == ("XDSUnknownPatientId",)


def test_after_a_merge_the_survivor_has_both_patients_documents(patients, registry):
    registry.registered(*a_submission(entries=2, folders=1))
    registry.registered(*another_submission())
    merge(patients, PATIENT, OTHER_PATIENT)
    answer = registry.everything(OTHER_PATIENT)
    assert len(answer.of("ExtrinsicObject")) == 3
    assert len(answer.of("RegistryPackage")) == 3
    assert PATIENT.encode() not in answer.body, "the survivor's identifier is shown in every place"
    assert b"SELF-5" not in answer.body
    assert registry.ask(
        "FindFolders",
        XDSFolderPatientId=text(OTHER_PATIENT),
        XDSFolderStatus="('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')",
    ).objects


def test_a_query_for_the_subsumed_patient_finds_nothing(patients, registry):
    registry.registered(*a_submission())
    merge(patients, PATIENT, OTHER_PATIENT)
    assert registry.find(PATIENT).objects == ()
    assert registry.everything(PATIENT).objects == ()


def test_a_submission_for_the_subsumed_patient_is_refused(patients, registry):
    merge(patients, PATIENT, OTHER_PATIENT)
    before = registry.everything(OTHER_PATIENT).body
    assert registry.register(*a_submission()).codes == ("XDSUnknownPatientId",)
    assert registry.everything(OTHER_PATIENT).body == before


def test_merges_make_a_chain(patients, registry):
    patients.change(Add(patient_id=THIRD), instant=INSTANT)
    registry.registered(*a_submission())
    merge(patients, PATIENT, OTHER_PATIENT)
    registry.registered(*another_submission())
    merge(patients, OTHER_PATIENT, THIRD)
    assert len(registry.find(THIRD).objects) == 2
    assert registry.find(PATIENT).objects == registry.find(OTHER_PATIENT).objects == ()


def test_nothing_but_the_patient_changes_in_a_merge(patients, registry):
    registry.registered(*a_submission(entries=2, folders=1))
    before = registry.everything(PATIENT)
    merge(patients, PATIENT, OTHER_PATIENT)
    after = registry.everything(OTHER_PATIENT)
    own, other = (text.replace("&", "&amp;").encode() for text in (PATIENT, OTHER_PATIENT))
    assert after.body.count(other) == 4
    assert after.body == before.body.replace(own, other)
    assert [o.id for o in after.objects] == [o.id for o in before.objects]


@pytest.mark.parametrize(
    ("first", "change", "expected"),
    [
        ((), Merge(survivor=PATIENT, subsumed=STRANGER), [(FaultKind.UNKNOWN, Part.SUBSUMED)]),
        ((), Merge(survivor=STRANGER, subsumed=PATIENT), [(FaultKind.UNKNOWN, Part.SURVIVOR)]),
        ((), Merge(survivor=PATIENT, subsumed=PATIENT + "^NH"), [(FaultKind.SAME, Part.SUBSUMED)]),
        (
            ((PATIENT, OTHER_PATIENT),),
            Merge(survivor=OTHER_PATIENT, subsumed=PATIENT),
            [(FaultKind.SUBSUMED, Part.SUBSUMED)],
        ),
        (
            ((PATIENT, OTHER_PATIENT),),
            Merge(survivor=PATIENT, subsumed=OTHER_PATIENT),
            [(FaultKind.SUBSUMED, Part.SURVIVOR)],
        ),
        (
            ((PATIENT, OTHER_PATIENT),),
            Add(patient_id=PATIENT),
            [(FaultKind.SUBSUMED, Part.PATIENT)],
        ),
        ((), Add(patient_id="no cx"), [(FaultKind.ILL_FORMED, Part.PATIENT)]),
        ((), Add(patient_id=""), [(FaultKind.ILL_FORMED, Part.PATIENT)]),
    ],
)
def test_a_forbidden_change_is_refused_and_changes_nothing(
    patients, registry, first, change, expected
):
    registry.registered(*a_submission())
    registry.registered(*another_submission())
    for subsumed, survivor in first:
        merge(patients, subsumed, survivor)
    before = [registry.everything(p).body for p in (PATIENT, OTHER_PATIENT)]
    assert refused(patients, change) == expected
    assert [registry.everything(p).body for p in (PATIENT, OTHER_PATIENT)] == before


def test_an_authority_outside_the_domain_is_refused(sqlite_registry):
    authority = Authority(oid="1.2.3", title="ours")
    domain = AffinityDomain(
        name="narrow",
        title="one authority",
        authorities=MappingProxyType({"1.2.3": authority}),
        assertion_profile="xua",
        access="any-trusted",
        value_sets=MappingProxyType({}),
    )
    patients = patients_over(sqlite_registry.ledger, domain)
    foreign, own = "X^^^&1.2.4&ISO", "X^^^&1.2.3&ISO"
    assert refused(patients, Add(patient_id=foreign)) == [(FaultKind.OTHER_AUTHORITY, Part.PATIENT)]
    assert refused(patients, Merge(survivor=own, subsumed=foreign)) == [
        (FaultKind.OTHER_AUTHORITY, Part.SUBSUMED)
    ]
    assert patients.change(Add(patient_id=own), instant=INSTANT).is_new


@pytest.mark.parametrize("authority", ["1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.9"])
def test_in_dmp_a_real_ins_with_a_wrong_key_is_refused(sqlite_registry, authority):
    patients = patients_over(sqlite_registry.ledger, load_domain("dmp"))
    assert refused(patients, Add(patient_id=f"279035121518988^^^&{authority}&ISO^NH")) == [
        (FaultKind.WRONG_IDENTIFIER, Part.PATIENT)
    ]
    right = f"2790351215189{control_key('2790351215189')}^^^&{authority}&ISO^NH"
    assert patients.change(Add(patient_id=right), instant=INSTANT).warnings == ()


@pytest.mark.parametrize("authority", ["1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.11"])
def test_in_dmp_a_test_ins_with_a_wrong_key_is_a_warning(sqlite_registry, authority):
    patients = patients_over(sqlite_registry.ledger, load_domain("dmp"))
    changed = patients.change(
        Add(patient_id=f"279035121518900^^^&{authority}&ISO^NH"), instant=INSTANT
    )
    assert changed.is_new
    assert [(w.kind, w.is_error) for w in changed.warnings] == [(FaultKind.WRONG_IDENTIFIER, False)]


def test_a_merge_of_many_objects_is_done_in_portions(sqlite_registry, monkeypatch):
    monkeypatch.setattr("registry.ledger.writing.MAX_REWRITTEN", 2)
    registry = sqlite_registry
    registry.registered(*a_submission(entries=5, folders=3))
    merge(patients_over(registry.ledger), PATIENT, OTHER_PATIENT)
    assert len(registry.everything(OTHER_PATIENT).of("ExtrinsicObject")) == 5
    assert registry.everything(PATIENT).objects == ()


def test_a_merge_keeps_characters_that_xml_escapes(sqlite_registry):
    registry: Registry = sqlite_registry
    patients = patients_over(registry.ledger)
    patients.change(Add(patient_id=ODD), instant=INSTANT)
    registry.registered(*a_submission())
    merge(patients, PATIENT, ODD)
    assert len(registry.find(ODD).objects) == 1
