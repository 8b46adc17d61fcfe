"""A real mail server of the test's own, which says what a test wants it to say."""

import asyncio
import email
import email.policy
import ssl
import threading
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiosmtpd.smtp import SMTP, AuthResult

OK = "250 2.0.0 taken"


@dataclass(kw_only=True)
class MailServer:
    """What a server says, and what it took. A scripted answer is given once."""

    port: int = 0
    user: str = ""
    password: str = ""
    messages: list = field(default_factory=list)
    recipients: list = field(default_factory=list)
    peers_were_encrypted: list = field(default_factory=list)
    ended: int = 0
    """Messages whose end came, whatever was said to it."""
    answers: dict = field(
        default_factory=lambda: {"MAIL": deque(), "RCPT": deque(), "DATA": deque()}
    )
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def says(self, to, *answers):
        """Give these answers next; None ends the connection without one."""
        self.answers[to].extend(answers)

    def wait_for(self, messages, seconds=20):
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.messages) >= messages, seconds)
        return self.messages

    def _next(self, to, server):
        said = self.answers[to].popleft() if self.answers[to] else OK
        if said is None:
            server.transport.abort()
        return said or "421 gone"

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        said = self._next("MAIL", server)
        if said == OK:
            envelope.mail_from = address
        return said

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        said = self._next("RCPT", server)
        if said == OK:
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        with self.arrived:
            self.ended += 1
        said = self._next("DATA", server)
        if said == OK or said.startswith("421 gone"):
            # A server that vanishes after the end may have taken the message: this one has.
            message = email.message_from_bytes(envelope.content, policy=email.policy.SMTP)
            with self.arrived:
                self.messages.append(message)
                self.recipients.append(tuple(envelope.rcpt_tos))
                tls = server.transport.get_extra_info("ssl_object")
                self.peers_were_encrypted.append(tls is not None)
                self.arrived.notify_all()
        return said

    def knows(self, server, session, envelope, mechanism, data):
        given = (getattr(data, "login", b""), getattr(data, "password", b""))
        is_known = given == (self.user.encode(), self.password.encode())
        return AuthResult(success=is_known, handled=False)

    @property
    def message_ids(self):
        return [m["Message-ID"] for m in self.messages]


@contextmanager
def a_mail_server(*, port=0, starttls=None, tls=None, user="", password=""):
    """Serve on this machine until the end; the contexts are of the server's certificate."""
    served = MailServer(user=user, password=password)
    options = {"hostname": "mail.test", "tls_context": starttls, "require_starttls": bool(starttls)}
    if user:
        options |= {
            "authenticator": served.knows,
            "auth_required": True,
            "auth_require_tls": bool(starttls),
        }
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(
        loop.create_server(lambda: SMTP(served, loop=loop, **options), "127.0.0.1", port, ssl=tls)
    )
    served.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _end(server):
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def server_context(certificate, key):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context
