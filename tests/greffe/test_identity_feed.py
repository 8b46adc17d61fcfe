"""The messages of an identity source: valid, exact, and read by our own Registry without a word."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from greffe.client.identity_feed import (
    ACKNOWLEDGEMENT,
    INTERACTIONS,
    Feed,
    read_acknowledgement,
    write_feed,
)
from registry.iti44_patient_feed.identities import read_record
from registry.iti44_patient_feed.message import judge_message, read_message
from tests.build.submission import OPEN_DOMAIN
from xds.contract import FEED_BODY, load_schema
from xds.errors import Where
from xds.metadata.hl7v2 import Cx, render_cx
from xds.namespaces import HL7V3

OFFICIAL = Path(__file__).parents[3] / "shared/reference/schema/HL7V3/NE2008/multicacheschemas"
NAME = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1)


def a_feed(verb="add", **more):
    subsumed = Cx(id_number="OTHER", authority="1.2.3") if verb == "merge" else None
    fields = {
        "patient": Cx(id_number="SELF", authority="1.2.3"),
        "subsumed": subsumed,
        "family": "ESSAI",
        "sender": "1.2.4",
        "receiver": "1.2.5",
        "message_id": UUID(int=7),
        "instant": datetime(2026, 3, 1, 12, tzinfo=UTC),
    }
    return Feed(verb=verb, **(fields | more))


def read(octets):
    message = read_message(etree.fromstring(octets), Where("message"))
    interaction, complaints = judge_message(message)
    record, more = read_record(message, interaction, OPEN_DOMAIN)
    return record, (*complaints, *more)


@pytest.mark.parametrize("verb", INTERACTIONS)
def test_a_message_is_valid_by_hl7s_schema_and_by_ours(verb):
    root = etree.fromstring(write_feed(a_feed(verb)))
    load_schema(FEED_BODY).assertValid(root)
    if not OFFICIAL.is_dir():
        pytest.skip(f"the published schemas are not at {OFFICIAL}")
    etree.XMLSchema(etree.parse(OFFICIAL / f"{INTERACTIONS[verb]}.xsd")).assertValid(root)


@given(st.sampled_from(sorted(INTERACTIONS)), NAME, NAME, st.text(max_size=9), st.text(max_size=9))
def test_what_is_written_is_what_the_registry_reads(verb, number, subsumed, family, given_name):
    patient = Cx(id_number=number, authority="1.2.3")
    other = Cx(id_number=subsumed, authority="1.2.3") if verb == "merge" else None
    clean = "".join(c for c in given_name if c.isprintable())
    named = {"family": "".join(c for c in family if c.isprintable()), "given": clean}
    feed = a_feed(verb, patient=patient, subsumed=other, **named)
    record, complaints = read(write_feed(feed))
    assert complaints == ()
    assert [p.patient_id for p in record.patients] == [render_cx(patient)]
    assert (record.subsumed.patient_id if record.subsumed else None) == (
        render_cx(other) if other else None
    )


def acknowledgement(inside):
    return etree.fromstring(
        f'<{ACKNOWLEDGEMENT.partition("}")[2]} xmlns="{HL7V3}">'
        f"<acknowledgement>{inside}</acknowledgement></MCCI_IN000002UV01>"
    )


def test_an_acknowledgement_is_read_with_its_details():
    detail = (
        '<acknowledgementDetail typeCode="{}">{}<text>said</text><location>there</location>'
        "</acknowledgementDetail>"
    )
    read_one = read_acknowledgement(
        acknowledgement(
            '<typeCode code="CE"/>'
            + detail.format("E", '<code code="SYN102"/>')
            + detail.format("W", "")
            + "<acknowledgementDetail/>"
        )
    )
    assert read_one.status == "CE"
    assert [(p.kind, p.code, p.text, p.location) for p in read_one.problems] == [
        ("error", "SYN102", "said", "there"),
        ("warning", "refused", "said", "there"),
        ("error", "refused", "", ""),
    ]


def test_an_acknowledgement_that_says_nothing_has_no_status():
    assert read_acknowledgement(acknowledgement("")).status == ""
