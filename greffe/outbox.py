"""`greffe outbox list|retry`: the letters that tell patients of accesses in an emergency.

It works on the home's ledger beside the node that may be serving it, whose sender takes up what is
queued again within half a minute.

Spec: none; what becomes of a letter is in `registry.telling.sender`.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from greffe.exits import CommandError, Exit
from greffe.output import Report, add_json_flag, conclude, shown_time, table
from xds.clock import now
from xds.settings import Settings, SettingsError, load_settings

if TYPE_CHECKING:
    from rich.console import Console

    from registry.ledger.letters import Queued
    from registry.ledger.sql import SqlLedger

SHAPE: Final = "greffe/outbox/1"
HEADINGS: Final = ("letter", "access", "patient", "address", "state", "tries", "next", "problem")


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "outbox",
        help="the letters that tell patients of accesses in an emergency",
        description="A patient who has an address (`greffe patient contact`) is told by mail of "
        "each access in an emergency, if greffe.toml names a mail server ([mail]). What is queued "
        "is sent by the running registry.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listed = actions.add_parser(
        "list",
        help="what waits, and what could not be sent",
        description="Lists letters that are not sent: queued (tried again by itself), claimed or "
        "handed (being sent), failed (the mail server refused it for good, or the address is none; "
        "see `retry`). `doubts` counts tries after which nobody knows whether the server took the "
        "letter: the patient may have got it more than once.",
    )
    listed.add_argument("--all", action="store_true", help="also what was sent in the last 30 days")
    listed.set_defaults(run=run_list)
    retry = actions.add_parser(
        "retry",
        help="queue failed letters again",
        description="Queues failed letters again, to the address that the patient's record has "
        "now. Correct a wrong address first: `greffe patient contact`.",
    )
    retry.add_argument(
        "letters", nargs="*", metavar="LETTER", help="as `list` shows it; all that failed if none"
    )
    retry.set_defaults(run=run_retry)
    for action in (listed, retry):
        action.add_argument("--home", type=Path, required=True, help="the home folder")
        add_json_flag(action)


def run_list(arguments: argparse.Namespace) -> int:
    """List the letters. Errors: none; they are in the report."""
    return _with_ledger(arguments, _list)


def run_retry(arguments: argparse.Namespace) -> int:
    """Queue failed letters again. Errors: none; they are in the report."""
    return _with_ledger(arguments, _retry)


def _with_ledger(arguments: argparse.Namespace, work: Any) -> int:
    def opened(report: Report) -> None:
        from greffe.node.opening import ledger_of  # noqa: PLC0415 - the server's code

        settings = _settings(arguments.home)
        with ledger_of(settings) as ledger:
            work(arguments, settings, ledger, report)

    return conclude(arguments, Report(shape=SHAPE, fields={"letters": []}), opened, _show)


def _settings(home: Path) -> Settings:
    try:
        return load_settings(home)
    except SettingsError as error:
        raise CommandError(str(error)) from error


def _list(arguments: argparse.Namespace, _: Settings, ledger: "SqlLedger", report: Report) -> None:
    from registry.ledger.letters import State  # noqa: PLC0415 - the server's code

    hidden = () if arguments.all else (State.SENT,)
    found = ledger.letters.all(state for state in State if state not in hidden)
    report.fields["letters"] = [_as_json(queued) for queued in found]


def _retry(
    arguments: argparse.Namespace, settings: Settings, ledger: "SqlLedger", report: Report
) -> None:
    from registry.ledger.letters import State  # noqa: PLC0415 - the server's code

    failed = {q.letter.reference: q for q in ledger.letters.all((State.FAILED,))}
    wanted = [name.upper() for name in arguments.letters] or list(failed)
    patients = {q.letter.patient_id for q in failed.values()}
    records = ledger.read(lambda reader: reader.records(patients))
    again: set[str] = set()
    for name in wanted:
        queued = failed.get(name)
        record = records.get(queued.letter.patient_id) if queued else None
        if queued is None:
            report.stop(CommandError(f"no failed letter is named {name}"))
        elif record is None or not record.email:
            report.stop(
                CommandError(
                    f"letter {name}: the record has no address any more. Fix: leave it, or give "
                    "one with `greffe patient contact`"
                )
            )
        elif ledger.letters.retry(queued.letter.message_id, f"{now():%Y%m%d%H%M%S}", record.email):
            again.add(name)
    report.fields["letters"] = [
        _as_json(q) for q in ledger.letters.all() if q.letter.reference in again
    ]
    if again and not settings.mail_host:
        report.stop(CommandError("no mail server is named. Fix: set [mail] host in greffe.toml"))


def _as_json(queued: "Queued") -> dict[str, Any]:
    letter = queued.letter
    return {
        "letter": letter.reference,
        "message_id": letter.message_id,
        "patient_id": letter.patient_id,
        "address": letter.address,
        "language": letter.language,
        "access": letter.instant,
        "mode": str(letter.mode),
        "state": str(queued.state),
        "tries": queued.tries,
        "doubts": queued.doubts,
        "due": queued.due,
        "changed": queued.changed,
        "problem": queued.problem,
    }


def _show(report: Report, console: "Console") -> None:
    rows = [
        (
            letter["letter"],
            shown_time(letter["access"]),
            letter["patient_id"],
            letter["address"],
            letter["state"] + (f" ({letter['doubts']} in doubt)" if letter["doubts"] else ""),
            str(letter["tries"]),
            shown_time(letter["due"]) if letter["state"] == "queued" else "",
            letter["problem"],
        )
        for letter in report.fields["letters"]
    ]
    if rows:
        console.print(table(HEADINGS, rows))
    elif report.exit_code is Exit.OK:
        console.print("no letter waits")
