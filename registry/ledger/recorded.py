"""Patients' records to rows and back. Pure.

Spec: none; `registry.records.model` says what a record is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from registry.records.model import Person, Record
from xds.access.model import RecordState, Standing

Row = dict[str, Any]


def records_of_rows(rows: Iterable[Sequence[Any]]) -> dict[str, Record]:
    """Return records by patient; a row is a record's columns and then those of one of its people.

    The columns are `statements.RECORD_COLUMNS` and `PERSON_COLUMNS`; a record without people has
    one row, whose person is all None.
    """
    records: dict[str, Record] = {}
    people: dict[str, list[Person]] = {}
    for row in rows:
        patient_id, identity = row[0], row[9]
        if patient_id not in records:
            records[patient_id] = _record(row)
        if identity is not None:
            people.setdefault(patient_id, []).append(_person(row[9:]))
    return {
        patient_id: replace(record, people=tuple(people.get(patient_id, ())))
        for patient_id, record in records.items()
    }


def row_of_record(record: Record) -> Row:
    """Return the record's own row."""
    return {
        "patient_id": record.patient_id,
        "state": record.state.value,
        "since": record.since,
        "masks_new": record.masks_new,
        "regulation": record.regulation,
        "break_glass": record.break_glass,
        "masked_in_emergency": record.masked_in_emergency,
        "email": record.email,
        "language": record.language,
    }


def people_of_record(record: Record) -> list[Row]:
    """Return the rows of the record's people."""
    return [
        {
            "patient_id": record.patient_id,
            "identity": person.identity,
            "standing": person.standing.value,
            "since": person.since,
            "until": person.until,
            "name": person.name,
            "specialty": person.specialty,
            "last_action": person.last_action,
            "is_structure": person.is_structure,
        }
        for person in record.people
    ]


def _record(row: Sequence[Any]) -> Record:
    return Record(
        patient_id=row[0],
        state=RecordState(row[1]),
        since=row[2],
        masks_new=bool(row[3]),  # SQLite's driver gives 0 and 1
        regulation=bool(row[4]),
        break_glass=bool(row[5]),
        masked_in_emergency=bool(row[6]),
        email=row[7],
        language=row[8],
    )


def _person(row: Sequence[Any]) -> Person:
    return Person(
        identity=row[0],
        standing=Standing(row[1]),
        since=row[2],
        until=row[3],
        name=row[4],
        specialty=row[5],
        last_action=row[6],
        is_structure=bool(row[7]),
    )
