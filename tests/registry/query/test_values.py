"""How values are written in a slot: `'a'`, `('a','b')`, 123, and what is none of these."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.query.values import ValueSyntaxError, parse_values
from tests.registry.build import text, texts


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_what_is_written_is_read(values):
    assert parse_values(texts(*values)) == values
    assert parse_values(",".join(map(text, values))) == values


@given(st.text("'(), \n1a\\%", max_size=12))
def test_any_text_is_values_or_one_error(written):
    with suppress(ValueSyntaxError):
        assert parse_values(written)


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ("'a'", ["a"]),
        (" ( 'a' , 'b' ) ", ["a", "b"]),
        ("\n('a',\n'b')\n", ["a", "b"]),
        ("'Children''s Hospital'", ["Children's Hospital"]),
        ("('''')", ["'"]),
        ("''", [""]),
        ("20050101", ["20050101"]),
        ("(1,'2',3.5)", ["1", "2", "3.5"]),
        ("'(a)'", ["(a)"]),
        ("('a,b')", ["a,b"]),
        ("'a','b'", ["a", "b"]),
    ],
)
def test_values_as_clients_write_them(written, values):
    assert parse_values(written) == values


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "a",
        "'a",
        "a'",
        "'a''",
        "'a'b'",
        "('a'",
        "'a')",
        "()",
        "('a',)",
        "(,'a')",
        "('a' 'b')",
        "(('a'))",
        "'a';DROP TABLE patients",
        "1e5",
        "1.",
        "--1",
        "²",
        "\u0661",
    ],
)
def test_what_is_no_value_is_an_error(written):
    with pytest.raises(ValueSyntaxError):
        parse_values(written)


def test_a_megabyte_of_quotes_is_read_in_no_time():
    for hostile in ("'" * 1_000_000, "('" * 500_000, "'a'," * 250_000, " " * 1_000_000 + "x"):
        with suppress(ValueSyntaxError):
            parse_values(hostile)
