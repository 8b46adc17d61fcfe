"""The story of TD0.4: read, check, decide, look up the records, list those that may be opened.

Spec: DMP, TD0.4. All of it is read in one state of the ledger.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from registry.access.sight import Sight
from registry.access.verdicts import Asker, Verdicts
from registry.failures import failing
from registry.ledger.api import Columns, Kind, Reader, Select, TimeRange
from registry.ledger.fragments import submission_time
from registry.records.entrance import Entrance
from registry.records.fields import operation_room, read_fields, write_answer, written
from registry.records.words import by_policy
from registry.td04_my_records.rules import (
    FIELDS,
    SPEC,
    DateType,
    Standings,
    Wanted,
    complaints_of,
    names_of,
    standings,
    wanted_of,
)
from xds.access.model import Action, Deny, Reason, Standing
from xds.audit.event import Concerned
from xds.metadata.hl7v2 import cx_key, parse_cx
from xds.soap.exchange import Answer
from xds.story import Call, Outcome, Refused, Room

NAMESPACE: Final = "urn:si-dmp-patients"
ACTION: Final = f"{NAMESPACE}:PatientSpecificEndPoint:patientList"
OPERATION: Final = "patientList"
RESPONSE: Final = f"{OPERATION}Response"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One record of the list."""

    patient_id: str
    why: Standings
    last_document: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMine:
    """The room's handle."""

    entrance: Entrance

    def __call__(self, call: Call) -> Outcome:
        """List the records that the caller may open [TD0.4]. Errors: Refused."""
        # (1) Read and check what the message alone gives.
        where = call.request.body_where
        texts, complaints = read_fields(call.request.body, where, FIELDS, spec=SPEC)
        if complaints:
            raise Refused(complaints, Concerned())
        wanted, complaints = wanted_of(texts, where)
        # (2) Decide what follows from the caller alone.
        nobody = self.entrance.before(call, cx_key(call.caller.patient_concerned), None)
        decision = nobody.decide(Action.LIST_RECORDS)
        if isinstance(decision, Deny):
            concerned = Concerned(decision=f"deny: {decision.reason}")
            raise Refused((by_policy(_told(decision), where),), concerned)
        complaints = (*complaints, *complaints_of(wanted, nobody, where))
        if complaints:
            raise Refused(complaints, Concerned())
        # (3) Look up and decide record by record.
        with failing(Concerned()):
            found = self.entrance.ledger.read(lambda reader: self._listed(reader, call, wanted))
        # (4) Answer.
        return Outcome(
            answer=Answer(
                action=f"{ACTION}Response",
                body=(write_answer(RESPONSE, NAMESPACE, inside="".join(map(_item, found))),),
            ),
            concerned=Concerned(
                patients=tuple(one.patient_id for one in found),
                decision=f"permit: {decision.basis}",
            ),
        )

    def _listed(self, reader: Reader, call: Call, wanted: Wanted) -> tuple[Listed, ...]:
        names = names_of(self.entrance.before(call, cx_key(call.caller.patient_concerned), None))
        patients = {
            *reader.patients_of(names, Standing.AUTHORISED),
            *reader.patients_of(names, Standing.ATTENDING),
        }
        found = {
            patient_id: why
            for patient_id, record in sorted(reader.records(patients).items())
            if (why := standings(self.entrance.before(call, patient_id, record)))
        }
        if wanted.date_type is DateType.AUTHORISATION:
            return tuple(
                Listed(patient_id=patient_id, why=why)
                for patient_id, why in found.items()
                if why.since >= wanted.since
            )
        last = self._last_documents(reader, call, found, wanted.since)
        return tuple(
            Listed(patient_id=patient_id, why=why, last_document=last[patient_id])
            for patient_id, why in found.items()
            if patient_id in last
        )

    def _last_documents(
        self, reader: Reader, call: Call, patients: Collection[str], since: str
    ) -> dict[str, str]:
        """Return when the last document was submitted that the caller sees, by patient."""
        asker = Asker(caller=call.caller, policy=self.entrance.policy, instant=call.instant)
        verdicts = Verdicts(asker=asker, records=reader.records)
        sight = Sight(reader=reader, verdicts=verdicts, action=Action.FIND)
        where = (
            Columns(column="patient_id", values=tuple(patients)),
            TimeRange(column="submission_time", lower=since),
        )
        sets = (
            reader.select(Select(kind=Kind.SUBMISSION_SET, where=where)) if where[0].values else []
        )
        held = reader.members(one.entry_uuid for one in sets)
        places = reader.places(m for members in held.values() for m in members)
        documents = {u for u, place in places.items() if place.kind is Kind.DOCUMENT_ENTRY}
        seen = sight.seen(documents)
        last: dict[str, str] = {}
        for one in sets:
            if not seen.isdisjoint(held.get(one.entry_uuid, ())):
                time = submission_time(one.fragment)
                last[one.patient_id] = max(time, last.get(one.patient_id, ""))
        return last


def _told(denial: Deny) -> Deny:
    """Return a refusal that may be told: no record is meant here, so none can be hidden."""
    rule = f"{Action.LIST_RECORDS} is not given to this caller"
    return denial if denial.is_tellable else Deny(reason=Reason.FUNCTION, rule=rule)


def _item(one: Listed) -> str:
    cx = parse_cx(one.patient_id)
    return (
        "<patientlistData><patientIdentifier>"
        + written("nationalId", cx.id_number)
        + written("nationalIdType", cx.authority)
        + "</patientIdentifier>"
        + written("MT", "true" if one.why.is_attending else "false")
        + written("message", "false")
        + written("lastAddDate", one.last_document)
        + "</patientlistData>"
    )


def room(*, entrance: Entrance) -> Room:
    """Return the room."""
    return operation_room(
        transaction="TD0.4",
        action=ACTION,
        namespace=NAMESPACE,
        operation=OPERATION,
        handle=ListMine(entrance=entrance),
    )
