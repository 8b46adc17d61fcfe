"""`greffe remove metadata|documents`: for good, from a Registry [ITI-62] or a Repository [ITI-86].

Spec: IHE ITI supplement Remove Metadata and Documents (RMD), §3.62, §3.86. What must go with an
object is found by asking the Registry [ITI-18]; `--dry-run` shows it and removes nothing.
"""

import argparse
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from greffe.client import endpoints
from greffe.client.exchange import Exchange
from greffe.client.faults import Problem, problems_of
from greffe.client.remove import NAMED, closure, fates, remove_documents, remove_metadata
from greffe.client.retrieve import Wanted
from greffe.exits import Exit
from greffe.output import Report, add_json_flag, conclude, note, table
from xds.metadata import vocabulary as v
from xds.metadata.rim import RimObject
from xds.metadata.views import (
    Association,
    read_association,
    read_document_entry,
    read_folder,
    read_submission_set,
)

if TYPE_CHECKING:
    from rich.console import Console

    from xds.ebrim.response import RegistryAnswer

SHAPE: Final = "greffe/remove/1"
AT_ONCE: Final = 200
"""entryUUIDs in one query."""
DOCUMENT, FOLDER, SET, LINK = "document", "folder", "submission set", "association"
METADATA_HELP: Final = """\
Removes objects of the registry's metadata for good [ITI-62]. A registry keeps no object that points
at nothing, and none that nothing holds: so the associations of what is named go too, and with a
submission's last document the submission set. --dry-run shows all that would go; look first.

  greffe remove metadata 1.2.3 --home ./home --dry-run

The documents themselves are the repository's: remove them before their metadata, which says where
they are.
"""
DOCUMENTS_HELP: Final = """\
Has the repository destroy documents [ITI-86]; nobody can retrieve them afterwards. Their metadata
stays in the registry and still says that they exist: remove it next.

  greffe remove documents 1.2.3 --home ./home
  greffe remove metadata 1.2.3 --home ./home --dry-run
"""


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "remove",
        help="remove documents or metadata for good",
        description="Removes documents from the repository [ITI-86] or metadata from the registry "
        "[ITI-62]. Neither can be undone.",
    )
    kinds = parser.add_subparsers(title="what", metavar="WHAT", required=True)
    metadata = _add(kinds, "metadata", "objects, and what hangs on them", METADATA_HELP)
    metadata.add_argument("ids", nargs="+", metavar="ID", help="uniqueId, or urn:uuid:…")
    metadata.set_defaults(run=run_metadata)
    documents = _add(kinds, "documents", "the documents themselves", DOCUMENTS_HELP)
    documents.add_argument("ids", nargs="+", metavar="UNIQUE_ID")
    documents.add_argument(
        "--repository-unique-id",
        metavar="OID",
        default="",
        help="when no registry is asked (else it says where a document is)",
    )
    documents.set_defaults(run=run_documents)
    for one in (metadata, documents):
        one.add_argument("--dry-run", action="store_true", help="show it, remove nothing")
        add_json_flag(one)
        endpoints.add_arguments(one)


def run_metadata(arguments: argparse.Namespace) -> int:
    """Remove metadata. Errors: none; they are in the report."""
    return conclude(arguments, _report(arguments), lambda r: _metadata(arguments, r), _show)


def run_documents(arguments: argparse.Namespace) -> int:
    """Remove documents. Errors: none; they are in the report."""
    return conclude(arguments, _report(arguments), lambda r: _documents(arguments, r), _show)


def _add(kinds: Any, name: str, what: str, description: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = kinds.add_parser(
        name,
        help=what,
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser


def _report(arguments: argparse.Namespace) -> Report:
    fields: dict[str, Any] = {"registry": "", "repository": "", "dry_run": arguments.dry_run}
    return Report(shape=SHAPE, fields={**fields, "status": "", "objects": [], "documents": []})


def _metadata(arguments: argparse.Namespace, report: Report) -> None:
    ends = endpoints.read_endpoints(arguments)
    url = report.fields["registry"] = ends.need("registry")
    asking = _Asking(url, ends, report)
    named = asking.named(list(dict.fromkeys(arguments.ids)))
    if _is_refused(report):
        return  # what is not known, or was refused, is told; nothing is removed
    going = closure(named, asking.touching)
    known = asking.shown(going)
    if _is_refused(report):
        return
    report.fields["objects"] = [
        {"entry_uuid": one, "because": why, **known[one]} for one, why in going.items()
    ]
    if not arguments.dry_run:
        answer = remove_metadata(Exchange(), url, ends.security(), list(going))
        _tell(answer, report)


def _documents(arguments: argparse.Namespace, report: Report) -> None:
    ends = endpoints.read_endpoints(arguments)
    unwanted = list(_unwanted(list(dict.fromkeys(arguments.ids)), arguments, ends, report))
    if _is_refused(report):
        return
    url = report.fields["repository"] = ends.need("repository")
    report.fields["documents"] = shown = [
        {"unique_id": u.unique_id, "repository_unique_id": u.repository_unique_id, "removed": False}
        for u in unwanted
    ]
    if arguments.dry_run:
        return
    answer = remove_documents(Exchange(), url, ends.security(), unwanted)
    for one, fate in zip(shown, fates([u.unique_id for u in unwanted], answer), strict=True):
        one["removed"] = fate.is_removed
    _tell(answer, report)
    if report.fields["status"] == "Success":
        note("their metadata is still registered; see: greffe remove metadata --help")


def _unwanted(
    unique_ids: list[str],
    arguments: argparse.Namespace,
    ends: endpoints.Endpoints,
    report: Report,
) -> Iterator[Wanted]:
    """Yield each document with where it is; one that the Registry does not know is reported."""
    if arguments.repository_unique_id:
        for one in unique_ids:
            yield Wanted(unique_id=one, repository_unique_id=arguments.repository_unique_id)
        return
    from greffe.client.query import ask_for_documents  # noqa: PLC0415 - zeep, half a second

    url = report.fields["registry"] = ends.need("registry")
    answer = ask_for_documents(url, ends.security(), unique_ids)
    _problems(answer, report)
    entries = [read_document_entry(o) for o in answer.objects if o.tag == "ExtrinsicObject"]
    by_unique_id = {entry.unique_id: entry for entry in entries}
    for one in unique_ids:
        if entry := by_unique_id.get(one):
            yield Wanted(
                unique_id=one,
                repository_unique_id=entry.repository_unique_id,
                home_community_id=entry.home_community_id,
            )
        elif not report.errors:
            report.refuse(_unknown(one, url), unique_id=one)


class _Asking:
    """What the Registry is asked on the way; what it refuses is in the report."""

    def __init__(self, url: str, ends: endpoints.Endpoints, report: Report) -> None:
        self._url, self._ends, self._report = url, ends, report
        self._found: dict[str, RimObject] = {}

    def named(self, ids: list[str]) -> list[str]:
        """Return the entryUUIDs of what is named: of a uniqueId all versions and submissions."""
        entry_uuids = [one for one in ids if one.startswith(v.UUID_URN)]
        for one in ids:
            if one in entry_uuids:
                continue
            found = self._of_unique_id(one)
            if not found and not self._report.errors:
                self._report.refuse(_unknown(one, self._url), unique_id=one)
            entry_uuids += found
        return list(dict.fromkeys(entry_uuids))

    def touching(self, entry_uuids: Collection[str]) -> list[Association]:
        """Return every Association that has one of these as an end, whatever its status."""
        from greffe.client.query import GET_ASSOCIATIONS  # noqa: PLC0415

        statuses = {"$XDSAssociationStatus": ["('" + v.APPROVED + "','" + v.DEPRECATED + "')"]}
        found = self._by_uuid(GET_ASSOCIATIONS, "$uuid", entry_uuids, statuses)
        return [read_association(one) for one in found if one.tag == "Association"]

    def shown(self, entry_uuids: Collection[str]) -> dict[str, dict[str, str]]:
        """Return kind, uniqueId and title of each."""
        from greffe.client.query import GET_DOCUMENTS, GET_FOLDERS  # noqa: PLC0415

        unknown = [one for one in entry_uuids if one not in self._found]
        self._by_uuid(GET_DOCUMENTS, "$XDSDocumentEntryEntryUUID", unknown)
        unknown = [one for one in unknown if one not in self._found]
        self._by_uuid(GET_FOLDERS, "$XDSFolderEntryUUID", unknown)
        for one in unknown:
            if one not in self._found:
                self._submission_set("EntryUUID", one)
        return {one: _shown(self._found.get(one)) for one in entry_uuids}

    def _of_unique_id(self, unique_id: str) -> list[str]:
        from greffe.client.query import GET_DOCUMENTS, GET_FOLDERS  # noqa: PLC0415

        for query, parameter in (
            (GET_DOCUMENTS, "$XDSDocumentEntryUniqueId"),
            (GET_FOLDERS, "$XDSFolderUniqueId"),
        ):
            if found := self._by_uuid(query, parameter, [unique_id]):
                return [one.id for one in found]
        return self._submission_set("UniqueId", unique_id)

    def _submission_set(self, kind: str, value: str) -> list[str]:
        from greffe.client.query import (  # noqa: PLC0415
            GET_SUBMISSION_SET_AND_CONTENTS,
            literal,
        )

        parameter = f"$XDSSubmissionSet{kind}"
        found = self._ask(GET_SUBMISSION_SET_AND_CONTENTS, {parameter: [literal(value)]})
        packages = [read_submission_set(o) for o in found if o.tag == "RegistryPackage"]
        return [p.entry_uuid for p in packages if value in {p.entry_uuid, p.unique_id}]

    def _by_uuid(
        self,
        query: str,
        parameter: str,
        values: Collection[str],
        more: Mapping[str, Sequence[str]] | None = None,
    ) -> list[RimObject]:
        from greffe.client.query import literals  # noqa: PLC0415

        asked, found = sorted(values), list[RimObject]()
        for start in range(0, len(asked), AT_ONCE):
            some = literals(asked[start : start + AT_ONCE])
            found += self._ask(query, {parameter: [some], **(more or {})})
        return found

    def _ask(self, query_id: str, slots: Mapping[str, Sequence[str]]) -> Sequence[RimObject]:
        """Ask for every version; a Registry without versions ignores that."""
        from greffe.client.query import Query, ask  # noqa: PLC0415 - zeep, half a second

        query = Query(query_id=query_id, slots={**slots, "$MetadataLevel": ["2"]})
        answer = ask(self._url, self._ends.security(), query)
        _problems(answer, self._report)
        self._found |= {one.id: one for one in answer.objects}
        return answer.objects


def _shown(rim: RimObject | None) -> dict[str, str]:
    if rim is None:
        return {"kind": "", "unique_id": "", "title": ""}
    if rim.tag == "Association":
        link = read_association(rim)
        kind = link.association_type.rpartition(":")[2]
        return {"kind": LINK, "unique_id": "", "title": f"{kind} {link.source} → {link.target}"}
    readers: dict[str, Callable[[RimObject], Any]] = {
        DOCUMENT: read_document_entry,
        FOLDER: read_folder,
        SET: read_submission_set,
    }
    kind = DOCUMENT if rim.tag == "ExtrinsicObject" else SET
    if kind == SET and read_folder(rim).unique_id:
        kind = FOLDER
    view = readers[kind](rim)
    return {"kind": kind, "unique_id": view.unique_id, "title": view.title}


def _tell(answer: "RegistryAnswer", report: Report) -> None:
    report.fields["status"] = answer.status.rpartition(":")[2]
    _problems(answer, report)
    if report.fields["status"] != "Success":
        report.fail(Exit.REFUSED)


def _is_refused(report: Report) -> bool:
    return report.exit_code != Exit.OK


def _problems(answer: "RegistryAnswer", report: Report) -> None:
    """Report what an answer complains of, each text once."""
    for problem in problems_of(answer.complaints):
        if all(error["text"] != problem.text for error in report.errors) and (
            problem.is_error or report.fields["status"]
        ):
            report.refuse(problem)


def _unknown(unique_id: str, url: str) -> Problem:
    return Problem(kind="error", code="unknown", text=f"{url} knows nothing called {unique_id}")


def _show(report: Report, console: "Console") -> None:
    fields = report.fields
    is_done = fields["status"] == "Success"
    verb = "would go" if fields["dry_run"] else "removed" if is_done else "not removed"
    if objects := fields["objects"]:
        rows = [
            (o["kind"], o["title"], o["unique_id"] or o["entry_uuid"], _why(o["because"]))
            for o in objects
        ]
        console.print(table((verb, "title", "id", "because"), rows))
    if documents := fields["documents"]:
        lines = [
            (verb if fields["dry_run"] else "removed" if d["removed"] else "not removed",
             d["unique_id"], d["repository_unique_id"])
            for d in documents
        ]  # fmt: skip
        console.print(table(("document", "uniqueId", "repository"), lines))
    if fields["dry_run"] and not report.errors:
        console.print("nothing was removed (--dry-run)")


def _why(because: str) -> str:
    return "it is named" if because == NAMED else because
