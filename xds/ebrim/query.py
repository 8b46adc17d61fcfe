"""query:AdhocQueryRequest to a value and back.

Spec: ebRS 3.0 (query.xsd); ITI TF-2 §3.18.4.1.2. Which query it is, which slots it may have and
what their values mean is the room's business.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lxml import etree

from xds.ebrim.reader import elements, is_named, line_of, scan_slots, shown_name
from xds.ebrim.writer import escape_attribute, write_slots
from xds.errors import Complaint, ErrorCode, Refusal, Where, quote
from xds.metadata.rim import NOWHERE, Slot
from xds.namespaces import QUERY, RIM

INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
XS_TRUE = frozenset({"true", "1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AdhocQuery:
    """One stored query as it came."""

    query_id: str
    """rim:AdhocQuery/@id; '' when absent, which no stored query has."""
    slots: tuple[Slot, ...] = ()
    """In the order received; the same name may come again."""
    return_type: str = "LeafClass"
    """ResponseOption/@returnType; when absent `RegistryObject`, the default of ebRS."""
    returns_composed_objects: bool = True
    home: str = ""
    max_results: int | None = None
    start_index: int | None = None
    where: Where = field(default=NOWHERE, compare=False, repr=False)
    """Place of rim:AdhocQuery."""
    response_option_where: Where = field(default=NOWHERE, compare=False, repr=False)


def read_query(request: etree._Element, where: Where) -> AdhocQuery:
    """Return the query of a query:AdhocQueryRequest. `where` is the request's own place.

    Errors: Refusal with every fault of shape (XDSRegistryError: no other code is nearer).
    """
    children = elements(request)
    queries = [e for e in children if is_named(e, RIM, "AdhocQuery")]
    options = [e for e in children if is_named(e, QUERY, "ResponseOption")]
    complaints: list[Complaint] = []
    if not is_named(request, QUERY, "AdhocQueryRequest") or len(queries) != 1:
        complaints.append(_not_a_query(request, len(queries), where))
    if len(options) != 1:
        complaints.append(_no_option(len(options), where))
    numbers = {
        name: _integer(request, name, where, complaints) for name in ("maxResults", "startIndex")
    }
    if len(queries) != 1 or len(options) != 1:
        raise Refusal(complaints)
    query, option = queries[0], options[0]
    query_where = where.child("rim:AdhocQuery", line_of(query))
    slots, faults = scan_slots(query, query_where, code=ErrorCode.XDS_REGISTRY_ERROR)
    complaints.extend(faults)
    if complaints:
        raise Refusal(complaints)
    return AdhocQuery(
        query_id=(query.get("id") or "").strip(),
        slots=slots,
        return_type=(option.get("returnType") or "RegistryObject").strip(),
        returns_composed_objects=(option.get("returnComposedObjects") or "").strip() in XS_TRUE,
        home=(query.get("home") or "").strip(),
        max_results=numbers["maxResults"],
        start_index=numbers["startIndex"],
        where=query_where,
        response_option_where=where.child("query:ResponseOption", line_of(option)),
    )


def write_query(
    query_id: str,
    slots: Mapping[str, Sequence[str]],
    *,
    return_type: str = "LeafClass",
    home: str = "",
) -> bytes:
    """Return a whole query:AdhocQueryRequest; slot values are written as they are given."""
    written = tuple(Slot(name=name, values=tuple(values)) for name, values in slots.items())
    home_attribute = f' home="{escape_attribute(home)}"' if home else ""
    head = (
        f'<query:AdhocQueryRequest xmlns:query="{QUERY}" xmlns:rim="{RIM}">'
        f'<query:ResponseOption returnComposedObjects="true" '
        f'returnType="{escape_attribute(return_type)}"/>'
        f'<rim:AdhocQuery id="{escape_attribute(query_id)}"{home_attribute}>'
    )
    return head.encode() + write_slots(written) + b"</rim:AdhocQuery></query:AdhocQueryRequest>"


def _integer(
    request: etree._Element, name: str, where: Where, complaints: list[Complaint]
) -> int | None:
    written = request.get(name)
    if written is None:
        return None
    if INTEGER.fullmatch(written.strip()):
        return int(written)
    complaints.append(
        Complaint(
            code=ErrorCode.XDS_REGISTRY_ERROR,
            subject="query:AdhocQueryRequest",
            rule=f"{name} is an integer (ebRS 3.0, query.xsd)",
            came=quote(written),
            expected="digits, such as 50",
            fix=f"correct {name}, or leave it away",
            where=where.child(f"@{name}"),
        )
    )
    return None


def _not_a_query(request: etree._Element, queries: int, where: Where) -> Complaint:
    return Complaint(
        code=ErrorCode.XDS_REGISTRY_ERROR,
        subject="request",
        rule="a stored query is one query:AdhocQueryRequest with one rim:AdhocQuery "
        "(ITI TF-2 §3.18.4.1.2)",
        came=f"{shown_name(request)} with {queries} rim:AdhocQuery",
        expected=f"rim:AdhocQuery, once, in namespace {RIM}",
        fix="send one query in a request",
        where=where,
    )


def _no_option(options: int, where: Where) -> Complaint:
    return Complaint(
        code=ErrorCode.XDS_REGISTRY_ERROR,
        subject="request",
        rule="a stored query says what it wants to get back (ITI TF-2 §3.18.4.1.2.2)",
        came=f"{options} query:ResponseOption",
        expected='<query:ResponseOption returnComposedObjects="true" returnType="LeafClass"/> or '
        f'returnType="ObjectRef", once, in namespace {QUERY}',
        fix="add the element before rim:AdhocQuery",
        where=where,
    )
