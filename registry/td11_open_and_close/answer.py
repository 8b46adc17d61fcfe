"""The answer to a request about a record: one message when it was done, another when it was not.

    PRPA_IN201312UV02, PRPA_IN201313UV02    created, not created
    PRPA_IN201315UV02, PRPA_IN201316UV02    opened again or closed, not

Each stands in an element that names the request, as the DMP's public service description has it.

Spec: DMP, TD1.1, TD1.2, TD1.4; HL7 v3 2009. Text to bytes, no rules.
"""

from collections.abc import Iterable
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from registry.hl7v3.identifiers import cx_of
from registry.hl7v3.parts import (
    acknowledgement,
    parties,
    patient_role,
    registration,
    wrapper,
)
from registry.hl7v3.tree import Node
from registry.records.words import UNKNOWN, Word
from registry.td11_open_and_close.message import request_of
from registry.td11_open_and_close.rules import CREATE, PATIENT, REASONS, REVISE, STATUS
from xds.errors import Complaint
from xds.metadata.datatype import DatatypeError
from xds.metadata.hl7v2 import parse_cx
from xds.namespaces import HL7V3, XSI

ANSWERS: Final = "asip:ci-sis:gdp:2010"
DONE: Final = MappingProxyType({CREATE: "PRPA_IN201312UV02", REVISE: "PRPA_IN201315UV02"})
NOT_DONE: Final = MappingProxyType({CREATE: "PRPA_IN201313UV02", REVISE: "PRPA_IN201316UV02"})
NO_ORGANIZATION: Final = (
    '<providerOrganization classCode="ORG" determinerCode="INSTANCE" xsi:nil="true"/>'
)
"""HL7 wants one in the one message and not in the other."""
OWN_CODES: Final = frozenset({*Word, UNKNOWN})


def answer(  # noqa: PLR0913 - what an answer is made of
    interaction: str,
    message: Node,
    patient_id: str,
    complaints: Iterable[Complaint],
    *,
    new_id: UUID,
    instant: datetime,
) -> bytes:
    """Return the answer to a message; `patient_id` is '' when nothing was done."""
    said = tuple(complaints)
    name = (DONE if patient_id else NOT_DONE)[interaction]
    request = request_of(message)
    reason = f'<reasonCode code="{request}" codeSystem="{REASONS}"/>' if request else ""
    subject = (
        registration(message, patient_role(patient_id, status=STATUS[request]))
        if patient_id and request
        else _returned(interaction, message)
    )
    return (
        f'<g:{interaction}_Response xmlns:g="{ANSWERS}" xmlns:xsi="{XSI}"><{name} xmlns="{HL7V3}" '
        f'ITSVersion="XML_1.0">{wrapper(name, message, new_id=new_id, instant=instant)}'
        f"{parties(message)}{acknowledgement(message, said, OWN_CODES)}"
        f'<controlActProcess classCode="CACT" moodCode="EVN">{reason}{subject}'
        f"</controlActProcess></{name}></g:{interaction}_Response>"
    ).encode()


def _returned(interaction: str, message: Node) -> str:
    """Return the request as it is given back: whose record was meant, if that could be read."""
    status = next((n.get("code") for n in message.at(f"{PATIENT}/statusCode")), "")
    role = patient_role(
        next((cx_of(n) for n in message.at(f"{PATIENT}/id") if _is_cx(cx_of(n))), ""),
        status=status if status in STATUS.values() else "active",
        more=NO_ORGANIZATION if interaction == CREATE else "",
    )
    return (
        '<subject typeCode="SUBJ" contextConductionInd="false">'
        '<registrationRequest classCode="REG" moodCode="RQO"><statusCode code="aborted"/>'
        f'<subject1 typeCode="SBJ">{role}</subject1><author typeCode="AUT" xsi:nil="true"/>'
        "</registrationRequest></subject>"
    )


def _is_cx(text: str) -> bool:
    try:
        parse_cx(text)
    except DatatypeError:
        return False
    return True
