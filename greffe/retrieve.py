"""`greffe retrieve`: fetches documents [ITI-43], after asking the Registry where they are [ITI-18].

Spec: ITI TF-2 §3.43. What came is compared with the hash and size that were registered. A uniqueId
is not a path: a file is named after it, in safe characters, and no file is ever overwritten by
other content.
"""

import argparse
import hashlib
import mimetypes
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from greffe.client import endpoints
from greffe.client.exchange import Exchange
from greffe.client.faults import Problem, problems_of
from greffe.client.retrieve import Spool, Spooled, Wanted, retrieve
from greffe.exits import CommandError, Exit
from greffe.output import Report, add_json_flag, conclude, note, table, transfer
from xds.metadata.views import read_document_entry

if TYPE_CHECKING:
    from rich.console import Console

SHAPE: Final = "greffe/retrieve/1"
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]|^\.+|\.+$")
_STEM_CHARACTERS: Final = 100
_SUFFIXES: Final = {"text/xml": ".xml", "application/xml": ".xml", "text/plain": ".txt"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Registered:
    """What the Registry says of a document; '' and None when nobody said it."""

    wanted: Wanted
    mime_type: str = ""
    hash_sha1_hex: str = ""
    size_octets: int | None = None
    patient_id: str = ""


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "retrieve",
        help="fetch documents",
        description="Fetches documents with Retrieve Document Set [ITI-43] and compares them with "
        "the hash and size that the registry has.",
    )
    parser.add_argument("unique_ids", nargs="+", metavar="UNIQUE_ID")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="where the files go; made if absent"
    )
    parser.add_argument(
        "--repository-unique-id",
        metavar="OID",
        default="",
        help="when no registry is asked (else it says where a document is)",
    )
    add_json_flag(parser)
    endpoints.add_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Retrieve. Errors: none; they are in the report."""
    report = Report(shape=SHAPE, fields={"registry": "", "repository": "", "documents": []})
    return conclude(arguments, report, lambda report: _retrieve(arguments, report), _show)


def _retrieve(arguments: argparse.Namespace, report: Report) -> None:
    ends = endpoints.read_endpoints(arguments)
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"--out {arguments.out}: {(error.strerror or '').lower()}") from error
    unique_ids = list(dict.fromkeys(arguments.unique_ids))
    registered = _registered(unique_ids, arguments, ends, report)
    if not registered:
        return
    url = ends.need("repository")
    report.fields["repository"] = url
    patients = {r.patient_id for r in registered if r.patient_id}
    total = sum(r.size_octets or 0 for r in registered)
    try:
        with Spool(arguments.out) as spool, transfer("retrieving", total) as progress:
            came = retrieve(
                Exchange(on_received=progress),
                url,
                ends.security(patients.pop() if len(patients) == 1 else ""),
                [r.wanted for r in registered],
                spool,
            )
            for problem in came.problems:
                report.refuse(problem)
            _keep(came.documents, registered, arguments.out, report)
    except OSError as error:
        raise CommandError(f"--out {arguments.out}: {(error.strerror or '').lower()}") from error


def _registered(
    unique_ids: Sequence[str],
    arguments: argparse.Namespace,
    ends: endpoints.Endpoints,
    report: Report,
) -> list[_Registered]:
    """Return where each document is; one that the Registry does not know is in the report."""
    if arguments.repository_unique_id:
        repository = arguments.repository_unique_id
        return [
            _Registered(wanted=Wanted(unique_id=u, repository_unique_id=repository))
            for u in unique_ids
        ]
    from greffe.client.query import ask_for_documents  # noqa: PLC0415 - zeep, half a second

    url = ends.need("registry")
    report.fields["registry"] = url
    answer = ask_for_documents(url, ends.security(), unique_ids)
    for problem in problems_of(answer.complaints):
        report.refuse(problem)
    entries = [read_document_entry(o) for o in answer.objects if o.tag == "ExtrinsicObject"]
    # A resubmitted document has several entries, of the same bytes.
    by_unique_id = {e.unique_id: e for e in entries}
    found = []
    for unique_id in unique_ids:
        entry = by_unique_id.get(unique_id)
        if entry is None:
            if not any(e["kind"] == "error" for e in report.errors):
                report.refuse(_unknown(url), unique_id=unique_id)
            continue
        found.append(
            _Registered(
                wanted=Wanted(
                    unique_id=unique_id,
                    repository_unique_id=entry.repository_unique_id,
                    home_community_id=entry.home_community_id,
                ),
                mime_type=entry.mime_type,
                hash_sha1_hex=entry.hash.lower(),
                size_octets=entry.size,
                patient_id=entry.patient_id,
            )
        )
    return found


def _keep(
    documents: Sequence[Spooled], registered: Sequence[_Registered], folder: Path, report: Report
) -> None:
    """Compare what came with what was registered, and give it its name."""
    by_unique_id = {r.wanted.unique_id: r for r in registered}
    for came in documents:
        expected = by_unique_id.pop(came.unique_id, None)
        if expected is None:
            note(f"a document came that nobody asked for: {came.unique_id}")
            continue
        wrong = _difference(came, expected)
        entry: dict[str, Any] = {
            "unique_id": came.unique_id,
            "repository_unique_id": expected.wanted.repository_unique_id,
            "mime_type": came.mime_type or expected.mime_type,
            "size": came.size_octets,
            "hash": came.hash_sha1_hex,
            "verified": bool(expected.hash_sha1_hex) and not wrong,
            "file": "",
        }
        report.fields["documents"].append(entry)
        if wrong:
            report.refuse(wrong, unique_id=came.unique_id)
            continue
        path = folder / file_name(came.unique_id, entry["mime_type"])
        if _give_name(came, path):
            entry["file"] = str(path)
        else:
            taken = f"{path} exists with other content. Fix: move it, or name another --out"
            report.stop(CommandError(taken), unique_id=came.unique_id)
    for unique_id in by_unique_id:
        if not report.errors:
            report.refuse(_unknown(report.fields["repository"]), unique_id=unique_id)


def file_name(unique_id: str, mime_type: str) -> str:
    """Return a file name for a document, whatever its uniqueId is.

    What had to be changed or cut gets a digest of the whole, so that two ids never meet.
    """
    stem = _UNSAFE.sub("_", unique_id)[:_STEM_CHARACTERS]
    if stem != unique_id:
        stem += "-" + hashlib.sha256(unique_id.encode()).hexdigest()[:8]
    media_type = mime_type.partition(";")[0].strip().lower()
    return stem + (_SUFFIXES.get(media_type) or mimetypes.guess_extension(media_type) or ".bin")


def _difference(came: Spooled, expected: _Registered) -> Problem | None:
    """Return what is wrong with the bytes, None when they are the registered ones."""
    pairs = (
        ("size", came.size_octets, expected.size_octets),
        ("SHA-1", came.hash_sha1_hex, expected.hash_sha1_hex),
    )
    for name, got, wanted in pairs:
        if wanted not in {None, "", got}:
            return Problem(
                kind="error",
                code="corrupt",
                text=f"the document came with {name} {got}, but {wanted} is registered; "
                "it was not kept",
            )
    return None


def _give_name(came: Spooled, path: Path) -> bool:
    """Give a spooled file its name; a file of that name is kept, and is fine if it is the same."""
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.sha1(usedforsecurity=False))
        return digest.hexdigest() == came.hash_sha1_hex
    came.path.chmod(0o644)
    came.path.replace(path)
    return True


def _unknown(url: str) -> Problem:
    """Return what is not there for this caller; a server does not say which of the two it is."""
    return Problem(
        kind="error",
        code="unknown",
        text=f"{url} shows this caller no document of this uniqueId: there is none, or it is not "
        "for the caller to see",
    )


def _show(report: Report, console: "Console") -> None:
    rows = [
        (
            "verified" if d["verified"] else "kept" if d["file"] else "not kept",
            d["file"],
            d["mime_type"],
            f"{d['size']:,}",
            d["unique_id"],
        )
        for d in report.fields["documents"]
    ]
    if rows:
        console.print(table(("", "file", "format", "octets", "uniqueId"), rows))
    if report.exit_code is Exit.OK and not rows:
        console.print("nothing came")
