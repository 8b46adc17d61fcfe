"""What became of a message, as MCCI_IN000002UV01: the accept acknowledgement.

    CA   accepted: the Registry has done what the message says
    CE   refused for what it says
    CR   refused for what it is: an interaction or a mode of processing that is not served

Spec: ITI TF-2 Appendix O.1.2 (Table O.1.2-1), §3.44.4.1.2; HL7 v3 2008, MCCI_MT000200UV01. The
sender of the acknowledgement is the device that the message named as its receiver, and the
other way round. Text to bytes, no rules.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from registry.hl7v3.parts import REJECTING, detail, parties, target, wrapper
from registry.hl7v3.tree import Node
from xds.errors import Complaint
from xds.namespaces import HL7V3

ACKNOWLEDGEMENT: Final = "MCCI_IN000002UV01"


def acknowledge(
    message: Node, complaints: Iterable[Complaint], *, new_id: UUID, instant: datetime
) -> bytes:
    """Return the acknowledgement of a message, whatever of it could be read."""
    said = tuple(complaints)
    details = "".join(map(detail, said))
    return (
        f'<{ACKNOWLEDGEMENT} xmlns="{HL7V3}" ITSVersion="XML_1.0">'
        f"{wrapper(ACKNOWLEDGEMENT, message, new_id=new_id, instant=instant)}"
        f"{parties(message)}"
        f'<acknowledgement><typeCode code="{_type(said)}"/>'
        f"<targetMessage>{target(message)}</targetMessage>{details}</acknowledgement>"
        f"</{ACKNOWLEDGEMENT}>"
    ).encode()


def _type(complaints: tuple[Complaint, ...]) -> str:
    errors = {c.code for c in complaints if c.is_error}
    if not errors:
        return "CA"
    return "CR" if errors & REJECTING else "CE"
