"""Who calls the Registry on the second leg: the wsse:Security header of the Repository's ITI-42.

Spec: ITI TF-2 §3.40.4.1.2; WS-Security 1.1 §5. Two kinds, by configuration: `Vouching` towards a
Registry that trusts this Repository's key, `Forwarding` towards a foreign one, which gets the
caller's own assertion byte for byte.
"""

import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from xds.namespaces import SAML, SOAP, WSSE
from xds.security.header import find_assertion, standalone
from xds.security.signature import Signer
from xds.security.vouch import LIFETIME_SECONDS, vouch
from xds.story import Call

MAX_REMEMBERED = 1024
"""Vouching assertions, about 4 KB each."""
REUSE_SECONDS = LIFETIME_SECONDS // 2
"""A vouching assertion is used again while at least half of its life is left."""


class Credentials(Protocol):
    """Makes the header of one ITI-42."""

    def header(self, call: Call) -> bytes:
        """Return a whole wsse:Security element that declares its own namespaces."""


@dataclass(slots=True, kw_only=True)
class Vouching:
    """The Repository's own signed word for a caller whom it has verified."""

    signer: Signer
    audience: str
    new_id: Callable[[], str] = lambda: f"_{uuid.uuid4()}"
    _made: OrderedDict[str, tuple[datetime, bytes]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def header(self, call: Call) -> bytes:
        """Return the header; one signature serves the same verified assertion for a minute."""
        digest = call.caller.assertion_digest
        with self._lock:
            made = self._made.get(digest)
        if made and timedelta(0) <= call.instant - made[0] < timedelta(seconds=REUSE_SECONDS):
            return made[1]
        assertion = vouch(
            call.caller,
            self.signer,
            audience=self.audience,
            instant=call.instant,
            assertion_id=self.new_id(),
        )
        header = _security("sec", "soap", {}, assertion)
        with self._lock:
            self._made[digest] = (call.instant, header)
            self._made.move_to_end(digest)
            if len(self._made) > MAX_REMEMBERED:
                self._made.popitem(last=False)
        return header


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarding:
    """The caller's own assertion, byte for byte."""

    def header(self, call: Call) -> bytes:
        """Return the header around the assertion's bytes, under the namespaces they were in.

        What is not UTF-8 cannot go into our envelope as it is; it goes re-encoded, which its
        signature, being over the canonical form, survives.
        """
        assertion = find_assertion(call.request.envelope)
        parent = assertion.getparent()
        scope = dict(parent.nsmap) if parent is not None else {}
        octets = slice_assertion(call.request.envelope_octets) or standalone(assertion)
        security, soap = _free("sec", scope), _free("soap", scope)
        return _security(security, soap, scope, octets)


def slice_assertion(envelope: bytes) -> bytes:
    """Return the octets of the one SAML 2.0 assertion of a UTF-8 envelope; b'' when not UTF-8."""
    try:
        envelope.decode("utf-8")
    except UnicodeDecodeError:
        return b""
    parser = expat.ParserCreate(namespace_separator=" ")
    span: list[int] = []
    wanted = f"{SAML} Assertion"

    def started(name: str, _attributes: dict[str, str]) -> None:
        if name == wanted and not span:
            span.append(parser.CurrentByteIndex)

    def ended(name: str) -> None:
        if name == wanted and len(span) == 1:
            span.append(envelope.index(b">", parser.CurrentByteIndex) + 1)

    parser.StartElementHandler = started
    parser.EndElementHandler = ended
    parser.Parse(envelope, True)
    return envelope[span[0] : span[1]] if len(span) == 2 else b""  # noqa: PLR2004


def _security(prefix: str, soap: str, scope: dict[str | None, str], content: bytes) -> bytes:
    declared = {**scope, prefix: WSSE, soap: SOAP}
    written = " ".join(
        f"{'xmlns' + (':' + p if p else '')}={quoteattr(uri)}" for p, uri in declared.items()
    )
    head = f'<{prefix}:Security {written} {soap}:mustUnderstand="true">'
    return head.encode() + content + f"</{prefix}:Security>".encode()


def _free(prefix: str, scope: dict[str | None, str]) -> str:
    """Return a prefix that the caller's message does not use."""
    while prefix in scope:
        prefix += "g"
    return prefix
