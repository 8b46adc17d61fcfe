r"""HL7 v2.5 data types as IHE restricts them: the grammar, CX, CXi and fields of PID.

Spec: ITI TF-3 §4.2.3.1.7 (Tables 4.2.3.1.7-1 and -2). Grammar:

    value        = component *( "^" component )        trailing delimiters count for nothing
    component    = subcomponent *( "&" subcomponent )
    escapes      = \F\ for |, \S\ for ^, \R\ for ~, \T\ for &, \E\ for \

No HL7 length is enforced (§4.2.3.1.7). Refused: a separator of another level; a backslash that
starts none of the five escapes (§4.2.3.1.7 excludes \H\, \N\ and \Zdddd\ by name); and `&amp;` in a
value, which is an ampersand that was escaped twice. Persons and organisations are in `party`.
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
FIELD: Final = re.compile(r"PID-([1-9][0-9]?)(?:\.[0-9]{1,2})?\|", re.ASCII)
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
WORKFLOW_INSTANCE: Final = "urn:ihe:iti:xdw:2013:workflowInstanceId"
STANDS_ALONE: Final = frozenset({WORKFLOW_INSTANCE, "urn:ihe:iti:xds:2016:studyInstanceUID"})
"""CXi type codes beside which only CXi.1 may be present."""


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
    parts = components(text)
    authority = read_authority(parts[3])
    is_no_id = not parts[0] or "&" in parts[0]
    if is_no_id or parts[1] or parts[2] or authority is None or not authority.is_iso:
        raise DatatypeError(
            f"a CX is {CX_FORM}, components 2 and 3 empty",
            expected=CX_FORM + ", such as 543797436^^^&1.2.840.113619.6.197&ISO",
            fix=_cx_fix(parts, authority),
        )
    return Cx(
        id_number=unescape(parts[0]),
        authority=authority.universal_id,
        further=trimmed(parts[4:]),
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
    parts = components(text)
    authority = read_authority(parts[3])
    faults = (
        (not parts[0], "CXi.1 is present and holds the identifier", "add the identifier"),
        ("&" in parts[0], "CXi.1 is one identifier", "write \\T\\ for & in it"),
        (bool(parts[1] or parts[2]), "CXi.2 and CXi.3 are empty", "write ^^^ after the identifier"),
        (
            authority is not None and not (_is_universal(authority) or _is_namespace(authority)),
            "CXi.4 is a universal id with its type, such as &OID&ISO, or a namespace id",
            "write &OID&ISO, or leave CXi.4 empty",
        ),
        (not parts[4], "CXi.5 is present and holds the identifier's type code", "add CXi.5"),
        (bool(trimmed(parts[5:])), "CXi has no sixth component", "end the value after CXi.5"),
        (
            authority is None and parts[4] in NEEDS_AUTHORITY,
            f"CXi.4 is present when CXi.5 is {parts[4]}",
            "add the assigning authority as CXi.4",
        ),
        (
            authority is not None and parts[4] in STANDS_ALONE,
            f"only CXi.1 and CXi.5 are present when CXi.5 is {parts[4]}",
            "leave CXi.4 empty",
        ),
        (
            parts[4] == WORKFLOW_INSTANCE and not is_oid(parts[0]),
            f"CXi.1 is an OID when CXi.5 is {parts[4]}",
            "send the OID in dot notation, without urn:oid:",
        ),
    )
    for is_fault, rule, fix in faults:
        if is_fault:
            raise DatatypeError(rule, expected=CXI_FORM, fix=fix)
    return Cxi(id_number=unescape(parts[0]), type_code=unescape(parts[4]), authority=authority)


def render_cxi(cxi: Cxi) -> str:
    """Return the text of a CXi."""
    head = f"{escape(cxi.id_number)}^^^{render_authority(cxi.authority)}"
    return f"{head}^{escape(cxi.type_code)}"


def check_text(text: str) -> None:
    """Check a String or Coded String: anything, except an ampersand that was escaped twice."""
    _refuse_double_escape(text)


def parse_coded_string(text: str) -> tuple[str, str] | None:
    """Return code and system of a Coded String, or None: the attribute may be plain text.

    Spec: ITI TF-3 Table 4.2.3.1.7-2, Coded String (`Code^^^&OID&ISO`); also `Code^Label^OID`, which
    France's CI-SIS writes.
    """
    parts = text.split("^")
    authority = read_authority(parts[3]) if len(parts) > 3 else None  # noqa: PLR2004 - XXX.4
    if authority is not None and authority.is_iso:
        return unescape(parts[0]), authority.universal_id
    if len(parts) == 3 and is_oid(parts[2]):  # noqa: PLR2004 - code, label, system
        return unescape(parts[0]), parts[2]
    return None


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
    _refuse_foreign_escape(text)
    return int(match[1]), text[match.end() :]


MIN_COMPONENTS: Final = 12


def components(text: str) -> list[str]:
    """Return the components: split at ^ padded to as many as a type may name.

    Errors: DatatypeError for an ampersand that was escaped twice, a separator or an escape that the
    type does not have.
    """
    _refuse_double_escape(text)
    _refuse_foreign_escape(text)
    for separator in "|~":
        if separator in text:
            raise DatatypeError(
                f"{separator} in a value is written as an escape sequence (§4.2.3.1.7)",
                expected=f"one value, with {ESCAPES[separator]} for {separator}",
                fix="escape it; a second value is a second rim:Value",
            )
    parts = [part.strip() for part in text.split("^")]
    return parts + [""] * (MIN_COMPONENTS - len(parts))


def _refuse_double_escape(text: str) -> None:
    if any(entity in text for entity in DOUBLE_ESCAPES):
        raise DatatypeError(
            "the value holds an XML entity after XML was decoded: it was escaped twice",
            expected="& in the value, which is &amp; in the XML",
            fix="escape the value once: write &amp;, not &amp;amp;",
        )


def _refuse_foreign_escape(text: str) -> None:
    if "\\" in text and "\\" in ESCAPED.sub("", text):
        raise DatatypeError(
            "a backslash starts one of five escape sequences (§4.2.3.1.7)",
            expected="\\F\\ for |, \\S\\ for ^, \\R\\ for ~, \\T\\ for &, \\E\\ for a backslash",
            fix="write \\E\\ for a backslash; leave sequences of formatting or of your own away",
        )


def read_authority(component: str) -> Authority | None:
    """Return the assigning authority of a component, or None when it is empty."""
    parts = [unescape(part) for part in component.split("&")] + ["", "", ""]
    if not any(parts):
        return None
    # A fourth part belongs to no authority: it makes the type one that is not known.
    kind = "&".join(parts[2:]).rstrip("&")
    return Authority(namespace=parts[0], universal_id=parts[1], universal_type=kind)


def _is_universal(authority: Authority) -> bool:
    kind = authority.universal_type
    is_other = kind not in {"", "ISO"} and "&" not in kind
    return authority.is_iso or bool(is_other and authority.universal_id and not authority.namespace)


def _is_namespace(authority: Authority) -> bool:
    return bool(authority.namespace) and not authority.universal_id


def render_authority(authority: Authority | None) -> str:
    """Return the component of an assigning authority, empty for None."""
    if authority is None:
        return ""
    parts = (authority.namespace, authority.universal_id, authority.universal_type)
    return "&".join(map(escape, parts)).rstrip("&")


def trimmed(parts: Sequence[str]) -> tuple[str, ...]:
    """Return the components without empty ones at the end: trailing delimiters are nothing."""
    kept = list(parts)
    while kept and not kept[-1]:
        kept.pop()
    return tuple(kept)


def _cx_fix(parts: list[str], authority: Authority | None) -> str:
    given = authority or Authority()
    fixes = (
        (not parts[0], "add the identifier before ^^^"),
        ("&" in parts[0], "write \\T\\ for & in the identifier"),
        (bool(parts[1] or parts[2]), "leave components 2 and 3 empty"),
        (authority is None, "add ^^^&OID&ISO after the identifier"),
        (
            bool(given.namespace),
            "start component 4 with &: its first part, the namespace, is empty",
        ),
        (not is_oid(given.universal_id), "make the second part of component 4 an OID"),
    )
    return next((fix for is_fault, fix in fixes if is_fault), "end component 4 with &ISO")
