"""Distinguished names: the same name, however it is written."""

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from xds.security.names import name_of, parse_name
from xds.security.pki import seal_name

CARD = x509.Name(
    [
        x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COUNTRY_NAME, "FR")]),
        x509.RelativeDistinguishedName(
            [x509.NameAttribute(NameOID.STATE_OR_PROVINCE_NAME, "Paris (75)")]
        ),
        x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.TITLE, "Médecin")]),
        x509.RelativeDistinguishedName(
            [
                x509.NameAttribute(NameOID.COMMON_NAME, "899900038839"),
                x509.NameAttribute(NameOID.SURNAME, "D'OBR, Yann"),
                x509.NameAttribute(NameOID.GIVEN_NAME, "Zoé"),
            ]
        ),
    ]
)


@pytest.mark.parametrize(
    "text",
    [
        "CN=899900038839+SN=D'OBR\\, Yann+GN=Zoé,T=Médecin,ST=Paris (75),C=FR",
        "GN=Zoé+CN=899900038839+SN=D'OBR\\, Yann,T=Médecin,S=Paris (75),C=FR",
        'cn=899900038839 + sn="D\'OBR, Yann" + G=Zo\\C3\\A9 , TITLE=Médecin , st=Paris (75) , c=fr',
        "2.5.4.3=899900038839+2.5.4.4=D'OBR\\2C Yann+OID.2.5.4.42=Zoé,T=Médecin,ST=Paris (75),C=FR",
        "CN=899900038839+SN=D'OBR\\, Yann+2.5.4.42=#0C045A6FC3A9,T=Médecin,ST=Paris  (75);C=FR",
    ],
)
def test_the_ways_in_which_the_field_writes_one_name(text):
    assert parse_name(text) == name_of(CARD)


@pytest.mark.parametrize(
    "text",
    [
        "CN=899900038839,SN=D'OBR\\, Yann,GN=Zoé,T=Médecin,ST=Paris (75),C=FR",
        "C=FR,ST=Paris (75),T=Médecin,CN=899900038839+SN=D'OBR\\, Yann+GN=Zoé",
        "CN=899900038830+SN=D'OBR\\, Yann+GN=Zoé,T=Médecin,ST=Paris (75),C=FR",
        "CN=899900038839+SN=D'OBR\\, Yann,T=Médecin,ST=Paris (75),C=FR",
        "CN=899900038839+SN=D'OBR\\, Yann+GN=Zoé,T=Médecin,ST=Paris (75)",
        "CN=899900038839+SN=D'OBR, Yann+GN=Zoé,T=Médecin,ST=Paris (75),C=FR",
    ],
)
def test_another_name_is_another_name(text):
    assert parse_name(text) != name_of(CARD)


@pytest.mark.parametrize(
    "text", ["", " ", "CN", "CN=", "=x", "CN=a,", "CN=a,,C=b", "CN=a+", 'CN="a', "x" * 3000]
)
def test_what_is_no_name_is_none_and_equals_nothing(text):
    assert parse_name(text) != name_of(CARD)
    assert parse_name(text) is None or text == "CN="


values = st.text(
    st.characters(min_codepoint=0x20, exclude_categories=["Cs", "Cn", "Co"]),
    min_size=1,
    max_size=20,
).filter(lambda t: t.strip())


@given(values, values)
def test_what_cryptography_writes_is_read_back(common_name, structure):
    name = seal_name(common_name, structure)
    assert parse_name(name.rfc4514_string()) == name_of(name)


@given(st.text(max_size=200))
def test_any_text_is_a_name_or_none(text):
    found = parse_name(text)
    assert found is None or all(found)
