"""The Registry as the Repository calls it: plain SOAP 1.2 over a pool of connections.

Register Document Set-b [ITI-42] is here; Authorization Decisions Query [ITI-79] goes the same way,
from `repository.authorization`.

Spec: ITI TF-2 §3.42; Appendix V.3. Written by hand and not by a SOAP stack, because bytes that were
signed (the assertion) must arrive as they are. Every way in which a Registry can fail to answer
ends in a `RegistryUnavailableError` that says whether the submission may have been registered all
the same; nothing is a success but a parsed RegistryResponse that says so.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import urllib3
from lxml import etree
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
)

from xds.ebrim.response import Status, read_registry_response
from xds.errors import Complaint, ErrorCode, quote
from xds.namespaces import RS, SOAP, SOAP11, WSA, prefixed

T = TypeVar("T")
ACTION = "urn:ihe:iti:2007:RegisterDocumentSet-b"
STATUSES = frozenset({Status.SUCCESS, Status.FAILURE})
ANSWER_OCTETS = 16 * 1024 * 1024
"""Of one answer; a RegistryErrorList of thousands of errors is far below it."""
NEVER_SENT = (NewConnectionError, ConnectTimeoutError, NameResolutionError)
SENDS = 2
"""The first, and one more of the same message when its outcome is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What the Registry said, in a parsed RegistryResponse."""

    is_success: bool
    complaints: tuple[Complaint, ...] = ()
    """Its errors and warnings as they came; a failure has at least one error."""
    is_resend: bool = False
    """Whether an earlier sending of the same message may have been registered."""


class RegistryUnavailableError(Exception):
    """No answer came that is one to what was sent."""

    def __init__(self, text: str, *, may_be_registered: bool, is_fault: bool = False) -> None:
        super().__init__(text)
        self.may_be_registered = may_be_registered
        """Whether the Registry may have done what was asked without our learning of it."""
        self.is_fault = is_fault
        """Whether it answered, with a SOAP fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryClient:
    """One Registry's address, and a pool of connections to it."""

    url: str
    connect_seconds: float = 5.0
    answer_seconds: float = 60.0
    new_message_id: Callable[[], str] = lambda: f"urn:uuid:{uuid.uuid4()}"
    pool: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(num_pools=4, maxsize=32, block=False)
    )

    def register(self, submission: bytes, security: bytes) -> Registration:
        """Send an lcm:SubmitObjectsRequest with a wsse:Security header.

        Spec: ITI TF-2 §3.42.4.1. Errors: RegistryUnavailableError.
        """
        registration, is_resend = self.exchange(ACTION, submission, security, read_answer)
        return replace(registration, is_resend=is_resend)

    def exchange(
        self, action: str, body: bytes, security: bytes, read: Callable[[int, bytes], T]
    ) -> tuple[T, bool]:
        """Send a body with a wsse:Security header; return what `read` makes of the answer.

        A message whose outcome is unknown is sent once more, the same bytes: the Registry knows
        them again by their MessageID. The second value says whether an earlier sending may have
        been worked on. `read` is given the HTTP status and the octets of the answer.

        Errors: RegistryUnavailableError.
        """
        message = self._envelope(action, body, security)
        unknown = False
        for attempt in range(1, SENDS + 1):
            try:
                return read(*self._send(action, message)), unknown
            except RegistryUnavailableError as failure:
                unknown = unknown or failure.may_be_registered
                if attempt == SENDS or not failure.may_be_registered or failure.is_fault:
                    raise RegistryUnavailableError(
                        str(failure), may_be_registered=unknown, is_fault=failure.is_fault
                    ) from failure
        raise AssertionError("the loop returns or raises")

    def _envelope(self, action: str, body: bytes, security: bytes) -> bytes:
        head = (
            f'<soap:Envelope xmlns:soap="{SOAP}" xmlns:wsa="{WSA}"><soap:Header>'
            f'<wsa:Action soap:mustUnderstand="true">{action}</wsa:Action>'
            f"<wsa:MessageID>{self.new_message_id()}</wsa:MessageID>"
            f'<wsa:To soap:mustUnderstand="true">{_escaped(self.url)}</wsa:To>'
        )
        between = b"</soap:Header><soap:Body>"
        return head.encode() + security + between + body + b"</soap:Body></soap:Envelope>"

    def _send(self, action: str, message: bytes) -> tuple[int, bytes]:
        try:
            response = self.pool.request(
                "POST",
                self.url,
                body=message,
                headers={
                    "Content-Type": f'application/soap+xml; charset=UTF-8; action="{action}"',
                    "Accept-Encoding": "identity",
                },
                timeout=urllib3.Timeout(connect=self.connect_seconds, read=self.answer_seconds),
                retries=False,
                redirect=False,
                preload_content=False,
            )
        except NEVER_SENT as error:
            raise RegistryUnavailableError(
                f"no connection to the Registry ({_reason(error)})", may_be_registered=False
            ) from error
        except HTTPError as error:
            raise RegistryUnavailableError(
                f"the Registry did not answer ({_reason(error)})", may_be_registered=True
            ) from error
        return response.status, self._read(response)

    def _read(self, response: urllib3.BaseHTTPResponse) -> bytes:
        try:
            content = bytearray()
            for chunk in response.stream(65536, decode_content=False):
                content += chunk
                if len(content) > ANSWER_OCTETS:
                    break
        except HTTPError as error:
            response.close()
            raise RegistryUnavailableError(
                f"the Registry's answer broke off ({_reason(error)})", may_be_registered=True
            ) from error
        if len(content) > ANSWER_OCTETS:
            response.close()  # the rest is not read, so the connection cannot be used again
            raise RegistryUnavailableError(
                f"the Registry's answer is longer than {ANSWER_OCTETS} octets",
                may_be_registered=True,
            )
        response.release_conn()
        return bytes(content)


def read_answer(http_status: int, content: bytes) -> Registration:
    """Return the RegistryResponse in an answer.

    Spec: ITI TF-3 §4.2.4. Errors: RegistryUnavailableError for anything else, whatever the bytes.
    """
    payload = payload_of(http_status, content)
    if payload.tag != f"{{{RS}}}RegistryResponse":
        raise unusable(http_status, f"a {prefixed(payload.tag)}")
    return _response(payload, http_status)


def payload_of(http_status: int, content: bytes) -> etree._Element:
    """Return the one element in the soap:Body of an answer that is no fault.

    Errors: RegistryUnavailableError for anything else, whatever the bytes.
    """
    root = _parse(content, http_status)
    if root.tag == f"{{{SOAP11}}}Envelope" or root.tag != f"{{{SOAP}}}Envelope":
        raise unusable(http_status, f"a {prefixed(root.tag)}, no SOAP 1.2 envelope")
    body = root.find(f"{{{SOAP}}}Body")
    content_of = [c for c in body if isinstance(c.tag, str)] if body is not None else []
    if len(content_of) != 1:
        raise unusable(http_status, f"a soap:Body with {len(content_of)} elements")
    (payload,) = content_of
    if payload.tag == f"{{{SOAP}}}Fault":
        raise _fault(payload)
    return payload


def _parse(content: bytes, http_status: int) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        came = f"{len(content)} octets that are no XML"
        raise unusable(http_status, came) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise unusable(http_status, "a document with a DTD")
    return root


def _response(payload: etree._Element, http_status: int) -> Registration:
    answer = read_registry_response(payload)
    if answer.status not in STATUSES:
        raise unusable(http_status, f"a RegistryResponse with status {quote(answer.status)}")
    complaints = answer.complaints
    if not answer.succeeded and not any(c.is_error for c in complaints):
        complaints = (*complaints, _unexplained())
    return Registration(is_success=answer.succeeded, complaints=complaints)


def _unexplained() -> Complaint:
    return Complaint(
        code=ErrorCode.XDS_REGISTRY_ERROR,
        subject="the submission",
        rule="a failure names its errors (ITI TF-3 §4.2.4.1)",
        came="a Failure of the Registry without a single error",
        expected="at least one RegistryError",
        fix="ask the operator of the Registry, whose log has this refusal",
    )


def _fault(fault: etree._Element) -> RegistryUnavailableError:
    """Translate a SOAP fault; a Receiver's may come after the commit, any other comes before."""
    names = {"soap": SOAP}
    value = fault.findtext("soap:Code/soap:Value", "", names).rpartition(":")[2]
    sub = fault.findtext("soap:Code/soap:Subcode/soap:Value", "", names).rpartition(":")[2]
    reason = fault.findtext("soap:Reason/soap:Text", "", names)
    named = "/".join(n for n in (value, sub) if n)
    return RegistryUnavailableError(
        f"the Registry answered with the SOAP fault {quote(named)}: {quote(reason)}",
        may_be_registered=value == "Receiver",
        is_fault=True,
    )


def unusable(http_status: int, came: str) -> RegistryUnavailableError:
    """Return the error for an answer that is none; it may have been worked on all the same."""
    return RegistryUnavailableError(
        f"the Registry answered HTTP {http_status} with {came}", may_be_registered=True
    )


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _reason(error: Exception) -> str:
    """Return what happened in a word or two; the library's texts carry object addresses."""
    cause = error.__cause__ or error.__context__ or error
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror.lower()
    return type(cause).__name__
