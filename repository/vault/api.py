"""What a vault is: the values that pass, the two ports, and the ways in which storing can fail.

Spec: ITI TF-2 §3.41.4.1.3.2. No XML, no SQL and no error codes: rooms turn these failures into
answers.

Custody in three moves, so that a crash between any two leaves either nothing or unreferenced bytes:
`stage` (bytes arrive, nobody can find them) → `keep` (durable under their own digest) → `admit` (a
uniqueId points to them, all of a submission's or none). `withdraw` undoes an `admit` that the
Registry refused. From `keep` to `admit` the submission is `sheltered`: what another one's removal
leaves behind is not erased under its hands.

Removal in two moves, in `removing`: `forget` (no uniqueId points to the bytes any more, and they
are written down as doomed, in one transaction) → `erase` (the bytes go, unless another uniqueId
names them). What a crash leaves doomed is erased at the next removal or start.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a document's bytes are, computed while they arrived."""

    sha256: str
    """Lower case hex; the blob's name."""
    sha1: str
    """Lower case hex; DocumentEntry.hash. Spec: ITI TF-3 §4.2.3.2.10."""
    size_octets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One document that the Repository holds: the uniqueId and the bytes that it names."""

    unique_id: str
    receipt: Receipt
    mime_type: str
    """As the first submission of this uniqueId gave it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A uniqueId that already names other bytes."""

    offered: Holding
    held: Holding


@dataclass(frozen=True, slots=True, kw_only=True)
class Doomed:
    """Bytes that one removal has left without one of their names."""

    number: int
    sha256: str


class Staged(Protocol):
    """Bytes that have arrived and that nobody can find yet."""

    @property
    def receipt(self) -> Receipt:
        """What they are."""

    def digest(self, algorithm: str) -> bytes:
        """Return their digest; `algorithm` is a name of hashlib. Errors: VaultError."""

    def octets(self, most: int) -> bytes:
        """Return them, at most `most` and one more. Errors: VaultError."""


class Blobs(Protocol):
    """Bytes under their own SHA-256.

    Unreferenced ones, which a crash or a refused submission leaves behind, are legal.
    """

    def stage(self, chunks: Iterable[bytes]) -> Staged:
        """Write the chunks to a staging place, computing the receipt. Errors: VaultError."""

    def keep(self, staged: Sequence[Staged]) -> None:
        """Make staged bytes durable and findable; the same bytes again are legal.

        Errors: VaultError.
        """

    def sheltered(self, receipts: Collection[Receipt]) -> AbstractContextManager[None]:
        """Hold back every `erase` of these blobs meanwhile. Errors: VaultError."""

    def erase(self, sha256: str, is_named: Callable[[], bool]) -> bool:
        """Destroy a blob, durably, unless a uniqueId names it; whether it is gone.

        `is_named` is asked when nobody can give it a name any more. Errors: VaultError, and those
        of `is_named`.
        """

    def discard(self, staged: Sequence[Staged]) -> None:
        """Forget staged bytes that were not kept; never fails."""

    def is_whole(self, receipt: Receipt) -> bool:
        """Whether the blob is there with its full size (its digest is not computed)."""

    def is_known_right(self, receipt: Receipt) -> bool:
        """Whether the digest was found right a moment ago and the blob is untouched since."""

    def read(self, receipt: Receipt) -> Iterator[bytes]:
        """Yield the bytes; the last chunk only after the digest was found right.

        Errors: BlobDamagedError.
        """

    def open(self, receipt: Receipt) -> Iterator[bytes]:
        """As `read`, but find the bytes now: they are read to their end even if erased meanwhile.

        Errors: BlobDamagedError, VaultError, at once.
        """


class Index(Protocol):
    """Which uniqueId names which bytes."""

    def admit(self, holdings: Sequence[Holding]) -> tuple[Conflict, ...]:
        """Record all of them, durably, or none; the same uniqueId with the same bytes is legal."""

    def withdraw(self, holdings: Sequence[Holding]) -> None:
        """Undo one `admit` of these; a uniqueId that another submission admitted as well stays."""

    def find(self, unique_ids: Sequence[str]) -> Mapping[str, Holding]:
        """Return those that are held, by uniqueId."""

    def forget(self, unique_ids: Sequence[str]) -> Mapping[str, Holding]:
        """Let none of them name anything, however often it was admitted, and doom their bytes.

        All in one transaction. Returns what they named; one that named nothing is not in it.
        """

    def doomed(self) -> Sequence[Doomed]:
        """Return what is to be erased."""

    def is_named(self, sha256: str) -> bool:
        """Whether a uniqueId names these bytes."""

    def settle(self, doomed: Doomed) -> None:
        """Strike one out that was erased, or that another uniqueId names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """Both halves."""

    blobs: Blobs
    index: Index


class VaultError(Exception):
    """Storing or finding failed for the operator's reason; the text names path and cause."""


class OutOfSpaceError(VaultError):
    """No space, quota or file size left."""


class BlobDamagedError(VaultError):
    """Stored bytes are missing, short or not what they were."""
