"""What a patient identity feed message must say, as rows of a table; all complaints at once.

Spec: ITI TF-2 Tables 3.44.4.1.2.3-1 and 3.44.4.2.2.2-1 (wrappers), Tables 3.44.4.1.2.2-1 and
3.44.4.2.2.2-1 (payload), Appendix O Tables O.1.1-1 and O.2.1-1, Appendix E.2. What the Registry
does not depend on may be odd: that is a warning. Whether a patient is known is not decided here.
Pure.
"""

from typing import Final

from registry.hl7v3.codes import DetailCode
from registry.hl7v3.rules import (
    WRAPPER,
    Row,
    attribute_is,
    check_rows,
    code_is,
    no_extension,
    not_null,
    oid,
    optional_attribute_is,
    wrapper_rows,
)
from registry.hl7v3.tree import Node
from registry.iti44_patient_feed.interactions import MERGES, RECORDS, TRIGGERS, Interaction
from xds.errors import Complaint, Severity


def own_trigger(node: Node, interaction: str) -> str:
    """Judge the trigger event's code."""
    return code_is(TRIGGERS[Interaction(interaction)])(node, interaction)


CONTROL: Final = "ITI TF-2 Table O.2.1-1"
TABLE: Final = "ITI TF-2 Tables 3.44.4.1.2.3-1 and 3.44.4.2.2.2-1"
PAYLOAD: Final = "ITI TF-2 Tables 3.44.4.1.2.2-1 and 3.44.4.2.2.2-1"
ACT: Final = "controlActProcess"
EVENT: Final = f"{ACT}/subject/registrationEvent"
PATIENT: Final = f"{EVENT}/subject1/patient"
PRIOR: Final = f"{EVENT}/replacementOf/priorRegistration"
ROLE: Final = f"{PRIOR}/subject1/priorRegisteredRole"
MOODS: Final = ("EVN", "INT", "RQO", "PRP", "RMD", "APT", "ARQ", "PRMS")
"""Those that the Framework lists; HL7's own schema knows the first one only."""
C = DetailCode

# fmt: off
ROWS: Final[tuple[Row, ...]] = (
    *wrapper_rows(TABLE),

    Row(path=ACT, rule="a message has one control act", spec=WRAPPER, least=1, most=1,
        judge=attribute_is("classCode", "CACT"), counts_as="association"),
    Row(path=ACT, rule="the control act has a mood", spec=CONTROL,
        judge=attribute_is("moodCode", *MOODS)),
    Row(path=f"{ACT}/code", rule="the control act's code is the trigger event of the message",
        spec=TABLE, least=1, most=1, judge=own_trigger),
    Row(path=f"{ACT}/subject", rule="a message is about one registration", spec=CONTROL,
        least=1, most=1, judge=attribute_is("typeCode", "SUBJ"), counts_as="association"),
    Row(path=f"{ACT}/subject", rule="contextConductionInd is false", spec=CONTROL,
        judge=optional_attribute_is("contextConductionInd", "false"), code=C.WRONG_VALUE),
    Row(path=EVENT, rule="the subject is one registration event", spec=CONTROL, least=1, most=1,
        judge=attribute_is("classCode", "REG"), counts_as="association"),
    Row(path=EVENT, rule="the registration is an event", spec=CONTROL,
        judge=attribute_is("moodCode", "EVN")),
    Row(path=f"{EVENT}/statusCode", rule="a registration event is active", spec=TABLE,
        least=1, most=1, judge=code_is("active")),
    Row(path=f"{EVENT}/custodian", rule="a registration has a custodian", spec=CONTROL,
        least=1, most=1, counts_as="association"),
    Row(path=f"{EVENT}/subject1", rule="a registration is about one role", spec=CONTROL,
        least=1, most=1, counts_as="association"),
    Row(path=f"{EVENT}/replacementOf", rule="what is added or revised replaces nothing",
        spec="ITI TF-2 Table 3.44.4.1.2.3-1", most=0, counts_as="association", of=RECORDS),

    Row(path=PATIENT, rule="the registered role is one patient", spec=PAYLOAD, least=1, most=1,
        judge=attribute_is("classCode", "PAT"), counts_as="association"),
    Row(path=f"{PATIENT}/id", rule="a patient has an id", spec=PAYLOAD, least=1),
    Row(path=f"{PATIENT}/statusCode", rule="a patient's record is active", spec=PAYLOAD,
        least=1, most=1, judge=code_is("active")),
    Row(path=f"{PATIENT}/patientPerson", rule="a patient is a person", spec=PAYLOAD,
        least=1, most=1, counts_as="association"),
    Row(path=f"{PATIENT}/patientPerson/name", rule="a person has a name", spec=PAYLOAD, least=1),
    # In add and revise either the name or the id is not null, and an id is required anyway.
    Row(path=f"{PATIENT}/patientPerson/name", rule="the name in a merge is not null",
        spec="ITI TF-2 Table 3.44.4.2.2.2-1", judge=not_null, code=C.MISSING_ATTRIBUTE,
        of=MERGES, severity=Severity.WARNING),
    Row(path=f"{PATIENT}/providerOrganization", rule="a patient has a provider organization",
        spec="ITI TF-2 §3.44.4.1.2.2", least=1, most=1, counts_as="association", of=RECORDS),
    Row(path=f"{PATIENT}/providerOrganization/id",
        rule="a provider organization is identified by an OID", spec="ITI TF-2 §3.44.4.1.2.1",
        judge=oid, code=C.WRONG_VALUE, severity=Severity.WARNING),
    Row(path=f"{PATIENT}/providerOrganization/id",
        rule="a provider organization's id has no extension", spec="ITI TF-2 §3.44.4.1.2.1",
        judge=no_extension, code=C.WRONG_VALUE, severity=Severity.WARNING),

    Row(path=f"{EVENT}/replacementOf", rule="duplicates are resolved one at a time",
        spec="ITI TF-2 §3.44.4.2.2", least=1, most=1, counts_as="association", of=MERGES),
    Row(path=PRIOR, rule="the registration replaces one prior registration",
        spec="ITI TF-2 Table 3.44.4.2.2.2-1", least=1, most=1, counts_as="association", of=MERGES),
    Row(path=f"{PRIOR}/statusCode", rule="the prior registration is obsolete",
        spec="ITI TF-2 Table 3.44.4.2.2.2-1", least=1, most=1, judge=code_is("obsolete"),
        of=MERGES),
    Row(path=f"{PRIOR}/subject1", rule="a prior registration is about one role",
        spec="ITI TF-2 Table 3.44.4.2.2.2-1", least=1, most=1, counts_as="association", of=MERGES),
    Row(path=ROLE, rule="the prior role is one", spec="ITI TF-2 Table 3.44.4.2.2.2-1",
        least=1, most=1, counts_as="association", of=MERGES),
    Row(path=f"{ROLE}/id", rule="one id is the subsumed patient's",
        spec="ITI TF-2 Table 3.44.4.2.2.2-1", least=1, most=1, of=MERGES),
)
# fmt: on


def check(message: Node, interaction: Interaction) -> list[Complaint]:
    """Return every complaint of every row."""
    return check_rows(ROWS, message, interaction)
