"""The story of a stored query: which, with which criteria, over one consistent state of the ledger.

Spec: ITI TF-2 §3.18.4.1.3, §3.51.4.1.3. Which queries a room knows is said by its table.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from lxml import etree

from registry.access.admission import told
from registry.access.sight import Sight
from registry.access.verdicts import Asker, Verdicts, shown
from registry.failures import failing
from registry.ledger.api import Found, Kind, Ledger, Reader, Select, Selecting
from registry.query.conditions import STATUSES
from registry.query.identity import PatientCheck, unchecked
from registry.query.parameters import read_criteria
from registry.query.recipes import Criteria
from registry.query.table import StoredQuery
from registry.telling.api import NOBODY_TOLD, Telling
from xds.access.model import Action
from xds.access.policy import ANY_TRUSTED, Policy
from xds.audit.event import Concerned
from xds.ebrim.query import AdhocQuery, read_query
from xds.ebrim.response import Status, query_response
from xds.ebrim.writer import escape_attribute
from xds.errors import Complaint, ErrorCode, Refusal, quote
from xds.limits import Limits
from xds.namespaces import QUERY
from xds.soap.exchange import Answer
from xds.story import Call, Outcome, Refused, Room

LEAF_CLASS, OBJECT_REF = "LeafClass", "ObjectRef"


class _TooManyError(Exception):
    """More objects than one answer may hold."""


class _Bounded:
    """A reader that stops as soon as the limit of one answer is passed."""

    def __init__(self, reader: Selecting, limit: int) -> None:
        self._reader = reader
        self._limit = limit

    def select(self, wanted: Select, limit: int | None = None) -> list[Found]:
        """Return the objects. Errors: _TooManyError."""
        bound = self._limit + 1 if limit is None else min(limit, self._limit + 1)
        found = self._reader.select(wanted, bound)
        if len(found) > self._limit:
            raise _TooManyError
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """The room's handle."""

    ledger: Ledger
    limits: Limits
    queries: Mapping[str, StoredQuery]
    """By id."""
    response: str
    """The answer's wsa:Action."""
    statuses: frozenset[str] = STATUSES
    """availabilityStatus values that the affinity domain knows."""
    policy: Policy = ANY_TRUSTED
    telling: Telling = NOBODY_TOLD
    check_patient: PatientCheck = unchecked
    """Judges patient identifiers."""

    def __call__(self, call: Call) -> Outcome:
        """Registry Stored Query [ITI-18] and Multi-Patient Stored Query [ITI-51].

        Spec: ITI TF-2 §3.18.4.1.3. Errors: as the room's contract says, all of a query at once.
        """
        sent = etree.tostring(call.request.body, with_tail=False)
        concerned = Concerned(query=sent)
        # (1) Read: the query, and what its parameters become.
        try:
            asked = read_query(call.request.body, call.request.body_where)
        except Refusal as refusal:
            raise Refused(refusal.complaints, concerned) from refusal
        concerned = Concerned(query=sent, query_id=asked.query_id, query_home=asked.home)
        query = self.queries.get(asked.query_id.lower())
        if query is None:
            raise Refused((_unknown(asked, self.queries), *_return_type(asked)), concerned)
        criteria, complaints = read_criteria(query, asked, self.statuses, self.check_patient)
        complaints = (*_return_type(asked), *complaints)
        if any(c.is_error for c in complaints):
            raise Refused(complaints, concerned)
        concerned = replace(concerned, patients=criteria.patients)
        # (2) Decide what the message alone decides.
        is_leaf = asked.return_type == LEAF_CLASS
        asker = Asker(caller=call.caller, policy=self.policy, instant=call.instant)
        action = Action.FIND if is_leaf else Action.FIND_REFERENCE
        if denial := asker.before(action, criteria.patients):
            raise Refused((told(denial),), replace(concerned, decision=shown(denial)))
        # (3) Look up what the caller sees, in one consistent state.
        limit = self.limits.results if is_leaf else self.limits.elements
        with failing(concerned):
            try:
                found, verdicts = self.ledger.read(
                    lambda reader: _look_up(reader, query, criteria, asker, action, limit)
                )
            except _TooManyError:
                raise Refused((_too_many(asked, query, limit),), concerned) from None
        concerned = replace(
            concerned,
            patients=tuple(sorted({*criteria.patients, *_patients(found)})),
            decision=verdicts.shown,
            is_emergency=verdicts.is_emergency,
        )
        # (4) Check what may leave in one answer.
        if len(found) > limit:
            raise Refused((_too_many(asked, query, limit),), concerned)
        if is_leaf and query.is_for_one_patient and len(_patients(found)) > 1:
            raise Refused((_several_patients(asked, query),), concerned)
        # (5) Let the patients know, before anything leaves.
        with failing(concerned):
            verdicts.tell(self.telling)
        # (6) Answer, spliced from what is stored, with the warnings if there are any.
        fragments = [o.fragment for o in found] if is_leaf else [object_ref(o) for o in found]
        return Outcome(
            answer=Answer(action=self.response, body=(query_response(fragments, complaints),)),
            concerned=concerned,
        )


def _look_up(  # noqa: PLR0913, PLR0917 - what one look at the ledger depends on
    reader: Reader,
    query: StoredQuery,
    criteria: Criteria,
    asker: Asker,
    action: Action,
    limit: int,
) -> tuple[list[Found], Verdicts]:
    """Return what the caller sees of what the query selects, and what was decided for it."""
    verdicts = Verdicts(asker=asker, records=reader.records)
    sight = Sight(reader=reader, verdicts=verdicts, action=action)
    verdicts.foresee_assumed()
    for patient_id in criteria.patients:
        verdicts.on_record(action, patient_id)
    seen: Selecting = reader if asker.may_all else sight
    return query.recipe(_Bounded(seen, limit), criteria), verdicts


def object_ref(found: Found) -> bytes:
    """Return a rim:ObjectRef to a registered object. Spec: ITI TF-2 §3.18.4.1.2.3.1."""
    home = f' home="{escape_attribute(found.home)}"' if found.home else ""
    return f'<rim:ObjectRef id="{escape_attribute(found.entry_uuid)}"{home}/>'.encode()


def _patients(found: Iterable[Found]) -> set[str]:
    """Return whose objects these are; an Association is nobody's."""
    return {o.patient_id for o in found if o.kind is not Kind.ASSOCIATION}


def _return_type(asked: AdhocQuery) -> tuple[Complaint, ...]:
    if asked.return_type in (LEAF_CLASS, OBJECT_REF):
        return ()
    return (
        Complaint(
            code=ErrorCode.XDS_REGISTRY_ERROR,
            subject="ResponseOption",
            rule="returnType is LeafClass or ObjectRef (ITI TF-2 §3.18.4.1.2.3.1)",
            came=quote(asked.return_type),
            expected="'LeafClass' (whole objects) or 'ObjectRef' (ids)",
            fix="set returnType",
            where=asked.response_option_where,
        ),
    )


def _unknown(asked: AdhocQuery, queries: Mapping[str, StoredQuery]) -> Complaint:
    near = difflib.get_close_matches(asked.query_id.lower(), queries, n=1, cutoff=0.8)
    known = ", ".join(f"{query.id} ({query.name})" for query in queries.values())
    return Complaint(
        code=ErrorCode.XDS_UNKNOWN_STORED_QUERY,
        subject="AdhocQuery",
        rule="the id of the AdhocQuery names a stored query (ITI TF-2 §3.18.4.1.2.4)",
        came=quote(asked.query_id),
        expected=f"one of {known}",
        fix=f"did you mean {near[0]} ({queries[near[0]].name})?" if near else "correct the id",
        where=asked.where,
    )


def _too_many(asked: AdhocQuery, query: StoredQuery, limit: int) -> Complaint:
    return Complaint(
        code=ErrorCode.XDS_TOO_MANY_RESULTS,
        subject=f"stored query {query.name}",
        rule=f"one answer of this Registry holds at most {limit} objects (its own limit)",
        came="a query that more objects match",
        expected="a narrower query",
        fix="add a time range or codes, or ask for ObjectRef and then for portions",
        where=asked.where,
    )


def _several_patients(asked: AdhocQuery, query: StoredQuery) -> Complaint:
    return Complaint(
        code=ErrorCode.XDS_RESULT_NOT_SINGLE_PATIENT,
        subject=f"stored query {query.name}",
        rule=f"a LeafClass answer concerns one patient ({query.spec})",
        came="ids of objects of several patients",
        expected="ids of objects of one patient",
        fix="ask for ObjectRef, or send one query for each patient",
        where=asked.where,
    )


def _refuse(complaints: tuple[Complaint, ...], _: object) -> bytes:
    return query_response((), complaints, Status.FAILURE)


def room(  # noqa: PLR0913 - what makes one transaction another
    *,
    transaction: str,
    action: str,
    queries: Iterable[StoredQuery],
    ledger: Ledger,
    limits: Limits,
    statuses: frozenset[str] = STATUSES,
    policy: Policy = ANY_TRUSTED,
    telling: Telling = NOBODY_TOLD,
    check_patient: PatientCheck = unchecked,
) -> Room:
    """Return a transaction's room over a ledger: these queries and no others."""
    response = f"{action}Response"
    return Room(
        transaction=transaction,
        action=action,
        response_action=response,
        body=f"{{{QUERY}}}AdhocQueryRequest",
        handle=Ask(
            ledger=ledger,
            limits=limits,
            queries={query.id: query for query in queries},
            response=response,
            statuses=statuses,
            policy=policy,
            telling=telling,
            check_patient=check_patient,
        ),
        refuse=_refuse,
    )
