"""The patients that a ledger knows, for an operator's list.

Spec: none; rooms ask for patients by name (`Unit.look_up`).
"""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from registry.ledger import tables as t


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPatient:
    """One identifier of a patient."""

    patient_id: str
    known_since: str
    """14 digits."""
    merged_into: str
    """The identifier that took its place, '' while it is active."""
    documents: int
    """DocumentEntries of the patient, all versions and statuses."""


def read_patients(connection: Connection) -> list[KnownPatient]:
    """Return every patient, in the order of their identifiers."""
    entries = t.document_entries
    count = (
        sa.select(sa.func.count())
        .where(entries.c.patient_id == t.patients.c.patient_id)
        .scalar_subquery()
    )
    statement = sa.select(
        t.patients.c.patient_id, t.patients.c.known_since, t.patients.c.merged_into, count
    ).order_by(t.patients.c.patient_id)
    return [
        KnownPatient(patient_id=row[0], known_since=row[1], merged_into=row[2], documents=row[3])
        for row in connection.execute(statement)
    ]
