"""The story of a registration: read, look up, check, plan, apply, answer; one transaction.

Spec: ITI TF-2 §3.42.4.1.3, §3.42.4.1.3.1 (atomicity), §3.61.4.1.3. Which DocumentEntries a room
takes, and by which rules, is the room's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from registry.access.admission import Admission
from registry.access.facts import depositor_of
from registry.access.masking import masked
from registry.access.needs import of_submission
from registry.access.verdicts import Asker
from registry.failures import failing
from registry.ledger.api import Kind, Known, Ledger, Unit
from registry.submission.facts import (
    Facts,
    Rule,
    concerned_by,
    fingerprint_of,
    in_reading_order,
    wanted_of,
)
from registry.submission.naming import NewUuid, new_uuid
from registry.submission.registration import make_plan
from registry.telling.api import NOBODY_TOLD, Telling
from xds.access.policy import ANY_TRUSTED, Policy
from xds.audit.event import Concerned
from xds.domain import AffinityDomain
from xds.ebrim.response import Status, registry_response
from xds.ebrim.submit import read_submission_request
from xds.errors import Complaint
from xds.metadata.code import Code
from xds.metadata.policy import IdentifierCheck
from xds.metadata.views import Submission
from xds.soap.exchange import Answer
from xds.story import Call, Outcome, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """The room's handle."""

    ledger: Ledger
    domain: AffinityDomain
    identifier_checks: Mapping[str, IdentifierCheck]
    """By the name that the domain gives an authority's check: returns '' or the fault."""
    entry_type: str
    """objectType of the DocumentEntries that the transaction registers."""
    rules: tuple[Rule, ...]
    """What depends on what is registered."""
    response: str
    """The answer's wsa:Action."""
    new_uuid: NewUuid = new_uuid
    policy: Policy = ANY_TRUSTED
    """Says who may submit, and who among them is the patient or a representative."""
    mask: Code | None = None
    """The confidentialityCode that hides a document from professionals, where patients use one."""
    telling: Telling = NOBODY_TOLD

    def __call__(self, call: Call) -> Outcome:
        """Register Document Set-b [ITI-42] and Register On-Demand Document Entry [ITI-61].

        Spec: ITI TF-2 §3.42.4.1.3, §3.61.4.1.3. Errors: as the room's contract says, all of a
        message at once.
        """
        # (1) Read: a typed submission, and every complaint that the message alone gives.
        submission, complaints = read_submission_request(
            call.request.body,
            call.request.body_where,
            actor="registry",
            domain=self.domain,
            identifier_checks=self.identifier_checks,
            entry_types=frozenset({self.entry_type}),
        )
        if submission is None:
            raise Refused(complaints, Concerned())
        concerned = concerned_by(submission)
        work = self._work(call, submission, complaints, concerned)
        # (2)-(6) Inside one transaction; nothing of it stays when the work refuses.
        with failing(concerned):
            concerned = self.ledger.write(wanted_of(submission), work)
        # (7) Answer; warnings do not make a failure.
        return Outcome(
            answer=Answer(
                action=self.response, body=(registry_response(complaints, Status.SUCCESS),)
            ),
            concerned=concerned,
            complaints=complaints,
        )

    def _work(
        self,
        call: Call,
        submission: Submission,
        complaints: tuple[Complaint, ...],
        concerned: Concerned,
    ) -> Callable[[Unit], Concerned]:
        fingerprint = fingerprint_of(submission)
        message_id = call.request.message_id or ""
        asker = Asker(caller=call.caller, policy=self.policy, instant=call.instant)

        def facts_of(known: Known) -> Facts:
            return Facts(submission=submission, known=known, fingerprint=fingerprint)

        def check(known: Known) -> tuple[Complaint, ...]:
            facts = facts_of(known)
            return (*complaints, *(c for rule in self.rules for c in rule(facts)))

        def work(unit: Unit) -> Concerned:
            # (2) Look up what the submission refers to.
            known = unit.look_up(wanted_of(submission))
            admission = Admission.within(unit, asker)
            if call.caller.vouched_by and _is_retry(submission, known, fingerprint, message_id):
                return concerned
            # (3) Decide, and check every rule; collect all complaints.
            facts = facts_of(known)
            found = admission.judge(known, check, lambda known: of_submission(facts_of(known)))
            traced = admission.traced(concerned)
            if any(c.is_error for c in found):
                raise Refused(in_reading_order(found), traced)
            # (4) Plan, and (5) apply; what an emergency changes is told with it or not at all.
            admission.verdicts.tell(self.telling, unit)
            unit.apply(
                make_plan(
                    masked(facts, admission.verdicts, self.mask, self.new_uuid),
                    instant=f"{call.instant:%Y%m%d%H%M%S}",
                    new_uuid=self.new_uuid,
                    message_id=message_id,
                    depositor=depositor_of(call.caller, self.policy),
                )
            )
            return traced

        return work


def _is_retry(submission: Submission, known: Known, fingerprint: str, message_id: str) -> bool:
    """Return whether this very message was registered before and its answer was lost.

    Why: the Repository cannot know what became of a message without an answer, so it sends the
    same message again. A client's own resubmission is a new message, and an error.
    """
    return any(
        known_set.kind is Kind.SUBMISSION_SET
        and known_set.fingerprint == fingerprint
        and known_set.message_id == message_id != ""
        for known_set in known.by_unique_id.get(submission.submission_set.unique_id, ())
    )
