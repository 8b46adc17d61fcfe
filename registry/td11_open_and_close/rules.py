"""What a request about a record must say, as rows of a table. Pure.

Spec: HL7 v3 2009, PRPA_IN201311UV02, PRPA_IN201314UV02, MFMI_MT700721UV01; DMP, TD1.1, TD1.2,
TD1.4. Demographics and the author's name are read over: who asks is who the assertion says.
"""

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from registry.hl7v3.codes import DetailCode
from registry.hl7v3.rules import Row, attribute_is, check_rows, code_is, wrapper_rows
from registry.hl7v3.tree import Node
from registry.records.words import invalid
from xds.access.model import Action
from xds.errors import Complaint, Severity, quote

CREATE: Final = "PRPA_IN201311UV02"
REVISE: Final = "PRPA_IN201314UV02"
REASONS: Final = "1.2.250.1.213.1.1.4.11"
"""TRE_R271: what a message about a record is for."""
OBSERVATIONS: Final = "1.2.250.1.213.4.1.2.3"


class Request(StrEnum):
    """What is asked for, by its reason code."""

    CREATE = "CREA_RD"
    REOPEN = "REAC"
    CLOSE = "FERM"


ACTIONS: Final = MappingProxyType(
    {
        Request.CREATE: Action.OPEN_RECORD,
        Request.REOPEN: Action.REACTIVATE_RECORD,
        Request.CLOSE: Action.CLOSE_RECORD,
    }
)
"""The function that a caller must have."""
STATUS: Final = MappingProxyType(
    {Request.CREATE: "active", Request.REOPEN: "active", Request.CLOSE: "terminated"}
)
"""What the record is to be."""

ACT: Final = "controlActProcess"
REGISTRATION: Final = f"{ACT}/subject/registrationRequest"
PATIENT: Final = f"{REGISTRATION}/subject1/patient"
OBSERVED: Final = f"{PATIENT}/subjectOf/administrativeObservation"
BECAUSE: Final = f"{ACT}/reasonOf/detectedIssueEvent/code"
CLOSING: Final = "FERMETURE_DEMANDE_PATIENT"
CONSENT: Final = "CONSENTEMENT_OUVERTURE_DMP"
NO_BREAK_GLASS: Final = "OPPOSITION_BRIS_DE_GLACE"
NO_REGULATION: Final = "OPPOSITION_ACCES_URGENCE"
SPEC: Final = "HL7 v3, MFMI_MT700721UV01"
DMP: Final = "DMP, TD1.1, TD1.2, TD1.4"
C = DetailCode
CREATING, REVISING = frozenset({CREATE}), frozenset({REVISE})

# fmt: off
ROWS: Final[tuple[Row, ...]] = (
    *wrapper_rows(SPEC),

    Row(path=ACT, rule="a message has one control act", spec=SPEC, least=1, most=1,
        judge=attribute_is("classCode", "CACT"), counts_as="association"),
    Row(path=f"{ACT}/reasonCode", rule="a record is created for the reason CREA_RD", spec=DMP,
        least=1, most=1, judge=code_is(Request.CREATE), of=CREATING),
    Row(path=f"{ACT}/reasonCode", rule="a record is opened again (REAC) or closed (FERM); "
        "administrative data (MODIF_DATA) are not kept here", spec=DMP, least=1, most=1,
        judge=code_is(Request.REOPEN, Request.CLOSE), of=REVISING),
    Row(path=f"{ACT}/reasonCode", rule="a reason is of the DMP's own system", spec=DMP,
        judge=attribute_is("codeSystem", REASONS), severity=Severity.WARNING),
    Row(path=f"{ACT}/subject", rule="a message is about one record", spec=SPEC,
        least=1, most=1, counts_as="association"),
    Row(path=REGISTRATION, rule="the subject is one request", spec=SPEC, least=1, most=1,
        counts_as="association"),
    Row(path=f"{REGISTRATION}/subject1", rule="a request is about one role", spec=SPEC,
        least=1, most=1, counts_as="association"),
    Row(path=PATIENT, rule="the role is one patient", spec=SPEC, least=1, most=1,
        counts_as="association"),
    Row(path=f"{PATIENT}/id", rule="a patient is named by one identifier of this domain", spec=DMP,
        least=1, code=C.MISSING_ATTRIBUTE),
    Row(path=f"{PATIENT}/statusCode", rule="a record has a status", spec=SPEC, least=1, most=1),
    Row(path=f"{OBSERVED}/code", rule="an observation has a code", spec=SPEC, least=1, most=1),
    Row(path=f"{OBSERVED}/value", rule="an observation is true or false", spec=DMP,
        least=1, most=1, judge=attribute_is("value", "true", "false"), code=C.WRONG_VALUE),
)
# fmt: on


def check(message: Node, interaction: str) -> list[Complaint]:
    """Return every complaint of every row."""
    return check_rows(ROWS, message, interaction)


def check_request(message: Node, request: Request) -> list[Complaint]:
    """Return what is wrong with a request that has a shape."""
    found = [
        invalid(
            subject="statusCode",
            rule=f"the status is what the record is to be ({DMP})",
            came=quote(node.get("code")),
            expected=f"{STATUS[request]} with reason {request}",
            fix="correct one of the two",
            where=node.where,
        )
        for node in message.at(f"{PATIENT}/statusCode")
        if node.get("code") != STATUS[request]
    ]
    codes = [node.get("code") for node in message.at(BECAUSE)]
    if request is Request.CLOSE and codes != [CLOSING]:
        found.append(
            invalid(
                subject="reasonOf",
                rule=f"a record is closed because its patient asks for it ({DMP})",
                came=", ".join(map(quote, codes)) or "no reason",
                expected=f"detectedIssueEvent/code {CLOSING}",
                fix="say so, if it is so",
                where=message.where,
            )
        )
    if request is Request.CREATE and observations(message).get(CONSENT) is not True:
        found.append(
            invalid(
                subject=CONSENT,
                rule=f"a record is created with its patient's consent ({DMP})",
                came="no consent",
                expected=f"administrativeObservation {CONSENT}, true",
                fix="say so, if it is so",
                where=message.where,
            )
        )
    return found


def observations(message: Node) -> dict[str, bool]:
    """Return what was observed, by code; of two that differ the one that denies."""
    found: dict[str, list[bool]] = {}
    for node in message.at(OBSERVED):
        for code in node.named("code"):
            values = [value.get("value") == "true" for value in node.named("value")]
            found.setdefault(code.get("code"), []).extend(values)
    return {code: all(values) if code == CONSENT else any(values) for code, values in found.items()}
