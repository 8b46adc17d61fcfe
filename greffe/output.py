"""What a command prints: one JSON object, or words and tables that a person likes.

Spec: docs/json.md, this project's own contract. With `--json` stdout is one object and nothing
else, whatever happens after the command line was understood; everything else goes to stderr.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table
from rich.text import Text

from greffe.client.faults import FaultError, Problem
from greffe.exits import CommandError, Exit
from xds.limits import MIB

LONG_OCTETS: Final = 4 * MIB
"""A transfer of at least so much shows its progress."""
_FAILURES: Final = {Exit.USAGE: "usage", Exit.UNREACHABLE: "unreachable"}
_WHOLE: Final = frozenset(
    {
        "uniqueId",
        "created",
        "octets",
        "SHA-1",
        "patient",
        "when (UTC)",
        "since",
        "until",
        "trail",
        "transaction",
        "action",
    }
)
"""Columns that are never broken."""
_PIPE_COLUMNS: Final = 200
_GRAVITY: Final = (Exit.OK, Exit.REFUSED, Exit.USAGE, Exit.UNREACHABLE)


@dataclass(slots=True, kw_only=True)
class Report:
    """What a command has to say, collected while it works."""

    shape: str
    """Name and version in docs/json.md: `greffe/submit/1`."""
    fields: dict[str, Any]
    """The rest of the object, every key of its shape present from the start."""
    errors: list[dict[str, Any]] = field(default_factory=list)
    exit_code: Exit = Exit.OK
    command: str = ""
    """How the command line names it, where the shape does not: `patient block`."""

    def refuse(self, problem: Problem, **about: str) -> None:
        """Add an error or warning of a server, and what it is about."""
        self.errors.append({**problem.as_json(), **about})
        if problem.is_error:
            self.fail(Exit.REFUSED)

    def stop(self, error: CommandError, **about: str) -> None:
        """Add what ended the command, or a part of it."""
        kind = _FAILURES.get(error.exit_code, "refused")
        self.errors.append({"kind": kind, "code": "", "text": str(error), "location": "", **about})
        self.fail(error.exit_code)

    def fail(self, code: Exit) -> None:
        """End with this code, unless something graver came before."""
        self.exit_code = max(self.exit_code, code, key=_GRAVITY.index)

    def as_json(self) -> dict[str, Any]:
        """Return the object."""
        return {
            "shape": self.shape,
            "exit_code": int(self.exit_code),
            **self.fields,
            "errors": self.errors,
        }


def conclude(
    arguments: argparse.Namespace,
    report: Report,
    work: Callable[[Report], None],
    show: Callable[[Report, Console], None],
) -> int:
    """Do the work, print what came of it, return the exit code."""
    try:
        work(report)
    except FaultError as fault:
        report.refuse(fault.problem)
    except CommandError as error:
        report.stop(error)
    if arguments.json:
        json.dump(report.as_json(), sys.stdout, ensure_ascii=False, indent=2)
        sys.stdout.write("\n")
        return report.exit_code
    show(report, _console())
    _show_errors(report.command or report.shape.split("/")[1], report.errors)
    return report.exit_code


def add_json_flag(parser: argparse.ArgumentParser) -> None:
    """Add --json."""
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object on stdout (docs/json.md)"
    )


def note(text: str) -> None:
    """Say something beside the result."""
    sys.stderr.write(text + "\n")


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "") -> Table:
    """Return a table; texts are shown as they are, whatever brackets they hold."""
    made = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    for heading in headings:
        # An identifier that is broken over lines cannot be copied.
        is_whole = heading in _WHOLE
        made.add_column(heading, overflow="fold", no_wrap=is_whole, header_style="bold")
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    return made


@contextmanager
def transfer(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show the progress of a long transfer on stderr, if a person looks there.

    Yields what is told the octets of each piece. A total of 0 is not known before it is over.
    """
    console = Console(stderr=True)
    if not console.is_terminal or 0 < total < LONG_OCTETS:
        yield lambda _: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(label, total=total or None)
        yield lambda octets: progress.update(task, advance=octets)


def shown_time(dtm: str) -> str:
    """Return a DTM as people read it: `2026-01-31 08:30`; a zone stays as it is."""
    digits = dtm[:14]
    parts = (digits[:4], digits[4:6], digits[6:8])
    date = "-".join(p for p in parts if p)
    clock = ":".join(p for p in (digits[8:10], digits[10:12]) if p)
    return f"{date} {clock}".strip()


def _console() -> Console:
    """Return stdout; what goes into a pipe has room."""
    console = Console()
    return console if console.is_terminal else Console(width=_PIPE_COLUMNS)


def _show_errors(command: str, errors: Sequence[dict[str, Any]]) -> None:
    """Say what went wrong: our own errors in one line, a server's with its place and code."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for error in errors:
        about = error.get("file") or error.get("unique_id") or ""
        if not error["code"]:
            console.print(Text(f"greffe {command}: {f'{about}: ' if about else ''}{error['text']}"))
            continue
        style = "yellow" if error["kind"] == "warning" else "bold red"
        head = Text.assemble((f"{error['kind']} {error['code']}", style))
        console.print(head.append(f"  {about}"))
        console.print(Text(f"  {error['text']}"))
        if error["location"]:
            console.print(Text(f"  at {error['location']}"))
