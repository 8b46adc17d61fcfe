"""`greffe patient add|merge|list`: the patients of a home's Registry, by hand.

In real life an identity feed says who is a patient (`greffe serve --mllp-port`, or ITI-44 over
SOAP); the same rules hold here, and what is changed goes into the Registry's trail. It works on the
home's ledger beside the node that may be serving it.

Spec: ITI TF-2 §3.8.4 (what a feed may change); the CX is ITI TF-3 §4.2.3.1.7.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dmp.ins import CHECKS
from greffe import feed, patient_choices, patient_log
from greffe.exits import CommandError, Exit
from greffe.output import Report, add_json_flag, conclude, shown_time, table
from greffe.trails import operator
from xds.clock import now
from xds.settings import Settings, SettingsError, load_settings

if TYPE_CHECKING:
    from rich.console import Console

    from registry.patients.changes import Changed, PatientChange

SHAPE = "greffe/patients/1"


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "patient",
        help="patients: who is known, what they decide, who did what",
        description="Patients whom the registry does not know are refused; in real life an "
        "identity feed makes them known. What a patient decides holds at once: whether the record "
        "is open, who may see it, what is masked, what an emergency may open.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    add = actions.add_parser(
        "add",
        help="make a patient known",
        description="Makes a patient known. Doing it again changes nothing; the node may be "
        "serving meanwhile.",
    )
    add.add_argument(
        "cx",
        metavar="CX",
        help="identifier and authority, such as 'ID^^^&1.2.3&ISO'; in dmp an INS: "
        "'279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH'",
    )
    add.set_defaults(run=run)
    merge = actions.add_parser(
        "merge",
        help="two identifiers are one patient's",
        description="Gives one patient all documents of another one, whose identifier is not used "
        "any more. This cannot be undone.",
    )
    merge.add_argument("survivor", metavar="SURVIVOR", help="the identifier that stays in use")
    merge.add_argument("subsumed", metavar="SUBSUMED", help="the identifier whose use ends")
    merge.set_defaults(run=run_merge)
    known = actions.add_parser(
        "list",
        help="who is known",
        description="Lists identifiers, since when they are known, how many document entries they "
        "have, and into which identifier one was merged.",
    )
    add_json_flag(known)
    known.set_defaults(run=run_list)
    for action in (add, merge, known):
        action.add_argument("--home", type=Path, required=True, help="the home folder")
    patient_choices.add_to(actions)
    feed.add_to(actions)
    patient_log.add_to(actions)


def run(arguments: argparse.Namespace) -> int:
    """Make the patient known. Errors: CommandError."""
    is_new = add_patient(arguments.home, arguments.cx)
    print(f"{arguments.cx}: {'now known' if is_new else 'was known already'}")
    if is_new and load_settings(arguments.home).policy.records_begin_open:
        print("the record is open; nobody is authorised yet (greffe patient authorise)")
    return Exit.OK


def run_merge(arguments: argparse.Namespace) -> int:
    """Merge two patients. Errors: CommandError."""
    from registry.patients.changes import Merge  # noqa: PLC0415 - the server's code

    change = Merge(survivor=arguments.survivor.strip(), subsumed=arguments.subsumed.strip())
    changed = _change(arguments.home, change)
    print(f"{arguments.subsumed}: is now {arguments.survivor}")
    if changed.choices:
        print("of what both had chosen the stricter holds:")
    for difference in changed.choices:
        print(f"  {difference.text()}")
    return Exit.OK


def run_list(arguments: argparse.Namespace) -> int:
    """List the patients. Errors: none; they are in the report."""
    report = Report(shape=SHAPE, fields={"patients": []})
    return conclude(arguments, report, lambda report: _list(arguments, report), _show)


def add_patient(home: Path, cx: str) -> bool:
    """Make a patient known to a home's Registry; returns whether it was not yet.

    Errors: CommandError.
    """
    from registry.patients.changes import Add  # noqa: PLC0415 - the server's code

    return _change(home, Add(patient_id=cx.strip())).is_new


def _change(home: Path, change: "PatientChange") -> "Changed":
    """Make a change, trace it, tell warnings. Errors: CommandError."""
    from registry.patients.change import Patients  # noqa: PLC0415 - the server's code
    from registry.patients.changes import PatientChangeRefused  # noqa: PLC0415

    instant = now()
    with _opened(home) as (settings, ledger):
        patients = Patients(ledger=ledger, domain=settings.domain, identifier_checks=CHECKS)
        try:
            changed = patients.change(change, instant=instant)
        except PatientChangeRefused as refusal:
            errors = [fault.text() for fault in refusal.faults if fault.is_error]
            raise CommandError(" ".join(errors)) from refusal
        _trace(settings, change, instant, changed.choices_told)
    for fault in changed.warnings:
        sys.stderr.write(f"greffe patient: warning: {fault.text()}\n")
    return changed


def _trace(settings: Settings, change: "PatientChange", instant: Any, detail: str) -> None:
    """Write what was done into the Registry's trail. Errors: CommandError."""
    from registry.patients.rules import patient_parts  # noqa: PLC0415 - the server's code
    from xds.audit.event import AuditEvent, Concerned, Outcome  # noqa: PLC0415
    from xds.audit.trail import Trail  # noqa: PLC0415

    parts = patient_parts(change)
    event = AuditEvent(
        instant=instant,
        transaction=f"greffe patient {type(change).__name__.lower()}",
        outcome=Outcome.SUCCESS,
        message_id="",
        peer="",
        caller=None,
        concerned=Concerned(
            patients=tuple(cx for _, cx in parts), patient_roles=tuple(str(p) for p, _ in parts)
        ),
        action="C" if len(parts) == 1 else "U",
        source=f"command line|{operator()}",
        detail=detail,
        service="registry",
        process=os.getpid(),
    )
    try:
        trail = Trail(settings.audit_folder / "registry.jsonl")
        trail.record(event)
        trail.close()
    except OSError as error:
        raise CommandError(
            f"the change is made, but the trail cannot be written: {error}"
        ) from error


def _list(arguments: argparse.Namespace, report: Report) -> None:
    with _opened(arguments.home) as (_, ledger):
        report.fields["patients"] = [
            {
                "patient_id": patient.patient_id,
                "known_since": patient.known_since,
                "merged_into": patient.merged_into,
                "documents": patient.documents,
            }
            for patient in ledger.patients()
        ]


def _show(report: Report, console: "Console") -> None:
    rows = [
        (p["patient_id"], shown_time(p["known_since"]), str(p["documents"]), p["merged_into"])
        for p in report.fields["patients"]
    ]
    if rows:
        console.print(table(("patient", "known since", "documents", "merged into"), rows))
    elif not report.errors:
        console.print("no patient is known")


@contextmanager
def _opened(home: Path) -> Iterator[tuple[Settings, Any]]:
    """Open the ledger of a home. Errors: CommandError."""
    from greffe.node.opening import ledger_of  # noqa: PLC0415 - the server's code

    try:
        settings = load_settings(home)
    except SettingsError as error:
        raise CommandError(str(error)) from error
    with ledger_of(settings) as ledger:
        yield settings, ledger
