"""`greffe init`: makes a home folder.

Spec: none. What a home holds is in `greffe.home`.
"""

import argparse
from pathlib import Path

from greffe.exits import CommandError, Exit
from greffe.home import HomeError, make_home
from xds.clock import now
from xds.domain import DomainError


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "init",
        help="make a home folder: settings, test keys, empty stores",
        description="Makes HOME with a documented greffe.toml, a test PKI (its keys are for tests "
        "only) and empty stores. A folder that is not empty is refused and left unchanged.",
    )
    parser.add_argument("home", type=Path, metavar="HOME", help="a new or empty folder")
    parser.add_argument(
        "--domain",
        default="dmp",
        help="affinity domain: dmp (France, the default), ihe (international), "
        "or the path of a folder with a domain.toml",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Make the home. Errors: CommandError."""
    domain = arguments.domain
    if "/" in domain:
        domain = str(Path(domain).resolve())
    try:
        make_home(arguments.home, domain=domain, instant=now())
    except (HomeError, DomainError) as error:
        raise CommandError(str(error)) from error
    print(f"made {arguments.home}: read {arguments.home}/greffe.toml")
    print(f"next: greffe serve --home {arguments.home}")
    return Exit.OK
