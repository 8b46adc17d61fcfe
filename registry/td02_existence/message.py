"""A body of TD0.2 to a tree, and whom it is about.

Spec: HL7 v3 XML ITS; what the rules do not look at is read over.
"""

from dataclasses import dataclass
from typing import Final

from lxml import etree

from registry.hl7v3.identifiers import cx_of
from registry.hl7v3.reading import paths_to, read_tree
from registry.hl7v3.tree import InstanceId, Node, instance_id
from registry.td02_existence.rules import PATIENT, QUERY, ROWS, check
from xds.errors import Complaint, Where

READ: Final = paths_to(*(row.path for row in ROWS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Whose record is asked after."""

    patient_id: str
    """CX."""
    where: Where


def read_message(body: etree._Element, where: Where) -> Node:
    """Return a message as a tree; `where` is the body's own place."""
    return read_tree(body, where, READ)


def judge_message(message: Node) -> tuple[Question | None, tuple[Complaint, ...]]:
    """Return the question, if there is one, and every complaint of the rules."""
    value = next(message.at(f"{PATIENT}/value"), None)
    question = Question(patient_id=cx_of(value), where=value.where) if value else None
    return question, tuple(check(message))


def query_id(message: Node) -> InstanceId | None:
    """Return the query's own id, as far as it can be read."""
    return instance_id(next(message.at(f"{QUERY}/queryId"), None))
