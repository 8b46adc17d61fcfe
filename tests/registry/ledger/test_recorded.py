"""What the ledger keeps for access decisions: classes of documents, records, depositors."""

from dataclasses import replace

import pytest

from registry.access.facts import Depositor, read_depositor, read_facts
from registry.ledger.api import (
    AccessIs,
    Columns,
    HasCode,
    Kind,
    Plan,
    Select,
    Touches,
    Wanted,
)
from registry.ledger.engine import WRITES, open_engine
from registry.ledger.sql import open_ledger
from registry.records.model import Person, Record
from tests.build.submission import (
    OTHER_PATIENT,
    PATIENT,
    a_document_entry,
    an_association,
    changing_classification,
)
from xds.access.model import Mark, RecordState, Standing
from xds.metadata import vocabulary as v
from xds.metadata.hl7v2 import cx_key
from xds.metadata.rim import VersionInfo

DOCTOR = Person(
    identity="899900000001",
    standing=Standing.AUTHORISED,
    since="20260101000000",
    until="20270101000000",
    name="Claire MARTIN",
    specialty="G15_10/SM26",
    last_action="20260201000000",
)
RECORD = Record(
    patient_id="p1",
    state=RecordState.OPEN,
    since="20260101000000",
    people=(
        DOCTOR,
        Person(
            identity="10B0127189",
            standing=Standing.BLOCKED,
            since="20260102000000",
            is_structure=True,
        ),
    ),
    masks_new=True,
    break_glass=False,
    masked_in_emergency=True,
    email="p1@example.org",
    language="en",
)


def entry(number: int, *, type_code="11502-2", masked=False, patient_id=PATIENT):
    rim = a_document_entry(f"urn:uuid:{number:08}", unique_id=f"1.2.{number}", patient=patient_id)
    rim = changing_classification(
        rim, v.TYPE_CODE, lambda c: c.with_attribute("nodeRepresentation", type_code)
    )
    if masked:
        rim = changing_classification(
            rim,
            v.CONFIDENTIALITY_CODE,
            lambda c: c.with_attribute("nodeRepresentation", Mark.MASKED.value),
        )
    return rim.with_attribute("lid", rim.id).with_attribute("status", v.APPROVED)


def apply(ledger, *objects, **plan):
    ledger.write(Wanted(), lambda unit: unit.apply(Plan(add=objects, **plan)))


def classes(ledger, *where):
    wanted = Select(kind=Kind.DOCUMENT_ENTRY, where=where)
    return ledger.read(lambda reader: reader.access_classes(wanted))


def select(ledger, *where, kind=Kind.DOCUMENT_ENTRY):
    return ledger.read(lambda reader: reader.select(Select(kind=kind, where=where)))


def of(patient_id):
    return Columns(column="patient_id", values=(cx_key(patient_id),))


def save(ledger, *records):
    def work(unit):
        for record in records:
            unit.save_record(record)

    ledger.write(Wanted(), work)


def records(ledger, *patient_ids):
    read = ledger.read(lambda reader: reader.records(patient_ids))
    assert read == ledger.write(Wanted(), lambda unit: unit.reader.records(patient_ids))
    return read


# -- documents -------------------------------------------------------------------------------------


def test_a_document_has_its_facts_beside_it_and_comes_back_as_it_was(ledger):
    depositor = Depositor(identity="899900000002", structure="10B0")
    apply(ledger, entry(1, masked=True), depositors={"": depositor})
    (found,) = select(ledger, of(PATIENT))
    document = read_facts(found.access, found.status)
    assert document.marks == {Mark.MASKED}
    assert document.type_code[0] == "11502-2"
    assert read_depositor(found.access) == depositor
    assert b"899900000002" not in found.fragment
    known = ledger.write(
        Wanted(), lambda unit: unit.look_up(Wanted(entry_uuids=frozenset({found.entry_uuid})))
    )
    assert known.by_uuid[found.entry_uuid].access == found.access


def test_each_document_of_a_plan_may_have_its_own_depositor(ledger):
    one, other = entry(1), entry(2)
    depositors = {one.id: Depositor(identity="a"), "": Depositor(identity="b")}
    apply(ledger, one, other, depositors=depositors)
    assert [read_depositor(f.access).identity for f in select(ledger, of(PATIENT))] == ["a", "b"]


def test_all_versions_have_the_facts_of_the_latest_one(ledger):
    depositor = Depositor(identity="x")
    first = entry(1)
    second = entry(2, masked=True).with_attribute("lid", first.id)
    apply(ledger, first, entry(3), depositors={"": depositor})
    second = replace(second, version_info=VersionInfo(version_name="2"))
    apply(ledger, second, depositors={"": depositor}, statuses={first.id: v.DEPRECATED})
    old, other, new = select(ledger, of(PATIENT))
    assert old.access == new.access != other.access
    assert read_facts(old.access, old.status).marks == {Mark.MASKED}
    assert read_facts(old.access, old.status).is_withdrawn


def test_documents_that_are_decided_alike_are_one_class(ledger):
    apply(ledger, entry(1), entry(2), entry(3, masked=True), entry(4, type_code="other"))
    found = classes(ledger, of(PATIENT))
    assert len(found) == 3
    assert {patient for patient, _, _ in found} == {cx_key(PATIENT)}


def test_a_status_makes_another_class(ledger):
    apply(ledger, entry(1), entry(2))
    assert len(classes(ledger, of(PATIENT))) == 1
    ledger.write(Wanted(), lambda u: u.apply(Plan(add=(), statuses={entry(2).id: v.DEPRECATED})))
    assert {status for _, _, status in classes(ledger, of(PATIENT))} == {v.APPROVED, v.DEPRECATED}


def test_classes_are_met_in_sql_as_they_are_in_python(ledger):
    apply(ledger, entry(1), entry(2, masked=True), entry(3, type_code="x"), entry(4))
    everything = classes(ledger, of(PATIENT))
    held = select(ledger, of(PATIENT))
    for some in (everything[:0], everything[:1], everything[1:], everything):
        expected = [f.entry_uuid for f in held if (f.patient_id, f.access, f.status) in some]
        met = select(ledger, of(PATIENT), AccessIs(classes=tuple(some)))
        assert [f.entry_uuid for f in met] == expected


def test_without_a_patient_the_classes_are_those_of_what_is_met(ledger):
    apply(ledger, entry(1), entry(2, masked=True), entry(3, patient_id=OTHER_PATIENT))
    only = Columns(column="entry_uuid", values=(entry(2).id, entry(3).id))
    found = classes(ledger, only)
    assert {patient for patient, _, _ in found} == {cx_key(PATIENT), cx_key(OTHER_PATIENT)}
    assert len(found) == 2
    assert classes(ledger, HasCode(attribute="typeCode", codes=(("nobody's", "code"),))) == []


def test_more_classes_than_a_statement_takes_are_read_in_portions(ledger, monkeypatch):
    monkeypatch.setattr("registry.ledger.reading.MAX_CLASSES", 2)
    apply(ledger, *(entry(n, type_code=f"t{n}") for n in range(7)))
    found = tuple(classes(ledger, of(PATIENT)))
    assert len(select(ledger, of(PATIENT), AccessIs(classes=found))) == len(found) == 7


def test_other_objects_have_no_access_class(ledger):
    with pytest.raises(ValueError, match="Folder"):
        ledger.read(lambda r: r.access_classes(Select(kind=Kind.FOLDER, where=())))


def test_an_association_is_found_with_its_type_and_status(ledger):
    association = an_association("urn:uuid:a", v.APPEND, entry(1).id, entry(2).id)
    association = association.with_attribute("lid", "urn:uuid:a").with_attribute(
        "status", v.APPROVED
    )
    apply(ledger, entry(1), entry(2), association)
    (found,) = select(
        ledger, Touches(side="either", entry_uuids=(entry(1).id,)), kind=Kind.ASSOCIATION
    )
    assert (found.association_type, found.status, found.access) == (v.APPEND, v.APPROVED, "")
    assert (found.source, found.target) == (entry(1).id, entry(2).id)


def test_what_was_registered_before_gets_its_facts_from_its_fragment(database_url):
    from alembic import command
    from alembic.config import Config

    ledger = open_ledger(database_url)
    apply(ledger, entry(1), entry(2, masked=True), depositors={"": Depositor(identity="x")})
    third = entry(3, masked=True).with_attribute("lid", entry(1).id)
    apply(ledger, replace(third, version_info=VersionInfo(version_name="2")))
    before = select(ledger, of(PATIENT))
    ledger.close()
    engine = open_engine(database_url)
    with (
        engine.connect().execution_options(**{WRITES: True}) as connection,
        connection.begin(),
    ):
        config = Config()
        config.set_main_option("script_location", "migrations")
        config.attributes["connection"] = connection
        command.downgrade(config, "0003")
    engine.dispose()
    ledger = open_ledger(database_url)
    after = select(ledger, of(PATIENT))
    ledger.close()
    assert [f.fragment for f in after] == [f.fragment for f in before]
    assert {read_depositor(f.access) for f in after} == {Depositor()}
    assert [read_facts(f.access, f.status).marks for f in after] == [{Mark.MASKED}] * 3


# -- records ---------------------------------------------------------------------------------------


def test_a_record_is_read_as_it_was_saved(ledger):
    other = Record(patient_id="p2", state=RecordState.CLOSED, since="20260101000000")
    save(ledger, RECORD, other)
    assert records(ledger, "p1", "p2", "p3") == {"p1": RECORD, "p2": other}
    assert records(ledger) == {}


def test_a_record_that_is_saved_again_takes_the_place_of_the_one_before(ledger):
    save(ledger, RECORD)
    changed = replace(RECORD, people=(DOCTOR,), masks_new=False)
    save(ledger, changed)
    assert records(ledger, "p1") == {"p1": changed}


def test_the_patients_of_a_professional_are_found_by_standing(ledger):
    save(ledger, RECORD, replace(RECORD, patient_id="p2", people=()))

    def asked(standing, *identities):
        return ledger.read(lambda reader: reader.patients_of(identities, standing))

    assert asked(Standing.AUTHORISED, DOCTOR.identity, "nobody") == ["p1"]
    assert asked(Standing.BLOCKED, DOCTOR.identity) == []
    assert asked(Standing.BLOCKED) == []


def test_a_merge_ends_the_record_of_the_subsumed_patient(ledger):
    for patient in ("p1", "p2"):
        ledger.add_patient(patient, "20260101000000")
    save(ledger, RECORD)
    ledger.write(Wanted(), lambda unit: unit.merge_patient("p1", "p2"))
    assert records(ledger, "p1", "p2") == {}


def test_a_merge_leaves_the_facts_of_documents_with_the_survivor(ledger):
    ledger.add_patient(PATIENT, "20260101000000")
    ledger.add_patient(OTHER_PATIENT, "20260101000000")
    apply(ledger, entry(1, masked=True))
    (before,) = classes(ledger, of(PATIENT))
    ledger.write(Wanted(), lambda unit: unit.merge_patient(cx_key(PATIENT), cx_key(OTHER_PATIENT)))
    assert classes(ledger, of(PATIENT)) == []
    assert classes(ledger, of(OTHER_PATIENT)) == [(cx_key(OTHER_PATIENT), *before[1:])]
