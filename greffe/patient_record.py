"""`greffe patient show`: a patient's record as the patient may want it read out.

Spec: DMP TD1.6 (who is authorised or blocked). Shows choices and people; documents are `query`'s.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from greffe.output import Report, add_json_flag, conclude, shown_time, table
from greffe.record_home import opened_ledger, refused, settings_of
from xds.clock import now

if TYPE_CHECKING:
    from rich.console import Console

    from registry.records.model import Record

SHAPE: Final = "greffe/record/1"
STANDINGS: Final = {
    "attending": "médecin traitant",
    "authorised": "authorised",
    "representative": "legal representative",
    "blocked": "BLOCKED",
}
"""In the order in which they are shown."""


def add_to(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the action to `greffe patient`."""
    show = actions.add_parser(
        "show",
        help="the record: who may see it, what the patient chose",
        description="Prints whether the record is open, who stands how in it and until when, what "
        "the patient consents to in an emergency, and whether new documents arrive masked. Times "
        "are UTC.",
    )
    show.add_argument("cx", metavar="CX", help="the patient: identifier and authority")
    add_json_flag(show)
    show.add_argument("--home", type=Path, required=True, help="the home folder")
    show.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Show a record. Errors: none; they are in the report."""
    report = Report(
        shape=SHAPE, command="patient show", fields={"patient_id": arguments.cx, "record": None}
    )
    return conclude(arguments, report, lambda report: _read(arguments, report), _show)


def _read(arguments: argparse.Namespace, report: Report) -> None:
    from registry.records.change import known_record  # noqa: PLC0415 - the server's code
    from registry.records.changes import RecordChangeRefused  # noqa: PLC0415

    settings = settings_of(arguments.home)
    with opened_ledger(settings) as ledger:
        try:
            record = known_record(ledger, settings.policy, arguments.cx.strip())
        except RecordChangeRefused as refusal:
            raise refused(refusal) from refusal
    report.fields |= {"patient_id": record.patient_id, "record": as_json(record)}


def as_json(record: "Record") -> dict[str, Any]:
    """Return a record as docs/json.md has it."""
    return {
        "state": record.state.value,
        "since": record.since,
        "is_chosen": record.is_chosen,
        "new_documents_masked": record.masks_new,
        "emergency": {
            "regulation": record.regulation,
            "break_glass": record.break_glass,
            "masked_documents": record.masked_in_emergency,
        },
        "email": record.email,
        "language": record.language,
        "people": [
            {
                "identity": person.identity,
                "name": person.name,
                "specialty": person.specialty,
                "standing": person.standing.value,
                "is_structure": person.is_structure,
                "since": person.since,
                "until": person.until,
                "last_action": person.last_action,
            }
            for person in record.people
        ],
    }


def _show(report: Report, console: "Console") -> None:
    record = report.fields["record"]
    if record is None:
        return
    since = shown_time(record["since"])
    state = f"{record['state']} since {since}" if since else record["state"]
    emergency = record["emergency"]
    choices = (
        ("record", state if record["is_chosen"] else f"{state} (nothing was chosen yet)"),
        ("new documents", "arrive masked" if record["new_documents_masked"] else "are not masked"),
        ("medical regulation (centre 15)", _may(emergency["regulation"])),
        ("break-glass", _may(emergency["break_glass"])),
        (
            "masked documents in an emergency",
            "may be opened too" if emergency["masked_documents"] else "stay masked",
        ),
        ("told of emergencies by e-mail", record["email"] or "no address is known"),
        ("language", record["language"]),
    )
    console.print(f"record of {report.fields['patient_id']}\n", markup=False, highlight=False)
    console.print(table(("what was chosen", ""), choices))
    console.print()
    people = sorted(record["people"], key=lambda p: list(STANDINGS).index(p["standing"]))
    if not people:
        console.print("nobody is authorised, blocked or named otherwise")
        return
    console.print(
        table(("who", "name", "specialty", "stands", "since", "until"), [_row(p) for p in people])
    )


def _row(person: dict[str, Any]) -> tuple[str, ...]:
    is_over = bool(person["until"]) and person["until"] <= f"{now():%Y%m%d%H%M%S}"
    until = shown_time(person["until"])
    return (
        f"{person['identity']}{' (structure)' if person['is_structure'] else ''}",
        person["name"],
        person["specialty"],
        STANDINGS[person["standing"]],
        shown_time(person["since"]),
        f"{until} (over)" if is_over else until,
    )


def _may(is_permitted: bool) -> str:  # noqa: FBT001
    return "may open the record" if is_permitted else "may not open the record"
