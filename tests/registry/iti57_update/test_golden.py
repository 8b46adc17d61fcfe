"""ITI-57: the golden messages do what they say, to the document that they are about."""

from pathlib import Path

import pytest

from registry.iti57_update import handle as iti57
from tests.build.submission import (
    OPEN_DOMAIN,
    ROOT,
    SUBMISSION_SET_ID,
    a_document_entry,
    has_member,
)
from tests.build.update import a_set
from tests.registry.build import START, a_call, answer_of, run, text
from xds.metadata import vocabulary as v

GOLDEN = Path(__file__).parents[2] / "schemas" / "golden" / "good"
ONE, TWO = (f"urn:uuid:57000000-0000-4000-8000-00000000000{n}" for n in (1, 2))


@pytest.fixture
def two(registry):
    """The documents that the golden messages are about."""
    registry.registered(
        a_set(),
        *(a_document_entry(i, unique_id=f"{ROOT}.570.{n}") for n, i in enumerate((ONE, TWO), 1)),
        *(has_member(SUBMISSION_SET_ID, i, status="Original") for i in (ONE, TWO)),
    )
    return registry


def golden(name):
    return (GOLDEN / f"iti57-{name}.xml").read_bytes()


def send(registry, name):
    room = iti57.room(ledger=registry.ledger, domain=OPEN_DOMAIN, identifier_checks={})
    return run(room, a_call(golden(name), instant=START.replace(hour=18)))


def updated(registry, name):
    answer = send(registry, name)
    assert answer.status == "Success", [c.code_context for c in answer.complaints]
    return {o.id: o for o in registry.everything().objects}


def test_a_document_is_masked(two):
    found = updated(two, "mask-request")
    (new,) = [o for o in found.values() if o.attribute("lid") == ONE and o.id != ONE]
    codes = {c.attribute("nodeRepresentation") for c in new.classified(v.CONFIDENTIALITY_CODE)}
    assert codes == {"N", "MASQUE_PS"}
    assert (found[ONE].attribute("status"), new.attribute("status")) == (v.DEPRECATED, v.APPROVED)


def test_whoever_masks_what_is_no_longer_the_latest_is_answered_as_the_golden_has_it(two):
    updated(two, "mask-request")
    again = golden("mask-request").replace(f"{ROOT}.571.1".encode(), f"{ROOT}.571.11".encode())
    room = iti57.room(ledger=two.ledger, domain=OPEN_DOMAIN, identifier_checks={})
    came, wanted = run(room, a_call(again)), answer_of(golden("response-failure"))
    assert (came.status, came.codes) == (wanted.status, wanted.codes)


def test_a_document_is_deprecated(two):
    assert updated(two, "status-request")[ONE].attribute("status") == v.DEPRECATED


def test_a_document_becomes_an_addendum(two):
    updated(two, "submit-request")
    related = two.ask("GetAssociations", uuid=f"({text(ONE)})").objects
    (addendum,) = [o for o in related if o.attribute("associationType") == v.APPEND]
    assert (addendum.attribute("sourceObject"), addendum.attribute("targetObject")) == (TWO, ONE)


def test_every_golden_request_is_tried_here():
    tried = {"mask-request", "status-request", "submit-request"}
    assert {p.stem.removeprefix("iti57-") for p in GOLDEN.glob("iti57-*-request.xml")} == tried
