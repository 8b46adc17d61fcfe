"""The story of ITI-79: read, look up, decide, tell, answer; one consistent state for all documents.

Spec: SeR supplement §3.79.4.1.3, §3.79.5.1.2 (audit).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import uuid4

from lxml import etree

from registry.access.verdicts import Asker, Verdicts
from registry.failures import failing
from registry.iti79_authorize.rules import Judged, judge
from registry.ledger.api import AccessClass, Columns, Kind, Latest, Ledger, Reader, Select
from registry.telling.api import NobodyTold, Telling
from xds.access.decision_query import REQUEST, DecisionQuery, read_decision_query
from xds.access.decision_response import Head, write_decisions, write_failure
from xds.access.policy import Policy
from xds.access.xacml import REQUEST_ACTION, RESPONSE_ACTION
from xds.audit.event import AboutObject, Concerned
from xds.clock import Clock
from xds.errors import Complaint, ErrorCode, Where, quote
from xds.namespaces import XACML_CONTEXT
from xds.soap.exchange import Answer, SoapRequest
from xds.story import Call, Outcome, Refused, Room

NewId = Callable[[], str]
OURS: Final = frozenset({ErrorCode.XDS_REGISTRY_BUSY, ErrorCode.XDS_REGISTRY_OUT_OF_RESOURCES})
"""What the asker cannot mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorize:
    """The room's handle."""

    ledger: Ledger
    policy: Policy
    telling: Telling
    issuer: str
    new_id: NewId

    def __call__(self, call: Call) -> Outcome:
        """Answer an Authorization Decisions Query [ITI-79].

        Spec: SeR supplement §3.79.4.1.3. Errors: Refused, as the room's contract says.
        """
        # (1) Read: who may do what with which documents, and whether it is the assertion's caller.
        query, complaints = read_decision_query(call.request.body, call.request.body_where)
        concerned = Concerned(query=_sent(call.request.body))
        if query is None:
            raise Refused(complaints, concerned)
        concerned = replace(
            concerned, documents=tuple(one.document_unique_id for one in query.documents)
        )
        if query.subject_id != call.caller.identity:
            raise Refused((_other_subject(query, call.request.body_where),), concerned)
        # (2) Look up and decide, every document in the same state of the ledger.
        asker = Asker(caller=call.caller, policy=self.policy, instant=call.instant)
        with failing(concerned):
            judged = self.ledger.read(lambda reader: _judge(reader, query, asker))
            # (3) Have the patients told whose records an emergency opens.
            patients = sorted({p for one in judged for p in one.patients_to_tell})
            if patients and asker.mode is not None:
                self.telling.tell(patients, call.caller, asker.mode, call.instant)
        # (4) Answer.
        head = Head(
            response_id=self.new_id(),
            in_response_to=query.query_id,
            issuer=self.issuer,
            instant=call.instant,
        )
        body = write_decisions((one.verdict for one in judged), head)
        return Outcome(
            answer=Answer(action=RESPONSE_ACTION, body=(body,)),
            concerned=_concerned(concerned, judged),
        )


def _judge(reader: Reader, query: DecisionQuery, asker: Asker) -> list[Judged]:
    """Return what is decided about each document, in the order of the question."""
    verdicts = Verdicts(asker=asker, records=reader.records)
    verdicts.foresee_assumed()
    told = asker.before(query.action)
    entries = _entries(reader, {one.document_unique_id for one in query.documents})
    here = _here(reader, query)
    verdicts.foresee({patient_id for found in entries.values() for patient_id, _, _ in found})
    return [
        judge(
            asked,
            entries.get(asked.document_unique_id, ()),
            is_here=(asked.repository_unique_id, asked.document_unique_id) in here,
            decide=lambda of: verdicts.on_document(query.action, of),
            told=told,
        )
        for asked in query.documents
    ]


def _entries(reader: Reader, unique_ids: Iterable[str]) -> dict[str, list[AccessClass]]:
    """Return what a decision asks of every DocumentEntry of these documents, by uniqueId."""
    found: dict[str, list[AccessClass]] = {}
    where = (Columns(column="unique_id", values=tuple(sorted(unique_ids))), Latest())
    for entry in reader.select(Select(kind=Kind.DOCUMENT_ENTRY, where=where)):
        found.setdefault(entry.unique_id, []).append((entry.patient_id, entry.access, entry.status))
    return found


def _here(reader: Reader, query: DecisionQuery) -> set[tuple[str, str]]:
    """Return which documents are registered as held by the Repository that is named."""
    by_repository: dict[str, set[str]] = {}
    for one in query.documents:
        by_repository.setdefault(one.repository_unique_id, set()).add(one.document_unique_id)
    return {
        (repository, entry.unique_id)
        for repository, unique_ids in by_repository.items()
        for entry in reader.select(
            Select(
                kind=Kind.DOCUMENT_ENTRY,
                where=(
                    Columns(column="unique_id", values=tuple(sorted(unique_ids))),
                    Columns(column="repository_unique_id", values=(repository,)),
                    Latest(),
                ),
            )
        )
    }


def _concerned(asked: Concerned, judged: Sequence[Judged]) -> Concerned:
    return replace(
        asked,
        patients=tuple(sorted({p for one in judged for p in one.patients})),
        about=tuple(
            AboutObject(
                id=one.asked.document_unique_id,
                repository_unique_id=one.asked.repository_unique_id,
                patient=one.patients[0] if len(one.patients) == 1 else "",
                is_refused=not one.verdict.is_permitted,
            )
            for one in judged
        ),
        decision="; ".join(sorted({word for one in judged for word in one.shown}, reverse=True)),
        is_emergency=any(one.is_emergency for one in judged),
    )


def _sent(body: etree._Element) -> bytes:
    """Return the Request, which the audit message holds; the whole body where there is none."""
    request = body.find(f"{{{XACML_CONTEXT}}}Request")
    return etree.tostring(body if request is None else request, with_tail=False)


def _other_subject(query: DecisionQuery, where: Where) -> Complaint:
    return Complaint(
        code=ErrorCode.XDS_REGISTRY_ERROR,
        subject="XACMLAuthzDecisionQuery",
        rule="the subject-id is the NameID of the assertion (SeR supplement §3.79.4.1.2.1.1)",
        came=quote(query.subject_id),
        expected="whom the assertion of the same message is about",
        fix="send question and assertion about the same person",
        where=where,
    )


def room(  # noqa: PLR0913 - what a decision depends on
    *,
    ledger: Ledger,
    policy: Policy,
    clock: Clock,
    telling: Telling | None = None,
    issuer: str = "",
    new_id: NewId = lambda: f"_{uuid4()}",
) -> Room:
    """Return the room over a ledger; `clock` is for answers to what is refused.

    `issuer` names the Registry in its answers; `telling` has patients told of an emergency.
    """

    def refuse(complaints: tuple[Complaint, ...], request: SoapRequest | None) -> bytes:
        asked = (request.body.get("ID") or "") if request is not None else ""
        head = Head(response_id=new_id(), in_response_to=asked, issuer=issuer, instant=clock())
        return write_failure(complaints, head, is_ours=any(c.code in OURS for c in complaints))

    return Room(
        transaction="ITI-79",
        action=REQUEST_ACTION,
        response_action=RESPONSE_ACTION,
        body=REQUEST,
        handle=Authorize(
            ledger=ledger,
            policy=policy,
            telling=telling or NobodyTold(),
            issuer=issuer,
            new_id=new_id,
        ),
        refuse=refuse,
    )
