"""What real clients send: tolerated (T) or reported clearly (R), by the pitfalls' own numbers.

Each row is one message and what must become of it; a number may have several rows. Numbers that
only a signature, the metadata or a query can show are tested where those are read.
"""

import base64
import hashlib
from dataclasses import dataclass

import pytest

from tests.build.soap import (
    ECHO,
    FETCH,
    MTOM,
    PLAIN,
    call,
    echo,
    envelope,
    include,
    multipart,
    part,
    root_part,
    service,
)
from xds.namespaces import SOAP11, WSSE, XDSB

DOCUMENT = b"%PDF-1.7 \r\n--B1x \xef\xbb\xbf bytes"
CERTIFICATE = b"\x30\x82 not really one"


def digest(octets):
    return hashlib.sha1(octets, usedforsecurity=False).hexdigest()


def with_document(name="d", *, href=None, head=None, **headers):
    """An MTOM message with one document; `href` is what its Include says."""
    named = {"Content-ID": head if head is not None else f"<{name}>", **headers}
    document = f'<xds:Document id="1">{include(href or name)}</xds:Document>'
    return multipart(root_part(envelope(inside=document)), (named, (DOCUMENT,)))


def in_security(text):
    """A message whose Security header holds a value that may be an Include."""
    security = f'<w:Security xmlns:w="{WSSE}"><w:Cert>{text}</w:Cert></w:Security>'
    return envelope(headers=security)


@dataclass(frozen=True)
class Tolerated:
    body: bytes
    content_type: str = MTOM
    documents: tuple = (DOCUMENT,)
    soap_action: str = ""


@dataclass(frozen=True)
class Reported:
    body: bytes
    content_type: str = MTOM
    says: tuple = ()
    code: str = "Sender"
    subcodes: tuple = ()
    soap_action: str = ""


ROWS = [
    # 1, 46: plain in, plain out (the issue wins over "MTOM required")
    (1, Tolerated(envelope(inside="<xds:Document>QUJD</xds:Document>"), PLAIN, ())),
    (
        2,
        Tolerated(
            multipart(root_part(envelope(inside="<xds:Document>QUJD</xds:Document>"))), documents=()
        ),
    ),
    # 3: either side percent-encoded, brackets in the href or not
    (3, Tolerated(with_document("urn:d@x", href="urn%3Ad%40x"))),
    (3, Tolerated(with_document(head="<urn%3Ad@http%3A%2F%2Fx%2F>", href="urn:d@http://x/"))),
    (3, Tolerated(with_document(head="d%2540x", href="d@x"))),
    (3, Tolerated(with_document(head="d@x", href="&lt;d@x&gt;"))),
    # 4: what is missing and what came
    (
        4,
        Reported(
            multipart(root_part(in_security(include("doc262"))), part("doc263", b"x")),
            says=("'doc262'", "'doc263'"),
        ),
    ),
    # 5: every base64 value optimised
    (
        5,
        Tolerated(
            multipart(root_part(in_security(include("c"))), part("c", CERTIFICATE)),
            documents=(CERTIFICATE,),
        ),
    ),
    # 6: nothing but cid:
    *(
        (6, Reported(multipart(root_part(envelope(inside=document))), says=("cid:", scheme)))
        for scheme in ("http://", "file:///", "//x", "ftp://")
        for document in (f"<xds:Document>{include('x')}</xds:Document>".replace("cid:", scheme),)
    ),
    # 7: no start; start without brackets; root not first
    (7, Tolerated(with_document(), 'multipart/related; boundary="B1"; type="application/xop+xml"')),
    (7, Tolerated(with_document(), MTOM.replace("<root@x>", "root@x"))),
    (7, Tolerated(multipart(part("d", DOCUMENT), root_part()), MTOM)),
    (
        7,
        Reported(
            with_document(), MTOM.replace("root@x", "other@x"), says=("'<other@x>'", "'root@x'")
        ),
    ),
    # 8: another type, no start-info
    (8, Tolerated(with_document(), 'multipart/related; boundary=B1; type="text/xml"')),
    (8, Tolerated(with_document(), 'multipart/related; boundary=B1; type="application/soap+xml"')),
    (8, Tolerated(with_document(), "multipart/related; boundary=B1")),
    (8, Tolerated(multipart(root_part(Content_Type="text/xml"), part("d", DOCUMENT)))),
    (8, Tolerated(multipart(root_part(Content_Type=None), part("d", DOCUMENT)))),
    # 9: the action in four places
    (9, Tolerated(with_document(), f'{MTOM}; action="{ECHO}"')),
    (9, Tolerated(with_document(), MTOM.replace('soap+xml"', rf'soap+xml;action=\"{ECHO}\""'))),
    (
        9,
        Tolerated(
            multipart(
                root_part(Content_Type=f'application/xop+xml; action="{ECHO}"'), part("d", DOCUMENT)
            )
        ),
    ),
    (9, Tolerated(with_document(), soap_action=f'"{ECHO}"')),
    # 10: absent, unquoted, empty
    (10, Tolerated(envelope(), "application/soap+xml", ())),
    (10, Tolerated(envelope(), f"application/soap+xml; action={ECHO}", ())),
    (10, Tolerated(envelope(), PLAIN, (), soap_action='""')),
    # 11: three values named
    (
        11,
        Reported(
            envelope(),
            f'application/soap+xml; action="{ECHO}BAD"',
            says=(ECHO, f"{ECHO}BAD", "'Echo'"),
            subcodes=("InvalidAddressingHeader", "ActionMismatch"),
        ),
    ),
    (
        11,
        Reported(
            envelope(action=FETCH, body=f'<x:Echo xmlns:x="{XDSB}"/>'),
            PLAIN,
            says=(FETCH, "'Echo'", "'Fetch'", "absent"),
            subcodes=("InvalidAddressingHeader", "ActionMismatch"),
        ),
    ),
    (
        11,
        Reported(
            envelope(),
            PLAIN,
            says=("'urn:x'",),
            subcodes=("InvalidAddressingHeader", "ActionMismatch"),
            soap_action="urn:x",
        ),
    ),
    # 12: transfer encodings
    *(
        (12, Tolerated(with_document(**{"Content-Transfer-Encoding": name})))
        for name in ("binary", "8bit", "7bit", "BINARY", "")
    ),
    (
        12,
        Tolerated(
            multipart(
                root_part(),
                part("d", base64.encodebytes(DOCUMENT), Content_Transfer_Encoding="base64"),
            )
        ),
    ),
    (
        12,
        Reported(
            with_document(**{"Content-Transfer-Encoding": "x-uuencode"}), says=("'x-uuencode'",)
        ),
    ),
    (
        12,
        Reported(
            with_document(**{"Content-Transfer-Encoding": "base64"}), says=("base64", "part 2")
        ),
    ),
    # 15: what is not ASCII in names
    (15, Tolerated(with_document("rapport médical 1.pdf"))),
    (15, Tolerated(with_document(**{"Content-Disposition": 'attachment; filename="é à.pdf"'}))),
    # 16: another SOAP
    (
        16,
        Reported(
            envelope(),
            "application/soap-xml",
            says=("application/soap-xml", "application/soap+xml"),
        ),
    ),
    (
        16,
        Reported(
            envelope(),
            "text/xml",
            code="VersionMismatch",
            says=("text/xml", "1.2", "application/soap+xml"),
        ),
    ),
    (16, Reported(envelope(soap=SOAP11), PLAIN, code="VersionMismatch", says=("1.1", "1.2"))),
    (16, Reported(envelope(soap=SOAP11), "text/xml", code="VersionMismatch", says=("1.1", "1.2"))),
    (
        16,
        Reported(
            multipart(root_part(envelope(soap=SOAP11))), code="VersionMismatch", says=("1.1",)
        ),
    ),
    # 17: mustUnderstand absent, "true", "1", "0"
    *(
        (17, Tolerated(envelope().replace(b' soap:mustUnderstand="1"', attribute), PLAIN, ()))
        for attribute in (
            b"",
            b' soap:mustUnderstand="true"',
            b' soap:mustUnderstand="0"',
            b' soap:mustUnderstand="false"',
        )
    ),
    # 18: the Security header is understood (there is no mode without it)
    (
        18,
        Tolerated(
            envelope(headers=f'<w:Security xmlns:w="{WSSE}" soap:mustUnderstand="1"/>'), PLAIN, ()
        ),
    ),
    # 35: CDATA is text
    (35, Tolerated(envelope(inside="<![CDATA[a < b]]>"), PLAIN, ())),
    # 39: the expected name is given
    (
        39,
        Reported(
            envelope(body='<Echo xmlns="urn:other"/>'),
            PLAIN,
            says=("'urn:other'", XDSB),
            subcodes=("InvalidAddressingHeader", "ActionMismatch"),
        ),
    ),
    # 42: comments, BOM, standalone; no DTD
    (42, Tolerated(b"\xef\xbb\xbf" + envelope(), PLAIN, ())),
    (
        42,
        Tolerated(
            b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<!-- c -->' + envelope(),
            PLAIN,
            (),
        ),
    ),
    (42, Tolerated(envelope().decode().encode("utf-16"), PLAIN, ())),
    (42, Tolerated(envelope(headers="<!-- a comment -->", inside="<!-- b -->"), PLAIN, ())),
    (42, Reported(b"<!-- a -- b -->" + envelope(), PLAIN, says=("line 1",))),
    (42, Reported(b'<!DOCTYPE a SYSTEM "file:///etc/passwd">' + envelope(), PLAIN, says=("DTD",))),
    # 44: a document is never touched, whatever it begins with
    (
        44,
        Tolerated(
            multipart(root_part(), part("d", b"\xef\xbb\xbf<a/>")), documents=(b"\xef\xbb\xbf<a/>",)
        ),
    ),
    # 45: accepted names
    (
        45,
        Reported(
            envelope(headers='<x:S xmlns:x="urn:old" soap:mustUnderstand="1"/>'),
            PLAIN,
            code="MustUnderstand",
            says=("S", "urn:old"),
        ),
    ),
]


def came(row):
    """Send the row; return the answer, and the documents and the Security header as a room sees."""
    seen = {}

    def handle(request, attachments):
        cert = request.envelope.find(f".//{{{WSSE}}}Cert")
        seen["documents"] = [b"".join(a.chunks()) for a in attachments]
        if cert is not None:
            seen["certificate"] = base64.b64decode(cert.text)
        return echo(request, ())

    environ = {"HTTP_SOAPACTION": row.soap_action} if row.soap_action else {}
    return call(service(handle=handle), row.body, row.content_type, **environ), seen


def name(row):
    number, kind = row
    return f"{number}-{type(kind).__name__}"


@pytest.mark.parametrize("row", [r for r in ROWS if isinstance(r[1], Tolerated)], ids=name)
def test_what_clients_send_and_is_clear_is_tolerated(row):
    response, seen = came(row[1])
    assert response.status == 200, response.reason
    assert tuple(seen["documents"]) == row[1].documents
    # 13, 46: the answer is framed as the request
    assert response.is_mtom == row[1].content_type.startswith("multipart/")


@pytest.mark.parametrize("row", [r for r in ROWS if isinstance(r[1], Reported)], ids=name)
def test_what_clients_send_and_is_wrong_is_reported_so_that_it_can_be_mended(row):
    response, _ = came(row[1])
    assert response.is_fault
    assert response.code == row[1].code
    assert tuple(response.subcodes) == row[1].subcodes
    for words in row[1].says:
        assert words in response.reason
    assert response.is_mtom == row[1].content_type.startswith("multipart/")


def test_5_a_value_of_the_security_header_is_whole_before_anyone_verifies_it():
    body = multipart(root_part(in_security(include("c"))), part("c", CERTIFICATE))
    _, seen = came(Tolerated(body))
    assert seen["certificate"] == CERTIFICATE


@pytest.mark.parametrize("size", [0, 1, 50_000, 100_001, 300_000, 20_000_000])
def test_14_documents_of_every_size_arrive_whole(size):
    content = bytes(i * 7 % 256 for i in range(1000)) * (size // 1000 + 1)
    content = content[:size]
    response, seen = came(Tolerated(multipart(root_part(), part("d", content))))
    assert response.status == 200
    assert [digest(d) for d in seen["documents"]] == [digest(content)]
