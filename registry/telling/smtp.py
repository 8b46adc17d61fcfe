"""One letter's way to a mail server, in the steps between which our own notes are made.

smtplib's `sendmail` hides the one moment that matters: before the line with a single dot the server
must forget everything when we vanish; after it, it may have delivered. So the steps are apart:

    open      connect, TLS, authenticate           failing is about the server, not the letter
    address   MAIL, RCPT
    write     DATA and the message, without its end
    end       the line with the dot
    answer    what the server says to it           no answer: nobody knows
    leave     QUIT

Spec: RFC 5321 §4.1.1.4 (a message without its end is not delivered), §4.5.2 (dots), §4.5.3.2.6
(ten minutes for the answer, because giving up early makes doubles), RFC 1047.
"""

import re
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Final

from registry.telling.route import Route

ANSWER_SECONDS: Final = 600
MAX_SAID: Final = 200
_DOT: Final = re.compile(rb"^\.", re.MULTILINE)
OK, GO_ON = 250, 354


class UnreachableError(Exception):
    """The server cannot be used by us, whichever letter it is."""


class RefusedError(Exception):
    """The server will not take this letter, now or later."""


class LaterError(Exception):
    """The server did not take the letter; it may another time."""


class UnknownError(Exception):
    """The server had all of the letter, and we do not know what became of it."""


class Conversation:
    """One connection, for one letter."""

    def __init__(self, route: Route) -> None:
        """Prepare; nothing is opened yet."""
        self._route = route
        self._smtp: smtplib.SMTP | None = None

    def open(self) -> None:
        """Connect and say who we are. Errors: UnreachableError."""
        route = self._route
        with _failing_as(UnreachableError):
            where, seconds = (route.host, route.port), route.timeout_seconds
            if route.tls == "tls":
                self._smtp = smtplib.SMTP_SSL(*where, timeout=seconds, context=route.context)
            else:
                self._smtp = smtplib.SMTP(*where, timeout=seconds)
            self._smtp.ehlo_or_helo_if_needed()
            if route.tls == "starttls":
                self._smtp.starttls(context=route.context)
                self._smtp.ehlo()
            if route.user:
                self._smtp.login(route.user, route.password())

    def address(self, sender: str, recipient: str) -> None:
        """Say from whom and to whom. Errors: UnreachableError, RefusedError, LaterError."""
        with _failing_as(LaterError):
            code, said = self._open.mail(sender)
            if code != OK:
                raise UnreachableError(f"the sender {sender}: {_said(code, said)}")
            code, said = self._open.rcpt(recipient)
            if code // 100 != 2:  # noqa: PLR2004
                raise _refusal(code, said)

    def write(self, message: EmailMessage) -> None:
        """Give the whole message but its end. Errors: RefusedError, LaterError."""
        with _failing_as(LaterError):
            code, said = self._open.docmd("DATA")
            if code != GO_ON:
                raise _refusal(code, said)
            self._open.send(_DOT.sub(b"..", message.as_bytes()))

    def end(self) -> None:
        """Give the end: from now on the server may have delivered. Errors: UnknownError."""
        with _failing_as(UnknownError):
            if self._open.sock is not None:
                self._open.sock.settimeout(ANSWER_SECONDS)
            self._open.send(".\r\n")

    def answer(self) -> str:
        """Return what the server says when it took the letter.

        Errors: RefusedError, LaterError; UnknownError when there is no answer.
        """
        with _failing_as(UnknownError):
            code, said = self._open.getreply()
            if code < 0:
                raise UnknownError("the connection ended without an answer")
            if code // 100 != 2:  # noqa: PLR2004
                raise _refusal(code, said)
        return _said(code, said)

    def leave(self) -> None:
        """End politely; how that goes changes nothing. Errors: none."""
        try:
            if self._smtp is not None:
                self._smtp.quit()
        except (OSError, smtplib.SMTPException):
            pass

    def close(self) -> None:
        """End at once: a message without its end is none. Errors: none."""
        if self._smtp is not None:
            self._smtp.close()

    @property
    def _open(self) -> smtplib.SMTP:
        if self._smtp is None:
            raise smtplib.SMTPServerDisconnected("not open")
        return self._smtp


@contextmanager
def _failing_as(kind: type[Exception]) -> Iterator[None]:
    """Give what breaks a conversation the meaning that it has at this step."""
    try:
        yield
    except smtplib.SMTPResponseException as error:
        raise kind(_said(error.smtp_code, error.smtp_error)) from error
    except (OSError, ValueError, smtplib.SMTPException) as error:
        raise kind(_printable(str(error) or type(error).__name__)) from error


def _refusal(code: int, said: bytes) -> Exception:
    kind = RefusedError if code // 100 == 5 else LaterError  # noqa: PLR2004
    return kind(_said(code, said))


def _said(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"{code} {_printable(text)}"


def _printable(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:MAX_SAID]
