"""How a command ends: exit codes, and the errors that end it.

Spec: none; the codes are part of the command line's contract (docs/json.md). An error's text is one
line: the object, the rule, the fix.
"""

from enum import IntEnum


class Exit(IntEnum):
    """What a script reads."""

    OK = 0
    """All succeeded."""
    REFUSED = 1
    """A server refused something; the errors are in the answer."""
    USAGE = 2
    """The command line, a file or the home is wrong; nothing was sent."""
    UNREACHABLE = 3
    """A server could not be reached, or what answered is no such server."""


class CommandError(Exception):
    """Ends a command with a line on stderr."""

    exit_code = Exit.USAGE


class UnreachableError(CommandError):
    """A server that did not answer as one."""

    exit_code = Exit.UNREACHABLE
