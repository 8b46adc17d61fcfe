"""The story of an update: read, look up, check, plan, apply, answer; one transaction.

Spec: MU §3.57.4.1.3 (all or nothing); RMU §3.92.4.1.3. Which rules a room has is its own to say.

A message that changes a status names no logicalID, and the objects that it names may be another
patient's than it says: so a look at whose they are comes first, and is made sure of in the write.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from registry.access.admission import Admission
from registry.access.masking import masked
from registry.access.needs import of_update
from registry.access.verdicts import Asker
from registry.failures import failing
from registry.ledger.api import Kind, Known, Ledger, Unit, Wanted
from registry.named import ends_of_associations, named_objects, write_named
from registry.submission.facts import (
    Facts,
    concerned_by,
    fingerprint_of,
    in_reading_order,
    wanted_of,
)
from registry.submission.naming import NewUuid, new_uuid
from registry.telling.api import NOBODY_TOLD, Telling
from registry.update.operation_rules import Rule
from registry.update.operations import Operations, sort_operations
from registry.update.plan import make_plan
from registry.update.propagation import carried
from xds.access.policy import ANY_TRUSTED, Policy
from xds.audit.event import Concerned
from xds.domain import AffinityDomain
from xds.ebrim.response import Status, registry_response
from xds.ebrim.submit import read_submission_request
from xds.errors import Complaint
from xds.metadata import vocabulary as v
from xds.metadata.code import Code
from xds.metadata.departures import statuses
from xds.metadata.policy import IdentifierCheck
from xds.metadata.rules import UPDATE_RULES
from xds.metadata.views import Submission
from xds.soap.exchange import Answer
from xds.story import Call, Outcome, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The handle of a room that changes metadata."""

    ledger: Ledger
    domain: AffinityDomain
    identifier_checks: Mapping[str, IdentifierCheck]
    rules: tuple[Rule, ...]
    response: str
    """The answer's wsa:Action."""
    new_uuid: NewUuid = new_uuid
    policy: Policy = ANY_TRUSTED
    """Says who may change what."""
    mask: Code | None = None
    """The confidentialityCode that hides a document from professionals, where patients use one."""
    telling: Telling = NOBODY_TOLD

    def __call__(self, call: Call) -> Outcome:
        """Update Document Set [ITI-57] and Restricted Update Document Set [ITI-92].

        Spec: MU §3.57.4.1.3, RMU §3.92.4.1.3. Errors: as the room's contract says, all of a message
        at once.
        """
        # (1) Read: a typed submission, and every complaint that the message alone gives.
        submission, complaints = read_submission_request(
            call.request.body,
            call.request.body_where,
            actor="registry",
            domain=self.domain,
            identifier_checks=self.identifier_checks,
            entry_types=frozenset({v.STABLE, v.ON_DEMAND}),
            rules=UPDATE_RULES,
        )
        if submission is None:
            raise Refused(complaints, Concerned())
        with failing(concerned_by(submission)):
            concerned = write_named(
                self.ledger, wanted_of(submission), self._work(call, submission, complaints)
            )
        # (6) Answer; warnings do not make a failure.
        return Outcome(
            answer=Answer(
                action=self.response, body=(registry_response(complaints, Status.SUCCESS),)
            ),
            concerned=concerned,
            complaints=complaints,
        )

    def _work(
        self, call: Call, submission: Submission, complaints: tuple[Complaint, ...]
    ) -> Callable[[Unit, Wanted], Concerned]:
        asker = Asker(caller=call.caller, policy=self.policy, instant=call.instant)

        def work(unit: Unit, held: Wanted) -> Concerned:
            def operations_on(known: Known) -> Operations:
                facts = Facts(
                    submission=submission, known=known, fingerprint=fingerprint_of(submission)
                )
                return _operations(facts, unit, self.domain)

            def check(known: Known) -> tuple[Complaint, ...]:
                operations = operations_on(known)
                return (*complaints, *(c for rule in self.rules for c in rule(operations)))

            # (2) Look up what the update names, then every version and Association of it.
            known = _look_up(unit, held)
            named_objects(known, held)
            operations = operations_on(known)
            # (3) Decide, and check every rule; collect all complaints.
            admission = Admission.within(unit, asker)
            found = admission.judge(known, check, lambda known: of_update(operations_on(known)))
            concerned = admission.traced(_concerned(submission, known))
            if any(c.is_error for c in found):
                raise Refused(in_reading_order(found), concerned)
            # (4) Plan, and (5) apply; what an emergency changes is told with it or not at all.
            admission.verdicts.tell(self.telling, unit)
            facts = masked(
                operations.facts,
                admission.verdicts,
                self.mask,
                self.new_uuid,
                arriving=frozenset(n.item.entry_uuid for n in operations.versions if n.moves),
            )
            if facts is not operations.facts:
                operations = _operations(facts, unit, self.domain)
            unit.apply(
                make_plan(
                    operations,
                    instant=f"{call.instant:%Y%m%d%H%M%S}",
                    new_uuid=self.new_uuid,
                    message_id=call.request.message_id or "",
                )
            )
            return concerned

        return work


def _operations(facts: Facts, unit: Unit, domain: AffinityDomain) -> Operations:
    operations = sort_operations(facts, statuses(domain.departures), {})
    needed = {n.latest.entry_uuid for n in operations.versions if n.latest}
    needed |= {association.entry_uuid for association in carried(operations)}
    return replace(operations, before=unit.objects(needed))


def _look_up(unit: Unit, wanted: Wanted) -> Known:
    """Return what is named, and every version and Association of it."""
    named = unit.look_up(wanted)
    latest = {versions[-1].entry_uuid for versions in named.by_logical_id.values()}
    ends = ends_of_associations(unit, wanted.entry_uuids)
    lids = {o.logical_id for o in named.by_uuid.values() if o.logical_id}
    return unit.look_up(
        replace(
            wanted,
            touching=wanted.touching | latest | ends,
            logical_ids=wanted.logical_ids | lids,
        )
    )


def _concerned(submission: Submission, known: Known) -> Concerned:
    """Return whom and what an update concerns, for the audit event: what it names too."""
    said = concerned_by(submission)
    entries = [
        known.by_uuid[a.target]
        for a in submission.associations
        if a.target in known.by_uuid and known.by_uuid[a.target].kind is Kind.DOCUMENT_ENTRY
    ]
    patients = (*said.patients, *sorted({o.patient_id for o in entries if o.patient_id}))
    documents = (*said.documents, *(o.unique_id for o in entries))
    return replace(
        said,
        patients=tuple(dict.fromkeys(patients)),
        documents=tuple(dict.fromkeys(documents)),
    )
