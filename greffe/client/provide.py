"""Provide and Register Document Set-b [ITI-41], as a Document Source: MTOM, documents from files.

Spec: ITI TF-2 §3.41.4.1. What is in the metadata is the caller's business (`metadata.py`).
"""

import platform
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from greffe.client.exchange import PIECE_OCTETS, DocumentPart, Exchange, Message, expect
from xds.ebrim.response import RegistryAnswer, read_registry_response
from xds.ebrim.writer import escape_attribute, write_submit_objects
from xds.metadata.rim import RimObject
from xds.namespaces import RS, XDSB, XOP

ACTION: Final = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provided:
    """A document of a submission: bytes, and the DocumentEntry that describes them."""

    entry_uuid: str
    mime_type: str
    size_octets: int
    chunks: Callable[[], Iterator[bytes]]


def provided_file(entry_uuid: str, mime_type: str, path: Path) -> Provided:
    """Return a file as a document; it is read when it is sent. Errors: OSError."""
    return Provided(
        entry_uuid=entry_uuid,
        mime_type=mime_type,
        size_octets=path.stat().st_size,
        chunks=lambda: _pieces(path),
    )


def provide(
    exchange: Exchange,
    url: str,
    security: bytes,
    objects: Sequence[RimObject],
    documents: Sequence[Provided],
) -> RegistryAnswer:
    """Submit. Errors: FaultError; UnreachableError; OSError when a file cannot be read."""
    parts = tuple(
        DocumentPart(
            content_id=f"document{number}@greffe",
            mime_type=document.mime_type,
            size_octets=document.size_octets,
            chunks=document.chunks,
        )
        for number, document in enumerate(documents, 1)
    )
    body = (
        f'<xds:ProvideAndRegisterDocumentSetRequest xmlns:xds="{XDSB}">'.encode()
        + write_submit_objects(objects)
        + b"".join(
            _document(document.entry_uuid, part.content_id)
            for document, part in zip(documents, parts, strict=True)
        )
        + b"</xds:ProvideAndRegisterDocumentSetRequest>"
    )
    payload = exchange.send(
        Message(url=url, action=ACTION, security=security, body=body, documents=parts, is_mtom=True)
    )
    return read_registry_response(expect(payload, f"{{{RS}}}RegistryResponse", url))


def _document(entry_uuid: str, content_id: str) -> bytes:
    return (
        f'<xds:Document id="{escape_attribute(entry_uuid)}">'
        f'<xop:Include xmlns:xop="{XOP}" href="cid:{content_id}"/></xds:Document>'
    ).encode()


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE_OCTETS):
            yield piece


def source_id() -> str:
    """Return the OID of this machine as a Document Source: the same one every time."""
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_DNS, platform.node()).int}"
