"""What a message of HL7 v3 must say, as rows of a table; all complaints at once.

    path     where in the message, by HL7's names
    least    how often in each parent, at least …
    most     … and at most
    judge    what is wrong with one such element, '' for nothing

The rows are a room's; here is what reads them. Pure.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from registry.hl7v3.codes import INTERACTIONS_OID, DetailCode
from registry.hl7v3.tree import Node
from xds.errors import Complaint, Severity, quote
from xds.metadata.identifier import is_oid
from xds.namespaces import HL7V3

MAX_REPETITIONS_NAMED: Final = 100
"""Complaints of one row: a message full of the same fault is not answered in full."""


Judge = Callable[[Node, str], str]
"""What is wrong with an element of an interaction, as a text after "Expected:"; '' for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One rule."""

    path: str
    rule: str
    spec: str
    least: int = 0
    most: int | None = None
    judge: Judge | None = None
    code: DetailCode = DetailCode.UNKNOWN_CODE
    """Of what `judge` finds."""
    counts_as: str = "attribute"
    """`attribute` or `association`: HL7 counts them under different codes."""
    of: frozenset[str] = frozenset()
    """Interactions; empty is each."""
    severity: Severity = Severity.ERROR


def code_is(*codes: str) -> Judge:
    """Return a judge of a coded element."""
    return attribute_is("code", *codes)


def attribute_is(name: str, *values: str) -> Judge:
    """Return a judge of a required attribute."""
    wanted = " or ".join(f'{name}="{value}"' for value in values)
    return lambda node, _: "" if node.get(name) in values else wanted


def optional_attribute_is(name: str, value: str) -> Judge:
    """Return a judge of an attribute that may be absent."""
    return lambda node, _: "" if node.attributes.get(name, value) == value else f'{name}="{value}"'


def not_null(node: Node, _: str) -> str:
    """Judge an element that must have a value."""
    return f"{node.name} with a value, without nullFlavor" if node.is_null else ""


def any_root(node: Node, _: str) -> str:
    """Judge an II that identifies a message."""
    return "" if node.get("root") and not node.is_null else 'root="…", an OID or a UUID'


def oid(node: Node, _: str) -> str:
    """Judge an II whose root is an OID."""
    return "" if is_oid(node.get("root")) else 'root="…", an ISO OID'


def no_extension(node: Node, _: str) -> str:
    """Judge an II whose root says all."""
    return "no extension" if node.get("extension") else ""


def own_interaction(node: Node, interaction: str) -> str:
    """Judge interactionId: it names the message that it stands in."""
    expected = (INTERACTIONS_OID, interaction)
    if (node.get("root"), node.get("extension")) == expected:
        return ""
    return f'root="{INTERACTIONS_OID}" extension="{interaction}"'


TIME: Final = re.compile(r"[0-9]{4,14}(?:\.[0-9]{1,4})?(?:[+-][0-9]{1,4})?", re.ASCII)


def time(node: Node, _: str) -> str:
    """Judge a point in time."""
    return "" if TIME.fullmatch(node.get("value")) else 'value="YYYYMMDDhhmmss", or a part of it'


WRAPPER: Final = "ITI TF-2 Table O.1.1-1"
C = DetailCode


# fmt: off
def wrapper_rows(table: str) -> tuple[Row, ...]:
    """Return the rows of the transmission wrapper; `table` is where a transaction restricts it."""
    return (
        Row(path="", rule="the message is of the XML ITS, version XML_1.0", spec="HL7 v3 XML ITS",
            judge=attribute_is("ITSVersion", "XML_1.0"), code=C.SYNTAX),
        Row(path="id", rule="a message has one id", spec=WRAPPER, least=1, most=1, judge=any_root,
            code=C.MISSING_ATTRIBUTE),
        Row(path="creationTime", rule="a message says when it was created", spec=WRAPPER,
            least=1, most=1, judge=time, code=C.WRONG_VALUE),
        Row(path="interactionId", rule="interactionId names the interaction of the body's element",
            spec=table, least=1, most=1, judge=own_interaction, code=C.UNSUPPORTED_INTERACTION),
        Row(path="processingCode", rule="processingCode is D, T or P", spec=WRAPPER, least=1,
            most=1, judge=code_is("D", "T", "P"), code=C.UNSUPPORTED_PROCESSING_ID),
        Row(path="processingModeCode", rule="processingModeCode is T", spec=table, least=1, most=1,
            judge=code_is("T"), code=C.UNSUPPORTED_PROCESSING_MODE),
        Row(path="acceptAckCode", rule="acceptAckCode is AL", spec=table, least=1, most=1,
            judge=code_is("AL")),
        Row(path="receiver", rule="a message has one receiver", spec=table, least=1, most=1,
            counts_as="association"),
        Row(path="receiver/device", rule="a receiver is one device", spec=table, least=1, most=1,
            counts_as="association"),
        Row(path="receiver/device/id", rule="a device is identified by an OID", spec=WRAPPER,
            least=1, judge=oid, code=C.WRONG_VALUE),
        Row(path="receiver/device/id", rule="a device's id has no extension", spec=WRAPPER,
            judge=no_extension, code=C.WRONG_VALUE, severity=Severity.WARNING),
        Row(path="sender", rule="a message has one sender", spec=WRAPPER, least=1, most=1,
            counts_as="association"),
        Row(path="sender/device", rule="a sender is one device", spec=WRAPPER, least=1, most=1,
            counts_as="association"),
        Row(path="sender/device/id", rule="a device is identified by an OID", spec=WRAPPER,
            least=1, judge=oid, code=C.WRONG_VALUE),
        Row(path="sender/device/id", rule="a device's id has no extension", spec=WRAPPER,
            judge=no_extension, code=C.WRONG_VALUE, severity=Severity.WARNING),
    )
# fmt: on

MISSING: Final = {
    "attribute": DetailCode.MISSING_ATTRIBUTE,
    "association": DetailCode.MISSING_ASSOCIATION,
}
TOO_MANY: Final = {
    "attribute": DetailCode.TOO_MANY_ATTRIBUTES,
    "association": DetailCode.TOO_MANY_ASSOCIATIONS,
}


def check_rows(rows: Iterable[Row], message: Node, interaction: str) -> list[Complaint]:
    """Return every complaint of every row."""
    found: list[Complaint] = []
    for row in rows:
        if not row.of or interaction in row.of:
            found.extend(_judge(row, message, interaction))
    return found


def _judge(row: Row, message: Node, interaction: str) -> Iterator[Complaint]:
    parent_path, _, name = row.path.rpartition("/")
    parents = message.at(parent_path) if name else iter((message,))
    told = 0
    for parent in parents:
        nodes = parent.named(name) if name else (parent,)
        if name:
            yield from _count(row, parent, nodes)
        for node in nodes if row.judge else ():
            expected = row.judge(node, interaction) if row.judge else ""
            if expected and told < MAX_REPETITIONS_NAMED:
                told += 1
                fix = "correct it there"
                yield _complaint(
                    row, node, code=row.code, came=shown(node), expected=expected, fix=fix
                )


def _count(row: Row, parent: Node, nodes: tuple[Node, ...]) -> Iterator[Complaint]:
    name = row.path.rpartition("/")[2]
    expected = f"{_times(row)} {name} in namespace {HL7V3}"
    if len(nodes) < row.least:
        fix = f"add {name} to {parent.name}"
        code = MISSING[row.counts_as]
        yield _complaint(row, parent, code=code, came=f"no {name}", expected=expected, fix=fix)
    elif row.most is not None and len(nodes) > row.most:
        extra = nodes[row.most]
        came, fix = f"{len(nodes)} {name}", f"send {_times(row)} {name} in a message"
        code = TOO_MANY[row.counts_as]
        yield _complaint(row, extra, code=code, came=came, expected=expected, fix=fix)


def _times(row: Row) -> str:
    if row.most == 0:
        return "no"
    return "one" if row.most == 1 else f"at least {row.least}"


def _complaint(  # noqa: PLR0913 - what a complaint is made of
    row: Row, node: Node, *, code: DetailCode, came: str, expected: str, fix: str
) -> Complaint:
    return Complaint(
        code=code,
        subject=row.path or "message",
        rule=f"{row.rule} ({row.spec})",
        came=came,
        expected=expected,
        fix=fix,
        where=node.where,
        severity=row.severity,
    )


def shown(node: Node) -> str:
    """Return the attributes of an element, fit for an error."""
    said = " ".join(f'{name}="{value}"' for name, value in node.attributes.items())
    return f"{node.name} {quote(said)}" if said else f"{node.name} without attributes"
