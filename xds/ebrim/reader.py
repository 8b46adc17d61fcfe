"""XML of ebRIM to `RimObject`, lossless, with the place of every element; judges only the shape.

Spec: ebRIM 3.0 (rim.xsd, lcm.xsd); ITI TF-3 §4.2.1.
"""

from typing import Literal

from lxml import etree

from xds.errors import Where
from xds.metadata.rim import RimObject

Actor = Literal["registry", "repository"]


def read_objects(
    registry_object_list: etree._Element, where: Where, *, actor: Actor = "registry"
) -> tuple[RimObject, ...]:
    """Return the children of a rim:RegistryObjectList, in order. `where` is the list's own place.

    Errors: Refusal with every fault of shape.
    """
    raise NotImplementedError


def read_submit_objects(
    request: etree._Element, where: Where, *, actor: Actor = "registry"
) -> tuple[RimObject, ...]:
    """Return the objects of an lcm:SubmitObjectsRequest. `where` is the request's own place.

    Errors: Refusal with every fault of shape.
    """
    raise NotImplementedError
