"""Criteria to SQL: written once for each shape of a question, and kept.

Spec: ITI TF-2 §3.18.4.1.2.3 (AND between conditions, OR inside one). Two questions have the same
shape when they differ in values only; how many values a condition has is rounded up, the last being
repeated, so that there are few shapes. To write a statement takes longer than to run it.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from threading import Lock
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from registry.ledger import tables as t
from registry.ledger.api import (
    Columns,
    Condition,
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

KEPT: Final = 512
"""Statements kept for each database; the queries of the standard have fewer shapes in use."""
SELECTIVE: Final = frozenset({"patient_id", "entry_uuid", "unique_id", "logical_id"})
"""Columns that alone leave few objects."""
RAREST_FIRST: Final = (
    *("eventCodeList", "codeList", "typeCode", "formatCode", "practiceSettingCode"),
    *("healthcareFacilityTypeCode", "classCode", "contentTypeCode", "confidentialityCode"),
)
"""Coded attributes by how few objects share a value: what a search of all patients begins with."""

Shape = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A SELECT as the driver takes it; columns are seq and then the fields of `Found`."""

    sql: str
    order: tuple[int, ...] | None
    """Which value each mark stands for; None when the driver takes names."""

    def parameters(self, values: list[str]) -> tuple[str, ...] | dict[str, str]:
        """Return what stands for the marks; `values` are those of `values_of`."""
        if self.order is None:
            return {f"v{n}": value for n, value in enumerate(values)}
        return tuple(values[number] for number in self.order)


class Statements:
    """The statements of one database, by shape. Safe for use by many threads."""

    def __init__(self, dialect: Dialect) -> None:
        """Write statements for this dialect."""
        self._dialect = dialect
        self._kept: OrderedDict[Shape, Statement] = OrderedDict()
        self._lock = Lock()

    def of(self, wanted: Select, limit: int | None) -> tuple[Statement, list[str]]:
        """Return the statement for the criteria, and their values."""
        rounded = replace(wanted, where=tuple(_rounded(c) for c in wanted.where))
        shape = (wanted.kind, limit, *map(_shape_of, rounded.where))
        values = [value for condition in rounded.where for value in _values_of(condition)]
        with self._lock:
            kept = self._kept.get(shape)
            if kept is not None:
                self._kept.move_to_end(shape)
                return kept, values
        written = self._write(rounded, limit)
        with self._lock:
            self._kept[shape] = written
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return written, values

    def _write(self, wanted: Select, limit: int | None) -> Statement:
        compiled = _Writer().select(wanted).compile(dialect=self._dialect)
        names = getattr(compiled, "positiontup", None)
        return Statement(
            # By hand, because SQLAlchemy gives SQLite an OFFSET with a value of its own.
            sql=str(compiled) if limit is None else f"{compiled}\nLIMIT {limit:d}",
            order=None if names is None else tuple(int(name[1:]) for name in names),
        )


def _rounded(condition: Condition) -> Condition:
    match condition:
        case Columns():
            return replace(condition, values=_padded(condition.values))
        case HasCode():
            return replace(condition, codes=_padded(condition.codes))
        case HasAuthor() | HasReference():
            return replace(condition, patterns=_padded(condition.patterns))
        case Touches():
            return replace(condition, entry_uuids=_padded(condition.entry_uuids))
    return condition


def _padded(values: tuple[Any, ...]) -> tuple[Any, ...]:
    size = 1
    while size < len(values):
        size *= 2
    return values + values[-1:] * (size - len(values))


def _shape_of(condition: Condition) -> Shape:
    match condition:
        case Columns():
            return (Columns, condition.column, len(condition.values))
        case TimeRange():
            return (TimeRange, condition.column, bool(condition.lower), bool(condition.upper))
        case HasCode():
            return (HasCode, condition.attribute, len(condition.codes))
        case HasAuthor() | HasReference():
            return (type(condition), len(condition.patterns))
        case Touches():
            return (Touches, condition.side, len(condition.entry_uuids))
    return (Latest,)


def _values_of(condition: Condition) -> Iterator[str]:
    """Yield the values of a condition in the order in which `_Writer` makes marks for them."""
    match condition:
        case Columns():
            yield from condition.values
        case TimeRange():
            yield from (bound for bound in (condition.lower, condition.upper) if bound)
        case HasCode():
            yield condition.attribute
            for code, scheme in condition.codes:
                yield from (code, scheme)
        case HasAuthor() | HasReference():
            yield from (pattern.replace("\\", "\\\\") for pattern in condition.patterns)
        case Touches():
            for _ in range(2 if condition.side == "either" else 1):
                yield from condition.entry_uuids


@dataclass(slots=True)
class _Writer:
    """Writes one statement; its marks are numbered in the order of the values."""

    numbers: Iterator[int] = field(default_factory=count)

    def select(self, wanted: Select) -> sa.Select[Any]:
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
        first = _begins_with(wanted)
        return sa.select(*columns).where(
            *(self._clause(table, condition, condition is first) for condition in wanted.where)
        )

    def _mark(self) -> sa.BindParameter[str]:
        return sa.bindparam(f"v{next(self.numbers)}", type_=sa.Text())

    def _marks(self, number: int) -> list[sa.BindParameter[Any]]:
        return [self._mark() for _ in range(number)]

    def _clause(
        self,
        table: sa.Table,
        condition: Condition,
        is_first: bool,  # noqa: FBT001
    ) -> sa.ColumnElement[bool]:
        match condition:
            case Columns():
                clause = self._is_in(table.c[condition.column], len(condition.values))
            case TimeRange():
                clause = self._is_between(table.c[condition.column], condition)
            case HasCode():
                clause = self._has_code(table, condition, is_first)
            case HasAuthor():
                person = t.authors.c.person
                clause = self._has_like(table, person, len(condition.patterns))
            case HasReference():
                clause = self._has_like(
                    table,
                    t.codes.c.code,
                    len(condition.patterns),
                    t.codes.c.attribute == sa.literal_column("'referenceIdList'"),
                )
            case Touches():
                clause = self._touches(table, condition)
            case Latest():
                clause = _is_latest(table)
        return clause

    def _is_in(self, column: sa.Column[Any], number: int) -> sa.ColumnElement[bool]:
        marks = self._marks(number)
        if not marks:
            return sa.false()
        return column == marks[0] if number == 1 else column.in_(marks)

    def _is_between(self, column: sa.Column[Any], span: TimeRange) -> sa.ColumnElement[bool]:
        clauses: list[sa.ColumnElement[bool]] = []
        if span.lower:
            clauses.append(column >= self._mark())
        if span.upper:
            clauses.append(column < self._mark())
        return sa.or_(column == sa.literal_column("''"), sa.and_(*clauses))

    def _has_code(
        self,
        table: sa.Table,
        condition: HasCode,
        is_first: bool,  # noqa: FBT001
    ) -> sa.ColumnElement[bool]:
        code, scheme = t.codes.c.code, t.codes.c.scheme
        attribute = t.codes.c.attribute == self._mark()
        pairs = [(self._mark(), self._mark()) for _ in condition.codes]
        # Why a list of pairs and not ORs: an index finds each pair of a list.
        one_of = (
            sa.and_(code == pairs[0][0], scheme == pairs[0][1])
            if len(pairs) == 1
            else sa.tuple_(code, scheme).in_(sa.values(code, scheme).data(pairs).scalar_values())
        )
        coded = (attribute, one_of)
        if is_first:
            return table.c.entry_uuid.in_(sa.select(t.codes.c.entry_uuid).where(*coded))
        return _exists(t.codes.c.entry_uuid == table.c.entry_uuid, *coded)

    def _has_like(
        self,
        table: sa.Table,
        column: sa.Column[str],
        number: int,
        *also: sa.ColumnElement[bool],
    ) -> sa.ColumnElement[bool]:
        likes = sa.or_(*(column.like(mark, escape="\\") for mark in self._marks(number)))
        return _exists(column.table.c.entry_uuid == table.c.entry_uuid, *also, likes)

    def _touches(self, table: sa.Table, condition: Touches) -> sa.ColumnElement[bool]:
        sides: tuple[sa.Column[Any], ...] = {
            "source": (table.c.source,),
            "target": (table.c.target,),
            "either": (table.c.source, table.c.target),
        }[condition.side]
        return sa.or_(*(self._is_in(column, len(condition.entry_uuids)) for column in sides))


def _begins_with(wanted: Select) -> HasCode | None:
    """Return the code to begin with, when nothing else leaves few objects."""
    if any(
        isinstance(c, Touches) or (isinstance(c, Columns) and c.column in SELECTIVE)
        for c in wanted.where
    ):
        return None
    codes = [c for c in wanted.where if isinstance(c, HasCode)]
    rank: Callable[[HasCode], int] = lambda c: RAREST_FIRST.index(c.attribute)  # noqa: E731
    return min(codes, key=rank, default=None)


def _exists(*clauses: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.select(sa.literal_column("1")).where(*clauses).exists()


def _is_latest(table: sa.Table) -> sa.ColumnElement[bool]:
    later = table.alias("later")
    return ~_exists(later.c.logical_id == table.c.logical_id, later.c.version > table.c.version)
