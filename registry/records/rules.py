"""The rules of a patient's choices, as rows of a table. Pure.

Spec: none of IHE's. A rule sees the record as it is and the choice, and yields faults; all run.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from registry.records.changes import (
    Attending,
    Authorise,
    Block,
    Close,
    Consent,
    Contact,
    Named,
    Open,
    RecordChange,
    RecordFault,
    Represent,
    Withdraw,
)
from registry.records.model import Record, read_time
from registry.telling.letter import address_complaint
from xds.access.model import RecordState, Standing
from xds.errors import quote
from xds.metadata.datatype import DatatypeError
from xds.metadata.hl7v2 import parse_cx

LONGEST_IDENTITY: Final = 100
LANGUAGE: Final = re.compile(r"[a-z]{2}(-[A-Z]{2})?")


def check(record: Record, change: RecordChange, instant: str) -> list[RecordFault]:
    """Return what is wrong with a choice; nothing, when it can be made."""
    return [fault for rule in RULES for fault in rule(record, change, instant)]


def _somebody_is_named(_: Record, change: RecordChange, __: str) -> Iterator[RecordFault]:
    if not isinstance(change, Named):
        return
    text = change.identity
    if not text or text != text.strip() or not text.isprintable() or len(text) > LONGEST_IDENTITY:
        yield RecordFault(
            subject="person",
            rule="a person or structure is named as their assertions name them (Subject/NameID; "
            "Identifiant_Structure)",
            came=quote(text) if text else "nothing",
            expected="a national id such as 899900000001, or of a structure such as 1120456789",
            fix="write the id without spaces around it",
        )


def _the_patient_needs_no_standing(
    record: Record, change: RecordChange, _: str
) -> Iterator[RecordFault]:
    if isinstance(change, Named) and change.identity == _id_number(record.patient_id):
        yield RecordFault(
            subject=f"person {quote(change.identity)}",
            rule="a choice is about somebody else than the patient, who always sees the own record",
            came="the patient's own identifier",
            expected="the id of a professional, a structure or a representative",
            fix="name that person",
        )


def _a_closed_record_is_opened_first(
    record: Record, change: RecordChange, _: str
) -> Iterator[RecordFault]:
    if record.state is RecordState.CLOSED and not isinstance(change, Open | Close):
        yield RecordFault(
            subject=f"record of {quote(record.patient_id)}",
            rule="a record that is closed keeps its choices as they are",
            came=f"a choice ({type(change).__name__}) while it is closed",
            expected="an open record",
            fix="open it first: greffe patient open",
        )


def _a_block_is_lifted_by_itself_only(
    record: Record, change: RecordChange, _: str
) -> Iterator[RecordFault]:
    if not isinstance(change, Authorise | Attending | Represent):
        return
    if record.person(change.identity, Standing.BLOCKED):
        yield RecordFault(
            subject=f"person {quote(change.identity)}",
            rule="who is blocked gets no access by another choice: lifting a block is an act of "
            "its own, with the patient's consent",
            came=f"{type(change).__name__} of somebody blocked",
            expected="somebody who is not blocked",
            fix="lift the block first: greffe patient unblock",
        )


def _an_attending_doctor_is_no_stranger(
    record: Record, change: RecordChange, _: str
) -> Iterator[RecordFault]:
    if not isinstance(change, Block | Withdraw):
        return
    if record.person(change.identity, Standing.ATTENDING):
        yield RecordFault(
            subject=f"person {quote(change.identity)}",
            rule="the role of médecin traitant gives access by itself: it ends before a block or "
            "the end of an authorisation can have an effect",
            came="the patient's médecin traitant",
            expected="somebody who is not médecin traitant",
            fix="end the role first: greffe patient resign",
        )


def _a_structure_attends_nobody(
    record: Record, change: RecordChange, _: str
) -> Iterator[RecordFault]:
    known = (p for p in record.people if isinstance(change, Named))
    if isinstance(change, Attending | Represent) and any(
        p.is_structure and p.identity == change.identity for p in known
    ):
        yield RecordFault(
            subject=f"structure {quote(change.identity)}",
            rule="a médecin traitant, or a legal representative, is a person",
            came="the id of a structure",
            expected="a person's national id",
            fix="name the person",
        )


def _an_authorisation_ends_later(
    _: Record, change: RecordChange, instant: str
) -> Iterator[RecordFault]:
    if not isinstance(change, Authorise) or not change.until:
        return
    if not _is_time(change.until) or change.until <= instant:
        yield RecordFault(
            subject="until",
            rule="an authorisation ends at a time to come",
            came=quote(change.until),
            expected=f"a time of 14 digits in UTC after {instant}",
            fix="choose a later time, or none",
        )


def _masked_documents_need_an_emergency(
    record: Record, change: RecordChange, _: str
) -> Iterator[RecordFault]:
    if not isinstance(change, Consent) or not change.masked:
        return
    regulation = record.regulation if change.regulation is None else change.regulation
    break_glass = record.break_glass if change.break_glass is None else change.break_glass
    if not (regulation or break_glass):
        yield RecordFault(
            subject="consent to masked documents",
            rule="masked documents are opened in an emergency only together with the consent to "
            "medical regulation or to break-glass",
            came="masked documents: yes, medical regulation: no, break-glass: no",
            expected="one of the other two consents as well",
            fix="give one of them: greffe patient consent --regulation yes, or --break-glass yes",
        )


def _a_consent_says_something(_: Record, change: RecordChange, __: str) -> Iterator[RecordFault]:
    nothing = (Consent(), Contact())
    if change in nothing:
        yield RecordFault(
            subject=type(change).__name__.lower(),
            rule="a choice says what is chosen",
            came="nothing",
            expected="at least one value",
            fix="name what is to be changed",
        )


def _an_address_is_one(_: Record, change: RecordChange, __: str) -> Iterator[RecordFault]:
    email = change.email if isinstance(change, Contact) else None
    if email and address_complaint(email):
        yield RecordFault(
            subject="e-mail address",
            rule="an address is one mailbox (RFC 5321)",
            came=quote(email),
            expected="such as claire.martin@example.org, in ASCII",
            fix="correct the address, or give an empty one for none",
        )


def _a_language_is_one(_: Record, change: RecordChange, __: str) -> Iterator[RecordFault]:
    language = change.language if isinstance(change, Contact) else None
    if language is not None and not LANGUAGE.fullmatch(language):
        yield RecordFault(
            subject="language",
            rule="a language is a code of two letters",
            came=quote(language) if language else "nothing",
            expected="fr or en, also with a country, such as fr-FR",
            fix="correct the code",
        )


def _id_number(patient_id: str) -> str:
    try:
        return parse_cx(patient_id).id_number
    except DatatypeError:
        return patient_id


def _is_time(text: str) -> bool:
    try:
        return len(text) == len("YYYYMMDDhhmmss") and read_time(text) is not None
    except ValueError:
        return False


RULES: Final[tuple[Callable[[Record, RecordChange, str], Iterator[RecordFault]], ...]] = (
    _somebody_is_named,
    _the_patient_needs_no_standing,
    _a_closed_record_is_opened_first,
    _a_block_is_lifted_by_itself_only,
    _an_attending_doctor_is_no_stranger,
    _a_structure_attends_nobody,
    _an_authorisation_ends_later,
    _masked_documents_need_an_emergency,
    _a_consent_says_something,
    _an_address_is_one,
    _a_language_is_one,
)
