"""What each transaction's audit message must say, as a table: one row for each transaction.

`ROWS` is what this node's two actors record of what they are asked, `ONWARD` what the Repository
records of what it asks itself. A transaction without a row is recorded as an event on a patient's
record, under its own name.

Spec: ITI TF-2 §3.8.5, §3.18.5.1.2, §3.41.5.1.2, §3.42.5.1.2, §3.43.6.1.2, §3.44.5, §3.51.5,
§3.61.5, §3.64.5.1.2; XDS Metadata Update and RMU supplements (ITI-57, ITI-92); RMD supplement
(ITI-62, ITI-86); SeR (ITI-79). Document objects of a submission are this project's addition.
"""

from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

from xds.audit.message import DCM, IHE_TRANSACTIONS, Code

EXPORT: Final = Code("110106", DCM, "Export")
IMPORT: Final = Code("110107", DCM, "Import")
PATIENT_RECORD: Final = Code("110110", DCM, "Patient Record")
QUERY: Final = Code("110112", DCM, "Query")

OTHER: Final = "Greffe"
"""Code system of what is no transaction of IHE."""


class Way(Enum):
    """Who is Source and who is Destination."""

    RECEIVED = auto()
    """The caller's system asks this service."""
    GIVEN = auto()
    """This service gives documents to the caller's system (§3.43.6.1.2)."""
    SENT = auto()
    """This service asks another one."""
    FED = auto()
    """A feed of HL7 v2: facility and application of the message's header (§3.8.5.1.2)."""


class Part(Enum):
    """What a message may have as participant objects."""

    PATIENT = auto()
    MESSAGE_PATIENT = auto()
    """A patient, with the id of the feed's message as its detail (§3.8.5, §3.44.5)."""
    LINKED_PATIENTS = auto()
    """All patients of a change of link, in one message (§3.64.5.1)."""
    QUERY = auto()
    SUBMISSION_SET = auto()
    DOCUMENTS = auto()
    ERASED_DOCUMENTS = auto()
    ERASED_OBJECTS = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One transaction."""

    name: str
    """As IHE's EventTypeCode has it."""
    event: Code
    action: str
    """EventActionCode; '' where the event itself says it."""
    way: Way = Way.RECEIVED
    parts: tuple[Part, ...]

    def type_code(self, transaction: str) -> Code:
        """Return the EventTypeCode."""
        is_ihe = transaction.startswith("ITI-")
        return Code(transaction, IHE_TRANSACTIONS if is_ihe else OTHER, self.name or transaction)


_SUBMITTED: Final = (Part.PATIENT, Part.SUBMISSION_SET, Part.DOCUMENTS)

ROWS: Final = MappingProxyType(
    {
        "ITI-8": Row(
            name="Patient Identity Feed",
            event=PATIENT_RECORD,
            action="",
            way=Way.FED,
            parts=(Part.MESSAGE_PATIENT,),
        ),
        "ITI-18": Row(
            name="Registry Stored Query",
            event=QUERY,
            action="E",
            parts=(Part.PATIENT, Part.QUERY),
        ),
        "ITI-41": Row(
            name="Provide and Register Document Set-b", event=IMPORT, action="C", parts=_SUBMITTED
        ),
        "ITI-42": Row(name="Register Document Set-b", event=IMPORT, action="C", parts=_SUBMITTED),
        "ITI-43": Row(
            name="Retrieve Document Set",
            event=EXPORT,
            action="R",
            way=Way.GIVEN,
            parts=(Part.PATIENT, Part.DOCUMENTS),
        ),
        "ITI-44": Row(
            name="Patient Identity Feed",
            event=PATIENT_RECORD,
            action="",
            parts=(Part.MESSAGE_PATIENT,),
        ),
        "ITI-51": Row(
            name="Multi-Patient Stored Query",
            event=QUERY,
            action="E",
            parts=(Part.PATIENT, Part.QUERY),
        ),
        "ITI-57": Row(name="Update Document Set", event=IMPORT, action="U", parts=_SUBMITTED),
        "ITI-61": Row(
            name="Register On-Demand Document Entry", event=IMPORT, action="C", parts=_SUBMITTED
        ),
        "ITI-62": Row(
            name="Remove Metadata",
            event=PATIENT_RECORD,
            action="D",
            parts=(Part.PATIENT, Part.ERASED_OBJECTS, Part.ERASED_DOCUMENTS),
        ),
        "ITI-64": Row(
            name="Notify XAD-PID Link Change",
            event=PATIENT_RECORD,
            action="U",
            way=Way.FED,
            parts=(Part.LINKED_PATIENTS, Part.SUBMISSION_SET),
        ),
        "ITI-79": Row(
            name="Authorization Decisions Query",
            event=QUERY,
            action="E",
            parts=(Part.PATIENT, Part.DOCUMENTS, Part.QUERY),
        ),
        "ITI-86": Row(
            name="Remove Documents",
            event=PATIENT_RECORD,
            action="D",
            parts=(Part.PATIENT, Part.ERASED_DOCUMENTS),
        ),
        "ITI-92": Row(
            name="Restricted Update Document Set", event=IMPORT, action="U", parts=_SUBMITTED
        ),
    }
)
ONWARD: Final = MappingProxyType(
    {
        "ITI-42": Row(
            name="Register Document Set-b",
            event=EXPORT,
            action="R",
            way=Way.SENT,
            parts=_SUBMITTED,
        ),
        "ITI-79": Row(
            name="Authorization Decisions Query",
            event=QUERY,
            action="E",
            way=Way.SENT,
            parts=(Part.PATIENT, Part.DOCUMENTS),
        ),
    }
)
ANY_OTHER: Final = Row(
    name="", event=PATIENT_RECORD, action="", parts=(Part.PATIENT, Part.DOCUMENTS)
)
