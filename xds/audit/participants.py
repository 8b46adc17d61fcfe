"""Who took part: the two systems, the person who called, the structure for which.

Spec: ITI TF-2 §3.20.7.1.1 (RoleIDCode), §3.40.4.2 (UserName of a verified assertion), and the
tables of each transaction's audit section.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from xds.audit.event import AuditEvent
from xds.audit.message import DCM, Code, Participant
from xds.audit.transactions import Way
from xds.namespaces import WSA
from xds.security.caller import Caller, CodedValue

SOURCE: Final = Code("110153", DCM, "Source Role ID")
DESTINATION: Final = Code("110152", DCM, "Destination Role ID")
NOBODY: Final = "unknown"
ANONYMOUS: Final = f"{WSA}/anonymous"
"""What ReplyTo means when answers go back on the connection, as ours always do."""
_DELIMITERS: Final = re.compile(r"[<>%\x00-\x1f\x7f]")
_DELIMITERS_OF_USER: Final = re.compile(r"[<>%@\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The node that reports."""

    host: str
    """Its machine name."""
    site: str = ""
    """AuditEnterpriseSiteID."""


def participants_of(event: AuditEvent, way: Way, origin: Origin) -> tuple[Participant, ...]:
    """Return Source, Destination and whoever called, in this order."""
    own, other = _own_side(event, way, origin), _other_side(event, way)
    source, destination = (own, other) if way in (Way.GIVEN, Way.SENT) else (other, own)
    return (
        replace(source, roles=(SOURCE,)),
        replace(destination, roles=(DESTINATION,)),
        *_humans(event, way),
    )


def _own_side(event: AuditEvent, way: Way, origin: Origin) -> Participant:
    user_id = event.destination if way is Way.FED else event.endpoint
    return Participant(
        user_id=user_id or event.endpoint or event.service or NOBODY,
        alternative_id=process_of(event),
        is_requestor=way is Way.SENT,
        access_point=origin.host,
    )


def _other_side(event: AuditEvent, way: Way) -> Participant:
    caller = event.caller
    if way is Way.SENT:
        host = urlsplit(event.destination).hostname or ""
        return Participant(user_id=event.destination, is_requestor=False, access_point=host)
    if way is Way.FED or event.source:
        certified = caller.identity if caller and way is Way.FED else ""
        return Participant(
            user_id=event.source or NOBODY,
            alternative_id=certified,
            is_requestor=True,
            access_point=event.peer,
        )
    vouching = caller.vouched_by if caller else ""
    return Participant(
        user_id=ANONYMOUS, alternative_id=vouching, is_requestor=True, access_point=event.peer
    )


def _humans(event: AuditEvent, way: Way) -> Iterator[Participant]:
    """Yield who called, and the structure for which, as the assertion says it."""
    caller = event.caller
    if caller is None or way is Way.FED:
        return
    yield Participant(
        user_id=caller.identity,
        alternative_id=caller.name,
        name=user_name(caller),
        is_requestor=True,
        roles=tuple(map(code_of, caller.roles)),
    )
    if caller.structure:
        yield Participant(user_id=caller.structure, is_requestor=False)


def code_of(value: CodedValue) -> Code:
    """Return a code of an assertion; all three parts are mandatory here."""
    return Code(value.code, value.system or "local", value.display_name or value.code)


def process_of(event: AuditEvent) -> str:
    """Return the process id as the local system logs have it."""
    return str(event.process) if event.process else ""


def user_name(caller: Caller) -> str:
    """Return `alias<user@issuer>`; a delimiter inside a part is percent-encoded.

    Spec: ITI TF-2 §3.40.4.2. What stands after the first `@` is the issuer, which may hold more.
    """
    alias = _encoded(_DELIMITERS_OF_USER, caller.alias)
    user = _encoded(_DELIMITERS_OF_USER, caller.identity)
    return f"{alias}<{user}@{_encoded(_DELIMITERS, caller.issuer)}>"


def _encoded(delimiters: re.Pattern[str], text: str) -> str:
    return delimiters.sub(lambda found: f"%{ord(found.group()):02X}", text)
