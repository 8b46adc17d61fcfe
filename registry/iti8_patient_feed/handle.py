"""The story of one ADT message: read, change, trace, acknowledge; whatever the octets are.

    (1) read          octets -> header -> segments -> changes
    (2) change        registry.patients: rules and ledger, one transaction, durable
    (3) trace         one event, two for a merge; nothing is acknowledged before it is traced
    (4) acknowledge   AA, AE or AR

Spec: ITI TF-2 §3.8.4.1.4, §3.8.4.2.4, §3.8.5, §3.64.4.1.3, §3.64.5, Appendix C.2.3.
"""

import logging
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from registry.iti8_patient_feed.acknowledge import acknowledge
from registry.iti8_patient_feed.er7 import Segment, read_er7, read_header
from registry.iti8_patient_feed.message import Feed, control_id, read_feed
from registry.iti8_patient_feed.problem import Code, Problem, UnfitMessage
from registry.ledger.api import LedgerBusyError, LedgerFullError
from registry.patients.change import Patients
from registry.patients.changes import (
    Add,
    Changed,
    Fault,
    FaultKind,
    LinkChange,
    Merge,
    PatientChangeRefused,
    Revise,
)
from xds.audit.event import AuditEvent, Concerned, Outcome
from xds.clock import Clock
from xds.log import trace
from xds.security.caller import Caller
from xds.story import Trail

log = logging.getLogger("greffe.feed")

CODES: Final = {
    FaultKind.ILL_FORMED: Code.DATA_TYPE,
    FaultKind.OTHER_AUTHORITY: Code.UNKNOWN_KEY,
    FaultKind.WRONG_IDENTIFIER: Code.DATA_TYPE,
    FaultKind.SAME: Code.DUPLICATE_KEY,
    FaultKind.UNKNOWN: Code.UNKNOWN_KEY,
    FaultKind.SUBSUMED: Code.UNKNOWN_KEY,
    FaultKind.CONFLICT: Code.DATA_TYPE,
    FaultKind.NOTHING_TO_DO: Code.DATA_TYPE,
}
"""HL7's code for what the rules about patients find."""


def new_control_id() -> str:
    """Return an MSH-10 of our own."""
    return secrets.token_hex(10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """At the other end of a connection."""

    peer: str
    """IP address."""
    certificate_subject: str = ""
    certificate_issuer: str = ""

    @property
    def caller(self) -> Caller | None:
        """Who its verified certificate says that it is."""
        if not self.certificate_subject:
            return None
        return Caller(identity=self.certificate_subject, issuer=self.certificate_issuer)


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientFeed:
    """Answers messages. Safe for use by many threads."""

    patients: Patients
    trail: Trail
    clock: Clock
    new_control_id: Callable[[], str] = new_control_id

    def answer(self, octets: bytes, sender: Sender) -> bytes:
        """Return the ACK of a message: its change is durable and traced, or nothing changed."""
        instant = self.clock()
        header = read_header(octets)
        feed: Feed | None = None
        done: tuple[Changed, ...] = ()
        detail = ""
        try:
            # (1) Read.
            feed = read_feed(read_er7(octets), self.patients.domain)
            # (2) Change.
            done = self._change(feed, instant)
            problems, outcome = _warnings(feed, done), Outcome.SUCCESS
        except UnfitMessage as unfit:
            problems, outcome = unfit.problems, Outcome.REFUSED if feed else Outcome.FAULT
        except (LedgerBusyError, LedgerFullError) as error:
            problems, outcome = (_cannot(error),), Outcome.REFUSED
        except Exception as defect:  # noqa: BLE001 - the sender gets an error id, the log the trace
            detail = secrets.token_hex(6)
            log.error("error %s in a patient feed: %s", detail, trace(defect))  # noqa: TRY400
            problems, outcome = (_failed(detail),), Outcome.DEFECT
        # (3) Trace.
        try:
            for event in _events(header, feed, sender, instant, done):
                ended = replace(
                    event,
                    outcome=outcome,
                    codes=_codes(problems),
                    detail=detail or _told(done),
                )
                self.trail.record(ended)
        except OSError as error:
            log.error("the audit trail cannot be written: %s", trace(error))  # noqa: TRY400
            problems = (_untraced(),)
        # (4) Acknowledge.
        for problem in problems:
            log.info("feed %s: %s at %s", int(problem.code), problem.rule, problem.place)
        return acknowledge(header, problems, instant=instant, control_id=self.new_control_id())

    def too_long(self, head: bytes, limit: int, sender: Sender) -> bytes:
        """Return the ACK of a message that goes on beyond the limit; `head` is its beginning."""
        instant, header = self.clock(), read_header(head)
        problem = Problem(
            code=Code.SEGMENT_SEQUENCE,
            place=None,
            rule=f"a message has at most {limit} octets (this Registry's own limit)",
            came="more",
            fix="send no documents in a feed; the limit is [mllp] message_octets",
        )
        for event in _events(header, None, sender, instant):
            self.trail.record(replace(event, codes=_codes((problem,))))
        return acknowledge(header, (problem,), instant=instant, control_id=self.new_control_id())

    def _change(self, feed: Feed, instant: datetime) -> tuple[Changed, ...]:
        """Make a message's changes. Errors: UnfitMessage; the ledger's."""
        try:
            return self.patients.change_all(feed.changes, instant=instant)
        except PatientChangeRefused as refusal:
            found = [_problem(fault, feed) for fault in refusal.faults]
            raise UnfitMessage((*feed.warnings, *found)) from refusal


def _warnings(feed: Feed, done: tuple[Changed, ...]) -> tuple[Problem, ...]:
    found = [_problem(fault, feed) for changed in done for fault in changed.warnings]
    return (*feed.warnings, *found)


def _told(done: tuple[Changed, ...]) -> str:
    """Return for the trail what a message did beside what it says."""
    return "; ".join(filter(None, (_left_behind(done), *(one.choices_told for one in done))))


def _left_behind(done: tuple[Changed, ...]) -> str:
    """Return for the trail what a link change left behind, for whoever follows it up."""
    faults = (fault for changed in done for fault in changed.warnings)
    left = [fault.came for fault in faults if fault.kind is FaultKind.CONFLICT]
    return f"left behind: {'; '.join(left)}" if left else ""


def _problem(fault: Fault, feed: Feed) -> Problem:
    return Problem(
        code=CODES[fault.kind],
        place=feed.places.get(fault.part),
        rule=f"{fault.part}: {fault.rule}",
        came=fault.came,
        fix=fault.fix,
        is_error=fault.is_error,
    )


def _cannot(error: LedgerBusyError | LedgerFullError) -> Problem:
    is_busy = isinstance(error, LedgerBusyError)
    return Problem(
        code=Code.LOCKED if is_busy else Code.INTERNAL,
        place=None,
        rule="the Registry had no room for this message within its time-out"
        if is_busy
        else "the Registry's storage is full",
        came="",
        fix="send the same message again later",
    )


def _failed(error_id: str) -> Problem:
    return Problem(
        code=Code.INTERNAL,
        place=None,
        rule=f"the node failed; its operator finds the cause in its log under error id {error_id}",
        came="",
        fix="send the same message again, and tell the operator if it fails again",
    )


def _untraced() -> Problem:
    return Problem(
        code=Code.INTERNAL,
        place=None,
        rule="the node cannot write its audit trail, so it acknowledges nothing",
        came="",
        fix="send the same message again later",
    )


def _codes(problems: tuple[Problem, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(int(p.code)) for p in problems if p.is_error))


def _events(
    header: Segment,
    feed: Feed | None,
    sender: Sender,
    instant: datetime,
    done: tuple[Changed, ...] = (),
) -> Iterator[AuditEvent]:
    """Yield what is traced, but for how it ended: one event, two for a merge (§3.8.5.2)."""
    for action, concerned in _concerned(feed, done):
        yield AuditEvent(
            instant=instant,
            transaction=feed.transaction if feed else "ITI-8",
            outcome=Outcome.FAULT,
            message_id=control_id(header),
            peer=sender.peer,
            caller=sender.caller,
            concerned=concerned,
            action=action,
            source=f"{header.field(4)}|{header.field(3)}",
            destination=f"{header.field(6)}|{header.field(5)}",
            service="registry",
            process=os.getpid(),
        )


def _concerned(feed: Feed | None, done: tuple[Changed, ...]) -> Iterator[tuple[str, Concerned]]:
    """Yield action and patients of each event of a message."""
    changes = feed.changes if feed else ()
    merges = [change for change in changes if isinstance(change, Merge)]
    links = [change for change in changes if isinstance(change, LinkChange)]
    for merge in merges:
        yield "D", Concerned(patients=(merge.subsumed,))
        yield "U", Concerned(patients=(merge.survivor,))
    for link in links:
        named = {
            "newPatientId": link.new_patient_id,
            "previousPatientId": link.previous_patient_id,
            "localPatientId": link.local_patient_id,
            "subsumedPatientId": link.subsumed_local_patient_id,
        }
        patients = {role: cx for role, cx in named.items() if cx}
        changed = done[0] if done else Changed()
        yield (
            "U",
            Concerned(
                patients=tuple(patients.values()),
                patient_roles=tuple(patients),
                documents=changed.documents,
                submission_set=changed.submission_set,
                submission_set_uuid=changed.submission_set_uuid,
            ),
        )
    if merges or links:
        return
    patients_ = tuple(c.patient_id for c in changes if isinstance(c, Add | Revise))
    action = {"A08": "U"}.get(feed.event, "C") if feed else ""
    yield action, Concerned(patients=patients_)
