"""What the demo tells, step by step; it stops at the first thing that is not as told.

Spec: ITI TF-2 §3.41, §3.18, §3.43; the refusals are those of §3.40.4.1.3, §3.42.4.1.3.3.
"""

import argparse
import hashlib
import re
import tempfile
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Final

from greffe.demo import access
from greffe.demo.node import DemoError, run, run_json, serving
from greffe.demo.teller import Teller
from greffe.exits import CommandError, Exit
from greffe.output import shown_time

_DOCTOR: Final = (
    *("--subject", "899700000001", "--name", "ESSAI ALIX", "--role", "10"),
    *("--specialty", "SM26", "--structure", "10B0127189", "--purpose", "normal"),
)
_LONG_AGO: Final = "2020-01-31T08:00:00Z"
_NEVER_SEEN: Final = "175069900000139^^^&1.2.250.1.213.1.4.10&ISO^NH"


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "demo",
        help="the whole job on real documents, told as a story",
        description="Makes a home, starts both services, shares the sample documents as a doctor, "
        "finds and fetches them, compares every byte, and shows what another doctor may see, in an "
        "emergency too, and what is refused. Ends with 0 only if everything is as told.",
    )
    parser.add_argument(
        "--home", type=Path, help="make the home here and keep it (else it is removed at the end)"
    )
    parser.set_defaults(run=run_demo)


def run_demo(arguments: argparse.Namespace) -> int:
    """Tell the story. Errors: CommandError for a home that cannot be made."""
    teller = Teller()
    try:
        if arguments.home is not None:
            _tell(teller, arguments.home)
            teller.say(f"The home is kept; go on with: greffe serve --home {arguments.home}")
        else:
            with tempfile.TemporaryDirectory(prefix="greffe-demo-") as folder:
                _tell(teller, Path(folder) / "home")
    except DemoError as error:
        teller.bad(f"This is not as it should be: {error}")
        return Exit.REFUSED
    return Exit.OK


def _tell(teller: Teller, home: Path) -> None:
    with resources.as_file(resources.files("samples")) as folder:
        samples = sorted(p for p in Path(folder).rglob("*.xml") if _is_document(p))
        if not samples:
            raise CommandError(f"{folder} holds no sample documents")
        teller.title("Documents are shared in the French shared medical record, and read back.")
        teller.say(
            "Dr Alix Essai, general practitioner, does not exist, and neither do her patients. "
            "A signed assertion in every message says who she is."
        )
        teller.say(f"HOME below is {home}.")
        teller.step("A home of its own: settings, test keys, empty stores")
        teller.command("init HOME")
        run("init", home)
        with serving(home) as urls:
            _serve(teller, urls)
            shared, patients = _share(teller, home, samples)
            found = _find(teller, home, shared, patients)
            _fetch(teller, home, shared, found)
            of_first = sum(d["patient_id"] == found[0]["patient_id"] for d in found)
            access.tell(teller, home, patients[0], of_first)
            _refuse(teller, home, samples, shared)
        teller.step("Stopped")
    audited = sum(_requests(home / "audit" / f"{service}.jsonl") for service in urls)
    teller.good(
        f"both services ended cleanly; their audit trails hold {audited} events, one for every "
        "request, served or refused"
    )


def _is_document(path: Path) -> bool:
    return b"ClinicalDocument" in path.read_bytes()[:4096]


def _requests(path: Path) -> int:
    """Return how many requests a trail tells of; starts and stops are in it too."""
    lines = path.read_bytes().splitlines() if path.exists() else []
    return sum(b'"transaction":"service ' not in line for line in lines)


def _serve(teller: Teller, urls: dict[str, str]) -> None:
    teller.step("Two services, each a process of its own; they share nothing but SOAP")
    teller.command("serve --home HOME")
    for service, url in urls.items():
        teller.say(f"{service:<10} {url}?wsdl")


def _share(
    teller: Teller, home: Path, samples: Sequence[Path]
) -> tuple[dict[str, Path], list[str]]:
    """Submit every sample; returns uniqueId → file, and the patients."""
    teller.step("The doctor shares what her practice must share [ITI-41]")
    teller.command("submit samples/*.xml --create-patient --home HOME")
    answer = run_json("submit", *samples, "--create-patient", "--home", home)
    if answer["exit_code"]:
        raise DemoError(_told(answer))
    documents = [d for s in answer["submissions"] for d in s["documents"]]
    teller.rows(
        ("file", "title, as the document's own header says it", "octets"),
        [(Path(d["file"]).name, d["title"], f"{d['size']:,}") for d in documents],
    )
    teller.good(
        f"{len(documents)} documents stored by the Repository and registered with the Registry; "
        "not one attribute was typed by hand"
    )
    patients = list(dict.fromkeys(s["patient_id"] for s in answer["submissions"]))
    return {d["unique_id"]: Path(d["file"]) for d in documents}, patients


def _find(
    teller: Teller, home: Path, shared: dict[str, Path], patients: Sequence[str]
) -> list[dict[str, Any]]:
    """Query back what was shared; returns the DocumentEntries."""
    teller.step("She asks what her patients' records hold now [ITI-18]")
    found: list[dict[str, Any]] = []
    for patient in patients:
        teller.command(f"query find-documents --patient '{patient}' --home HOME")
        answer = run_json("query", "find-documents", "--patient", patient, "--home", home)
        if answer["exit_code"]:
            raise DemoError(_told(answer))
        found += answer["documents"]
        teller.rows(
            ("created", "type", "author", "uniqueId"),
            [
                (
                    shown_time(d["creation_time"]),
                    d["type_code"]["display"],
                    _author(d),
                    d["unique_id"],
                )
                for d in answer["documents"]
            ],
        )
    if {d["unique_id"] for d in found} != shared.keys():
        raise DemoError("the Registry does not list what was shared")
    teller.good(f"all {len(found)} are found, and nothing else")
    return found


def _fetch(
    teller: Teller, home: Path, shared: dict[str, Path], found: Sequence[dict[str, Any]]
) -> None:
    """Retrieve every document and compare it with the file and with what was registered."""
    teller.step("... and fetches them from the Repository [ITI-43]")
    folder = home / "retrieved"
    teller.command(f"retrieve {found[0]['unique_id']} ... --home HOME --out HOME/retrieved")
    answer = run_json("retrieve", *shared, "--home", home, "--out", folder)
    if answer["exit_code"]:
        raise DemoError(_told(answer))
    registered = {d["unique_id"]: d["hash"] for d in found}
    rows = []
    for document in answer["documents"]:
        octets = Path(document["file"]).read_bytes()
        original = shared[document["unique_id"]]
        digest = hashlib.sha1(octets, usedforsecurity=False).hexdigest()
        if octets != original.read_bytes() or digest != registered[document["unique_id"]]:
            raise DemoError(f"{original.name} did not come back as it was")
        rows.append((original.name, digest, "as registered"))
    if len(rows) != len(shared):
        raise DemoError(f"{len(rows)} of {len(shared)} documents came back")
    teller.rows(("file", "SHA-1", ""), rows)
    teller.good("every byte is as it was when the doctor shared it")


def _refuse(teller: Teller, home: Path, samples: Sequence[Path], shared: dict[str, Path]) -> None:
    """Show three calls that are refused, each with what the caller is told."""
    teller.step("What is refused, and what the caller is told")
    expired = home / "expired.xml"
    expired.write_text(
        run("assertion", "--home", home, *_DOCTOR, "--issued-at", _LONG_AGO, "--header"),
        encoding="utf-8",
    )
    teller.say(f"An assertion from {_LONG_AGO[:4]}:")
    _must_refuse(
        teller,
        ("submit", samples[0], "--assertion", expired, "--home", home),
        "Sender/",
    )
    unique_id, original = next(iter(shared.items()))
    teller.say("A patient whom nobody has made known:")
    _must_refuse(
        teller,
        ("submit", _another(original, unique_id, home), "--patient", _NEVER_SEEN, "--home", home),
        "XDSUnknownPatientId",
    )
    changed = home / original.name
    changed.write_bytes(original.read_bytes() + b"\n<!-- changed afterwards -->\n")
    teller.say(f"The identifier of a document that is shared already ({unique_id}), other bytes:")
    _must_refuse(teller, ("submit", changed, "--home", home), "XDSNonIdenticalHash")


def _another(original: Path, unique_id: str, home: Path) -> Path:
    """Write the document under a uniqueId that is not taken."""
    made = home / f"another-{original.name}"
    text = original.read_text(encoding="utf-8")
    made.write_text(text.replace(f'"{unique_id}"', f'"{unique_id}.1"'), encoding="utf-8")
    return made


def _must_refuse(teller: Teller, words: Sequence[str | Path], code: str) -> None:
    shown = " ".join(Path(w).name if isinstance(w, Path) else _quoted(w) for w in words[:-2])
    teller.command(f"{shown} --home HOME")
    answer = run_json(*words)
    errors = [e for e in answer["errors"] if e["kind"] != "warning"]
    if answer["exit_code"] != Exit.REFUSED or not errors:
        raise DemoError("this call should have been refused, and was not")
    if not any(e["code"].startswith(code) for e in errors):
        raise DemoError(f"refused with {errors[0]['code']}, not with {code}: {errors[0]['text']}")
    for error in errors:
        place = re.search(r"rim:\w+\[\d+\].*", error["location"])
        teller.refused(error["code"], error["text"] + (f" At: {place[0]}" if place else ""))


def _quoted(word: str) -> str:
    return f"'{word}'" if "&" in word else word


def _author(document: dict[str, Any]) -> str:
    """Return the first author's name: family and given name of an XCN."""
    person = document["authors"][0]["person"] if document["authors"] else ""
    parts = person.split("^")
    return " ".join(p for p in (parts[1:3] if len(parts) > 1 else parts) if p)


def _told(answer: dict[str, Any]) -> str:
    return "; ".join(f"{e['code']} {e['text']}" for e in answer["errors"])
