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

from xds.namespaces import SOAP, WSSE
from xds.security.forward import own_assertion_octets
from xds.security.signature import Signer
from xds.security.vouch import LIFETIME_SECONDS, vouch
from xds.story import Call

HEAD = f'<sec:Security xmlns:sec="{WSSE}" xmlns:soap="{SOAP}" soap:mustUnderstand="true">'.encode()
TAIL = b"</sec:Security>"
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
        header = _security(assertion)
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
        """Return the header around the assertion. Errors: SoapFault, as the gate's."""
        return _security(own_assertion_octets(call.request))


def _security(assertion: bytes) -> bytes:
    return HEAD + assertion + TAIL
