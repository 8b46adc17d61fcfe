"""The gate as a whole: who is let in, who is told what, and what is remembered."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from lxml import etree

from tests.xds.security.build import (
    ACTION,
    AUDIENCE,
    NOW,
    a_gate,
    a_request,
    a_vihf,
    a_xua,
    authority,
    call,
    certify,
    edited,
    envelope,
    genuine,
    repository,
    saml,
    trust,
    xua_gate,
)
from xds.namespaces import SOAP, WSSE, WSU
from xds.security.refusal import CONSTANT_TEXT, Subcode
from xds.security.vouch import VOUCHED_ACTIONS, vouch
from xds.soap.fault import SoapFault

ITI_42 = "urn:ihe:iti:2007:RegisterDocumentSet-b"


def refusal(octets, gate=None, **how):
    with pytest.raises(SoapFault) as caught:
        call(octets, gate, **how)
    assert caught.value.http_status == 400
    return caught.value


def test_a_genuine_vihf_makes_a_typed_caller():
    caller = call(envelope(a_vihf()))
    assert caller.identity == "899900063480"
    assert caller.structure == "499900063480001"
    assert [r.code for r in caller.roles] == ["10", "SM26"]
    assert caller.purpose_of_use.code == "normal"
    assert caller.patient_concerned == "207058575627097^^^&1.2.250.1.213.1.4.10&ISO^NH"
    assert caller.software == "greffe 1"
    assert caller.authentication_mode == "direct"
    assert caller.assertion_id == "_genuine"
    assert len(caller.assertion_digest) == 64
    assert caller.issued_at == NOW
    assert caller.vouched_by == ""


def test_a_genuine_xua_makes_a_typed_caller():
    caller = call(envelope(a_xua()), xua_gate())
    assert caller.identity == "899900063480"
    assert caller.name == "Ada LAMBERT"
    assert caller.purpose_of_use.code == "TREAT"


def test_an_unsigned_call_is_refused_and_no_setting_lets_it_in():
    fault = refusal(envelope(b""))
    assert fault.subcode == Subcode.INVALID_SECURITY
    assert fault.reason == CONSTANT_TEXT[Subcode.INVALID_SECURITY]


def test_a_second_call_with_the_same_assertion_is_not_verified_again():
    gate, octets = a_gate(), envelope(a_vihf())
    first = call(octets, gate)
    gate._verifier.verify = None  # a second verification would be a TypeError
    assert call(octets, gate) is first
    with pytest.raises(TypeError):
        call(envelope(a_vihf(assertion_id="_other")), gate)


def test_a_remembered_assertion_is_checked_for_time_on_every_use():
    gate, octets = a_gate(), envelope(a_vihf())
    call(octets, gate)
    call(octets, gate, instant=NOW + timedelta(seconds=3600))
    fault = refusal(octets, gate, instant=NOW + timedelta(seconds=3661))
    assert "expired" in fault.reason
    assert "2026-03-01T09:00:00Z" in fault.reason
    assert "2026-03-01T10:01:01Z" in fault.reason, "the server's time is said"


def test_a_remembered_assertion_is_checked_for_its_certificate_on_every_use():
    short = certify(
        "COURT",
        authority(),
        valid=(NOW - timedelta(days=1), NOW + timedelta(minutes=5)),
    )
    gate, octets = a_gate(), envelope(a_vihf(short.signer))
    call(octets, gate)
    fault = refusal(octets, gate, instant=NOW + timedelta(minutes=6))
    assert fault.subcode == Subcode.FAILED_AUTHENTICATION


def test_a_remembered_assertion_does_not_lend_its_name_to_a_changed_one():
    gate = a_gate()
    octets = envelope(a_vihf())
    call(octets, gate)
    forged = octets.replace(b"899900063480<", b"899900063481<")
    assert forged != octets
    assert refusal(forged, gate).subcode == Subcode.FAILED_CHECK


def test_the_namespaces_around_an_assertion_are_part_of_what_is_remembered():
    gate = a_gate()
    octets = envelope(a_vihf())
    call(octets, gate)
    call(octets.replace(b"<soap:Envelope ", b'<soap:Envelope xmlns:q="urn:q" '), gate)
    assert len(gate._remembered) == 2


def test_one_time_use_is_honoured_and_never_remembered():
    gate = a_gate()
    octets = envelope(a_vihf(is_one_time=True))
    call(octets, gate)
    assert "one use" in refusal(octets, gate).reason
    assert not gate._remembered


def test_one_time_use_is_one_use_however_many_call_at_once():
    gate = a_gate()
    octets = envelope(a_vihf(is_one_time=True))

    def attempt(_):
        try:
            return call(octets, gate)
        except SoapFault:
            return None

    with ThreadPoolExecutor(8) as pool:
        assert sum(c is not None for c in pool.map(attempt, range(24))) == 1


def test_a_refused_assertion_does_not_spend_its_one_use():
    gate = a_gate()
    octets = envelope(a_vihf(is_one_time=True, audience="urn:elsewhere"))
    assert "another audience" in refusal(octets, gate).reason
    good = envelope(a_vihf(is_one_time=True))
    call(good, gate)


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr("xds.security.gate.MAX_REMEMBERED", 3)
    gate = a_gate()
    for n in range(5):
        call(envelope(a_vihf(assertion_id=f"_{n}")), gate)
    assert len(gate._remembered) == 3


@pytest.mark.parametrize("action", sorted(VOUCHED_ACTIONS))
def test_a_voucher_is_believed_for_what_it_may_vouch_for(action):
    gate = a_gate(voucher_actions=VOUCHED_ACTIONS)
    original = call(envelope(a_vihf()), gate)
    caller = call(envelope(vouched(original)), gate, action=action)
    assert caller == replace(original, vouched_by=repository().signer.name)


def test_a_voucher_is_not_believed_for_anything_else():
    gate = a_gate(voucher_actions=VOUCHED_ACTIONS)
    octets = envelope(vouched(call(envelope(a_vihf()), gate)))
    fault = refusal(octets, gate, action=ACTION)
    assert fault.subcode == Subcode.FAILED_AUTHENTICATION
    call(octets, gate, action=ITI_42)
    assert refusal(octets, gate, action=ACTION).reason == fault.reason, "nor when remembered"


def test_a_gate_without_voucher_actions_believes_no_voucher():
    octets = envelope(vouched(call(envelope(a_vihf()))))
    assert refusal(octets, action=ITI_42).subcode == Subcode.FAILED_AUTHENTICATION


def test_what_is_for_vouchers_only_is_refused_to_a_caller_who_is_told_the_way():
    gate = a_gate(voucher_actions=VOUCHED_ACTIONS, vouched_only=frozenset({ITI_42}))
    own = envelope(a_vihf())
    original = call(own, gate)
    assert call(envelope(vouched(original)), gate, action=ITI_42).vouched_by
    for octets in (own, envelope(a_vihf(assertion_id="_new"))):
        fault = refusal(octets, gate, action=ITI_42)
        assert fault.subcode == Subcode.FAILED_AUTHENTICATION
        assert "trusted_repositories" in fault.reason
    assert call(own, gate) is original, "and nothing else"


def test_a_vouchers_key_cannot_sign_for_a_caller_itself():
    gate = a_gate(voucher_actions=VOUCHED_ACTIONS)
    octets = envelope(a_vihf(repository().signer))
    for action in (ACTION, ITI_42):
        refusal(octets, gate, action=action)


def test_a_vouchers_key_cannot_sign_for_a_caller_under_another_certificate():
    again = certify("AUTRE NOM", authority(), key=repository().key)
    gate = a_gate(voucher_actions=VOUCHED_ACTIONS)
    for action in (ACTION, ITI_42):
        fault = refusal(envelope(a_vihf(again.signer)), gate, action=action)
        assert fault.subcode == Subcode.FAILED_AUTHENTICATION


def test_a_barred_key_cannot_sign_for_a_caller():
    gate = a_gate(trusted=trust(vouchers=[], barred=[repository().certificate]))
    fault = refusal(envelope(a_vihf(repository().signer)), gate)
    assert fault.subcode == Subcode.FAILED_AUTHENTICATION


def test_a_caller_issuer_cannot_vouch():
    original = call(envelope(a_vihf()))
    forged = vouch(
        original, genuine().signer, audience=AUDIENCE, instant=NOW, assertion_id="_forged"
    )
    gate = a_gate(voucher_actions=VOUCHED_ACTIONS)
    refusal(envelope(forged), gate, action=ITI_42)


def test_a_voucher_runs_out_by_itself():
    gate = a_gate(voucher_actions=VOUCHED_ACTIONS)
    octets = envelope(vouched(call(envelope(a_vihf()), gate)))
    fault = refusal(octets, gate, action=ITI_42, instant=NOW + timedelta(seconds=181))
    assert "expired" in fault.reason


def test_security_headers_for_others_are_not_ours_to_judge():
    other = (
        f'<wsse:Security xmlns:wsse="{WSSE}" xmlns:soap="{SOAP}" '
        'soap:role="http://example.org/gateway"><wsse:UsernameToken/></wsse:Security>'
    ).encode()
    assert call(envelope(a_vihf(), more=other)).identity == "899900063480"


def test_two_security_headers_for_us_are_refused():
    other = f'<wsse:Security xmlns:wsse="{WSSE}"/>'.encode()
    assert refusal(envelope(a_vihf(), more=other)).subcode == Subcode.INVALID_SECURITY


def test_a_timestamp_beside_the_assertion_is_honoured():
    stamp = (
        f'<u:Timestamp xmlns:u="{WSU}"><u:Expires>2026-03-01T08:58:00Z</u:Expires></u:Timestamp>'
    )
    fault = refusal(envelope(stamp.encode(), a_vihf()))
    assert fault.subcode == Subcode.MESSAGE_EXPIRED
    fresh = stamp.replace("08:58", "09:05").encode()
    assert call(envelope(fresh, a_vihf())).identity == "899900063480"


def test_what_is_cryptographic_says_one_constant_text_per_code():
    texts = {}
    for octets in (
        envelope(a_vihf().replace(b"<ds:DigestValue>", b"<ds:DigestValue>AAAA")),
        envelope(a_vihf().replace(b"Ada", b"Eve")),
        envelope(a_vihf(certify("INCONNU").signer)),
        envelope(a_vihf(certify("AUTRE INCONNU").signer)),
        envelope(a_vihf().replace(b"rsa-sha256", b"hmac-sha256")),
    ):
        fault = refusal(octets)
        assert fault.reason == CONSTANT_TEXT[Subcode(fault.subcode)]
        assert fault.operator_detail
        assert fault.operator_detail not in fault.reason
        texts.setdefault(fault.subcode, set()).add(fault.reason)
    assert len(texts) >= 3
    assert all(len(t) == 1 for t in texts.values())


def test_all_reasons_are_given_at_once():
    octets = a_xua(lifetime_seconds=10)

    def spoil(root):
        root.find(f".//{saml('Audience')}").text = "urn:elsewhere"
        root.remove(root.find(saml("AuthnStatement")))

    fault = refusal(
        envelope(edited(octets, spoil)), xua_gate(), instant=NOW + timedelta(seconds=100)
    )
    for word in ("expired", "audience", "AuthnStatement"):
        assert word in fault.reason


def vouched(caller):
    return vouch(
        caller, repository().signer, audience=AUDIENCE, instant=NOW, assertion_id="_vouched"
    )


def test_a_request_object_is_never_changed():
    octets = envelope(a_vihf())
    request = a_request(octets)
    before = etree.tostring(request.envelope)
    a_gate().authenticate(request, ACTION, NOW)
    assert etree.tostring(request.envelope) == before


def test_a_forger_writes_no_lines_into_the_operators_log():
    octets = a_vihf().replace(b"xmldsig-more#rsa-sha256", b"x&#10;2026-03-01 INFO all is well&#13;")
    fault = refusal(envelope(octets))
    assert "all is well" in fault.operator_detail
    assert "\n" not in fault.operator_detail
    assert "\r" not in fault.operator_detail
    long = a_vihf().replace(b"xmldsig-more#rsa-sha256", b"x" * 50_000)
    assert len(refusal(envelope(long)).operator_detail) <= 500


def test_many_threads_get_the_same_verdicts_as_one():
    gate = a_gate()
    good = [envelope(a_vihf(assertion_id=f"_t{n}", subject=f"8999{n:08d}")) for n in range(12)]
    bad = [octets.replace(b"8999", b"8998") for octets in good]

    def verdict(octets):
        try:
            return call(octets, gate).identity
        except SoapFault as fault:
            return fault.subcode

    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(verdict, (good + bad) * 6))
    expected = [f"8999{n:08d}" for n in range(12)] + [Subcode.FAILED_CHECK] * 12
    assert found == expected * 6
