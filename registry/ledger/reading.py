"""Criteria in, stored fragments out: what every stored query becomes.

Spec: ITI TF-2 §3.18.4.1.2.3. Objects come in the order of their registration. Lists longer than a
statement may carry are read in portions.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from typing import Any, Final

from sqlalchemy.engine import Connection

from registry.ledger import tables as t
from registry.ledger.api import (
    AccessClass,
    AccessIs,
    Columns,
    Condition,
    Found,
    Kind,
    Place,
    Select,
    Touches,
)
from registry.ledger.lists import MAX_LIST, rows_in
from registry.ledger.recorded import records_of_rows
from registry.ledger.rows import TABLES
from registry.ledger.statements import Statement, Statements
from registry.records.model import Record
from xds.access.model import Standing
from xds.metadata import vocabulary as v

PLACE: Final = tuple(f.name for f in fields(Place) if f.name != "kind")
MAX_CLASSES: Final = 2048
"""Of three values each."""


class SqlReader:
    """`registry.ledger.api.Reader` over one connection in one transaction."""

    def __init__(self, connection: Connection, statements: Statements) -> None:
        """Read through this connection, with the statements of its database."""
        self._connection = connection
        self._statements = statements

    def select(self, wanted: Select, limit: int | None = None) -> list[Found]:
        """Return the objects in the order in which they were registered, at most `limit`.

        Which are left out when there are more is not said: the database stops when it has enough.
        """
        rows: list[Any] = []
        for portion in _portions(wanted):
            rows.extend(self._rows(*self._statements.of(portion, limit)))
        rows.sort(key=lambda row: row[0])
        return [Found(wanted.kind, *row[1:]) for row in rows[:limit]]

    def access_classes(self, wanted: Select) -> list[AccessClass]:
        """Return the different classes among the DocumentEntries that meet the conditions.

        Errors: ValueError when other objects than DocumentEntries are wanted.
        """
        if wanted.kind is not Kind.DOCUMENT_ENTRY:
            raise ValueError(f"{wanted.kind} has no access class")
        patients = tuple(
            c for c in wanted.where if isinstance(c, Columns) and c.column == "patient_id"
        )
        found = set[AccessClass]()
        for portion in _portions(replace(wanted, where=patients or wanted.where)):
            rows = self._rows(*self._statements.classes_of(portion))
            found.update((row[0], row[1], row[2]) for row in rows)
        return sorted(found)

    def records(self, patient_ids: Iterable[str]) -> dict[str, Record]:
        """Return the records in which something was chosen, by patient."""
        wanted = tuple(sorted(set(patient_ids)))
        found: dict[str, Record] = {}
        for start in range(0, len(wanted), MAX_LIST):
            portion = wanted[start : start + MAX_LIST]
            found |= records_of_rows(self._rows(*self._statements.records_of(portion)))
        return found

    def known_patients(self, patient_ids: Iterable[str]) -> frozenset[str]:
        """Return which of these patients are known, and not merged into another one."""
        column = t.patients.c.patient_id
        columns = (column, t.patients.c.merged_into)
        rows = rows_in(self._connection, column, frozenset(patient_ids), columns)
        return frozenset(row.patient_id for row in rows if not row.merged_into)

    def patients_of(self, identities: Iterable[str], standing: Standing) -> list[str]:
        """Return the patients in whose record one of these people has this standing."""
        wanted = tuple(sorted(set(identities)))[:MAX_LIST]
        if not wanted:
            return []
        return sorted(row[0] for row in self._rows(*self._statements.patients_of(wanted, standing)))

    def places(self, entry_uuids: Iterable[str]) -> dict[str, Place]:
        """Return where objects stand; one that is not registered is left out."""
        wanted = frozenset(entry_uuids)
        return {
            row.entry_uuid: Place(kind=kind, **{name: getattr(row, name) for name in names})
            for kind, table in TABLES.items()
            for names in (tuple(name for name in PLACE if name in table.c),)
            for row in rows_in(
                self._connection,
                table.c.entry_uuid,
                wanted,
                (table.c.entry_uuid, *(table.c[name] for name in names)),
            )
        }

    def members(self, packages: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return what SubmissionSets and Folders hold by HasMember, by entryUUID."""
        source, target = t.associations.c.source, t.associations.c.target
        columns = (source, target, t.associations.c.association_type)
        found: dict[str, list[str]] = {}
        for row in rows_in(self._connection, source, frozenset(packages), columns):
            if row.association_type == v.HAS_MEMBER:
                found.setdefault(row.source, []).append(row.target)
        return {package: tuple(members) for package, members in found.items()}

    def _rows(self, statement: Statement, values: list[str]) -> Sequence[Any]:
        parameters = statement.parameters(values)
        return self._connection.exec_driver_sql(statement.sql, parameters).all()


def _portions(wanted: Select) -> Iterator[Select]:
    """Yield the criteria with long lists cut into portions; nothing where no class is permitted."""
    for index, condition in enumerate(wanted.where):
        if isinstance(condition, Columns) and len(condition.values) > MAX_LIST:
            for start in range(0, len(condition.values), MAX_LIST):
                values = condition.values[start : start + MAX_LIST]
                yield from _portions(_with(wanted, index, replace(condition, values=values)))
            return
        if isinstance(condition, Touches) and len(condition.entry_uuids) > MAX_LIST:
            for side in ("source", "target") if condition.side == "either" else (condition.side,):
                for start in range(0, len(condition.entry_uuids), MAX_LIST):
                    part = condition.entry_uuids[start : start + MAX_LIST]
                    portion = Touches(side=side, entry_uuids=part)
                    yield from _portions(_with(wanted, index, portion))
            return
        if isinstance(condition, AccessIs) and not condition.classes:
            return
        if isinstance(condition, AccessIs) and len(condition.classes) > MAX_CLASSES:
            for start in range(0, len(condition.classes), MAX_CLASSES):
                classes = condition.classes[start : start + MAX_CLASSES]
                yield from _portions(_with(wanted, index, replace(condition, classes=classes)))
            return
    yield wanted


def _with(wanted: Select, index: int, condition: Condition) -> Select:
    where = (*wanted.where[:index], condition, *wanted.where[index + 1 :])
    return replace(wanted, where=where)
