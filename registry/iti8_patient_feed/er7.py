r"""HL7 v2's ER7 encoding: octets become segments, fields, repetitions, components. Pure.

    message       = segment *( CR segment )
    segment       = name *( field-separator field )
    field         = repetition *( "~" repetition )
    repetition    = component *( "^" component )
    component     = subcomponent *( "&" subcomponent )
    escapes       = \F\ \S\ \R\ \T\ \E\ for the delimiters, \Xhh..\ for octets

The delimiters are the message's own (MSH-1, MSH-2), and so is its character set (MSH-18, first
value). A message without MSH-18 is ASCII (ITI TF-2 Appendix C.2.2); octets beyond ASCII in fields
that nobody reads do no harm then, but an identifier cannot have any.

Why not a library: docs/adr/0002-dependencies.md. Not here: what the segments mean.

Spec: HL7 v2.3.1 §2.9, §2.10 (encoding, escapes), §2.24.1 (MSH).
"""

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from registry.iti8_patient_feed.problem import Code, Place, Problem, UnfitMessage
from xds.errors import quote

HEADER: Final = b"MSH"
MSH_2_CHARACTERS: Final = (4, 5)
"""Component, repetition, escape, subcomponent; from HL7 2.7 on also truncation."""
CHARSET_FIELD: Final = 18
ASCII: Final = "ascii"
CHARSETS: Final = MappingProxyType(
    {
        "": ASCII,
        "ASCII": ASCII,
        "UNICODE UTF-8": "utf-8",
        "UTF-8": "utf-8",
        "UTF8": "utf-8",
        "UNICODE": "utf-8",
        **{f"8859/{n}": f"iso8859-{n}" for n in (*range(1, 10), 15)},
    }
)
"""HL7 Table 0211, as far as a segment's end stays one octet; with two common misspellings."""
SEGMENT_NAME: Final = re.compile(r"[A-Z][A-Z0-9]{2}")
SEGMENT_END: Final = re.compile("\r\n|\r|\n")
NULL: Final = '""'
"""The explicit null: nothing, and said so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delimiters:
    """A message's delimiters."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"

    @property
    def encoding(self) -> str:
        """MSH-2."""
        return self.component + self.repetition + self.escape + self.subcomponent


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One segment: its name and its fields as written, numbered as HL7 does."""

    name: str
    fields: tuple[str, ...]
    """`fields[3]` is field 3; `fields[0]` is the name."""
    delimiters: Delimiters

    def field(self, number: int) -> str:
        """Return a field as written, '' when it is absent or the explicit null."""
        text = self.fields[number] if number < len(self.fields) else ""
        return "" if text.strip() == NULL else text

    def repetitions(self, number: int) -> tuple[tuple[str, ...], ...]:
        """Return a field's repetitions as components, still escaped; trailing empty ones go."""
        repetitions = self.field(number).split(self.delimiters.repetition)
        while repetitions and not repetitions[-1].strip():
            repetitions.pop()
        return tuple(tuple(r.split(self.delimiters.component)) for r in repetitions)

    def component(self, number: int, component: int) -> str:
        """Return the text of a component of a field's first repetition."""
        first = (self.repetitions(number) or ((),))[0]
        text = first[component - 1] if component <= len(first) else ""
        return "" if text.strip() == NULL else self.unescaped(text).strip()

    def subcomponents(self, component: str) -> tuple[str, ...]:
        """Return the texts of a component's subcomponents."""
        parts = component.split(self.delimiters.subcomponent)
        return tuple("" if p.strip() == NULL else self.unescaped(p).strip() for p in parts)

    def unescaped(self, text: str) -> str:
        """Return a text without escape sequences; an unknown sequence stays as it is."""
        escape = self.delimiters.escape
        if escape not in text:
            return text
        meanings = {
            "F": self.delimiters.field,
            "S": self.delimiters.component,
            "T": self.delimiters.subcomponent,
            "R": self.delimiters.repetition,
            "E": escape,
        }
        sequence = re.compile(
            f"{re.escape(escape)}([FSTRE]|X(?:[0-9A-Fa-f]{{2}})+){re.escape(escape)}"
        )
        return sequence.sub(
            lambda found: (
                meanings.get(found[1]) or bytes.fromhex(found[1][1:]).decode("utf-8", "replace")
            ),
            text,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Er7Message:
    """A message as segments."""

    segments: tuple[Segment, ...]

    def named(self, name: str) -> tuple[Segment, ...]:
        """Return the segments of a name, in order."""
        return tuple(segment for segment in self.segments if segment.name == name)


def read_header(octets: bytes) -> Segment:
    """Return the MSH as far as it can be read, for the answer; never fails.

    Octets beyond ASCII become question marks, because the answer is ASCII.
    """
    line = re.split(b"[\r\n]", octets.lstrip(b"\r\n \t"), maxsplit=1)[0]
    text = line.decode("latin-1")
    if not text.startswith("MSH") or len(text) <= len(HEADER):
        return Segment(name="MSH", fields=("MSH", "|", "^~\\&"), delimiters=Delimiters())
    shown = "".join(c if " " <= c <= "~" else "?" for c in text)
    delimiters = _delimiters(shown)
    if _faults(shown):
        delimiters = (
            Delimiters(field=delimiters.field) if delimiters.field.isprintable() else (Delimiters())
        )
    return _header(shown, delimiters)


def read_er7(octets: bytes) -> Er7Message:
    """Return the message. Errors: UnfitMessage."""
    octets = octets.lstrip(b"\r\n \t").removeprefix(b"\xef\xbb\xbf")
    if not octets.startswith(HEADER):
        raise UnfitMessage(
            [
                Problem(
                    code=Code.SEGMENT_SEQUENCE,
                    place=Place(segment="MSH"),
                    rule="a message begins with the segment MSH (HL7 v2.3.1 §2.24.1)",
                    came=quote(octets[:20].decode("latin-1")),
                    fix="send one ER7 message between VT and FS",
                )
            ]
        )
    head = re.split(b"[\r\n]", octets, maxsplit=1)[0].decode("latin-1")
    if faults := _faults(head):
        raise UnfitMessage(faults)
    delimiters = _delimiters(head)
    text = _decoded(octets, _header(head, delimiters))
    lines = [line for line in SEGMENT_END.split(text) if line.strip()]
    first = _header(lines[0], delimiters)
    return Er7Message(
        segments=(first, *(_segment(line, delimiters, n) for n, line in enumerate(lines[1:], 2)))
    )


def _delimiters(head: str) -> Delimiters:
    """Return the delimiters of an MSH; those that it lacks are HL7's own."""
    separator = head[3:4]
    written = head[4:].split(separator, 1)[0]
    usual = Delimiters().encoding
    four = written + usual[len(written) :]
    return Delimiters(
        field=separator,
        component=four[0],
        repetition=four[1],
        escape=four[2],
        subcomponent=four[3],
    )


def _faults(head: str) -> list[Problem]:
    separator = head[3:4]
    written = head[4:].split(separator, 1)[0] if separator else ""
    characters = separator + written
    is_fit = (
        len(written) in MSH_2_CHARACTERS
        and len(set(characters)) == len(characters)
        and all("!" <= c <= "~" and not c.isalnum() for c in characters)
    )
    if is_fit:
        return []
    return [
        Problem(
            code=Code.DATA_TYPE,
            place=Place(segment="MSH", field=2 if separator.strip() else 1),
            rule="MSH-1 and MSH-2 are five different delimiters, no letters and no digits "
            "(HL7 v2.3.1 §2.24.1.1, §2.24.1.2)",
            came=quote(characters),
            fix=r"begin the message with MSH|^~\&|",
        )
    ]


def _header(line: str, delimiters: Delimiters) -> Segment:
    """Return an MSH, whose first field is the field separator itself."""
    parts = line.split(delimiters.field)
    return Segment(name="MSH", fields=("MSH", delimiters.field, *parts[1:]), delimiters=delimiters)


def _segment(line: str, delimiters: Delimiters, number: int) -> Segment:
    fields = tuple(line.split(delimiters.field))
    if not SEGMENT_NAME.fullmatch(fields[0]):
        raise UnfitMessage(
            [
                Problem(
                    code=Code.SEGMENT_SEQUENCE,
                    place=Place(segment=f"segment {number}"),
                    rule="a segment begins with its name, three capitals or digits "
                    "(HL7 v2.3.1 §2.9)",
                    came=quote(fields[0][:20]),
                    fix="end segments with CR alone, and escape a line feed in a text as \\X0A\\",
                )
            ]
        )
    return Segment(name=fields[0], fields=fields, delimiters=delimiters)


def _decoded(octets: bytes, header: Segment) -> str:
    declared = header.component(CHARSET_FIELD, 1)
    place = Place(segment="MSH", field=CHARSET_FIELD)
    charset = CHARSETS.get(declared.upper())
    if charset is None:
        raise UnfitMessage(
            [
                Problem(
                    code=Code.TABLE_VALUE,
                    place=place,
                    rule="the character set is one that this Registry reads (HL7 Table 0211)",
                    came=quote(declared),
                    fix="send UNICODE UTF-8, one of 8859/1 to 8859/9 or 8859/15, or nothing for "
                    "ASCII",
                )
            ]
        )
    try:
        return octets.decode(charset, "surrogateescape" if charset == ASCII else "strict")
    except UnicodeDecodeError as error:
        raise UnfitMessage(
            [
                Problem(
                    code=Code.DATA_TYPE,
                    place=place,
                    rule="the message is in the character set that it declares "
                    "(HL7 v2.3.1 §2.24.1.18)",
                    came=f"{quote(declared)}, but octet {error.start + 1} does not fit it",
                    fix="declare the character set in which the message is written",
                )
            ]
        ) from error
