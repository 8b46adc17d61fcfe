"""What a service logs: no caller writes lines of its own."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greffe.node.log_lines import OneLine


def line(message, exc_info=None):
    """One message as it is written."""
    record = logging.LogRecord("greffe.door", logging.INFO, __file__, 1, "%s", (message,), exc_info)
    return OneLine().format(record)


@given(st.text())
def test_a_message_is_one_line_of_printable_text(message):
    assert line(message).isprintable()


def test_a_line_break_is_shown_and_the_rest_stays_as_it_is():
    assert line("à X\n2026-01-01 INFO forged").endswith(
        "greffe.door: à X\\u000a2026-01-01 INFO forged"
    )


def test_the_trace_of_a_defect_says_where_and_quotes_nothing():
    with pytest.raises(KeyError) as caught:
        {}["DUPONT"]
    defect = caught.value
    written = line("failed", (type(defect), defect, defect.__traceback__))
    assert "KeyError at " in written
    assert "test_log_lines.py:" in written
    assert "DUPONT" not in written
