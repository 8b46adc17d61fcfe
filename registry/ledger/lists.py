"""Rows whose column is one of a list of values, the list being of any length."""

from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

MAX_LIST: Final = 8192
"""Values of one condition in one statement; SQLite takes 32,766 in all."""


def rows_in(
    connection: Connection,
    column: sa.Column[Any],
    values: frozenset[str],
    columns: tuple[sa.Column[Any], ...],
) -> list[Any]:
    """Return these columns of the rows whose column is one of the values."""
    ordered = sorted(values)
    statement = _selecting(column, columns)
    rows: list[Any] = []
    for start in range(0, len(ordered), MAX_LIST):
        portion = {"wanted": ordered[start : start + MAX_LIST]}
        rows.extend(connection.execute(statement, portion))
    return rows


@cache
def _selecting(column: sa.Column[Any], columns: tuple[sa.Column[Any], ...]) -> sa.Select[Any]:
    """Return the statement, made once: building it costs as much as running it."""
    return sa.select(*columns).where(column.in_(sa.bindparam("wanted", expanding=True)))
