"""The story of ITI-86: read, judge each, forget and erase, answer.

Spec: RMD supplement §3.86.4.1.3. Each document is removed or not for itself, as each one is given
or not in ITI-43; those that can be removed are removed in one transaction.
"""

import logging
from collections.abc import Container
from dataclasses import dataclass
from typing import Final

from repository.authorization import NOBODY_ASKED, Authorization, forbidden, have_decided
from repository.document_request import DocumentRequest, concerned_by
from repository.iti86_remove import rules
from repository.iti86_remove.message import read_removal
from repository.vault.api import Vault, VaultError
from repository.vault.removing import remove
from xds.access.model import Action
from xds.ebrim.response import Status, registry_response
from xds.errors import Complaint
from xds.namespaces import RMD
from xds.soap.exchange import Answer
from xds.story import Call, Outcome, Refused, Room

ACTION: Final = "urn:ihe:iti:2017:RemoveDocuments"
RESPONSE: Final = f"{ACTION}Response"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """The room's handle."""

    vault: Vault
    repository_unique_id: str
    authorization: Authorization

    def __call__(self, call: Call) -> Outcome:
        """Remove Documents [ITI-86].

        Spec: RMD supplement §3.86.4.1.3. Errors: as the room's contract says.
        """
        # (1) Read: which documents, or every complaint of shape.
        requests, misshapen = read_removal(call.request.body, call.request.body_where)
        concerned = concerned_by(requests)
        if misshapen:
            raise Refused(misshapen, concerned)
        # (2) Judge what can be judged without looking.
        judged = {r: rules.wrong_repository(r, self.repository_unique_id) for r in requests}
        ours = [request for request, complaint in judged.items() if complaint is None]
        # (3) Have it decided which of them the caller may have removed.
        named = (request.document_unique_id for request in ours)
        decided = have_decided(self.authorization, call, named, Action.DELETE, concerned)
        for request in ours:
            if why := decided.told(request.document_unique_id):
                judged[request] = forbidden(request, why)
        allowed = [r.document_unique_id for r in ours if decided.permits(r.document_unique_id)]
        # (4) Remove those that are here, and erase their bytes.
        try:
            removed, is_erased = remove(self.vault, allowed)
        except VaultError as error:
            log.exception("the vault's index failed")
            raise Refused((rules.storage_failed(call.request.body_where),), concerned) from error
        errors = _errors(judged, removed)
        if not removed:
            raise Refused(errors, concerned)
        # (5) Answer.
        warnings = () if is_erased else (rules.not_erased_yet(call.request.body_where),)
        refused = [r for r in requests if judged[r] or r.document_unique_id not in removed]
        status = Status.PARTIAL_SUCCESS if errors else Status.SUCCESS
        said = (*errors, *warnings)
        return Outcome(
            answer=Answer(action=RESPONSE, body=(registry_response(said, status),)),
            concerned=concerned_by(requests, refused),
            complaints=said,
        )


def _errors(
    judged: dict[DocumentRequest, Complaint | None], removed: Container[str]
) -> tuple[Complaint, ...]:
    """Return the one error of each document that was not removed, in the order of the request."""
    return tuple(
        complaint or rules.not_held(request)
        for request, complaint in judged.items()
        if complaint or request.document_unique_id not in removed
    )


def room(
    *, vault: Vault, repository_unique_id: str, authorization: Authorization = NOBODY_ASKED
) -> Room:
    """Return the room over a vault."""
    return Room(
        transaction="ITI-86",
        action=ACTION,
        response_action=RESPONSE,
        body=f"{{{RMD}}}RemoveDocumentsRequest",
        handle=Remove(
            vault=vault, repository_unique_id=repository_unique_id, authorization=authorization
        ),
        refuse=lambda complaints, _: registry_response(complaints, Status.FAILURE),
    )
