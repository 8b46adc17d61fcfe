"""What a row of the catalogue is: a stored query, its parameters, and the usual kinds of them.

Spec: ITI TF-2 §3.18.4.1.2.3 (how parameters are written).
"""

from dataclasses import dataclass
from enum import StrEnum

from registry.ledger.api import Kind
from registry.query import recipes


class Form(StrEnum):
    """How a parameter's values are written and what they become."""

    TEXT = "text"
    """The column is one of the values."""
    PATIENT = "patient"
    """CX; identifier and authority count."""
    CODE = "code"
    """code^^coding-scheme."""
    AUTHOR = "author"
    """LIKE pattern over authorPerson."""
    REFERENCE = "reference"
    """LIKE pattern over referenceIdList."""
    TIME_FROM = "time from"
    TIME_TO = "time to"
    STATUS = "status"
    LEVEL = "metadata level"
    """1 or 2: what a consumer understands of versions."""
    OBJECT_TYPE = "object type"
    GIVEN = "given"
    """No column: the recipe takes the values as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One row of a query's parameter table."""

    name: str
    """With its dollar sign."""
    form: Form
    about: tuple[Kind, ...] = ()
    """Which objects it filters."""
    column: str = ""
    """Column, or attribute name for codes."""
    is_required: bool = False
    is_multiple: bool = True
    """Whether several values may come (OR)."""
    is_conjunctive: bool = False
    """Whether the slot may come again (AND)."""
    least_level: int = 1
    """$MetadataLevel that the parameter needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredQuery:
    """One stored query."""

    id: str
    name: str
    spec: str
    parameters: tuple[Parameter, ...]
    recipe: recipes.Recipe
    exactly_one_of: tuple[str, ...] = ()
    at_least_one_of: tuple[str, ...] = ()
    is_for_one_patient: bool = False
    """Whether LeafClass answers are refused when they concern several patients."""


def patient(name: str, *about: Kind) -> Parameter:
    """Return the patient's identifier: one, required."""
    return Parameter(
        name=name,
        form=Form.PATIENT,
        about=about,
        column="patient_id",
        is_required=True,
        is_multiple=False,
    )


def ids(name: str, column: str, about: Kind, *, is_multiple: bool = True) -> Parameter:
    """Return an identifier of objects: the column is one of the values."""
    return Parameter(
        name=name, form=Form.TEXT, about=(about,), column=column, is_multiple=is_multiple
    )


def code(name: str, column: str, about: Kind, *, is_conjunctive: bool = False) -> Parameter:
    """Return a coded attribute; conjunctive when the attribute has several values."""
    return Parameter(
        name=name, form=Form.CODE, about=(about,), column=column, is_conjunctive=is_conjunctive
    )


def times(name: str, column: str, about: Kind) -> tuple[Parameter, ...]:
    """Return both bounds of a time."""
    return tuple(
        Parameter(name=f"{name}{side}", form=form, about=(about,), column=column, is_multiple=False)
        for side, form in (("From", Form.TIME_FROM), ("To", Form.TIME_TO))
    )


def status(name: str, about: Kind) -> Parameter:
    """Return the availabilityStatus: required wherever it is a parameter."""
    return Parameter(name=name, form=Form.STATUS, about=(about,), column="status", is_required=True)


def any_patients(name: str, about: Kind) -> Parameter:
    """Return the patients' identifiers: any number, none included."""
    return Parameter(name=name, form=Form.PATIENT, about=(about,), column="patient_id")


def logical_ids(name: str, about: Kind) -> Parameter:
    """Return the identifier that all versions of an object have in common."""
    return Parameter(name=name, form=Form.TEXT, about=(about,), column="logical_id", least_level=2)


def given(name: str) -> Parameter:
    """Return a required parameter that its recipe takes as it is."""
    return Parameter(name=name, form=Form.GIVEN, is_required=True)
