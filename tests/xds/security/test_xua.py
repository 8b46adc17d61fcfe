"""XUA: what ITI-40 requires, what it lets repeat, and what a trusted issuer is told to mend."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.xds.security.build import (
    AUDIENCE,
    NOW,
    a_gate,
    a_vihf,
    a_xua,
    call,
    edited,
    envelope,
    saml,
    xua_gate,
)
from xds.security.claims import parse_time
from xds.security.refusal import Subcode, shown
from xds.security.trust import TrustError
from xds.security.xua import Xua
from xds.soap.fault import SoapFault

CONDITIONS = f".//{saml('Conditions')}"


def outcome(edit, *, instant=NOW, gate=None, peer="10.0.0.9"):
    """The caller, or the text of the fault."""
    try:
        return call(envelope(edited(a_xua(), edit)), gate or xua_gate(), instant=instant, peer=peer)
    except SoapFault as fault:
        assert fault.subcode == Subcode.INVALID_SECURITY_TOKEN  # noqa: PT017 - both may come
        return fault.reason


def drop(path):
    def edit(root):
        element = root.find(path)
        element.getparent().remove(element)

    return edit


def put(path, name, value):
    return lambda root: root.find(path).set(name, value)


def text(path, value):
    return lambda root: setattr(root.find(path), "text", value)


def append(path, xml, position=None):
    def edit(root):
        element = etree.fromstring(f'<w xmlns:saml="{saml("")[1:-1]}" xmlns:x="urn:x">{xml}</w>')[0]
        parent = root.find(path)
        parent.insert(len(parent) if position is None else position, element)

    return edit


REFUSED = {
    "no Conditions": (drop(CONDITIONS), "Conditions"),
    "no audience": (drop(f".//{saml('AudienceRestriction')}"), "AudienceRestriction"),
    "no confirmation": (drop(f".//{saml('SubjectConfirmation')}"), "SubjectConfirmation"),
    "no AuthnStatement": (drop(f".//{saml('AuthnStatement')}"), "AuthnStatement"),
    "no AuthnContext": (drop(f".//{saml('AuthnContext')}"), "AuthnContextClassRef"),
    "no NameID": (drop(f".//{saml('NameID')}"), "NameID"),
    "no Subject": (drop(f".//{saml('Subject')}"), "Subject"),
    "an empty NameID": (text(f".//{saml('NameID')}", " "), "NameID"),
    "a NameID with an element in it": (
        append(f".//{saml('NameID')}", "<x:y/>"),
        "NameID must hold text and no elements",
    ),
    "an Issuer with an element in it": (append(saml("Issuer"), "<x:y/>"), "Issuer must hold text"),
    "another audience": (text(f".//{saml('Audience')}", "urn:elsewhere"), "another audience"),
    "an empty audience": (text(f".//{saml('Audience')}", ""), "Audience"),
    "version 1.1": (put(".", "Version", "1.1"), "Version"),
    "no instant": (lambda r: r.attrib.pop("IssueInstant"), "IssueInstant"),
    "a day as instant": (put(".", "IssueInstant", "2026-03-01"), "xs:dateTime"),
    "from the future": (put(".", "IssueInstant", "2026-03-01T09:02:00Z"), "future"),
    "issued last week": (put(".", "IssueInstant", "2026-02-20T09:00:00Z"), "expired"),
    "not valid yet": (put(CONDITIONS, "NotBefore", "2026-03-01T09:02:00Z"), "not valid yet"),
    "expired": (put(CONDITIONS, "NotOnOrAfter", "2026-03-01T08:59:00Z"), "expired"),
    "ends before it begins": (
        put(CONDITIONS, "NotOnOrAfter", "2026-03-01T09:00:00Z"),
        "before they begin",
    ),
    "rubbish as time": (put(CONDITIONS, "NotOnOrAfter", "tomorrow"), "xs:dateTime"),
    "an unknown condition": (append(CONDITIONS, "<x:Condition/>"), "may not ignore"),
    "an abstract condition": (append(CONDITIONS, "<saml:Condition/>"), "may not ignore"),
    "one-time use twice": (
        lambda r: [append(CONDITIONS, "<saml:OneTimeUse/>")(r) for _ in "ab"],
        "OneTimeUse twice",
    ),
    "two Conditions": (append(".", "<saml:Conditions/>", 3), "more than one"),
    "a second audience restriction that is not ours": (
        append(
            CONDITIONS,
            "<saml:AudienceRestriction><saml:Audience>urn:x</saml:Audience>"
            "</saml:AudienceRestriction>",
        ),
        "another audience",
    ),
    "an empty audience restriction": (
        append(CONDITIONS, "<saml:AudienceRestriction/>"),
        "one or more Audience",
    ),
    "holder of key": (
        put(
            f".//{saml('SubjectConfirmation')}",
            "Method",
            "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key",
        ),
        "holder-of-key",
    ),
    "sender vouches": (
        put(
            f".//{saml('SubjectConfirmation')}",
            "Method",
            "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches",
        ),
        "not supported",
    ),
    "a confirmation for another recipient": (
        append(
            f".//{saml('SubjectConfirmation')}",
            '<saml:SubjectConfirmationData Recipient="urn:elsewhere"/>',
        ),
        "Recipient",
    ),
    "a confirmation that expired": (
        append(
            f".//{saml('SubjectConfirmation')}",
            '<saml:SubjectConfirmationData NotOnOrAfter="2026-03-01T08:00:00Z"/>',
        ),
        "SubjectConfirmationData/@NotOnOrAfter",
    ),
    "a confirmation not valid yet": (
        append(
            f".//{saml('SubjectConfirmation')}",
            '<saml:SubjectConfirmationData NotBefore="2026-03-01T10:00:00Z"/>',
        ),
        "SubjectConfirmationData/@NotBefore",
    ),
    "a confirmation for another address": (
        append(
            f".//{saml('SubjectConfirmation')}",
            '<saml:SubjectConfirmationData Address="10.0.0.8"/>',
        ),
        "Address",
    ),
    "a session that ended": (
        put(f".//{saml('AuthnStatement')}", "SessionNotOnOrAfter", "2026-03-01T08:00:00Z"),
        "session ended",
    ),
    "a BaseID": (append(f".//{saml('Subject')}", "<saml:BaseID/>"), "only NameID"),
    "two NameIDs": (append(f".//{saml('Subject')}", "<saml:NameID>x</saml:NameID>"), "NameID"),
    "an encrypted attribute": (
        append(f".//{saml('AttributeStatement')}", "<saml:EncryptedAttribute/>"),
        "EncryptedAttribute",
    ),
    "an attribute without name": (
        append(f".//{saml('AttributeStatement')}", "<saml:Attribute/>"),
        "Attribute",
    ),
    "a stranger among the statements": (append(".", "<x:Statement/>"), "out of order"),
    "Conditions behind the statements": (
        lambda r: r.append(r.find(CONDITIONS)),
        "out of order",
    ),
    "a purpose without system": (
        lambda r: r.find(".//{urn:hl7-org:v3}PurposeOfUse").attrib.pop("codeSystem"),
        "codeSystem",
    ),
    "a value of text and elements": (
        lambda r: setattr(r.find(".//{urn:hl7-org:v3}Role"), "tail", "10"),
        "mixes",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_trusted_issuers_mistake_is_refused_and_named(case):
    edit, word = REFUSED[case]
    reason = outcome(edit)
    assert isinstance(reason, str), "refused"
    assert word in reason


ACCEPTED = {
    "OR inside one restriction": append(
        f".//{saml('AudienceRestriction')}", "<saml:Audience>urn:other</saml:Audience>", 0
    ),
    "AND between restrictions": append(
        CONDITIONS,
        f"<saml:AudienceRestriction><saml:Audience>{AUDIENCE}</saml:Audience>"
        "</saml:AudienceRestriction>",
    ),
    "ProxyRestriction": append(CONDITIONS, '<saml:ProxyRestriction Count="0"/>'),
    "no end": lambda r: r.find(CONDITIONS).attrib.pop("NotOnOrAfter"),
    "no beginning": lambda r: r.find(CONDITIONS).attrib.pop("NotBefore"),
    "within the skew": put(CONDITIONS, "NotBefore", "2026-03-01T09:00:59Z"),
    "times without a zone": put(".", "IssueInstant", "2026-03-01T09:00:00"),
    "times with an offset": put(".", "IssueInstant", "2026-03-01T10:00:00.123456789+01:00"),
    "a declared context": lambda r: setattr(
        r.find(f".//{saml('AuthnContextClassRef')}"), "tag", saml("AuthnContextDeclRef")
    ),
    "one good confirmation among bad ones": append(
        f".//{saml('Subject')}", '<saml:SubjectConfirmation Method="urn:x"/>', 1
    ),
    "a confirmation for us": append(
        f".//{saml('SubjectConfirmation')}",
        f'<saml:SubjectConfirmationData Recipient="{AUDIENCE}" Address="10.0.0.9" '
        'InResponseTo="x" NotOnOrAfter="2026-03-01T10:00:00Z"/>',
    ),
    "Advice": append(".", "<saml:Advice><x:anything/></saml:Advice>", 4),
    "an authorization statement": append(
        ".", '<saml:AuthzDecisionStatement Resource="urn:x" Decision="Permit"/>'
    ),
    "a second AuthnStatement": append(
        ".", '<saml:AuthnStatement AuthnInstant="2026-03-01T09:00:00Z"/>'
    ),
    "no attributes at all": drop(saml("AttributeStatement")),
    "an unknown attribute": append(
        f".//{saml('AttributeStatement')}",
        '<saml:Attribute Name="x"><saml:AttributeValue><x:a><x:b/></x:a></saml:AttributeValue>'
        "</saml:Attribute>",
    ),
    "white space around a value": text(f".//{saml('NameID')}", "\n 899900063480\n"),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_what_the_standard_allows_is_accepted(case):
    caller = outcome(ACCEPTED[case])
    assert not isinstance(caller, str), caller
    assert caller.identity == "899900063480"


def test_repeated_statements_and_attributes_are_joined():
    def repeat(root):
        role = "urn:oasis:names:tc:xacml:2.0:subject:role"
        append(
            ".",
            f'<saml:AttributeStatement><saml:Attribute Name="{role}"><saml:AttributeValue>'
            '<Role xmlns="urn:hl7-org:v3" code="46255001" codeSystem="2.16.840.1.113883.6.96"/>'
            "</saml:AttributeValue><saml:AttributeValue>nurse</saml:AttributeValue>"
            "</saml:Attribute></saml:AttributeStatement>",
        )(root)

    caller = outcome(repeat)
    assert [r.code for r in caller.roles] == ["10", "SM26", "46255001", "nurse"]


def test_a_vihf_is_not_enough_for_an_international_domain():
    with pytest.raises(SoapFault, match="Conditions"):
        call(envelope(a_vihf()), xua_gate())


@settings(deadline=None, max_examples=60)
@given(seconds=st.integers(-200, 2000) | st.sampled_from([-61, -60, 1060, 1061]))
def test_the_window_is_exact(seconds):
    """From a skew before IssueInstant to the window and a skew after it."""
    gate = a_gate(Xua.from_settings({"window_seconds": 1000}))
    found = outcome(
        lambda r: r.find(CONDITIONS).attrib.clear(),
        instant=NOW + timedelta(seconds=seconds),
        gate=gate,
    )
    assert isinstance(found, str) == (not -60 <= seconds <= 1060)


@pytest.mark.parametrize(
    "declared",
    [
        {"window_seconds": 0},
        {"window_seconds": "3600"},
        {"window_seconds": True},
        {"legacy_algorithms": "sha1"},
        {"legacy_algorithms": [1]},
    ],
)
def test_a_setting_that_is_none_is_named(declared):
    with pytest.raises(TrustError, match=next(iter(declared))):
        Xua.from_settings(declared)


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)))  # noqa: DTZ001
def test_a_time_that_is_shown_is_read_back(moment):
    moment = moment.replace(tzinfo=UTC, microsecond=moment.microsecond // 1000 * 1000)
    assert parse_time(shown(moment)) == moment


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_none(text_):
    found = parse_time(text_)
    assert found is None or found.tzinfo is not None


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "2026-03-01",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01T09:00Z",
        "2026-03-01T09:00:60Z",
        "2026-03-01T09:00:00+99:00",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "20260301T090000Z",
        "٢٠٢٦-03-01T09:00:00Z",
        "2026-03-01T09:00:00Z\n2026-03-01T09:00:00Z",
    ],
)
def test_what_is_no_time_is_none(wrong):
    assert parse_time(wrong) is None


def test_the_emergencys_reason_is_ours_or_the_domains():
    gate = xua_gate()
    ours = call(envelope(a_xua(reason="unconscious")), gate)
    assert ours.emergency_reason == "unconscious"
    named = Xua.from_settings({"reason_attribute": "urn:example:why"})
    octets = envelope(a_xua(reason="unconscious", reason_attribute="urn:example:why"))
    assert call(octets, gate).emergency_reason == ""
    assert call(octets, a_gate(named)).emergency_reason == "unconscious"


@pytest.mark.parametrize("value", ["", 5, "urn:oasis:names:tc:xacml:2.0:subject:role"])
def test_the_attribute_of_the_reason_means_nothing_else(value):
    with pytest.raises(TrustError, match="reason_attribute"):
        Xua.from_settings({"reason_attribute": value})


ROLE_10 = "10^1.2.250.1.71.1.2.7"
SM26 = "SM26^1.2.250.1.71.4.2.5"
CONTEXT = f".//{saml('AuthnContextClassRef')}"
PURPOSE = ".//{urn:hl7-org:v3}PurposeOfUse"
ROLE = ".//{urn:hl7-org:v3}Role"


@pytest.mark.parametrize(
    ("key", "edit", "word"),
    [
        ("roles", put(ROLE, "code", "46255001"), "role '46255001"),
        ("roles", put(ROLE, "codeSystem", "1.2.3"), "role '10^1.2.3'"),
        ("purposes_of_use", put(PURPOSE, "code", "MARKETING"), "purpose of use 'MARKETING"),
        ("authentication_contexts", text(CONTEXT, "urn:x:InternetProtocol"), "urn:x:Internet"),
    ],
)
def test_a_domain_may_name_who_is_let_in(key, edit, word):
    assertion = etree.fromstring(a_xua())
    purpose, context = assertion.find(PURPOSE), assertion.find(CONTEXT)
    let_in = {
        "roles": [ROLE_10, SM26],
        "purposes_of_use": [f"{purpose.get('code')}^{purpose.get('codeSystem')}"],
        "authentication_contexts": [context.text],
    }
    gate = a_gate(Xua.from_settings({key: let_in[key]}))
    assert outcome(lambda _: None, gate=gate).identity == "899900063480"
    assert word in outcome(edit, gate=gate)
    assert not isinstance(outcome(edit), str), "any, where the domain names none"


def test_an_assertion_without_a_role_is_not_let_in_where_roles_are_named():
    gate = a_gate(Xua.from_settings({"roles": [ROLE_10]}))
    attribute = f".//{saml('Attribute')}[@Name='urn:oasis:names:tc:xacml:2.0:subject:role']"
    assert "role ''" in outcome(drop(attribute), gate=gate)
