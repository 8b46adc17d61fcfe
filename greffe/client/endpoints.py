"""Whom a command calls and what it says of itself: a home with its node, or addresses and a file.

Spec: ITI TF-2 §3.40 (an assertion in every message). With a home, every message carries a fresh
assertion signed by the home's test PKI; an assertion file is sent as it is, byte for byte.
"""

import argparse
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from lxml import etree

from greffe.assertion import issue_assertion
from greffe.exits import CommandError, UnreachableError
from greffe.node.lease import Service, served_at
from xds.clock import now
from xds.namespaces import SAML, WSSE
from xds.security.caller import CodedValue
from xds.security.issue import Order
from xds.security.trust import TrustError
from xds.security.writing import security_header
from xds.settings import Settings, SettingsError, load_settings

_XML_DECLARATION: Final = re.compile(rb"^\xef\xbb\xbf|<\?xml[^>]*\?>\s*")
_DOCTORS: Final = {
    "vihf": Order(
        subject="899700000001",
        name="ESSAI ALIX",
        role=CodedValue(code="10", system="1.2.250.1.71.1.2.7", display_name="Médecin"),
        specialty=CodedValue(
            code="SM26",
            system="1.2.250.1.71.4.2.5",
            display_name="Qualifié en médecine générale (SM)",
        ),
        structure="10B0127189",
    ),
    "xua": Order(
        subject="alix.essai",
        name="Alix Essai",
        role=CodedValue(
            code="112247003", system="2.16.840.1.113883.6.96", display_name="Medical doctor"
        ),
        structure="urn:oid:1.3.6.1.4.1.21367.13.50",
    ),
}
"""Who calls when a home is named and nobody else: an invented doctor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Where the services are, and how to speak for the caller."""

    settings: Settings | None
    registry: str
    """'' when it is not known."""
    repository: str
    assertion: bytes
    """A wsse:Security element from a file; b'' when the home's key signs."""

    def security(self, patient: str = "", *, as_structure: bool = False) -> bytes:
        """Return a wsse:Security element; the home's own one is made anew for every message.

        `as_structure`: what the doctor's establishment says itself, where the profile knows that.
        """
        if self.assertion or self.settings is None:
            return self.assertion
        order = a_doctor(self.settings, patient)
        if as_structure:
            order = replace(order, mode="indirect")
        try:
            return security_header(issue_assertion(order, self.settings, instant=now()))
        except TrustError as error:
            raise CommandError(str(error)) from error

    def need(self, service: Service) -> str:
        """Return a service's address. Errors: CommandError, UnreachableError."""
        if url := getattr(self, service):
            return str(url)
        if self.settings is None:
            raise CommandError(f"the {service} is needed too. Fix: add --{service} URL, or --home")
        raise UnreachableError(
            f"no {service} is running from {self.settings.home}. "
            f"Fix: greffe serve --home {self.settings.home}"
        )


def a_doctor(settings: Settings, patient: str = "") -> Order:
    """Return the home's invented doctor, with a patient concerned."""
    doctor = _DOCTORS[settings.domain.assertion_profile]
    return Order(
        subject=doctor.subject,
        name=doctor.name,
        role=doctor.role,
        specialty=doctor.specialty,
        structure=doctor.structure,
        patient=patient,
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say whom to call."""
    group = parser.add_argument_group("whom to call")
    group.add_argument(
        "--home",
        type=Path,
        help="a home whose node is running; its test PKI signs as an invented doctor",
    )
    group.add_argument("--registry", metavar="URL", default="", help="instead of the home's")
    group.add_argument("--repository", metavar="URL", default="", help="instead of the home's")
    group.add_argument(
        "--assertion",
        type=Path,
        metavar="FILE",
        help="a signed saml:Assertion, or a whole wsse:Security element, sent byte for byte "
        "(`greffe assertion` prints one)",
    )


def read_endpoints(arguments: argparse.Namespace) -> Endpoints:
    """Return what the flags say. Errors: CommandError."""
    settings = None
    if arguments.home is not None:
        try:
            settings = load_settings(arguments.home)
        except SettingsError as error:
            raise CommandError(str(error)) from error
    elif arguments.assertion is None:
        raise CommandError(
            "nobody to call as. Fix: name a home with --home, or give --registry or --repository "
            "and --assertion FILE"
        )
    for service in ("registry", "repository"):
        url = getattr(arguments, service)
        if url and not re.match(r"https?://[^/\s]", url):
            raise CommandError(
                f"--{service} {url!r} is no address. Fix: write http://HOST:PORT/{service}"
            )
    folder = settings.run_folder if settings else None
    return Endpoints(
        settings=settings,
        registry=arguments.registry or (folder and served_at(folder, "registry")) or "",
        repository=arguments.repository or (folder and served_at(folder, "repository")) or "",
        assertion=_read_assertion(arguments.assertion) if arguments.assertion else b"",
    )


def _read_assertion(path: Path) -> bytes:
    try:
        octets = path.read_bytes()
        root = etree.fromstring(octets, etree.XMLParser(resolve_entities=False, no_network=True))
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from error
    except (etree.XMLSyntaxError, ValueError) as error:
        raise CommandError(f"{path} is not XML: {error}") from error
    bare = _XML_DECLARATION.sub(b"", _XML_DECLARATION.sub(b"", octets.lstrip())).strip()
    if root.tag == f"{{{WSSE}}}Security":
        return bare
    if root.tag == f"{{{SAML}}}Assertion":
        return security_header(bare)
    raise CommandError(f"{path} holds {root.tag}; expected a saml:Assertion or a wsse:Security")
