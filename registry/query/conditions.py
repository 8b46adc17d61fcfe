"""From the values of one parameter to a condition, by the parameter's form.

Spec: ITI TF-2 §3.18.4.1.2.3.3 (times), .4 (codes), .6 (statuses and entry types). Pure.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from registry.ledger.api import (
    Columns,
    Condition,
    HasAuthor,
    HasCode,
    HasReference,
    Kind,
    TimeRange,
)
from registry.query.identity import PatientCheck, unchecked
from registry.query.table import Form, Parameter, StoredQuery
from xds.errors import Complaint, ErrorCode, Severity, Where, quote
from xds.metadata import vocabulary as v
from xds.metadata.datatype import DatatypeError
from xds.metadata.dtm import parse_dtm
from xds.metadata.hl7v2 import cx_key
from xds.metadata.rim import Slot

STATUSES: Final = frozenset({v.APPROVED, v.DEPRECATED})
"""Those of the Framework; a domain may know more (`xds.metadata.departures`)."""
LEVELS: Final = frozenset({"1", "2"})
ENTRY_TYPES: Final = frozenset({v.STABLE, v.ON_DEMAND})
CODE_RULE: Final = (
    "a coded value is code^^coding-scheme, both parts given (ITI TF-2 §3.18.4.1.2.3.4)"
)

MAX_PATTERN: Final = 256
"""Characters of a LIKE pattern: what ebRIM lets a slot value have (§3.18.4.1.2.3.4)."""


@dataclass(slots=True)
class Reading:
    """The parameters of one query while they are read."""

    query: StoredQuery
    statuses: frozenset[str] = STATUSES
    check_patient: PatientCheck = unchecked
    by_kind: dict[Kind, list[Condition]] = field(default_factory=dict)
    given: dict[str, tuple[str, ...]] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)
    alternatives: int = 0
    level: int = 1

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
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Note a fault, or something odd that is no fault."""
        self.complaints.append(
            Complaint(
                code=code,
                subject=subject or f"stored query {self.query.name}",
                rule=rule,
                came=came,
                expected=expected,
                fix=fix,
                where=where,
                severity=severity,
            )
        )


def add(reading: Reading, parameter: Parameter, condition: Condition) -> None:
    """Let a condition hold for the objects that the parameter is about."""
    for kind in parameter.about:
        reading.by_kind.setdefault(kind, []).append(condition)


def _text(reading: Reading, parameter: Parameter, _: Slot, values: list[str]) -> None:
    add(reading, parameter, Columns(column=parameter.column, values=unique(values)))


def _patient(reading: Reading, parameter: Parameter, slot: Slot, values: list[str]) -> None:
    for value in unique(values):
        if wrong := reading.check_patient(value):
            reading.complain(
                ErrorCode.XDS_REGISTRY_ERROR,
                where=slot.where,
                rule=f"{parameter.name}: an identifier of {wrong.authority} passes its authority's "
                "own check (a rule of the affinity domain)",
                came=f"{quote(value)}: {wrong.fault}",
                expected="the identifier as its authority assigned it",
                fix="correct the identifier",
                severity=Severity.ERROR if wrong.is_error else Severity.WARNING,
            )
    keys = unique([cx_key(value) for value in values])
    add(reading, parameter, Columns(column=parameter.column, values=keys))


def _given(reading: Reading, parameter: Parameter, _: Slot, values: list[str]) -> None:
    reading.given[parameter.name] = unique(values)


def _code(reading: Reading, parameter: Parameter, slot: Slot, values: list[str]) -> None:
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
        add(reading, parameter, HasCode(attribute=parameter.column, codes=tuple(codes)))


def _author(reading: Reading, parameter: Parameter, slot: Slot, values: list[str]) -> None:
    if _are_patterns(reading, parameter, slot, values):
        add(reading, parameter, HasAuthor(patterns=unique(values)))


def _reference(reading: Reading, parameter: Parameter, slot: Slot, values: list[str]) -> None:
    if _are_patterns(reading, parameter, slot, values):
        add(reading, parameter, HasReference(patterns=unique(values)))


def _are_patterns(reading: Reading, parameter: Parameter, slot: Slot, values: list[str]) -> bool:
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


def _time(reading: Reading, parameter: Parameter, slot: Slot, values: list[str]) -> None:
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
    add(reading, parameter, span)


def _status(reading: Reading, parameter: Parameter, slot: Slot, values: list[str]) -> None:
    # Values that are not understood are ignored; if none is left, the parameter is missing.
    understood = tuple(value for value in unique(values) if value in reading.statuses)
    if understood:
        add(reading, parameter, Columns(column=parameter.column, values=understood))
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


def _level(reading: Reading, parameter: Parameter, slot: Slot, values: list[str]) -> None:
    if values[0] in LEVELS:
        reading.level = int(values[0])
        return
    reading.complain(
        ErrorCode.XDS_REGISTRY_ERROR,
        where=slot.where,
        rule=f"{parameter.name} is 1 or 2 (XDS Metadata Update, §3.18.4.1.2.3.5.1)",
        came=quote(values[0]),
        expected="1 (the latest versions only, the default) or 2 (all versions)",
        fix="send one of the two, or leave the parameter out",
    )


def _object_type(reading: Reading, parameter: Parameter, slot: Slot, values: list[str]) -> None:
    strangers = [value for value in values if value not in ENTRY_TYPES]
    if not strangers:
        add(reading, parameter, Columns(column=parameter.column, values=unique(values)))
        return
    reading.complain(
        ErrorCode.XDS_REGISTRY_ERROR,
        where=slot.where,
        rule=f"{parameter.name} names entry types by their UUID (ITI TF-2 §3.18.4.1.2.3.6.2)",
        came=quote(", ".join(strangers)),
        expected=f"'{v.STABLE}' (stable) or '{v.ON_DEMAND}' (on-demand), or both",
        fix="correct the UUID, or leave the parameter out for stable documents",
    )


FORMS: Final[dict[Form, Callable[[Reading, Parameter, Slot, list[str]], None]]] = {
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
    Form.LEVEL: _level,
}


def unique(values: list[str]) -> tuple[str, ...]:
    """Return the values in their order, each once."""
    return tuple(dict.fromkeys(values))
