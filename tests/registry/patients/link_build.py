"""What a link change is tried on: documents of local identifiers, in folders, related.

document = a_registered_document(registry, local=OTHER_LOCAL)
changed = link(registry)                                  LOCAL goes from PATIENT to OTHER_PATIENT
"""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

from registry.patients.change import Patients
from registry.patients.changes import LinkChange
from tests.build.submission import (
    OPEN_DOMAIN,
    OTHER_PATIENT,
    PATIENT,
    ROOT,
    SOURCE_PATIENT,
    SUBMISSION_SET_ID,
    a_document_entry,
    a_folder,
    a_submission_set,
    an_association,
    has_member,
)
from xds.metadata import vocabulary as v
from xds.metadata.views import read_document_entry, read_folder, read_submission_set

INSTANT = datetime(2026, 5, 1, 10, 0, 0, tzinfo=UTC)
WHEN = "20260501100000"
LOCAL = SOURCE_PATIENT
OTHER_LOCAL = LOCAL.replace("1000", "2000")
THIRD_LOCAL = LOCAL.replace("1000", "3000")
SOURCE_ID = "1.3.6.1.4.1.21367.77"
_numbers = count(1)


def a_document(name="Document01", local=LOCAL, patient=PATIENT):
    return a_document_entry(name, patient=patient).with_slot("sourcePatientId", local)


def submit(registry, *objects, patient=PATIENT, statuses=None):
    """Register documents, folders and what joins them; return the registered ids by name."""
    number = next(_numbers)
    own = {o.id for o in objects if o.tag != "Association"}
    renamed = [
        replace(
            o,
            external_identifiers=tuple(
                e.with_attribute(
                    "value", f"{ROOT}.64.{number}.{int(''.join(filter(str.isdigit, o.id)))}"
                )
                if "uniqueId" in e.name[0].value
                else e
                for e in o.external_identifiers
            ),
        )
        for o in objects
    ]
    members = [
        has_member(SUBMISSION_SET_ID, o.id, status=v.ORIGINAL if o.tag == "ExtrinsicObject" else "")
        for o in objects
        if o.tag != "Association"
    ]
    places = [
        has_member(SUBMISSION_SET_ID, o.id)
        for o in objects
        if o.tag == "Association" and o.attribute("sourceObject").startswith("Folder")
    ]
    before = {o.id for o in registry.everything(patient).objects}
    submission_set = a_submission_set(unique_id=f"{ROOT}.64.{number}", patient=patient)
    registry.registered(submission_set, *renamed, *members, *places)
    assert own or objects
    return [
        o
        for o in registry.everything(patient).objects
        if o.id not in before and o.tag != "Association"
    ]


def only(objects, tag="ExtrinsicObject"):
    (one,) = [o for o in objects if o.tag == tag]
    return one


def a_registered_document(registry, **how):
    patient = how.get("patient", PATIENT)
    return only(submit(registry, a_document(**how), patient=patient))


def joined(kind, source, target, name="Join01"):
    return an_association(name, kind, source, target)


def submit_in_folder(registry, first=LOCAL, second=LOCAL, **how):
    """Two documents in one folder."""
    objects = submit(
        registry,
        a_document("Document01", first, **how),
        a_document("Document02", second, **how),
        a_folder("Folder03", **how),
        has_member("Folder03", "Document01"),
        has_member("Folder03", "Document02"),
        **how,
    )
    (one, two) = [o for o in objects if o.tag == "ExtrinsicObject"]
    (folder,) = [o for o in objects if o.tag == "RegistryPackage" and not is_set(o)]
    return one, two, folder


def patients_over(ledger, domain=OPEN_DOMAIN, **more):
    return Patients(ledger=ledger, domain=domain, identifier_checks={}, **more)


def a_change(new=OTHER_PATIENT, local=LOCAL, previous=PATIENT, subsumed=""):
    return LinkChange(
        new_patient_id=new,
        local_patient_id=local,
        previous_patient_id=previous,
        subsumed_local_patient_id=subsumed,
        source_id=SOURCE_ID,
    )


def link(registry, *, domain=OPEN_DOMAIN, **how):
    """Carry a change out; return what became of it."""
    patients = patients_over(registry.ledger, domain)
    return patients.change(a_change(**how), instant=INSTANT)


def versions(registry, unique_id):
    """All versions of a document or folder, whosever, in their order."""
    found = [
        o
        for patient in (PATIENT, OTHER_PATIENT)
        for o in registry.everything(patient).objects
        if any(e.attribute("value") == unique_id for e in o.external_identifiers) and not is_set(o)
    ]
    return sorted(found, key=number)


def is_set(rim):
    return any(
        c.attribute("classificationNode") == v.SUBMISSION_SET_NODE for c in rim.classifications
    )


def unique_id(rim):
    if rim.tag == "ExtrinsicObject":
        return read_document_entry(rim).unique_id
    return read_folder(rim).unique_id


def number(rim):
    return int(rim.version_info.version_name)


def latest(registry, rim):
    return versions(registry, unique_id(rim))[-1]


def patient_of(rim):
    read = read_document_entry if rim.tag == "ExtrinsicObject" else read_folder
    return read(rim).patient_id


def source_of(rim):
    return read_document_entry(rim).source_patient_id


def status(rim):
    return rim.attribute("status")


def associations(registry, kind=None, patient=OTHER_PATIENT):
    found = registry.everything(patient).of("Association")
    return [a for a in found if kind in (None, a.attribute("associationType"))]


def ends(association):
    return association.attribute("sourceObject"), association.attribute("targetObject")


def approved(found):
    return [a for a in found if status(a) == v.APPROVED]


def everything(registry):
    return [registry.everything(patient).body for patient in (PATIENT, OTHER_PATIENT)]


def found(registry, patient, status=f"('{v.APPROVED}')"):
    return [o.id for o in registry.find(patient, status).objects]


def the_set(registry, changed, patient=OTHER_PATIENT):
    found = registry.everything(patient).of("RegistryPackage")
    (one,) = [
        o for o in found if is_set(o) and read_submission_set(o).unique_id == changed.submission_set
    ]
    return one
