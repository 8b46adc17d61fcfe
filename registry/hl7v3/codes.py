"""HL7's names and codes that every message of HL7 v3 uses.

Spec: ITI TF-2 Appendix O (Tables O.1.1-1, O.1.2-1); HL7 v3 AcknowledgementDetailCode. Pure.
"""

from enum import StrEnum
from typing import Final

INTERACTIONS_OID: Final = "2.16.840.1.113883.1.6"
"""HL7's artefact identifiers: the root of every interactionId."""


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
