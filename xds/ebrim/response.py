"""Complaints to rs:RegistryResponse and query:AdhocQueryResponse, and such answers back to values.

Spec: ITI TF-3 §4.2.4; ebRS 3.0 (rs.xsd, query.xsd).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from lxml import etree

from xds.errors import Complaint
from xds.metadata.rim import RimObject


class Status(StrEnum):
    """RegistryResponse/@status. Spec: ITI TF-3 §4.2.4."""

    SUCCESS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
    FAILURE = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure"
    PARTIAL_SUCCESS = "urn:ihe:iti:2007:ResponseStatusType:PartialSuccess"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryAnswer:
    """What an actor answered, as its client sees it."""

    status: str
    complaints: tuple[Complaint, ...] = ()
    """Its RegistryErrors, with code, context and location as they came."""
    objects: tuple[RimObject, ...] = ()
    """The objects of an AdhocQueryResponse."""

    @property
    def succeeded(self) -> bool:
        """Whether the status is Success."""
        return self.status == Status.SUCCESS


def registry_response(complaints: Iterable[Complaint] = (), status: Status | None = None) -> bytes:
    """Return an rs:RegistryResponse; the status follows from the complaints unless it is given."""
    raise NotImplementedError


def query_response(
    fragments: Iterable[bytes],
    complaints: Iterable[Complaint] = (),
    status: Status | None = None,
) -> bytes:
    """Return a query:AdhocQueryResponse around fragments of `write_object`; always with a list."""
    raise NotImplementedError


def registry_response_content(
    complaints: Iterable[Complaint] = (), status: Status | None = None
) -> bytes:
    """Return the rs:RegistryResponse as a fragment without declarations (prefixes rs:, rim:)."""
    raise NotImplementedError


def read_registry_response(element: etree._Element) -> RegistryAnswer:
    """Return the status and errors of an rs:RegistryResponse or query:AdhocQueryResponse.

    Errors: ValueError when it is neither.
    """
    raise NotImplementedError
