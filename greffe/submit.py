"""`greffe submit`: shares documents [ITI-41].

Spec: ITI TF-2 §3.41. Each file is a submission of its own, so that one that is refused takes no
other with it; `--together` makes one submission set of all.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greffe import describing
from greffe.client import endpoints
from greffe.client.exchange import Exchange
from greffe.client.faults import FaultError, problems_of
from greffe.client.metadata import new_oid, new_uuid, write_association, write_facts
from greffe.client.provide import provide, provided_file, source_id
from greffe.exits import CommandError, Exit
from greffe.output import Report, add_json_flag, conclude, note, table, transfer
from greffe.patient import add_patient
from greffe.signing import signature_of
from xds.clock import now
from xds.metadata import vocabulary as v
from xds.metadata.attributes import Subject
from xds.metadata.rim import RimObject

if TYPE_CHECKING:
    from rich.console import Console

SHAPE = "greffe/submit/1"


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "submit",
        help="share documents",
        description="Shares files with Provide and Register [ITI-41]. The metadata of a CDA "
        "document is read from its header; other files are described by flags.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument(
        "--create-patient", action="store_true", help="make the patient known first (needs --home)"
    )
    parser.add_argument(
        "--together", action="store_true", help="one submission set of all files, not one for each"
    )
    parser.add_argument(
        "--sign",
        action="store_true",
        help="add the signature of the submission set (IHE DSG), by the home's test signer; for "
        "domains that let a signature stand for its whole set, such as dmp",
    )
    parser.add_argument("--comments", default="", metavar="TEXT", help="of the submission set")
    add_json_flag(parser)
    endpoints.add_arguments(parser)
    describing.add_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Submit. Errors: none; they are in the report."""
    report = Report(shape=SHAPE, fields={"repository": "", "submissions": []})
    return conclude(arguments, report, lambda report: _submit_all(arguments, report), _show)


def _submit_all(arguments: argparse.Namespace, report: Report) -> None:
    ends = endpoints.read_endpoints(arguments)
    domain = ends.settings.domain if ends.settings else None
    # Every file is read before anything is sent: a wrong file is found while nothing is done.
    described = [describing.describe(path, arguments, domain) for path in arguments.files]
    if arguments.unique_id and len(described) > 1:
        raise CommandError("--unique-id names one document, but there are several files")
    groups = [described] if arguments.together else [[one] for one in described]
    if arguments.together and len({one.patient_id for one in described}) > 1:
        raise CommandError("the files are about several patients. Fix: submit without --together")
    for one in described:
        for notice in one.notices:
            note(f"{one.path}: {notice}")
    report.fields["repository"] = ends.need("repository")
    if arguments.create_patient:
        if ends.settings is None:
            raise CommandError("--create-patient writes into a home's registry. Fix: add --home")
        for patient in dict.fromkeys(one.patient_id for one in described):
            add_patient(ends.settings.home, patient)
    for group in groups:
        _submit(group, ends, arguments, report)


def _submit(
    group: Sequence[describing.Described],
    ends: endpoints.Endpoints,
    arguments: argparse.Namespace,
    report: Report,
) -> None:
    """Send one submission and note what became of it."""
    unique_id = new_oid()
    entries = [_document_entry(one) for one in group]
    documents = [
        provided_file(entry.id, one.mime_type, one.path)
        for entry, one in zip(entries, group, strict=True)
    ]
    done: dict[str, Any] = {
        "unique_id": unique_id,
        "patient_id": group[0].patient_id,
        "status": "",
        "signature": None,
        "documents": [
            {
                "file": str(one.path),
                "unique_id": str(one.document["uniqueId"]),
                "entry_uuid": entry.id,
                "title": str(one.document.get("title", "")),
                "mime_type": one.mime_type,
                "size": document.size_octets,
            }
            for one, entry, document in zip(group, entries, documents, strict=True)
        ],
    }
    report.fields["submissions"].append(done)
    about = {"file": ", ".join(str(one.path) for one in group)}
    objects = _objects(group, entries, unique_id, arguments.comments)
    if arguments.sign:
        if ends.settings is None:
            raise CommandError("--sign signs with a home's key. Fix: add --home")
        signature = signature_of(group, objects[0], unique_id, ends.settings)
        objects += [signature.entry, *signature.associations]
        documents.append(signature.document)
        done["signature"] = signature.unique_id
    total = sum(d.size_octets for d in documents)
    try:
        with transfer(about["file"], total) as progress:
            answer = provide(
                Exchange(on_sent=progress),
                report.fields["repository"],
                ends.security(group[0].patient_id),
                objects,
                documents,
            )
    except FaultError as fault:
        done["status"] = "Fault"
        report.refuse(fault.problem, **about)
        return
    done["status"] = answer.status.rpartition(":")[2]
    for problem in problems_of(answer.complaints):
        report.refuse(problem, **about)
    if not answer.succeeded:
        report.fail(Exit.REFUSED)


def _document_entry(one: describing.Described) -> RimObject:
    return write_facts(Subject.DOCUMENT_ENTRY, {"entryUUID": new_uuid(), **one.document})


def _objects(
    group: Sequence[describing.Described],
    entries: Sequence[RimObject],
    unique_id: str,
    comments: str,
) -> list[RimObject]:
    """Return a submission set, its documents, and the associations that hold them together."""
    facts = {
        "entryUUID": new_uuid(),
        "uniqueId": unique_id,
        "sourceId": source_id(),
        "patientId": group[0].patient_id,
        "submissionTime": f"{now():%Y%m%d%H%M%S}",
        "comments": comments,
        **group[0].submission,
    }
    submission_set = write_facts(Subject.SUBMISSION_SET, facts)
    members = [write_association(v.HAS_MEMBER, submission_set.id, e.id) for e in entries]
    return [submission_set, *entries, *members]


def _show(report: Report, console: "Console") -> None:
    rows = [
        (
            "shared" if done["status"] == "Success" else done["status"].lower(),
            document["file"],
            document["title"],
            document["unique_id"],
        )
        for done in report.fields["submissions"]
        for document in done["documents"]
    ]
    if rows:
        console.print(table(("", "file", "title", "uniqueId"), rows))
