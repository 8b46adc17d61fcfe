"""Retrieve Document Set [ITI-43], as a Document Consumer: MTOM, documents to files.

Spec: ITI TF-2 §3.43.4. Every document is spooled beside its destination while its size and SHA-1
are computed; what it is called in the end is the caller's business.
"""

import base64
import binascii
import hashlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from lxml import etree

from greffe.client.exchange import Exchange, Message, expect
from greffe.client.faults import Problem, problems_of
from greffe.exits import UnreachableError
from xds.ebrim.response import read_registry_response
from xds.ebrim.writer import escape_text
from xds.namespaces import RS, XDSB
from xds.soap.xop import INCLUDE, canonical_content_id

ACTION: Final = "urn:ihe:iti:2007:RetrieveDocumentSet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One document to ask for."""

    unique_id: str
    repository_unique_id: str
    home_community_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spooled:
    """A document that came, in a temporary file."""

    path: Path
    size_octets: int
    hash_sha1_hex: str
    unique_id: str = ""
    mime_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieved:
    """What a Repository answered."""

    status: str
    documents: tuple[Spooled, ...]
    problems: tuple[Problem, ...]


class Spool:
    """Temporary files in the folder where the documents go; what is left is removed at the end."""

    def __init__(self, folder: Path) -> None:
        """Spool into a folder that exists."""
        self._folder = folder
        self._made: list[Path] = []
        self._open: _Spooling | None = None
        self.parts: dict[str, Spooled] = {}
        """By Content-ID."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        if self._open:
            self._open.close()
        for path in self._made:
            path.unlink(missing_ok=True)

    def begin(self, content_id: str, mime_type: str) -> None:
        """Open a file for a part. Errors: OSError."""
        descriptor, name = tempfile.mkstemp(prefix=".greffe-", suffix=".part", dir=self._folder)
        self._made.append(Path(name))
        self._open = _Spooling(content_id, mime_type, Path(name), os.fdopen(descriptor, "wb"))

    def write(self, octets: bytes) -> None:
        """Write some of a part. Errors: OSError, such as a full disk."""
        if self._open:
            self._open.write(octets)

    def end(self) -> None:
        """Close a part's file."""
        if self._open:
            self.parts[self._open.content_id] = self._open.close()
            self._open = None

    def inline(self, text: str) -> Spooled:
        """Spool a document that came as base64 inside the message. Errors: ValueError."""
        content_id = f"inline-{len(self._made)}"
        self.begin(content_id, "")
        self.write(base64.b64decode(text))
        self.end()
        return self.parts[content_id]


@dataclass(slots=True)
class _Spooling:
    content_id: str
    mime_type: str
    path: Path
    file: Any
    size: int = 0
    digest: Any = field(default_factory=lambda: hashlib.sha1(usedforsecurity=False))

    def write(self, octets: bytes) -> None:
        self.file.write(octets)
        self.digest.update(octets)
        self.size += len(octets)

    def close(self) -> Spooled:
        self.file.close()
        return Spooled(
            path=self.path,
            size_octets=self.size,
            hash_sha1_hex=self.digest.hexdigest(),
            mime_type=self.mime_type,
        )


def retrieve(
    exchange: Exchange, url: str, security: bytes, wanted: Sequence[Wanted], spool: Spool
) -> Retrieved:
    """Ask one Repository for documents; they are in the spool's files afterwards.

    Errors: FaultError; UnreachableError; OSError when a file cannot be written.
    """
    body = (
        f'<xds:RetrieveDocumentSetRequest xmlns:xds="{XDSB}">'
        + write_requests(wanted)
        + "</xds:RetrieveDocumentSetRequest>"
    )
    message = Message(url=url, action=ACTION, security=security, body=body.encode(), is_mtom=True)
    payload = exchange.send(message, spool)
    expect(payload, f"{{{XDSB}}}RetrieveDocumentSetResponse", url)
    response = payload.find(f"{{{RS}}}RegistryResponse")
    if response is None:
        raise UnreachableError(f"{url} answers without an rs:RegistryResponse")
    answer = read_registry_response(response)
    return Retrieved(
        status=answer.status,
        problems=problems_of(answer.complaints),
        documents=tuple(
            _document(found, spool, url)
            for found in payload.iterfind(f"{{{XDSB}}}DocumentResponse")
        ),
    )


def write_requests(wanted: Sequence[Wanted]) -> str:
    """Return xds:DocumentRequest elements."""
    return "".join(map(_request, wanted))


def _request(wanted: Wanted) -> str:
    fields = (
        ("HomeCommunityId", wanted.home_community_id),
        ("RepositoryUniqueId", wanted.repository_unique_id),
        ("DocumentUniqueId", wanted.unique_id),
    )
    inner = "".join(f"<xds:{n}>{escape_text(text)}</xds:{n}>" for n, text in fields if text)
    return f"<xds:DocumentRequest>{inner}</xds:DocumentRequest>"


def _document(response: etree._Element, spool: Spool, url: str) -> Spooled:
    def text(name: str) -> str:
        return (response.findtext(f"{{{XDSB}}}{name}") or "").strip()

    unique_id = text("DocumentUniqueId")
    document = response.find(f"{{{XDSB}}}Document")
    include = document.find(INCLUDE) if document is not None else None
    if document is None:
        raise UnreachableError(f"{url} answers for {unique_id} without an xds:Document")
    if include is None:
        try:
            found = spool.inline(document.text or "")
        except binascii.Error as error:
            raise UnreachableError(f"{url}: document {unique_id} is not base64") from error
    else:
        content_id = canonical_content_id((include.get("href") or "").removeprefix("cid:"))
        if content_id not in spool.parts:
            raise UnreachableError(
                f"{url}: document {unique_id} names the MIME part {content_id!r}, which is not "
                "in the answer"
            )
        found = spool.parts[content_id]
    return Spooled(
        path=found.path,
        size_octets=found.size_octets,
        hash_sha1_hex=found.hash_sha1_hex,
        unique_id=unique_id,
        mime_type=text("mimeType") or found.mime_type,
    )
