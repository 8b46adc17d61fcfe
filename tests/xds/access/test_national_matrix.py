"""The French policy does what the national matrices say, cell by cell."""

import pytest

from tests.xds.access import naive
from tests.xds.access.build import (
    G15,
    POLICY,
    a_caller,
    a_document,
    decided,
    may,
    own_document,
    some_choices,
    why,
)
from tests.xds.access.matrix import published
from xds.access.model import Action, Mode, Obligation
from xds.access.policy import Cell
from xds.security.caller import CodedValue

PUBLISHED = list(published())


def name_of(case):
    return "-".join(str(part) for part in case)


def test_the_published_matrices_are_whole():
    assert len(PUBLISHED) == 22 * (12 + 2) + 22 * 9
    assert len({case[:4] for case in PUBLISHED}) == len(PUBLISHED)


@pytest.mark.parametrize("case", PUBLISHED, ids=name_of)
def test_a_cell_is_as_published(case):
    how, kind, mode, action, cell = case
    assert POLICY.functions[how, kind, mode][Action(action)] is cell


def test_what_no_matrix_publishes_is_as_the_tests_say():
    published_cells = {case[:4] for case in PUBLISHED}
    for (how, kind, mode), column in POLICY.functions.items():
        if how == "*":
            continue
        for action, cell in column.items():
            case = (how, kind, mode, str(action))
            assert case in published_cells or cell is naive.CELLS.get(case, Cell.NO), case


def test_no_other_column_exists():
    columns = {(how, kind, mode) for how, kind, mode, _ in naive.CELLS}
    others = {("*", kind, Mode.NORMAL) for kind in ("patient", "representative", "software")}
    assert set(POLICY.functions) == columns | others


@pytest.mark.parametrize(
    "column",
    [
        ("indirect", "structure", Mode.BREAK_GLASS),
        ("indirect_renforcee", "occupational_doctor", Mode.NORMAL),
        ("direct", "secretary", Mode.BREAK_GLASS),
        ("*", "patient", Mode.BREAK_GLASS),
    ],
)
def test_where_no_column_is_published_nothing_is_given(column):
    how, kind, mode = column
    caller = a_caller(kind, str(mode), how="" if how == "*" else how)
    for action in Action:
        assert why(caller, some_choices(kind), action, own_document()) == "function"


@pytest.mark.parametrize("case", PUBLISHED, ids=name_of)
def test_a_cell_decides_for_a_caller_whom_the_patient_let_in(case):
    how, kind, mode, action, cell = case
    caller = a_caller(kind, str(mode), how=how)
    choices = some_choices(kind)
    foreign, own = a_document(), own_document()
    if action == "consult_masked":
        foreign, own = a_document("MASQUE_PS"), own_document("MASQUE_PS")
    expected = {
        Cell.YES: (True, True),
        Cell.NO: (False, False),
        Cell.OWN: (False, True),
        Cell.STRUCTURE: (False, True),
        Cell.REFERENCE: (False, True),
        Cell.IMPUTED: (True, True),
        Cell.CONSENT: (False, False),
    }[cell]
    assert (may(caller, choices, action, foreign), may(caller, choices, action, own)) == expected
    if cell is Cell.CONSENT:
        consenting = some_choices(kind, masked_in_emergency=True)
        assert may(caller, consenting, action, foreign)
    if cell is Cell.IMPUTED:
        obligations = decided(caller, choices, action).obligations
        assert Obligation.IMPUTE_TO_STRUCTURE in obligations
        assert why(a_caller(kind, str(mode), how=how, structure=""), choices, action) == "function"


def test_the_first_difference_of_air_is_that_nobody_feeds():
    for kind in ("professional", "doctor", "attending_doctor", "secretary"):
        for action in ("submit", "submit_as_secretary", "replace"):
            caller = a_caller(kind, how="indirect_renforcee")
            assert why(caller, some_choices(kind), action, own_document()) == "function"
    assert may(a_caller("doctor"), some_choices(), "submit")


def test_the_second_difference_of_air_is_that_a_doctor_archives_any_document():
    choices = some_choices()
    assert may(a_caller("doctor", how="indirect_renforcee"), choices, "archive", a_document())
    assert why(a_caller("doctor"), choices, "archive", a_document()) == "not_own"
    nurse = a_caller("professional", how="indirect_renforcee")
    assert why(nurse, choices, "archive", a_document()) == "not_own"


def test_a_medecin_traitant_at_the_regulation_centre_is_as_any_doctor():
    columns = [
        POLICY.functions["direct", kind, Mode.REGULATION] for kind in ("doctor", "attending_doctor")
    ]
    assert columns[0] == columns[1]


def test_every_profession_of_the_national_list_is_of_a_kind():
    for code in naive.PROFESSIONALS:
        caller = a_caller(roles=(CodedValue(code=code, system=G15),))
        assert may(caller, some_choices(), "consult", a_document()), code
