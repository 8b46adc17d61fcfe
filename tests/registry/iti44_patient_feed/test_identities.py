"""Which identifiers of a message are the affinity domain's."""

from dataclasses import replace
from types import MappingProxyType

import pytest
from lxml import etree

from registry.iti44_patient_feed.identities import read_record
from registry.iti44_patient_feed.interactions import Interaction
from registry.iti44_patient_feed.message import read_message
from tests.build.feed import (
    ADD,
    AUTHORITY,
    MERGE,
    OTHER_AUTHORITY,
    REVISE,
    a_feed,
    a_merge,
    a_person,
    an_organization,
    ii,
    other_ids,
)
from tests.build.submission import OPEN_DOMAIN
from xds.domain import Authority
from xds.errors import Where

SECOND = "1.3.6.1.4.1.21367.2005.3.8"


def domain(*oids):
    authorities = {oid: Authority(oid=oid, title="own") for oid in oids}
    return replace(OPEN_DOMAIN, authorities=MappingProxyType(authorities))


OWN = domain(AUTHORITY)
TWO = domain(AUTHORITY, SECOND)


def cx(extension, root=AUTHORITY):
    return f"{extension}^^^&{root}&ISO"


def read(text, of=OWN):
    root = etree.fromstring(text)
    message = read_message(root, Where("hl7:message"))
    record, complaints = read_record(message, Interaction(etree.QName(root).localname), of)
    ids = [one.patient_id for one in record.patients]
    subsumed = record.subsumed.patient_id if record.subsumed else ""
    return ids, subsumed, [(str(c.code), c.is_error) for c in complaints]


@pytest.mark.parametrize("interaction", [ADD, REVISE])
def test_an_identifier_of_the_domain_is_taken(interaction):
    assert read(a_feed(interaction)) == ([cx("SELF-5")], "", [])


def test_identifiers_of_other_domains_are_ignored():
    text = a_feed(ids=((AUTHORITY, "A"), (OTHER_AUTHORITY, "B")), organization="")
    assert read(text) == ([cx("A")], "", [])


def test_a_patient_without_identifier_of_the_domain_is_ignored_with_a_warning():
    text = a_feed(ids=((OTHER_AUTHORITY, "B"),), organization=an_organization(OTHER_AUTHORITY))
    assert read(text) == ([], "", [("SYN102", False)])


def test_the_ids_of_the_persons_other_roles_are_the_patients():
    person = a_person(other_ids(AUTHORITY, "C"))
    assert read(a_feed(ids=((OTHER_AUTHORITY, "B"),), person=person, organization="")) == (
        [cx("C")],
        "",
        [],
    )


def test_the_ids_of_a_relative_are_not():
    relative = f'<personalRelationship classCode="PRS">{ii(AUTHORITY, "MOTHER")}<code code="MTH"/>'
    person = a_person(f"{relative}</personalRelationship>")
    assert read(a_feed(person=person))[0] == [cx("SELF-5")]


def test_a_domain_that_names_no_authority_takes_what_the_source_assigned_and_nothing_else():
    person = a_person(other_ids())
    assert read(a_feed(person=person), OPEN_DOMAIN) == ([cx("SELF-5")], "", [])


def test_an_identifier_that_comes_twice_is_taken_once_and_two_are_both_taken():
    ids = ((AUTHORITY, "A"), (SECOND, "B"), (AUTHORITY, "A"))
    assert read(a_feed(ids=ids, organization=""), TWO)[0] == [cx("A"), cx("B", SECOND)]


def test_separators_in_an_extension_are_escaped():
    assert read(a_feed(ids=((AUTHORITY, "A^B&C|D"),)))[0] == [cx("A\\S\\B\\T\\C\\F\\D")]


@pytest.mark.parametrize("extension", [" A", "A ", "A\nB", "\u200b"])
def test_an_extension_that_cannot_be_exact_is_refused(extension):
    assert read(a_feed(ids=((AUTHORITY, extension),)))[2] == [("SYN102", True)]


@pytest.mark.parametrize("written", [f'<id root="{AUTHORITY}"/>', '<id extension="A"/>', "<id/>"])
def test_an_identifier_without_root_or_extension_is_refused(written):
    text = a_feed().replace(ii(AUTHORITY, "SELF-5"), written)
    assert read(text)[2] == [("SYN101", True)]


def test_an_identifier_that_is_null_is_none():
    text = a_feed().replace(ii(AUTHORITY, "SELF-5"), '<id nullFlavor="UNK"/>')
    assert read(text) == ([], "", [("SYN102", False)])


def test_an_id_that_its_organization_did_not_assign_is_a_warning():
    text = a_feed(organization=an_organization(OTHER_AUTHORITY))
    assert read(text) == ([cx("SELF-5")], "", [("SYN102", False)])
    person = a_person(other_ids(scope="1.2.3"))
    assert read(a_feed(person=person)) == ([cx("SELF-5")], "", [("SYN102", False)])


def test_a_merge_names_survivor_and_subsumed():
    assert read(a_merge()) == ([cx("SELF-5")], cx("OTHER-6"), [])


@pytest.mark.parametrize(
    "ends",
    [
        {"survivor": (OTHER_AUTHORITY, "A")},
        {"subsumed": (OTHER_AUTHORITY, "B")},
        {"subsumed": ("not-an-oid", "B")},
    ],
)
def test_both_ends_of_a_merge_are_of_the_domain(ends):
    assert read(a_merge(**ends))[2] == [("SYN102", True)]


def test_of_two_survivors_the_one_of_the_subsumed_ones_authority_survives():
    ids = ((SECOND, "A"), (AUTHORITY, "B"))
    text = a_merge().replace(ii(AUTHORITY, "SELF-5"), "".join(ii(*one) for one in ids))
    assert read(text, TWO) == ([cx("B")], cx("OTHER-6"), [])


def test_an_identifier_may_be_merged_into_one_of_another_authority_of_the_domain():
    assert read(a_merge(survivor=(SECOND, "A")), TWO)[0] == [cx("A", SECOND)]


def test_two_survivors_of_one_authority_are_ambiguous():
    text = a_merge().replace(ii(AUTHORITY, "SELF-5"), ii(AUTHORITY, "A") + ii(AUTHORITY, "B"))
    assert read(text)[2] == [("SYN112", True)]


def test_a_merge_ignores_the_roles_of_the_person():
    text = a_merge(person=a_person(other_ids(AUTHORITY, "C")))
    assert read(text) == ([cx("SELF-5")], cx("OTHER-6"), [])
    assert MERGE in text
