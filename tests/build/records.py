"""Records of patients, as tests need them, and the French access policy."""

from registry.records.model import Person, Record
from tests.strategies.access import PATIENT_ID
from xds.access.model import RecordState, Standing
from xds.access.reading import PolicyFiles, load_policy
from xds.domain import load_domain

DMP = load_policy(load_domain("dmp"), PolicyFiles())
ADA, BOB = "899900000001", "899900000002"


def person(identity, standing=Standing.AUTHORISED, since="20260101000000", **known):
    return Person(identity=identity, standing=standing, since=since, **known)


def a_record(*people, patient_id=PATIENT_ID, **choices):
    known = {"state": RecordState.OPEN, "since": "20260101000000", **choices}
    return Record(patient_id=patient_id, people=people, **known)


def standings(record):
    return {(p.identity, p.standing) for p in record.people}
