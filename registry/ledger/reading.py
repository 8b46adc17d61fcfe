"""Criteria in, stored fragments out: what every stored query becomes.

Spec: ITI TF-2 §3.18.4.1.2.3. Objects come in the order of their registration. Lists longer than a
statement may carry are read in portions.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from sqlalchemy.engine import Connection

from registry.ledger.api import Columns, Condition, Found, Select, Touches
from registry.ledger.statements import Statements

MAX_LIST: Final = 8192
"""Values of one condition in one statement; SQLite takes 32,766 in all."""


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
            statement, values = self._statements.of(portion, limit)
            parameters = statement.parameters(values)
            rows.extend(self._connection.exec_driver_sql(statement.sql, parameters).all())
        rows.sort(key=lambda row: row[0])
        return [Found(wanted.kind, *row[1:]) for row in rows[:limit]]


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
