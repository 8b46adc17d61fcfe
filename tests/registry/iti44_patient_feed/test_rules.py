"""What a message must say: each rule is broken once, alone, and said with its place."""

import pytest
from lxml import etree

from registry.iti44_patient_feed.interactions import Interaction
from registry.iti44_patient_feed.message import judge_message, read_message
from registry.iti44_patient_feed.rules import ROWS
from tests.build.feed import (
    ADD,
    AUTHORITY,
    MERGE,
    RECEIVER,
    REVISE,
    SENDER,
    a_feed,
    a_merge,
    a_person,
    a_replacement,
    an_organization,
    ii,
)
from xds.errors import Where


def complaints(text):
    message = read_message(etree.fromstring(text), Where("hl7:message"))
    interaction, found = judge_message(message)
    assert interaction in Interaction
    return found


def broken(text, old, new):
    assert text.count(old) == 1, f"{old} is there {text.count(old)} times"
    return complaints(text.replace(old, new))


def codes(found):
    return [str(c.code) for c in found]


@pytest.mark.parametrize("text", [a_feed(ADD), a_feed(REVISE), a_merge()])
def test_a_message_as_the_standard_has_it_is_not_complained_of(text):
    assert complaints(text) == ()


@pytest.mark.parametrize(
    ("old", "new", "code", "path"),
    [
        ('ITSVersion="XML_1.0"', 'ITSVersion="XML_2.0"', "SYN", ""),
        (ii("22a0f9e0-4454-11dc-a6be-3603d6866807", "20260301-7"), "", "SYN101", ""),
        ('<creationTime value="20260301120000"/>', "", "SYN101", ""),
        ('<creationTime value="20260301120000"/>', '<creationTime value="today"/>', "SYN102",
         "/hl7:creationTime"),
        ('extension="PRPA_IN201301UV02"', 'extension="PRPA_IN201302UV02"', "NS200",
         "/hl7:interactionId"),
        ('root="2.16.840.1.113883.1.6" ', 'root="2.16.840.1.113883.1.18" ', "NS200",
         "/hl7:interactionId"),
        ('<processingCode code="P"/>', '<processingCode code="X"/>', "NS202",
         "/hl7:processingCode"),
        ('<processingModeCode code="T"/>', '<processingModeCode code="A"/>', "NS250",
         "/hl7:processingModeCode"),
        ('<acceptAckCode code="AL"/>', '<acceptAckCode code="NE"/>', "SYN103",
         "/hl7:acceptAckCode"),
        ('<receiver typeCode="RCV">', '<receiver typeCode="RCV"/><receiver typeCode="RCV">',
         "SYN110", "/hl7:receiver[2]"),
        ('<id root="1.2.840.114350.1.13.99999.4567"/>', '<id root="R" extension="x"/>', "SYN102",
         "/hl7:receiver/hl7:device/hl7:id"),
        ('classCode="CACT"', 'classCode="ACT"', "SYN103", "/hl7:controlActProcess"),
        ('code="PRPA_TE201301UV02"', 'code="PRPA_TE201302UV02"', "SYN103",
         "/hl7:controlActProcess/hl7:code"),
        ('contextConductionInd="false"', 'contextConductionInd="true"', "SYN102",
         "/hl7:controlActProcess/hl7:subject"),
        ('moodCode="EVN"><statusCode code="active"/>', 'moodCode="EVN"><statusCode code="x"/>',
         "SYN103", "/hl7:registrationEvent/hl7:statusCode"),
        ('classCode="PAT"', 'classCode="EMP"', "SYN103", "/hl7:patient"),
        (ii(AUTHORITY, "SELF-5"), "", "SYN101", "/hl7:patient"),
        (an_organization(), "", "SYN100", "/hl7:patient"),
        ("<name><given>Alix</given><family>ESSAI</family></name>", "", "SYN101",
         "/hl7:patientPerson"),
        ("</custodian>", "</custodian>" + a_replacement(), "SYN110", "/hl7:replacementOf"),
    ],
)  # fmt: skip
def test_one_fault_in_a_record_that_is_added_is_one_complaint_with_its_place(old, new, code, path):
    found = [c for c in broken(a_feed(ADD), old, new) if c.is_error]
    if path == "/hl7:receiver[2]":  # the second one lacks its device, too
        found = found[:1]
    assert codes(found) == [code]
    assert found[0].where.path.endswith(path)
    assert all((found[0].rule, found[0].came, found[0].expected, found[0].fix))


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (a_replacement(), "", "SYN100"),
        (a_replacement(), a_replacement() * 2, "SYN110"),
        ('<statusCode code="obsolete"/>', "", "SYN101"),
        ('<statusCode code="obsolete"/>', '<statusCode code="active"/>', "SYN103"),
        (ii(AUTHORITY, "OTHER-6"), ii(AUTHORITY, "OTHER-6") + ii(AUTHORITY, "X"), "SYN112"),
        (ii(AUTHORITY, "OTHER-6"), "", "SYN101"),
    ],
)
def test_one_fault_in_a_merge_is_one_complaint(old, new, code):
    assert codes(broken(a_merge(), old, new)) == [code]


def test_a_name_may_be_withheld_and_in_a_merge_that_is_a_warning():
    person = a_person().replace(
        "<name><given>Alix</given><family>ESSAI</family></name>", '<name nullFlavor="MSK"/>'
    )
    assert complaints(a_feed(person=person)) == ()
    (found,) = complaints(a_merge(person=person))
    assert (str(found.code), found.is_error) == ("SYN101", False)


@pytest.mark.parametrize(("mood", "expected"), [("RQO", []), ("DEF", ["SYN103"])])
def test_the_control_act_has_a_mood_that_the_framework_lists(mood, expected):
    text = a_feed().replace(
        'classCode="CACT" moodCode="EVN"', f'classCode="CACT" moodCode="{mood}"'
    )
    assert codes(complaints(text)) == expected


@pytest.mark.parametrize("device", [SENDER, RECEIVER])
def test_an_extension_where_the_root_says_all_is_a_warning(device):
    text = a_feed(organization=an_organization().replace(ii(AUTHORITY), ii(AUTHORITY, "x")))
    old = f'INSTANCE">{ii(device)}</device>'
    found = broken(text, old, old.replace(ii(device), ii(device, "511")))
    assert [(str(c.code), c.is_error) for c in found] == [("SYN102", False)] * 2


def test_an_animal_is_no_patient_of_the_registry():
    person = "<patientNonPersonLivingSubject/>"
    assert codes(complaints(a_feed(person=person))) == ["SYN100"]


def test_every_fault_is_said_at_once():
    text = a_merge()
    for old, new in (('code="AL"', 'code="NE"'), ('code="T"', 'code="R"'), ("CACT", "CAC")):
        text = text.replace(old, new)
    assert codes(complaints(text)) == ["NS250", "SYN103", "SYN103"]


@pytest.mark.parametrize("interaction", [ADD, REVISE, MERGE])
def test_a_message_without_anything_is_told_what_it_needs(interaction):
    found = complaints(f'<{interaction} xmlns="urn:hl7-org:v3"/>')
    needed = [
        row
        for row in ROWS
        if row.least and "/" not in row.path and interaction in (row.of or {interaction})
    ]
    assert len(found) == len(needed) + 1


def test_elements_of_other_namespaces_say_nothing():
    text = a_feed().replace('<acceptAckCode code="AL"/>', '<acceptAckCode xmlns="x" code="AL"/>')
    assert codes(complaints(text)) == ["SYN101"]


def test_a_message_full_of_one_fault_is_answered_with_a_bounded_number_of_complaints():
    many = ii("not-an-oid") * 5000
    text = a_feed(organization=an_organization().replace(ii(AUTHORITY), many))
    assert len(complaints(text)) == 100


def test_what_came_is_quoted_short_and_without_control_characters():
    (found,) = broken(a_feed(), 'code="AL"', f'code="&#10;{"N" * 1000}"')
    assert found.came.startswith("acceptAckCode 'code=\"\\u000aNN")
    assert len(found.came) < 150
