"""The door: the WSGI entry of a service, and the only module that knows spyne.

Spyne dispatches an operation by the body's name and keeps the order of a call; everything that
touches bytes is ours (`xds.soap`), see ADR 0001. What the door promises: any bytes end in the
room's answer or in exactly one SOAP fault; nothing is read past what the caller's identity needs
until the room asks for it; the answer is framed as the request was.

Spec: ITI TF-2 Appendix V; SOAP 1.2 part 2 §7 (HTTP binding).
"""

import logging
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from xds import spyne_shim

spyne_shim.prepare()

import spyne.const  # noqa: E402 - only after the shim
from spyne import AnyXml, Application, ServiceBase, rpc  # noqa: E402
from spyne.protocol.soap import Soap12  # noqa: E402
from spyne.server.wsgi import WsgiApplication, WsgiMethodContext  # noqa: E402

from xds.contract import Service, served  # noqa: E402
from xds.errors import quote  # noqa: E402
from xds.limits import Limits  # noqa: E402
from xds.log import trace  # noqa: E402
from xds.soap.envelope import message_id_of, open_envelope, read_headers  # noqa: E402
from xds.soap.exchange import Answer, Attachments, SoapRequest  # noqa: E402
from xds.soap.fault import FaultCode, SoapFault  # noqa: E402
from xds.soap.incoming import is_multipart, receive  # noqa: E402
from xds.soap.outgoing import Outgoing, write_answer, write_fault_response  # noqa: E402
from xds.wire import Wire  # noqa: E402

spyne.const.MIN_GC_INTERVAL = float("inf")  # spyne would collect garbage about once a second

log = logging.getLogger("greffe.door")
TITLES: Final[dict[Service, str]] = {
    "registry": "IHE XDS.b Document Registry",
    "repository": "IHE XDS.b Document Repository",
    "patients": "IHE XDS.b Document Registry, Patient Identity Feed HL7 V3",
    "decisions": "IHE XDS.b Document Registry, Authorization Decisions Manager",
    "records": "IHE XDS.b Document Registry, patients and their records",
    "habilitations": "IHE XDS.b Document Registry, who may open a patient's record",
    "patientsSpecific": "IHE XDS.b Document Registry, which records a caller may open",
}
REASONS: Final = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What the door calls when an action comes."""

    action: str
    response_action: str
    body: str
    """Name of the request element, in Clark notation."""
    handle: Callable[[SoapRequest, Attachments], Answer]


@dataclass(slots=True)
class _Passage:
    """One request on its way through spyne."""

    operation: str
    """Spyne's name of the operation."""
    request: SoapRequest
    attachments: Attachments
    raised: Exception | None = None
    outgoing: Outgoing | None = None


class _Protocol(Soap12):  # type: ignore[misc]
    """Spyne's SOAP 1.2 with every step that reads or writes bytes taken out."""

    def create_in_document(self, ctx: Any, _charset: Any = None) -> None:
        ctx.in_document = ctx.udc.request.envelope

    def decompose_incoming_envelope(self, ctx: Any, _message: Any = None) -> None:
        ctx.method_request_string = ctx.udc.operation

    def deserialize(self, ctx: Any, message: Any = None) -> None:  # noqa: ARG002 - spyne's signature
        ctx.in_object = [ctx.udc]

    def serialize(self, ctx: Any, message: Any = None) -> None:  # noqa: ARG002 - spyne's signature
        request: SoapRequest = ctx.udc.request
        ctx.udc.outgoing = write_answer(
            ctx.out_object[0], request.message_id, is_mtom=request.is_mtom
        )

    def create_out_string(self, ctx: Any, _charset: Any = None) -> None:
        ctx.out_string = ctx.udc.outgoing.chunks


class _Spyne(WsgiApplication):  # type: ignore[misc]
    """Spyne's server, driven call by call with a request that is already read."""

    def run(self, environ: dict[str, Any], passage: _Passage) -> Outgoing:
        """Take a request through spyne. Errors: SoapFault; whatever the room lets out."""
        ctx = WsgiMethodContext(self, environ, "application/soap+xml")
        ctx.udc = passage
        ctx = self.generate_contexts(ctx)[0]
        self.get_in_object(ctx)
        self.get_out_object(ctx)
        if passage.raised is not None:
            raise passage.raised
        if ctx.out_error is not None:
            raise ctx.out_error
        self.get_out_string(ctx)
        if passage.outgoing is None:
            raise TypeError("spyne did not come to the answer")
        return passage.outgoing


def _spyne_application(service: Service, operations: tuple[Operation, ...]) -> _Spyne:
    """Return spyne's server with one method for each operation."""
    methods = {_method_name(n): _method(_method_name(n), o) for n, o in enumerate(operations)}
    rooms = type(f"{service.title()}Rooms", (ServiceBase,), methods)
    application = Application(
        [rooms],
        tns=f"urn:greffe:{service}",
        name=service,
        in_protocol=_Protocol(),
        out_protocol=_Protocol(),
    )
    return _Spyne(application, max_content_length=2**63)


def _method_name(number: int) -> str:
    return f"operation_{number}"


def _method(name: str, operation: Operation) -> Any:
    """Return spyne's method for an operation.

    What a room raises is carried past spyne, which would log it and put its own fault in its place.
    """

    def run(_ctx: Any, passage: _Passage) -> Answer | None:
        try:
            return operation.handle(passage.request, passage.attachments)
        except Exception as error:  # noqa: BLE001 - raised again by the server
            passage.raised = error
            return None

    run.__name__ = name  # by which spyne tells methods apart
    return rpc(AnyXml, _returns=AnyXml)(run)


StartResponse = Callable[[str, list[tuple[str, str]]], object]


class _Door:
    """The WSGI callable."""

    def __init__(
        self,
        service: Service,
        operations: tuple[Operation, ...],
        limits: Limits,
        reply_to_hosts: frozenset[str],
    ) -> None:
        self._service = service
        self._spyne = _spyne_application(service, operations)
        self._bodies = {o.action: o.body for o in operations}
        self._names = {o.action: _method_name(n) for n, o in enumerate(operations)}
        self._limits = limits
        self._reply_to_hosts = reply_to_hosts

    def __call__(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        method = environ.get("REQUEST_METHOD", "")
        if method in ("GET", "HEAD"):
            body = self._get(environ, start)
            return body if method == "GET" else ()
        if method != "POST":
            return _text(
                start, 405, "This is a SOAP service: use POST.\n", [("Allow", "GET, POST")]
            )
        wire = Wire(environ, self._limits)
        try:
            return self._post(environ, start, wire)
        except SoapFault as fault:
            return self._fault(environ, start, wire, fault, None)
        except Exception as error:  # noqa: BLE001 - the last one: nothing from the wire is a trace
            return self._fault(environ, start, wire, _defect(error), None)

    def _post(self, environ: dict[str, Any], start: StartResponse, wire: Wire) -> Iterable[bytes]:
        if environ.get("HTTP_CONTENT_ENCODING", "identity").lower() not in ("", "identity"):
            raise SoapFault(
                FaultCode.SENDER,
                f"The request's Content-Encoding is {quote(environ['HTTP_CONTENT_ENCODING'])}; "
                "expected none: requests are not compressed here.",
            )
        incoming = receive(
            environ.get("CONTENT_TYPE", ""),
            environ.get("HTTP_SOAPACTION", ""),
            wire.chunks(),
            self._limits,
        )
        message_id = message_id_of(incoming.root)
        try:
            opened = open_envelope(incoming.root)
            addressing = read_headers(
                opened,
                http_action=incoming.http_action,
                operations=self._bodies,
                reply_to_hosts=self._reply_to_hosts,
            )
            request = SoapRequest(
                action=addressing.action,
                message_id=addressing.message_id,
                to=addressing.to,
                body=opened.body,
                body_where=opened.body_where,
                envelope=incoming.root,
                envelope_octets=incoming.octets,
                is_mtom=incoming.is_mtom,
                peer=environ.get("REMOTE_ADDR", ""),
            )
            passage = _Passage(self._names[request.action], request, incoming.attachments)
            outgoing = self._spyne.run(environ, passage)
        except SoapFault as fault:
            return self._fault(environ, start, wire, fault, message_id)
        except Exception as error:  # noqa: BLE001 - as above, with what the answer relates to
            return self._fault(environ, start, wire, _defect(error), message_id)
        return self._send(start, wire, outgoing)

    def _fault(
        self,
        environ: dict[str, Any],
        start: StartResponse,
        wire: Wire,
        fault: SoapFault,
        relates_to: str | None,
    ) -> Iterable[bytes]:
        log.info(
            "fault %s %s to %s: %s",
            fault.code.value,
            fault.subcode or "-",
            quote(relates_to) if relates_to else "a message without MessageID",
            fault.operator_detail or fault.reason,
        )
        is_mtom = is_multipart(environ.get("CONTENT_TYPE", ""))
        return self._send(start, wire, write_fault_response(fault, relates_to, is_mtom=is_mtom))

    @staticmethod
    def _send(start: StartResponse, wire: Wire, outgoing: Outgoing) -> Iterable[bytes]:
        headers = [("Content-Type", outgoing.content_type)]
        if outgoing.content_length is not None:
            headers.append(("Content-Length", str(outgoing.content_length)))
        if not wire.finish():
            headers.append(("Connection", "close"))
            _close_after(start)
        reason = REASONS.get(outgoing.status, "Internal Server Error")
        start(f"{outgoing.status} {reason}", headers)
        return wire.lingering(outgoing.chunks)

    def _get(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        own_url = _own_url(environ)
        query = environ.get("QUERY_STRING", "")
        if not query:
            actions = "".join(f"  {action}\n" for action in self._bodies)
            return _text(
                start,
                200,
                f"{TITLES[self._service]}, SOAP 1.2.\n\nActions:\n{actions}\n"
                f"Contract: {own_url}?wsdl\n",
            )
        file = served(query, own_url, self._service)
        if file is None:
            return _text(start, 404, f"Nothing here under that name. Contract: {own_url}?wsdl\n")
        start(
            "200 OK",
            [("Content-Type", file.content_type), ("Content-Length", str(len(file.body)))],
        )
        return (file.body,)


def _close_after(start: StartResponse) -> None:
    """Tell gunicorn to close the connection: it drops the header, and would read on without end."""
    force_close = getattr(getattr(start, "__self__", None), "force_close", None)
    if force_close is not None:
        force_close()


def _defect(error: Exception) -> SoapFault:
    """Log what went wrong under an error id; the caller gets the id only."""
    error_id = secrets.token_hex(6)
    log.error("error %s in the door: %s", error_id, trace(error))
    return SoapFault(
        FaultCode.RECEIVER,
        f"The node failed; its operator finds the cause in its log under error id {error_id}.",
    )


def _own_url(environ: dict[str, Any]) -> str:
    """Return the address that the caller used. The Host header is the caller's own word."""
    host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return f"{environ['wsgi.url_scheme']}://{host}{path}"


def _text(
    start: StartResponse, status: int, text: str, headers: Iterable[tuple[str, str]] = ()
) -> Iterable[bytes]:
    octets = text.encode("utf-8")
    start(
        f"{status} {REASONS[status]}",
        [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Length", str(len(octets))),
            *headers,
        ],
    )
    return (octets,)


def make_wsgi(
    *,
    service: Service,
    operations: tuple[Operation, ...],
    limits: Limits,
    reply_to_hosts: frozenset[str] = frozenset(),
) -> Callable[[dict[str, Any], StartResponse], Iterable[bytes]]:
    """Return a service as a WSGI callable."""
    return _Door(service, operations, limits, reply_to_hosts)
