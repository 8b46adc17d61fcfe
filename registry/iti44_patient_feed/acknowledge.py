"""What became of a message, as MCCI_IN000002UV01: the accept acknowledgement.

    CA   accepted: the Registry has done what the message says
    CE   refused for what it says
    CR   refused for what it is: an interaction or a mode of processing that is not served

Spec: ITI TF-2 Appendix O.1.2 (Table O.1.2-1), §3.44.4.1.2; HL7 v3 2008, MCCI_MT000200UV01. The
sender of the acknowledgement is the device that the message named as its receiver, and the
other way round. Text to bytes, no rules.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from registry.iti44_patient_feed.interactions import INTERACTIONS_OID, DetailCode
from registry.iti44_patient_feed.tree import InstanceId, Node, instance_id
from xds.ebrim.writer import escape_attribute, escape_text
from xds.errors import Complaint, ErrorCode
from xds.namespaces import HL7V3

ACKNOWLEDGEMENT: Final = "MCCI_IN000002UV01"
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
REJECTING: Final = frozenset(
    {
        DetailCode.UNSUPPORTED_INTERACTION,
        DetailCode.UNSUPPORTED_PROCESSING_ID,
        DetailCode.UNSUPPORTED_PROCESSING_MODE,
    }
)


def acknowledge(
    message: Node, complaints: Iterable[Complaint], *, new_id: UUID, instant: datetime
) -> bytes:
    """Return the acknowledgement of a message, whatever of it could be read."""
    said = tuple(complaints)
    details = "".join(map(_detail, said))
    return (
        f'<{ACKNOWLEDGEMENT} xmlns="{HL7V3}" ITSVersion="XML_1.0">'
        # ITU-T X.667: an OID that needs no registration.
        f'<id root="2.25.{new_id.int}"/>'
        f'<creationTime value="{instant:%Y%m%d%H%M%S%z}"/>'
        f'<interactionId root="{INTERACTIONS_OID}" extension="{ACKNOWLEDGEMENT}"/>'
        f'<processingCode code="{_processing_code(message)}"/>'
        '<processingModeCode code="T"/><acceptAckCode code="NE"/>'
        f'<receiver typeCode="RCV">{_device(message, "sender")}</receiver>'
        f'<sender typeCode="SND">{_device(message, "receiver")}</sender>'
        f'<acknowledgement><typeCode code="{_type(said)}"/>'
        f"<targetMessage>{_target(message)}</targetMessage>{details}</acknowledgement>"
        f"</{ACKNOWLEDGEMENT}>"
    ).encode()


def _type(complaints: tuple[Complaint, ...]) -> str:
    errors = {c.code for c in complaints if c.is_error}
    if not errors:
        return "CA"
    return "CR" if errors & REJECTING else "CE"


def _detail(complaint: Complaint) -> str:
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
    ids = [_id(one) for one in map(instance_id, message.at(f"{party}/device/id")) if one]
    return (
        '<device classCode="DEV" determinerCode="INSTANCE">'
        f"{''.join(ids[:1]) or NO_INFORMATION}</device>"
    )


def _target(message: Node) -> str:
    own = instance_id(next(message.at("id"), None))
    return _id(own) if own else NO_INFORMATION


def _id(came: InstanceId) -> str:
    """Return an II as it came, if HL7's schema lets its root be one."""
    if not is_root(came.root):
        return NO_INFORMATION
    extension = f' extension="{escape_attribute(came.extension)}"' if came.extension else ""
    return f'<id root="{escape_attribute(came.root)}"{extension}/>'


def is_root(text: str) -> bool:
    """Return whether a text may be an II's root: an OID, a UUID, or a name that HL7 gave."""
    return ROOT.fullmatch(text) is not None
