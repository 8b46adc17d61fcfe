"""What the rooms of HL7 v3 need besides the message: new ids, and a message of which nothing is.

Spec: none.
"""

from collections.abc import Callable
from uuid import UUID

from registry.hl7v3.tree import Node
from xds.errors import Where

NewId = Callable[[], UUID]


def empty() -> Node:
    """Return a message of which nothing could be read."""
    return Node(name="", attributes={}, where=Where("message"))
