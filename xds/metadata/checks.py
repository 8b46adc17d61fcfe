"""The check of each data type of the attribute table.

Spec: ITI TF-3 §4.2.3.1.7 (Table 4.2.3.1.7-2). A check returns or raises `DatatypeError`; what it
returns is its own business.
"""

import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import Final, Protocol

from xds.metadata import dtm, hl7v2, identifier, party
from xds.metadata import vocabulary as v
from xds.metadata.attributes import Datatype
from xds.metadata.datatype import DatatypeError
from xds.metadata.departures import refused_component

EFFECTIVE_DATE: Final = 3
"""Which of the components after CX.4 is CX.7."""
HL7_TIME: Final = re.compile(r"\d{4}(?:\d{2}){0,5}(?:\.\d{1,4})?(?:[+-]\d{4})?", re.ASCII)


def check_nothing(_: str) -> None:
    """Check an opaque value: none is wrong."""


ENTRY_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {v.STABLE: "stable", v.ON_DEMAND: "On-Demand"}
)


def check_object_type(text: str, taken: frozenset[str] = frozenset({v.STABLE})) -> None:
    """Check that a DocumentEntry is of a type that the transaction takes. Errors: DatatypeError.

    Spec: ITI TF-3 §4.2.3.2.30; ITI TF-2 §3.42.4.1.2, §3.61.4.1.2.
    """
    if text in taken:
        return
    expected = " or ".join(f"{uuid} ({ENTRY_TYPES[uuid]})" for uuid in sorted(taken))
    if text == v.ON_DEMAND:
        raise DatatypeError(
            "an On-Demand DocumentEntry is registered by ITI-61, not by ITI-41 or ITI-42 "
            "(ITI TF-2 §3.42.4.1.2)",
            expected=expected,
            fix="register a stable document, or use Register On-Demand Document Entry",
        )
    if text == v.STABLE:
        raise DatatypeError(
            "a stable DocumentEntry is registered by ITI-42, not by ITI-61 (ITI TF-2 §3.61.4.1.2)",
            expected=expected,
            fix="register it with Register Document Set-b",
        )
    raise DatatypeError(
        "the object type of a DocumentEntry is one of two UUIDs, for stable and for On-Demand",
        expected=expected,
        fix="set objectType to it",
    )


def check_cx(text: str, departures: AbstractSet[str] = frozenset()) -> None:
    """Check a CX, with the components after CX.4 that the domain permits. Errors: DatatypeError.

    Spec: ITI TF-3 Table 4.2.3.1.7-2, CX; `departures` for what a domain permits beyond it.
    """
    further = hl7v2.parse_cx(text).further
    number = refused_component(further, departures)
    if number is not None:
        raise DatatypeError(
            "a CX has no component after the assigning authority, CX.4, but those that the "
            "affinity domain permits by name",
            expected=hl7v2.CX_FORM,
            fix=f"remove CX.{number}, or ask the domain to declare that departure",
        )
    effective = further[EFFECTIVE_DATE - 1] if len(further) >= EFFECTIVE_DATE else ""
    if effective and not HL7_TIME.fullmatch(effective):
        raise DatatypeError(
            "CX.7 is the date from which the identifier is effective",
            expected="YYYYMMDD, with a time if need be",
            fix="correct the date, or leave CX.7 away",
        )


class DepartingCheck(Protocol):
    """The check of a type that a domain may bend."""

    def __call__(self, text: str, departures: AbstractSet[str] = ...) -> object:
        """Check a value."""


CHECKS: Final[Mapping[Datatype, Callable[[str], object]]] = {
    Datatype.TEXT: hl7v2.check_text,
    Datatype.DTM: dtm.parse_dtm,
    Datatype.CX: check_cx,
    Datatype.CXI: hl7v2.parse_cxi,
    Datatype.XCN: party.parse_xcn,
    Datatype.XON: party.parse_xon,
    Datatype.XTN: party.parse_xtn,
    Datatype.RECIPIENT: party.check_recipient,
    Datatype.PID_FIELD: hl7v2.parse_pid_field,
    Datatype.OID: identifier.check_oid,
    Datatype.SOURCE_ID: identifier.check_source_id,
    Datatype.OID_URN: identifier.check_oid_urn,
    Datatype.ENTRY_UUID: identifier.check_entry_uuid,
    Datatype.IDENTIFIER: check_nothing,
    Datatype.SHA1: identifier.check_sha1,
    Datatype.SIZE: identifier.check_size,
    Datatype.MIME_TYPE: identifier.check_mime_type,
    Datatype.LANGUAGE: identifier.check_language,
    Datatype.OBJECT_TYPE: check_object_type,
}
DEPARTING: Final[Mapping[Datatype, DepartingCheck]] = {
    Datatype.CX: check_cx,
    Datatype.XON: party.parse_xon,
    Datatype.RECIPIENT: party.check_recipient,
}
"""Those that look at the departures of the domain."""
