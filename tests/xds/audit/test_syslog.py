"""Syslog lines and frames, and TLS connections that are refused for the right reason."""

import re
from contextlib import closing
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.build.syslog_server import SyslogServer
from tests.build.tls import Authority
from xds.audit.syslog import (
    Connection,
    Credentials,
    Destination,
    frame,
    read_destination,
    syslog_line,
)

PARIS = timezone(timedelta(hours=2))
INSTANT = datetime(2026, 5, 4, 10, 30, 0, 250_000, tzinfo=PARIS)


def a_line(message=b"<AuditMessage/>", **changes):
    values = {"instant": INSTANT, "host": "node", "app": "greffe registry", "process": "4242"}
    return syslog_line(message, **{**values, **changes})


def test_a_line_has_the_priority_the_id_and_no_structured_data():
    header = b"<85>1 2026-05-04T08:30:00.250000Z node greffe_registry 4242 IHE+RFC-3881 - "
    assert a_line(b"<AuditMessage/>") == header + b"<AuditMessage/>"


@given(st.text(), st.text(), st.text())
def test_whatever_a_node_is_called_the_header_has_its_seven_fields(host, app, process):
    line = a_line(host=host, app=app, process=process)
    assert re.fullmatch(
        rb"<85>1 \S+ [!-~]{1,255} [!-~]{1,48} [!-~]{1,128} IHE\+RFC-3881 - <AuditMessage/>", line
    )


def test_a_frame_begins_with_the_octets_of_the_line():
    assert frame("é".encode()) == b"2 \xc3\xa9"


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("syslog-tls://audit.example", "audit.example", 6514),
        ("syslog-tls://127.0.0.1:9999", "127.0.0.1", 9999),
        ("syslog-tls://[::1]:9999/", "::1", 9999),
    ],
)
def test_a_destination_is_read(text, host, port):
    assert read_destination(text) == Destination(host=host, port=port)


@pytest.mark.parametrize(
    "text",
    ["audit.example", "syslog://a", "syslog-tls://", "syslog-tls://a:99999", "syslog-tls://a/b"],
)
def test_what_is_no_destination_is_refused(text):
    with pytest.raises(ValueError, match=r"expected an address|[Pp]ort"):
        read_destination(text)


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "ca")


def credentials(authority, leaf, ca=None):
    certificate, key = leaf
    return Credentials(ca=ca or authority.ca, certificate=certificate, key=key)


def serving(request, authority, **how):
    server = SyslogServer(authority, **how)
    request.addfinalizer(server.stop)
    return Destination(host="127.0.0.1", port=server.port), server


def test_what_is_sent_is_read_and_a_goodbye_is_answered(authority, request):
    destination, server = serving(request, authority)
    connection = Connection(destination, credentials(authority, authority.leaf("node")), 20)
    connection.send(frame(b"one") + frame(b"two\n3 abc"))
    connection.check()
    assert connection.finish()
    connection.close()
    server.wait(lambda s: s.lines == [b"one", b"two\n3 abc"])


def test_a_server_of_another_authority_is_not_believed(authority, tmp_path, request):
    other = Authority(tmp_path / "other", "OTHER CA")
    destination, server = serving(request, authority)
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        Connection(destination, credentials(authority, authority.leaf("node"), ca=other.ca), 20)
    assert not server.lines


def test_a_server_under_another_name_is_not_believed(authority, request):
    elsewhere = authority.leaf("server", hosts=("audit.example",))
    destination, _ = serving(request, authority, certificate=elsewhere)
    with pytest.raises(OSError, match="IP address mismatch"):
        Connection(destination, credentials(authority, authority.leaf("node")), 20)


def test_a_server_whose_certificate_has_expired_is_not_believed(authority, request):
    old = authority.leaf("server", expired=True)
    destination, _ = serving(request, authority, certificate=old)
    with pytest.raises(OSError, match="expired"):
        Connection(destination, credentials(authority, authority.leaf("node")), 20)


def test_a_refused_client_learns_it_at_the_latest_from_the_connections_silence(authority, request):
    """In TLS 1.3 the client is done before the server has looked at its certificate."""
    destination, server = serving(request, authority)
    expired = credentials(authority, authority.leaf("node", expired=True))

    def converse():
        with closing(Connection(destination, expired, 20)) as connection:
            connection.send(frame(b"one"))
            while True:
                connection.check()

    with pytest.raises(OSError, match=r"."):
        converse()
    assert not server.lines
