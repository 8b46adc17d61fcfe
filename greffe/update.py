"""`greffe update`: changes what is registered of a document [ITI-57].

Spec: XDS Metadata Update supplement §3.57; DMP transactions TD3.3a to d. A document is queried
first [ITI-18], so that the update is made of what is registered now; each is a message of its own.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dmp import visibility
from greffe.client import endpoints
from greffe.client.faults import FaultError, Problem, problems_of
from greffe.client.provide import source_id
from greffe.codes import read_code, usual_code
from greffe.exits import CommandError, Exit
from greffe.output import Report, add_json_flag, conclude, table
from xds.clock import now
from xds.metadata import vocabulary as v
from xds.metadata.code import Code
from xds.metadata.confidentiality import codes_of, without_code
from xds.metadata.rim import RimObject
from xds.metadata.views import DocumentEntry, read_document_entry

if TYPE_CHECKING:
    from rich.console import Console

SHAPE: Final = "greffe/update/1"
_UNCHANGED: Final = Problem(
    kind="error",
    code="unchanged",
    text="nothing to change: the document is so already, or is not what this change is for",
)
_CONTENT_TYPES: Final = ("35971002", "07")
_HIDDEN_FROM: Final = {
    "patient": visibility.HIDDEN_FROM_PATIENT,
    "representatives": visibility.HIDDEN_FROM_REPRESENTATIVES,
}
DESCRIPTION: Final = """\
Changes what is registered of documents, with Update Document Set [ITI-57].

A document is never edited in place. `mask`, `unmask` and `make-visible` register a new version of
its metadata, under a new entryUUID; the version before becomes Deprecated. The other changes are
of its availabilityStatus. Nothing is removed, not even by `delete`. The document itself, in its
Repository, stays as it is.
"""
EPILOG: Final = """\
mask, unmask, make-visible, archive, unarchive and delete are the French DMP's (domain dmp);
deprecate and approve are every domain's. Of two who change the same document at once one is
refused (XDSMetadataVersionError, XDSMetadataUpdateError): run the command again.

  greffe update mask 1.2.3.4 --home ./home
  greffe update make-visible --to patient 1.2.3.4 --home ./home
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visibility:
    """A change of who sees a document: one confidentiality code, added or taken away."""

    code: Callable[[argparse.Namespace], Code]
    is_added: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A change of availabilityStatus."""

    new: str
    only_from: str = ""
    """'' for whichever it is."""

    def changes(self, status: str) -> bool:
        """Return whether there is something to change."""
        return status != self.new and self.only_from in {"", status}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A row of the command: what it is called, what it does."""

    help: str
    does: Visibility | Status


CHANGES: Final[Mapping[str, Change]] = {
    "mask": Change(
        help="hide from professionals: adds MASQUE_PS",
        does=Visibility(code=lambda _: visibility.MASKED, is_added=True),
    ),
    "unmask": Change(
        help="show to professionals again: takes MASQUE_PS away",
        does=Visibility(code=lambda _: visibility.MASKED, is_added=False),
    ),
    "make-visible": Change(
        help="show to the patient, or to legal representatives",
        does=Visibility(code=lambda arguments: _HIDDEN_FROM[arguments.to], is_added=False),
    ),
    "archive": Change(help="put aside; unarchive takes it back", does=Status(new=v.ARCHIVED)),
    "unarchive": Change(
        help="take back what was archived",
        does=Status(new=v.APPROVED, only_from=v.ARCHIVED),
    ),
    "delete": Change(
        help="mark as deleted, for good; nothing is removed", does=Status(new=v.DELETED)
    ),
    "deprecate": Change(help="mark as out of date", does=Status(new=v.DEPRECATED)),
    "approve": Change(
        help="mark as in use again what was deprecated",
        does=Status(new=v.APPROVED, only_from=v.DEPRECATED),
    ),
}


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "update",
        help="change what is registered of a document",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    changes = parser.add_subparsers(title="changes", metavar="CHANGE", required=True)
    for name, change in CHANGES.items():
        one = changes.add_parser(name, help=change.help, description=f"{change.help}.")
        one.add_argument("ids", nargs="+", metavar="ID", help="uniqueId, or urn:uuid:… of an entry")
        if name == "make-visible":
            one.add_argument(
                "--to", choices=_HIDDEN_FROM, default="patient", help="default: patient"
            )
        one.add_argument("--comments", default="", metavar="TEXT", help="of the submission set")
        one.add_argument(
            "--content-type-code",
            metavar="CODE",
            help="of the submission set: CODE or CODE^SCHEME; the home's usual one otherwise",
        )
        add_json_flag(one)
        endpoints.add_arguments(one)
        one.set_defaults(run=run, change=name)


def run(arguments: argparse.Namespace) -> int:
    """Update. Errors: none; they are in the report."""
    report = Report(
        shape=SHAPE, fields={"change": arguments.change, "registry": "", "documents": []}
    )
    return conclude(arguments, report, lambda report: _update_all(arguments, report), _show)


def _update_all(arguments: argparse.Namespace, report: Report) -> None:
    ends = endpoints.read_endpoints(arguments)
    content_type = _content_type(arguments, ends)
    report.fields["registry"] = ends.need("registry")
    for identifier in arguments.ids:
        try:
            _update(identifier, arguments, ends, content_type, report)
        except FaultError as fault:
            report.refuse(fault.problem, unique_id=identifier)


def _update(
    identifier: str,
    arguments: argparse.Namespace,
    ends: endpoints.Endpoints,
    content_type: Code,
    report: Report,
) -> None:
    """Change one document and note what became of it."""
    from greffe.client.update import (  # noqa: PLC0415 - only what this command needs
        a_submission_set,
        send_update,
    )

    url = report.fields["registry"]
    found = _registered(identifier, url, ends, report)
    if found is None:
        return
    entry = read_document_entry(found)
    submission_set = a_submission_set(
        {
            "sourceId": source_id(),
            "patientId": entry.patient_id,
            "submissionTime": f"{now():%Y%m%d%H%M%S}",
            "contentTypeCode": content_type,
            "comments": arguments.comments,
        }
    )
    objects = _objects(submission_set, found, entry, arguments)
    if not objects:
        report.refuse(_UNCHANGED, unique_id=identifier)
        return
    answer = send_update(url, ends.security(entry.patient_id), objects)
    report.fields["documents"].append(
        {
            "unique_id": entry.unique_id,
            "title": entry.title,
            "entry_uuid": _entry_uuid(objects, entry) if answer.succeeded else entry.entry_uuid,
            "previous_entry_uuid": entry.entry_uuid,
            "status": answer.status.rpartition(":")[2],
        }
    )
    for problem in problems_of(answer.complaints):
        report.refuse(problem, unique_id=identifier)
    if not answer.succeeded:
        report.fail(Exit.REFUSED)


def _registered(
    identifier: str, url: str, ends: endpoints.Endpoints, report: Report
) -> RimObject | None:
    """Return the latest version of a document, or None once it is told why there is none."""
    from greffe.client.query import ask, get_documents  # noqa: PLC0415 - zeep, half a second

    answer = ask(url, ends.security(), get_documents([identifier]))
    for problem in problems_of(answer.complaints):
        report.refuse(problem, unique_id=identifier)
    found = [o for o in answer.objects if o.tag == "ExtrinsicObject"]
    if len(found) == 1:
        return found[0]
    if answer.succeeded:
        text = (
            "no document has this id, or it is the entryUUID of a version that is not the latest"
            if not found
            else f"{len(found)} entries have this uniqueId: name one of "
            + ", ".join(entry.id for entry in found)
        )
        report.refuse(Problem(kind="error", code="unknown", text=text), unique_id=identifier)
    return None


def _objects(
    submission_set: RimObject,
    found: RimObject,
    entry: DocumentEntry,
    arguments: argparse.Namespace,
) -> tuple[RimObject, ...]:
    """Return the update; () when there is nothing to change."""
    from greffe.client.update import (  # noqa: PLC0415 - only what this command needs
        new_status,
        new_version,
        with_confidentiality,
    )

    does = CHANGES[arguments.change].does
    if isinstance(does, Status):
        if not does.changes(entry.availability_status):
            return ()
        return new_status(submission_set, entry.entry_uuid, entry.availability_status, does.new)
    code = does.code(arguments)
    if ((code.code, code.scheme) in codes_of(found)) is does.is_added:
        return ()
    changed = with_confidentiality if does.is_added else without_code
    return new_version(submission_set, changed(found, code))


def _entry_uuid(objects: tuple[RimObject, ...], entry: DocumentEntry) -> str:
    """Return the entryUUID under which the document is registered after the update."""
    return next((o.id for o in objects if o.tag == "ExtrinsicObject"), entry.entry_uuid)


def _content_type(arguments: argparse.Namespace, ends: endpoints.Endpoints) -> Code:
    domain = ends.settings.domain if ends.settings else None
    if arguments.content_type_code:
        return read_code("content-type-code", arguments.content_type_code, domain)
    usual = usual_code(domain, "contentTypeCode", _CONTENT_TYPES)
    if usual is None:
        raise CommandError(
            "a submission set has a contentTypeCode, and no home's value set says the usual one. "
            "Fix: add --content-type-code CODE^SCHEME"
        )
    return usual


def _show(report: Report, console: "Console") -> None:
    rows = [
        (
            report.fields["change"] if d["status"] == "Success" else d["status"].lower(),
            d["title"] or "(no title)",
            d["unique_id"],
            d["entry_uuid"],
        )
        for d in report.fields["documents"]
    ]
    if rows:
        console.print(table(("", "title", "uniqueId", "entryUUID"), rows))
