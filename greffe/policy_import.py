"""`greffe policy import-types`: the national matrix of professions and document types, from a CSV.

The file has the shape in which that matrix is kept elsewhere: profession code, category code, type
code, and whether the profession consults the type. A line that cannot be used is told and gives
nothing; so does, for a profession of the file, a type that the file does not have.

Spec: none; the national table is the arrêté's of 26/10/2023, which is not public in machine form.
"""

import argparse
import csv
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dmp.vihf import G15
from greffe.exits import CommandError
from greffe.output import Report, add_json_flag, conclude
from xds.access.policy import ANY
from xds.access.reading import PolicyFiles, read_policy
from xds.access.tables import TYPE_HEADING, PolicyError, TypeRow
from xds.domain import AffinityDomain
from xds.settings import FILE_NAME, Settings, SettingsError, load_settings

if TYPE_CHECKING:
    from rich.console import Console

SHAPE: Final = "greffe/policy-import/1"
COLUMNS: Final = 4
SHOWN: Final = 20
"""Unusable lines that a person is shown."""
LARGEST: Final = 16 * 1024 * 1024
OWN_FILE: Final = "access/types.tsv"
DELIMITERS: Final = ";\t,"
YES: Final = frozenset({"true", "vrai", "oui", "yes", "o", "y", "1"})
NO: Final = frozenset({"false", "faux", "non", "no", "n", "0"})
DESCRIPTION: Final = """\
Replaces which profession sees which type of document by the table in a CSV file: profession code,
category code, type code, true or false; a heading, and a comma, semicolon or tab between cells, as
you like. A profession is a code of TRE_G15, or CODE^SYSTEM; a type is a code of the domain's
typeCode value set. The category is not looked at.

What the file does not say of a profession that it names is no. Professions that it does not name
keep what they had; `--others deny` gives them nothing.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """A line that gives nothing, and why."""

    line: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What a file says."""

    rows: tuple[TypeRow, ...]
    unusable: tuple[Unusable, ...]
    lines: int
    """Lines that are no heading and not empty."""


def add_to(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the action to `greffe policy`."""
    parser = actions.add_parser(
        "import-types",
        help="replace which profession sees which type, from a CSV",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE.csv", type=Path)
    parser.add_argument("--home", type=Path, required=True, help="the home folder")
    parser.add_argument(
        "--others",
        choices=("keep", "deny"),
        default="keep",
        help="professions that the file does not name; default: keep",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be, write nothing")
    add_json_flag(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Import. Errors: none; they are in the report."""
    fields: dict[str, Any] = {
        "file": str(arguments.file),
        "lines": 0,
        "rows": 0,
        "professions": [],
        "kept": 0,
        "unusable": [],
        "written": "",
        "settings_changed": False,
        "dry_run": arguments.dry_run,
    }
    report = Report(shape=SHAPE, fields=fields)
    return conclude(arguments, report, lambda report: _import(arguments, report), _show)


def _import(arguments: argparse.Namespace, report: Report) -> None:
    try:
        settings = load_settings(arguments.home)
        known = read_policy(settings.domain, settings.access_files)
    except (SettingsError, PolicyError) as error:
        raise CommandError(str(error)) from error
    if known.policy.permits_any_trusted:
        raise CommandError(
            f"domain {settings.domain.name} has no access policy that a table could be a part of"
        )
    imported = read_csv(_text(arguments.file), settings.domain, arguments.file.name)
    report.fields["lines"] = imported.lines
    report.fields["unusable"] = [{"line": u.line, "why": u.why} for u in imported.unusable]
    if not imported.rows:
        raise CommandError(
            f"{arguments.file}: no line of {imported.lines} can be used; nothing was changed. Fix: "
            "one line for each profession and type, such as 60,11,11502-2,true"
        )
    kept = () if arguments.others == "deny" else known.types
    shipped = read_policy(settings.domain).types
    rows = combined(imported.rows, kept, shipped=shipped)
    report.fields["rows"] = len(rows)
    report.fields["professions"] = sorted({row.profession for row in imported.rows})
    report.fields["kept"] = sum(row in kept for row in rows)
    if not arguments.dry_run:
        target, changed = _write(rows, settings, arguments.file.name)
        report.fields["written"] = str(target)
        report.fields["settings_changed"] = changed


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > LARGEST:
            raise CommandError(f"{file} is larger than {LARGEST} octets: it is no such table")
        octets = file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}") from error
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        return octets.decode("cp1252", errors="replace")  # what spreadsheets in France write


def read_csv(text: str, domain: AffinityDomain, name: str) -> Imported:
    """Return what a CSV says of professions and types; a line that contradicts another is a no."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(text.splitlines(), delimiter=delimiter)
    types = _types(domain)
    rows: dict[tuple[str, str], TypeRow] = {}
    unusable: list[Unusable] = []
    lines = 0
    for cells in _cells(reader, unusable):
        if not any(cell.strip() for cell in cells):
            continue
        line = reader.line_num
        if not lines and not rows and not unusable and _is_heading(cells):
            continue
        lines += 1
        row = _row(cells, types, f"{name}, line {line}")
        if isinstance(row, str):
            unusable.append(Unusable(line=line, why=row))
            continue
        key = (row.profession, row.type_code)
        before = rows.setdefault(key, row)
        if before.may_see != row.may_see:
            rows[key] = replace(before, may_see=False)
            why = "says the contrary of another line on the same profession and type: taken as no"
            unusable.append(Unusable(line=line, why=why))
    return Imported(rows=tuple(rows.values()), unusable=tuple(unusable), lines=lines)


def _cells(reader: Any, unusable: list[Unusable]) -> Iterator[list[str]]:
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            unusable.append(Unusable(line=reader.line_num, why=f"is no line of a CSV: {error}"))


def _is_heading(cells: list[str]) -> bool:
    """Whether a first line names columns: its last cell says neither yes nor no."""
    return len(cells) >= COLUMNS and cells[COLUMNS - 1].strip().casefold() not in YES | NO


def _types(domain: AffinityDomain) -> Mapping[str, tuple[str, ...]]:
    """Return the schemes of each code of the domain's document types."""
    value_set = domain.value_sets.get("typeCode")
    found: dict[str, tuple[str, ...]] = {}
    for code, scheme in value_set.codes if value_set else ():
        found[code] = (*found.get(code, ()), scheme)
    return found


def _row(cells: list[str], types: Mapping[str, tuple[str, ...]], source: str) -> TypeRow | str:
    """Return the row of a line, or why it is none."""
    cells = [cell.strip() for cell in cells]
    while len(cells) > COLUMNS and not cells[-1]:
        cells.pop()
    if len(cells) != COLUMNS:
        return f"has {len(cells)} cells and not {COLUMNS}"
    profession, _, type_code, says = cells
    code, _, system = profession.partition("^")
    if not re.fullmatch(r"[A-Z0-9_]+", code) or not re.fullmatch(r"[0-9.]*", system):
        return f"{profession[:40]!r} is no profession code"
    type_code, _, scheme = type_code.partition("^")
    schemes = [s for s in types.get(type_code, ()) if scheme in {"", s}]
    if len(schemes) != 1:
        known = f"more than one scheme: {' or '.join(schemes)}" if schemes else "no such type"
        return f"type {type_code[:40]!r}: the domain's value set typeCode has {known}"
    if says.casefold() not in YES | NO:
        return f"{says[:40]!r} is neither true nor false"
    return TypeRow(
        profession=f"{code}^{system or G15}",
        type_code=f"{type_code}^{schemes[0]}",
        may_see=says.casefold() in YES,
        status="known",
        source=source,
    )


def combined(
    imported: Iterable[TypeRow], kept: Iterable[TypeRow], *, shipped: Iterable[TypeRow]
) -> tuple[TypeRow, ...]:
    """Return the whole table: what the file says, and what stays beside it.

    A type that the domain shows everybody by a row of its own (a submission's signature, which
    goes with what it signs) is seen by the professions of the file unless the file says no.
    """
    always = [r for r in shipped if r.profession == ANY and r.type_code != ANY and r.may_see]
    said = {(row.profession, row.type_code): row for row in imported}
    professions = dict.fromkeys(profession for profession, _ in said)
    for profession in professions:
        for row in always:
            own = replace(row, profession=profession, line=0)
            said.setdefault((profession, row.type_code), own)
        rest = TypeRow(
            profession=profession,
            type_code=ANY,
            may_see=False,
            status="known",
            source="what the imported file does not say",
        )
        said[profession, ANY] = rest
    beside = [row for row in kept if row.profession not in professions]
    return (*sorted(said.values(), key=_place), *beside)


def _place(row: TypeRow) -> tuple[str, str]:
    return row.profession, row.type_code


def written(rows: Iterable[TypeRow], name: str) -> str:
    """Return the text of a types.tsv."""
    origin = f"# Which profession sees documents of which type. By `greffe policy`, from {name}"
    lines = [origin, "\t".join(TYPE_HEADING)]
    for row in rows:
        cells = (row.profession, row.type_code, "yes" if row.may_see else "no", row.status)
        lines.append("\t".join((*cells, re.sub(r"\s+", " ", row.source))))
    return "\n".join(lines) + "\n"


def _write(rows: Iterable[TypeRow], settings: Settings, name: str) -> tuple[Path, bool]:
    """Write the home's own table, and name it in greffe.toml where it is not. Errors: CommandError.

    What is written is read back before it is put in place, so a home never has a bad one.
    """
    target = settings.access_files.types or settings.home / OWN_FILE
    draft = target.with_name(target.name + ".new")
    text = written(rows, re.sub(r"\s+", " ", name))
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _put(draft, text)
        try:
            files: PolicyFiles = replace(settings.access_files, types=draft)
            read_policy(settings.domain, files)
        except PolicyError as error:
            draft.unlink()
            raise CommandError(f"what the file says makes no policy: {error}") from error
        os.replace(draft, target)  # noqa: PTH105 - the atomic one
        changed = settings.access_files.types is None
        if changed:
            _name_it(settings.home / FILE_NAME)
    except OSError as error:
        raise CommandError(f"{target} cannot be written: {error.strerror}") from error
    return target, changed


def _put(file: Path, text: str) -> None:
    with file.open("w", encoding="utf-8", newline="\n") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())


def _name_it(file: Path) -> None:
    """Set `[access] types` in greffe.toml, all else as it is. Errors: OSError, CommandError."""
    before = file.read_text(encoding="utf-8")
    line = f'types = "{OWN_FILE}"'
    tables = re.split(r"(?m)^(?=\[)", before)
    for number, text in enumerate(tables):
        if re.match(r"\[access\]", text):
            changed, count = re.subn(r'(?m)^types\s*=\s*""\s*?$', line, text)
            tables[number] = changed if count else text.rstrip("\n") + f"\n{line}\n\n"
            break
    else:
        tables.append(f"\n[access]\n{line}\n")
    draft = file.with_name(file.name + ".new")
    _put(draft, "".join(tables))
    draft.chmod(file.stat().st_mode & 0o777)
    os.replace(draft, file)  # noqa: PTH105
    try:
        load_settings(file.parent)
    except SettingsError as error:
        _put(file, before)
        raise CommandError(
            f"{file} is as it was: {line} could not be added to it ({error}). Fix: add it to "
            "[access] yourself"
        ) from error


def _show(report: Report, console: "Console") -> None:
    fields = report.fields
    for unusable in fields["unusable"][:SHOWN]:
        console.print(
            f"line {unusable['line']}: {unusable['why']}",
            soft_wrap=True,
            highlight=False,
            markup=False,
        )
    if len(fields["unusable"]) > SHOWN:
        console.print(f"and {len(fields['unusable']) - SHOWN} more lines that cannot be used")
    if report.errors:
        return
    console.print(
        f"{fields['lines']} lines, {len(fields['unusable'])} of them unusable; "
        f"{len(fields['professions'])} professions; {fields['rows']} rows, of which "
        f"{fields['kept']} were there before"
    )
    if fields["dry_run"]:
        console.print("nothing was written (--dry-run)")
        return
    console.print(f"written: {fields['written']}", soft_wrap=True, highlight=False, markup=False)
    if fields["settings_changed"]:
        console.print("greffe.toml: [access] types names it now; restart the node", markup=False)
    else:
        console.print("restart the node")
