"""On-Demand DocumentEntries, valid for ITI-61 by default.

objects = an_on_demand_submission()                 one entry
"""

from dataclasses import replace

from tests.build.submission import (
    PATIENT,
    ROOT,
    SUBMISSION_SET_ID,
    a_document_entry,
    a_submission_set,
    has_member,
    without_slot,
)
from xds.metadata import vocabulary as v
from xds.metadata.rim import RimObject


def an_on_demand_entry(
    identifier: str = "Document01", *, patient: str = PATIENT, unique_id: str | None = None
) -> RimObject:
    entry = a_document_entry(identifier, patient=patient, unique_id=unique_id)
    for name in ("creationTime", "hash", "size", "legalAuthenticator"):
        entry = without_slot(entry, name)
    attributes = tuple(
        (name, v.ON_DEMAND if name == "objectType" else value) for name, value in entry.attributes
    )
    return replace(entry, attributes=attributes)


def an_on_demand_submission(
    *, patient: str = PATIENT, unique_id: str | None = None, number: int = 0
) -> tuple[RimObject, ...]:
    return (
        an_on_demand_entry(patient=patient, unique_id=unique_id),
        a_submission_set(patient=patient, unique_id=f"{ROOT}.61.{number}"),
        has_member(SUBMISSION_SET_ID, "Document01", status=v.ORIGINAL),
    )
