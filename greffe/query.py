"""`greffe query`: asks a Registry what it holds [ITI-18].

Spec: ITI TF-2 §3.18.4.1.2.3.7 (stored queries and their parameters). A flag is one parameter;
several values of a flag mean any of them.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, Final

from greffe.client import endpoints
from greffe.client.faults import problems_of
from greffe.codes import FLAGS, read_code
from greffe.exits import CommandError, Exit
from greffe.output import Report, add_json_flag, conclude, shown_time, table
from xds.domain import AffinityDomain
from xds.metadata import vocabulary as v
from xds.metadata.attributes import Subject
from xds.metadata.author import Author
from xds.metadata.code import Code
from xds.metadata.rim import RimObject
from xds.metadata.views import (
    is_marked,
    read_association,
    read_document_entry,
    read_folder,
    read_submission_set,
)

if TYPE_CHECKING:
    from rich.console import Console

    from greffe.client.query import Query

SHAPE: Final = "greffe/query/1"
_STATUSES: Final = {
    "approved": (v.APPROVED,),
    "deprecated": (v.DEPRECATED,),
    "all": (v.APPROVED, v.DEPRECATED),
}
_CODE_PARAMETERS: Final = {
    "class-code": "$XDSDocumentEntryClassCode",
    "type-code": "$XDSDocumentEntryTypeCode",
    "practice-setting-code": "$XDSDocumentEntryPracticeSettingCode",
    "facility-type-code": "$XDSDocumentEntryHealthcareFacilityTypeCode",
    "event-code": "$XDSDocumentEntryEventCodeList",
    "confidentiality-code": "$XDSDocumentEntryConfidentialityCode",
    "format-code": "$XDSDocumentEntryFormatCode",
}
_TIME_PARAMETERS: Final = {
    "created": "$XDSDocumentEntryCreationTime",
    "service-start": "$XDSDocumentEntryServiceStartTime",
    "service-stop": "$XDSDocumentEntryServiceStopTime",
}


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "query",
        help="ask the registry what it holds",
        description="Asks with Registry Stored Query [ITI-18].",
    )
    queries = parser.add_subparsers(title="queries", metavar="QUERY", required=True)
    find = _add_query(queries, "find-documents", "the documents of a patient", _find_documents)
    find.add_argument("--patient", metavar="CX", required=True, help="'ID^^^&OID&ISO'")
    find.add_argument("--status", choices=_STATUSES, default="approved", help="default: approved")
    for flag in _CODE_PARAMETERS:
        find.add_argument(
            f"--{flag}", metavar="CODE", action="append", default=[], help=f"any of: {FLAGS[flag]}"
        )
    for flag in _TIME_PARAMETERS:
        for side, meaning in (("from", "from, inclusive"), ("to", "to, exclusive")):
            find.add_argument(f"--{flag}-{side}", metavar="DTM", help=f"{meaning}: 20260131")
    find.add_argument(
        "--author", metavar="NAME", action="append", default=[], help="author's name, %% for any"
    )
    get = _add_query(queries, "get-documents", "documents by their ids", _get_documents)
    get.add_argument("ids", nargs="+", metavar="ID", help="uniqueId, or urn:uuid:… of an entry")
    one = _add_query(
        queries, "get-submission-set", "a submission set and all it holds", _get_submission_set
    )
    one.add_argument("id", metavar="ID", help="uniqueId, or urn:uuid:…")
    everything = _add_query(queries, "get-all", "all that is registered for a patient", _get_all)
    everything.add_argument("--patient", metavar="CX", required=True, help="'ID^^^&OID&ISO'")
    everything.add_argument("--status", choices=_STATUSES, default="approved")


def run(arguments: argparse.Namespace) -> int:
    """Query. Errors: none; they are in the report."""
    report = Report(
        shape=SHAPE,
        fields={
            "query": arguments.query,
            "registry": "",
            "status": "",
            **{key: [] for key in _KEYS.values()},
            "object_refs": [],
        },
    )
    return conclude(arguments, report, lambda report: _ask(arguments, report), _show)


def _add_query(
    queries: Any, name: str, what: str, build: Callable[..., "Query"]
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = queries.add_parser(name, help=what)
    parser.add_argument("--refs", action="store_true", help="only the entryUUIDs (ObjectRef)")
    add_json_flag(parser)
    endpoints.add_arguments(parser)
    parser.set_defaults(run=run, query=name, build=build)
    return parser


def _ask(arguments: argparse.Namespace, report: Report) -> None:
    from greffe.client.query import ask  # noqa: PLC0415 - zeep, half a second

    ends = endpoints.read_endpoints(arguments)
    query = arguments.build(arguments, ends.settings.domain if ends.settings else None)
    url = ends.need("registry")
    report.fields["registry"] = url
    answer = ask(url, ends.security(getattr(arguments, "patient", "")), query)
    report.fields["status"] = answer.status.rpartition(":")[2]
    for problem in problems_of(answer.complaints):
        report.refuse(problem)
    if report.fields["status"] == "Failure":
        report.fail(Exit.REFUSED)
    for rim in answer.objects:
        if rim.tag == "ObjectRef":
            report.fields["object_refs"].append(rim.id)
        elif (subject := _subject(rim)) is not None:
            report.fields[_KEYS[subject]].append(_as_json(subject, rim))


def _find_documents(arguments: argparse.Namespace, domain: AffinityDomain | None) -> "Query":
    from greffe.client.query import FIND_DOCUMENTS, Query, literal, literals  # noqa: PLC0415

    slots: dict[str, Sequence[str]] = {
        "$XDSDocumentEntryPatientId": (literal(arguments.patient),),
        "$XDSDocumentEntryStatus": (literals(_STATUSES[arguments.status]),),
    }
    for flag, parameter in _CODE_PARAMETERS.items():
        codes = [read_code(flag, t, domain) for t in getattr(arguments, flag.replace("-", "_"))]
        if codes:
            slots[parameter] = (literals([f"{c.code}^^{c.scheme}" for c in codes]),)
    for flag, parameter in _TIME_PARAMETERS.items():
        for side in ("from", "to"):
            if dtm := getattr(arguments, f"{flag.replace('-', '_')}_{side}"):
                if not dtm.isdigit():
                    raise CommandError(f"--{flag}-{side} {dtm!r}: write digits, such as 20260131")
                slots[f"{parameter}{side.title()}"] = (dtm,)
    if arguments.author:
        slots["$XDSDocumentEntryAuthorPerson"] = (literals(arguments.author),)
    return _query(arguments, FIND_DOCUMENTS, slots, Query)


def _get_documents(arguments: argparse.Namespace, _: AffinityDomain | None) -> "Query":
    from greffe.client.query import Query, get_documents  # noqa: PLC0415

    query = get_documents(arguments.ids)
    return _query(arguments, query.query_id, query.slots, Query)


def _get_submission_set(arguments: argparse.Namespace, _: AffinityDomain | None) -> "Query":
    from greffe.client.query import (  # noqa: PLC0415
        GET_SUBMISSION_SET_AND_CONTENTS,
        Query,
        literal,
    )

    kind = "EntryUUID" if arguments.id.startswith(v.UUID_URN) else "UniqueId"
    slots = {f"$XDSSubmissionSet{kind}": (literal(arguments.id),)}
    return _query(arguments, GET_SUBMISSION_SET_AND_CONTENTS, slots, Query)


def _get_all(arguments: argparse.Namespace, _: AffinityDomain | None) -> "Query":
    from greffe.client.query import GET_ALL, Query, literal, literals  # noqa: PLC0415

    status = (literals(_STATUSES[arguments.status]),)
    slots = {
        "$patientId": (literal(arguments.patient),),
        **{f"$XDS{kind}Status": status for kind in ("DocumentEntry", "SubmissionSet", "Folder")},
    }
    return _query(arguments, GET_ALL, slots, Query)


def _query(arguments: argparse.Namespace, query_id: str, slots: Any, make: Any) -> "Query":
    made: Query = make(
        query_id=query_id,
        slots=slots,
        return_type="ObjectRef" if arguments.refs else "LeafClass",
    )
    return made


_KEYS: Final = {
    Subject.DOCUMENT_ENTRY: "documents",
    Subject.SUBMISSION_SET: "submission_sets",
    Subject.FOLDER: "folders",
    Subject.ASSOCIATION: "associations",
}
_READERS: Final[dict[Subject, Callable[[RimObject], Any]]] = {
    Subject.DOCUMENT_ENTRY: read_document_entry,
    Subject.SUBMISSION_SET: read_submission_set,
    Subject.FOLDER: read_folder,
    Subject.ASSOCIATION: read_association,
}


def _subject(rim: RimObject) -> Subject | None:
    if rim.tag == "ExtrinsicObject":
        return Subject.DOCUMENT_ENTRY
    if rim.tag == "Association":
        return Subject.ASSOCIATION
    if is_marked(rim, v.SUBMISSION_SET_NODE):
        return Subject.SUBMISSION_SET
    return Subject.FOLDER if is_marked(rim, v.FOLDER_NODE) else None


def _as_json(subject: Subject, rim: RimObject) -> dict[str, Any]:
    """Return an object's attributes under their names in snake_case, as the views have them."""
    view = _READERS[subject](rim)
    names = [f.name for f in fields(view) if f.name != "rim"]
    return {name: _plain(getattr(view, name)) for name in names}


def _plain(value: Any) -> Any:
    """Return codes and authors as objects of JSON."""
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    return asdict(value) if isinstance(value, Code | Author) else value


def _show(report: Report, console: "Console") -> None:
    found_here = report.fields
    if documents := found_here["documents"]:
        rows = [
            (
                shown_time(d["creation_time"]),
                d["title"] or "(no title)",
                _display(d["type_code"]),
                d["unique_id"],
            )
            for d in documents
        ]
        console.print(table(("created", "title", "type", "uniqueId"), rows))
    for key in ("submission_sets", "folders"):
        if found := found_here[key]:
            packages = [
                (
                    shown_time(o.get("submission_time", "") or o.get("last_update_time", "")),
                    o["title"] or "(no title)",
                    o["unique_id"],
                )
                for o in found
            ]
            console.print(table(("time", key.replace("_", " "), "uniqueId"), packages))
    if found := found_here["associations"]:
        links = [
            (a["association_type"].rpartition(":")[2], a["source"], a["target"]) for a in found
        ]
        console.print(table(("association", "source", "target"), links))
    for reference in found_here["object_refs"]:
        console.print(reference)
    if not report.errors and not any(found_here[key] for key in (*_KEYS.values(), "object_refs")):
        console.print("nothing found")


def _display(code: dict[str, str] | None) -> str:
    return (code["display"] or code["code"]) if code else ""
