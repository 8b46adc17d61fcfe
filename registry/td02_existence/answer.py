"""What a record is to its visitor, and the answer of TD0.2 as text. Pure.

    queryResponseCode    OK a record exists; NF none does; AE refused
    statusCode           active or terminated (closed)
    AUTORISATION         INTERDIT, VALIDE, EXPIRE or NON_EXISTE, the first that holds
    STATUT_MT            whether the caller is the patient's médecin traitant

Of a closed record no more is told than that it is closed (our reading: the stricter one).

Spec: DMP, TD0.2; HL7 v3 2009, PRPA_IN201308UV02, MCCI_MT000300UV01, MFMI_MT700711UV01.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from registry.hl7v3.parts import (
    acknowledgement,
    observation,
    parties,
    patient_role,
    registration,
    wrapper,
    write_named_id,
)
from registry.hl7v3.tree import Node
from registry.records.visitor import Visitor
from registry.records.words import UNKNOWN, Word
from registry.td02_existence.message import query_id
from registry.td02_existence.rules import REASONS, TEST
from xds.access.model import Action, RecordState
from xds.errors import Complaint
from xds.namespaces import HL7V3, XSI

ANSWER: Final = "PRPA_IN201308UV02"
AUTHORISATION_KEYS: Final = "1.2.250.1.213.4.1.2.6.1"
AUTHORISATION_VALUES: Final = "1.2.250.1.213.4.1.2.6.2"
ATTENDING_KEYS: Final = "1.2.250.1.213.4.1.2.6.3"
OBSERVATIONS: Final = (
    # There are no internet accounts of patients here, and nothing that a record is attached to.
    ("COMPTE_INTERNET_OUVERT", "1.2.250.1.213.4.1.2.9", False),
    ("RATTACHEMENT_ENS", "1.2.250.1.213.4.1.2.3", False),
)


OWN_CODES: Final = frozenset({*Word, UNKNOWN})


class Authorisation(StrEnum):
    """Whether the caller may open the record."""

    VALID = "VALIDE"
    NONE = "NON_EXISTE"
    FORBIDDEN = "INTERDIT"
    EXPIRED = "EXPIRE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Existence:
    """A record as TD0.2 tells of it."""

    patient_id: str
    is_open: bool
    authorisation: Authorisation
    is_attending: bool


def existence(visitor: Visitor) -> Existence | None:
    """Return what the caller is told of the record; None for no record, or none of its business."""
    if visitor.record is None or not visitor.may_know:
        return None
    is_open = visitor.record.state is RecordState.OPEN
    case = visitor.case(Action.TEST_EXISTENCE)
    return Existence(
        patient_id=visitor.patient_id,
        is_open=is_open,
        authorisation=_authorisation(visitor) if is_open else Authorisation.NONE,
        is_attending=is_open and case.kind in visitor.policy.attending_of.values(),
    )


def _authorisation(visitor: Visitor) -> Authorisation:
    case = visitor.case(Action.TEST_EXISTENCE)
    if case.is_blocked:
        return Authorisation.FORBIDDEN
    if case.is_authorised or case.is_attending or case.is_of_the_patients_side:
        return Authorisation.VALID
    if case.ids & visitor.choices.authorised.keys():
        return Authorisation.EXPIRED
    return Authorisation.NONE


def answer(
    message: Node,
    found: Existence | None,
    complaints: Iterable[Complaint],
    *,
    new_id: UUID,
    instant: datetime,
) -> bytes:
    """Return the answer to a message, whatever of it could be read."""
    said = tuple(complaints)
    is_refused = any(c.is_error for c in said)
    code = "AE" if is_refused else "NF" if found is None else "OK"
    return (
        f'<{ANSWER} xmlns="{HL7V3}" xmlns:xsi="{XSI}" ITSVersion="XML_1.0">'
        f"{wrapper(ANSWER, message, new_id=new_id, instant=instant)}{parties(message)}"
        f"{_attention(found) if found else ''}{acknowledgement(message, said, OWN_CODES)}"
        '<controlActProcess classCode="CACT" moodCode="EVN">'
        f'<reasonCode code="{TEST}" codeSystem="{REASONS}"/>'
        f"{_subject(message, found) if found else ''}"
        f"<queryAck>{_query_id(message)}"
        f'<queryResponseCode code="{code}"/></queryAck></controlActProcess></{ANSWER}>'
    ).encode()


def _attention(found: Existence) -> str:
    return (
        f'<attentionLine><keyWordText code="AUTORISATION" codeSystem="{AUTHORISATION_KEYS}"/>'
        f'<value xsi:type="CV" code="{found.authorisation}" codeSystem="{AUTHORISATION_VALUES}"/>'
        f'</attentionLine><attentionLine><keyWordText code="STATUT_MT" '
        f'codeSystem="{ATTENDING_KEYS}"/><value xsi:type="BL" '
        f'value="{"true" if found.is_attending else "false"}"/></attentionLine>'
    )


def _subject(message: Node, found: Existence) -> str:
    patient = patient_role(
        found.patient_id,
        status="active" if found.is_open else "terminated",
        more="".join(observation(*one) for one in OBSERVATIONS),
    )
    return registration(message, patient)


def _query_id(message: Node) -> str:
    own = query_id(message)
    return write_named_id("queryId", own) if own else ""
