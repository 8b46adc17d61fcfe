"""Persons, organisations and their addresses: XCN, XON, XTN, and the recipient made of the three.

Spec: ITI TF-3 §4.2.3.1.7 (Table 4.2.3.1.7-2), §4.2.3.3.7 (intendedRecipient). The grammar is
`hl7v2`'s. Tolerated, because the field writes it: an organisation with an OID only.
"""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial
from typing import Final

from xds.metadata.datatype import DatatypeError
from xds.metadata.departures import Departure
from xds.metadata.hl7v2 import (
    Authority,
    components,
    escape,
    read_authority,
    render_authority,
    unescape,
)
from xds.metadata.identifier import is_oid


@dataclass(frozen=True, slots=True, kw_only=True)
class Xcn:
    """A person or a device. Spec: Table 4.2.3.1.7-2, XCN."""

    id_number: str = ""
    family_name: str = ""
    given_name: str = ""
    further_names: str = ""
    suffix: str = ""
    prefix: str = ""
    authority: Authority | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Xon:
    """An organisation. Spec: Table 4.2.3.1.7-2, XON."""

    name: str = ""
    authority: Authority | None = None
    identifier: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Xtn:
    """A telecommunications address. Spec: Table 4.2.3.1.7-2, XTN."""

    use: str = ""
    equipment: str = ""
    """XTN.3: `Internet`, `PH`, `CP`, …"""
    address: str = ""
    """XTN.4, of an e-mail address."""
    country: str = ""
    area: str = ""
    number: str = ""
    extension: str = ""


RECIPIENT_PARTS: Final = 3


def parse_xcn(text: str) -> Xcn:
    """Return the person of a text; either a name or an identifier is enough.

    Spec: ITI TF-3 Table 4.2.3.1.7-2, XCN. Errors: DatatypeError.
    """
    parts = components(text)
    if not parts[0] and not parts[1]:
        raise DatatypeError(
            "an XCN has a last name (XCN.2) or an identifier (XCN.1)",
            expected="Identifier^LastName^FirstName^^^^^^&OID&ISO, or ^LastName^FirstName",
            fix="add one of the two",
        )
    authority = read_authority(parts[8])
    _require_iso(authority, "XCN.9")
    names = tuple(map(unescape, parts[:6]))
    return Xcn(
        id_number=names[0],
        family_name=names[1],
        given_name=names[2],
        further_names=names[3],
        suffix=names[4],
        prefix=names[5],
        authority=authority,
    )


def render_xcn(xcn: Xcn) -> str:
    """Return the text of a person."""
    names = (
        xcn.id_number,
        xcn.family_name,
        xcn.given_name,
        xcn.further_names,
        xcn.suffix,
        xcn.prefix,
    )
    return _render((*map(escape, names), "", "", render_authority(xcn.authority)))


def parse_xon(text: str, departures: AbstractSet[str] = frozenset()) -> Xon:
    """Return the organisation of a text; either a name or an identifier is enough.

    Spec: ITI TF-3 Table 4.2.3.1.7-2, XON; `departures` for what a domain permits beyond it.
    Errors: DatatypeError.
    """
    parts = components(text)
    if not parts[0] and not parts[9]:
        raise DatatypeError(
            "an XON has an organisation name (XON.1)",
            expected="Name^^^^^^^^^OID, or Name^^^^^&OID&ISO^^^^Identifier, or Name",
            fix="add the name",
        )
    authority = read_authority(parts[5])
    _require_iso(authority, "XON.6")
    permitted = {7} if Departure.XON_IDENTIFIER_TYPE in departures else set()
    _refuse_others(parts, {1, 6, 10} | permitted, "XON")
    if parts[9] and authority is None and not is_oid(parts[9]):
        raise DatatypeError(
            "XON.6, the assigning authority, is present when XON.10 is not an OID",
            expected="Name^^^^^&OID&ISO^^^^Identifier, or Name^^^^^^^^^OID",
            fix="add the authority as XON.6",
        )
    return Xon(name=unescape(parts[0]), authority=authority, identifier=unescape(parts[9]))


def render_xon(xon: Xon) -> str:
    """Return the text of an organisation."""
    middle = ("", "", "", "", render_authority(xon.authority), "", "", "")
    return _render((escape(xon.name), *middle, escape(xon.identifier)))


def parse_xtn(text: str) -> Xtn:
    """Return the telecommunications address of a text.

    Spec: ITI TF-3 Table 4.2.3.1.7-2, XTN. Errors: DatatypeError.
    """
    parts = components(text)
    is_mail = parts[2] == "Internet"
    if not parts[2] or not parts[3 if is_mail else 6]:
        raise DatatypeError(
            "an XTN has a type (XTN.3) and an address (XTN.4) or a number (XTN.7)",
            expected="^^Internet^name@example.org, or ^PRS^PH^^^^+31 42 1123 4567",
            fix="fill the missing component",
        )
    _refuse_others(parts, {2, 3, 4} if is_mail else {2, 3, 5, 6, 7, 8}, "XTN")
    if is_mail and parts[1] not in {"", "NET"}:
        raise DatatypeError(
            "XTN.2 of an e-mail address is NET, if present",
            expected="^NET^Internet^name@example.org",
            fix="write NET, or leave XTN.2 empty",
        )
    values = tuple(map(unescape, parts[1:8]))
    return Xtn(
        use=values[0],
        equipment=values[1],
        address=values[2],
        country=values[3],
        area=values[4],
        number=values[5],
        extension=values[6],
    )


def render_xtn(xtn: Xtn) -> str:
    """Return the text of a telecommunications address."""
    values = (
        xtn.use,
        xtn.equipment,
        xtn.address,
        xtn.country,
        xtn.area,
        xtn.number,
        xtn.extension,
    )
    return _render(("", *map(escape, values)))


def check_recipient(text: str, departures: AbstractSet[str] = frozenset()) -> None:
    """Check an intendedRecipient: XON|XCN|XTN, at least one of the three.

    Spec: ITI TF-3 §4.2.3.3.7; `departures` for what a domain permits. Errors: DatatypeError.
    """
    parts = text.split("|")
    if len(parts) > RECIPIENT_PARTS or not any(part.strip() for part in parts):
        raise DatatypeError(
            "a recipient is organisation|person|telecommunication, at least one of them",
            expected="XON|XCN|XTN, such as Hospital^^^^^^^^^1.2.3|^Wel^Marcus|^^Internet^a@b.org",
            fix="fill one of the three parts, separated by |",
        )
    parsers: tuple[Callable[[str], object], ...] = (
        partial(parse_xon, departures=departures),
        parse_xcn,
        parse_xtn,
    )
    for part, parse in zip(parts, parsers, strict=False):
        if part.strip():
            parse(part.strip())


def _refuse_others(parts: Sequence[str], permitted: AbstractSet[int], datatype: str) -> None:
    for number, part in enumerate(parts, start=1):
        if part and number not in permitted:
            raise DatatypeError(
                f"{datatype} has components {', '.join(map(str, sorted(permitted)))} and no other",
                expected=f"{datatype}.{number} empty",
                fix=f"remove {datatype}.{number}",
            )


def _require_iso(authority: Authority | None, component: str) -> None:
    if authority is not None and not authority.is_iso:
        raise DatatypeError(
            f"{component} is &OID&ISO: first part empty, then an OID, then ISO",
            expected="&OID&ISO, such as &1.2.250.1.71.4.2.1&ISO",
            fix=f"write {component} so, or leave it empty",
        )


def _render(parts: Sequence[str]) -> str:
    return "^".join(parts).rstrip("^")
