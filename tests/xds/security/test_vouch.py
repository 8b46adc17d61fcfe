"""The Repository's word for its caller: written and read back, it is the same caller."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.xds.security.build import (
    AUDIENCE,
    NOW,
    a_gate,
    a_xua,
    call,
    edited,
    envelope,
    repository,
    saml,
)
from xds.security.caller import Caller, CodedValue
from xds.security.vouch import VOUCHED_ACTIONS, vouch
from xds.soap.fault import SoapFault

ITI_42 = "urn:ihe:iti:2007:RegisterDocumentSet-b"

# What XML can carry, as the profiles give it: no white space at the ends.
letters = st.characters(
    exclude_categories=["Cs", "Cc", "Cn"], exclude_characters="\ufffe\uffff"
) | st.sampled_from(list("<>&\"'\t\n\r é ²]"))
texts = st.text(letters, max_size=30).map(lambda t: t.strip(" \t\r\n"))
names = texts.filter(bool)
codes = st.builds(
    CodedValue,
    code=names.map(str.strip).filter(bool),
    system=st.sampled_from(["", "1.2.250.1.71.1.2.7", "2.16.840.1.113883.6.96"]),
    display_name=texts.map(str.strip),
)
instants = st.none() | st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
).map(lambda t: t.replace(tzinfo=UTC, microsecond=t.microsecond // 1000 * 1000))
callers = st.builds(
    Caller,
    identity=names,
    issuer=names,
    name=texts,
    structure=texts,
    roles=st.lists(codes, max_size=3).map(tuple),
    purpose_of_use=st.none() | codes,
    emergency_reason=texts,
    patient_concerned=texts,
    software=texts,
    authentication_mode=st.sampled_from(["", "direct", "indirect", "indirect_renforcee"]),
    assertion_id=names,
    assertion_digest=st.just("ab" * 32),
    issued_at=instants,
)


@settings(max_examples=60, deadline=None)
@given(callers)
def test_reading_what_was_vouched_gives_the_same_caller(caller):
    octets = vouch(caller, repository().signer, audience=AUDIENCE, instant=NOW, assertion_id="_v")
    gate = a_gate(voucher_actions=VOUCHED_ACTIONS)
    read = call(envelope(octets), gate, action=ITI_42)
    assert read == replace(caller, vouched_by=repository().signer.name)


def test_a_long_upload_does_not_outlive_its_voucher():
    """The original may be expired when the second leg goes out; the voucher has its own time."""
    caller = Caller(
        identity="a", issuer="b", assertion_id="_c", assertion_digest="d", issued_at=NOW
    )
    later = NOW + timedelta(hours=9)
    octets = vouch(caller, repository().signer, audience=AUDIENCE, instant=later, assertion_id="_v")
    gate = a_gate(voucher_actions=VOUCHED_ACTIONS)
    assert call(envelope(octets), gate, action=ITI_42, instant=later).issued_at == NOW


def test_a_voucher_for_another_registry_is_refused():
    caller = Caller(identity="a", issuer="b", assertion_id="_c", assertion_digest="d")
    octets = vouch(
        caller, repository().signer, audience="urn:other", instant=NOW, assertion_id="_v"
    )
    gate = a_gate(voucher_actions=VOUCHED_ACTIONS)
    with pytest.raises(SoapFault, match="audience"):
        call(envelope(octets), gate, action=ITI_42)


def test_a_vouchers_assertion_that_vouches_for_nobody_is_refused():
    """Well formed for its purpose, but it names no original: a Repository is nobody's issuer."""
    gate = a_gate(voucher_actions=VOUCHED_ACTIONS)
    with pytest.raises(SoapFault, match="lacks"):
        call(envelope(a_xua(repository().signer)), gate, action=ITI_42)


def test_a_voucher_under_another_issuers_name_is_refused():
    caller = Caller(identity="a", issuer="b", assertion_id="_c", assertion_digest="d")
    octets = vouch(caller, repository().signer, audience=AUDIENCE, instant=NOW, assertion_id="_v")

    def rename(root):
        root.find(saml("Issuer")).text = "CN=CABINET"

    gate = a_gate(voucher_actions=VOUCHED_ACTIONS)
    with pytest.raises(SoapFault, match="Issuer"):
        call(envelope(edited(octets, rename, repository().signer)), gate, action=ITI_42)
