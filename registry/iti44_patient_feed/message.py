"""A body of ITI-44 to a tree, with the place of every element that the rules look at.

Spec: HL7 v3 XML ITS (elements in urn:hl7-org:v3, attributes without a namespace). Read: elements
whose names the rules know, in any order; all else is ignored, as ITI TF-2 §3.44.4.2.4 says.
"""

from typing import Final

from lxml import etree

from registry.hl7v3.reading import paths_to, read_tree
from registry.hl7v3.tree import InstanceId, Node, instance_id
from registry.iti44_patient_feed.identities import ROLES
from registry.iti44_patient_feed.interactions import Interaction
from registry.iti44_patient_feed.rules import PATIENT, ROWS, check
from xds.errors import Complaint, Where

READ: Final = paths_to(
    *(row.path for row in ROWS),
    *(f"{PATIENT}/patientPerson/{role}/id" for role in ROLES),
    f"{PATIENT}/patientPerson/asOtherIDs/scopingOrganization/id",
)
"""Every path that is read."""


def read_message(body: etree._Element, where: Where) -> Node:
    """Return a message as a tree; `where` is the body's own place."""
    return read_tree(body, where, READ)


def judge_message(message: Node) -> tuple[Interaction, tuple[Complaint, ...]]:
    """Return what a message is, by its element, and every complaint of the rules."""
    interaction = Interaction(message.name)
    return interaction, tuple(check(message, interaction))


def message_id(message: Node) -> InstanceId | None:
    """Return a message's own id, as far as it can be read."""
    return instance_id(next(message.at("id"), None))
