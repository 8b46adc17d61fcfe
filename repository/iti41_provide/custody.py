"""What the Repository answers for: each document has its metadata and is what the metadata says.

Spec: ITI TF-2 §3.41.4.1.2 (documents and DocumentEntries one to one) and §3.41.4.1.3.2 (hash, size,
repositoryUniqueId). Pure: no XML, disk, network or clock; receipts are computed by the vault.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from repository.vault.api import Conflict, Receipt
from xds.errors import Complaint, ErrorCode, Where, quote, quote_identifier
from xds.metadata.rim import RimObject

ONE_TO_ONE = (
    "a submission holds exactly one Document for each DocumentEntry and one DocumentEntry for "
    "each Document (ITI TF-2 §3.41.4.1.2)"
)
SHA1_HEX = 40
SHA256_HEX = 64
MAX_LISTED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedDocument:
    """One xds:Document of the request: its bytes in place, or where on the wire they come."""

    id: str
    """The id of the ExtrinsicObject that describes it."""
    content: bytes | None = None
    """Decoded inline content; None when it comes as an attachment."""
    content_id: str | None = None
    """Content-ID that its xop:Include names, without `cid:`, percent-decoded."""
    where: Where


def match(
    entries: Sequence[RimObject], documents: Sequence[OfferedDocument]
) -> tuple[Complaint, ...]:
    """Return every DocumentEntry without its Document, every Document without its DocumentEntry.

    Spec: ITI TF-2 §3.41.4.1.2, §3.41.4.1.3.
    Errors: XDSMissingDocument, XDSMissingDocumentMetadata, XDSRepositoryMetadataError (twice).
    """
    described = [entry.id for entry in entries]
    offered = Counter(document.id for document in documents)
    without_document = (_missing_document(e, offered) for e in entries if e.id not in offered)
    without_entry = (
        _missing_metadata(d, described) for d in documents if d.id not in set(described)
    )
    twice = (_twice(d, offered[d.id]) for d in documents if offered[d.id] > 1)
    return (*without_document, *without_entry, *twice)


def verify(entry: RimObject, receipt: Receipt) -> tuple[Complaint, ...]:
    """Compare the hash and size that the metadata gives, if any, with what came.

    Spec: ITI TF-2 §3.41.4.1.3; ITI TF-3 §4.2.3.2.10 (hash), §4.2.3.2.21 (size).
    Errors: XDSRepositoryMetadataError.
    """
    complaints = []
    given_hash, given_size = _given(entry, "hash"), _given(entry, "size")
    if given_hash and given_hash.lower() != receipt.sha1:
        complaints.append(_wrong_hash(entry, given_hash, receipt))
    if given_size and given_size.lstrip("0") != str(receipt.size_octets).lstrip("0"):
        complaints.append(_wrong_size(entry, given_size, receipt))
    return tuple(complaints)


def complete(entry: RimObject, receipt: Receipt, repository_unique_id: str) -> RimObject:
    """Return the entry as it goes to the Registry: hash, size and repositoryUniqueId set.

    Spec: ITI TF-2 §3.41.4.1.3.2.
    """
    if not _given(entry, "hash"):
        entry = entry.with_slot("hash", receipt.sha1)
    if not _given(entry, "size"):
        entry = entry.with_slot("size", str(receipt.size_octets))
    return entry.with_slot("repositoryUniqueId", repository_unique_id)


def conflict_complaint(entry: RimObject, conflict: Conflict) -> Complaint:
    """Say that the uniqueId already names other bytes.

    Spec: ITI TF-2 §3.41.4.1.3.2. Errors: XDSNonIdenticalHash.
    """
    return Complaint(
        code=ErrorCode.XDS_NON_IDENTICAL_HASH,
        subject=_subject(entry),
        rule="a uniqueId names the same bytes for ever (ITI TF-2 §3.41.4.1.3.2)",
        came=(
            f"uniqueId {quote_identifier(conflict.offered.unique_id)} with bytes of SHA-1 "
            f"{conflict.offered.receipt.sha1}, while the Repository holds other bytes under it"
        ),
        expected="the bytes that were stored under this uniqueId, or another uniqueId",
        fix=(
            "give the changed document a uniqueId of its own, and a RPLC association if it "
            "replaces the earlier one"
        ),
        where=entry.where,
    )


def updated(
    objects: Sequence[RimObject], receipts: Mapping[str, Receipt], repository_unique_id: str
) -> tuple[RimObject, ...]:
    """Return all objects in order, the DocumentEntries completed and the others untouched."""
    return tuple(
        complete(o, receipts[o.id], repository_unique_id)
        if o.tag == "ExtrinsicObject" and o.id in receipts
        else o
        for o in objects
    )


def _given(entry: RimObject, name: str) -> str:
    """Return the single value of a slot, or '' when it is absent or empty."""
    slot = entry.slot(name)
    return slot.values[0].strip() if slot and slot.values else ""


def _slot_where(entry: RimObject, name: str) -> Where:
    slot = entry.slot(name)
    return slot.where if slot else entry.where


def _subject(entry: RimObject) -> str:
    return f"DocumentEntry {quote(entry.id)}"


def _listed(ids: Sequence[str]) -> str:
    if not ids:
        return "none"
    shown = ", ".join(quote(i) for i in ids[:MAX_LISTED])
    return f"{shown} and {len(ids) - MAX_LISTED} more" if len(ids) > MAX_LISTED else shown


def _missing_document(entry: RimObject, offered: Mapping[str, int]) -> Complaint:
    return Complaint(
        code=ErrorCode.XDS_MISSING_DOCUMENT,
        subject=_subject(entry),
        rule=ONE_TO_ONE,
        came=f"no xds:Document with id {quote(entry.id)}; Document ids that came: "
        f"{_listed(list(offered))}",
        expected=f"one xds:Document whose id is {quote(entry.id)}",
        fix="add the Document, or give it the id of this ExtrinsicObject as written in the message",
        where=entry.where,
    )


def _missing_metadata(document: OfferedDocument, described: Sequence[str]) -> Complaint:
    return Complaint(
        code=ErrorCode.XDS_MISSING_DOCUMENT_METADATA,
        subject=f"Document {quote(document.id)}",
        rule=ONE_TO_ONE,
        came=f"no ExtrinsicObject with id {quote(document.id)}; ExtrinsicObject ids that came: "
        f"{_listed(described)}",
        expected=f"one rim:ExtrinsicObject whose id is {quote(document.id)}",
        fix="add the DocumentEntry, or give the Document the id of its ExtrinsicObject",
        where=document.where,
    )


def _twice(document: OfferedDocument, times: int) -> Complaint:
    return Complaint(
        code=ErrorCode.XDS_REPOSITORY_METADATA_ERROR,
        subject=f"Document {quote(document.id)}",
        rule=ONE_TO_ONE,
        came=f"{times} Documents with id {quote(document.id)}",
        expected="one",
        fix="send each document once, under the id of its own ExtrinsicObject",
        where=document.where,
    )


def _wrong_hash(entry: RimObject, given: str, receipt: Receipt) -> Complaint:
    if len(given) == SHA256_HEX:
        right = given.lower() == receipt.sha256
        came = f"{quote(given)}, which has the length of a SHA-256" + (
            " and is the SHA-256 of the bytes received" if right else ""
        )
        fix = "send the SHA-1 of the document's bytes in hexadecimal, or leave the hash slot out"
    elif len(given) == SHA1_HEX:
        came = quote(given)
        fix = (
            "compute the hash over the bytes exactly as sent (not over re-encoded or reformatted "
            "XML, nor over a container), or leave the hash slot out"
        )
    else:
        came = f"{quote(given)}, which is not the hexadecimal form of a SHA-1 (40 digits)"
        fix = "send the SHA-1 of the document's bytes in hexadecimal, or leave the hash slot out"
    return Complaint(
        code=ErrorCode.XDS_REPOSITORY_METADATA_ERROR,
        subject=_subject(entry),
        rule="hash is the SHA-1 of the document received "
        "(ITI TF-3 §4.2.3.2.10, ITI TF-2 §3.41.4.1.3)",
        came=came,
        expected=f"'{receipt.sha1}', the SHA-1 of the {receipt.size_octets} octets received",
        fix=fix,
        where=_slot_where(entry, "hash"),
    )


def _wrong_size(entry: RimObject, given: str, receipt: Receipt) -> Complaint:
    return Complaint(
        code=ErrorCode.XDS_REPOSITORY_METADATA_ERROR,
        subject=_subject(entry),
        rule="size is the number of octets of the document received "
        "(ITI TF-3 §4.2.3.2.21, ITI TF-2 §3.41.4.1.3)",
        came=quote(given),
        expected=f"'{receipt.size_octets}'",
        fix="count the octets as sent, after decoding base64 and before any compression, or leave "
        "the size slot out",
        where=_slot_where(entry, "size"),
    )
