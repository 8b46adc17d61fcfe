"""The two tables of an access policy as files: what they may hold, and what a bad line is told.

    functions.tsv   action, status, source, then a column for each authentication:kind:mode
    types.tsv       profession, type, may_see, status, source

A line that begins with `#` is a comment; a file without any other line is an empty table, which
gives nothing. `domains/README.md` explains both for people who write one.

Spec: none of IHE's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from xds.access.model import Action, Mode
from xds.access.policy import ANY, Cell
from xds.domain import Folder

AUTHENTICATIONS: Final = ("direct", "indirect", "indirect_renforcee")
"""What `Caller.authentication_mode` may be."""
STATUSES: Final = ("known", "assumed")
FUNCTION_HEADING: Final = ("action", "status", "source")
TYPE_HEADING: Final = ("profession", "type", "may_see", "status", "source")
YES_NO: Final = {"yes": True, "no": False}
MAX_SHOWN: Final = 60

Column = tuple[str, str, Mode]
"""Authentication, kind and mode; the first two may be `*`."""


class PolicyError(Exception):
    """An access policy that cannot be used; the text names file, line or key, and fix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionRow:
    """One row of the functional matrix."""

    action: Action
    status: str
    source: str
    cells: Mapping[Column, Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeRow:
    """Whether one profession sees documents of one type."""

    profession: str
    """`code^system` or `*`."""
    type_code: str
    """`code^scheme` or `*`."""
    may_see: bool
    status: str
    source: str
    line: int = 0


def read_text(file: Folder) -> str:
    """Return a file's text. Errors: PolicyError."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PolicyError(f"{file}: there is no such file. Fix: add it, or name another") from None
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{file} cannot be read: {error}") from error


def read_functions(text: str, file: str, kinds: frozenset[str]) -> tuple[FunctionRow, ...]:
    """Return the functional matrix, whose columns are for these kinds.

    Errors: PolicyError for an action, a column, a cell or a status that is none, and for an action
    that is missing or comes twice.
    """
    lines = _lines(text, file)
    _, heading = next(lines, (0, []))
    if not heading:
        return ()
    number, names = 1, tuple(heading[:3])
    if names != FUNCTION_HEADING:
        raise _error(file, number, f"the heading begins with {_tabs(FUNCTION_HEADING)}", names)
    columns = [_columns(name, file, kinds) for name in heading[3:]]
    flat = [column for group in columns for column in group]
    for column in flat:
        if flat.count(column) > 1:
            raise PolicyError(
                f"{file}, heading: the column {':'.join(column)} comes twice. Fix: keep one"
            )
    rows: dict[Action, FunctionRow] = {}
    for number, cells in lines:
        row = _function_row(cells, columns, file, number)
        if row.action in rows:
            raise PolicyError(f"{file}, line {number}: {row.action} a second time. Fix: keep one")
        rows[row.action] = row
    if missing := [a for a in Action if a not in rows]:
        raise PolicyError(
            f"{file}: no row for {', '.join(missing)}. Fix: add one for each; `no` gives nothing"
        )
    return tuple(rows.values())


def _columns(name: str, file: str, kinds: frozenset[str]) -> tuple[Column, ...]:
    """Return the columns that a heading stands for: more than one when its mode is `*`."""
    parts = name.split(":")
    allowed = ((*AUTHENTICATIONS, ANY), (*sorted(kinds), ANY), (*Mode, ANY))
    if len(parts) != len(allowed):
        raise PolicyError(
            f"{file}, heading: {name!r} is no column. Fix: write authentication:kind:mode"
        )
    for part, among, what in zip(
        parts, allowed, ("authentication", "kind of caller", "mode"), strict=True
    ):
        if part not in among:
            raise PolicyError(
                f"{file}, heading: column {name!r} names no {what} that exists: {part!r}. "
                f"Fix: one of {', '.join(among)}"
            )
    authentication, kind, mode = parts
    modes = tuple(Mode) if mode == ANY else (Mode(mode),)
    return tuple((authentication, kind, m) for m in modes)


def _function_row(
    cells: list[str], columns: list[tuple[Column, ...]], file: str, number: int
) -> FunctionRow:
    expected = len(FUNCTION_HEADING) + len(columns)
    if len(cells) != expected:
        raise PolicyError(
            f"{file}, line {number}: expected {expected} cells with a tab between them, came "
            f"{len(cells)}. Fix: one cell for each column of the heading"
        )
    action, status, source, *values = cells
    _among(action, tuple(Action), "an action", file, number)
    _among(status, STATUSES, "a status", file, number)
    found: dict[Column, Cell] = {}
    for group, value in zip(columns, values, strict=True):
        _among(value, tuple(Cell), f"a cell (column {':'.join(group[0])})", file, number)
        if value == Cell.REFERENCE and action != Action.FIND_REFERENCE:
            raise PolicyError(
                f"{file}, line {number}: only {Action.FIND_REFERENCE} can be `reference`. "
                f"Fix: yes, no or own for {action}"
            )
        found |= dict.fromkeys(group, Cell(value))
    return FunctionRow(action=Action(action), status=status, source=source, cells=found)


def read_types(text: str, file: str) -> tuple[TypeRow, ...]:
    """Return the matrix of professions and document types. Errors: PolicyError."""
    lines = _lines(text, file)
    _, heading = next(lines, (0, []))
    if not heading:
        return ()
    if tuple(heading) != TYPE_HEADING:
        raise _error(file, 1, f"the heading is {_tabs(TYPE_HEADING)}", tuple(heading))
    rows: dict[tuple[str, str], TypeRow] = {}
    for number, cells in lines:
        if len(cells) != len(TYPE_HEADING):
            raise _error(file, number, f"a row is {_tabs(TYPE_HEADING)}", tuple(cells))
        profession, type_code, may_see, status, source = cells
        for value, what in ((profession, "CODE^SYSTEM"), (type_code, "CODE^SCHEME")):
            if value != ANY and not (value.count("^") == 1 and all(value.split("^"))):
                raise _error(file, number, f"{what} or {ANY}", (value,))
        _among(may_see, tuple(YES_NO), "yes or no (may_see)", file, number)
        _among(status, STATUSES, "a status", file, number)
        if (profession, type_code) in rows:
            raise PolicyError(
                f"{file}, line {number}: {profession} and {type_code} a second time. Fix: keep one"
            )
        rows[profession, type_code] = TypeRow(
            profession=profession,
            type_code=type_code,
            may_see=YES_NO[may_see],
            status=status,
            source=source,
            line=number,
        )
    return tuple(rows.values())


def _lines(text: str, file: str) -> Iterator[tuple[int, list[str]]]:
    """Yield number and cells of each line that is no comment and not empty."""
    if "\x00" in text:
        raise PolicyError(f"{file} is no text: it holds a zero byte")
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if line.strip() and not line.startswith("#"):
            yield number, [cell.strip() for cell in line.split("\t")]


def _among(value: str, among: tuple[str, ...], what: str, file: str, number: int) -> None:
    if value not in among:
        raise PolicyError(
            f"{file}, line {number}: {value[:MAX_SHOWN]!r} is not {what}. "
            f"Fix: one of {', '.join(among)}"
        )


def _error(file: str, number: int, expected: str, came: tuple[str, ...]) -> PolicyError:
    return PolicyError(
        f"{file}, line {number}: expected {expected}, came {_tabs(came)[:MAX_SHOWN]!r}"
    )


def _tabs(names: tuple[str, ...]) -> str:
    return " TAB ".join(names)
