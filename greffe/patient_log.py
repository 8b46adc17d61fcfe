"""`greffe patient log CX`: who did what in a patient's record, when, why, in an emergency or not.

It reads both trails of a home, and names documents by the titles that the ledger has. Documents
that are not yet visible to the patient are left out, with the deeds that are about nothing else:
the log is for the patient. That the log was read is traced before it is shown.

Spec: none of IHE's; issue of the French record: the history of accesses that the patient reads.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from lxml import etree
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from greffe import patient_words as words
from greffe.choice_words import chosen
from greffe.exits import CommandError
from greffe.output import Report, add_json_flag, conclude
from greffe.patient_words import LANGUAGES, Language, word
from greffe.trails import lines_of, settings_of, trace_use, trails_of
from xds.metadata.hl7v2 import cx_key, parse_cx
from xds.namespaces import RIM

if TYPE_CHECKING:
    from rich.console import Console

    from xds.audit.event import AuditEvent
    from xds.audit.personal import Entry
    from xds.security.caller import Caller
    from xds.settings import Settings

SHAPE: Final = "greffe/patient-log/1"
FRENCH_DOMAIN: Final = "dmp"
TABLE_COLUMNS: Final = 110
"""On a narrower terminal there is no table."""
DOCUMENT_TRANSACTIONS: Final = (b'"transaction":"ITI-43"', b'"transaction":"ITI-86"')
"""Lines that may be about a patient without naming one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A patient, as the ledger knows it."""

    identifiers: tuple[str, ...]
    """The one in use first, then those that were merged into it."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """By uniqueId."""
    hidden: frozenset[str] = frozenset()
    """uniqueIds of documents that the patient may not see yet."""


def add_to(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the action to `greffe patient`."""
    log = actions.add_parser(
        "log",
        help="who did what in a patient's record, and why",
        description="Prints the patient's own log from both trails, newest first: when, who, for "
        "which structure, what was done to which documents, why, and whether it was an emergency. "
        "Refused attempts are in it. Documents that are not yet visible to the patient are left "
        "out. That the log was read is an entry of the trail, too.",
    )
    log.add_argument("cx", metavar="CX", help="identifier and authority of the patient")
    log.add_argument("--home", type=Path, required=True, help="the home folder")
    log.add_argument(
        "--lang", choices=LANGUAGES, help="language of the words (fr in the domain dmp, else en)"
    )
    log.add_argument("--last", type=int, default=0, metavar="N", help="at most so many (all)")
    log.add_argument(
        "--all",
        action="store_true",
        help="for the operator: also what is about documents that the patient may not see yet",
    )
    add_json_flag(log)
    log.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the log. Errors: none; they are in the report."""
    report = Report(shape=SHAPE, fields={"patient_id": arguments.cx, "language": "", "entries": []})
    return conclude(arguments, report, partial(_collect, arguments), _show)


def _collect(arguments: argparse.Namespace, report: Report) -> None:
    from xds.audit.personal import log_of  # noqa: PLC0415 - the server's code

    settings = settings_of(arguments.home)
    paths = trails_of(settings)
    is_french = settings.domain.name == FRENCH_DOMAIN
    language: Language = arguments.lang or ("fr" if is_french else "en")
    subject = _subject(settings, arguments.cx.strip())
    trace_use(settings, paths[:1], subject.identifiers[:1])
    events = list(_events(paths, subject))
    entries = log_of(subject.identifiers, events)
    hidden = frozenset() if arguments.all else subject.hidden
    shown = [_shown(e, subject, hidden, language) for e in entries if not _is_hidden(e, hidden)]
    report.fields["language"] = language
    report.fields["entries"] = shown[: arguments.last or None]


def _subject(settings: "Settings", cx: str) -> Subject:
    """Return the patient whom the ledger knows under this identifier. Errors: CommandError."""
    from greffe.node.opening import ledger_of  # noqa: PLC0415 - the server's code
    from registry.access.facts import read_facts  # noqa: PLC0415
    from registry.ledger.api import Columns, Kind, Select  # noqa: PLC0415
    from xds.access.model import Mark  # noqa: PLC0415

    key = cx_key(cx)
    with ledger_of(settings) as ledger:
        merged = {p.patient_id: p.merged_into for p in ledger.patients()}
        if key not in merged:
            raise CommandError(
                f"{cx}: the registry knows no such patient. Fix: correct the identifier "
                "(greffe patient list)"
            )
        survivor = _end(key, merged)
        mine = Select(
            kind=Kind.DOCUMENT_ENTRY, where=(Columns(column="patient_id", values=(survivor,)),)
        )
        found = ledger.read(lambda reader: reader.select(mine))
    # In the order of registration: the last version of a document is the one that counts.
    marks = {f.unique_id: read_facts(f.access, f.status).marks for f in found}
    return Subject(
        identifiers=(
            survivor,
            *(p for p in merged if p != survivor and _end(p, merged) == survivor),
        ),
        titles={f.unique_id: _title(f.fragment) for f in found},
        hidden=frozenset(d for d, m in marks.items() if Mark.HIDDEN_FROM_PATIENT in m),
    )


def _end(patient: str, merged: Mapping[str, str]) -> str:
    """Return the identifier in use that a chain of merges ends at."""
    seen = set[str]()
    while merged.get(patient) and patient not in seen:
        seen.add(patient)
        patient = merged[patient]
    return patient


def _title(fragment: bytes) -> str:
    wrapped = b'<x xmlns:rim="%s">%s</x>' % (RIM.encode(), fragment)
    named = etree.fromstring(wrapped).find(
        f"./{{{RIM}}}ExtrinsicObject/{{{RIM}}}Name/{{{RIM}}}LocalizedString"
    )
    return "" if named is None else named.get("value", "")


def _events(paths: list[Path], subject: Subject) -> Iterator["AuditEvent"]:
    """Yield the events that may be about the patient. Errors: CommandError."""
    from xds.audit.reading import UnreadableEventError, event_of  # noqa: PLC0415

    numbers = [parse_cx(identifier).id_number for identifier in subject.identifiers]
    # As they stand in a line; a line without any of these is not read.
    needles = tuple(json.dumps(n)[1:-1].encode("ascii") for n in numbers)
    for line in chain.from_iterable(map(lines_of, paths)):
        if any(n in line for n in needles) or any(t in line for t in DOCUMENT_TRANSACTIONS):
            try:
                yield event_of(line)
            except UnreadableEventError:
                continue  # `greffe audit verify` says where


def _is_hidden(entry: "Entry", hidden: frozenset[str]) -> bool:
    named = {*entry.documents, *entry.refused}
    return bool(named) and named <= hidden


def _shown(
    entry: "Entry", subject: Subject, hidden: frozenset[str], language: Language
) -> dict[str, Any]:
    event, caller = entry.event, entry.event.caller
    code = caller.purpose_of_use if caller else None
    return {
        "instant": event.instant.isoformat(timespec="seconds"),
        "who": _who(event, caller, language),
        "identity": caller.identity if caller else "",
        "name": caller.name if caller else "",
        "roles": [r.display_name or r.code for r in caller.roles] if caller else [],
        "structure": caller.structure if caller else "",
        "deed": str(entry.deed),
        "what": words.what(entry.deed, language, is_refused=entry.is_refused),
        "is_refused": entry.is_refused,
        "documents": [
            {"unique_id": d, "title": subject.titles.get(d, ""), "is_refused": is_refused}
            for documents, is_refused in ((entry.documents, False), (entry.refused, True))
            for d in documents
            if d not in hidden
        ],
        "purpose": code.code if code else "",
        "why": words.purpose(code.code, code.display_name, language) if code else "",
        "emergency_reason": caller.emergency_reason if caller else "",
        "is_emergency": entry.is_emergency,
        "detail": event.detail if entry.deed in words.TOLD and not entry.is_refused else "",
        "transaction": event.transaction,
        "decision": event.concerned.decision,
    }


def _who(event: "AuditEvent", caller: "Caller | None", language: Language) -> str:
    """Return who it was, as a person would say it."""
    if caller is not None:
        role = next((words.profession(r, language) for r in caller.roles), "")
        named = caller.name or caller.identity
        return f"{named} ({role})" if role else named
    if event.source.startswith("command line"):
        operator = event.source.partition("|")[2]
        administration = word(words.COMMAND_LINE, language)
        return f"{administration} ({operator})" if operator else administration
    return event.source or word(words.SYSTEM, language)


def _show(report: Report, console: "Console") -> None:
    language = cast("Language", report.fields["language"])
    entries = report.fields["entries"]
    if not entries:
        if not report.errors:
            console.print(word(words.NOTHING, language))
        return
    if console.width < TABLE_COLUMNS:
        for entry in entries:
            _show_block(entry, language, console)
        return
    made = Table(box=None, pad_edge=False)
    for number, heading in enumerate(words.HEADINGS):
        made.add_column(
            word(heading, language), overflow="fold", no_wrap=number == 0, header_style="bold"
        )
    for entry in entries:
        made.add_row(*_row(entry, language), style="bold red" if entry["is_emergency"] else "")
    console.print(made)


def _show_block(entry: Mapping[str, Any], language: Language, console: "Console") -> None:
    """Show a deed as a few lines, where a table would break its words."""
    when, who, structure, what, documents, why = map(str, _row(entry, language))
    person = ", ".join(filter(None, (*who.splitlines(), structure)))
    style = "bold red" if entry["is_emergency"] else ""
    console.print(Text(f"{when}  {person}", style=style or "bold"), soft_wrap=True)
    for text in filter(None, (what, documents, why)):
        console.print(Padding(Text(text, style=style), (0, 0, 0, 4)))


def _row(entry: Mapping[str, Any], language: Language) -> tuple[Text, ...]:
    instant = datetime.fromisoformat(entry["instant"]).astimezone()
    marks = [word(words.EMERGENCY, language)] if entry["is_emergency"] else []
    why = " · ".join(filter(None, (*marks, entry["why"], entry["emergency_reason"])))
    what = "\n".join(filter(None, (entry["what"], *_details(entry, language))))
    identity = entry["identity"] if entry["name"] else ""
    cells = (
        f"{instant:%Y-%m-%d %H:%M}",
        "\n".join(filter(None, (entry["who"], identity))),
        entry["structure"],
        what,
        "\n".join(_document(d, language) for d in entry["documents"]),
        why,
    )
    return tuple(Text(cell) for cell in cells)


def _details(entry: Mapping[str, Any], language: Language) -> list[str]:
    return [f"- {line}" for line in chosen(entry["detail"], language).splitlines()]


def _document(document: Mapping[str, Any], language: Language) -> str:
    name = document["title"] or document["unique_id"]
    refused = word(words.REFUSED_DOCUMENT, language)
    return f"{name} ({refused})" if document["is_refused"] else name
