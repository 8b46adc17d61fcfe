"""The story of ITI-57: read, look up, check, plan, apply, answer; one transaction.

Spec: XDS Metadata Update §3.57.4.1.3 (all or nothing).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from registry.failures import failing
from registry.iti57_update.asked import Asked
from registry.iti57_update.operations import sort_operations
from registry.iti57_update.plan import make_plan
from registry.iti57_update.rules import check
from registry.ledger.api import Known, Ledger, Unit, Wanted
from registry.submission.facts import (
    Facts,
    concerned_by,
    fingerprint_of,
    in_reading_order,
    wanted_of,
)
from registry.submission.naming import NewUuid, new_uuid
from xds.audit.event import Concerned
from xds.domain import AffinityDomain
from xds.ebrim.response import Status, registry_response
from xds.ebrim.submit import read_submission_request
from xds.errors import Complaint
from xds.metadata import vocabulary as v
from xds.metadata.departures import statuses
from xds.metadata.policy import IdentifierCheck
from xds.metadata.rules import UPDATE_RULES
from xds.metadata.views import Submission
from xds.namespaces import LCM
from xds.soap.exchange import Answer
from xds.story import Call, Outcome, Refused, Room

ACTION: Final = "urn:ihe:iti:2010:UpdateDocumentSet"
RESPONSE: Final = f"{ACTION}Response"


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """The room's handle."""

    ledger: Ledger
    domain: AffinityDomain
    identifier_checks: Mapping[str, IdentifierCheck]
    new_uuid: NewUuid = new_uuid

    def __call__(self, call: Call) -> Outcome:
        """Update Document Set [ITI-57].

        Spec: XDS Metadata Update §3.57.4.1.3. Errors: as the room's contract says.
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
        concerned = concerned_by(submission)
        with failing(concerned):
            self.ledger.write(
                wanted_of(submission), self._work(call, submission, complaints, concerned)
            )
        # (6) Answer; warnings do not make a failure.
        return Outcome(
            answer=Answer(action=RESPONSE, body=(registry_response(complaints, Status.SUCCESS),)),
            concerned=concerned,
            complaints=complaints,
        )

    def _work(
        self,
        call: Call,
        submission: Submission,
        complaints: tuple[Complaint, ...],
        concerned: Concerned,
    ) -> Callable[[Unit], None]:
        def work(unit: Unit) -> None:
            # (2) Look up what the update names, then every version and Association of it.
            known = _look_up(unit, wanted_of(submission))
            # (3) Check every rule; collect all complaints.
            facts = Facts(
                submission=submission, known=known, fingerprint=fingerprint_of(submission)
            )
            operations = sort_operations(facts)
            asked = Asked(operations=operations, statuses=statuses(self.domain.departures))
            found = (*complaints, *check(asked))
            if any(c.is_error for c in found):
                raise Refused(in_reading_order(found), concerned)
            # (4) Plan, and (5) apply.
            unit.apply(
                make_plan(
                    operations,
                    instant=f"{call.instant:%Y%m%d%H%M%S}",
                    new_uuid=self.new_uuid,
                    message_id=call.request.message_id or "",
                )
            )

        return work


def _look_up(unit: Unit, wanted: Wanted) -> Known:
    named = unit.look_up(wanted)
    latest = {versions[-1].entry_uuid for versions in named.by_logical_id.values()}
    ends = {
        end
        for rim in unit.objects(wanted.entry_uuids).values()
        if rim.tag == "Association"
        for end in (rim.attribute("sourceObject"), rim.attribute("targetObject"))
        if end
    }
    return unit.look_up(
        replace(
            wanted,
            touching=wanted.touching | latest | ends,
            logical_ids=wanted.logical_ids
            | {known.logical_id for known in named.by_uuid.values() if known.logical_id},
        )
    )


def room(
    *, ledger: Ledger, domain: AffinityDomain, identifier_checks: Mapping[str, IdentifierCheck]
) -> Room:
    """Return the room over a ledger."""
    return Room(
        transaction="ITI-57",
        action=ACTION,
        response_action=RESPONSE,
        body=f"{{{LCM}}}SubmitObjectsRequest",
        handle=Update(ledger=ledger, domain=domain, identifier_checks=identifier_checks),
        refuse=lambda complaints, _: registry_response(complaints, Status.FAILURE),
    )
