"""The story of ITI-41: check the envelope, take the bytes into custody, register, answer.

Spec: ITI TF-2 §3.41.4.1.3.2, whose order this is: validate and update the metadata, make the
documents retrievable, register, answer. On refusal nothing stays behind but unreferenced blobs.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from repository.authorization import NOBODY_ASKED, Authorization, have_decided
from repository.credentials import Credentials
from repository.iti41_provide import custody, failure, message, relay
from repository.iti41_provide.custody import OfferedDocument
from repository.registry_client import Registration, RegistryClient, RegistryUnavailableError
from repository.vault.api import Blobs, Conflict, Holding, Receipt, Staged, Vault, VaultError
from xds.access.model import Action
from xds.access.silence import FORBIDDEN
from xds.audit.event import Concerned, Onward
from xds.audit.event import Outcome as Ending
from xds.domain import AffinityDomain
from xds.ebrim.response import Status, registry_response
from xds.ebrim.submit import write_submit_objects
from xds.errors import Complaint
from xds.metadata.rim import RimObject
from xds.metadata.submission import read_submission
from xds.metadata.views import Submission
from xds.namespaces import XDSB
from xds.soap.exchange import Answer, Attachments
from xds.soap.xop import missing_parts
from xds.story import Call, Outcome, Refused, Room

log = logging.getLogger(__name__)


class SetSignatures(Protocol):
    """What the domain makes of signatures of whole submission sets (IHE DSG)."""

    def complaints(
        self, submission: Submission, documents: Mapping[str, Staged], instant: datetime
    ) -> tuple[Complaint, ...]:
        """Return what is wrong with those that came; `documents` are by uniqueId."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provide:
    """The room's handle."""

    vault: Vault
    registry: RegistryClient
    repository_unique_id: str
    domain: AffinityDomain
    credentials: Credentials
    """Who calls the Registry: the Repository's own word for the caller, or the caller's own."""
    signatures: SetSignatures | None = None
    """None where nobody looks at them."""
    authorization: Authorization = NOBODY_ASKED
    """Who may know that a uniqueId is taken."""

    def __call__(self, call: Call) -> Outcome:
        """Provide and Register Document Set-b [ITI-41].

        Spec: ITI TF-2 §3.41.4.1.3.2. Errors: as the room's contract says.
        """
        # (1) Read the envelope; check all that can be known before a byte of a document.
        offer = self._read(call)
        # (2) Take the bytes in, and compare them with what the metadata says.
        with _refusing_what_fails(offer.concerned), _staging(self.vault.blobs) as staged:
            receive(self.vault.blobs, offer.provided.documents, call.attachments, staged)
            receipts = {identifier: file.receipt for identifier, file in staged.items()}
            differing = (c for e in offer.entries for c in custody.verify(e, receipts[e.id]))
            offer.refuse_if((*differing, *self._unsigned(offer, staged, call.instant)))
            # (3) Complete the metadata for the Registry.
            objects = custody.updated(offer.provided.objects, receipts, self.repository_unique_id)
            letter, security = write_submit_objects(objects), self.credentials.header(call)
            # (4) Make the documents durable and retrievable: all of them or none.
            holdings = offer.holdings(receipts)
            with self.vault.blobs.sheltered(receipts.values()):
                self.vault.blobs.keep(_each_once(staged.values()))
                conflicts = self.vault.index.admit(holdings)
        offer.refuse_if(self._conflicting(call, offer, conflicts))
        # (5) Register.
        answer = self._register(letter, security, holdings, offer)
        # (6) Answer what the Registry answered, about the caller's own message.
        relayed = relay.relayed(answer, call.request.body, call.request.body_where)
        concerned = self._told(offer, Ending.SUCCESS if answer.is_success else Ending.REFUSED)
        if not answer.is_success:
            self._withdraw(holdings, sure=not answer.is_resend)
            raise Refused((*offer.warnings, *relayed), concerned)
        said = (*offer.warnings, *relayed)
        return Outcome(
            answer=Answer(action=message.RESPONSE, body=(registry_response(said, Status.SUCCESS),)),
            concerned=concerned,
            complaints=said,
        )

    def _read(self, call: Call) -> "_Offer":
        """Return what is offered. Errors: Refused, with every complaint about the envelope."""
        provided = message.read_request(call.request)
        submission, wrong = read_submission(
            provided.objects,
            actor="repository",
            domain=self.domain,
            where=call.request.body_where,
        )
        unmatched = custody.match(provided.entries, provided.documents)
        complaints = (*provided.complaints, *wrong, *unmatched)
        if submission is None or any(c.is_error for c in complaints):
            raise Refused(complaints, _concerned(submission))
        return _Offer(provided=provided, submission=submission, warnings=complaints)

    def _unsigned(
        self, offer: "_Offer", staged: Mapping[str, Staged], instant: datetime
    ) -> tuple[Complaint, ...]:
        """Return what is wrong with the signatures of the set, where the domain looks at them."""
        if self.signatures is None:
            return ()
        named = {e.unique_id: staged[e.rim.id] for e in offer.submission.document_entries}
        return self.signatures.complaints(offer.submission, named, instant)

    def _conflicting(
        self, call: Call, offer: "_Offer", conflicts: Sequence[Conflict]
    ) -> list[Complaint]:
        """Return what is said of uniqueIds that name other bytes: to who may not see them, little.

        Errors: Refused, when nobody decides who may.
        """
        if not conflicts:
            return []
        named = [one.offered.unique_id for one in conflicts]
        decided = have_decided(self.authorization, call, named, Action.CONSULT, offer.concerned)
        seen = [one for one in conflicts if decided.permits(one.offered.unique_id)]
        hidden = [FORBIDDEN] if len(seen) < len(conflicts) else []
        return [*map(offer.conflict, seen), *hidden]

    def _register(
        self, letter: bytes, security: bytes, holdings: Sequence[Holding], offer: "_Offer"
    ) -> Registration:
        try:
            return self.registry.register(letter, security)
        except RegistryUnavailableError as unavailable:
            log.warning("no answer from %s: %s", self.registry.url, unavailable)
            self._withdraw(holdings, sure=not unavailable.may_be_registered)
            complaints = (*offer.warnings, failure.of_registry(unavailable))
            concerned = self._told(offer, Ending.FAULT)
            raise Refused(complaints, concerned) from unavailable

    def _told(self, offer: "_Offer", ending: Ending) -> Concerned:
        """Return whom a submission concerns, and how its registration ended."""
        onward = Onward(transaction="ITI-42", endpoint=self.registry.url, outcome=ending)
        return replace(offer.concerned, onward=(onward,))

    def _withdraw(self, holdings: Sequence[Holding], *, sure: bool) -> None:
        """Forget the uniqueIds, unless the Registry may have registered them all the same."""
        if not sure:
            return
        try:
            self.vault.index.withdraw(holdings)
        except VaultError:
            log.exception("a refused submission's uniqueIds stay in the index")


def room(  # noqa: PLR0913 - what the room stands on
    *,
    vault: Vault,
    registry: RegistryClient,
    credentials: Credentials,
    repository_unique_id: str,
    domain: AffinityDomain,
    signatures: SetSignatures | None = None,
    authorization: Authorization = NOBODY_ASKED,
) -> Room:
    """Return the room over a vault and a way to the Registry."""
    return Room(
        transaction="ITI-41",
        action="urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b",
        response_action=message.RESPONSE,
        body=f"{{{XDSB}}}ProvideAndRegisterDocumentSetRequest",
        handle=Provide(
            vault=vault,
            registry=registry,
            credentials=credentials,
            repository_unique_id=repository_unique_id,
            domain=domain,
            signatures=signatures,
            authorization=authorization,
        ),
        refuse=lambda complaints, _: registry_response(complaints, Status.FAILURE),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Offer:
    """A submission whose envelope is right."""

    provided: message.Provided
    submission: Submission
    warnings: tuple[Complaint, ...]

    @property
    def entries(self) -> tuple[RimObject, ...]:
        return self.provided.entries

    @property
    def concerned(self) -> Concerned:
        return _concerned(self.submission)

    def refuse_if(self, complaints: Iterable[Complaint]) -> None:
        """Refuse when there is any complaint, with all of them."""
        if found := tuple(complaints):
            raise Refused((*self.warnings, *found), self.concerned)

    def holdings(self, receipts: Mapping[str, Receipt]) -> list[Holding]:
        """Return what the Repository will hold under which uniqueId."""
        return [
            Holding(
                unique_id=entry.unique_id,
                receipt=receipts[entry.rim.id],
                mime_type=entry.mime_type,
            )
            for entry in self.submission.document_entries
        ]

    def conflict(self, conflict: Conflict) -> Complaint:
        """Return the complaint about a uniqueId that names other bytes already."""
        named = {e.unique_id: e.rim for e in self.submission.document_entries}
        return custody.conflict_complaint(named[conflict.offered.unique_id], conflict)


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
        raise missing_parts(missing, came)


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


def _concerned(submission: Submission | None) -> Concerned:
    if submission is None:
        return Concerned()
    return Concerned(
        patients=(submission.submission_set.patient_id,),
        documents=tuple(e.unique_id for e in submission.document_entries),
        submission_set=submission.submission_set.unique_id,
    )
