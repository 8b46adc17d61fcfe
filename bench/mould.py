"""One submission with blanks, taken through the Registry's own rules and rows; then cast often.

A submission is read, checked, planned and made into rows once (`mould_of`). What differs from one
submission to the next (ids, times, digests) stood there as blanks; `Mould.cast` fills them in and
gives the rows that the Registry would have written for that submission, at the price of a few
joins. It knows no metadata: where a blank stands in the rows is found by looking for it.
"""

import hashlib
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from operator import itemgetter
from typing import Any, Final

from lxml import etree

from bench.messages import Cover, Document, submission
from registry.access.facts import Depositor
from registry.iti42_register.rules import check
from registry.ledger.api import Known
from registry.ledger.rows import rows_of
from registry.submission.facts import Facts, fingerprint_of
from registry.submission.registration import make_plan
from xds.domain import AffinityDomain
from xds.ebrim.submit import read_submission_request
from xds.ebrim.writer import write_object
from xds.errors import Where
from xds.metadata.hl7v2 import cx_key

AUTHORITY: Final = "1.3.6.1.4.1.21367.13.20.3000"
BLANKS: Final = re.compile(
    r"(BULK-BLANK|00000000-0000-4000-8000-[0-9]{12}|2\.25\.111111111111[0-9]{4}"
    r"|(?:b1a2){9}[0-9]{4}|190001010000[0-9]{2})"
)
PATIENT: Final = "BULK-BLANK"
DEPOSITOR: Final = Depositor(identity="bulk")
YEARS: Final = (2015, 2025)
Row = tuple[Any, ...]


def patient_named(number: str) -> str:
    """Return the CX of a patient."""
    return f"{number}^^^&{AUTHORITY}&ISO"


@dataclass(frozen=True, slots=True)
class _Text:
    """A text with blanks: literal pieces and, at the odd places, which blank stands there."""

    pieces: tuple[Any, ...]
    finish: Callable[[str], object]

    def filled(self, values: Sequence[str]) -> object:
        """Return what the text is with these values."""
        pieces = list(self.pieces)
        for place in range(1, len(pieces), 2):
            pieces[place] = values[pieces[place]]
        return self.finish("".join(pieces))


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert:
    """The rows of one table that a submission has."""

    table: str
    columns: tuple[str, ...]
    pick: tuple[Callable[[list[object]], Row], ...]
    """One for each row: picks its values out of the pool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mould:
    """A submission with blanks."""

    blanks: tuple[str, ...]
    constants: tuple[object, ...]
    texts: tuple[_Text, ...]
    inserts: tuple[Insert, ...]
    letter: _Text
    """The message itself, of which the rows are the consequence."""

    def values(self, patient: str, source: random.Random) -> list[str]:
        """Return something for every blank."""
        return [_something(blank, patient, source) for blank in self.blanks]

    def cast(self, values: Sequence[str]) -> Iterator[tuple[Insert, list[Row]]]:
        """Yield the rows of the submission that these values make, by table."""
        pool: list[object] = [*self.constants, *(text.filled(values) for text in self.texts)]
        for insert in self.inserts:
            yield insert, [pick(pool) for pick in insert.pick]


def mould_of(domain: AffinityDomain, *, documents: int, variant: int, with_folder: bool) -> Mould:
    """Return the mould of a submission of so many documents.

    Errors: ValueError when the Registry would refuse it.
    """
    letter = _letter(domain, documents, variant, with_folder=with_folder)
    root = etree.fromstring(letter)
    where = Where("lcm:SubmitObjectsRequest")
    read, complaints = read_submission_request(root, where, actor="registry", domain=domain)
    if read is None:
        raise ValueError(str(complaints))
    fingerprint = fingerprint_of(read)
    known = Known(patient_ids=frozenset({cx_key(patient_named(PATIENT))}))
    facts = Facts(submission=read, known=known, fingerprint=fingerprint)
    faults = [c.code_context for c in (*complaints, *check(facts)) if c.is_error]
    if faults:
        raise ValueError("; ".join(faults))
    numbers = count(1)
    plan = make_plan(
        facts,
        instant=blank_time(0),
        new_uuid=lambda: f"urn:uuid:{blank_uuid(next(numbers))}",
        message_id=f"urn:uuid:{blank_uuid(0)}",
        depositor=DEPOSITOR,
    )
    came = b"".join(write_object(rim) for rim in read.objects).decode()
    by_table = {table.name: rows for table, rows in rows_of(plan).by_table.items()}
    return _Moulding().mould(letter, by_table, {fingerprint: came})


class _Moulding:
    """Makes one mould: blanks and distinct values are numbered as they are met."""

    def __init__(self) -> None:
        self._blanks: dict[str, int] = {}
        self._constants: dict[object, int] = {}
        self._texts: dict[object, tuple[int, _Text]] = {}

    def mould(
        self,
        letter: str,
        by_table: Mapping[str, Sequence[Mapping[str, object]]],
        digested: Mapping[str, str],
    ) -> Mould:
        """Return the mould of these rows; `digested` has the text behind each SHA-256."""
        for value in {
            value for rows in by_table.values() for row in rows for value in row.values()
        }:
            self._note(value, digested)
        # The pool is all constants and then all texts.
        place = dict(self._constants)
        place |= {value: len(self._constants) + n for value, (n, _) in self._texts.items()}
        message = self._text(letter, str)
        return Mould(
            blanks=tuple(self._blanks),
            constants=tuple(self._constants),
            texts=tuple(text for _, text in self._texts.values()),
            inserts=tuple(
                Insert(
                    table=table,
                    columns=tuple(rows[0]),
                    pick=tuple(itemgetter(*(place[v] for v in row.values())) for row in rows),
                )
                for table, rows in by_table.items()
            ),
            letter=message,
        )

    def _note(self, value: object, digested: Mapping[str, str]) -> None:
        shown = value.decode() if isinstance(value, bytes) else value
        if shown in digested:
            made = self._text(digested[str(shown)], _sha256)
        elif isinstance(shown, str) and BLANKS.search(shown):
            made = self._text(shown, str.encode if isinstance(value, bytes) else str)
        else:
            self._constants.setdefault(value, len(self._constants))
            return
        self._texts.setdefault(value, (len(self._texts), made))

    def _text(self, text: str, finish: Callable[[str], object]) -> _Text:
        pieces: list[Any] = BLANKS.split(text)
        for place in range(1, len(pieces), 2):
            pieces[place] = self._blanks.setdefault(pieces[place], len(self._blanks))
        return _Text(tuple(pieces), finish)


def _letter(domain: AffinityDomain, documents: int, variant: int, *, with_folder: bool) -> str:
    entries = [
        Document(
            unique_id=_oid(n),
            sha1="b1a2" * 9 + f"{n:04d}",
            size_octets=10_000 + 7 * n,
            repository_unique_id="2.25.4242",
            creation_time=blank_time(10 + n),
            variant=variant + n,
        )
        for n in range(1, documents + 1)
    ]
    cover = Cover(
        unique_id=_oid(0),
        submission_time=blank_time(1),
        folder_unique_id=_oid(999) if with_folder else "",
    )
    return submission(patient_named(PATIENT), entries, domain, cover)


def blank_uuid(number: int) -> str:
    """Return the blank for the UUID of that number; 0 is the message's own."""
    return f"00000000-0000-4000-8000-{number:012d}"


def _oid(number: int) -> str:
    return f"2.25.111111111111{number:04d}"


def blank_time(number: int) -> str:
    """Return the blank for the time of that number; 0 is when it was registered."""
    return f"190001010000{number:02d}"


def _something(blank: str, patient: str, source: random.Random) -> str:
    """Return what stands for a blank in one submission."""
    if blank == PATIENT:
        return patient
    if blank.startswith("00000000"):
        text = f"{source.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"
    if blank.startswith("2.25."):
        return f"2.25.{source.getrandbits(127)}"
    if blank.startswith("b1a2"):
        return f"{source.getrandbits(160):040x}"
    year, rest = source.randint(*YEARS), source.getrandbits(32)
    return (
        f"{year}{rest % 12 + 1:02d}{rest % 28 + 1:02d}{rest % 24:02d}{rest % 59:02d}{rest % 60:02d}"
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
