"""A body of ITI-44 to a tree, with the place of every element that the rules look at.

Spec: HL7 v3 XML ITS (elements in urn:hl7-org:v3, attributes without a namespace). Read: elements
whose names the rules know, in any order; all else is ignored, as ITI TF-2 §3.44.4.2.4 says.
"""

from collections import Counter
from typing import Final

from lxml import etree

from registry.iti44_patient_feed.identities import ROLES
from registry.iti44_patient_feed.interactions import Interaction
from registry.iti44_patient_feed.rules import PATIENT, ROWS, check
from registry.iti44_patient_feed.tree import InstanceId, Node, instance_id
from xds.errors import Complaint, Where
from xds.namespaces import HL7V3, local
from xds.soap.xml import elements, line

PATHS: Final = (
    *(row.path for row in ROWS),
    *(f"{PATIENT}/patientPerson/{role}/id" for role in ROLES),
    f"{PATIENT}/patientPerson/asOtherIDs/scopingOrganization/id",
)
READ: Final = frozenset(
    "/".join(path.split("/")[:depth])
    for path in PATHS
    for depth in range(1, path.count("/") + 2)
    if path
)
"""Every path that is read, and those that lead there."""


def read_message(body: etree._Element, where: Where) -> Node:
    """Return a message as a tree; `where` is the body's own place."""
    return _node(body, "", where)


def judge_message(message: Node) -> tuple[Interaction, tuple[Complaint, ...]]:
    """Return what a message is, by its element, and every complaint of the rules."""
    interaction = Interaction(message.name)
    return interaction, tuple(check(message, interaction))


def message_id(message: Node) -> InstanceId | None:
    """Return a message's own id, as far as it can be read."""
    return instance_id(next(message.at("id"), None))


def _node(element: etree._Element, path: str, where: Where) -> Node:
    children: list[Node] = []
    counts: Counter[str] = Counter()
    for child in elements(element):
        name = local(str(child.tag))
        child_path = f"{path}/{name}" if path else name
        if child.tag != f"{{{HL7V3}}}{name}" or child_path not in READ:
            continue
        counts[name] += 1
        step = f"hl7:{name}" if counts[name] == 1 else f"hl7:{name}[{counts[name]}]"
        children.append(_node(child, child_path, where.child(step, line(child))))
    return Node(
        name=local(str(element.tag)),
        attributes={
            str(k): str(v) for k, v in element.attrib.items() if not str(k).startswith("{")
        },
        where=where,
        children=tuple(children),
    )
