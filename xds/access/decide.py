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

from xds.access.case import PATIENT, REPRESENTATIVE, STRANGER, Case
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
from xds.access.policy import ANY, Cell, Policy
from xds.errors import quote
from xds.metadata.hl7v2 import cx_key
from xds.security.caller import Caller

SEEING: Final = frozenset({Action.FIND, Action.FIND_REFERENCE, Action.CONSULT})
"""Actions that show a document, or that it exists."""


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
    if named and cx_key(named) != case.resource.patient_id:
        yield Deny(
            reason=Reason.OTHER_PATIENT,
            rule="the assertion's resource-id names another patient than the message",
        )


def _the_function_is_given(case: Case) -> Iterator[Deny]:
    cell = case.cell(case.action)
    if cell is Cell.NO and case.kind != STRANGER:
        yield Deny(
            reason=Reason.FUNCTION,
            rule=f"{case.action} is not given to {case.kind} in mode {case.mode} with "
            f"authentication {case.caller.authentication_mode or 'unknown'}",
        )
    if cell is Cell.REFERENCE and case.action is not Action.FIND_REFERENCE:
        yield Deny(
            reason=Reason.FUNCTION,
            rule=f"{case.kind} with authentication {case.caller.authentication_mode} may search "
            "references only: ask for returnType ObjectRef",
        )


def _a_patient_sees_the_own_record(case: Case) -> Iterator[Deny]:
    if case.kind == STRANGER:
        yield Deny(reason=Reason.NOT_AUTHORISED, rule="the record is somebody else's")


def _the_record_is_open(case: Case) -> Iterator[Deny]:
    closed = case.choices.state is not RecordState.OPEN
    if closed and case.action not in case.policy.when_closed:
        yield Deny(reason=Reason.RECORD_CLOSED, rule="the record is closed")


def _the_caller_is_not_blocked(case: Case) -> Iterator[Deny]:
    if case.ids & case.choices.blocked and case.action not in case.policy.when_blocked:
        yield Deny(reason=Reason.BLOCKED, rule="the patient blocked this professional")


def _the_patient_did_not_oppose(case: Case) -> Iterator[Deny]:
    needs = case.action not in case.policy.without_authorisation
    if case.is_emergency and needs and not case.is_opened_by_emergency:
        yield Deny(reason=Reason.OPPOSED, rule=f"the patient opposed accesses in mode {case.mode}")


def _the_patient_authorised(case: Case) -> Iterator[Deny]:
    if case.action in case.policy.without_authorisation or case.is_of_the_patients_side:
        return
    own = case.policy.own_without_authorisation and case.is_own
    if not (case.is_attending or case.is_authorised or case.is_opened_by_emergency or own):
        yield Deny(
            reason=Reason.NOT_AUTHORISED, rule="the patient did not authorise this professional"
        )


def _the_document_is_the_callers(case: Case) -> Iterator[Deny]:
    cell, document = case.cell(case.action), case.resource.document
    if document is None:
        return
    if cell is Cell.OWN and not case.is_own:
        yield Deny(reason=Reason.NOT_OWN, rule=f"{case.action} is for the document's author")
    if cell is Cell.STRUCTURE and not case.is_structures:
        yield Deny(reason=Reason.NOT_OWN, rule=f"{case.action} is for the author's structure")
    changed = case.action in (Action.DELETE, Action.ARCHIVE) and document.is_patients
    if changed and not (case.is_attending or case.is_of_the_patients_side):
        yield Deny(reason=Reason.NOT_OWN, rule=f"{case.action}: the patient deposited it")


def _the_type_is_for_the_profession(case: Case) -> Iterator[Deny]:
    document = case.resource.document
    if document is None or case.action not in SEEING or case.is_own or case.is_of_the_patients_side:
        return
    if case.cell(case.action) is Cell.REFERENCE:
        return
    role = case.caller.roles[0] if case.caller.roles else None
    profession = f"{role.code}^{role.system}" if role else ""
    if not _may_see_type(case.policy, profession, "^".join(document.type_code)):
        yield Deny(
            reason=Reason.DOCUMENT_TYPE, rule="documents of this type are not for this profession"
        )


def _may_see_type(policy: Policy, profession: str, type_code: str) -> bool:
    """Return what the most specific row says; without any, no."""
    for row in ((profession, type_code), (profession, ANY), (ANY, type_code), (ANY, ANY)):
        if row in policy.types:
            return policy.types[row]
    return False


def _a_masked_document_stays_masked(case: Case) -> Iterator[Deny]:
    document = case.resource.document
    if document is None or Mark.MASKED not in document.marks or case.is_of_the_patients_side:
        return
    if case.action in (*SEEING, Action.CONSULT_WITHDRAWN, *CHANGING) and not _unmasks(case):
        yield Deny(reason=Reason.MASKED, rule="the document is masked from professionals")


CHANGING: Final = (
    Action.MASK,
    Action.UNMASK,
    Action.MAKE_VISIBLE,
    Action.ARCHIVE,
    Action.UPDATE,
    Action.REPLACE,
)
"""Changes of a document that is named; deleting has a rule of its own in the matrix."""


def _unmasks(case: Case) -> bool:
    match case.cell(Action.CONSULT_MASKED):
        case Cell.YES:
            return True
        case Cell.OWN:
            return case.is_own
        case Cell.CONSENT:
            consented = case.choices.masked_in_emergency and case.is_opened_by_emergency
            return case.is_own or consented
    # Whoever may see no document at all, only references, deletes what is the structure's.
    return case.cell(case.action) in (Cell.STRUCTURE, Cell.REFERENCE) and case.is_structures


def _what_the_patient_does_not_see_yet(case: Case) -> Iterator[Deny]:
    document = case.resource.document
    if document is None or case.action is Action.SUBMIT:
        return
    hidden = document.marks & HIDDEN_FROM.get(case.kind, frozenset())
    if hidden:
        yield Deny(reason=Reason.HIDDEN, rule=f"not visible to the {case.kind}")
    if case.is_of_the_patients_side or case.action is not Action.CONSULT:
        return
    if document.marks - {Mark.MASKED} and case.cell(Action.CONSULT_HIDDEN) is Cell.NO:
        yield Deny(reason=Reason.HIDDEN, rule="hidden documents are not for this kind")


HIDDEN_FROM: Final = {
    PATIENT: frozenset({Mark.HIDDEN_FROM_PATIENT}),
    REPRESENTATIVE: frozenset({Mark.HIDDEN_FROM_PATIENT, Mark.HIDDEN_FROM_REPRESENTATIVES}),
}


def _what_is_withdrawn(case: Case) -> Iterator[Deny]:
    document = case.resource.document
    if document is None or not document.is_withdrawn or case.action is not Action.CONSULT:
        return
    if case.cell(Action.CONSULT_WITHDRAWN) is Cell.NO:
        yield Deny(reason=Reason.FUNCTION, rule="withdrawn documents are not for this kind")


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
