"""`RimObject` to XML bytes: what was read, in the schema's order, with nothing lost or added.

Spec: ebRIM 3.0 (rim.xsd).
"""

from collections.abc import Iterable

from xds.metadata.rim import RimObject


def write_object(rim_object: RimObject) -> bytes:
    """Return one object as UTF-8, prefix `rim:`, without declaring it: a root does that."""
    raise NotImplementedError


def write_submit_objects(objects: Iterable[RimObject]) -> bytes:
    """Return a whole lcm:SubmitObjectsRequest that declares its own namespaces."""
    raise NotImplementedError
