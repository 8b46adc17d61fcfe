"""One message out and one answer in, against servers that answer well and badly."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from greffe.client.exchange import DocumentPart, Exchange, Message
from greffe.client.faults import FaultError
from greffe.client.retrieve import Spool, Wanted, retrieve
from greffe.exits import UnreachableError
from xds.namespaces import RS, SOAP, XDSB, XOP

SUCCESS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
SECURITY = "<sec>\n é</sec>".encode()
PLAIN = "application/soap+xml; charset=UTF-8"


class Server:
    """Answers every POST with the same bytes, and keeps what it was sent."""

    def __init__(self, content_type, content, status):
        self.received = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                length = int(self.headers["Content-Length"])
                server.received.append((dict(self.headers), self.rfile.read(length)))
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                """Say nothing."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/x"


@contextmanager
def answering(content, content_type=PLAIN, status=200) -> Iterator[Server]:
    server = Server(content_type, content, status)
    thread = Thread(target=server.http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.http.shutdown()
        server.http.server_close()
        thread.join()


def soap(body):
    return f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{body}</s:Body></s:Envelope>'.encode()


def message_of(url, **more):
    return Message(
        url=url, action="urn:a", security="<sec>\n é</sec>".encode(), body=b"<b/>", **more
    )


def test_the_assertion_goes_out_byte_for_byte():
    with answering(soap("<ok/>")) as server:
        assert Exchange().send(message_of(server.url)).tag == "ok"
    headers, sent = server.received[0]
    assert SECURITY in sent
    assert headers["Content-Type"].startswith("application/soap+xml")
    assert 'action="urn:a"' in headers["Content-Type"]


def test_documents_go_out_as_parts_of_the_length_that_was_said():
    content = bytes(range(256)) * 300
    part = DocumentPart(
        content_id="d1@greffe",
        mime_type="application/pdf",
        size_octets=len(content),
        chunks=lambda: iter((content[:100], content[100:])),
    )
    sent_octets = []
    with answering(soap("<ok/>")) as server:
        Exchange(on_sent=sent_octets.append).send(
            message_of(server.url, documents=(part,), is_mtom=True)
        )
    headers, sent = server.received[0]
    assert headers["Content-Type"].startswith('multipart/related; type="application/xop+xml"')
    assert content in sent
    assert sum(sent_octets) == len(sent) == int(headers["Content-Length"])


def test_a_fault_is_a_fault_whatever_the_http_status():
    fault = (
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>w:Bad</s:Value>"
        "</s:Subcode></s:Code><s:Reason><s:Text>said</s:Text></s:Reason></s:Fault>"
    )
    for status in (200, 400, 500):
        with answering(soap(fault), status=status) as server, pytest.raises(FaultError) as caught:
            Exchange().send(message_of(server.url))
        assert (caught.value.problem.code, caught.value.problem.text) == ("Sender/Bad", "said")


@pytest.mark.parametrize(
    ("content", "content_type", "said"),
    [
        (b"", PLAIN, "an empty body"),
        (b"<html>", "text/html", "no XML"),
        (b"<html/>", "text/html", "no SOAP 1.2 envelope"),
        (b'<e xmlns="http://schemas.xmlsoap.org/soap/envelope/"/>', "text/xml", "no SOAP 1.2"),
        (soap(""), PLAIN, "with 0 elements"),
        (b"--x\r\n\r\nno end", 'multipart/related; boundary="x"', "closing line"),
        (b"x", "multipart/related", "boundary"),
    ],
)
def test_what_is_no_answer_is_said_with_its_address(content, content_type, said):
    with answering(content, content_type) as server, pytest.raises(UnreachableError) as caught:
        Exchange().send(message_of(server.url))
    assert said in str(caught.value)
    assert server.url in str(caught.value)


def test_nobody_listens():
    with answering(b"") as server:
        url = server.url
    with pytest.raises(UnreachableError, match=re.escape(f"{url} does not answer")):
        Exchange().send(message_of(url))


def retrieve_response(*documents):
    inner = "".join(
        f"<x:DocumentResponse><x:RepositoryUniqueId>1</x:RepositoryUniqueId>"
        f"<x:DocumentUniqueId>{unique_id}</x:DocumentUniqueId><x:mimeType>text/plain</x:mimeType>"
        f"<x:Document>{content}</x:Document></x:DocumentResponse>"
        for unique_id, content in documents
    )
    return soap(
        f'<x:RetrieveDocumentSetResponse xmlns:x="{XDSB}">'
        f'<r:RegistryResponse xmlns:r="{RS}" status="{SUCCESS}"/>{inner}'
        "</x:RetrieveDocumentSetResponse>"
    )


def fetch(server, folder):
    with Spool(folder) as spool:
        wanted = [Wanted(unique_id="1.1", repository_unique_id="1")]
        came = retrieve(Exchange(), server.url, b"<sec/>", wanted, spool)
        contents = [d.path.read_bytes() for d in came.documents]
    assert list(folder.iterdir()) == [], "what nobody kept is removed"
    return contents


def test_documents_in_parts_in_any_order_and_inline_ones_all_come(tmp_path):
    include = f'<i:Include xmlns:i="{XOP}" href="cid:%s"/>'
    root = retrieve_response(
        ("1.1", include % "a%40x"), ("1.2", include % "b@x"), ("1.3", "aGVsbG8=")
    )
    body = b"".join(
        b"--B\r\nContent-ID: <%s>\r\n\r\n%s\r\n" % part
        for part in ((b"root@x", root), (b"b@x", b"second"), (b"a@x", b"\r\n--first"))
    )
    kind = 'multipart/related; boundary=B; start="<root@x>"; type="application/xop+xml"'
    with answering(body + b"--B--", kind) as server:
        assert fetch(server, tmp_path) == [b"\r\n--first", b"second", b"hello"]


def test_a_part_that_is_missing_is_said(tmp_path):
    root = retrieve_response(("1.1", f'<i:Include xmlns:i="{XOP}" href="cid:gone"/>'))
    with answering(root) as server, pytest.raises(UnreachableError, match="gone"):
        fetch(server, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_inline_document_that_is_no_base64_is_said(tmp_path):
    with (
        answering(retrieve_response(("1.1", "a"))) as server,
        pytest.raises(UnreachableError, match="base64"),
    ):
        fetch(server, tmp_path)
