"""What a test of existence must say, as rows of a table. Pure.

Spec: HL7 v3 2009, PRPA_IN201307UV02, QUQI_MT021001UV01, PRPA_MT201307UV02; DMP, TD0.2. Whether the
patient is known is not decided here.
"""

from typing import Final

from registry.hl7v3.codes import DetailCode
from registry.hl7v3.rules import Row, any_root, attribute_is, check_rows, code_is, wrapper_rows
from registry.hl7v3.tree import Node
from xds.errors import Complaint, Severity

INTERACTION: Final = "PRPA_IN201307UV02"
REASONS: Final = "1.2.250.1.213.1.1.4.11"
"""TRE_R271: what a message about a record is for."""
TEST: Final = "TEST_EXST"
ACT: Final = "controlActProcess"
QUERY: Final = f"{ACT}/queryByParameter"
PATIENT: Final = f"{QUERY}/parameterList/patientIdentifier"
SPEC: Final = "HL7 v3, PRPA_IN201307UV02"
DMP: Final = "DMP, TD0.2"
C = DetailCode

# fmt: off
ROWS: Final[tuple[Row, ...]] = (
    *wrapper_rows(SPEC),

    Row(path=ACT, rule="a message has one control act", spec=SPEC, least=1, most=1,
        judge=attribute_is("classCode", "CACT"), counts_as="association"),
    Row(path=f"{ACT}/reasonCode", rule=f"the reason is {TEST}: administrative data (CNSLT_DATA) "
        "are not kept here", spec=DMP, least=1, most=1, judge=code_is(TEST)),
    Row(path=f"{ACT}/reasonCode", rule="a reason is of the DMP's own system", spec=DMP,
        judge=attribute_is("codeSystem", REASONS), severity=Severity.WARNING),
    Row(path=QUERY, rule="a test of existence is a query", spec=SPEC, least=1, most=1,
        counts_as="association"),
    Row(path=f"{QUERY}/queryId", rule="a query has an id", spec=SPEC, least=1, most=1,
        judge=any_root, code=C.MISSING_ATTRIBUTE),
    Row(path=f"{QUERY}/statusCode", rule="a query is new", spec=SPEC, least=1, most=1,
        judge=code_is("new")),
    Row(path=f"{QUERY}/parameterList", rule="a query has its parameters", spec=SPEC,
        least=1, most=1, counts_as="association"),
    Row(path=PATIENT, rule="a test of existence is about one patient", spec=DMP,
        least=1, most=1, counts_as="association"),
    Row(path=f"{PATIENT}/value", rule="a patient has one identifier in a question", spec=DMP,
        least=1, most=1, judge=any_root, code=C.MISSING_ATTRIBUTE),
)
# fmt: on


def check(message: Node) -> list[Complaint]:
    """Return every complaint of every row."""
    return check_rows(ROWS, message, INTERACTION)
