"""HL7's names for what ITI-44 uses: interactions and trigger events.

Spec: ITI TF-2 §3.44.4.1.1, §3.44.4.2.1. Pure.
"""

from enum import StrEnum
from typing import Final


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
RECORDS: Final = frozenset({Interaction.ADD, Interaction.REVISE})
MERGES: Final = frozenset({Interaction.MERGE})
