"""`greffe assertion`: prints a signed test assertion of the home's profile.

What is invalid is printed all the same, with a warning on stderr: testers need bad assertions. Only
a home's own test PKI signs; this is no identity provider.
"""

import argparse
import re
import secrets
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from lxml import etree

from dmp.vihf import profile_of
from dmp.vihf_issue import issue_vihf, with_default_systems
from greffe.exits import CommandError, Exit
from greffe.node.lease import Service, served_at
from xds.clock import now
from xds.errors import Where
from xds.namespaces import SOAP
from xds.security.caller import CodedValue
from xds.security.claims import parse_time
from xds.security.gate import Gate
from xds.security.issue import PURPOSES, Order, issue_xua
from xds.security.onetime import UsesInMemory
from xds.security.signature import Signer
from xds.security.trust import TrustError
from xds.security.writing import security_header
from xds.settings import Settings, SettingsError, load_settings
from xds.soap.exchange import SoapRequest
from xds.soap.fault import SoapFault

MODES = ("direct", "indirect", "indirect_renforcee")
SERVICES: Final[tuple[Service, ...]] = ("registry", "repository")
_CX: Final = re.compile(r"[^^]+\^\^\^[^^&]*&[0-2](?:\.[0-9]+)+&ISO(?:\^.*)?")


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "assertion",
        help="print a signed test assertion",
        description="Prints a SAML assertion of the home's profile (VIHF or XUA), signed by the "
        "home's test PKI. What is invalid is printed all the same, with a warning on stderr.",
    )
    parser.add_argument("--home", type=Path, required=True, help="the home folder")
    parser.add_argument("--subject", required=True, metavar="ID", help="who calls (NameID)")
    parser.add_argument(
        "--role", required=True, metavar="CODE[^SYSTEM]", help="profession: 10 is a doctor"
    )
    parser.add_argument("--specialty", metavar="CODE[^SYSTEM]", help="second role value: SM26")
    parser.add_argument("--purpose", required=True, choices=sorted(PURPOSES))
    parser.add_argument("--reason", default="", metavar="TEXT", help="why it is an emergency")
    parser.add_argument("--patient", default="", metavar="CX", help="the patient concerned")
    parser.add_argument("--structure", required=True, metavar="ID", help="the organisation")
    parser.add_argument("--name", default="", metavar="TEXT", help="human name of the subject")
    parser.add_argument("--mode", choices=MODES, default="direct")
    parser.add_argument("--audience", default="", metavar="URI")
    parser.add_argument(
        "--lifetime", type=int, metavar="SECONDS", help="write Conditions that end after so long"
    )
    parser.add_argument(
        "--issued-at", metavar="TIME", help="IssueInstant, such as 2026-01-31T08:00:00Z"
    )
    parser.add_argument("--one-time-use", action="store_true")
    parser.add_argument(
        "--header", action="store_true", help="print the whole wsse:Security element"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the assertion. Errors: CommandError for a time that is none or an unusable home."""
    instant = now() if arguments.issued_at is None else parse_time(arguments.issued_at)
    if instant is None:
        raise CommandError(f"--issued-at {arguments.issued_at!r}: expected 2026-01-31T08:00:00Z")
    try:
        settings = load_settings(arguments.home)
        order = _order(arguments, settings.domain.assertion_profile)
        assertion = issue_assertion(order, settings, instant=instant)
        refusal = _refusal(assertion, settings)
    except (SettingsError, TrustError) as error:
        raise CommandError(str(error)) from error
    except (ValueError, OverflowError) as error:
        raise CommandError(f"cannot be written as an assertion: {error}") from error
    oddities = _oddities(order, settings)
    if refusal:
        oddities.append(f"this node will refuse it: {refusal}")
    for oddity in oddities:
        sys.stderr.write(f"greffe assertion: warning: {oddity}\n")
    printed = security_header(assertion) if arguments.header else assertion
    sys.stdout.write(printed.decode("utf-8") + "\n")
    return Exit.OK


def issue_assertion(
    order: Order, settings: Settings, *, instant: datetime, assertion_id: str = ""
) -> bytes:
    """Return an assertion of the home's profile, signed by the home's test signer.

    Errors: TrustError when the home's key or certificate cannot be read.
    """
    folder = settings.home / "pki"
    signer = Signer.from_files(folder / "signer.pem", folder / "signer.key")
    identifier = assertion_id or "_" + secrets.token_hex(16)
    attribute = order.reason_attribute or profile_of(settings.domain).reason_attribute
    order = replace(order, reason_attribute=attribute)
    if settings.domain.assertion_profile == "vihf":
        return issue_vihf(order, signer, instant=instant, assertion_id=identifier)
    return issue_xua(
        order, signer, audience=settings.audience, instant=instant, assertion_id=identifier
    )


def _order(arguments: argparse.Namespace, profile: str) -> Order:
    role, specialty = _code(arguments.role), _code(arguments.specialty or "")
    if profile == "vihf":
        defaults = with_default_systems(role.code, specialty.code)
        role = CodedValue(code=role.code, system=role.system or defaults[0])
        specialty = CodedValue(code=specialty.code, system=specialty.system or defaults[1])
    return Order(
        subject=arguments.subject,
        role=role,
        specialty=specialty if specialty.code else None,
        purpose=arguments.purpose,
        reason=arguments.reason,
        patient=arguments.patient,
        structure=arguments.structure,
        name=arguments.name,
        mode=arguments.mode,
        audience=arguments.audience,
        lifetime_seconds=arguments.lifetime,
        is_one_time=arguments.one_time_use,
    )


def _code(text: str) -> CodedValue:
    code, _, system = text.partition("^")
    return CodedValue(code=code, system=system)


def _oddities(order: Order, settings: Settings) -> list[str]:
    """Return what is strange though no node will refuse it."""
    found = []
    if order.purpose == "normal" and order.reason:
        found.append("--reason belongs to an emergency, but the purpose is normal")
    mode = settings.policy.modes.get(order.purpose)
    if mode in settings.policy.reason_required and not order.reason.strip():
        found.append(f"the access policy asks for --reason in mode {mode}")
    if order.patient and not _CX.fullmatch(order.patient):
        found.append(f"--patient {order.patient!r} is no CX such as 123^^^&1.2.3&ISO")
    return found


def _refusal(assertion: bytes, settings: Settings) -> str:
    """Return why this home's node would refuse the assertion now, '' if it would not.

    The node's own gate is asked, so that a warning is never wrong about what follows.
    """
    addresses = (served_at(settings.run_folder, service) for service in SERVICES)
    gate = Gate.from_files(
        profile=profile_of(settings.domain, bind_signer=settings.bind_signer),
        anchors=settings.trust_anchors,
        audiences=[settings.audience, *(a for a in addresses if a)],
        clock_skew_seconds=settings.clock_skew_seconds,
        one_time=UsesInMemory(),
        revocation_lists=settings.revocation_lists,
    )
    octets = _message(assertion)
    envelope = etree.fromstring(octets)
    request = SoapRequest(
        action="",
        message_id=None,
        to=None,
        body=envelope[1],
        body_where=Where("soap:Envelope"),
        envelope=envelope,
        envelope_octets=octets,
        is_mtom=False,
    )
    try:
        gate.authenticate(request, "", now())
    except SoapFault as fault:
        return fault.reason
    return ""


def _message(assertion: bytes) -> bytes:
    head = f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Header>'.encode()
    return head + security_header(assertion) + b"</soap:Header><soap:Body/></soap:Envelope>"
