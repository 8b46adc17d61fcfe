"""What `--help` looks like."""

import pytest

from greffe import cli


@pytest.mark.parametrize("command", ["", "patient", "query", "update", "remove", "policy"])
def test_each_command_of_a_help_stands_on_one_line_with_what_it_does(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    with pytest.raises(SystemExit):
        cli.main([*filter(None, [command]), "--help"])
    lines = capsys.readouterr().out.split("\noptions:")[1].splitlines()
    commands = [line for line in lines if line.startswith("    ") and line[4] != " "]
    assert commands
    assert [line for line in commands if "  " not in line.strip()] == []
