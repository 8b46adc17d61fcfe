"""Criteria in, stored fragments out: what every stored query becomes.

Spec: ITI TF-2 §3.18.4.1.2.3 (AND between conditions, OR inside one). Objects come in the order of
their registration. Lists longer than a statement may carry are read in portions.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from registry.ledger import tables as t
from registry.ledger.api import (
    Columns,
    Condition,
    Found,
    HasAuthor,
    HasCode,
    HasReference,
    Kind,
    Latest,
    Select,
    TimeRange,
    Touches,
)
from registry.ledger.rows import TABLES

MAX_LIST: Final = 8000
"""Values of one condition in one statement; SQLite takes 32,766 in all."""


class SqlReader:
    """`registry.ledger.api.Reader` over one connection in one transaction."""

    def __init__(self, connection: Connection) -> None:
        """Read through this connection."""
        self._connection = connection

    def select(self, wanted: Select, limit: int | None = None) -> list[Found]:
        """Return the objects in the order in which they were registered."""
        rows: list[Any] = []
        for portion in _portions(wanted):
            statement = statement_for(portion)
            if limit is not None:
                statement = statement.limit(limit)
            rows.extend(self._connection.execute(statement).all())
        rows.sort(key=lambda row: row[0])
        return [Found(wanted.kind, *row[1:]) for row in rows[:limit]]

    def patient_and_subsumed(self, patient_id: str) -> tuple[str, ...]:
        """Return the patient's identifier and all that were merged into it, however indirectly."""
        found, todo = [patient_id], [patient_id]
        while todo:
            statement = sa.select(t.patients.c.patient_id).where(t.patients.c.merged_into.in_(todo))
            rows = self._connection.execute(statement).scalars().all()
            todo = [one for one in rows if one not in found]
            found += todo
        return tuple(found)


def statement_for(wanted: Select) -> sa.Select[Any]:
    """Return the SELECT for the criteria; columns are seq and then the fields of `Found`."""
    table = TABLES[wanted.kind]
    unique_id = table.c.get("unique_id")
    columns: list[Any] = [
        table.c.seq,
        table.c.entry_uuid,
        table.c.patient_id,
        sa.literal_column("''") if unique_id is None else unique_id,
        table.c.home,
        table.c.fragment,
    ]
    if wanted.kind is Kind.ASSOCIATION:
        columns += [table.c.source, table.c.target]
    return (
        sa.select(*columns)
        .where(*(_clause(table, condition) for condition in wanted.where))
        .order_by(table.c.seq)
    )


def _clause(table: sa.Table, condition: Condition) -> sa.ColumnElement[bool]:
    match condition:
        case Columns():
            clause = _is_in(table.c[condition.column], condition.values)
        case TimeRange():
            clause = _is_between(table.c[condition.column], condition)
        case HasCode():
            clause = _has_code(table, condition)
        case HasAuthor():
            clause = _has_author(table, condition)
        case HasReference():
            clause = _has_reference(table, condition)
        case Touches():
            clause = _touches(table, condition)
        case Latest():
            clause = _is_latest(table)
    return clause


def _is_in(column: sa.Column[Any], values: tuple[str, ...]) -> sa.ColumnElement[bool]:
    return column == values[0] if len(values) == 1 else column.in_(values)


def _is_between(column: sa.Column[Any], span: TimeRange) -> sa.ColumnElement[bool]:
    clauses: list[sa.ColumnElement[bool]] = []
    if span.lower:
        clauses.append(column >= span.lower)
    if span.upper:
        clauses.append(column < span.upper)
    return sa.or_(column == "", sa.and_(*clauses))


def _has_code(table: sa.Table, condition: HasCode) -> sa.ColumnElement[bool]:
    # Why a list of pairs and not ORs: SQLite takes an expression of at most 1000 levels.
    one_of = sa.tuple_(t.codes.c.code, t.codes.c.scheme).in_(condition.codes)
    return (
        sa.select(sa.literal(1))
        .where(
            t.codes.c.entry_uuid == table.c.entry_uuid,
            t.codes.c.attribute == condition.attribute,
            one_of,
        )
        .exists()
    )


def _has_author(table: sa.Table, condition: HasAuthor) -> sa.ColumnElement[bool]:
    return (
        sa.select(sa.literal(1))
        .where(
            t.authors.c.entry_uuid == table.c.entry_uuid,
            _is_like(t.authors.c.person, condition.patterns),
        )
        .exists()
    )


def _has_reference(table: sa.Table, condition: HasReference) -> sa.ColumnElement[bool]:
    return (
        sa.select(sa.literal(1))
        .where(
            t.codes.c.entry_uuid == table.c.entry_uuid,
            t.codes.c.attribute == "referenceIdList",
            _is_like(t.codes.c.code, condition.patterns),
        )
        .exists()
    )


def _is_like(column: sa.Column[str], patterns: tuple[str, ...]) -> sa.ColumnElement[bool]:
    return sa.or_(
        *(column.like(pattern.replace("\\", "\\\\"), escape="\\") for pattern in patterns)
    )


def _is_latest(table: sa.Table) -> sa.ColumnElement[bool]:
    later = table.alias("later")
    return ~(
        sa.select(sa.literal(1))
        .where(later.c.logical_id == table.c.logical_id, later.c.version > table.c.version)
        .exists()
    )


def _touches(table: sa.Table, condition: Touches) -> sa.ColumnElement[bool]:
    sides = {
        "source": (table.c.source,),
        "target": (table.c.target,),
        "either": (table.c.source, table.c.target),
    }[condition.side]
    return sa.or_(*(_is_in(column, condition.entry_uuids) for column in sides))


def _portions(wanted: Select) -> Iterator[Select]:
    """Yield the criteria with every long list of ids cut into portions."""
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
    yield wanted


def _with(wanted: Select, index: int, condition: Condition) -> Select:
    where = (*wanted.where[:index], condition, *wanted.where[index + 1 :])
    return replace(wanted, where=where)
