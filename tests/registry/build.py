"""The Registry's rooms as a test calls them: objects and queries in, values out.

registry.register(*a_submission())                      -> Answer of ITI-42
registry.ask("FindDocuments", patient="'…'", …)         -> Answer of ITI-18

Every answer is checked against the schemas on its way.
"""

import itertools
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from lxml import etree

from registry.iti18_stored_query import handle as iti18
from registry.iti42_register import handle as iti42
from registry.iti51_multi_patient_query import handle as iti51
from registry.iti61_register_on_demand import handle as iti61
from registry.ledger.sql import SqlLedger
from registry.query.catalogue import MULTI_PATIENT_QUERIES, STORED_QUERIES
from tests.build.submission import OPEN_DOMAIN, OTHER_PATIENT, PATIENT
from xds.contract import load_schema
from xds.ebrim.query import write_query
from xds.ebrim.response import read_registry_response
from xds.ebrim.submit import write_submit_objects
from xds.errors import Refusal, Where
from xds.limits import Limits
from xds.metadata import vocabulary as v
from xds.metadata.departures import statuses
from xds.metadata.rim import RimObject
from xds.security.caller import Caller
from xds.soap.exchange import SoapRequest
from xds.story import Call, Room

STRANGER = "NOBODY-7^^^&1.3.6.1.4.1.21367.2005.3.7&ISO"
CALLER = Caller(identity="test", issuer="test")
START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
QUERY_IDS = {query.name: query.id for query in (*STORED_QUERIES, *MULTI_PATIENT_QUERIES)}
MULTI_PATIENT = frozenset(query.name for query in MULTI_PATIENT_QUERIES)
BOTH = f"('{v.APPROVED}','{v.DEPRECATED}')"
APPROVED = f"('{v.APPROVED}')"


@dataclass(frozen=True)
class Answer:
    """What a client sees of an answer."""

    status: str
    codes: tuple[str, ...]
    """Of errors."""
    complaints: tuple
    objects: tuple[RimObject, ...]
    body: bytes

    @property
    def ids(self) -> list[str]:
        return [o.id for o in self.objects]

    def of(self, tag: str) -> list[RimObject]:
        return [o for o in self.objects if o.tag == tag]


def answer_of(body: bytes) -> Answer:
    root = etree.fromstring(body)
    load_schema().assertValid(root)
    read = read_registry_response(root)
    return Answer(
        status=read.status.rpartition(":")[2],
        codes=tuple(str(c.code) for c in read.complaints if c.is_error),
        complaints=read.complaints,
        objects=read.objects,
        body=body,
    )


def a_call(body: bytes, *, action: str = "", message_id="", caller=CALLER, instant=START) -> Call:
    root = etree.fromstring(body)
    request = SoapRequest(
        action=action,
        message_id=message_id or f"urn:uuid:{uuid.uuid4()}",
        to=None,
        body=root,
        body_where=Where("body", 1),
        envelope=root,
        envelope_octets=body,
        is_mtom=False,
    )
    return Call(request=request, attachments=(), caller=caller, instant=instant)


def run(room: Room, call: Call) -> Answer:
    """Run a room as the story does, as far as refusals go."""
    try:
        answer = room.handle(call).answer
    except Refusal as refusal:
        complaints = refusal.complaints
    else:
        return answer_of(b"".join(answer.body))
    assert complaints, "a refusal without a word"
    return answer_of(room.refuse(complaints, call.request))


@dataclass
class Registry:
    """The rooms over one ledger, and a clock that goes on by a minute with every submission."""

    ledger: SqlLedger
    registering: Room
    registering_on_demand: Room
    asking: Room
    asking_of_several: Room
    clock: "itertools.count[int]" = field(default_factory=itertools.count)

    @classmethod
    def over(cls, ledger: SqlLedger, domain=OPEN_DOMAIN, limits: Limits | None = None):
        for patient in (PATIENT, OTHER_PATIENT):
            ledger.add_patient(patient, "20260101000000")
        known = statuses(domain.departures)
        return cls(
            ledger=ledger,
            registering=iti42.room(ledger=ledger, domain=domain, identifier_checks={}),
            registering_on_demand=iti61.room(ledger=ledger, domain=domain, identifier_checks={}),
            asking=iti18.room(ledger=ledger, limits=limits or Limits(), statuses=known),
            asking_of_several=iti51.room(ledger=ledger, limits=limits or Limits(), statuses=known),
        )

    def register(
        self,
        *objects: RimObject,
        caller=CALLER,
        message_id="",
        body=b"",
        on_demand=False,
        instant=None,
    ) -> Answer:
        instant = instant or START + timedelta(minutes=next(self.clock))
        sent = body or write_submit_objects(objects)
        return run(
            self.registering_on_demand if on_demand else self.registering,
            a_call(sent, caller=caller, message_id=message_id, instant=instant),
        )

    def registered(self, *objects: RimObject, on_demand=False) -> Answer:
        answer = self.register(*objects, on_demand=on_demand)
        assert answer.status == "Success", [c.code_context for c in answer.complaints]
        return answer

    def ask(self, query: str, slots=(), *, returns="LeafClass", home="", **named) -> Answer:
        """Ask a stored query; `slots` are pairs of name and values, a name may come again."""
        pairs = [*slots.items()] if isinstance(slots, dict) else [*slots]
        pairs += [(f"${name}", value) for name, value in named.items()]
        body = a_query(query, pairs, returns=returns, home=home)
        return self.send(body, of_several=query in MULTI_PATIENT)

    def send(self, body: bytes, *, of_several=False) -> Answer:
        return run(self.asking_of_several if of_several else self.asking, a_call(body))

    def find(self, patient: str = PATIENT, status: str = BOTH, **named) -> Answer:
        """FindDocuments, which must succeed."""
        answer = self.ask(
            "FindDocuments",
            XDSDocumentEntryPatientId=text(patient),
            XDSDocumentEntryStatus=status,
            **named,
        )
        assert answer.status == "Success", [c.code_context for c in answer.complaints]
        return answer

    def everything(
        self, patient: str = PATIENT, status=(v.APPROVED, v.DEPRECATED), returns="LeafClass"
    ) -> Answer:
        """Every version of everything, with every Association."""
        both, status = texts(v.STABLE, v.ON_DEMAND), texts(*status)
        return self.ask(
            "GetAll",
            patientId=text(patient),
            XDSDocumentEntryStatus=status,
            XDSSubmissionSetStatus=status,
            XDSFolderStatus=status,
            XDSDocumentEntryType=both,
            XDSAssociationStatus=status,
            MetadataLevel="2",
            returns=returns,
        )

    def entry(self, unique_id: str) -> RimObject:
        """The last registered entry of that uniqueId."""
        answer = self.ask("GetDocuments", XDSDocumentEntryUniqueId=texts(unique_id))
        return answer.of("ExtrinsicObject")[-1]


def text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def texts(*values: str) -> str:
    return "(" + ",".join(map(text, values)) + ")"


def a_query(query: str, pairs=(), *, returns="LeafClass", home="") -> bytes:
    """An AdhocQueryRequest; pairs of slot name and value or list of values."""
    empty = write_query(QUERY_IDS.get(query, query), {}, return_type=returns, home=home)
    written = b"".join(
        write_query("", {name: (value,) if isinstance(value, str) else value})
        .split(b'<rim:AdhocQuery id="">')[1]
        .split(b"</rim:AdhocQuery>")[0]
        for name, value in pairs
    )
    return empty.replace(b"</rim:AdhocQuery>", written + b"</rim:AdhocQuery>")
