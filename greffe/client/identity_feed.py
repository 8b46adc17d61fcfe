"""Patient Identity Feed HL7 V3 [ITI-44], as a Patient Identity Source.

Spec: ITI TF-2 §3.44.4.1.2, §3.44.4.2.2 (messages), Appendix O (wrappers, the acknowledgement). Only
what a message must have is written: identifiers and a name, no other demographics.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from lxml import etree

from greffe.client.exchange import Exchange, Message, expect
from greffe.client.faults import Problem
from xds.ebrim.writer import escape_attribute, escape_text
from xds.metadata.hl7v2 import Cx
from xds.namespaces import HL7V3

INTERACTIONS: Final = {
    "add": "PRPA_IN201301UV02",
    "revise": "PRPA_IN201302UV02",
    "merge": "PRPA_IN201304UV02",
}
INTERACTIONS_OID: Final = "2.16.840.1.113883.1.6"
ACKNOWLEDGEMENT: Final = f"{{{HL7V3}}}MCCI_IN000002UV01"
UNKNOWN: Final = "UNKNOWN"
_NAMES: Final = {"hl7": HL7V3}
_KINDS: Final = {"E": "error", "W": "warning", "I": "warning"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One message of an identity source."""

    verb: str
    """`add`, `revise` or `merge`."""
    patient: Cx
    """Of a merge the one who survives."""
    subsumed: Cx | None = None
    family: str = ""
    given: str = ""
    sender: str
    """OID of the sending device."""
    receiver: str
    message_id: UUID
    instant: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """What became of a message."""

    status: str
    """`CA`, `CE` or `CR`."""
    problems: tuple[Problem, ...] = field(default=())


def send_feed(url: str, security: bytes, feed: Feed) -> Acknowledged:
    """Send a message. Errors: FaultError; UnreachableError."""
    action = f"{HL7V3}:{INTERACTIONS[feed.verb]}"
    message = Message(url=url, action=action, security=security, body=write_feed(feed))
    return read_acknowledgement(expect(Exchange().send(message), ACKNOWLEDGEMENT, url))


def read_acknowledgement(element: etree._Element) -> Acknowledged:
    """Return what an MCCI_IN000002UV01 says. An unknown kind of answer is its own status."""
    codes = [
        one.get("code", "") for one in element.iterfind("hl7:acknowledgement/hl7:typeCode", _NAMES)
    ]
    details = element.iterfind("hl7:acknowledgement/hl7:acknowledgementDetail", _NAMES)
    return Acknowledged(status=codes[0] if codes else "", problems=tuple(map(_problem, details)))


def _problem(detail: etree._Element) -> Problem:
    code = detail.find("hl7:code", _NAMES)
    return Problem(
        kind=_KINDS.get(detail.get("typeCode", "E"), "error"),
        # An error without a code of HL7's is an error all the same.
        code=("" if code is None else code.get("code", "")) or "refused",
        text=_text(detail, "hl7:text"),
        location=_text(detail, "hl7:location"),
    )


def _text(detail: etree._Element, path: str) -> str:
    found = detail.find(path, _NAMES)
    return "" if found is None else "".join(map(str, found.itertext())).strip()


def write_feed(feed: Feed) -> bytes:
    """Return the whole message."""
    name = INTERACTIONS[feed.verb]
    return (
        f'<{name} xmlns="{HL7V3}" ITSVersion="XML_1.0">{_id(str(feed.message_id))}'
        f'<creationTime value="{feed.instant:%Y%m%d%H%M%S%z}"/>'
        f'<interactionId root="{INTERACTIONS_OID}" extension="{name}"/>'
        '<processingCode code="P"/><processingModeCode code="T"/><acceptAckCode code="AL"/>'
        f'<receiver typeCode="RCV">{_device(feed.receiver)}</receiver>'
        f'<sender typeCode="SND">{_device(feed.sender)}</sender>'
        f'<controlActProcess classCode="CACT" moodCode="EVN">'
        f'<code code="{name.replace("_IN", "_TE")}"/>'
        '<subject typeCode="SUBJ" contextConductionInd="false">'
        '<registrationEvent classCode="REG" moodCode="EVN"><statusCode code="active"/>'
        f'<subject1 typeCode="SBJ">{_patient(feed)}</subject1>'
        '<custodian typeCode="CST"><assignedEntity classCode="ASSIGNED">'
        f"{_id(feed.sender)}</assignedEntity></custodian>{_replacement(feed)}"
        f"</registrationEvent></subject></controlActProcess></{name}>"
    ).encode()


def _patient(feed: Feed) -> str:
    return (
        f'<patient classCode="PAT">{_id(feed.patient.authority, feed.patient.id_number)}'
        '<statusCode code="active"/><patientPerson classCode="PSN" determinerCode="INSTANCE">'
        f"{_name(feed)}</patientPerson>"
        '<providerOrganization classCode="ORG" determinerCode="INSTANCE">'
        f"{_id(feed.patient.authority)}"
        '<contactParty classCode="CON"/></providerOrganization></patient>'
    )


def _name(feed: Feed) -> str:
    """Return the person's name; a merge must have one that is not null (§3.44.4.2.2.2)."""
    family = feed.family or (UNKNOWN if feed.verb == "merge" and not feed.given else "")
    parts = (("given", feed.given), ("family", family))
    written = "".join(f"<{tag}>{escape_text(text)}</{tag}>" for tag, text in parts if text)
    return f"<name>{written}</name>" if written else '<name nullFlavor="UNK"/>'


def _replacement(feed: Feed) -> str:
    if feed.subsumed is None:
        return ""
    return (
        '<replacementOf typeCode="RPLC"><priorRegistration classCode="REG" moodCode="EVN">'
        '<statusCode code="obsolete"/><subject1 typeCode="SBJ"><priorRegisteredRole '
        f'classCode="PAT">{_id(feed.subsumed.authority, feed.subsumed.id_number)}'
        "</priorRegisteredRole></subject1></priorRegistration></replacementOf>"
    )


def _device(oid: str) -> str:
    return f'<device classCode="DEV" determinerCode="INSTANCE">{_id(oid)}</device>'


def _id(root: str, extension: str = "") -> str:
    extra = f' extension="{escape_attribute(extension)}"' if extension else ""
    return f'<id root="{escape_attribute(root)}"{extra}/>'
