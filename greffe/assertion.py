"""`greffe assertion`: prints a signed test assertion of the home's profile.

What is invalid is printed all the same, with a warning on stderr: testers need bad assertions. Only
a home's own test PKI signs; this is no identity provider.
"""

import argparse
import secrets
import sys
from datetime import datetime
from pathlib import Path

from xds.settings import Settings, SettingsError, load_settings

from dmp.vihf_issue import issue_vihf, with_default_systems
from dmp.vihf_issue import oddities as vihf_oddities
from xds.clock import now
from xds.security.caller import CodedValue
from xds.security.claims import parse_time
from xds.security.issue import PURPOSES, Order, issue_xua
from xds.security.signature import Signer
from xds.security.trust import TrustError
from xds.security.writing import security_header

MODES = ("direct", "indirect", "indirect_renforcee")
EXIT_USAGE = 2


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
    """Print the assertion.

    Returns 0, or 2 for a time that is none or a home that cannot be used.
    """
    instant = now() if arguments.issued_at is None else parse_time(arguments.issued_at)
    if instant is None:
        return _usage(f"--issued-at {arguments.issued_at!r}: expected 2026-01-31T08:00:00Z")
    try:
        settings = load_settings(arguments.home)
        order = _order(arguments, settings.domain.assertion_profile)
        for oddity in _oddities(order, settings):
            sys.stderr.write(f"greffe assertion: warning: {oddity}\n")
        assertion = issue_assertion(order, settings, instant=instant)
    except (SettingsError, TrustError) as error:
        return _usage(str(error))
    except (ValueError, OverflowError) as error:
        return _usage(f"cannot be written as XML: {error}")
    printed = security_header(assertion) if arguments.header else assertion
    sys.stdout.write(printed.decode("utf-8") + "\n")
    return 0


def issue_assertion(
    order: Order, settings: Settings, *, instant: datetime, assertion_id: str = ""
) -> bytes:
    """Return an assertion of the home's profile, signed by the home's test signer.

    Errors: TrustError when the home's key or certificate cannot be read.
    """
    folder = settings.home / "pki"
    signer = Signer.from_files(folder / "signer.pem", folder / "signer.key")
    identifier = assertion_id or "_" + secrets.token_hex(16)
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
    found = []
    if order.lifetime_seconds is not None and order.lifetime_seconds <= 0:
        found.append(f"a lifetime of {order.lifetime_seconds} s: the assertion is never valid")
    if order.purpose == "normal" and order.reason:
        found.append("--reason belongs to an emergency, but the purpose is normal")
    if settings.domain.assertion_profile == "vihf":
        found += vihf_oddities(order)
    elif order.audience and order.audience != settings.audience:
        found.append(f"audience {order.audience!r} is not this home's ({settings.audience!r})")
    return found


def _usage(problem: str) -> int:
    sys.stderr.write(f"greffe assertion: {problem}\n")
    return EXIT_USAGE
