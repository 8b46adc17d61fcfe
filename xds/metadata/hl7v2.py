r"""HL7 v2.5 data types as IHE restricts them: CX, CXi, XCN, XON, XTN and fields of PID.

Spec: ITI TF-3 §4.2.3.1.7 (Tables 4.2.3.1.7-1 and -2). Grammar:

    value        = component *( "^" component )        trailing delimiters count for nothing
    component    = subcomponent *( "&" subcomponent )
    escapes      = \F\ for |, \S\ for ^, \R\ for ~, \T\ for &, \E\ for \

Tolerated, because the field writes it: a person with a name only or an identifier only, an
organisation with an OID only, further components of XCN and XON that IHE leaves out. No HL7
length is enforced (§4.2.3.1.7). Refused with a word about it: `&amp;` inside a value, which is an
ampersand that was escaped twice.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from xds.metadata.datatype import DatatypeError
from xds.metadata.identifier import is_oid

ESCAPES: Final = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "~": "\\R\\", "&": "\\T\\"}
UNESCAPES: Final = {written: char for char, written in ESCAPES.items()}
SPECIAL: Final = re.compile(r"[\\|^~&]")
ESCAPED: Final = re.compile(r"\\[EFSRT]\\")
FIELD: Final = re.compile(r"PID-([0-9]{1,2})(?:\.[0-9]{1,2})?\|", re.ASCII)
LAST_PID_FIELD: Final = 39
DOUBLE_ESCAPES: Final = ("&amp;", "&lt;", "&gt;", "&quot;", "&#")

CX_FORM: Final = "IdNumber^^^&OID of the assigning authority&ISO"
CXI_FORM: Final = "Id^^^&OID&ISO^type code, such as 2013001^^^&1.2.3&ISO^urn:ihe:iti:xds:2013:order"
NEEDS_AUTHORITY: Final = frozenset(
    {
        "urn:ihe:iti:xds:2013:order",
        "urn:ihe:iti:xds:2013:referral",
        "urn:ihe:iti:xds:2015:encounterId",
    }
)
"""CXi type codes whose identifier is nothing without its assigning authority."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """HD: an assigning authority. IHE wants the first part empty and the type ISO."""

    namespace: str = ""
    universal_id: str = ""
    universal_type: str = ""

    @property
    def is_iso(self) -> bool:
        """Whether it is `&OID&ISO`."""
        return self.universal_type == "ISO" and is_oid(self.universal_id) and not self.namespace


@dataclass(frozen=True, slots=True, kw_only=True)
class Cx:
    """An identifier and the authority that assigned it."""

    id_number: str
    authority: str
    """OID."""
    further: tuple[str, ...] = ()
    """Components from CX.5 on, which IHE forbids and France's INS uses (`NH`)."""

    @property
    def key(self) -> str:
        """The identifier in IHE's form, without further components: what two must share."""
        return render_cx(Cx(id_number=self.id_number, authority=self.authority))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cxi:
    """A reference identifier. Spec: Table 4.2.3.1.7-2, CXi."""

    id_number: str
    type_code: str
    authority: Authority | None = None


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


def escape(text: str) -> str:
    """Return a text fit for a component: HL7's separators as escape sequences."""
    return SPECIAL.sub(lambda match: ESCAPES[match[0]], text)


def unescape(text: str) -> str:
    """Return a component's text; a backslash that starts no known sequence stays."""
    return ESCAPED.sub(lambda match: UNESCAPES[match[0]], text) if "\\" in text else text


def parse_cx(text: str) -> Cx:
    """Return the CX of a text, with further components if there are any.

    Spec: ITI TF-3 Table 4.2.3.1.7-2, CX. Errors: DatatypeError.
    """
    parts = _components(text)
    authority = _authority(parts[3])
    if not parts[0] or parts[1] or parts[2] or authority is None or not authority.is_iso:
        raise DatatypeError(
            f"a CX is {CX_FORM}, components 2 and 3 empty",
            expected=CX_FORM + ", such as 543797436^^^&1.2.840.113619.6.197&ISO",
            fix=_cx_fix(parts, authority),
        )
    return Cx(
        id_number=unescape(parts[0]),
        authority=authority.universal_id,
        further=_trimmed(parts[4:]),
    )


def parse_strict_cx(text: str) -> Cx:
    """Return the CX of a text with nothing beyond CX.4. Errors: DatatypeError."""
    cx = parse_cx(text)
    if cx.further:
        raise DatatypeError(
            "a CX has no component after the assigning authority",
            expected=CX_FORM,
            fix="end the value after ISO",
        )
    return cx


def render_cx(cx: Cx) -> str:
    """Return the text of a CX."""
    head = f"{escape(cx.id_number)}^^^&{escape(cx.authority)}&ISO"
    return "^".join((head, *cx.further))


def cx_key(text: str) -> str:
    """Return what two texts must share to mean the same patient; ill-formed text stands for itself.

    Why: `207…^^^&OID&ISO^NH` and `207…^^^&OID&ISO` are one person.
    """
    try:
        return parse_cx(text.strip()).key
    except DatatypeError:
        return text.strip()


def parse_cxi(text: str) -> Cxi:
    """Return the CXi of a text. Errors: DatatypeError."""
    parts = _components(text)
    authority = _authority(parts[3])
    faults = (
        (not parts[0], "CXi.1 is present and holds the identifier", "add the identifier"),
        (bool(parts[1] or parts[2]), "CXi.2 and CXi.3 are empty", "write ^^^ after the identifier"),
        (
            authority is not None and not (authority.is_iso or _is_namespace(authority)),
            "CXi.4 is &OID&ISO or a namespace id",
            "write &OID&ISO, or leave CXi.4 empty",
        ),
        (not parts[4], "CXi.5 is present and holds the identifier's type code", "add CXi.5"),
        (bool(_trimmed(parts[5:])), "CXi has no sixth component", "end the value after CXi.5"),
        (
            authority is None and parts[4] in NEEDS_AUTHORITY,
            f"CXi.4 is present when CXi.5 is {parts[4]}",
            "add the assigning authority as CXi.4",
        ),
    )
    for is_fault, rule, fix in faults:
        if is_fault:
            raise DatatypeError(rule, expected=CXI_FORM, fix=fix)
    return Cxi(id_number=unescape(parts[0]), type_code=unescape(parts[4]), authority=authority)


def render_cxi(cxi: Cxi) -> str:
    """Return the text of a CXi."""
    head = f"{escape(cxi.id_number)}^^^{_render_authority(cxi.authority)}"
    return f"{head}^{escape(cxi.type_code)}"


def parse_xcn(text: str) -> Xcn:
    """Return the person of a text; either a name or an identifier is enough.

    Spec: ITI TF-3 Table 4.2.3.1.7-2, XCN. Errors: DatatypeError.
    """
    parts = _components(text)
    if not parts[0] and not parts[1]:
        raise DatatypeError(
            "an XCN has a last name (XCN.2) or an identifier (XCN.1)",
            expected="Identifier^LastName^FirstName^^^^^^&OID&ISO, or ^LastName^FirstName",
            fix="add one of the two",
        )
    authority = _authority(parts[8])
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
    return _render((*map(escape, names), "", "", _render_authority(xcn.authority)))


def parse_xon(text: str) -> Xon:
    """Return the organisation of a text; either a name or an identifier is enough.

    Spec: ITI TF-3 Table 4.2.3.1.7-2, XON. Errors: DatatypeError.
    """
    parts = _components(text)
    if not parts[0] and not parts[9]:
        raise DatatypeError(
            "an XON has an organisation name (XON.1)",
            expected="Name^^^^^^^^^OID, or Name^^^^^&OID&ISO^^^^Identifier, or Name",
            fix="add the name",
        )
    authority = _authority(parts[5])
    _require_iso(authority, "XON.6")
    return Xon(name=unescape(parts[0]), authority=authority, identifier=unescape(parts[9]))


def render_xon(xon: Xon) -> str:
    """Return the text of an organisation."""
    middle = ("", "", "", "", _render_authority(xon.authority), "", "", "")
    return _render((escape(xon.name), *middle, escape(xon.identifier)))


def parse_xtn(text: str) -> Xtn:
    """Return the telecommunications address of a text.

    Spec: ITI TF-3 Table 4.2.3.1.7-2, XTN. Errors: DatatypeError.
    """
    parts = _components(text)
    is_mail = parts[2] == "Internet"
    has_number = any((parts[0], parts[6], parts[11]))
    if not parts[2] or not (parts[3] if is_mail else has_number or parts[3]):
        raise DatatypeError(
            "an XTN has a type (XTN.3) and an address (XTN.4) or a number (XTN.7)",
            expected="^^Internet^name@example.org, or ^PRS^PH^^^^+31 42 1123 4567",
            fix="fill the missing component",
        )
    values = tuple(map(unescape, parts[1:8]))
    return Xtn(
        use=values[0],
        equipment=values[1],
        address=values[2],
        country=values[3],
        area=values[4],
        number=values[5] or unescape(parts[11]) or unescape(parts[0]),
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


def check_recipient(text: str) -> None:
    """Check an intendedRecipient: XON|XCN|XTN, at least one of the three.

    Spec: ITI TF-3 §4.2.3.3.7. Errors: DatatypeError.
    """
    parts = text.split("|")
    if len(parts) > len(RECIPIENT_PARTS) or not any(part.strip() for part in parts):
        raise DatatypeError(
            "a recipient is organisation|person|telecommunication, at least one of them",
            expected="XON|XCN|XTN, such as Hospital^^^^^^^^^1.2.3|^Wel^Marcus|^^Internet^a@b.org",
            fix="fill one of the three parts, separated by |",
        )
    for part, parse in zip(parts, RECIPIENT_PARTS, strict=False):
        if part.strip():
            parse(part.strip())


def check_text(text: str) -> None:
    """Check a String or Coded String: anything, except an ampersand that was escaped twice."""
    _refuse_double_escape(text)


def parse_pid_field(text: str) -> tuple[int, str]:
    """Return number and content of a PID field, such as (5, 'Doe^John') of `PID-5|Doe^John`.

    Spec: ITI TF-3 §4.2.3.2.23. The content stays as it is, odd dates and all.
    Errors: DatatypeError.
    """
    match = FIELD.match(text)
    if match is None or not 1 <= int(match[1]) <= LAST_PID_FIELD:
        raise DatatypeError(
            "each value is a field of the PID segment: PID-n, a bar, the content",
            expected="such as PID-5|Doe^John or PID-7|19560527",
            fix=f"start the value with PID-1| to PID-{LAST_PID_FIELD}|",
        )
    _refuse_double_escape(text)
    return int(match[1]), text[match.end() :]


RECIPIENT_PARTS: Final = (parse_xon, parse_xcn, parse_xtn)
MIN_COMPONENTS: Final = 12


def _components(text: str) -> list[str]:
    """Split at ^ and pad, so that every component that a type names can be asked for."""
    _refuse_double_escape(text)
    parts = [part.strip() for part in text.split("^")]
    return parts + [""] * (MIN_COMPONENTS - len(parts))


def _refuse_double_escape(text: str) -> None:
    if any(entity in text for entity in DOUBLE_ESCAPES):
        raise DatatypeError(
            "the value holds an XML entity after XML was decoded: it was escaped twice",
            expected="& in the value, which is &amp; in the XML",
            fix="escape the value once: write &amp;, not &amp;amp;",
        )


def _authority(component: str) -> Authority | None:
    parts = [unescape(part) for part in component.split("&")] + ["", "", ""]
    if not any(parts):
        return None
    return Authority(namespace=parts[0], universal_id=parts[1], universal_type=parts[2])


def _is_namespace(authority: Authority) -> bool:
    return bool(authority.namespace) and not authority.universal_id


def _require_iso(authority: Authority | None, component: str) -> None:
    if authority is not None and not authority.is_iso:
        raise DatatypeError(
            f"{component} is &OID&ISO: first part empty, then an OID, then ISO",
            expected="&OID&ISO, such as &1.2.250.1.71.4.2.1&ISO",
            fix=f"write {component} so, or leave it empty",
        )


def _render_authority(authority: Authority | None) -> str:
    if authority is None:
        return ""
    parts = (authority.namespace, authority.universal_id, authority.universal_type)
    return "&".join(map(escape, parts)).rstrip("&")


def _render(parts: Sequence[str]) -> str:
    return "^".join(parts).rstrip("^")


def _trimmed(parts: Sequence[str]) -> tuple[str, ...]:
    kept = list(parts)
    while kept and not kept[-1]:
        kept.pop()
    return tuple(kept)


def _cx_fix(parts: list[str], authority: Authority | None) -> str:
    if not parts[0]:
        return "add the identifier before ^^^"
    if parts[1] or parts[2]:
        return "leave components 2 and 3 empty"
    if authority is None:
        return "add ^^^&OID&ISO after the identifier"
    if authority.namespace:
        return "start component 4 with &: its first part, the namespace, is empty"
    if not is_oid(authority.universal_id):
        return "make the second part of component 4 an OID"
    return "end component 4 with &ISO"
