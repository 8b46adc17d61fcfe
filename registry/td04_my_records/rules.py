"""Which records TD0.4 lists, and what may be asked. Pure.

A record is listed when its patient authorised the caller, or the caller's structure, and that holds
at this moment, or when the caller is médecin traitant; when the record is open; and when neither is
blocked. A secretary or a structure is listed what its structure is authorised for. An assertion
that names a patient lists that patient's record at most.

    dateType             startDate     listed is what …
    LASTAUTORIZATION     may be absent was authorised since; also when dateType is absent
    LASTDOC              needed        had a document since that the caller sees

Our readings, the stricter ones: a document that the caller does not see does not move a record into
the list; a structure (INDIRECTE) asks for new authorisations, so it says since when.

Spec: DMP, TD0.4; functional matrix, TD0.4.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from registry.records.fields import Field
from registry.records.model import Person, read_time
from registry.records.visitor import Visitor
from registry.records.words import invalid
from xds.access.model import Action, Deny, Obligation, Permit, Standing
from xds.errors import Complaint, Where, quote
from xds.metadata.datatype import DatatypeError
from xds.metadata.dtm import parse_dtm

SPEC: Final = "DMP, TD0.4"
INDIRECT: Final = "indirect"


class DateType(StrEnum):
    """What startDate is of."""

    AUTHORISATION = "LASTAUTORIZATION"
    DOCUMENT = "LASTDOC"


FIELDS: Final = (Field(name="startDate"), Field(name="dateType", values=tuple(DateType)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for."""

    since: str = ""
    """14 digits; '' for everything."""
    date_type: DateType = DateType.AUTHORISATION


@dataclass(frozen=True, slots=True, kw_only=True)
class Standings:
    """Why a record is listed."""

    since: str
    """When the latest of the authorisations began."""
    is_attending: bool


def wanted_of(texts: dict[str, str], where: Where) -> tuple[Wanted, tuple[Complaint, ...]]:
    """Return what texts ask for that the contract lets through, and what is wrong with a date."""
    kind = DateType(texts["dateType"] or DateType.AUTHORISATION)
    if not texts["startDate"]:
        return Wanted(date_type=kind), ()
    try:
        since = parse_dtm(texts["startDate"]).padded
    except DatatypeError as error:
        complaint = invalid(
            subject="startDate",
            rule=f"{error.rule} ({SPEC})",
            came=quote(texts["startDate"]),
            expected=error.expected,
            fix=error.fix,
            where=where.child("startDate"),
        )
        return Wanted(date_type=kind), (complaint,)
    return Wanted(since=since, date_type=kind), ()


def complaints_of(wanted: Wanted, visitor: Visitor, where: Where) -> Iterator[Complaint]:
    """Yield why a caller who has the function may not ask so."""
    by_document = wanted.date_type is DateType.DOCUMENT
    finding = visitor.decide(Action.FIND)
    if by_document and isinstance(finding, Deny) and finding.is_tellable:
        yield invalid(
            subject="dateType",
            rule=f"who may not search documents is not told of them ({SPEC})",
            came=f"{DateType.DOCUMENT}; {finding.rule}",
            expected=DateType.AUTHORISATION,
            fix=f"ask with {DateType.AUTHORISATION}",
            where=where,
        )
    if not wanted.since and (by_document or visitor.caller.authentication_mode == INDIRECT):
        yield invalid(
            subject="startDate",
            rule=f"{DateType.DOCUMENT}, and a structure, need a date ({SPEC})",
            came="no startDate",
            expected="a time in UTC, such as 20260101000000",
            fix="add startDate",
            where=where,
        )


def names_of(visitor: Visitor) -> frozenset[str]:
    """Return the identities that records are listed for."""
    decision, caller = visitor.decide(Action.LIST_RECORDS), visitor.caller
    if isinstance(decision, Permit) and Obligation.IMPUTE_TO_STRUCTURE in decision.obligations:
        return frozenset({caller.structure} - {""})
    return frozenset({caller.identity, caller.structure} - {""})


def standings(visitor: Visitor) -> Standings | None:
    """Return why the record is listed for its visitor, None when it is not."""
    if visitor.record is None or isinstance(visitor.decide(Action.LIST_RECORDS), Deny):
        return None
    names = names_of(visitor)
    kind = visitor.case(Action.LIST_RECORDS).kind
    attending = [p for p in visitor.record.of(Standing.ATTENDING) if p.identity in names]
    holding = [
        p
        for p in (*visitor.record.of(Standing.AUTHORISED), *attending)
        if p.identity in names and _holds(p, visitor)
    ]
    if not holding:
        return None
    return Standings(
        since=max(p.since for p in holding),
        is_attending=bool(attending) and kind in visitor.policy.attending_of.values(),
    )


def _holds(person: Person, visitor: Visitor) -> bool:
    end = read_time(person.until)
    return end is None or visitor.instant < end
