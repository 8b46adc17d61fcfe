"""`greffe audit verify|show`: whether the trails are what was written, and what they say.

Spec: none for the chain, which is this project's own; ITI TF-2 §3.20 for what an entry says.
"""

import argparse
import json
import re
from collections import deque
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from greffe.exits import CommandError, Exit
from greffe.output import Report, add_json_flag, conclude, table
from greffe.trails import lines_of, settings_of, trace_use, trails_of
from xds.clock import now

if TYPE_CHECKING:
    from rich.console import Console

    from xds.audit.event import AuditEvent
    from xds.settings import Settings

VERIFIED, SHOWN = "greffe/audit-verify/1", "greffe/audit-show/1"
_HASH: Final = re.compile(r"[0-9a-f]{64}")
LIMITS: Final = """\
Every entry carries the hash of the one before it, so an entry that was changed, taken out or moved
is found, with file and line. A chain alone cannot show that its end was cut off, or that the whole
file was written anew by somebody who knows how: for that its head (the hash of its last entry) must
be kept where such a person does not come. Let --record write it to a file, keep that file
elsewhere, and give it to --recorded the next time; or copy the head and give it to --head. An audit
server ([audit] syslog in greffe.toml) keeps the entries themselves."""


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "audit",
        help="verify the audit trails, and read them",
        description="Both services write an entry for every request, before the answer leaves.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    verify = actions.add_parser(
        "verify",
        help="find changed, missing and displaced entries",
        description=LIMITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Ends with 0 when nothing was found, with 1 when something was.",
    )
    verify.add_argument(
        "--head",
        action="append",
        default=[],
        metavar="HASH",
        help="a head that was kept elsewhere: it must be in one of the trails; may be repeated",
    )
    verify.add_argument(
        "--recorded", type=Path, metavar="FILE", help="heads that --record wrote earlier"
    )
    verify.add_argument(
        "--record", type=Path, metavar="FILE", help="write the heads as they are now, for later"
    )
    verify.set_defaults(run=run_verify)
    show = actions.add_parser(
        "show",
        help="print the last entries",
        description="Prints the last entries of each trail, oldest first. That you looked is an "
        "entry too.",
    )
    show.add_argument("--service", metavar="NAME", help="only this trail: registry or repository")
    show.add_argument("--last", type=int, default=20, metavar="N", help="so many (20)")
    show.add_argument(
        "--dicom",
        action="store_true",
        help="print what the audit server is told: one audit message of DICOM a line",
    )
    show.set_defaults(run=run_show)
    for action in (verify, show):
        action.add_argument("--home", type=Path, required=True, help="the home folder")
        add_json_flag(action)


def run_verify(arguments: argparse.Namespace) -> int:
    """Verify the trails. Errors: none; they are in the report."""
    report = Report(shape=VERIFIED, fields={"trails": []})
    return conclude(
        arguments, report, partial(_verify, arguments), partial(_show_verified, arguments)
    )


def _verify(arguments: argparse.Namespace, report: Report) -> None:
    from xds.audit.verification import examine  # noqa: PLC0415 - the server's code

    settings = settings_of(arguments.home)
    recorded = _recorded(arguments.recorded) if arguments.recorded else {}
    loose = _heads(arguments.head)
    paths = trails_of(settings)
    seen: set[str] = set()
    for path in paths:
        wanted = [recorded.pop(path.stem)] if path.stem in recorded else []
        examined = examine(partial(_watched, path, frozenset(loose), seen), wanted)
        report.fields["trails"].append(
            {
                "trail": path.stem,
                "file": str(path),
                "lines": examined.lines,
                "head": examined.head,
                "findings": [
                    {"line": f.line, "flaw": str(f.flaw), "text": f.text} for f in examined.findings
                ],
            }
        )
        if examined.findings:
            report.fail(Exit.REFUSED)
    for head in sorted(loose - seen):
        _lacks(
            report,
            f"the head {head[:16]}… is in none of the trails: an end was cut off, or a "
            "trail was written anew",
        )
    for trail in sorted(recorded):
        _lacks(report, f"the trail {trail} was there when the heads were recorded, and is no more")
    if arguments.record and report.exit_code is Exit.OK:
        _record(arguments.record, report.fields["trails"])


def _watched(path: Path, loose: frozenset[str], seen: set[str]) -> Any:
    """Yield the lines of a trail, and note which of the loose heads stand in it."""
    wanted = [(head, f'"hash":"{head}"}}'.encode("ascii")) for head in loose]
    for line in lines_of(path):
        for head, text in wanted:
            if line.rstrip(b"\n").endswith(text):
                seen.add(head)
        yield line


def _lacks(report: Report, text: str) -> None:
    report.errors.append({"kind": "error", "code": "", "text": text, "location": ""})
    report.fail(Exit.REFUSED)


def _heads(given: list[str]) -> set[str]:
    """Return the heads of the command line. Errors: CommandError."""
    for head in given:
        if not _HASH.fullmatch(head):
            raise CommandError(
                f"{head!r} is no head: it has 64 digits from 0 to f, as `greffe audit verify` "
                "prints it"
            )
    return set(given)


def _recorded(path: Path) -> dict[str, str]:
    """Return the heads that were recorded, by trail. Errors: CommandError."""
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        found = {trail: one["head"] for trail, one in read["trails"].items()}
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CommandError(f"{path} is no file that --record wrote") from error
    _heads(list(found.values()))
    return found


def _record(path: Path, trails: list[dict[str, Any]]) -> None:
    """Write the heads. Errors: CommandError."""
    heads = {one["trail"]: {"lines": one["lines"], "head": one["head"]} for one in trails}
    written = {"recorded": now().isoformat(timespec="seconds"), "trails": heads}
    try:
        path.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}") from error


def _show_verified(arguments: argparse.Namespace, report: Report, console: "Console") -> None:
    for trail in report.fields["trails"]:
        flaws = trail["findings"]
        verdict = f"{len(flaws)} found" if flaws else "as it was written"
        console.print(
            f"{trail['trail']}: {trail['lines']} entries, {verdict}; head {trail['head']}",
            highlight=False,
            soft_wrap=True,
        )
        for flaw in flaws:
            console.print(
                f"  {trail['file']} line {flaw['line']}: {flaw['flaw']}: {flaw['text']}",
                highlight=False,
                soft_wrap=True,
                markup=False,
            )
    if report.fields["trails"] and not (arguments.head or arguments.recorded):
        console.print(
            "No head from elsewhere was given: that an end was cut off would not show "
            "(greffe audit verify --help)."
        )


def run_show(arguments: argparse.Namespace) -> int:
    """Print the last entries. Errors: none; they are in the report."""
    report = Report(shape=SHOWN, fields={"entries": []})
    return conclude(arguments, report, partial(_show, arguments), _show_entries)


def _show(arguments: argparse.Namespace, report: Report) -> None:
    from xds.audit.reading import UnreadableEventError, event_of  # noqa: PLC0415

    settings = settings_of(arguments.home)
    paths = [p for p in trails_of(settings) if arguments.service in (None, p.stem)]
    if not paths:
        raise CommandError(f"there is no trail {arguments.service!r} in {settings.audit_folder}")
    trace_use(settings, paths)
    for path in paths:
        for line in deque(lines_of(path), maxlen=max(arguments.last, 0)):
            try:
                event = event_of(line)
            except UnreadableEventError:
                report.fields["entries"].append({"trail": path.stem, "transaction": "(unreadable)"})
                continue
            entry = {"trail": path.stem, **_entry(event)}
            if arguments.dicom:
                entry["messages"] = _messages(event, settings)
            report.fields["entries"].append(entry)


def _entry(event: "AuditEvent") -> dict[str, Any]:
    caller = event.caller
    return {
        "instant": event.instant.isoformat(timespec="seconds"),
        "transaction": event.transaction,
        "outcome": str(event.outcome),
        "who": caller.identity if caller else event.source,
        "patients": list(event.concerned.patients),
        "documents": list(event.concerned.documents),
        "codes": list(event.codes),
        "decision": event.concerned.decision,
        "is_emergency": event.concerned.is_emergency,
        "detail": event.detail,
    }


def _messages(event: "AuditEvent", settings: "Settings") -> list[str]:
    from greffe.node.auditing import origin_of  # noqa: PLC0415 - the server's code
    from xds.audit.dicom import messages_of  # noqa: PLC0415
    from xds.audit.message import write_message  # noqa: PLC0415

    return [write_message(m).decode() for m in messages_of(event, origin_of(settings))]


def _show_entries(report: Report, console: "Console") -> None:
    entries = report.fields["entries"]
    if any("messages" in entry for entry in entries):
        for entry in entries:
            for message in entry.get("messages", ()):
                console.print(message, highlight=False, soft_wrap=True, markup=False)
        return
    headings = ("when (UTC)", "trail", "transaction", "outcome", "who", "patients", "codes")
    rows = [
        (
            entry.get("instant", "")[:19].replace("T", " "),
            entry["trail"],
            entry["transaction"],
            entry.get("outcome", ""),
            entry.get("who", "").replace("|", " "),
            " ".join(cx.partition("^")[0] for cx in entry.get("patients", ())),
            " ".join(entry.get("codes", ())),
        )
        for entry in entries
    ]
    if rows:
        console.print(table(headings, rows))
