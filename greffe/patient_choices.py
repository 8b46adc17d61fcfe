"""`greffe patient open|close|authorise|…`: what a patient decides about the record, by hand.

A table of choices: what each is called, what it takes, what it means for the people concerned. The
rules are the Registry's (`registry.records`). Every choice goes into the Registry's trail and works
on the home's ledger beside the node that may be serving it, for all its processes at once.

Spec: none of IHE's; DMP transactions TD0.3, TD1.1, TD1.2, TD1.4, TD1.6 and what Mon espace santé
lets a patient choose.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from greffe import patient_documents, patient_record
from greffe.exits import CommandError
from greffe.output import Report, conclude
from greffe.record_home import chosen_by, opened_records, refused, untraced
from greffe.record_told import EPILOG, a_report, add_common, show
from xds.clock import now

if TYPE_CHECKING:
    from registry.records.change import RecordChanged
    from registry.records.changes import RecordChange

YES: Final = {"yes": True, "no": False}
ON: Final = {"on": True, "off": False}
WHO: Final = (
    "the national id as assertions have it: 8 and RPPS such as 899900000001; of a structure "
    "FINESS and the like"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One choice: a row of the command."""

    help: str
    meaning: str
    """For whom it means what, in the patient's terms; `{who}` is the person named."""
    arguments: tuple[str, ...] = ()
    """Keys of `ARGUMENTS`."""
    make: Callable[[Any, argparse.Namespace], "RecordChange"]
    """From `registry.records.changes` and the command line."""


ARGUMENTS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "who": ("who", {"metavar": "ID", "help": WHO}),
    "structure": (
        "--structure",
        {"action": "store_true", "help": "ID is a structure's: everybody who works there is meant"},
    ),
    "name": ("--name", {"default": "", "help": "as the patient knows them, for the list"}),
    "specialty": (
        "--specialty",
        {"default": "", "metavar": "CODES", "help": "for the list, such as G15_10/SM26"},
    ),
    "until": (
        "--until",
        {
            "default": "",
            "metavar": "DATE",
            "help": "2027-01-31 (that day included), or 2027-01-31T12:00 in UTC; default: no end",
        },
    ),
    "end": (
        "--end",
        {"action": "store_true", "help": "the person is a representative no more"},
    ),
    "on": ("on", {"choices": tuple(ON)}),
    "regulation": (
        "--regulation",
        {"choices": tuple(YES), "help": "medical regulation, that is SAMU and centre 15"},
    ),
    "break_glass": (
        "--break-glass",
        {"choices": tuple(YES), "help": "any professional who breaks the glass and says why"},
    ),
    "masked": (
        "--masked",
        {
            "choices": tuple(YES),
            "help": "masked documents as well, in those emergencies; needs one of the other two",
        },
    ),
    "email": ("--email", {"metavar": "ADDRESS", "help": "'' for none"}),
    "language": ("--language", {"metavar": "CODE", "help": "fr or en"}),
}

CHOICES: Final[Mapping[str, Choice]] = {
    "open": Choice(
        help="the record is used, or used again",
        meaning="Whoever was authorised sees the record again; all choices are as they were when "
        "it was closed. In the French domain a record is open until the patient closes it.",
        make=lambda changes, _: changes.Open(),
    ),
    "close": Choice(
        help="the record is not used any more",
        meaning="Nobody sees the record and nobody adds to it, not even in an emergency. Nothing "
        "is destroyed: opening it again brings everything back, with all choices.",
        make=lambda changes, _: changes.Close(),
    ),
    "authorise": Choice(
        help="a professional may see the record",
        meaning="{who} sees the record: all that the profession may see, without what is masked. "
        "Everybody else sees no more than before.",
        arguments=("who", "until", "structure", "name", "specialty"),
        make=lambda changes, a: changes.Authorise(
            identity=a.who,
            until=_time(a.until),
            is_structure=a.structure,
            name=a.name,
            specialty=a.specialty,
        ),
    ),
    "withdraw": Choice(
        help="a professional may see the record no more",
        meaning="{who} does not see the record any more, except in an emergency to which the "
        "patient consents, and except for documents of their own.",
        arguments=("who",),
        make=lambda changes, a: changes.Withdraw(identity=a.who),
    ),
    "block": Choice(
        help="a professional never sees the record",
        meaning="{who} never sees anything of the record, not even in an emergency and not even "
        "documents of their own; an authorisation ends. They may still add documents.",
        arguments=("who", "structure", "name", "specialty"),
        make=lambda changes, a: changes.Block(
            identity=a.who, is_structure=a.structure, name=a.name, specialty=a.specialty
        ),
    ),
    "unblock": Choice(
        help="lift a block",
        meaning="{who} is like anybody else again: not authorised, unless authorised anew.",
        arguments=("who",),
        make=lambda changes, a: changes.Unblock(identity=a.who),
    ),
    "attending": Choice(
        help="a doctor is médecin traitant",
        meaning="{who} administers the record for the patient: sees it without further "
        "authorisation, masked documents as well, and may unmask. It has an effect for doctors "
        "only.",
        arguments=("who", "name", "specialty"),
        make=lambda changes, a: changes.Attending(
            identity=a.who, name=a.name, specialty=a.specialty
        ),
    ),
    "resign": Choice(
        help="a doctor is médecin traitant no more",
        meaning="{who} sees masked documents no more; an authorisation of its own, if there is "
        "one, stays.",
        arguments=("who",),
        make=lambda changes, a: changes.Resign(identity=a.who),
    ),
    "represent": Choice(
        help="a person is a legal representative (or, with --end, is one no more)",
        meaning="{who} sees and decides in the patient's place, except for documents that are "
        "not for representatives; with --end that is over.",
        arguments=("who", "end", "name"),
        make=lambda changes, a: (
            changes.Unrepresent(identity=a.who)
            if a.end
            else changes.Represent(identity=a.who, name=a.name)
        ),
    ),
    "mask-new": Choice(
        help="whether every new document arrives masked",
        meaning="With `on`, documents that arrive from now on are seen by the patient, their "
        "author and the médecin traitant only, until they are unmasked. Documents that are there "
        "already stay as they are.",
        arguments=("on",),
        make=lambda changes, a: changes.MaskNew(on=ON[a.on]),
    ),
    "consent": Choice(
        help="who may open the record in an emergency",
        meaning="In an emergency, professionals to whom the patient said yes see the record "
        "without being authorised, and the patient is told. Who is blocked stays blocked. Without "
        "any of the two first consents the third ends as well.",
        arguments=("regulation", "break_glass", "masked"),
        make=lambda changes, a: changes.Consent(
            regulation=YES.get(a.regulation),
            break_glass=YES.get(a.break_glass),
            masked=YES.get(a.masked),
        ),
    ),
    "contact": Choice(
        help="where the patient is told of emergencies",
        meaning="The patient gets an e-mail when an emergency opens the record; it names no "
        "document and nothing medical. Without an address the record's own log says it.",
        arguments=("email", "language"),
        make=lambda changes, a: changes.Contact(email=a.email, language=a.language),
    ),
}


def add_to(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the choices to `greffe patient`."""
    for name, choice in CHOICES.items():
        one = actions.add_parser(
            name,
            help=choice.help,
            description=choice.meaning.format(who="The person named"),
            epilog=EPILOG,
        )
        one.add_argument("cx", metavar="CX", help="the patient: identifier and authority")
        for key in choice.arguments:
            flag, known = ARGUMENTS[key]
            one.add_argument(flag, **known)
        add_common(one)
        one.set_defaults(run=run, choice=name)
    patient_documents.add_to(actions)
    patient_record.add_to(actions)


def run(arguments: argparse.Namespace) -> int:
    """Make a choice. Errors: none; they are in the report."""
    report = a_report(arguments)
    return conclude(arguments, report, lambda report: _choose(arguments, report), show)


def _choose(arguments: argparse.Namespace, report: Report) -> None:
    from registry.records import changes  # noqa: PLC0415 - the server's code

    choice = CHOICES[arguments.choice]
    change = choice.make(changes, arguments)
    with opened_records(arguments.home) as records:
        try:
            done = _made(records, arguments, change)
        except changes.RecordChangeRefused as refusal:
            raise refused(refusal) from refusal
        except OSError as error:
            raise untraced(error) from error
    report.fields |= {
        "patient_id": done.after.patient_id,
        "changed": bool(done.differences) and not arguments.dry_run,
        "meaning": choice.meaning.format(who=_who(arguments)),
        "differences": [
            {"what": d.what, "who": d.who, "before": d.before, "after": d.after}
            for d in done.differences
        ],
    }


def _made(records: Any, arguments: argparse.Namespace, change: "RecordChange") -> "RecordChanged":
    made: RecordChanged
    if arguments.dry_run:
        made = records.rehearse(arguments.cx.strip(), change, instant=now())
        return made
    made = records.change(arguments.cx.strip(), change, instant=now(), by=chosen_by())
    return made


def _who(arguments: argparse.Namespace) -> str:
    who = getattr(arguments, "who", "")
    name = getattr(arguments, "name", "")
    if getattr(arguments, "structure", False):
        return f"Everybody of {name or 'structure'} {who}".rstrip()
    return f"{name} ({who})" if name else str(who)


def _time(text: str) -> str:
    """Return the DTM of a date or time of the command line. Errors: CommandError."""
    if not text:
        return ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(
            f"--until: {text!r} is no date. Expected: 2027-01-31, or 2027-01-31T12:00 in UTC. "
            "Fix: write it so"
        ) from error
    if len(text) == len("YYYY-MM-DD"):
        moment += timedelta(days=1)  # the day itself is included
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return f"{aware:%Y%m%d%H%M%S}"
