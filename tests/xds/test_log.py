"""A defect in the log says where, and nothing of what it was working on."""

import pytest

from xds.log import trace


def caught(function):
    with pytest.raises(Exception) as found:  # noqa: PT011 - the point is any
        function()
    return found.value


def test_the_message_of_an_exception_is_not_in_the_line():
    line = trace(caught(lambda: {}["DUPONT^JEAN"]))
    assert "DUPONT" not in line
    assert line.startswith("KeyError at ")
    assert "test_log.py:" in line
    assert "\n" not in line


def test_what_a_defect_came_from_is_told_too():
    def fails():
        try:
            int("DUPONT")
        except ValueError as error:
            raise RuntimeError("JEAN") from error

    line = trace(caught(fails))
    assert line.startswith("RuntimeError at ")
    assert " | from ValueError at " in line
    assert "DUPONT" not in line
    assert "JEAN" not in line


def test_what_the_operating_system_says_is_told():
    assert "(No space left on device)" in trace(
        OSError(28, "No space left on device", "patient.xml")
    )
    assert "patient" not in trace(OSError(28, "No space left on device", "patient.xml"))
