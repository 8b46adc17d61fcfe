"""What an access decision needs to know of a DocumentEntry, as one text that the ledger keeps.

Why a text and not columns: entries that are alike in all that a decision looks at share it, so a
query asks for the few different ones first, decides each once, and lets the database do the rest
(`registry.ledger.api.AccessIs`). Equal facts are therefore equal octets: sorted, nothing optional.

All versions of a document have the facts of the latest one: to mask a document is to mask it in
every version that a query may ask for.

The text is part of an index, and PostgreSQL takes no index row beyond some 2,700 octets: a text
longer than `LONGEST` stands as its digest, and authors beyond `MOST` octets are left out. Both only
ever take an author's own rights away; no access policy names a type of that length.

Spec: ITI TF-3 §4.2.3.2.1 (author), §4.2.3.2.5 (confidentialityCode), §4.2.3.2.25 (typeCode).
Pure. Does not decide anything.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from xds.access.model import Document, Mark
from xds.access.policy import ANY_TRUSTED, Policy
from xds.metadata import vocabulary as v
from xds.metadata.author import Author
from xds.metadata.datatype import DatatypeError
from xds.metadata.hl7v2 import components, unescape
from xds.metadata.views import DocumentEntry
from xds.security.caller import Caller

LONGEST: Final = 100
"""Octets of one value."""
MOST: Final = 1200
"""Octets of all authors and structures together."""
KEPT: Final = 4096
"""Texts whose reading is remembered; a record has few."""
MARKS: Final = frozenset(mark.value for mark in Mark)
XCN_ID: Final = 0
XON_ID: Final = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Depositor:
    """Who submitted a document, as far as access depends on it."""

    identity: str = ""
    """`Caller.identity`; '' when unknown."""
    structure: str = ""
    is_patients: bool = False
    """Whether it was the patient, or a legal representative."""


NOBODY: Final = Depositor()


def depositor_of(caller: Caller, policy: Policy = ANY_TRUSTED) -> Depositor:
    """Return the caller as a depositor. The policy says which kinds are of the patient's side."""
    kind = next((kind.name for kind in policy.kinds if kind.fits(caller)), "")
    return Depositor(
        identity=caller.identity,
        structure=caller.structure,
        is_patients=kind in policy.patient_kinds,
    )


def write_facts(entry: DocumentEntry, depositor: Depositor) -> str:
    """Return the facts of an entry: canonical JSON, no longer than an index takes."""
    type_code = entry.type_code
    facts: dict[str, Any] = {
        "type": [_short(type_code.code), _short(type_code.scheme)] if type_code else ["", ""],
        # Whatever their scheme: to hide too much is the lesser harm.
        "marks": sorted({c.code for c in entry.confidentiality_codes} & MARKS),
        **_authors_of(entry.authors),
        "depositor": _short(depositor.identity),
        "structure": _short(depositor.structure),
        "patients": depositor.is_patients,
    }
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=KEPT)
def read_facts(text: str, status: str) -> Document:
    """Return what `write_facts` wrote, for a decision. Errors: ValueError for any other text.

    An entry without facts, which no ledger has, is hidden from everybody.
    """
    if not text:
        return Document(type_code=("", ""), marks=frozenset(Mark))
    facts = json.loads(text)
    code, scheme = facts["type"]
    return Document(
        type_code=(code, scheme),
        marks=frozenset(map(Mark, facts["marks"])),
        is_withdrawn=status != v.APPROVED,
        authors=frozenset(facts["authors"]),
        structures=frozenset(facts["structures"]),
        depositor=facts["depositor"],
        depositor_structure=facts["structure"],
        is_patients=facts["patients"],
    )


def read_depositor(text: str) -> Depositor:
    """Return the depositor that an entry's facts tell: what a new version of it keeps."""
    document = read_facts(text, v.APPROVED)
    return Depositor(
        identity=document.depositor,
        structure=document.depositor_structure,
        is_patients=document.is_patients,
    )


def _authors_of(authors: Iterable[Author]) -> dict[str, list[str]]:
    persons, structures = set[str](), set[str]()
    for author in authors:
        persons.add(_component(author.person, XCN_ID))
        structures.update(_component(text, XON_ID) for text in author.institutions)
    room = MOST
    kept: dict[str, list[str]] = {"authors": [], "structures": []}
    for name, found in (("authors", persons), ("structures", structures)):
        for value in sorted(found - {""}):
            room -= len(json.dumps(value, ensure_ascii=False).encode("utf-8")) + 1
            if room >= 0:
                kept[name].append(value)
    return kept


def _component(text: str, number: int) -> str:
    """Return a component of an XCN or XON; '' when the text is ill-formed."""
    try:
        return _short(unescape(components(text)[number]))
    except DatatypeError:
        return ""


def _short(text: str) -> str:
    written = text.encode("utf-8")
    if len(written) <= LONGEST:
        return text
    return f"sha256:{hashlib.sha256(written).hexdigest()}"
