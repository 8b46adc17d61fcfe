"""Pieces of an answer in HL7 v3: what its wrapper says, devices, identifiers, details. Texts.

Spec: ITI TF-2 Appendix O.1 (Tables O.1.1-1, O.1.2-1); HL7 v3 2008, MCCI_MT000200UV01 and
MCCI_MT000300UV01. The sender of an answer is the device that the message named as its receiver, and
the other way round.
"""

import re
from datetime import datetime
from typing import Final
from uuid import UUID

from registry.hl7v3.codes import INTERACTIONS_OID, DetailCode
from registry.hl7v3.tree import InstanceId, Node, instance_id
from xds.ebrim.writer import escape_attribute, escape_text
from xds.errors import Complaint, ErrorCode
from xds.metadata.hl7v2 import parse_cx

DETAIL_CODES_OID: Final = "2.16.840.1.113883.5.1100"
NO_INFORMATION: Final = '<id nullFlavor="NI"/>'
DETAIL_CODES: Final = {
    ErrorCode.XDS_REGISTRY_OUT_OF_RESOURCES: DetailCode.NO_STORAGE,
    ErrorCode.XDS_REGISTRY_BUSY: DetailCode.INTERNAL,
    ErrorCode.XDS_REGISTRY_ERROR: DetailCode.INTERNAL,
}
"""HL7's code for what the Registry calls by XDS's."""
REJECTING: Final = frozenset(
    {
        DetailCode.UNSUPPORTED_INTERACTION,
        DetailCode.UNSUPPORTED_PROCESSING_ID,
        DetailCode.UNSUPPORTED_PROCESSING_MODE,
    }
)
"""A message that is refused for what it is, whatever it says."""
ROOT: Final = re.compile(
    r"[0-2](?:\.(?:0|[1-9][0-9]*))*|[A-Za-z][A-Za-z0-9-]*"
    r"|[0-9a-zA-Z]{8}-(?:[0-9a-zA-Z]{4}-){3}[0-9a-zA-Z]{12}"
)


def wrapper(interaction: str, message: Node, *, new_id: UUID, instant: datetime) -> str:
    """Return the elements before receiver and sender, of an answer that wants no answer."""
    return (
        # ITU-T X.667: an OID that needs no registration.
        f'<id root="2.25.{new_id.int}"/>'
        f'<creationTime value="{instant:%Y%m%d%H%M%S%z}"/>'
        f'<interactionId root="{INTERACTIONS_OID}" extension="{interaction}"/>'
        f'<processingCode code="{_processing_code(message)}"/>'
        '<processingModeCode code="T"/><acceptAckCode code="NE"/>'
    )


def parties(message: Node) -> str:
    """Return receiver and sender of the answer to a message."""
    return (
        f'<receiver typeCode="RCV">{_device(message, "sender")}</receiver>'
        f'<sender typeCode="SND">{_device(message, "receiver")}</sender>'
    )


def detail(complaint: Complaint, own_codes: frozenset[str] = frozenset()) -> str:
    """Return a complaint as an acknowledgementDetail; `own_codes` are told as they are."""
    code = _detail_code(complaint.code)
    coded = f'<code code="{code}" codeSystem="{DETAIL_CODES_OID}"/>' if code else ""
    if complaint.code in own_codes:
        coded = f'<code code="{complaint.code}"/>'
    location = f"<location>{escape_text(complaint.location)}</location>"
    return (
        f'<acknowledgementDetail typeCode="{"E" if complaint.is_error else "W"}">{coded}'
        f"<text>{escape_text(complaint.code_context)}</text>"
        f"{location if complaint.location else ''}</acknowledgementDetail>"
    )


def _detail_code(code: str) -> str:
    if code in frozenset(DetailCode):
        return code
    return DETAIL_CODES.get(ErrorCode(code), "") if code in frozenset(ErrorCode) else ""


def _processing_code(message: Node) -> str:
    came = next((node.get("code") for node in message.at("processingCode")), "")
    return came if came in {"D", "T", "P"} else "P"


def _device(message: Node, party: str) -> str:
    return (
        f'<device classCode="DEV" determinerCode="INSTANCE">{_device_id(message, party)}</device>'
    )


def _device_id(message: Node, party: str) -> str:
    ids = [write_id(one) for one in map(instance_id, message.at(f"{party}/device/id")) if one]
    return "".join(ids[:1]) or NO_INFORMATION


def target(message: Node) -> str:
    """Return the id of the message that is answered."""
    own = instance_id(next(message.at("id"), None))
    return write_id(own) if own else NO_INFORMATION


def write_id(came: InstanceId) -> str:
    """Return an II as it came, if HL7's schema lets its root be one."""
    return write_named_id("id", came)


def write_named_id(name: str, came: InstanceId) -> str:
    """Return an II under a name of its own."""
    if not is_root(came.root):
        return f'<{name} nullFlavor="NI"/>'
    extension = f' extension="{escape_attribute(came.extension)}"' if came.extension else ""
    return f'<{name} root="{escape_attribute(came.root)}"{extension}/>'


def is_root(text: str) -> bool:
    """Return whether a text may be an II's root: an OID, a UUID, or a name that HL7 gave."""
    return ROOT.fullmatch(text) is not None


def acknowledgement(
    message: Node, complaints: tuple[Complaint, ...], own_codes: frozenset[str] = frozenset()
) -> str:
    """Return an application acknowledgement: AA accepted, AE in error, AR rejected.

    Spec: MCCI_MT000300UV01, where the kind is an attribute.
    """
    errors = {str(c.code) for c in complaints if c.is_error}
    details = "".join(detail(c, own_codes) for c in complaints)
    kind = "AA" if not errors else "AR" if errors & REJECTING else "AE"
    return (
        f'<acknowledgement typeCode="{kind}"><targetMessage>{target(message)}</targetMessage>'
        f"{details}</acknowledgement>"
    )


def registration(message: Node, patient: str) -> str:
    """Return the registration of a patient, whose custodian is the device that was asked."""
    return (
        '<subject typeCode="SUBJ" contextConductionInd="false">'
        '<registrationEvent classCode="REG" moodCode="EVN"><statusCode code="completed"/>'
        f'<subject1 typeCode="SBJ">{patient}</subject1><custodian typeCode="CST">'
        f'<assignedEntity classCode="ASSIGNED">{_device_id(message, "receiver")}</assignedEntity>'
        "</custodian></registrationEvent></subject>"
    )


def patient_role(patient_id: str, *, status: str, more: str = "") -> str:
    """Return a patient by identifier alone, '' for none: a Registry keeps no demographics."""
    own = NO_INFORMATION
    if patient_id:
        cx = parse_cx(patient_id)
        own = write_id(InstanceId(root=cx.authority, extension=cx.id_number))
    return (
        f'<patient classCode="PAT">{own}<statusCode code="{status}"/>'
        '<patientPerson classCode="PSN" determinerCode="INSTANCE"><name nullFlavor="NI"/>'
        f"</patientPerson>{more}</patient>"
    )


def observation(code: str, system: str, value: bool) -> str:  # noqa: FBT001
    """Return something observed about a patient's record; needs the prefix xsi."""
    return (
        '<subjectOf typeCode="SBJ"><administrativeObservation classCode="OBS" moodCode="EVN">'
        f'<code code="{code}" codeSystem="{system}"/>'
        f'<value xsi:type="BL" value="{"true" if value else "false"}"/>'
        "</administrativeObservation></subjectOf>"
    )
