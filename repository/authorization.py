"""Whether a caller may have documents: asked of the Registry, once for each request [ITI-79].

Theory. The Repository knows bytes, the Registry knows whose they are and what the patient wants: so
the Repository, as Authorization Decisions Verifier, asks before it opens anything, and does only
what a parsed answer permits. A document about which nothing was said is denied; a Registry that
does not answer denies all. It asks about documents that it does not hold, too: an answer, and the
time it takes, are the same for what a caller may not see and for what there is not.

Spec: SeR supplement §3.79.4.1, §3.79.4.2.3.1 (what is decided is enforced; that something was
denied may be hidden, §39.5).
"""

import logging
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final, Protocol

from repository.credentials import Credentials
from repository.document_request import DocumentRequest, complaint_of
from repository.registry_client import (
    RegistryClient,
    RegistryUnavailableError,
    payload_of,
    unusable,
)
from xds.access.decision_query import MAX_RESOURCES, AskedDocument, write_decision_query
from xds.access.decision_response import Verdict, read_decisions
from xds.access.model import Action, Obligation
from xds.access.xacml import REQUEST_ACTION
from xds.audit.event import Concerned, Onward
from xds.audit.event import Outcome as Ending
from xds.errors import Complaint, ErrorCode, Where
from xds.story import Call, Refused

log = logging.getLogger(__name__)
UNDECIDED: Final[Mapping[str, Verdict]] = MappingProxyType({})
DECISION_SECONDS: Final = 15.0
"""How long a question may take: somebody waits for a document. Registering may take longer."""
MAX_TOLD: Final = 500
"""Characters of what the Registry says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What may be done with the documents of one request."""

    verdicts: Mapping[str, Verdict]
    """By uniqueId."""
    permits_others: bool = False
    """Whether a document without a verdict may be had: where nothing is asked."""
    onward: tuple[Onward, ...] = ()
    """For the trail."""

    def permits(self, unique_id: str) -> bool:
        """Whether the caller may have a document."""
        verdict = self.verdicts.get(unique_id)
        return verdict.is_permitted if verdict else self.permits_others

    def told(self, unique_id: str) -> str:
        """Return why not, where the caller may be told; else ''."""
        verdict = self.verdicts.get(unique_id)
        return verdict.rule if verdict and not verdict.is_permitted else ""

    def told_to(self, concerned: Concerned) -> Concerned:
        """Return what a request concerned, with what was decided about it."""
        shown = {_shown(one) for one in self.verdicts.values()}
        obligations = [one.obligations for one in self.verdicts.values()]
        return replace(
            concerned,
            decision="; ".join(sorted(shown, reverse=True)),
            is_emergency=any(Obligation.TRACE_EMERGENCY in one for one in obligations),
            onward=self.onward,
        )


class UndecidedError(Exception):
    """Nobody decided, so nothing may be had."""

    def __init__(self, unavailable: RegistryUnavailableError, onward: Onward) -> None:
        super().__init__(str(unavailable))
        self.is_fault = unavailable.is_fault
        self.onward = (onward,)


class Authorization(Protocol):
    """Decides, or has it decided."""

    def decide(self, call: Call, unique_ids: Sequence[str], action: Action) -> Decided:
        """Return what the caller may do with documents of this Repository.

        Errors: UndecidedError.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Unasked:
    """Where every trusted caller may have everything: nobody is asked."""

    def decide(self, call: Call, unique_ids: Sequence[str], action: Action) -> Decided:  # noqa: ARG002
        """Permit all. Errors: none."""
        return Decided(verdicts=UNDECIDED, permits_others=True)


NOBODY_ASKED: Final = Unasked()


@dataclass(frozen=True, slots=True, kw_only=True)
class AskRegistry:
    """Asks the Registry in the caller's name, as ITI-42 registers in it."""

    registry: RegistryClient
    credentials: Credentials
    repository_unique_id: str
    new_id: Callable[[], str] = field(default=lambda: f"_{uuid.uuid4()}")

    def decide(self, call: Call, unique_ids: Sequence[str], action: Action) -> Decided:
        """Ask about all documents at once. Errors: UndecidedError; SoapFault, as the credentials'.

        Spec: SeR supplement §3.79.4.1.
        """
        if not unique_ids:
            return Decided(verdicts=UNDECIDED)
        verdicts: dict[str, Verdict] = {}
        try:
            for portion in _portions(unique_ids):
                verdicts |= self._ask(call, portion, action)
        except RegistryUnavailableError as unavailable:
            log.warning("no decision from %s: %s", self.registry.url, unavailable)
            raise UndecidedError(unavailable, self._onward(Ending.FAULT)) from unavailable
        return Decided(verdicts=verdicts, onward=(self._onward(Ending.SUCCESS),))

    def _ask(self, call: Call, unique_ids: Sequence[str], action: Action) -> dict[str, Verdict]:
        query_id = self.new_id()
        documents = tuple(
            AskedDocument(document_unique_id=one, repository_unique_id=self.repository_unique_id)
            for one in unique_ids
        )
        question = write_decision_query(
            call.caller, documents, action, query_id=query_id, instant=call.instant
        )

        def read(http_status: int, content: bytes) -> dict[str, Verdict]:
            payload = payload_of(http_status, content)
            try:
                return read_decisions(payload, query_id)
            except ValueError as error:
                raise unusable(http_status, str(error)) from error

        verdicts, _ = self.registry.exchange(
            REQUEST_ACTION, question, self.credentials.header(call), read
        )
        return {one: verdicts[one] for one in unique_ids if one in verdicts}

    def _onward(self, ending: Ending) -> Onward:
        return Onward(transaction="ITI-79", endpoint=self.registry.url, outcome=ending)


def have_decided(
    authorization: Authorization,
    call: Call,
    unique_ids: Iterable[str],
    action: Action,
    concerned: Concerned,
) -> Decided:
    """Return what is decided about documents of this Repository; each is asked about once.

    Errors: Refused (XDSRegistryNotAvailable), of all of `concerned`, when nobody decided.
    """
    try:
        return authorization.decide(call, tuple(dict.fromkeys(unique_ids)), action)
    except UndecidedError as error:
        complaint = _undecided(error, call.request.body_where)
        raise Refused((complaint,), replace(concerned, onward=error.onward)) from error


def forbidden(request: DocumentRequest, why: str) -> Complaint:
    """Say why the caller may not have a document. Errors: XDSRepositoryError."""
    return complaint_of(
        request,
        code=ErrorCode.XDS_REPOSITORY_ERROR,
        rule="a document is given, and removed, as the Registry permits it (SeR supplement "
        "§3.79.4.2.3.1)",
        came=f"the Registry's refusal: {_printable(why)}",
        expected="an assertion whose role, authentication and purpose of use give this function",
        fix="mend what the refusal names; otherwise it is the function of somebody else",
    )


def _undecided(error: UndecidedError, where: Where) -> Complaint:
    operators = "ask the operators of the Repository and the Registry"
    return Complaint(
        code=ErrorCode.XDS_REGISTRY_NOT_AVAILABLE,
        subject="the request",
        rule="the Repository does nothing with a document that the Registry has not permitted "
        "(SeR supplement §3.79.4.2.3.1)",
        came=str(error),
        expected="an answer to an Authorization Decisions Query [ITI-79]",
        fix=f"{operators}; both logs have this fault"
        if error.is_fault
        else f"ask again later; if it persists, {operators}",
        where=where,
    )


def _printable(text: str) -> str:
    """Return the Registry's own words, on one line and not too long."""
    return "".join(c if c.isprintable() else " " for c in text[:MAX_TOLD])


def _portions(unique_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield what fits into one question: as a rule, all."""
    for start in range(0, len(unique_ids), MAX_RESOURCES):
        yield unique_ids[start : start + MAX_RESOURCES]


def _shown(verdict: Verdict) -> str:
    word = "permit" if verdict.is_permitted else "deny"
    why = verdict.basis or verdict.reason
    return f"{word}: {why}" if why else word
