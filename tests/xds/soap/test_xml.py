"""The parser: what is dangerous is refused with a place, quickly, before anything else is done."""

import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.build.soap import envelope, limits
from xds.limits import Limits
from xds.namespaces import XDSB
from xds.soap.fault import FaultCode, SoapFault
from xds.soap.xml import own_text, parse

DEPTH, CAP = Limits().depth, Limits().namespaces_per_element


def refused(octets, **changes):
    with pytest.raises(SoapFault) as caught:
        parse(octets, limits(**changes))
    assert caught.value.code is FaultCode.SENDER
    return caught.value.reason


BILLION = b"<!DOCTYPE a [<!ENTITY a0 'x'>" + b"".join(
    b"<!ENTITY a%d '&a%d;&a%d;'>" % (n, n - 1, n - 1) for n in range(1, 30)
)


@pytest.mark.parametrize(
    ("octets", "says"),
    [
        (BILLION + b"]><a>&a29;</a>", "DTD"),
        (b"<?xml version='1.0'?>\n<!-- c -->\n<!DOCTYPE a SYSTEM 'http://x/'><a/>", "DTD"),
        (b"\xef\xbb\xbf <!DOCTYPE a><a/>", "DTD"),
        ("<!DOCTYPE a><a/>".encode("utf-16"), "DTD"),
        (b"<a>&undefined;</a>", "'undefined'"),
        (b"<a>\n  <b></a>", "line 2"),
        (b"<a>&#0;</a>", "line 1"),
        (b"<abcd>\0</abcd>", "line 1"),
        (b"<a>\xff</a>", "line 1"),
        (b"", "empty"),
        (b" \n\t", "empty"),
        (b"plain text", "line 1"),
        (b"<a/><b/>", "line 1"),
        (b"<?xml version='1.0' encoding='utf-7'?><a/>", "'utf-7'"),
        ("<a/>".encode("utf-16-le"), "UTF-16"),
        (b"\xff\xfe\x00", "UTF-16"),
        (b"<a>" * (DEPTH + 1) + b"</a>" * (DEPTH + 1), f"over {DEPTH} deep"),
        (b"<a>" * 5_000_000, "too many elements"),
        (b"<a>" + b"<b/>" * 4_000_000 + b"</a>", "too many elements"),
        (b"<a " + b" ".join(b'b%d=""' % n for n in range(65)) + b"/>", "over 64 attributes"),
        (b"<a " + b" ".join(b'b%d=""' % n for n in range(500_000)) + b"/>", "too many attributes"),
        (
            b"<a "
            + b" ".join(b'xmlns:n%d="u"' % n for n in range(10_000))
            + b">"
            + b"<c/>" * 100_000
            + b"</a>",
            "namespaces",
        ),
        (b"".join(b'<a xmlns:n%d="u">' % n for n in range(65)) + b"</a>" * 65, "namespaces"),
        (b"<a>" + b"x" * 1_100_000 + b"</a>", "1048576 characters"),
        (b"<a b='" + b"x" * 1_100_000 + b"'/>", "1048576 characters"),
    ],
    ids=range(25),
)
def test_what_is_dangerous_or_no_xml_is_refused_at_once(octets, says):
    started = time.process_time()
    assert says in refused(octets)
    assert time.process_time() - started < 2


def test_the_caps_admit_what_stands_right_below_them():
    parse(b"<a>" * DEPTH + b"</a>" * DEPTH, Limits())
    parse(b"<a " + b" ".join(b'b%d=""' % n for n in range(64)) + b"/>", Limits())
    parse(b"<a " + b" ".join(b'xmlns:n%d="u"' % n for n in range(CAP)) + b"/>", Limits())
    repeated = b'<a xmlns:x="u"/>' * 1000
    parse(b"<e>" + repeated + b"</e>", Limits())


def test_an_inline_document_may_be_long():
    text = b"QUJD" * 3_000_000
    root = parse(
        b'<a><x:Document xmlns:x="%s">%s</x:Document></a>' % (XDSB.encode(), text), Limits()
    )
    assert len(root[0].text) == len(text)


def test_a_large_envelope_of_metadata_is_read_in_good_time():
    slot = b'<s name="a"><v><w>20050102030405</w></v></s>'
    octets = b"<e>" + slot * 25_000 + b"</e>"
    started = time.process_time()
    parse(octets, Limits())
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("octets", "charset"),
    [
        ("<a>é</a>".encode(), ""),
        ("<a>é</a>".encode(), "utf-8"),
        ("<a>é</a>".encode("latin-1"), "ISO-8859-1"),
        (b"<?xml version='1.0' encoding='iso-8859-1'?><a>\xe9</a>", "utf-8"),
        ("<?xml version='1.0' encoding='utf-16'?><a>é</a>".encode("utf-16"), ""),
        (b"\xef\xbb\xbf" + "<a>é</a>".encode(), "iso-8859-1"),
    ],
)
def test_encodings_that_exist(octets, charset):
    assert parse(octets, Limits(), charset=charset).text == "é"


def test_a_value_is_whole_whatever_comments_stand_in_it():
    root = parse(b"<a> one<!-- x -->two<?p i?>three </a>", Limits())
    assert own_text(root) == "onetwothree"


def test_no_file_and_no_network_is_asked():
    include = b'<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="/etc/passwd"/>'
    root = parse(b"<a>" + include + b"</a>", Limits())
    assert not "".join(root.itertext()).strip()


@given(st.binary(max_size=200))
def test_any_bytes_are_an_element_or_a_fault(octets):
    with suppress(SoapFault):
        parse(octets, Limits())


@given(st.data())
@settings(max_examples=300)
def test_a_damaged_envelope_is_an_element_or_a_fault(data):
    octets = bytearray(envelope())
    at = data.draw(st.integers(0, len(octets) - 1))
    octets[at : at + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=5))
    with suppress(SoapFault):
        parse(bytes(octets), Limits())
