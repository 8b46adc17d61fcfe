"""An audit message of DICOM: its parts as values, and the one way to write them as XML.

Nothing here knows a transaction; what a message says is decided in `xds.audit.dicom`.

Spec: DICOM PS3.15 §A.5.1 (schema: element names, order, what may be left out), §A.5.2; ITI TF-2
§3.20.7.1.2 (PurposeOfUse, which IHE adds to EventIdentification), §3.20.7.1.3 (integers of RFC 3881
as codes).
"""

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from lxml import etree

DCM: Final = "DCM"
RFC_3881: Final = "RFC-3881"
IHE_TRANSACTIONS: Final = "IHE Transactions"

_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold."""
_SPACES: Final = str.maketrans("\t\r\n", "   ")
_DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>'
"""Without a line break behind it: some receivers keep one line, or write `#012` for the break."""
_IP: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(%\w+)?")
MACHINE_NAME, IP_ADDRESS = "1", "2"
APPLICATION_SERVER: Final = "4"
"""AuditSourceTypeCode: application server process (§A.5.1.2.1)."""


@dataclass(frozen=True, slots=True)
class Code:
    """A coded value; all three are mandatory (§A.5.1)."""

    code: str
    system: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """ActiveParticipant: a person, a system or a program."""

    user_id: str
    is_requestor: bool
    alternative_id: str = ""
    name: str = ""
    roles: tuple[Code, ...] = ()
    access_point: str = ""
    """IP address or machine name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantObject:
    """ParticipantObjectIdentification."""

    id: str
    id_type: Code
    type: str
    """1 person, 2 system object, 3 organisation."""
    role: str
    """1 patient, 3 report, 13 security resource, 20 job, 24 query (§A.5.1.2.2)."""
    life_cycle: str = ""
    name: str = ""
    query: bytes | None = None
    """Takes the place of the name."""
    details: tuple[tuple[str, bytes], ...] = ()
    """Type and value; values are base64 in the message, whatever they are (§A.5.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditMessage:
    """One message about one event, of one patient at most."""

    event_id: Code
    event_types: tuple[Code, ...]
    action: str
    """C, R, U, D or E."""
    instant: datetime
    outcome: str
    """0 success, 4 minor, 8 serious, 12 major failure."""
    description: str = ""
    purposes: tuple[Code, ...] = ()
    participants: tuple[Participant, ...]
    source_id: str
    site: str = ""
    objects: tuple[ParticipantObject, ...] = ()


def write_message(message: AuditMessage) -> bytes:
    """Return the message as XML in UTF-8, in one line. Spec: DICOM PS3.15 §A.5.1."""
    root = etree.Element("AuditMessage")
    _event(root, message)
    for participant in message.participants:
        _participant(root, participant)
    source = _element(
        root,
        "AuditSourceIdentification",
        AuditEnterpriseSiteID=message.site,
        AuditSourceID=message.source_id,
    )
    source.append(etree.Element("AuditSourceTypeCode", {"csd-code": APPLICATION_SERVER}))
    for one in message.objects:
        _object(root, one)
    return _DECLARATION + etree.tostring(root, encoding="UTF-8", xml_declaration=False)


def clean(text: str) -> str:
    """Return a text that XML can hold in one line: what it cannot is shown as U+FFFD."""
    if text.isprintable():  # nearly always
        return text
    return _NOT_XML.sub("\ufffd", text.translate(_SPACES))


def _event(root: etree._Element, message: AuditMessage) -> None:
    event = _element(
        root,
        "EventIdentification",
        EventActionCode=message.action,
        EventDateTime=message.instant.astimezone(UTC).isoformat(timespec="milliseconds"),
        EventOutcomeIndicator=message.outcome,
    )
    _coded(event, "EventID", message.event_id)
    for code in message.event_types:
        _coded(event, "EventTypeCode", code)
    if message.description:
        _element(event, "EventOutcomeDescription").text = clean(message.description)
    for code in message.purposes:
        _coded(event, "PurposeOfUse", code)


def _participant(root: etree._Element, participant: Participant) -> None:
    made = _element(
        root,
        "ActiveParticipant",
        UserID=participant.user_id,
        AlternativeUserID=participant.alternative_id,
        UserName=participant.name,
        UserIsRequestor="true" if participant.is_requestor else "false",
        NetworkAccessPointID=participant.access_point,
        NetworkAccessPointTypeCode=_access_point_type(participant.access_point),
    )
    made.set("UserID", clean(participant.user_id))
    for role in participant.roles:
        _coded(made, "RoleIDCode", role)


def _access_point_type(access_point: str) -> str:
    if not access_point:
        return ""
    return IP_ADDRESS if _IP.fullmatch(access_point) else MACHINE_NAME


def _object(root: etree._Element, one: ParticipantObject) -> None:
    made = _element(
        root,
        "ParticipantObjectIdentification",
        ParticipantObjectID=one.id,
        ParticipantObjectTypeCode=one.type,
        ParticipantObjectTypeCodeRole=one.role,
        ParticipantObjectDataLifeCycle=one.life_cycle,
    )
    made.set("ParticipantObjectID", clean(one.id))
    _coded(made, "ParticipantObjectIDTypeCode", one.id_type)
    # The schema wants one of the two, though IHE's tables leave the name open.
    if one.query is None:
        _element(made, "ParticipantObjectName").text = clean(one.name)
    else:
        _element(made, "ParticipantObjectQuery").text = _base64(one.query)
    for kind, value in one.details:
        _element(made, "ParticipantObjectDetail", type=kind, value=_base64(value))


def _coded(parent: etree._Element, name: str, code: Code) -> None:
    made = _element(parent, name)
    values = (("csd-code", code.code), ("codeSystemName", code.system), ("originalText", code.text))
    for attribute, value in values:
        made.set(attribute, clean(value))


def _element(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    """Append an element; an attribute without a value is left out."""
    made = etree.SubElement(parent, name)
    for attribute, value in attributes.items():
        if value:
            made.set(attribute, clean(value))
    return made


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")
