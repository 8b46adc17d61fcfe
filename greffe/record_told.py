"""What a change of a patient's record prints: what changed, or would change, and what it means.

Spec: docs/json.md, `greffe/record-change/1`.
"""

import argparse
import re
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from greffe.output import Report, add_json_flag, shown_time

if TYPE_CHECKING:
    from rich.console import Console

SHAPE: Final = "greffe/record-change/1"
TIME: Final = re.compile(r"\b[0-9]{14}\b")
WIDTH: Final = 96
EPILOG: Final = (
    "It holds at once for every process of a node that is serving, for all professionals, and it "
    "goes into the registry's trail. With --dry-run it says what would change, and for whom."
)


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add what every choice takes."""
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would change and for whom; change nothing"
    )
    add_json_flag(parser)
    parser.add_argument("--home", type=Path, required=True, help="the home folder")


def a_report(arguments: argparse.Namespace) -> Report:
    """Return the report of a change before anything is done."""
    return Report(
        shape=SHAPE,
        command=f"patient {arguments.choice}",
        fields={
            "patient_id": arguments.cx,
            "choice": arguments.choice,
            "dry_run": arguments.dry_run,
            "changed": False,
            "meaning": "",
            "differences": [],
            "documents": [],
        },
    )


def show(report: Report, console: "Console") -> None:
    """Say what changed, or would change, and what it means."""
    fields = report.fields
    if report.errors:
        return
    head = {
        (True, True): "would change (--dry-run; nothing was changed)",
        (True, False): "would change nothing: it is so already",
        (False, True): "changed",
        (False, False): "nothing to change: it is so already",
    }[fields["dry_run"], bool(fields["differences"] or fields["documents"])]
    console.print(f"{fields['patient_id']}: {head}", markup=False, highlight=False)
    lines = [_line(d) for d in fields["differences"]]
    lines += [
        f"{d['title'] or '(no title)'} {d['unique_id']}: {d['before']} -> {d['after']}"
        for d in fields["documents"]
    ]
    for line in lines:
        console.print(f"  {line}", markup=False, highlight=False)
    if lines:
        meaning = textwrap.fill(fields["meaning"], WIDTH, break_on_hyphens=False)
        console.print(meaning, markup=False, highlight=False)


def _line(difference: Mapping[str, str]) -> str:
    who = f" {difference['who']}" if difference["who"] else ""
    before, after = (
        TIME.sub(lambda found: f"{shown_time(found[0])} UTC", difference[key])
        for key in ("before", "after")
    )
    return f"{difference['what']}{who}: {before} -> {after}"
