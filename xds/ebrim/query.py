"""query:AdhocQueryRequest to a value and back.

Spec: ebRS 3.0 (query.xsd); ITI TF-2 §3.18.4.1.2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lxml import etree

from xds.errors import Where
from xds.metadata.rim import NOWHERE, Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class AdhocQuery:
    """One stored query as it came; which slots it may have is the room's business."""

    query_id: str
    slots: tuple[Slot, ...] = ()
    return_type: str = "LeafClass"
    """ResponseOption/@returnType; RegistryObject is ebRS's default."""
    returns_composed_objects: bool = True
    home: str = ""
    max_results: int | None = None
    start_index: int | None = None
    where: Where = field(default=NOWHERE, compare=False, repr=False)
    """Place of rim:AdhocQuery."""
    response_option_where: Where = field(default=NOWHERE, compare=False, repr=False)


def read_query(request: etree._Element, where: Where) -> AdhocQuery:
    """Return the query of a query:AdhocQueryRequest. `where` is the request's own place.

    Errors: Refusal with every fault of shape.
    """
    raise NotImplementedError


def write_query(
    query_id: str,
    slots: Mapping[str, Sequence[str]],
    *,
    return_type: str = "LeafClass",
    home: str = "",
) -> bytes:
    """Return a whole query:AdhocQueryRequest; slot values are written as they are given."""
    raise NotImplementedError
