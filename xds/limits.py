"""The limits within which a message is read, each with where its number comes from.

Purpose: any bytes from the wire end in a typed request or one fault, in bounded memory and time.
"""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Caps on one request. A domain or `greffe.toml` may name others."""

    envelope_octets: int = 16 * MIB
    """SOAP part, inline documents, and parts before the root or completing it, together."""
    document_octets: int = 4096 * MIB
    """One document."""
    depth: int = 100
    """Nesting of elements; as CXF."""
    attributes_per_element: int = 64
    namespaces_per_element: int = 64
    """In scope on one element: inclusive canonicalisation is quadratic in it."""
    elements: int = 200_000
    text_octets: int = 1 * MIB
    """One text node or attribute value outside a document."""
    parts: int = 256
    part_head_octets: int = 8 * 1024
    first_byte_seconds: float = 10.0
    minimum_rate_octets: int = 1024
    """Per second, averaged after the first seconds; there is no limit on total time."""
    results: int = 10_000
    """Objects in one LeafClass answer (XDSTooManyResults past it)."""
