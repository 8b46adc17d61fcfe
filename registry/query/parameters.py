"""From slots to conditions, by the rows of the catalogue; every fault of a query at once.

Spec: ITI TF-2 §3.18.4.1.2.3.5 (single and multiple values, AND and OR), §3.18.4.1.3 (what is
required). Pure.
"""

from typing import Final

from registry.ledger.api import Columns, Kind, Latest
from registry.query.catalogue import FOR_ALL, LINK_STATUS, TOLERATED
from registry.query.conditions import FORMS, STATUSES, Reading, add
from registry.query.identity import PatientCheck, unchecked
from registry.query.recipes import Criteria
from registry.query.table import Form, Parameter, StoredQuery
from registry.query.values import ValueSyntaxError, parse_values
from xds.ebrim.query import AdhocQuery
from xds.errors import Complaint, ErrorCode, Severity, Where, quote
from xds.metadata import vocabulary as v
from xds.metadata.rim import Slot

VALUES_RULE: Final = (
    "a value is a number, or a text in single quotes in which a quote is doubled; several stand in "
    "parentheses, with commas between (ITI TF-2 §3.18.4.1.2.3.5)"
)
MAX_ALTERNATIVES: Final = 200
"""Codes and patterns in one query, all parameters together; ids are not counted. A database reads
an expression of limited depth, and each costs a comparison for each object."""
MAX_CONJUNCTIONS: Final = 16
"""How often one parameter may be repeated (AND); a database plans a join for each."""
VALID: Final = Columns(column="status", values=(v.APPROVED,))
COUNTED: Final = frozenset({Form.CODE, Form.AUTHOR, Form.REFERENCE})


def read_criteria(
    query: StoredQuery,
    asked: AdhocQuery,
    statuses: frozenset[str] = STATUSES,
    check_patient: PatientCheck = unchecked,
) -> tuple[Criteria, tuple[Complaint, ...]]:
    """Return the criteria of a query and every complaint about its parameters.

    `statuses` are those that the affinity domain knows; others are ignored. `check_patient` judges
    patient identifiers.
    """
    reading = Reading(query, statuses, check_patient)
    parameters = (*query.parameters, *FOR_ALL)
    known = {p.name: p for p in parameters}
    for slot in asked.slots:
        if slot.name not in known and slot.name not in TOLERATED and slot.name.startswith("$"):
            _complain_of_stranger(reading, slot, known)
    came = set()
    for parameter in parameters:
        slots = [s for s in asked.slots if s.name == parameter.name]
        if _read_parameter(reading, parameter, slots):
            came.add(parameter.name)
        elif parameter.is_required and not any(s.values for s in slots):
            _complain_of_absence(reading, parameter, asked.where)
    _check_choice(reading, came, asked.where)
    _check_least(reading, came, asked.where)
    _check_level(reading, [known[name] for name in sorted(came)], asked.where)
    _add_versions(reading, came)
    criteria = Criteria(
        by_kind={kind: tuple(conditions) for kind, conditions in reading.by_kind.items()},
        given=reading.given,
    )
    return criteria, tuple(reading.complaints)


def _read_parameter(reading: Reading, parameter: Parameter, slots: list[Slot]) -> bool:
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
        add(reading, parameter, Columns(column=parameter.column, values=(v.STABLE,)))
    return bool(filled)


def _values_of(reading: Reading, parameter: Parameter, slot: Slot) -> list[str] | None:
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


def _is_beyond(reading: Reading, parameter: Parameter, slot: Slot, count: int) -> bool:
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


def _add_versions(reading: Reading, came: set[str]) -> None:
    """Add what the level hides: versions that are not the latest, Associations that are not valid.

    Spec: XDS Metadata Update, §3.18.4.1.2.3.5.1 ($MetadataLevel), §3.18.4.1.2.3.7
    ($XDSAssociationStatus: Approved, unless it is given).
    """
    if reading.level == 1 or LINK_STATUS.name not in came:
        reading.by_kind.setdefault(Kind.ASSOCIATION, []).append(VALID)
    if reading.level == 1:
        for kind in (Kind.DOCUMENT_ENTRY, Kind.FOLDER):
            # An update deprecates the version before it: what is Approved is the latest.
            if VALID not in reading.by_kind.get(kind, ()):
                reading.by_kind.setdefault(kind, []).append(Latest())


def _complain_of_absence(reading: Reading, parameter: Parameter, where: Where) -> None:
    reading.complain(
        ErrorCode.XDS_STORED_QUERY_MISSING_PARAM,
        where=where,
        rule=f"{parameter.name} is required ({reading.query.spec})",
        came="no value",
        expected=f"rim:Slot {quote(parameter.name)} with a value",
        fix="add the parameter",
    )


def _complain_of_stranger(reading: Reading, slot: Slot, known: dict[str, Parameter]) -> None:
    """Say that a parameter was ignored, for its sender may have hoped that it narrows.

    Spec: ebRS 3.0 §6.3.2.1 (what a stored query does not define is ignored).
    """
    fix = "remove the parameter, or correct its name"
    if slot.name.endswith("Scheme"):
        fix = "remove it: the coding scheme is part of the value, code^^coding-scheme"
    reading.complain(
        ErrorCode.XDS_REGISTRY_ERROR,
        where=slot.where,
        rule=f"the parameters of {reading.query.name} are those of its table, any other is ignored "
        f"({reading.query.spec}; ebRS 3.0 §6.3.2.1)",
        came=quote(slot.name),
        expected=", ".join(known),
        fix=fix,
        severity=Severity.WARNING,
    )


def _check_choice(reading: Reading, came: set[str], where: Where) -> None:
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
        rule=f"exactly one of {', '.join(choice)} is given ({reading.query.spec}, note 1)",
        came=f"{count} of them" if count else "none",
        expected=f"one of {', '.join(choice)}",
        fix="remove one" if count else "add one",
    )


def _check_least(reading: Reading, came: set[str], where: Where) -> None:
    needed = reading.query.at_least_one_of
    if not needed or came & set(needed):
        return
    reading.complain(
        ErrorCode.XDS_STORED_QUERY_MISSING_PARAM,
        where=where,
        rule=f"at least one of {', '.join(needed)} is given ({reading.query.spec})",
        came="none of them",
        expected=f"one of {', '.join(needed)}",
        fix="name the patients, or a code",
    )


def _check_level(reading: Reading, came: list[Parameter], where: Where) -> None:
    for parameter in came:
        if parameter.least_level > reading.level:
            reading.complain(
                ErrorCode.XDS_REGISTRY_ERROR,
                where=where,
                rule=f"{parameter.name} is for consumers that know of versions "
                "(XDS Metadata Update, §3.18.4.1.2.3.5.1)",
                came=f"$MetadataLevel {reading.level}, which is also meant when it is absent",
                expected=f"$MetadataLevel {parameter.least_level}",
                fix="add $MetadataLevel, or ask by entryUUID or uniqueId",
            )
