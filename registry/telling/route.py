"""The mail server and the sender's name that `[mail]` of greffe.toml describes, checked whole.

Clear text is for this machine only: that somebody's record was opened in an emergency is nobody
else's business. Nothing here opens a connection.

Spec: RFC 8314 (465 is TLS from the first octet), RFC 3207 (STARTTLS on 587 or 25).
"""

import ipaddress
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.headerregistry import Address
from email.utils import getaddresses
from pathlib import Path
from zoneinfo import ZoneInfo

from registry.telling.letter import Style, address_complaint
from xds.settings import MailTls, Settings


class MailError(Exception):
    """Settings of mail that cannot be used; the text names key and fix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How letters leave the node."""

    host: str
    port: int
    tls: MailTls
    context: ssl.SSLContext | None
    """None only where nothing is encrypted."""
    user: str
    password: Callable[[], str]
    """Read for each connection, so that a new one holds at once. Errors: OSError, ValueError."""
    timeout_seconds: float
    """For each step but the last one, which has its own."""
    style: Style


def route_of(settings: Settings) -> Route | None:
    """Return the route, None when no mail server is named. Errors: MailError."""
    if not settings.mail_host:
        return None
    if settings.mail_tls == "none" and not _is_this_machine(settings.mail_host):
        raise MailError(
            f'[mail] tls is "none", and {settings.mail_host} is another machine: the letter would '
            'be readable on its way. Fix: tls = "starttls" or "tls"'
        )
    if bool(settings.mail_user) != (settings.mail_password_file is not None):
        raise MailError("[mail] user and password_file belong together. Fix: set both, or neither")
    password = _password(settings.mail_password_file)
    try:
        password()
    except (OSError, ValueError) as error:
        raise MailError(
            f"[mail] password_file {settings.mail_password_file} cannot be used: "
            f"{getattr(error, 'strerror', None) or error}"
        ) from error
    return Route(
        host=settings.mail_host,
        port=settings.mail_port,
        tls=settings.mail_tls,
        context=_context(settings),
        user=settings.mail_user,
        password=password,
        timeout_seconds=settings.mail_timeout_seconds,
        style=Style(
            sender=_sender(settings.mail_from),
            contact=settings.mail_contact,
            zone=ZoneInfo(settings.mail_time_zone),
            together_minutes=settings.mail_together_minutes,
        ),
    )


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _password(file: Path | None) -> Callable[[], str]:
    def read() -> str:
        octets = file.read_bytes() if file else b""
        if not octets.isascii():
            raise ValueError("it holds other characters than ASCII")
        return octets.decode("ascii").rstrip("\r\n")

    return read


def _context(settings: Settings) -> ssl.SSLContext | None:
    if settings.mail_tls == "none":
        return None
    try:
        return ssl.create_default_context(cafile=settings.mail_ca_file)
    except OSError as error:  # ssl.SSLError is one
        raise MailError(
            f"[mail] ca_file {settings.mail_ca_file} holds no certificates (PEM): "
            f"{error.strerror or error}"
        ) from error


def _sender(text: str) -> Address:
    found = getaddresses([text]) or [("", "")]
    name, address = found[0]
    if len(found) > 1 or address_complaint(address) or not name.isprintable():
        raise MailError(
            f"[mail] from is {text!r}. Fix: write an address that may send through the server, "
            'such as "Dossier partagé <no-reply@example.org>"'
        )
    return Address(display_name=name, addr_spec=address)
