"""lcm:RemoveObjectsRequest to the entryUUIDs that it names.

Spec: RMD supplement §3.62.4.1.2; ebRS 3.0 (lcm.xsd). Of ebRS's own means to say what is removed
the transaction has ObjectRefs only: a query, or a scope that leaves something behind, is refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from xds.ebrim.reader import elements, is_named, line_of, shown_name
from xds.errors import Complaint, ErrorCode, Where, quote
from xds.namespaces import LCM, RIM

DELETE_ALL: Final = "urn:oasis:names:tc:ebxml-regrep:DeletionScopeType:DeleteAll"
MAX_NAMED: Final = 10_000
"""Objects in one request: a transaction of the ledger, not a purge of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """An object that a request names, and where."""

    entry_uuid: str
    where: Where


def read_removal(
    request: etree._Element, where: Where
) -> tuple[tuple[Named, ...], tuple[Complaint, ...]]:
    """Return the objects that a request names, each once, and every fault of the request."""
    complaints = [*_shape(request, where)]
    named: dict[str, Named] = {}
    for ref_list in _lists(request):
        place = where.child("rim:ObjectRefList", line_of(ref_list))
        for number, child in enumerate(elements(ref_list), 1):
            at = place.child(f"rim:ObjectRef[{number}]", line_of(child))
            entry_uuid = (child.get("id") or "").strip()
            if not is_named(child, RIM, "ObjectRef") or not entry_uuid:
                complaints.append(_no_reference(child, at))
            named.setdefault(entry_uuid, Named(entry_uuid=entry_uuid, where=at))
    named.pop("", None)
    if not complaints and not 0 < len(named) <= MAX_NAMED:
        complaints.append(_bad_number(len(named), where))
    return tuple(named.values()), tuple(complaints)


def _lists(request: etree._Element) -> list[etree._Element]:
    return [e for e in elements(request) if is_named(e, RIM, "ObjectRefList")]


def _shape(request: etree._Element, where: Where) -> Iterator[Complaint]:
    if not is_named(request, LCM, "RemoveObjectsRequest") or len(_lists(request)) != 1:
        yield _complaint(
            rule="a removal is one lcm:RemoveObjectsRequest with one rim:ObjectRefList "
            "(RMD supplement §3.62.4.1.2)",
            came=f"{shown_name(request)} with {len(_lists(request))} rim:ObjectRefList",
            expected=f"rim:ObjectRefList, once, in namespace {RIM}",
            fix="name every object to be removed in one list",
            where=where,
        )
    if any(is_named(e, RIM, "AdhocQuery") for e in elements(request)):
        yield _complaint(
            rule="objects to be removed are named one by one (RMD supplement §3.62.4.1.2)",
            came="a rim:AdhocQuery",
            expected="rim:ObjectRef elements only",
            fix="query first (ITI-18, ObjectRef), then send the ids",
            where=where.child("rim:AdhocQuery"),
        )
    scope = (request.get("deletionScope") or DELETE_ALL).strip()
    if scope != DELETE_ALL:
        yield _complaint(
            rule="a removed object is gone whole (RMD supplement §3.62.4.1.2; ebRS 3.0)",
            came=quote(scope),
            expected=f"{DELETE_ALL}, or no deletionScope",
            fix="leave deletionScope away",
            where=where.child("@deletionScope"),
        )


def _no_reference(child: etree._Element, where: Where) -> Complaint:
    return _complaint(
        rule="a rim:ObjectRefList holds rim:ObjectRef elements with an id (ebRIM 3.0)",
        came=f"{shown_name(child)} with id {quote((child.get('id') or '').strip())}",
        expected="the entryUUID of a registered object",
        fix="correct the element",
        where=where,
    )


def _bad_number(number: int, where: Where) -> Complaint:
    return _complaint(
        rule=f"a removal names at least one object (RMD supplement §3.62.4.1.2) and, here, at most "
        f"{MAX_NAMED}",
        came=f"{number} objects",
        expected="rim:ObjectRef elements",
        fix="name what is to be removed; send a large removal in portions",
        where=where,
    )


def _complaint(*, rule: str, came: str, expected: str, fix: str, where: Where) -> Complaint:
    return Complaint(
        code=ErrorCode.XDS_REGISTRY_METADATA_ERROR,
        subject="request",
        rule=rule,
        came=came,
        expected=expected,
        fix=fix,
        where=where,
    )
