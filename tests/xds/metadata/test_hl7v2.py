"""xds.metadata.hl7v2: each type is read as it was rendered, and each fault has its own words."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import metadata as some
from xds.metadata import hl7v2
from xds.metadata.datatype import DatatypeError
from xds.metadata.hl7v2 import (
    check_text,
    cx_key,
    escape,
    parse_coded_string,
    parse_cx,
    parse_cxi,
    parse_pid_field,
    parse_strict_cx,
    render_cx,
    render_cxi,
    unescape,
)
from xds.metadata.party import parse_xcn, parse_xon, parse_xtn

PATIENT = "SELF-5^^^&1.3.6.1.4.1.21367.2005.3.7&ISO"


@given(some.component)
def test_escaping_is_undone_by_unescaping_and_leaves_no_separator(text):
    assert unescape(escape(text)) == text
    assert not set("|^~&") & set(escape(text))


@given(some.cxs)
def test_cx_round_trip(value):
    assert parse_strict_cx(render_cx(value)) == value


@given(some.cxis)
def test_cxi_round_trip(value):
    assert parse_cxi(render_cxi(value)) == value


@given(st.text(st.sampled_from("^&|~\\;amp1.ISOPID- ")))
def test_any_text_is_a_value_or_one_datatype_error(text):
    for parse in (parse_cx, parse_cxi, parse_xcn, parse_xon, parse_xtn, parse_pid_field):
        with suppress(DatatypeError):
            parse(text)


def test_a_patient_is_the_same_with_and_without_the_type_of_identifier():
    ins = "207058575627097^^^&1.2.250.1.213.1.4.10&ISO"
    assert parse_cx(ins + "^NH").further == ("NH",)
    assert render_cx(parse_cx(ins + "^NH")) == ins + "^NH"
    assert cx_key(ins + "^NH") == cx_key(f" {ins} ") == ins
    assert cx_key("no CX") == "no CX"


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("", "add the identifier"),
        ("^^^&1.2.3&ISO", "add the identifier"),
        ("123", "add ^^^&OID&ISO"),
        ("123^x^^&1.2.3&ISO", "components 2 and 3 empty"),
        ("123^^^Hospital&1.2.3&ISO", "namespace"),
        ("123^^^1.2.3", "namespace"),
        ("123^^^&hospital&ISO", "an OID"),
        ("123^^^&01.2&ISO", "an OID"),
        ("123^^^&1.2.3", "&ISO"),
        ("123^^^&1.2.3&iso", "&ISO"),
        ("123^^^&1.2.3&ISO&x", "&ISO"),
        ("1&23^^^&1.2.3&ISO", "for &"),
        ("1|23^^^&1.2.3&ISO", "escape it"),
        ("123^^^&1.2.3&ISO~124^^^&1.2.3&ISO", "a second value"),
        ("123^^^&amp;1.2.3&amp;ISO", "escape the value once"),
    ],
)
def test_a_cx_fault_says_what_to_mend(text, fix):
    with pytest.raises(DatatypeError) as error:
        parse_cx(text)
    assert fix in error.value.fix


@pytest.mark.parametrize("sequence", ["\\", "\\H\\", "\\N\\", "\\Z12\\", "\\.br\\", "\\f\\"])
@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_cx, "1{}2^^^&1.2.3&ISO"),
        (parse_cxi, "1{}2^^^&1.2.3&ISO^MR"),
        (parse_xcn, "^Doe{}Junior^John"),
        (parse_xon, "Hospital {}"),
        (parse_xtn, "^^Internet^a{}@example.org"),
        (parse_pid_field, "PID-5|Doe{}^John"),
    ],
)
def test_a_backslash_starts_one_of_the_five_escapes(parse, text, sequence):
    """TF-3 §4.2.3.1.7: those of formatting, and local ones, shall not be included."""
    parse(text.format("\\F\\\\S\\\\R\\\\T\\\\E\\"))
    with pytest.raises(DatatypeError, match="five escape"):
        parse(text.format(sequence))


def test_a_strict_cx_ends_after_its_authority():
    with pytest.raises(DatatypeError, match="no component after"):
        parse_strict_cx(PATIENT + "^NH")
    assert parse_strict_cx(PATIENT + "^^").id_number == "SELF-5"  # trailing delimiters are nothing


@pytest.mark.parametrize(
    "text",
    [
        "11379^^^&1.3.6367.3.7&ISO^urn:ihe:iti:xds:2013:uniqueId",
        "2.16.840.1^^^^urn:ihe:iti:xdw:2013:workflowInstanceId",
        "1.2.3.45.678^^^^urn:ihe:iti:xds:2016:studyInstanceUID",
        "11^^^&example.org&DNS^urn:ihe:iti:xds:2013:accession",
        "2013001^^^Namespace^urn:ihe:iti:xds:2013:accession",
        "245348841^^^&1.2.840.113619.6.197&ISO^urn:ihe:iti:xds:2015:encounterId",
    ],
)
def test_reference_identifiers_of_the_standard_are_read(text):
    assert parse_cxi(text).type_code.startswith("urn:ihe:iti:")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("^^^&1.2&ISO^urn:x:y", "CXi.1"),
        ("1^2^^&1.2&ISO^urn:x:y", "CXi.2"),
        ("1^^^&x&ISO^urn:x:y", "CXi.4"),
        ("1^^^&1.2&ISO", "CXi.5"),
        ("1^^^&1.2&ISO^a^b", "sixth"),
        ("1^^^^urn:ihe:iti:xds:2013:order", "CXi.4 is present"),
        ("1^^^^urn:ihe:iti:xds:2013:referral", "CXi.4 is present"),
        ("1^^^^urn:ihe:iti:xds:2015:encounterId", "CXi.4 is present"),
        ("1.2^^^&1.2&ISO^urn:ihe:iti:xdw:2013:workflowInstanceId", "only CXi.1 and CXi.5"),
        ("W1^^^^urn:ihe:iti:xdw:2013:workflowInstanceId", "CXi.1 is an OID"),
        ("1.2^^^&1.2&ISO^urn:ihe:iti:xds:2016:studyInstanceUID", "only CXi.1 and CXi.5"),
        ("1^^^&1.2^urn:x:y", "CXi.4"),
        ("1^^^x&1.2&ISO^urn:x:y", "CXi.4"),
        ("1^^^&1.2&ISO&x^urn:x:y", "CXi.4"),
        ("1&2^^^&1.2&ISO^urn:x:y", "CXi.1 is one"),
    ],
)
def test_a_reference_identifier_with_a_missing_component_is_refused(text, rule):
    with pytest.raises(DatatypeError, match=rule):
        parse_cxi(text)


@pytest.mark.parametrize(
    ("text", "number", "content"),
    [
        ("PID-3|a^^^&1.2&ISO~b^^^&1.3&ISO", 3, "a^^^&1.2&ISO~b^^^&1.3&ISO"),
        ("PID-5|Doe^John^^^", 5, "Doe^John^^^"),
        ("PID-7|1950-10-07", 7, "1950-10-07"),
        ("PID-8|", 8, ""),
        ("PID-3.1|x", 3, "x"),
    ],
)
def test_a_pid_field_is_kept_as_it_is_odd_dates_and_all(text, number, content):
    assert parse_pid_field(text) == (number, content)


@pytest.mark.parametrize(
    "text", ["", "PID-5", "PID|x", "PV1-2|x", "PID-0|x", "PID-40|x", "pid-5|x"]
)
def test_what_is_no_pid_field_is_refused(text):
    with pytest.raises(DatatypeError, match="PID"):
        parse_pid_field(text)


def test_text_is_anything_but_an_ampersand_escaped_twice():
    check_text("Cardiology ^ & ~ whatever")
    with pytest.raises(DatatypeError, match="twice") as error:
        check_text("Ear &amp; Throat")
    assert "&amp;amp;" in error.value.fix
    assert hl7v2.DOUBLE_ESCAPES


@pytest.mark.parametrize(
    ("text", "coded"),
    [
        ("PRF^^^&2.16.840.1.113883.5.90&ISO", ("PRF", "2.16.840.1.113883.5.90")),
        ("SM26^Label^1.2.250.1.213.1.1.4.5", ("SM26", "1.2.250.1.213.1.1.4.5")),
        ("Cardiology", None),
        ("a^b^c", None),
        ("a^^^&x&ISO", None),
    ],
)
def test_a_coded_string_is_told_from_plain_text(text, coded):
    assert parse_coded_string(text) == coded
