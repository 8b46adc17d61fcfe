"""The demo's step on who may see what: a stranger, an emergency, and what the patient reads of it.

Spec: `domains/dmp/access/`: nobody sees a record whom its patient did not authorise; break-glass,
with a reason, opens it and is in the patient's own log.
"""

from pathlib import Path
from typing import Any, Final

from greffe.demo.node import DemoError, run, run_json
from greffe.demo.teller import Teller

_STRANGER: Final = (
    *("--subject", "899700000002", "--name", "INCONNU PAUL", "--role", "10"),
    *("--specialty", "SM26", "--structure", "10B0127190"),
)
_REASON: Final = "patient inconscient"
_ASKED: Final = ("normal", "bris_de_glace")


def tell(teller: Teller, home: Path, patient: str, documents: int) -> None:
    """Show what a doctor sees whom the patient did not authorise. Errors: DemoError."""
    teller.step("Who may see what: another doctor, whom the patient did not authorise")
    everyday, emergency = (_assertion(home, purpose) for purpose in _ASKED)
    if seen := _asked(teller, home, patient, everyday):
        raise DemoError(f"a stranger sees {len(seen)} documents")
    teller.good("nothing is found: to Dr Inconnu the record does not exist")
    teller.say(f"The patient is unconscious; Dr Inconnu breaks the glass and says so ({_REASON}):")
    if len(seen := _asked(teller, home, patient, emergency)) != documents:
        raise DemoError(f"the emergency opens {len(seen)} documents of {documents}")
    teller.good(f"the {documents} documents are found, and the patient reads who opened them:")
    teller.command(f"patient log '{patient}' --lang en --home HOME")
    log = run_json("patient", "log", patient, "--lang", "en", "--home", home)
    told = [entry for entry in log["entries"] if entry["is_emergency"]]
    if len(told) != 1 or told[0]["emergency_reason"] != _REASON:
        raise DemoError("the emergency is not in the patient's log")
    teller.rows(
        ("who", "what", "why"),
        [(e["who"], e["what"], f"EMERGENCY · {e['why']} · {e['emergency_reason']}") for e in told],
    )


def _assertion(home: Path, purpose: str) -> Path:
    """Write an assertion of the stranger's; return its file."""
    reason = ("--reason", _REASON) if purpose != _ASKED[0] else ()
    file = home / f"stranger-{purpose}.xml"
    words = ("assertion", "--home", home, *_STRANGER, "--purpose", purpose, *reason, "--header")
    file.write_text(run(*words), encoding="utf-8")
    return file


def _asked(teller: Teller, home: Path, patient: str, assertion: Path) -> list[dict[str, Any]]:
    """Return the documents that this caller finds."""
    teller.command(
        f"query find-documents --patient '{patient}' --assertion {assertion.name} --home HOME"
    )
    words = ("query", "find-documents", "--patient", patient, "--assertion", assertion)
    answer = run_json(*words, "--home", home)
    if answer["exit_code"]:
        raise DemoError("; ".join(f"{e['code']} {e['text']}" for e in answer["errors"]))
    documents: list[dict[str, Any]] = answer["documents"]
    return documents
