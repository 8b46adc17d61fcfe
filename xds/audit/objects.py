"""The participant objects of a message: patients, documents, a submission set, a query.

Spec: ITI TF-2 §3.8.5.1.2, §3.18.5.1.2, §3.42.5.1.2, §3.43.6.1.2, §3.44.5.1.2, §3.51.5, §3.64.5.1.2.
"""

from collections.abc import Callable, Iterator
from typing import Final

from xds.audit.event import AboutObject, AuditEvent, Outcome
from xds.audit.message import IHE_TRANSACTIONS, RFC_3881, Code, ParticipantObject
from xds.audit.transactions import ROWS, Part

PATIENT_NUMBER: Final = Code("2", RFC_3881, "Patient Number")
REPORT_NUMBER: Final = Code("9", RFC_3881, "Report Number")
SUBMISSION_SET: Final = Code(
    "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd",
    "IHE XDS Metadata",
    "submission set classificationNode",
)
OBJECT_REFERENCE: Final = Code(
    "urn:ihe:iti:2017:ObjectRef", "IHE XDS Metadata", "registry object reference"
)
PERSON, SYSTEM = "1", "2"
PATIENT_ROLE, REPORT_ROLE, JOB, QUERY_ROLE = "1", "3", "20", "24"
CREATION, LOGICAL_DELETION, ERASURE = "1", "14", "15"

REPOSITORY_DETAIL: Final = "Repository Unique ID"
"""Older revisions of §3.43.6.1 write `Id`."""
HOME_OF_DOCUMENT: Final = "ihe:homeCommunityID"
HOME_OF_QUERY: Final = "urn:ihe:iti:xca:2010:homeCommunityId"
LINK_DETAIL: Final = "urn:ihe:iti:xpid:2017:patientIdentifierType"
UNNAMED_QUERY: Final = "unknown"


def objects_of(event: AuditEvent, parts: tuple[Part, ...]) -> tuple[ParticipantObject, ...]:
    """Return the participant objects of an event, part by part."""
    return tuple(one for part in parts for one in _OBJECTS[part](event))


def patient_object(
    patient: str, *details: tuple[str, bytes], life_cycle: str = ""
) -> ParticipantObject:
    """Return a patient. Spec: ITI TF-2 §3.42.5.1.2."""
    return ParticipantObject(
        id=patient,
        id_type=PATIENT_NUMBER,
        type=PERSON,
        role=PATIENT_ROLE,
        life_cycle=life_cycle,
        details=details,
    )


def _patients(event: AuditEvent) -> Iterator[ParticipantObject]:
    """Yield the patient; of a retrieval, the one whom the assertion names."""
    named = event.caller.patient_concerned if event.caller else ""
    for patient in event.concerned.patients or filter(None, (named,)):
        yield patient_object(patient)


def _fed_patients(event: AuditEvent) -> Iterator[ParticipantObject]:
    """Yield the patient with the id of the message. Spec: ITI TF-2 §3.8.5.1.2, §3.44.5.1.2."""
    own = event.concerned.record_message
    kind, value = ("II", own) if event.transaction == "ITI-44" else ("MSH-10", event.message_id)
    for patient in event.concerned.patients:
        yield patient_object(patient, (kind, value.encode(errors="replace")))


def _linked_patients(event: AuditEvent) -> Iterator[ParticipantObject]:
    """Yield all patients of a change of link. Spec: ITI TF-2 §3.64.5.1.2."""
    concerned = event.concerned
    named = dict(zip(concerned.patient_roles, concerned.patients, strict=False))
    moves = named.get("newPatientId") != named.get("previousPatientId")
    cycles = {
        "newPatientId": CREATION if moves else "",
        "previousPatientId": LOGICAL_DELETION if moves else "",
        "localPatientId": CREATION if "subsumedPatientId" in named else "",
        "subsumedPatientId": LOGICAL_DELETION,
    }
    for role, patient in named.items():
        yield patient_object(
            patient,
            ("MSH-10", event.message_id.encode(errors="replace")),
            (LINK_DETAIL, role.encode(errors="replace")),
            life_cycle=cycles.get(role, ""),
        )


def _query(event: AuditEvent) -> Iterator[ParticipantObject]:
    """Yield the query's own parameters, not its results. Spec: ITI TF-2 §3.18.5.1.2, §3.51.5."""
    concerned = event.concerned
    if not concerned.query:
        return
    row = ROWS[event.transaction]
    home = (
        ((HOME_OF_QUERY, concerned.query_home.encode(errors="replace")),)
        if concerned.query_home
        else ()
    )
    yield ParticipantObject(
        id=concerned.query_id or UNNAMED_QUERY,
        id_type=Code(event.transaction, IHE_TRANSACTIONS, row.name),
        type=SYSTEM,
        role=QUERY_ROLE,
        query=concerned.query,
        details=(("QueryEncoding", b"UTF-8"), *home),
    )


def _submission_set(event: AuditEvent) -> Iterator[ParticipantObject]:
    """Yield it by uniqueId; one that the Registry made itself by entryUUID (§3.64.5.1.2)."""
    concerned = event.concerned
    if name := concerned.submission_set_uuid or concerned.submission_set:
        yield ParticipantObject(id=name, id_type=SUBMISSION_SET, type=SYSTEM, role=JOB)


def _documents(event: AuditEvent, life_cycle: str = "") -> Iterator[ParticipantObject]:
    """Yield the documents, with where they were asked for. Spec: ITI TF-2 §3.43.6.1.2."""
    about = {one.id: one for one in event.concerned.about}
    for document in event.concerned.documents:
        known = about.get(document, AboutObject(id=document))
        details = (
            (REPOSITORY_DETAIL, known.repository_unique_id.encode(errors="replace")),
            (HOME_OF_DOCUMENT, known.home_community_id.encode(errors="replace")),
        )
        yield ParticipantObject(
            id=document,
            id_type=REPORT_NUMBER,
            type=SYSTEM,
            role=REPORT_ROLE,
            life_cycle=life_cycle,
            details=tuple(detail for detail in details if detail[1]),
        )


def _erased_documents(event: AuditEvent) -> Iterator[ParticipantObject]:
    is_done = event.outcome is Outcome.SUCCESS
    return _documents(event, ERASURE if is_done else "")


def _erased_objects(event: AuditEvent) -> Iterator[ParticipantObject]:
    life_cycle = ERASURE if event.outcome is Outcome.SUCCESS else ""
    for one in event.concerned.objects:
        yield ParticipantObject(
            id=one,
            id_type=OBJECT_REFERENCE,
            type=SYSTEM,
            role=REPORT_ROLE,
            life_cycle=life_cycle,
        )


_OBJECTS: Final[dict[Part, Callable[[AuditEvent], Iterator[ParticipantObject]]]] = {
    Part.PATIENT: _patients,
    Part.MESSAGE_PATIENT: _fed_patients,
    Part.LINKED_PATIENTS: _linked_patients,
    Part.QUERY: _query,
    Part.SUBMISSION_SET: _submission_set,
    Part.DOCUMENTS: _documents,
    Part.ERASED_DOCUMENTS: _erased_documents,
    Part.ERASED_OBJECTS: _erased_objects,
}
