"""The story of ITI-43: look up, have it decided, look at the bytes, answer what is whole.

Spec: ITI TF-2 §3.43.4.1.3, §3.43.4.2.3; SeR supplement §3.79.4.2.3.1. What the caller may not see
is answered, and timed, like what there is not. Bytes are never served unless they are what was
stored: small documents are read and verified before the answer begins; of large ones the size is
checked before, and the digest while they stream, the last chunk being held back, so that a damaged
one ends in a broken connection and never in a complete answer. What is open is read to its end even
when the document is removed meanwhile.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from repository.authorization import (
    NOBODY_ASKED,
    Authorization,
    Decided,
    forbidden,
    have_decided,
)
from repository.document_request import DocumentRequest, concerned_by
from repository.iti43_retrieve import message, rules
from repository.iti43_retrieve.message import DocumentResponse
from repository.vault.api import BlobDamagedError, Holding, Vault, VaultError
from xds.access.model import Action
from xds.ebrim.response import Status
from xds.errors import Complaint, Refusal
from xds.namespaces import XDSB
from xds.soap.exchange import Answer, OutgoingDocument
from xds.story import Call, Outcome, Refused, Room

SMALL_OCTETS = 1024 * 1024
"""A document up to this size is verified before the answer begins."""
OPENED_DOCUMENTS = 64
"""So many of one answer are opened before it begins: a removal meanwhile does not tear them."""
KEPT_OCTETS = 4 * 1024 * 1024
"""Verified bytes that one answer keeps in memory; past it they are read, and verified, again."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieve:
    """The room's handle."""

    vault: Vault
    repository_unique_id: str
    authorization: Authorization

    def __call__(self, call: Call) -> Outcome:
        """Retrieve Document Set [ITI-43].

        Spec: ITI TF-2 §3.43.4.1.3. Errors: as the room's contract says.
        """
        # (1) Read: what was asked for, or every complaint of shape.
        requests, misshapen = message.read_request(call.request.body, call.request.body_where)
        if misshapen:
            raise Refusal(misshapen)
        concerned = concerned_by(requests)
        # (2) Look up all of them at once.
        try:
            held = self.vault.index.find([r.document_unique_id for r in requests])
        except VaultError as error:
            log.exception("the vault's index failed")
            raise Refused((rules.unreadable(call.request.body_where),), concerned) from error
        # (3) Have it decided which of them the caller may see: before any is opened.
        decided = have_decided(
            self.authorization,
            call,
            (
                request.document_unique_id
                for request in requests
                if request.repository_unique_id == self.repository_unique_id
            ),
            Action.CONSULT,
            concerned,
        )
        # (4) Judge each, and look at its bytes.
        responses: list[DocumentResponse] = []
        refused: list[DocumentRequest] = []
        complaints: list[Complaint] = []
        room = KEPT_OCTETS
        for number, request in enumerate(requests, start=1):
            holding = held.get(request.document_unique_id)
            given = self._judge(request, holding, decided, number, room)
            if isinstance(given, Complaint):
                complaints.append(given)
                refused.append(request)
                continue
            responses.append(given)
            room -= given.document.size_octets if given.document.size_octets <= SMALL_OCTETS else 0
        # (5) Answer. The documents stream after this returns.
        status = Status(rules.status(responses, complaints))
        return Outcome(
            answer=Answer(
                action=message.RESPONSE,
                body=message.write_response(responses, complaints, status),
            ),
            concerned=decided.told_to(concerned_by(requests, refused)),
            complaints=tuple(complaints),
        )

    def _judge(
        self,
        request: DocumentRequest,
        holding: Holding | None,
        decided: Decided,
        number: int,
        room: int,
    ) -> DocumentResponse | Complaint:
        elsewhere = rules.wrong_repository(request, self.repository_unique_id)
        if elsewhere:
            return elsewhere
        if why := decided.told(request.document_unique_id):
            return forbidden(request, why)
        if holding is None or not decided.permits(request.document_unique_id):
            return rules.not_held(request)
        try:
            return DocumentResponse(request=request, document=self._open(holding, number, room))
        except VaultError as damage:
            if self._is_gone(holding):
                return rules.not_held(request)
            log.error("unreadable blob: %s", damage)  # noqa: TRY400 - the place matters
            return rules.damaged(request)

    def _is_gone(self, holding: Holding) -> bool:
        """Whether the document was removed since it was looked up."""
        try:
            return not self.vault.index.find([holding.unique_id])
        except VaultError:
            return False

    def _open(self, holding: Holding, number: int, room: int) -> OutgoingDocument:
        """Return the document, verified as far as can be done before it streams."""
        receipt, blobs = holding.receipt, self.vault.blobs
        kept: bytes | None = None
        opened: Iterator[bytes] | None = None
        if receipt.size_octets <= SMALL_OCTETS and not blobs.is_known_right(receipt):
            content = b"".join(blobs.read(receipt))
            kept = content if len(content) <= room else None
        if kept is None and number <= OPENED_DOCUMENTS:
            opened = blobs.open(receipt)
        elif kept is None and not blobs.is_whole(receipt):
            raise BlobDamagedError(f"blob {receipt.sha256} is missing or not of its size")

        def chunks() -> Iterator[bytes]:
            return iter((kept,)) if kept is not None else opened or blobs.read(receipt)

        return OutgoingDocument(
            content_id=f"{number}.{receipt.sha256[:32]}@repository",
            mime_type=holding.mime_type,
            size_octets=receipt.size_octets,
            chunks=chunks,
        )


def room(
    *, vault: Vault, repository_unique_id: str, authorization: Authorization = NOBODY_ASKED
) -> Room:
    """Return the room over a vault."""
    return Room(
        transaction="ITI-43",
        action="urn:ihe:iti:2007:RetrieveDocumentSet",
        response_action=message.RESPONSE,
        body=f"{{{XDSB}}}RetrieveDocumentSetRequest",
        handle=Retrieve(
            vault=vault, repository_unique_id=repository_unique_id, authorization=authorization
        ),
        refuse=lambda complaints, _: message.refusal(complaints),
    )
