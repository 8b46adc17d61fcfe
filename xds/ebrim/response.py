"""Complaints to rs:RegistryResponse and query:AdhocQueryResponse, and answers back to values.

Spec: ITI TF-3 §4.2.4 (statuses, RegistryError, what a status promises); ebRS 3.0 (rs.xsd,
query.xsd). A warning never makes a failure, and an error list is never written empty.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lxml import etree

from xds.ebrim.reader import elements, is_named, scan_objects, shown_name
from xds.ebrim.writer import escape_attribute
from xds.errors import Complaint, Severity, Where
from xds.metadata.rim import RimObject
from xds.namespaces import QUERY, RIM, RS


class Status(StrEnum):
    """RegistryResponse/@status. Spec: ITI TF-3 §4.2.4; partial success is IHE's own."""

    SUCCESS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
    FAILURE = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure"
    PARTIAL_SUCCESS = "urn:ihe:iti:2007:ResponseStatusType:PartialSuccess"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryAnswer:
    """What an actor answered, as its client sees it."""

    status: str
    complaints: tuple[Complaint, ...] = ()
    """Its RegistryErrors, with code, context, location and severity as they came."""
    objects: tuple[RimObject, ...] = ()
    """The objects of an AdhocQueryResponse, ObjectRefs among them."""

    @property
    def succeeded(self) -> bool:
        """Whether the status is Success."""
        return self.status == Status.SUCCESS


def status_of(complaints: Iterable[Complaint]) -> Status:
    """Return Failure if a complaint is an error, else Success."""
    return Status.FAILURE if any(c.is_error for c in complaints) else Status.SUCCESS


def registry_response(complaints: Iterable[Complaint] = (), status: Status | None = None) -> bytes:
    """Return an rs:RegistryResponse; the status follows from the complaints unless it is given."""
    reported = tuple(complaints)
    declarations = f' xmlns:rs="{RS}"'
    return _registry_response(reported, status or status_of(reported), declarations)


def registry_response_content(
    complaints: Iterable[Complaint] = (), status: Status | None = None
) -> bytes:
    """Return the rs:RegistryResponse as a fragment; the root around it declares `rs:`."""
    reported = tuple(complaints)
    return _registry_response(reported, status or status_of(reported), "")


def query_response(
    fragments: Iterable[bytes],
    complaints: Iterable[Complaint] = (),
    status: Status | None = None,
) -> bytes:
    """Return a query:AdhocQueryResponse around fragments of `write_object`; always with a list."""
    reported = tuple(complaints)
    verdict = status or status_of(reported)
    head = (
        f'<query:AdhocQueryResponse xmlns:query="{QUERY}" xmlns:rim="{RIM}" xmlns:rs="{RS}" '
        f'status="{verdict}">'
    )
    return b"".join(
        (
            head.encode(),
            _error_list(reported),
            b"<rim:RegistryObjectList>",
            *fragments,
            b"</rim:RegistryObjectList></query:AdhocQueryResponse>",
        )
    )


def read_registry_response(element: etree._Element) -> RegistryAnswer:
    """Return status, errors and objects of an rs:RegistryResponse or query:AdhocQueryResponse.

    Tolerated: a severity without `urn:` or absent, an errorCode that no table knows, an answer
    without highestSeverity. Errors: ValueError when it is neither of the two elements.
    """
    is_query = is_named(element, QUERY, "AdhocQueryResponse")
    if not is_query and not is_named(element, RS, "RegistryResponse"):
        raise ValueError(f"{shown_name(element)} is no rs:RegistryResponse")
    complaints: list[Complaint] = []
    objects: tuple[RimObject, ...] = ()
    for child in elements(element):
        if is_named(child, RS, "RegistryErrorList"):
            complaints.extend(
                _relayed(error) for error in elements(child) if is_named(error, RS, "RegistryError")
            )
        elif is_query and is_named(child, RIM, "RegistryObjectList"):
            objects, _ = scan_objects(child, Where("rim:RegistryObjectList"))
    status = (element.get("status") or "").strip()
    return RegistryAnswer(status=status, complaints=tuple(complaints), objects=objects)


def _registry_response(complaints: Sequence[Complaint], status: Status, declarations: str) -> bytes:
    head = f'<rs:RegistryResponse{declarations} status="{status}"'.encode()
    if not complaints:
        return head + b"/>"
    return head + b">" + _error_list(complaints) + b"</rs:RegistryResponse>"


def _error_list(complaints: Sequence[Complaint]) -> bytes:
    if not complaints:
        return b""
    highest = Severity.ERROR if any(c.is_error for c in complaints) else Severity.WARNING
    errors = (
        f'<rs:RegistryError errorCode="{escape_attribute(c.code)}" '
        f'codeContext="{escape_attribute(c.code_context)}" severity="{c.severity}" '
        f'location="{escape_attribute(c.location)}"/>'
        for c in complaints
    )
    head = f'<rs:RegistryErrorList highestSeverity="{highest}">'
    return f"{head}{''.join(errors)}</rs:RegistryErrorList>".encode()


def _relayed(error: etree._Element) -> Complaint:
    is_warning = (error.get("severity") or "").strip().endswith(":Warning")
    return Complaint.relayed(
        code=(error.get("errorCode") or "").strip(),
        code_context=error.get("codeContext") or "",
        location=error.get("location") or "",
        severity=Severity.WARNING if is_warning else Severity.ERROR,
    )
