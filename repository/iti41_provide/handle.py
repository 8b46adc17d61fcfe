"""The story of ITI-41: check the envelope, take the bytes into custody, register, answer.

Spec: ITI TF-2 §3.41.4.1.3.2, whose order this is: validate and update the metadata, make the
documents retrievable, register, answer. On refusal nothing stays behind but unreferenced blobs.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from xds.audit.event import Concerned
from xds.story import Call, Outcome, Refused

from repository.credentials import Credentials
from repository.iti41_provide import custody, failure, message, relay
from repository.iti41_provide.custody import OfferedDocument
from repository.registry_client import RegistryAnswer, RegistryClient, RegistryUnavailableError
from repository.vault.api import Blobs, Holding, Receipt, Staged, Vault, VaultError
from xds.domain import AffinityDomain
from xds.ebrim.response import registry_response
from xds.ebrim.writer import write_submit_objects
from xds.metadata.submission import Submission, read_submission
from xds.soap.exchange import Answer, Attachments

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provide:
    """The room's handle."""

    vault: Vault
    registry: RegistryClient
    repository_unique_id: str
    domain: AffinityDomain
    credentials: Credentials
    """Who calls the Registry: the Repository's own word for the caller, or the caller's own."""

    def __call__(self, call: Call) -> Outcome:
        """Provide and Register Document Set-b [ITI-41].

        Spec: ITI TF-2 §3.41.4.1.3.2. Errors: as the room's contract says.
        """
        # (1) Read the envelope, and check all that can be known before a byte of a document.
        provided = message.read_request(call.request)
        submission, wrong = read_submission(
            provided.objects, actor="repository", domain=self.domain
        )
        unmatched = custody.match(provided.entries, provided.documents)
        complaints = (*provided.complaints, *wrong, *unmatched)
        concerned = _concerned(submission)
        if submission is None or any(c.is_error for c in complaints):
            raise Refused(complaints, concerned)
        with _refusing_what_fails(concerned):
            # (2) Take the bytes in, where nobody can find them yet.
            with _staging(self.vault.blobs) as staged:
                receive(self.vault.blobs, provided.documents, call.attachments, staged)
                receipts = {identifier: file.receipt for identifier, file in staged.items()}
                # (3) Compare them with what the metadata says.
                differing = [c for e in provided.entries for c in custody.verify(e, receipts[e.id])]
                if differing:
                    raise Refused((*complaints, *differing), concerned)
                # (4) Complete the metadata for the Registry.
                objects = custody.updated(provided.objects, receipts, self.repository_unique_id)
                letter, security = write_submit_objects(objects), self.credentials.header(call)
                # (5) Make the documents durable and retrievable.
                self.vault.blobs.keep(_each_once(staged.values()))
            holdings = _holdings(submission, receipts)
            conflicts = self.vault.index.admit(holdings)
            if conflicts:
                named = {e.unique_id: e.rim for e in submission.document_entries}
                clashing = [
                    custody.conflict_complaint(named[c.offered.unique_id], c) for c in conflicts
                ]
                raise Refused((*complaints, *clashing), concerned)
            # (6) Register.
            answer = self._register(letter, security, holdings, concerned)
        # (7) Answer what the Registry answered.
        body, where = call.request.body, call.request.body_where
        relayed = (*complaints, *relay.relayed(answer, body, where))
        if not answer.is_success:
            self._withdraw(holdings, sure=not answer.is_resend)
            raise Refused(relayed, concerned)
        return Outcome(
            answer=Answer(action=message.RESPONSE, body=(registry_response(relayed),)),
            concerned=concerned,
            complaints=relayed,
        )

    def _register(
        self, letter: bytes, security: bytes, holdings: Sequence[Holding], concerned: Concerned
    ) -> RegistryAnswer:
        try:
            return self.registry.register(letter, security)
        except RegistryUnavailableError as unavailable:
            log.warning("no answer from %s: %s", self.registry.url, unavailable)
            self._withdraw(holdings, sure=not unavailable.may_be_registered)
            raise Refused((failure.of_registry(unavailable),), concerned) from unavailable

    def _withdraw(self, holdings: Sequence[Holding], *, sure: bool) -> None:
        """Forget the uniqueIds, unless the Registry may have registered them all the same."""
        if not sure:
            return
        try:
            self.vault.index.withdraw(holdings)
        except VaultError:
            log.exception("a refused submission's uniqueIds stay in the index")


def receive(
    blobs: Blobs,
    documents: Sequence[OfferedDocument],
    attachments: Attachments,
    staged: dict[str, Staged],
) -> None:
    """Stage every document, inline ones first, attachments in the order of the wire.

    Spec: XOP 1.0 §4 (parts in any order). A part that no Document names is read past.
    Errors: SoapFault when a part is missing or came twice; VaultError.
    """
    wanted: dict[str, list[str]] = {}
    for document in documents:
        if document.content_id is None:
            staged[document.id] = blobs.stage((document.content or b"",))
        else:
            wanted.setdefault(document.content_id, []).append(document.id)
    if not wanted:
        return
    came: list[str] = []
    for attachment in attachments:
        if attachment.content_id in came and attachment.content_id in wanted:
            raise failure.part_twice(attachment.content_id)
        came.append(attachment.content_id)
        identifiers = wanted.get(attachment.content_id, [])
        if identifiers:
            file = blobs.stage(attachment.chunks())
            staged.update(dict.fromkeys(identifiers, file))
    missing = [content_id for content_id in wanted if content_id not in came]
    if missing:
        raise failure.parts_missing(missing, came)


@contextmanager
def _staging(blobs: Blobs) -> Iterator[dict[str, Staged]]:
    """Hold what is staged, by document id, and discard what was not kept."""
    staged: dict[str, Staged] = {}
    try:
        yield staged
    finally:
        blobs.discard(_each_once(staged.values()))


@contextmanager
def _refusing_what_fails(concerned: Concerned) -> Iterator[None]:
    try:
        yield
    except VaultError as error:
        log.exception("the vault failed")
        raise Refused((failure.of_vault(error),), concerned) from error


def _each_once(files: Iterable[Staged]) -> list[Staged]:
    """Return each file once; two Documents may name the same part."""
    return list({id(file): file for file in files}.values())


def _holdings(submission: Submission, receipts: Mapping[str, Receipt]) -> list[Holding]:
    return [
        Holding(
            unique_id=entry.unique_id,
            receipt=receipts[entry.rim.id],
            mime_type=entry.mime_type,
        )
        for entry in submission.document_entries
    ]


def _concerned(submission: Submission | None) -> Concerned:
    if submission is None:
        return Concerned()
    return Concerned(
        patients=(submission.submission_set.patient_id,),
        documents=tuple(e.unique_id for e in submission.document_entries),
        submission_set=submission.submission_set.unique_id,
    )
