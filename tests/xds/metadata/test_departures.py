"""xds.metadata.departures: each departure is a row, declared by name, documented, and permits."""

from importlib import import_module
from pathlib import Path

import pytest

from xds.domain import load_domain
from xds.metadata import vocabulary as v
from xds.metadata.departures import DEPARTURES, Departure, refused_component, statuses

README = Path(__file__).parents[3] / "domains/README.md"


def test_each_name_has_one_row_and_each_row_a_place_in_the_code():
    assert [row.name for row in DEPARTURES] == list(Departure)
    for row in DEPARTURES:
        module, _, function = row.enforced_in.partition(":")
        assert callable(getattr(import_module(module), function))
        assert row.source


def test_each_row_is_documented_word_for_word():
    text = README.read_text(encoding="utf-8")
    for row in DEPARTURES:
        assert f"| `{row.name}` | {row.permits} | {row.instead_of} | {row.source} |" in text


def test_france_departs_and_the_international_domain_does_not():
    assert load_domain("dmp").departures == set(Departure)
    assert load_domain("ihe").departures == frozenset()


def test_the_framework_knows_two_statuses_and_each_departure_adds_its_own():
    assert statuses(load_domain("ihe").departures) == {v.APPROVED, v.DEPRECATED}
    assert statuses({"status-deleted"}) == {v.APPROVED, v.DEPRECATED, v.DELETED}
    assert statuses(load_domain("dmp").departures) == {
        v.APPROVED,
        v.DEPRECATED,
        v.ARCHIVED,
        v.DELETED,
    }


@pytest.mark.parametrize(
    ("further", "departures", "number"),
    [
        ((), set(), None),
        (("", "", ""), set(), None),
        (("NH",), set(), 5),
        (("NH", "", "2021"), {"cx-identifier-type"}, 7),
        (("NH", "F"), set(Departure), 6),
        (("NH", "", "2021", "2022"), set(Departure), 8),
    ],
)
def test_the_first_component_that_is_not_permitted_is_named(further, departures, number):
    assert refused_component(further, departures) == number
