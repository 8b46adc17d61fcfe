"""Events of a trail for tests: a whole one of each transaction, to be broken in one place."""

from dataclasses import replace
from datetime import UTC, datetime

from xds.audit.event import AboutObject, AuditEvent, Concerned, Onward, Outcome
from xds.security.caller import Caller, CodedValue

INSTANT = datetime(2026, 5, 4, 8, 30, tzinfo=UTC)
PATIENT = "284026938104238^^^&1.2.250.1.213.1.4.10&ISO^NH"
OTHER_PATIENT = "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH"
DOCUMENTS = ("1.2.250.1.999.1", "1.2.250.1.999.2")
REPOSITORY = "1.2.250.1.999.7"
HOME = "urn:oid:1.2.3"
REGISTRY_URL = "http://127.0.0.1:8080/registry"
REPOSITORY_URL = "http://127.0.0.1:8081/repository"
QUERY = b'<query:AdhocQueryRequest xmlns:query="q">&#233;</query:AdhocQueryRequest>'
QUERY_ID = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"
CALLER = Caller(
    identity="899700000001",
    issuer="urn:issuer",
    name="ESSAI ALIX",
    structure="10B0127189",
    roles=(
        CodedValue(code="10", system="1.2.250.1.71.1.2.7", display_name="Médecin"),
        CodedValue(code="SM26", system="1.2.250.1.71.4.2.5"),
    ),
    purpose_of_use=CodedValue(code="normal", system="1.2.250.1.213.1.1.4.248"),
)

SUBMITTED = Concerned(patients=(PATIENT,), documents=DOCUMENTS, submission_set="1.2.250.1.999.100")
RETRIEVED = Concerned(
    patients=(PATIENT,),
    documents=DOCUMENTS,
    about=tuple(
        AboutObject(id=d, repository_unique_id=REPOSITORY, home_community_id=HOME)
        for d in DOCUMENTS
    ),
)
REMOVED = Concerned(patients=(PATIENT,), documents=DOCUMENTS[:1], objects=("urn:uuid:1",))
ASKED = Concerned(patients=(PATIENT,), query=QUERY, query_id=QUERY_ID, query_home=HOME)

CONCERNED = {
    "ITI-8": Concerned(patients=(PATIENT,)),
    "ITI-18": ASKED,
    "ITI-41": replace(
        SUBMITTED,
        onward=(Onward(transaction="ITI-42", endpoint=REGISTRY_URL, outcome=Outcome.SUCCESS),),
    ),
    "ITI-42": SUBMITTED,
    "ITI-43": RETRIEVED,
    "ITI-44": Concerned(patients=(PATIENT,), record_message="1.2.3^4"),
    "ITI-51": ASKED,
    "ITI-57": SUBMITTED,
    "ITI-61": SUBMITTED,
    "ITI-62": REMOVED,
    "ITI-64": Concerned(
        patients=(PATIENT, OTHER_PATIENT, "LOCAL^^^&1.2.3&ISO", "OLD^^^&1.2.3&ISO"),
        patient_roles=("newPatientId", "previousPatientId", "localPatientId", "subsumedPatientId"),
        submission_set="2.25.9",
        submission_set_uuid="urn:uuid:00000000-0000-4000-8000-000000000009",
    ),
    "ITI-79": replace(RETRIEVED, about=()),
    "ITI-86": RETRIEVED,
    "ITI-92": SUBMITTED,
}
FED = {"source": "HOSPITAL|ADT", "destination": "GREFFE|REGISTRY", "action": "C"}
MORE = {"ITI-8": FED, "ITI-64": FED, "ITI-44": {"action": "C"}}


def an_event(transaction="ITI-42", **changes):
    """Return a successful event of a transaction, with some of its fields changed."""
    is_repository = transaction in {"ITI-41", "ITI-43", "ITI-86"}
    values = {
        "instant": INSTANT,
        "transaction": transaction,
        "outcome": Outcome.SUCCESS,
        "message_id": "urn:uuid:00000000-0000-4000-8000-000000000001",
        "peer": "192.0.2.7",
        "caller": None if transaction in {"ITI-8", "ITI-64"} else CALLER,
        "concerned": CONCERNED.get(transaction, Concerned(patients=(PATIENT,))),
        "service": "repository" if is_repository else "registry",
        "endpoint": REPOSITORY_URL if is_repository else REGISTRY_URL,
        "process": 4242,
        **MORE.get(transaction, {}),
    }
    return AuditEvent(**{**values, **changes})
