"""`greffe patient add`: makes a patient known to the Registry of a home.

Spec: ITI TF-2 §3.8, §3.44 (patient identity feeds, which bring patients in real life); the CX is
ITI TF-3 §4.2.3.1.7. It writes into the home's ledger beside the node that may be serving it.
"""

import argparse
import sys
from pathlib import Path

from dmp.ins import warning_about
from greffe.exits import CommandError, Exit
from xds.clock import now
from xds.domain import AffinityDomain
from xds.errors import quote
from xds.metadata.datatype import DatatypeError
from xds.metadata.hl7v2 import cx_key, parse_cx
from xds.settings import SettingsError, load_settings


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "patient",
        help="make a patient known to the registry",
        description="Patients whom the registry does not know are refused. In real life an "
        "identity feed makes them known.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    add = actions.add_parser(
        "add",
        help="make a patient known",
        description="Makes a patient known. Doing it again changes nothing; the node may be "
        "serving meanwhile.",
    )
    add.add_argument(
        "cx",
        metavar="CX",
        help="identifier and authority, such as 'ID^^^&1.2.3&ISO'; in dmp an INS: "
        "'279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH'",
    )
    add.add_argument("--home", type=Path, required=True, help="the home folder")
    add.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Make the patient known. Errors: CommandError."""
    is_new = add_patient(arguments.home, arguments.cx)
    if warning := warning_about(arguments.cx):
        sys.stderr.write(f"greffe patient: warning: {warning}\n")
    print(f"{arguments.cx}: {'now known' if is_new else 'was known already'}")
    return Exit.OK


def add_patient(home: Path, cx: str) -> bool:
    """Make a patient known to a home's Registry; returns whether it was not yet.

    Errors: CommandError.
    """
    from greffe.node.opening import ledger_of  # noqa: PLC0415 - the server's code

    try:
        settings = load_settings(home)
        check_cx(cx, settings.domain)
        with ledger_of(settings) as ledger:
            return bool(ledger.add_patient(cx_key(cx), f"{now():%Y%m%d%H%M%S}"))
    except SettingsError as error:
        raise CommandError(str(error)) from error


def check_cx(text: str, domain: AffinityDomain) -> None:
    """Refuse what is no patient identifier of the domain. Errors: CommandError.

    Why not the INS's key: the published test patients have wrong ones; that is a warning.
    """
    try:
        cx = parse_cx(text.strip())
        authority = domain.authorities.get(cx.authority)
        if authority is None and domain.authorities:
            known = ", ".join(f"{a.oid} ({a.title})" for a in domain.authorities.values())
            raise CommandError(
                f"patient {quote(text)}: the domain {domain.name} knows no authority "
                f"{cx.authority}. Fix: use one of {known}"
            )
    except DatatypeError as error:
        raise CommandError(
            f"patient {quote(text)}: {error.rule}; expected {error.expected}. Fix: {error.fix}"
        ) from error
