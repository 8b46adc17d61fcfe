"""The access decision: a pure function of what is known, and nothing else.

Theory. A decision is a list of reasons to refuse, tried in order; the first that holds is the
answer, and only who passes all of them is permitted. So a refusal overrides whatever speaks for the
caller, an empty policy refuses, and a role that no kind names refuses. The order puts first what
follows from the caller's own message, which may be told; what follows from the record comes after
it, and is not told.

Laws: the same arguments give the same decision; taking a consent back, blocking or masking never
turns a refusal into a permission.

Spec: none of IHE's; France's rules are the tables of `domains/dmp/access`.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from xds.access.case import (
    CONSULTING,
    DEPOSITING,
    LIMITED,
    PATIENT,
    REPRESENTATIVE,
    STRANGER,
    Case,
)
from xds.access.model import (
    Action,
    Choices,
    Decision,
    Deny,
    Mark,
    Permit,
    Reason,
    RecordState,
    Resource,
)
from xds.access.policy import Cell, Policy
from xds.errors import quote
from xds.metadata.hl7v2 import cx_key
from xds.security.caller import Caller

PATIENTLESS: Final = frozenset({Action.LIST_RECORDS, Action.FIND_PATIENT})
"""Actions that are about no patient yet."""


def decide(  # noqa: PLR0913, PLR0917 - what a decision depends on, all of it
    caller: Caller,
    choices: Choices,
    resource: Resource,
    action: Action,
    policy: Policy,
    instant: datetime,
) -> Decision:
    """Return whether the caller may do this, why, and what must be done before."""
    if policy.permits_any_trusted:
        return Permit(basis="any_trusted")
    case = Case.of(caller, choices, resource, action, policy, instant)
    for rule in RULES:
        for refusal in rule(case):
            return refusal
    return Permit(basis=case.basis, obligations=case.obligations)


Rule = Callable[[Case], Iterator[Deny]]


def _there_is_a_policy(case: Case) -> Iterator[Deny]:
    if not case.policy.functions or not case.policy.kinds:
        yield Deny(reason=Reason.NO_POLICY, rule="this node has no access policy")


def _the_caller_is_of_a_kind(case: Case) -> Iterator[Deny]:
    if not case.caller.identity.strip():
        # Nobody whom a patient could have authorised, or blocked.
        yield Deny(reason=Reason.ROLE_UNKNOWN, rule="the assertion names nobody")
    if not case.kind:
        roles = ", ".join(f"{quote(r.code)} of {quote(r.system)}" for r in case.caller.roles)
        yield Deny(
            reason=Reason.ROLE_UNKNOWN,
            rule=f"the access policy knows no such caller: role {roles or 'absent'}, "
            f"authentication {quote(case.caller.authentication_mode)}",
        )


def _the_purpose_is_known(case: Case) -> Iterator[Deny]:
    if case.mode is None:
        came = case.caller.purpose_of_use.code if case.caller.purpose_of_use else ""
        known = ", ".join(sorted(case.policy.modes))
        yield Deny(
            reason=Reason.MODE_UNKNOWN,
            rule=f"the purpose of use must be one of {known}, came {quote(came)}",
        )


def _an_emergency_is_explained(case: Case) -> Iterator[Deny]:
    if case.mode in case.policy.reason_required and not case.caller.emergency_reason.strip():
        yield Deny(
            reason=Reason.NO_EMERGENCY_REASON,
            rule=f"an access in mode {case.mode} needs its reason in the assertion",
        )


def _the_assertion_is_for_this_patient(case: Case) -> Iterator[Deny]:
    named = case.caller.patient_concerned
    if not named or (case.action in PATIENTLESS and not case.resource.patient_id):
        return
    if cx_key(named) != case.resource.patient_id:
        yield Deny(
            reason=Reason.OTHER_PATIENT,
            rule="the assertion's resource-id names another patient than the message",
        )


def _the_function_is_given(case: Case) -> Iterator[Deny]:
    """Hold what the matrix says of the caller, before any document is looked at."""
    if case.kind == STRANGER:
        return
    for action in case.needed:
        cell = case.cell(action)
        if cell is Cell.IMPUTED and not case.caller.structure:
            yield Deny(
                reason=Reason.FUNCTION,
                rule=f"{action} is imputed to the structure, and the assertion names none",
            )
        if cell is not Cell.NO and (cell is not Cell.REFERENCE or action is Action.FIND_REFERENCE):
            continue
        hint = ""
        if case.action is Action.FIND and case.cell(Action.FIND_REFERENCE) is not Cell.NO:
            hint = "; references may be searched: ask for returnType ObjectRef"
        # That somebody is a representative, the record says and not the message: it is not told.
        by_record = case.kind == REPRESENTATIVE
        yield Deny(
            reason=Reason.NOT_AUTHORISED if by_record else Reason.FUNCTION,
            rule=f"{action} is not given to {case.kind} in mode {case.mode} with "
            f"authentication {quote(case.caller.authentication_mode)}{hint}",
        )


def _a_patient_sees_the_own_record(case: Case) -> Iterator[Deny]:
    if case.kind == STRANGER:
        yield Deny(reason=Reason.NOT_AUTHORISED, rule="the record is somebody else's")


def _the_record_is_open(case: Case) -> Iterator[Deny]:
    closed = case.choices.state is not RecordState.OPEN
    if closed and case.action not in case.policy.when_closed:
        yield Deny(reason=Reason.RECORD_CLOSED, rule="the record is closed")


def _the_caller_is_not_blocked(case: Case) -> Iterator[Deny]:
    if case.is_blocked and case.action not in case.policy.when_blocked:
        yield Deny(reason=Reason.BLOCKED, rule="the patient blocked this professional")


def _the_patient_did_not_oppose(case: Case) -> Iterator[Deny]:
    """Hold an opposition against whoever calls in that mode, authorised or not."""
    is_refused = case.is_opposed and case.action not in case.policy.without_authorisation
    is_refused |= any(case.cell(a) is Cell.CONSENT and not case.gives(a) for a in case.needed)
    if is_refused:
        yield Deny(reason=Reason.OPPOSED, rule=f"the patient opposed accesses in mode {case.mode}")


def _the_patient_authorised(case: Case) -> Iterator[Deny]:
    let_in = case.is_attending or case.is_authorised or case.is_opened_by_emergency
    if case.needs_authorisation and not let_in:
        yield Deny(
            reason=Reason.NOT_AUTHORISED, rule="the patient did not authorise this professional"
        )


def _the_document_is_the_callers(case: Case) -> Iterator[Deny]:
    document = case.resource.document
    if document is None:
        return
    for action in case.needed:
        if case.cell(action) in LIMITED and not case.gives(action):
            whose = "author" if case.cell(action) is Cell.OWN else "author's structure"
            yield Deny(reason=Reason.NOT_OWN, rule=f"{action} is for the document's {whose}")
    # The matrix's footnote to both rows, on top of what their cells say.
    removed = case.action in (Action.DELETE, Action.ARCHIVE) and document.is_patients
    if removed and not (case.is_attending or case.is_of_the_patients_side):
        yield Deny(reason=Reason.NOT_OWN, rule=f"{case.action}: the patient deposited it")


def _the_type_is_for_the_profession(case: Case) -> Iterator[Deny]:
    """Hold the profession's types against every action on a document that is there.

    Whoever may not see a document may not change it either: the answer would tell of it.
    """
    document = case.resource.document
    if document is None or case.action in DEPOSITING or case.is_of_the_patients_side:
        return
    if case.is_author or case.cell(case.action) in (Cell.REFERENCE, Cell.STRUCTURE):
        return
    role = case.caller.roles[0] if case.caller.roles else None
    profession = f"{role.code}^{role.system}" if role else ""
    if not case.policy.shows_type(profession, "^".join(document.type_code)):
        yield Deny(
            reason=Reason.DOCUMENT_TYPE, rule="documents of this type are not for this profession"
        )


def _a_masked_document_stays_masked(case: Case) -> Iterator[Deny]:
    """Hold a mask against every action on the document."""
    document = case.resource.document
    if document is None or case.action in DEPOSITING:
        return
    if Mark.MASKED in document.marks and not case.sees_masked:
        yield Deny(reason=Reason.MASKED, rule="the document is masked from professionals")


def _what_the_patient_does_not_see_yet(case: Case) -> Iterator[Deny]:
    document = case.resource.document
    if document is None or case.action in DEPOSITING:
        return
    if document.marks & HIDDEN_FROM.get(case.kind, frozenset()):
        yield Deny(reason=Reason.HIDDEN, rule=f"not visible to the {case.kind}")
    is_hidden = bool(document.marks - {Mark.MASKED})
    if is_hidden and case.action in CONSULTING and not case.gives(Action.CONSULT_HIDDEN):
        yield Deny(reason=Reason.HIDDEN, rule="hidden documents are not for this kind")


HIDDEN_FROM: Final = {
    PATIENT: frozenset({Mark.HIDDEN_FROM_PATIENT}),
    REPRESENTATIVE: frozenset({Mark.HIDDEN_FROM_PATIENT, Mark.HIDDEN_FROM_REPRESENTATIVES}),
}


def _what_is_withdrawn(case: Case) -> Iterator[Deny]:
    document = case.resource.document
    if document is None or not document.is_withdrawn or case.action not in CONSULTING:
        return
    if not case.gives(Action.CONSULT_WITHDRAWN):
        yield Deny(reason=Reason.WITHDRAWN, rule="withdrawn documents are not for this kind")


RULES: Final[tuple[Rule, ...]] = (
    _there_is_a_policy,
    _the_caller_is_of_a_kind,
    _the_purpose_is_known,
    _an_emergency_is_explained,
    _the_assertion_is_for_this_patient,
    _the_function_is_given,
    _a_patient_sees_the_own_record,
    _the_record_is_open,
    _the_caller_is_not_blocked,
    _the_patient_did_not_oppose,
    _the_patient_authorised,
    _the_document_is_the_callers,
    _the_type_is_for_the_profession,
    _a_masked_document_stays_masked,
    _what_the_patient_does_not_see_yet,
    _what_is_withdrawn,
)
"""In the order in which they are tried."""
