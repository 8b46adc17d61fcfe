"""Messages on the wire, valid by default, and a service that answers them in process.

The service has two operations: `echo` answers with what it was given (the body's name, and each
attachment with its digest); `fetch` answers with documents.
"""

import hashlib
import io
from dataclasses import dataclass, field, replace

from lxml import etree

from xds.door import Operation, make_wsgi
from xds.limits import Limits
from xds.namespaces import SOAP, WSA, XDSB, XOP
from xds.soap.exchange import Answer, OutgoingDocument
from xds.soap.mtom import MultipartReader, PartBegin, PartData, parse_content_type, write_multipart

ECHO, FETCH = "urn:test:Echo", "urn:test:Fetch"
PLAIN = "application/soap+xml; charset=UTF-8"
NS = {"soap": SOAP, "wsa": WSA, "xds": XDSB}
MTOM = (
    'multipart/related; boundary="B1"; type="application/xop+xml"; start="<root@x>"; '
    'start-info="application/soap+xml"'
)


def include(content_id):
    return f'<xop:Include xmlns:xop="{XOP}" href="cid:{content_id}"/>'


def envelope(
    *,
    action=ECHO,
    message_id="urn:uuid:00000000-0000-4000-8000-000000000001",
    headers="",
    body=None,
    inside="",
    soap=SOAP,
):
    """An envelope as bytes; `headers` come after the addressing, `inside` in xds:Echo."""
    wsa = f'<wsa:Action soap:mustUnderstand="1">{action}</wsa:Action>' if action else ""
    wsa += f"<wsa:MessageID>{message_id}</wsa:MessageID>" if message_id else ""
    name = "Fetch" if action == FETCH else "Echo"
    body = f'<xds:{name} xmlns:xds="{XDSB}">{inside}</xds:{name}>' if body is None else body
    return (
        f'<soap:Envelope xmlns:soap="{soap}" xmlns:wsa="{WSA}"><soap:Header>{wsa}{headers}'
        f"</soap:Header><soap:Body>{body}</soap:Body></soap:Envelope>"
    ).encode()


def root_part(content=None, **headers):
    named = {
        "Content-Type": 'application/xop+xml; charset=UTF-8; type="application/soap+xml"',
        "Content-ID": "<root@x>",
    }
    for name, value in headers.items():
        named[name.replace("_", "-").title()] = value
    return (
        {k: v for k, v in named.items() if v is not None},
        (envelope() if content is None else content,),
    )


def part(content_id, content, **headers):
    named = {"Content-Type": "application/octet-stream", "Content-ID": f"<{content_id}>"}
    for name, value in headers.items():
        named[name.replace("_", "-").title()] = value
    return {k: v for k, v in named.items() if v is not None}, (content,)


def multipart(*parts, boundary="B1"):
    return b"".join(write_multipart(boundary, parts or (root_part(),)))


def echo(request, attachments):
    """Answer with what came; nothing of it is believed."""
    came = "".join(
        f'<x:Part id="{a.content_id.encode().hex()}" sha1="{_sha1(a.chunks())}"/>'
        for a in attachments
    )
    return Answer(
        action=f"{ECHO}Response", body=(f'<x:Echo xmlns:x="urn:x">{came}</x:Echo>'.encode(),)
    )


def _sha1(pieces):
    digest = hashlib.sha1(usedforsecurity=False)
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


DOCUMENTS = (b"", b"one", bytes(range(256)) * 1000)


def fetch(documents):
    """Return a handle that answers with these documents."""
    return lambda request, attachments: _with_documents(documents)


def _with_documents(documents):
    pieces = [b'<x:Fetch xmlns:x="urn:x">']
    for number, octets in enumerate(documents):
        document = OutgoingDocument(
            content_id=f"{number}@greffe",
            mime_type="text/plain",
            size_octets=len(octets),
            chunks=lambda octets=octets: iter(
                octets[at : at + 100_000] for at in range(0, len(octets), 100_000)
            ),
        )
        pieces += [b"<x:Document>", document, b"</x:Document>"]
    return Answer(action=f"{FETCH}Response", body=(*pieces, b"</x:Fetch>"))


def service(*, handle=echo, limits=None, reply_to_hosts=frozenset(), documents=DOCUMENTS):
    return make_wsgi(
        service="repository",
        operations=(
            Operation(
                action=ECHO,
                response_action=f"{ECHO}Response",
                body=f"{{{XDSB}}}Echo",
                handle=handle,
            ),
            Operation(
                action=FETCH,
                response_action=f"{FETCH}Response",
                body=f"{{{XDSB}}}Fetch",
                handle=fetch(documents),
            ),
        ),
        limits=limits or Limits(),
        reply_to_hosts=reply_to_hosts,
    )


@dataclass
class Response:
    """What came back, taken apart by the reader under test's own rules and by lxml."""

    status: int
    headers: dict
    body: bytes
    parts: list = field(default_factory=list)

    @property
    def is_mtom(self):
        return self.headers["Content-Type"].startswith("multipart/related")

    @property
    def root(self):
        return etree.fromstring(self.parts[0][1] if self.is_mtom else self.body)

    def text(self, path):
        found = self.root.xpath(path, namespaces=NS)
        return "".join(found[0].itertext()) if found else None

    @property
    def is_fault(self):
        return len(self.root.xpath("/soap:Envelope/soap:Body/soap:Fault", namespaces=NS)) == 1

    @property
    def code(self):
        return self.text("//soap:Fault/soap:Code/soap:Value").partition(":")[2]

    @property
    def subcodes(self):
        return [
            v.text.partition(":")[2]
            for v in self.root.xpath("//soap:Subcode/soap:Value", namespaces=NS)
        ]

    @property
    def reason(self):
        return self.text("//soap:Reason/soap:Text")

    @property
    def action(self):
        return self.text("/soap:Envelope/soap:Header/wsa:Action")

    @property
    def relates_to(self):
        return self.text("/soap:Envelope/soap:Header/wsa:RelatesTo")


def call(app, body=b"", content_type=PLAIN, *, method="POST", query="", **environ):
    """Call a WSGI application once; `environ` adds or replaces variables."""
    seen = []
    given = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": "/repository",
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8080",
        "REMOTE_ADDR": "192.0.2.7",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": content_type,
        **environ,
    }

    def start(status, headers, exc_info=None):
        seen.append((status, headers))

    octets = b"".join(app(given, start))
    ((status, headers),) = seen
    response = Response(int(status[:3]), dict(headers), octets)
    if response.headers.get("Content-Type", "").startswith("multipart/"):
        response.parts = parts_of(octets, response.headers["Content-Type"])
    return response


def parts_of(octets, content_type):
    reader = MultipartReader(parse_content_type(content_type)[1]["boundary"], Limits())
    parts = []
    for event in [*reader.feed(octets), *reader.close()]:
        if isinstance(event, PartBegin):
            parts.append((dict(event.headers), b""))
        elif isinstance(event, PartData):
            parts[-1] = (parts[-1][0], parts[-1][1] + event.octets)
    return parts


def limits(**changes):
    return replace(Limits(), **changes)
