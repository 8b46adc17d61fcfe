"""What the metadata of a file says: a CDA header, flags, or else the domain's usual codes.

Spec: ITI TF-3 §4.2.3.2 (DocumentEntry), §4.2.3.3 (SubmissionSet). A CDA header is read by
`dmp.cda`; a flag wins over it; what neither says comes from the domain's value sets, and is named,
because a default is a guess.
"""

import argparse
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from dmp.cda import CdaError, derive
from greffe.client.metadata import Fact, new_oid
from greffe.codes import FLAGS, read_code, usual_code
from greffe.exits import CommandError
from xds.domain import AffinityDomain
from xds.metadata import vocabulary as v
from xds.metadata.author import Author
from xds.metadata.code import Code

Notices = tuple[str, ...]
Facts = dict[str, Fact | tuple[Fact, ...]]

_HEAD_OCTETS: Final = 8192
_MAGIC: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n", "image/png"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"{\\rtf", "text/rtf"),
    (b"<?xml", "text/xml"),
)
_FORMATS: Final[Mapping[str, tuple[str, ...]]] = {
    "application/pdf": ("urn:ihe:iti:xds-sd:pdf:2008",),
    "text/plain": ("urn:ihe:iti:xds-sd:text:2008",),
    "image/jpeg": ("urn:ihe:iti-fr:xds-sd:jpeg:2010",),
    "image/tiff": ("urn:ihe:iti-fr:xds-sd:tiff:2010",),
    "text/rtf": ("urn:ihe:iti-fr:xds-sd:rtf:2010",),
}
_BY_MIME_TYPE: Final = "urn:ihe:iti:xds:2017:mimeTypeSufficient"
_USUAL: Final[Mapping[str, tuple[str, ...]]] = {
    "classCode": ("REPORTS", "10"),
    "typeCode": ("34133-9",),
    "practiceSettingCode": ("394802001", "AMBULATOIRE"),
    "healthcareFacilityTypeCode": ("35971002", "SA07"),
    "confidentialityCode": ("N",),
    "contentTypeCode": ("35971002", "07"),
}
"""The code that is assumed for a document of which nothing is said, where the domain has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A file and what its metadata shall say."""

    path: Path
    patient_id: str
    mime_type: str
    document: Facts
    """Of the DocumentEntry, but for what the Repository computes."""
    submission: Facts
    """Of a SubmissionSet that holds this document."""
    notices: tuple[str, ...] = ()
    """What was doubtful or assumed, for the sender's eyes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags that describe documents."""
    group = parser.add_argument_group(
        "what the documents are",
        "Read from the header of a CDA document; a flag wins over the header. CODE may be "
        "CODE^SCHEME; the home's value sets complete it.",
    )
    group.add_argument("--patient", metavar="CX", help="'ID^^^&OID&ISO'")
    group.add_argument("--title", metavar="TEXT", help="the file's name when nothing says it")
    group.add_argument("--author", metavar="NAME", help="a person, such as 'BERNARD^Claire'")
    group.add_argument("--mime-type", metavar="TYPE", help="told from the content when it can be")
    group.add_argument("--language", metavar="TAG", help="such as fr-FR")
    group.add_argument("--created", metavar="DTM", help="such as 20260131 or 202601310830 (UTC)")
    group.add_argument("--unique-id", metavar="OID", help="of the one document; else a new one")
    for flag in FLAGS:
        group.add_argument(f"--{flag}", metavar="CODE", help=FLAGS[flag])


def describe(path: Path, arguments: argparse.Namespace, domain: AffinityDomain | None) -> Described:
    """Return what is known of a file. Errors: CommandError, naming all that is missing."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_OCTETS)
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {(error.strerror or '').lower()}") from error
    header, of_set, notices = _from_header(path, head, domain)
    mime_type = str(arguments.mime_type or header.get("mimeType") or _mime_type(path, head))
    document, submission = _by_flags(arguments, domain)
    document, submission = {**header, **document}, {**of_set, **submission}
    if "author" in document:
        submission.setdefault("author", document["author"])
    patient_id = str(arguments.patient or document.pop("patientId", ""))
    document |= {"mimeType": mime_type, "patientId": patient_id}
    assumed = _fill(document, submission, path, mime_type, domain)
    _refuse_gaps(path, document, submission)
    document.setdefault("sourcePatientId", patient_id)
    return Described(
        path=path,
        patient_id=patient_id,
        mime_type=mime_type,
        document=document,
        submission=submission,
        notices=(*notices, *((f"assumed {', '.join(assumed)}",) if assumed else ())),
    )


def _from_header(
    path: Path, head: bytes, domain: AffinityDomain | None
) -> tuple[Facts, Facts, Notices]:
    """Return what a CDA header says of document and submission, and what is doubtful in it.

    A domain other than France's keeps what it can use: the texts, and the codes that it admits.
    Errors: CommandError in France's domain, with everything that the header lacks.
    """
    if b"ClinicalDocument" not in head and b"xml-stylesheet" not in head:
        return {}, {}, ()
    is_french = domain is not None and domain.assertion_profile == "vihf"
    try:
        entry = derive(path.read_bytes())
    except CdaError as error:
        if is_french:
            raise CommandError(f"{path}: {error}") from error
        return {}, {}, ()
    facts: Facts = dict(entry.facts if is_french else entry.facts_abroad)
    of_set: Facts = {"contentTypeCode": entry.content_type_code}
    if domain is not None and not is_french:
        facts = {name: fact for name, fact in facts.items() if _is_admitted(name, fact, domain)}
        of_set = {name: fact for name, fact in of_set.items() if _is_admitted(name, fact, domain)}
    return facts, of_set, entry.notices


def _is_admitted(name: str, fact: object, domain: AffinityDomain) -> bool:
    each = fact if isinstance(fact, tuple) else (fact,)
    return all(domain.admits(name, c.code, c.scheme) for c in each if isinstance(c, Code))


def _refuse_gaps(path: Path, document: Facts, submission: Facts) -> None:
    """Refuse a description that lacks what is required. Errors: CommandError, all at once."""
    missing = [] if document["patientId"] else ["--patient CX"]
    missing += [
        f"--{flag}"
        for flag, attribute in FLAGS.items()
        if attribute not in {**document, **submission} and flag != "event-code"
    ]
    if missing:
        raise CommandError(
            f"{path}: neither a CDA header nor a home's value sets say all that is required. "
            f"Fix: add {', '.join(missing)}"
        )


def _by_flags(arguments: argparse.Namespace, domain: AffinityDomain | None) -> tuple[Facts, Facts]:
    """Return what the flags say of the document, and of its submission."""
    author = Author(person=_person(arguments.author)) if arguments.author else None
    texts = (
        ("title", arguments.title),
        ("author", author),
        ("languageCode", arguments.language),
        ("creationTime", arguments.created),
        ("uniqueId", arguments.unique_id),
    )
    document: Facts = {name: fact for name, fact in texts if fact}
    submission: Facts = {"author": author} if author else {}
    for flag, attribute in FLAGS.items():
        if text := getattr(arguments, flag.replace("-", "_")):
            target = submission if attribute == "contentTypeCode" else document
            target[attribute] = read_code(flag, text, domain)
    return document, submission


def _fill(
    document: Facts,
    submission: Facts,
    path: Path,
    mime_type: str,
    domain: AffinityDomain | None,
) -> tuple[str, ...]:
    """Fill in what is still open; return the names of what was guessed."""
    usual = {**_USUAL, "formatCode": (*_FORMATS.get(mime_type, ()), _BY_MIME_TYPE)}
    assumed = []
    for attribute, codes in usual.items():
        target = submission if attribute == "contentTypeCode" else document
        if attribute not in target and (code := usual_code(domain, attribute, codes)):
            target[attribute] = code
            assumed.append(f"{attribute} {code.code}")
    changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    document.setdefault("title", path.stem)
    document.setdefault("creationTime", f"{changed:%Y%m%d%H%M%S}")
    document.setdefault("languageCode", "fr-FR" if domain and domain.name == "dmp" else "en-US")
    document.setdefault("uniqueId", new_oid())
    document.setdefault("objectType", v.STABLE)
    return tuple(assumed)


def _mime_type(path: Path, head: bytes) -> str:
    for magic, mime_type in _MAGIC:
        if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(magic):
            return mime_type
    guessed = mimetypes.guess_type(path.name)[0]
    if guessed:
        # Document Sharing says text/xml for XML, as its texts and value sets do.
        return "text/xml" if guessed == "application/xml" else guessed
    try:
        head.decode("utf-8")
    except UnicodeDecodeError:
        return "application/octet-stream"
    return "application/octet-stream" if b"\x00" in head else "text/plain"


def _person(name: str) -> str:
    """Return an XCN without identifier: `BERNARD^Claire` → `^BERNARD^Claire`."""
    return name if name.startswith("^") or name.count("^") > 1 else f"^{name}"
