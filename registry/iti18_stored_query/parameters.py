"""From slots to conditions, by the rows of the catalogue; every fault of a query at once.

Spec: ITI TF-2 §3.18.4.1.2.3.3 (times), .4 (codes), .5 (single and multiple values, AND and OR),
.6 (statuses and entry types). Pure.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from registry.iti18_stored_query.catalogue import TOLERATED, Form, Parameter, StoredQuery
from registry.iti18_stored_query.recipes import Criteria
from registry.ledger.api import (
    Columns,
    Condition,
    HasAuthor,
    HasCode,
    HasReference,
    Kind,
    TimeRange,
)
from xds.ebrim.query import AdhocQuery
from xds.errors import Complaint, ErrorCode, Where, quote
from xds.metadata import vocabulary as v
from xds.metadata.datatype import DatatypeError
from xds.metadata.dtm import parse_dtm
from xds.metadata.hl7v2 import cx_key
from xds.metadata.rim import Slot

VALUE: Final = re.compile(r"\s*(?:'((?:[^']|'')*)'|([+-]?[0-9]+(?:\.[0-9]+)?))\s*(,|$)")
STATUSES: Final = frozenset({v.APPROVED, v.DEPRECATED})
ENTRY_TYPES: Final = frozenset({v.STABLE, v.ON_DEMAND})
VALUES_RULE: Final = (
    "a value is a number, or a text in single quotes in which a quote is doubled; several stand in "
    "parentheses, with commas between (ITI TF-2 §3.18.4.1.2.3.5)"
)
CODE_RULE: Final = (
    "a coded value is code^^coding-scheme, both parts given (ITI TF-2 §3.18.4.1.2.3.4)"
)


MAX_ALTERNATIVES: Final = 200
"""Codes and patterns in one query, all parameters together; ids are not counted. A database reads
an expression of limited depth, and each costs a comparison for each object."""
MAX_CONJUNCTIONS: Final = 16
"""How often one parameter may be repeated (AND); a database plans a join for each."""
MAX_PATTERN: Final = 256
"""Characters of a LIKE pattern: what ebRIM lets a slot value have (§3.18.4.1.2.3.4)."""
COUNTED: Final = frozenset({Form.CODE, Form.AUTHOR, Form.REFERENCE})


class ValueSyntaxError(Exception):
    """A slot value that is not written as the standard wants."""


def parse_values(text: str) -> list[str]:
    """Return the values of one rim:Value: `'a'`, `('a','b')`, `123`. Errors: ValueSyntaxError."""
    inner = text.strip()
    if inner.startswith("(") != inner.endswith(")") or not inner:
        raise ValueSyntaxError
    if inner.startswith("("):
        inner = inner[1:-1]
    values: list[str] = []
    position, separator = 0, ","
    while separator == ",":
        found = VALUE.match(inner, position)
        if found is None:
            raise ValueSyntaxError
        quoted, number, separator = found.groups()
        values.append(number if quoted is None else quoted.replace("''", "'"))
        position = found.end()
    if position != len(inner):
        raise ValueSyntaxError
    return values


@dataclass(slots=True)
class _Reading:
    """The parameters of one query while they are read."""

    query: StoredQuery
    by_kind: dict[Kind, list[Condition]] = field(default_factory=dict)
    given: dict[str, tuple[str, ...]] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)
    alternatives: int = 0

    def complain(  # noqa: PLR0913 - the parts of a complaint
        self,
        code: ErrorCode,
        *,
        where: Where,
        rule: str,
        came: str,
        expected: str,
        fix: str,
        subject: str = "",
    ) -> None:
        self.complaints.append(
            Complaint(
                code=code,
                subject=subject or f"stored query {self.query.name}",
                rule=rule,
                came=came,
                expected=expected,
                fix=fix,
                where=where,
            )
        )


def read_criteria(query: StoredQuery, asked: AdhocQuery) -> tuple[Criteria, tuple[Complaint, ...]]:
    """Return the criteria of a query and every complaint about its parameters."""
    reading = _Reading(query)
    known = {p.name: p for p in query.parameters}
    for slot in asked.slots:
        if slot.name not in known and slot.name not in TOLERATED and slot.name.startswith("$"):
            _complain_of_stranger(reading, slot, known)
    came = set()
    for parameter in query.parameters:
        slots = [s for s in asked.slots if s.name == parameter.name]
        if _read_parameter(reading, parameter, slots):
            came.add(parameter.name)
        elif parameter.is_required and not any(s.values for s in slots):
            _complain_of_absence(reading, parameter, asked.where)
    _check_choice(reading, came, asked.where)
    criteria = Criteria(
        by_kind={kind: tuple(conditions) for kind, conditions in reading.by_kind.items()},
        given=reading.given,
    )
    return criteria, tuple(reading.complaints)


def _read_parameter(reading: _Reading, parameter: Parameter, slots: list[Slot]) -> bool:
    """Read the slots of one parameter; return whether it came."""
    filled = [s for s in slots if s.values]
    if len(filled) > 1 and not parameter.is_conjunctive:
        reading.complain(
            ErrorCode.XDS_STORED_QUERY_PARAM_NUMBER,
            where=filled[1].where,
            rule=f"{parameter.name} comes once: only parameters of multi-valued attributes may be "
            f"repeated (AND) ({reading.query.spec}, §3.18.4.1.2.3.5)",
            came=f"{len(filled)} slots of this name",
            expected="one slot; several values in it mean OR",
            fix="put the values into one slot",
        )
        return True
    if len(filled) > MAX_CONJUNCTIONS:
        reading.complain(
            ErrorCode.XDS_REGISTRY_ERROR,
            where=filled[MAX_CONJUNCTIONS].where,
            rule=f"a parameter is repeated at most {MAX_CONJUNCTIONS} times (this Registry's own "
            "limit)",
            came=f"{len(filled)} slots {parameter.name}",
            expected=f"at most {MAX_CONJUNCTIONS}",
            fix="ask for less, and compare the answer with the rest",
        )
        return True
    for slot in filled:
        values = _values_of(reading, parameter, slot)
        if values is not None:
            FORMS[parameter.form](reading, parameter, slot, values)
    if parameter.form is Form.OBJECT_TYPE and not filled:
        _add(reading, parameter, Columns(column=parameter.column, values=(v.STABLE,)))
    return bool(filled)


def _values_of(reading: _Reading, parameter: Parameter, slot: Slot) -> list[str] | None:
    values: list[str] = []
    for text in slot.values:
        try:
            values += parse_values(text)
        except ValueSyntaxError:
            reading.complain(
                ErrorCode.XDS_REGISTRY_ERROR,
                where=slot.where,
                rule=f"{parameter.name}: {VALUES_RULE}",
                came=quote(text),
                expected="('value')" if parameter.is_multiple else "'value'",
                fix="quote the value, double the quotes inside it, close the parenthesis",
            )
            return None
    if len(values) > 1 and not parameter.is_multiple:
        reading.complain(
            ErrorCode.XDS_STORED_QUERY_PARAM_NUMBER,
            where=slot.where,
            rule=f"{parameter.name} has one value ({reading.query.spec})",
            came=f"{len(values)} values",
            expected="one value",
            fix="send one query for each value",
        )
        return None
    if parameter.form in COUNTED and _is_beyond(reading, parameter, slot, len(values)):
        return None
    return values


def _is_beyond(reading: _Reading, parameter: Parameter, slot: Slot, count: int) -> bool:
    """Count alternatives; return whether they are too many, which is said once."""
    before = reading.alternatives
    reading.alternatives += count
    if before <= MAX_ALTERNATIVES < reading.alternatives:
        reading.complain(
            ErrorCode.XDS_REGISTRY_ERROR,
            where=slot.where,
            rule=f"a query has at most {MAX_ALTERNATIVES} codes and patterns "
            "(this Registry's own limit)",
            came=f"more, the first one too many in {parameter.name}",
            expected=f"at most {MAX_ALTERNATIVES} in all parameters together",
            fix="send several queries",
        )
    return reading.alternatives > MAX_ALTERNATIVES


def _add(reading: _Reading, parameter: Parameter, condition: Condition) -> None:
    for kind in parameter.about:
        reading.by_kind.setdefault(kind, []).append(condition)


def _text(reading: _Reading, parameter: Parameter, _: Slot, values: list[str]) -> None:
    _add(reading, parameter, Columns(column=parameter.column, values=_unique(values)))


def _patient(reading: _Reading, parameter: Parameter, _: Slot, values: list[str]) -> None:
    keys = _unique([cx_key(value) for value in values])
    _add(reading, parameter, Columns(column=parameter.column, values=keys))


def _given(reading: _Reading, parameter: Parameter, _: Slot, values: list[str]) -> None:
    reading.given[parameter.name] = _unique(values)


def _code(reading: _Reading, parameter: Parameter, slot: Slot, values: list[str]) -> None:
    codes = []
    for value in values:
        code, _, rest = value.partition("^")
        middle, _, scheme = rest.partition("^")
        if not code or middle or not scheme or "^" in scheme:
            reading.complain(
                ErrorCode.XDS_REGISTRY_ERROR,
                where=slot.where,
                rule=f"{parameter.name}: {CODE_RULE}",
                came=quote(value),
                expected="code^^coding-scheme",
                fix="add the coding scheme after two carets",
            )
        else:
            codes.append((code, scheme))
    if codes:
        _add(reading, parameter, HasCode(attribute=parameter.column, codes=tuple(codes)))


def _author(reading: _Reading, parameter: Parameter, slot: Slot, values: list[str]) -> None:
    if _are_patterns(reading, parameter, slot, values):
        _add(reading, parameter, HasAuthor(patterns=_unique(values)))


def _reference(reading: _Reading, parameter: Parameter, slot: Slot, values: list[str]) -> None:
    if _are_patterns(reading, parameter, slot, values):
        _add(reading, parameter, HasReference(patterns=_unique(values)))


def _are_patterns(reading: _Reading, parameter: Parameter, slot: Slot, values: list[str]) -> bool:
    longest = max(values, key=len)
    if len(longest) <= MAX_PATTERN:
        return True
    reading.complain(
        ErrorCode.XDS_REGISTRY_ERROR,
        where=slot.where,
        rule=f"{parameter.name}: a pattern has at most {MAX_PATTERN} characters, as a slot value "
        "has (ITI TF-2 §3.18.4.1.2.3.4; rim.xsd)",
        came=f"{len(longest)} characters",
        expected="a shorter pattern",
        fix="shorten it with %",
    )
    return False


def _time(reading: _Reading, parameter: Parameter, slot: Slot, values: list[str]) -> None:
    try:
        padded = parse_dtm(values[0]).padded
    except DatatypeError as error:
        reading.complain(
            ErrorCode.XDS_REGISTRY_ERROR,
            where=slot.where,
            rule=f"{parameter.name}: {error.rule} (ITI TF-3 §4.2.3.1.7)",
            came=quote(values[0]),
            expected=error.expected,
            fix=error.fix,
        )
        return
    is_from = parameter.form is Form.TIME_FROM
    span = TimeRange(
        column=parameter.column,
        lower=padded if is_from else "",
        upper="" if is_from else padded,
    )
    _add(reading, parameter, span)


def _status(reading: _Reading, parameter: Parameter, slot: Slot, values: list[str]) -> None:
    # Values that are not understood are ignored; if none is left, the parameter is missing.
    understood = tuple(value for value in _unique(values) if value in STATUSES)
    if understood:
        _add(reading, parameter, Columns(column=parameter.column, values=understood))
        return
    reading.complain(
        ErrorCode.XDS_STORED_QUERY_MISSING_PARAM,
        where=slot.where,
        rule=f"{parameter.name} needs a status that is understood; others are ignored "
        "(ITI TF-2 §3.18.4.1.2.3.6)",
        came=quote(", ".join(values)),
        expected=f"('{v.APPROVED}') or ('{v.APPROVED}','{v.DEPRECATED}')",
        fix="send the whole URN of the status",
    )


def _object_type(reading: _Reading, parameter: Parameter, slot: Slot, values: list[str]) -> None:
    strangers = [value for value in values if value not in ENTRY_TYPES]
    if not strangers:
        _add(reading, parameter, Columns(column=parameter.column, values=_unique(values)))
        return
    reading.complain(
        ErrorCode.XDS_REGISTRY_ERROR,
        where=slot.where,
        rule=f"{parameter.name} names entry types by their UUID (ITI TF-2 §3.18.4.1.2.3.6.2)",
        came=quote(", ".join(strangers)),
        expected=f"'{v.STABLE}' (stable) or '{v.ON_DEMAND}' (on-demand), or both",
        fix="correct the UUID, or leave the parameter out for stable documents",
    )


FORMS: Final[dict[Form, Callable[[_Reading, Parameter, Slot, list[str]], None]]] = {
    Form.TEXT: _text,
    Form.PATIENT: _patient,
    Form.GIVEN: _given,
    Form.CODE: _code,
    Form.AUTHOR: _author,
    Form.REFERENCE: _reference,
    Form.TIME_FROM: _time,
    Form.TIME_TO: _time,
    Form.STATUS: _status,
    Form.OBJECT_TYPE: _object_type,
}


def _unique(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _complain_of_absence(reading: _Reading, parameter: Parameter, where: Where) -> None:
    reading.complain(
        ErrorCode.XDS_STORED_QUERY_MISSING_PARAM,
        where=where,
        rule=f"{parameter.name} is required ({reading.query.spec})",
        came="no value",
        expected=f"rim:Slot {quote(parameter.name)} with a value",
        fix="add the parameter",
    )


def _complain_of_stranger(reading: _Reading, slot: Slot, known: dict[str, Parameter]) -> None:
    fix = "remove the parameter, or correct its name"
    if slot.name.endswith("Scheme"):
        fix = "remove it: the coding scheme is part of the value, code^^coding-scheme"
    reading.complain(
        ErrorCode.XDS_REGISTRY_ERROR,
        where=slot.where,
        rule=f"the parameters of {reading.query.name} are those of its table "
        f"({reading.query.spec})",
        came=quote(slot.name),
        expected=", ".join(known),
        fix=fix,
    )


def _check_choice(reading: _Reading, came: set[str], where: Where) -> None:
    choice = reading.query.exactly_one_of
    count = len(came & set(choice))
    if not choice or count == 1:
        return
    code = (
        ErrorCode.XDS_STORED_QUERY_PARAM_NUMBER
        if count
        else ErrorCode.XDS_STORED_QUERY_MISSING_PARAM
    )
    reading.complain(
        code,
        where=where,
        rule=f"exactly one of {' and '.join(choice)} is given ({reading.query.spec}, note 1)",
        came="both" if count else "neither",
        expected=f"one of {', '.join(choice)}",
        fix="remove one" if count else "add one",
    )
