"""xds.errors: what a complaint says and where it points."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xds.errors import MAX_QUOTE_CHARACTERS, Complaint, ErrorCode, Refusal, Severity, Where, quote


@given(st.text())
def test_a_quote_is_one_printable_line_of_bounded_length(text):
    quoted = quote(text)
    assert quoted.isprintable()
    assert len(quoted) <= MAX_QUOTE_CHARACTERS * len("\\u0000") + 8
    assert quoted[0] == quoted[-1] == "'"


def test_a_long_text_is_cut_and_says_so():
    assert quote("x" * 200) == "'" + "x" * MAX_QUOTE_CHARACTERS + "…'"


def test_a_place_inherits_the_line_of_what_is_around_it():
    place = Where("soap:Envelope", 3).child("soap:Body", 5).child("@id")
    assert str(place) == "/soap:Envelope/soap:Body/@id (line 5)"
    assert str(Where("a")) == "/a"


def test_a_refusal_without_a_complaint_is_a_defect():
    with pytest.raises(ValueError, match="at least one"):
        Refusal([])


def test_a_relayed_error_reads_as_it_came():
    relayed = Complaint.relayed(
        code="LocalError", code_context="words", location="there", severity=Severity.WARNING
    )
    assert (relayed.code_context, relayed.location, relayed.is_error) == ("words", "there", False)
    assert "LocalError" not in set(ErrorCode)
