"""`greffe patient feed add|revise|merge`: sends what an identity source sends, over SOAP [ITI-44].

Spec: ITI TF-2 §3.44. It tells any Document Registry, with an assertion, what `greffe patient add`
writes into the ledger of a home; integrators try a node with it.
"""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from greffe.client import endpoints
from greffe.client.faults import Problem
from greffe.exits import CommandError
from greffe.output import Report, add_json_flag, conclude
from xds.clock import now
from xds.errors import quote
from xds.metadata.datatype import DatatypeError
from xds.metadata.hl7v2 import Cx, parse_cx
from xds.metadata.identifier import is_oid

if TYPE_CHECKING:
    from rich.console import Console

SHAPE: Final = "greffe/feed/1"
ACCEPTED: Final = "CA"
DEVICES: Final = {"sender": "2.25.4", "receiver": "2.25.44"}
"""OIDs of devices when none are named: of no registered arc, so that nobody takes them for real."""
VERBS: Final = {
    "add": "a patient becomes known (PRPA_IN201301UV02)",
    "revise": "something about a patient changed (PRPA_IN201302UV02)",
    "merge": "two identifiers are one patient's (PRPA_IN201304UV02)",
}


def add_to(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command beside `greffe patient add`."""
    parser = actions.add_parser(
        "feed",
        help="send an identity over SOAP, as its source does [ITI-44]",
        description="Sends a Patient Identity Feed HL7 V3 message [ITI-44] to a registry and "
        "prints its acknowledgement.",
    )
    verbs = parser.add_subparsers(title="messages", metavar="MESSAGE", required=True)
    for verb, meaning in VERBS.items():
        one = verbs.add_parser(verb, help=meaning, description=f"Says that {meaning}.")
        one.add_argument("patient", metavar="CX", help="'ID^^^&OID&ISO'; who survives a merge")
        if verb == "merge":
            one.add_argument("subsumed", metavar="SUBSUMED", help="the identifier whose use ends")
        _add_flags(one)
        one.set_defaults(run=run, verb=verb)


def _add_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--family", default="", help="the patient's family name")
    parser.add_argument("--given", default="", help="the patient's given name")
    for flag, oid in DEVICES.items():
        parser.add_argument(
            f"--{flag}", metavar="OID", default=oid, help=f"OID of the {flag}'s device ({oid})"
        )
    group = parser.add_argument_group("whom to call")
    group.add_argument("--home", type=Path, help="a home whose node is running")
    group.add_argument("--url", default="", help="instead of the home's: http://HOST:PORT/patients")
    group.add_argument(
        "--assertion", type=Path, metavar="FILE", help="a signed saml:Assertion or wsse:Security"
    )
    add_json_flag(parser)


def run(arguments: argparse.Namespace) -> int:
    """Send the message. Errors: none; they are in the report."""
    fields = {"url": "", "message": arguments.verb, "status": ""}
    report = Report(shape=SHAPE, fields=fields)
    return conclude(arguments, report, lambda report: _send(arguments, report), _show)


def _send(arguments: argparse.Namespace, report: Report) -> None:
    # Here, so that a wrong command line is said without the client's libraries.
    from greffe.client.identity_feed import Feed, send_feed  # noqa: PLC0415

    called = _called(arguments)
    feed = Feed(
        verb=arguments.verb,
        patient=_cx(arguments.patient),
        subsumed=_cx(arguments.subsumed) if arguments.verb == "merge" else None,
        family=arguments.family,
        given=arguments.given,
        sender=_oid(arguments.sender),
        receiver=_oid(arguments.receiver),
        message_id=uuid4(),
        instant=now(),
    )
    url = arguments.url or re.sub(r"/registry$", "/patients", called.need("registry"))
    report.fields["url"] = url
    answer = send_feed(url, called.security(arguments.patient, as_structure=True), feed)
    report.fields["status"] = answer.status
    for problem in answer.problems:
        report.refuse(problem)
    if answer.status != ACCEPTED and not any(p.is_error for p in answer.problems):
        report.refuse(Problem(kind="error", code=answer.status or "none", text="not accepted"))


def _called(arguments: argparse.Namespace) -> "endpoints.Endpoints":
    """Return whom to call, and as whom. Errors: CommandError."""
    if arguments.home is None and not (arguments.url and arguments.assertion):
        raise CommandError("nobody to call. Fix: name a home with --home, or --url and --assertion")
    if arguments.url and not re.match(r"https?://[^/\s]", arguments.url):
        raise CommandError(
            f"--url {quote(arguments.url)} is no address. Fix: write http://HOST:PORT/patients"
        )
    return endpoints.read_endpoints(
        argparse.Namespace(
            home=arguments.home,
            assertion=arguments.assertion,
            registry=arguments.url,
            repository="",
        )
    )


def _cx(text: str) -> Cx:
    try:
        return parse_cx(text.strip())
    except DatatypeError as error:
        raise CommandError(
            f"patient {quote(text)}: {error.rule}; expected {error.expected}. Fix: {error.fix}"
        ) from error


def _oid(text: str) -> str:
    if not is_oid(text):
        raise CommandError(f"{quote(text)} is no OID. Fix: write digits and dots, such as 1.2.250")
    return text


def _show(report: Report, console: "Console") -> None:
    if report.fields["status"]:
        console.print(f"{report.fields['message']}: {report.fields['status']}", highlight=False)
