"""The command `greffe`: a table of commands, each in a module of its own.

Spec: none; the command line is Greffe's own contract, which other people's scripts rely on. Only
the module of the command that was asked for is imported: a server has no use for a client's
libraries.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Final

from greffe.exits import CommandError, Exit

COMMANDS: Final = {
    "init": "greffe.init",
    "serve": "greffe.serve",
    "assertion": "greffe.assertion",
    "patient": "greffe.patient",
    "outbox": "greffe.outbox",
    "policy": "greffe.policy",
    "submit": "greffe.submit",
    "query": "greffe.query",
    "update": "greffe.update",
    "retrieve": "greffe.retrieve",
    "remove": "greffe.remove",
    "audit": "greffe.audit",
    "demo": "greffe.demo",
}
"""In the order in which a newcomer meets them."""

DESCRIPTION: Final = """\
An IHE XDS.b Document Registry and Repository over SOAP, with the rules of the French DMP.

A first node, in four commands:
  greffe init ./home                        make a home folder with a test PKI
  greffe serve --home ./home                run both services (leave it running)
  greffe submit --home ./home --create-patient samples/*.xml
  greffe query find-documents --home ./home --patient CX

or all of it at once: greffe demo
"""
INDENT: Final = 4
"""How far the names of commands are indented in a help."""
EPILOG: Final = """\
exit codes: 0 all succeeded; 1 a server refused something; 2 wrong command line, file or home;
3 a server could not be reached. `greffe COMMAND --help` explains a command.
"""


class Parser(argparse.ArgumentParser):
    """Its help has the longest name of a command beside what the command does, not above it.

    argparse forgets how far names of commands are indented. Parsers of commands are of this class
    too.
    """

    def _get_formatter(self) -> argparse.HelpFormatter:
        formatter = super()._get_formatter()
        names = [
            name
            for action in self._actions
            if isinstance(action, argparse._SubParsersAction)  # noqa: SLF001 - has no other name
            for name in action.choices
        ]
        formatter._action_max_length = max(map(len, names), default=-INDENT) + INDENT  # noqa: SLF001
        return formatter


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. Errors: none; SystemExit only from argparse."""
    words = list(sys.argv[1:] if argv is None else argv)
    arguments = _parser(words[0] if words else "").parse_args(words)
    try:
        return int(arguments.run(arguments))
    except CommandError as error:
        sys.stderr.write(f"greffe {words[0]}: {error}\n")
        return int(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write(f"greffe {words[0]}: interrupted\n")
        return 130
    except BrokenPipeError:
        # The reader of our output has gone (`| head`); what is left has no reader either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(Exit.REFUSED)


def _parser(command: str) -> argparse.ArgumentParser:
    parser = Parser(
        prog="greffe",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"greffe {version('greffe')}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in (command,) if command in COMMANDS else COMMANDS:
        importlib.import_module(COMMANDS[name]).add_to(subparsers)
    return parser
