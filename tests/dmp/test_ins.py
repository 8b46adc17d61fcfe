"""The form of a matricule INS and its control key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmp import ins
from xds.domain import load_domain
from xds.metadata.datatype import DatatypeError

bodies = st.builds(
    "{}{:02d}{:02d}{}{:03d}{:03d}".format,
    st.sampled_from("123478"),
    st.integers(0, 99),
    st.integers(1, 99),
    st.sampled_from([*(f"{d:02d}" for d in range(1, 100)), "2A", "2B"]),
    st.integers(0, 999),
    st.integers(0, 999),
)


@pytest.mark.parametrize("text", ["279035121518989", "277076322082910", "207058575627097"])
def test_published_test_numbers_are_right(text):
    assert ins.parse_matricule(text).text == text


def test_corsica_counts_as_nineteen_and_eighteen():
    # The rule as INSEE states it: take 1,000,000 away for A, 2,000,000 for B, from 20.
    for letters, less in (("2A", 1_000_000), ("2B", 2_000_000)):
        number = int("29007" + "20" + "004017") - less
        assert ins.control_key(f"29007{letters}004017") == f"{97 - number % 97:02d}"


@given(bodies)
def test_a_body_with_its_key_is_a_matricule(body):
    text = body + ins.control_key(body)
    assert ins.parse_matricule(text) == ins.Matricule(body=body, key=text[13:])


@given(bodies)
def test_the_key_is_between_one_and_ninety_seven(body):
    assert 1 <= int(ins.control_key(body)) <= 97


@given(bodies, st.data())
def test_one_wrong_digit_is_always_found(body, data):
    text = body + ins.control_key(body)
    place = data.draw(st.sampled_from([n for n in range(15) if text[n].isdigit() and n != 5]))
    digit = data.draw(st.sampled_from("0123456789").filter(lambda d: d != text[place]))
    if not text[6].isdigit() and place in {5, 6}:
        return
    with pytest.raises(DatatypeError):
        ins.parse_matricule(text[:place] + digit + text[place + 1 :])


@given(bodies, st.sampled_from([*ins.AUTHORITIES]))
def test_an_ins_survives_its_cx(body, authority):
    matricule = ins.Matricule(body=body, key=ins.control_key(body))
    cx = ins.render_ins(matricule, authority)
    assert cx == f"{matricule.text}^^^&{authority}&ISO^NH"
    assert ins.parse_ins(cx) == matricule


@given(st.text(max_size=20))
def test_any_text_is_a_matricule_or_one_error(text):
    try:
        matricule = ins.parse_matricule(text)
    except DatatypeError:
        return
    assert matricule.text == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2790351215189",
        "27903512151898",
        "2790351215189890",
        " 279035121518989",
        "279035121518989\n",
        "2790351215189 89",
        "29007²A00401700",
        "290072a00401700",
        "2Z9035121518989",
        "٢79035121518989",
        "279035121518988",
    ],
)
def test_what_is_no_matricule_is_refused(text):
    with pytest.raises(DatatypeError):
        ins.parse_matricule(text)


def test_another_authority_has_no_ins():
    with pytest.raises(DatatypeError, match="authority"):
        ins.parse_ins("279035121518989^^^&1.2.3&ISO^NH")


def test_the_domain_lists_the_same_authorities():
    assert set(load_domain("dmp").authorities) == set(ins.AUTHORITIES)


def test_a_wrong_key_is_a_warning_with_the_rule_and_the_fix():
    assert ins.warning_about("279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH") == ""
    warning = ins.warning_about("221042545611404^^^&1.2.250.1.213.1.4.8&ISO^NH")
    assert "control key" in warning
    assert "INSi" in warning


def test_an_identifier_of_another_authority_is_not_looked_at():
    assert ins.warning_about("1234^^^&1.2.3&ISO") == ""
