"""xds.metadata.party: persons, organisations, addresses, as the standard writes them."""

import pytest
from hypothesis import given

from tests.strategies import metadata as some
from xds.metadata.datatype import DatatypeError
from xds.metadata.party import (
    check_recipient,
    parse_xcn,
    parse_xon,
    parse_xtn,
    render_xcn,
    render_xon,
    render_xtn,
)


@given(some.xcns)
def test_xcn_round_trip(value):
    assert parse_xcn(render_xcn(value)) == value


@given(some.xons)
def test_xon_round_trip(value):
    assert parse_xon(render_xon(value)) == value


@given(some.xtns)
def test_xtn_round_trip(value):
    assert parse_xtn(render_xtn(value)) == value


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Gerald Smitty", ""),
        ("^Welby^Marcus^^MD^Dr", "Welby"),
        ("11375^Welby^Marcus^J^Jr. MD^Dr^^^&2.999.6.197&ISO", "Welby"),
        ("2.999.1.2.3.7548^Some EMR", "Some EMR"),
        ("801234567897^BERNARD^Claire^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS", "BERNARD"),
        ("^Welby^^^^^^^^^^", "Welby"),
    ],
)
def test_persons_of_the_field_are_read(text, name):
    assert parse_xcn(text).family_name == name


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "XCN"),
        ("^^Marcus", "XCN"),
        ("1^Welby^^^^^^^Hospital", "XCN.9"),
        ("1^Welby^^^^^^^&1.2.3&ISO&x", "XCN.9"),
        ("1^Welby~2^Peirre", "escape"),
        ("1^Welby^^^^^^^&amp;1.2.3&amp;ISO", "twice"),
    ],
)
def test_a_person_without_name_and_identifier_or_with_a_wrong_authority_is_refused(text, rule):
    with pytest.raises(DatatypeError, match=rule):
        parse_xcn(text)


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("Some Hospital", ""),
        ("Some Hospital^^^^^^^^^2.999.1.2.3", "2.999.1.2.3"),
        ("Some Hospital^^^^^&2.999.1789&ISO^^^^45", "45"),
        ("^^^^^^^^^1.2.3", "1.2.3"),
    ],
)
def test_organisations_of_the_field_are_read(text, identifier):
    assert parse_xon(text).identifier == identifier


FRENCH = "Cabinet^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1750000000"


def test_the_type_of_an_organisations_identifier_is_the_domains_to_permit():
    assert parse_xon(FRENCH, {"xon-identifier-type"}).identifier == "1750000000"
    check_recipient(FRENCH, {"xon-identifier-type"})
    for check in (parse_xon, check_recipient):
        with pytest.raises(DatatypeError, match="1, 6, 10 and no other"):
            check(FRENCH)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "^^^^^^",
        "Hospital^^^^^1.2.3",
        "Hospital^^^^^&1.2.3&ISO&x^^^^45",
        "Hospital^^^^^^^^^45",
        "Hospital^L",
        "Hospital^^x^^^&1.2.3&ISO",
    ],
)
def test_an_organisation_without_a_name_or_with_a_wrong_authority_is_refused(text):
    with pytest.raises(DatatypeError, match="XON"):
        parse_xon(text)


@pytest.mark.parametrize(
    "text",
    [
        "^^Internet^radiology@healthcare.example.org",
        "^NET^Internet^a@example.org",
        "^PRS^PH^^31^^(042) 1123 4567",
        "^PRS^PH^^^^+31 42 1123 4567",
    ],
)
def test_addresses_of_the_field_are_read(text):
    parsed = parse_xtn(text)
    assert parsed.address or parsed.number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a@example.org",
        "^^Internet",
        "^PRS^PH",
        "+33123456789^^PH",
        "^PRS^PH^+33123456789",
        "^PRS^PH^^^^+33123456789^^by day",
        "^PRN^Internet^a@example.org",
        "^^Internet^a@example.org^33",
    ],
)
def test_an_address_without_a_type_or_a_number_is_refused(text):
    with pytest.raises(DatatypeError, match="XTN"):
        parse_xtn(text)


@pytest.mark.parametrize(
    "text",
    [
        "Some Hospital^^^^^^^^^1.2.3.9.1789.45|^Wel^Marcus^^^Dr^MD|^^Internet^mwel@example.org",
        "|12345^LaShawn^James^^Dr^MD",
        "MainHospital^^^^^^^^^1.2.3.4.5.6.7.8.9.1789.2364",
        "||^^Internet^dr.oz@healthcare.example.org",
    ],
)
def test_recipients_of_the_standard_are_accepted(text):
    check_recipient(text)


@pytest.mark.parametrize("text", ["", "||", "a|b|^^Internet^c|d", "|^^x", "||mail"])
def test_a_recipient_that_names_nobody_is_refused(text):
    with pytest.raises(DatatypeError):
        check_recipient(text)
