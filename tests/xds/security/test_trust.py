"""Whom the service believes: a scenario PKI, one scenario a test."""

import itertools
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.xds.security.build import (
    DAY,
    NOW,
    a_vihf,
    authority,
    certify,
    envelope,
    genuine,
    new_key,
    repository,
    shared_key,
    stranger,
    trust,
    usage,
)
from tests.xds.security.build import a_gate as gate_of
from tests.xds.security.build import call as call_gate
from xds.security.revocation import RevocationLists
from xds.security.trust import Purpose, Trust, TrustError, Untrusted, read_certificates

INTERMEDIATE = {"ca": True, "path_length": 0}


def verdict(*certificates, trusted=None, instant=NOW):
    """The signer that a KeyInfo with these certificates selects."""
    return (trusted or trust()).signatory(tuple(c.der for c in certificates), instant)


def refused(*certificates, **how) -> str:
    with pytest.raises(Untrusted) as caught:
        verdict(*certificates, **how)
    return str(caught.value)


def test_a_certificate_of_a_trusted_authority_is_believed():
    found = verdict(genuine())
    assert found.purpose is Purpose.CALLER
    assert [c.subject for c in found.chain] == [
        genuine().certificate.subject,
        authority().certificate.subject,
    ]


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_rsa_and_elliptic_keys_are_believed(kind):
    assert verdict(certify("X", authority(), key=shared_key("x", kind)))


def test_no_subject_alternative_name_is_wanted_and_one_does_no_harm():
    name = x509.SubjectAlternativeName([x509.DNSName("idp.example")])
    assert verdict(certify("IDP", authority(), extra=[(name, True)]))


def test_a_stranger_under_the_genuine_name_is_not_believed():
    assert stranger().certificate.subject == genuine().certificate.subject
    assert "no chain" in refused(stranger())


def test_an_authority_under_the_trusted_name_with_another_key_is_not_believed():
    false_authority = certify(
        "X", ca=True, subject=authority().certificate.subject, key=shared_key("false authority")
    )
    leaf = certify("LEAF", false_authority)
    assert "no chain" in refused(leaf)
    assert "no chain" in refused(leaf, false_authority)
    assert "no chain" in refused(leaf, authority())


@pytest.mark.parametrize(
    ("valid", "instant"),
    [
        ((NOW - 2 * DAY, NOW - DAY), NOW),
        ((NOW + DAY, NOW + 2 * DAY), NOW),
    ],
    ids=["expired", "not yet valid"],
)
def test_a_certificate_out_of_its_time_is_not_believed(valid, instant):
    assert "valid from" in refused(certify("X", authority(), valid=valid), instant=instant)


def test_an_expired_authority_takes_its_certificates_with_it():
    old = certify("VIEILLE", ca=True, valid=(NOW - 9 * DAY, NOW - DAY))
    trusted = trust(anchors=[old.certificate])
    assert "valid from" in refused(certify("X", old), trusted=trusted)


def test_a_remembered_chain_is_checked_for_time_again():
    trusted = trust()
    short = certify("X", authority(), valid=(NOW - DAY, NOW + DAY))
    assert verdict(short, trusted=trusted)
    assert "valid from" in refused(short, trusted=trusted, instant=NOW + 2 * DAY)


@pytest.mark.parametrize(
    "wrong",
    [
        {"key_usage": usage("key_encipherment")},
        {"key_usage": usage("key_cert_sign")},
        {"key_usage": usage("key_agreement", "crl_sign")},
        {"extended": [ExtendedKeyUsageOID.CLIENT_AUTH]},
        {"extended": [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]},
        {"extended": [ExtendedKeyUsageOID.TIME_STAMPING]},
        {"extended": [ExtendedKeyUsageOID.OCSP_SIGNING]},
        {"ca": True},
        {"key": shared_key("weak rsa", "weak-rsa")},
        {"key": shared_key("weak ec", "weak-ec")},
        {"key": shared_key("ed", "ed25519")},
        {"hash_with": hashes.SHA224()},
        {
            "extra": [
                (x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True),
            ]
        },
    ],
    ids=lambda w: str(next(iter(w))),
)
def test_a_certificate_that_is_not_fit_to_sign_is_not_believed(wrong):
    assert refused(certify("X", authority(), **wrong))


@pytest.mark.parametrize(
    "right",
    [
        {"key_usage": usage("content_commitment")},
        {"extended": [ExtendedKeyUsageOID.EMAIL_PROTECTION]},
        {"extended": [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.EMAIL_PROTECTION]},
        {"plain": True},
        {"hash_with": hashes.SHA512()},
    ],
    ids=["non-repudiation", "mail", "mail and client", "version 1 style", "SHA-512"],
)
def test_what_real_signature_certificates_look_like_is_believed(right):
    assert verdict(certify("X", authority(), **right))


def test_an_intermediate_may_come_with_the_message_in_any_order():
    middle = certify("INTERMEDIAIRE", authority(), **INTERMEDIATE)
    leaf = certify("X", middle)
    for order in itertools.permutations([leaf, middle, authority()]):
        assert verdict(*order).certificate == leaf.certificate
    assert "no chain" in refused(leaf), "without it there is no chain"


def test_an_intermediate_may_be_an_anchor_itself():
    middle = certify("INTERMEDIAIRE", authority(), **INTERMEDIATE)
    assert verdict(certify("X", middle), trusted=trust(anchors=[middle.certificate]))


def test_a_path_longer_than_an_authority_allows_is_not_believed():
    first = certify("UN", authority(), **INTERMEDIATE)
    second = certify("DEUX", first, **INTERMEDIATE)
    assert "path length" in refused(certify("X", second), second, first)


def test_a_leaf_cannot_issue():
    assert "no authority" in refused(certify("X", genuine()), genuine())


def test_an_authority_without_the_right_to_sign_certificates_cannot_issue():
    odd = certify("ODD", authority(), ca=True, key_usage=usage("digital_signature"))
    assert "may not sign" in refused(certify("X", odd), odd)


def test_a_weak_authority_cannot_issue():
    weak = certify("WEAK", authority(), ca=True, key=shared_key("weak rsa", "weak-rsa"))
    assert "too weak" in refused(certify("X", weak), weak)


def test_name_constraints_are_not_understood_and_so_not_believed():
    constraint = x509.NameConstraints([x509.DNSName("example.org")], None)
    for critical in (True, False):
        odd = certify("ODD", authority(), ca=True, extra=[(constraint, critical)])
        assert refused(certify("X", odd), odd)


def test_a_self_signed_certificate_is_believed_only_when_it_is_configured():
    alone = certify("IDP")
    assert "no chain" in refused(alone)
    assert verdict(alone, trusted=trust(anchors=[alone.certificate])).purpose is Purpose.CALLER


def test_a_configured_authority_does_not_sign_assertions_itself():
    assert refused(authority())


def test_cross_signed_certificates_do_not_make_the_search_explode():
    names = [f"CROISE {n}" for n in range(4)]
    roots = [certify(n, ca=True) for n in names]
    crossed = [
        certify(a, b, ca=True)
        for a, b in itertools.permutations(names, 2)
        for b in [roots[names.index(b)]]
    ]
    leaf = certify("X", roots[0])
    assert "too many" in refused(leaf, *crossed)


def test_rubbish_instead_of_a_certificate_is_not_believed():
    for der in (b"", b"\x30\x00", genuine().der[:-1], genuine().der + b"\0"):
        with pytest.raises(Untrusted):
            trust().signatory((der,), NOW)
    with pytest.raises(Untrusted):
        trust().signatory((), NOW)


def test_a_weak_anchor_is_refused_when_the_service_starts():
    weak = certify("WEAK", ca=True, key=shared_key("weak rsa", "weak-rsa"))
    with pytest.raises(TrustError, match="too weak"):
        Trust(anchors=[weak.certificate])


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    bad = tmp_path / "bad.pem"
    bad.write_text("no certificate")
    for path in (bad, tmp_path / "absent.pem"):
        with pytest.raises(TrustError, match=path.name):
            read_certificates(path)


def test_a_file_may_hold_several_certificates(tmp_path):
    both = tmp_path / "both.pem"
    both.write_bytes(authority().pem + repository().pem)
    assert len(read_certificates(both)) == 2


# --- revocation


def a_list(path, *revoked, issuer=None, key=None, until=NOW + DAY):
    issuer = issuer or authority()
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(NOW - DAY)
        .next_update(until)
    )
    for identity in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(identity.certificate.serial_number)
            .revocation_date(NOW - DAY)
            .build()
        )
    crl = builder.sign(key or issuer.key, hashes.SHA256())
    path.write_bytes(crl.public_bytes(serialization.Encoding.PEM))
    return path


def with_list(path):
    return trust(revocation=RevocationLists((path,)))


def test_a_revoked_certificate_is_not_believed(tmp_path):
    trusted = with_list(a_list(tmp_path / "ca.crl", genuine()))
    assert "revoked" in refused(genuine(), trusted=trusted)
    assert verdict(certify("AUTRE", authority()), trusted=trusted)


def test_a_revoked_intermediate_takes_its_certificates_with_it(tmp_path):
    middle = certify("INTERMEDIAIRE", authority(), **INTERMEDIATE)
    trusted = with_list(a_list(tmp_path / "ca.crl", middle))
    assert "revoked" in refused(certify("X", middle), middle, trusted=trusted)


def test_a_list_that_ran_out_refuses_everybody_it_covers(tmp_path):
    trusted = with_list(a_list(tmp_path / "ca.crl"))
    assert verdict(genuine(), trusted=trusted)
    assert "ran out" in refused(genuine(), trusted=trusted, instant=NOW + 2 * DAY)


def test_a_list_that_its_issuer_did_not_sign_refuses_everybody(tmp_path):
    trusted = with_list(a_list(tmp_path / "ca.crl", key=new_key()))
    assert "not signed" in refused(genuine(), trusted=trusted)


def test_a_list_of_another_authority_says_nothing(tmp_path):
    other = certify("AUTRE AUTORITE", ca=True)
    assert verdict(genuine(), trusted=with_list(a_list(tmp_path / "o.crl", issuer=other)))


def test_a_new_list_counts_without_a_restart_even_for_who_was_let_in_before(tmp_path):
    path = a_list(tmp_path / "ca.crl")
    trusted = with_list(path)
    gate, octets = gate_of(trusted=trusted), envelope(a_vihf())
    assert call_gate(octets, gate)
    a_list(path, genuine())
    with pytest.raises(Exception, match="not trusted"):
        call_gate(octets, gate)


def test_a_list_that_disappears_refuses_everybody(tmp_path):
    path = a_list(tmp_path / "ca.crl")
    trusted = with_list(path)
    path.unlink()
    assert "cannot be read" in refused(genuine(), trusted=trusted)


def test_a_list_that_is_none_is_named_when_the_service_starts(tmp_path):
    bad = tmp_path / "bad.crl"
    bad.write_text("nothing")
    with pytest.raises(TrustError, match=r"bad\.crl"):
        Trust.from_files(anchors=[], revocation_lists=[bad])


def test_a_voucher_is_known_by_its_certificate_alone():
    assert verdict(repository()).purpose is Purpose.VOUCHER
    again = certify("REPOSITORY", authority(), key=repository().key, valid=(NOW - DAY, NOW + DAY))
    assert "vouching" in refused(again)


def test_a_voucher_out_of_its_time_is_not_believed():
    assert "valid from" in refused(repository(), instant=NOW + timedelta(days=400))


def test_a_revoked_voucher_is_not_believed(tmp_path):
    trusted = with_list(a_list(tmp_path / "ca.crl", repository()))
    assert "revoked" in refused(repository(), trusted=trusted)


def test_a_renewed_authority_takes_over_whatever_the_order_of_the_anchors():
    old = certify("RENOUVELEE", ca=True, valid=(NOW - 9 * DAY, NOW + DAY))
    new = certify("RENOUVELEE", ca=True, valid=(NOW - DAY, NOW + 90 * DAY))
    leaf = certify("X", old)
    for anchors in ([old.certificate, new.certificate], [new.certificate, old.certificate]):
        trusted = trust(anchors=anchors)
        assert verdict(leaf, trusted=trusted)
        assert verdict(leaf, trusted=trusted, instant=NOW + 2 * DAY), "after the old one ended"
        assert verdict(leaf, trusted=trusted, instant=NOW - 2 * DAY), "before the new one began"


def test_a_remembered_caller_survives_the_renewal_of_an_authority():
    old = certify("RENOUVELEE", ca=True, valid=(NOW - 9 * DAY, NOW + timedelta(minutes=1)))
    new = certify("RENOUVELEE", ca=True, valid=(NOW - DAY, NOW + 90 * DAY))
    gate = gate_of(trusted=trust(anchors=[old.certificate, new.certificate]))
    octets = envelope(a_vihf(certify("X", old).signer))
    assert call_gate(octets, gate)
    assert call_gate(octets, gate, instant=NOW + timedelta(minutes=2))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_octets_as_a_certificate_end_in_a_verdict(data):
    der = bytearray(genuine().der)
    for _ in range(data.draw(st.integers(1, 4))):
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    others = data.draw(st.lists(st.sampled_from([authority().der, genuine().der]), max_size=2))
    try:
        found = trust().signatory((bytes(der), *others), NOW)
    except Untrusted:
        return
    # What an authority signed, not the octets around it: a signature has more than one writing.
    signed = genuine().certificate.tbs_certificate_bytes
    assert found.certificate.tbs_certificate_bytes == signed


def test_another_writing_of_the_signature_changes_nothing_that_was_signed():
    even = next(c for c in (certify("X", authority()) for _ in range(200)) if c.der[-1] % 2 == 0)
    unused_bits = len(even.der) - len(even.certificate.signature) - 1
    der = bytearray(even.der)
    assert der[unused_bits] == 0
    der[unused_bits] = 1
    try:
        found = trust().signatory((bytes(der),), NOW)
    except Untrusted:
        return
    assert found.certificate.tbs_certificate_bytes == even.certificate.tbs_certificate_bytes
