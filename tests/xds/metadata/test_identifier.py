"""xds.metadata.identifier: the form of ids, hashes, types and sizes."""

import pytest
from hypothesis import given

from tests.strategies.metadata import oids
from xds.metadata import identifier as i
from xds.metadata.datatype import DatatypeError

RIGHT = [
    (i.check_oid, "1.2.250.1.213.1.4.10"),
    (i.check_oid, "129.6.58.92.1.123"),
    (i.check_oid, "2.25.329800735698586629295641978511506172918"),
    (i.check_source_id, "3670984664"),
    (i.check_source_id, "1.3.6.1"),
    (i.check_oid_urn, "urn:oid:1.2.3"),
    (i.check_entry_uuid, "urn:uuid:10b545ea-725c-446d-9b95-8aeb444eddf3"),
    (i.check_entry_uuid, "Document01"),
    (i.check_entry_uuid, "URN:UUID:whatever"),
    (i.check_sha1, "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    (i.check_sha1, "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709"),
    (i.check_mime_type, "text/goofy"),
    (i.check_mime_type, "application/pdf"),
    (i.check_mime_type, "text/xml; charset=utf-8"),
    (i.check_mime_type, "multipart/x-level1+2"),
    (i.check_language, "en-us"),
    (i.check_language, "fr-FR"),
    (i.check_language, "fr"),
    (i.check_language, "zh-Hant-TW"),
    (i.check_language, "zh-cmn-Hans-CN"),
    (i.check_language, "es-419"),
    (i.check_language, "de-CH-1996"),
    (i.check_language, "sl-rozaj-biske"),
    (i.check_language, "en-a-bbb-x-a"),
    (i.check_language, "x-private"),
    (i.check_language, "i-klingon"),
    (i.check_language, "en-GB-oed"),
    (i.check_size, "0"),
    (i.check_size, "4294967296"),
]
WRONG = [
    (i.check_oid, "", "integers"),
    (i.check_oid, "3670984664", "integers"),
    (i.check_oid, "1.02.3", "integers"),
    (i.check_oid, "1..3", "integers"),
    (i.check_oid, "1.2.", "integers"),
    (i.check_oid, "urn:oid:1.2.3", "integers"),
    (i.check_oid, "1." + "2" * 63, "at most 64"),
    (i.check_source_id, "Clinic", "integers"),
    (i.check_source_id, "9" * 65, "at most 64"),
    (i.check_oid_urn, "1.2.3", "urn:oid:"),
    (i.check_oid_urn, "urn:oid:1." + "2" * 63, "at most 64"),
    (i.check_oid_urn, "urn:oid:x", "urn:oid:"),
    (i.check_entry_uuid, "urn:uuid:10B545EA-725C-446D-9B95-8AEB444EDDF3", "lower case"),
    (i.check_entry_uuid, "urn:uuid:10b545ea", "RFC 4122"),
    (i.check_sha1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "SHA-256"),
    (i.check_sha1, "da39", "40 hex"),
    (i.check_sha1, "2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "40 hex"),
    (i.check_mime_type, "pdf", "type/subtype"),
    (i.check_mime_type, "text/", "type/subtype"),
    (i.check_language, "fr_FR", "5646"),
    (i.check_language, "f", "5646"),
    (i.check_language, "x", "5646"),
    (i.check_language, "fr-F", "5646"),
    (i.check_language, "fr-FR-", "5646"),
    (i.check_language, "fr-FR-be", "5646"),
    (i.check_language, "fr-FR\n", "5646"),
    (i.check_language, "abcdefghi", "5646"),
    (i.check_language, "français", "5646"),
    (i.check_size, "-1", "octets"),
    (i.check_size, "3.5", "octets"),
    (i.check_size, "٣", "octets"),
    (i.check_size, "9" * 19, "octets"),
]


@pytest.mark.parametrize(("check", "text"), RIGHT)
def test_what_the_field_sends_is_accepted(check, text):
    check(text)


@pytest.mark.parametrize(("check", "text", "rule"), WRONG)
def test_what_has_another_form_is_refused_by_its_own_rule(check, text, rule):
    with pytest.raises(DatatypeError, match=rule) as error:
        check(text)
    assert error.value.expected
    assert error.value.fix


@given(oids)
def test_every_short_oid_is_an_oid_and_a_source_id(oid):
    assert i.is_oid(oid)
    i.check_source_id(oid)
