"""HL7's names for what ITI-44 uses: interactions, trigger events, codes of acknowledgement details.

Spec: ITI TF-2 §3.44.4.1.1, §3.44.4.2.1; HL7 v3 AcknowledgementDetailCode. Pure.
"""

from enum import StrEnum
from typing import Final

INTERACTIONS_OID: Final = "2.16.840.1.113883.1.6"
"""HL7's artefact identifiers: the root of every interactionId."""


class Interaction(StrEnum):
    """What a message is; also the name of its element."""

    ADD = "PRPA_IN201301UV02"
    REVISE = "PRPA_IN201302UV02"
    MERGE = "PRPA_IN201304UV02"


TRIGGERS: Final = {
    Interaction.ADD: "PRPA_TE201301UV02",
    Interaction.REVISE: "PRPA_TE201302UV02",
    Interaction.MERGE: "PRPA_TE201304UV02",
}
EACH: Final = frozenset(Interaction)
RECORDS: Final = frozenset({Interaction.ADD, Interaction.REVISE})
MERGES: Final = frozenset({Interaction.MERGE})


class DetailCode(StrEnum):
    """HL7's AcknowledgementDetailCode (2.16.840.1.113883.5.1100), as far as it is needed."""

    UNSUPPORTED_INTERACTION = "NS200"
    UNSUPPORTED_PROCESSING_ID = "NS202"
    UNSUPPORTED_PROCESSING_MODE = "NS250"
    SYNTAX = "SYN"
    MISSING_ASSOCIATION = "SYN100"
    MISSING_ATTRIBUTE = "SYN101"
    WRONG_VALUE = "SYN102"
    UNKNOWN_CODE = "SYN103"
    TOO_MANY_ASSOCIATIONS = "SYN110"
    TOO_MANY_ATTRIBUTES = "SYN112"
    INTERNAL = "INTERR"
    NO_STORAGE = "NOSTORE"
