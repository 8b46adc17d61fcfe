"""ProvideAndRegisterDocumentSetRequest in; the answer is the RegistryResponse of `xds.ebrim`.

Spec: ITI TF-2 §3.41.4.1.2; XOP 1.0 §3 (xop:Include). Reads only: what a Document's bytes are is not
known before they arrive.
"""

import base64
import binascii
from dataclasses import dataclass, field

from lxml import etree

from repository.iti41_provide.custody import OfferedDocument
from xds.ebrim.reader import elements, line_of, text_of
from xds.ebrim.submit import scan_submit_objects
from xds.errors import Complaint, ErrorCode, Where, quote
from xds.metadata.rim import RimObject
from xds.namespaces import LCM, XDSB, XOP, prefixed
from xds.soap.exchange import SoapRequest
from xds.soap.fault import FaultCode, SoapFault
from xds.soap.xop import canonical_content_id

RESPONSE = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-bResponse"
SCHEMA_RULE = (
    "a ProvideAndRegisterDocumentSetRequest holds one lcm:SubmitObjectsRequest, then one "
    "xds:Document for each ExtrinsicObject (ITI TF-2 §3.41.4.1.2)"
)
CONTENT_RULE = (
    "a Document holds its bytes as base64, or one xop:Include that names a MIME part "
    "(ITI TF-2 §3.41.4.1.2, Appendix V.8)"
)
WHITESPACE = str.maketrans("", "", " \t\r\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provided:
    """What was handed over: metadata, and documents or where they come from."""

    objects: tuple[RimObject, ...] = ()
    documents: tuple[OfferedDocument, ...] = ()
    complaints: tuple[Complaint, ...] = field(default=())

    @property
    def entries(self) -> tuple[RimObject, ...]:
        """The DocumentEntries among the objects."""
        return tuple(o for o in self.objects if o.tag == "ExtrinsicObject")


def read_request(request: SoapRequest) -> Provided:
    """Return the metadata and the documents of the request, with every complaint of shape.

    Spec: ITI TF-2 §3.41.4.1.2. Errors: XDSRepositoryMetadataError; SoapFault for an xop:Include
    that does not name a part of this message.
    """
    body, where = request.body, request.body_where
    children = elements(body)
    submissions = [c for c in children if c.tag == f"{{{LCM}}}SubmitObjectsRequest"]
    offered = [c for c in children if c.tag == f"{{{XDSB}}}Document"]
    complaints = _shape(children, len(submissions), where)
    objects: tuple[RimObject, ...] = ()
    if len(submissions) == 1:
        place = where.child("lcm:SubmitObjectsRequest", line_of(submissions[0]))
        objects, wrong = scan_submit_objects(submissions[0], place, actor="repository")
        complaints += wrong
    documents = []
    for number, element in enumerate(offered, start=1):
        place = where.child(f"xds:Document[{number}]", line_of(element))
        document, faults = _read_document(element, place)
        complaints += faults
        documents.append(document)
    return Provided(objects=objects, documents=tuple(documents), complaints=tuple(complaints))


def _shape(children: list[etree._Element], submissions: int, where: Where) -> list[Complaint]:
    legal = {f"{{{LCM}}}SubmitObjectsRequest", f"{{{XDSB}}}Document"}
    complaints = [
        _complaint(
            where.child(prefixed(c.tag), line_of(c)),
            SCHEMA_RULE,
            f"the element {quote(prefixed(c.tag))}",
            "lcm:SubmitObjectsRequest, then xds:Document",
            "use these names in their namespaces, and nothing else",
        )
        for c in children
        if c.tag not in legal
    ]
    if submissions != 1:
        complaints.append(
            _complaint(
                where,
                SCHEMA_RULE,
                f"{submissions} lcm:SubmitObjectsRequest",
                "one",
                "send the metadata of the whole submission in one lcm:SubmitObjectsRequest",
            )
        )
    return complaints


def _read_document(
    element: etree._Element, where: Where
) -> tuple[OfferedDocument, list[Complaint]]:
    identifier = (element.get("id") or "").strip()
    complaints = []
    if not identifier:
        complaints.append(
            _complaint(
                where,
                "a Document has the id of its ExtrinsicObject (ITI TF-2 §3.41.4.1.2)",
                "a Document without id",
                "an id attribute",
                "give the Document the id of the ExtrinsicObject that describes it",
            )
        )
    inside = elements(element)
    if [child.tag for child in inside] == [f"{{{XOP}}}Include"] and not text_of(element).strip():
        content_id = _content_id(inside[0], where)
        return OfferedDocument(id=identifier, content_id=content_id, where=where), complaints
    if inside:
        came = ", ".join(prefixed(child.tag) for child in inside)
        expected, fix = "base64 text, or one xop:Include alone", "send the document in one of both"
        complaints.append(_complaint(where, CONTENT_RULE, quote(came), expected, fix))
        return OfferedDocument(id=identifier, where=where), complaints
    try:
        content = base64.b64decode(text_of(element).translate(WHITESPACE), validate=True)
    except (binascii.Error, ValueError) as error:
        expected = "base64 (RFC 4648 §4): A-Z a-z 0-9 + / with = at the end, in groups of four"
        fix = "encode the document's bytes as base64, without line headers or URL-safe letters"
        complaints.append(_complaint(where, CONTENT_RULE, f"text: {error}", expected, fix))
        content = b""
    return OfferedDocument(id=identifier, content=content, where=where), complaints


def _content_id(include: etree._Element, where: Where) -> str:
    href = include.get("href") or ""
    if not href.lower().startswith("cid:"):
        raise SoapFault(
            FaultCode.SENDER,
            f"{where}: an xop:Include names a MIME part of the same message with a 'cid:' URI, but "
            f"its href is {quote(href)}. Fix: send the bytes as a part and name its Content-ID.",
        )
    return canonical_content_id(href[len("cid:") :])


def _complaint(where: Where, rule: str, came: str, expected: str, fix: str) -> Complaint:
    return Complaint(
        code=ErrorCode.XDS_REPOSITORY_METADATA_ERROR,
        subject="ProvideAndRegisterDocumentSetRequest",
        rule=rule,
        came=came,
        expected=expected,
        fix=fix,
        where=where,
    )
