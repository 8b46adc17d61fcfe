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

DETAIL_CODES_OID: Final = "2.16.840.1.113883.5.1100"
NO_INFORMATION: Final = '<id nullFlavor="NI"/>'
DETAIL_CODES: Final = {
    ErrorCode.XDS_REGISTRY_OUT_OF_RESOURCES: DetailCode.NO_STORAGE,
    ErrorCode.XDS_REGISTRY_BUSY: DetailCode.INTERNAL,
    ErrorCode.XDS_REGISTRY_ERROR: DetailCode.INTERNAL,
}
"""HL7's code for what the Registry calls by XDS's."""
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


def detail(complaint: Complaint) -> str:
    """Return a complaint as an acknowledgementDetail."""
    code = _detail_code(complaint.code)
    coded = f'<code code="{code}" codeSystem="{DETAIL_CODES_OID}"/>' if code else ""
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
    ids = [write_id(one) for one in map(instance_id, message.at(f"{party}/device/id")) if one]
    return (
        '<device classCode="DEV" determinerCode="INSTANCE">'
        f"{''.join(ids[:1]) or NO_INFORMATION}</device>"
    )


def target(message: Node) -> str:
    """Return the id of the message that is answered."""
    own = instance_id(next(message.at("id"), None))
    return write_id(own) if own else NO_INFORMATION


def write_id(came: InstanceId) -> str:
    """Return an II as it came, if HL7's schema lets its root be one."""
    if not is_root(came.root):
        return NO_INFORMATION
    extension = f' extension="{escape_attribute(came.extension)}"' if came.extension else ""
    return f'<id root="{escape_attribute(came.root)}"{extension}/>'


def is_root(text: str) -> bool:
    """Return whether a text may be an II's root: an OID, a UUID, or a name that HL7 gave."""
    return ROOT.fullmatch(text) is not None
