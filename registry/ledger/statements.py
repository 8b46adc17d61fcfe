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
    AccessIs,
    Columns,
    Condition,
    HasAuthor,
    HasCode,
    HasReference,
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
FOUND: Final = (
    *("seq", "entry_uuid", "patient_id", "unique_id", "home", "fragment", "source", "target"),
    *("status", "access", "association_type"),
)
"""Columns of an object in an answer, in the order of the fields of `Found`."""
_ABSENT: Final[sa.ColumnElement[str]] = sa.literal_column("''")
RECORD_COLUMNS: Final = tuple(c for c in t.records.c if c.name != "seq")
PERSON_COLUMNS: Final = tuple(c for c in t.record_people.c if c.name not in {"seq", "patient_id"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A SELECT as the driver takes it."""

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
        """Return the statement for the criteria, and their values.

        Its columns are seq and then the fields of `Found`.
        """
        rounded, values = _prepared(wanted)
        shape = (wanted.kind, limit, *map(_shape_of, rounded.where))
        return self._keep(shape, lambda: _Writer().select(rounded), limit), values

    def classes_of(self, wanted: Select) -> tuple[Statement, list[str]]:
        """Return the statement for the access classes among what meets the criteria."""
        rounded, values = _prepared(wanted)
        shape = (AccessIs, *map(_shape_of, rounded.where))
        return self._keep(shape, lambda: _Writer().classes(rounded)), values

    def records_of(self, patient_ids: tuple[str, ...]) -> tuple[Statement, list[str]]:
        """Return the statement for records with their people, a row for each person."""
        values = _padded(patient_ids)
        shape = ("records", len(values))
        return self._keep(shape, lambda: _Writer().records(len(values))), list(values)

    def patients_of(
        self, identities: tuple[str, ...], standing: str
    ) -> tuple[Statement, list[str]]:
        """Return the statement for the patients in whose records these people have a standing."""
        values = _padded(identities)
        shape = ("patients", len(values))
        return self._keep(shape, lambda: _Writer().patients(len(values))), [*values, standing]

    def _keep(
        self, shape: Shape, write: Callable[[], sa.Select[Any]], limit: int | None = None
    ) -> Statement:
        """Return the statement of a shape, written now unless it is kept."""
        with self._lock:
            kept = self._kept.get(shape)
            if kept is not None:
                self._kept.move_to_end(shape)
                return kept
        written = self._compiled(write(), limit)
        with self._lock:
            self._kept[shape] = written
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return written

    def _compiled(self, statement: sa.Select[Any], limit: int | None) -> Statement:
        compiled = statement.compile(dialect=self._dialect)
        names = getattr(compiled, "positiontup", None)
        return Statement(
            # By hand, because SQLAlchemy gives SQLite an OFFSET with a value of its own.
            sql=str(compiled) if limit is None else f"{compiled}\nLIMIT {limit:d}",
            order=None if names is None else tuple(int(name[1:]) for name in names),
        )


def _prepared(wanted: Select) -> tuple[Select, list[str]]:
    """Return the criteria as one of their shape, and their values."""
    rounded = replace(wanted, where=tuple(_rounded(c) for c in wanted.where))
    return rounded, [value for c in rounded.where for value in _values_of(c)]


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
        case AccessIs():
            return replace(condition, classes=_padded(condition.classes))
    return condition


def _padded(values: tuple[Any, ...]) -> tuple[Any, ...]:
    size = 1
    while size < len(values):
        size *= 2
    return values + values[-1:] * (size - len(values))


def _shape_of(condition: Condition) -> Shape:  # noqa: PLR0911 - a row for each condition
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
        case AccessIs():
            return (AccessIs, len(condition.classes))
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
        case AccessIs():
            for one in condition.classes:
                yield from one


@dataclass(slots=True)
class _Writer:
    """Writes one statement; its marks are numbered in the order of the values."""

    numbers: Iterator[int] = field(default_factory=count)

    def select(self, wanted: Select) -> sa.Select[Any]:
        table = TABLES[wanted.kind]
        columns = [table.c.get(name, _ABSENT) for name in FOUND]
        return sa.select(*columns).where(*self._clauses(table, wanted))

    def classes(self, wanted: Select) -> sa.Select[Any]:
        table = t.document_entries
        columns = (table.c.patient_id, table.c.access, table.c.status)
        return sa.select(*columns).where(*self._clauses(table, wanted)).distinct()

    def records(self, number: int) -> sa.Select[Any]:
        return recorded(self._is_in(t.records.c.patient_id, number))

    def patients(self, number: int) -> sa.Select[Any]:
        people = t.record_people
        return (
            sa.select(people.c.patient_id)
            .where(self._is_in(people.c.identity, number), people.c.standing == self._mark())
            .distinct()
        )

    def _clauses(self, table: sa.Table, wanted: Select) -> Iterator[sa.ColumnElement[bool]]:
        first = _begins_with(wanted)
        for condition in wanted.where:
            yield self._clause(table, condition, condition is first)

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
            case AccessIs():
                clause = self._is_of_class(table, len(condition.classes))
        return clause

    def _is_of_class(self, table: sa.Table, number: int) -> sa.ColumnElement[bool]:
        """Return whether the entry is of one of so many classes, as a list that an index serves."""
        columns = (table.c.patient_id, table.c.access, table.c.status)
        marks = [tuple(self._marks(len(columns))) for _ in range(number)]
        if not marks:
            return sa.false()
        if number == 1:
            return sa.and_(*(c == mark for c, mark in zip(columns, marks[0], strict=True)))
        listed = sa.values(*columns).data(marks).scalar_values()
        return sa.tuple_(*columns).in_(listed)

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


def recorded(clause: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Return the question for records: `RECORD_COLUMNS`, `PERSON_COLUMNS`, a row a person."""
    people = t.record_people
    return (
        sa.select(*RECORD_COLUMNS, *PERSON_COLUMNS)
        .join_from(t.records, people, people.c.patient_id == t.records.c.patient_id, isouter=True)
        .where(clause)
        .order_by(people.c.seq)
    )


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
