"""`greffe update`: what it sends is what our own Registry takes, on what our own Registry gave."""

import pytest

from dmp import visibility
from greffe.client.update import (
    a_submission_set,
    new_status,
    new_version,
    with_confidentiality,
)
from greffe.update import CHANGES, Status
from registry.iti57_update import handle as iti57
from registry.ledger.engine import migrate, open_engine
from registry.ledger.sql import SqlLedger
from tests.build.submission import OPEN_DOMAIN, PATIENT, a_submission
from tests.registry.build import Registry, a_call, run
from xds.domain import load_domain
from xds.ebrim.submit import write_submit_objects
from xds.metadata import vocabulary as v
from xds.metadata.code import Code
from xds.metadata.confidentiality import codes_of, without_code


@pytest.fixture
def registry(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path}/ledger.db")
    migrate(engine)
    opened = SqlLedger(engine)
    registry = Registry.over(opened)
    registry.registered(*a_submission(folders=1))
    yield registry
    opened.close()


def a_set():
    facts = {
        "patientId": PATIENT,
        "sourceId": "1.2.3",
        "submissionTime": "20260301120000",
        "contentTypeCode": Code(code="07", scheme="1.2.3.4", display="Consultation"),
    }
    return a_submission_set(facts)


def sent(registry, objects):
    room = iti57.room(ledger=registry.ledger, domain=OPEN_DOMAIN, identifier_checks={})
    answer = run(room, a_call(write_submit_objects(objects)))
    assert answer.status == "Success", [c.code_context for c in answer.complaints]


def the_entry(registry):
    (entry,) = registry.find(status=f"('{v.APPROVED}','{v.DEPRECATED}')").of("ExtrinsicObject")
    return entry


def test_a_document_is_masked_and_unmasked_and_nothing_else_changes(registry):
    before = the_entry(registry)
    masked = with_confidentiality(before, visibility.MASKED)
    sent(registry, new_version(a_set(), masked))
    after = the_entry(registry)
    added = {(visibility.MASKED.code, visibility.MASKED.scheme)}
    assert codes_of(after) == codes_of(before) | added
    assert (after.slots, after.name) == (before.slots, before.name)
    assert after.version_info.version_name == "2"
    assert after.attribute("lid") == before.id
    sent(registry, new_version(a_set(), without_code(after, visibility.MASKED)))
    assert codes_of(the_entry(registry)) == codes_of(before)
    assert the_entry(registry).version_info.version_name == "3"


def test_a_status_is_changed(registry):
    before = the_entry(registry)
    sent(registry, new_status(a_set(), before.id, v.APPROVED, v.DEPRECATED))
    assert the_entry(registry).attribute("status") == v.DEPRECATED


def test_the_codes_are_those_of_the_french_domain():
    domain = load_domain("dmp")
    for code in (
        visibility.MASKED,
        visibility.HIDDEN_FROM_PATIENT,
        visibility.HIDDEN_FROM_REPRESENTATIVES,
    ):
        known = domain.value_sets["confidentialityCode"].codes[code.code, code.scheme]
        assert known.display == code.display


@pytest.mark.parametrize(
    ("name", "status", "is_asked"),
    [
        ("archive", v.APPROVED, True),
        ("archive", v.ARCHIVED, False),
        ("unarchive", v.ARCHIVED, True),
        ("unarchive", v.DEPRECATED, False),
        ("approve", v.DEPRECATED, True),
        ("approve", v.ARCHIVED, False),
        ("delete", v.ARCHIVED, True),
        ("delete", v.DELETED, False),
    ],
)
def test_a_status_is_asked_for_where_there_is_something_to_change(name, status, is_asked):
    does = CHANGES[name].does
    assert isinstance(does, Status)
    assert does.changes(status) is is_asked
