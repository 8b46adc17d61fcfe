"""A Registry of the French domain as practice software sees the services around a record."""

from dataclasses import dataclass, field
from datetime import timedelta

from lxml import etree

from dmp.ins import CHECKS
from registry.records.change import ChosenBy, Records
from registry.records.entrance import Entrance
from registry.telling.api import NOBODY_TOLD
from tests.build.asking import OTHER, PATIENT, a_caller
from tests.build.records import DMP
from tests.registry.build import START, a_call
from xds.contract import AUTHORISATIONS_BODY, MY_RECORDS_BODY, RECORD_BODY, load_schema
from xds.domain import load_domain
from xds.errors import Refusal

DOMAIN = load_domain("dmp")
HL7 = {"h": "urn:hl7-org:v3"}
SCHEMAS = {
    "urn:hl7-org:v3": RECORD_BODY,
    "asip:ci-sis:gdp:2010": RECORD_BODY,
    "urn:si-dmp-habilitations": AUTHORISATIONS_BODY,
    "urn:si-dmp-patients": MY_RECORDS_BODY,
}


@dataclass
class Trail:
    """Remembers events; or cannot be written."""

    events: list = field(default_factory=list)
    error: Exception | None = None

    def record(self, event):
        if self.error:
            raise self.error
        self.events.append(event)


@dataclass
class Desk:
    """Sends messages to the rooms over one ledger."""

    ledger: object
    rooms: tuple = ()
    policy: object = DMP
    trail: Trail = field(default_factory=Trail)
    telling: object = NOBODY_TOLD
    minutes: int = 0
    outcome: object = None
    refused: object = None

    def __post_init__(self):
        for patient in (PATIENT, OTHER):
            self.ledger.add_patient(patient, "20260101000000")

    @property
    def records(self):
        return Records(ledger=self.ledger, policy=self.policy, trail=self.trail)

    @property
    def entrance(self):
        return Entrance(
            ledger=self.ledger,
            records=self.records,
            policy=self.policy,
            domain=DOMAIN,
            identifier_checks=CHECKS,
            telling=self.telling,
        )

    @property
    def now(self):
        return START + timedelta(minutes=self.minutes)

    def clock(self):
        return self.now

    def choose(self, change, patient=PATIENT):
        """The patient decides, at the command line."""
        self.minutes += 1
        by = ChosenBy(operator="test")
        return self.records.change(patient, change, instant=self.now, by=by)

    def ask(self, text, caller=None):
        """Send a message; returns the answer, which is valid by our schema."""
        self.minutes += 1
        caller = caller or a_caller()
        call = a_call(text.encode(), caller=caller, instant=self.now)
        (room,) = [r for r in self.rooms if r.body == call.request.body.tag]
        self.outcome = self.refused = None
        try:
            self.outcome = room.handle(call)
            body = b"".join(self.outcome.answer.body)
            assert self.outcome.answer.action == room.response_action
        except Refusal as refusal:
            self.refused = refusal
            body = room.refuse(refusal.complaints, call.request)
        answer = etree.fromstring(body)
        load_schema(SCHEMAS[etree.QName(answer).namespace]).assertValid(answer)
        return answer

    @property
    def concerned(self):
        """What the trail would say."""
        return (self.outcome or self.refused).concerned
