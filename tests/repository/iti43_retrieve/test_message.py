"""repository.iti43_retrieve: what was asked for, and what the answer says of each."""

from pathlib import Path

import pytest
from lxml import etree

from repository.iti43_retrieve import rules
from repository.iti43_retrieve.message import (
    DocumentResponse,
    read_request,
    refusal,
    write_response,
)
from xds.ebrim.response import Status
from xds.errors import Where
from xds.soap.exchange import OutgoingDocument

XDSB = "urn:ihe:iti:xds-b:2007"
OWN = "1.2.250.1.1"
SCHEMA = etree.XMLSchema(
    etree.parse(Path(__file__).parents[3] / "schemas" / "XDS.b_DocumentRepository.xsd")
)
WHERE = Where("soap:Envelope").child("soap:Body").child("xds:RetrieveDocumentSetRequest")


def asked(*documents, repository=OWN, home="") -> str:
    return "".join(
        f"<x:DocumentRequest>{home and f'<x:HomeCommunityId>{home}</x:HomeCommunityId>'}"
        f"<x:RepositoryUniqueId>{repository}</x:RepositoryUniqueId>"
        f"<x:DocumentUniqueId>{d}</x:DocumentUniqueId></x:DocumentRequest>"
        for d in documents
    )


def read(inside: str):
    body = etree.fromstring(
        f'<x:RetrieveDocumentSetRequest xmlns:x="{XDSB}">{inside}</x:RetrieveDocumentSetRequest>'
    )
    return read_request(body, WHERE)


def one(document="1.2.3", repository=OWN, home=""):
    (request,), complaints = read(asked(document, repository=repository, home=home))
    assert complaints == ()
    return request


def rendered(responses=(), complaints=(), status=Status.SUCCESS) -> etree._Element:
    pieces = write_response(responses, complaints, status)
    text = b"".join(p if isinstance(p, bytes) else b"AAAA" for p in pieces)
    root = etree.fromstring(text)
    SCHEMA.assertValid(root)
    return root


def test_requests_are_read_in_order_with_their_places():
    requests, complaints = read(asked("1", "2") + asked("3", home="urn:oid:9"))
    assert complaints == ()
    assert [(r.document_unique_id, r.home_community_id) for r in requests] == [
        ("1", None),
        ("2", None),
        ("3", "urn:oid:9"),
    ]
    assert requests[1].where.path.endswith("/xds:DocumentRequest[2]")


def test_the_same_document_twice_is_one_document():
    requests, _ = read(asked("1", "2", "1"))
    assert [r.document_unique_id for r in requests] == ["1", "2"]


@pytest.mark.parametrize(
    "inside",
    [
        "",
        "<x:DocumentRequest/>",
        "<x:Other/>",
        "<DocumentRequest/>",
        asked(""),
        asked("1", repository=""),
        asked("<x:b/>"),
        "<x:DocumentRequest><x:DocumentUniqueId>1</x:DocumentUniqueId></x:DocumentRequest>",
        (
            "<x:DocumentRequest><x:DocumentUniqueId>1</x:DocumentUniqueId>"
            "<x:RepositoryUniqueId>1</x:RepositoryUniqueId></x:DocumentRequest>"
        ),
    ],
)
def test_another_shape_is_refused_with_what_came(inside):
    _, complaints = read(inside)
    (complaint,) = complaints
    assert complaint.code == "XDSRepositoryError"
    assert complaint.came


def test_every_misshapen_request_is_named():
    _, complaints = read("<x:Other/>" + asked("1") + "<x:DocumentRequest/>")
    assert len(complaints) == 2


def test_the_answer_repeats_the_ids_and_the_home_only_when_given():
    document = OutgoingDocument(
        content_id="c", mime_type="text/x&y", size_octets=3, chunks=lambda: iter([b"abc"])
    )
    root = rendered(
        [
            DocumentResponse(request=one("a&lt;b"), document=document),
            DocumentResponse(request=one("2", home="urn:oid:9"), document=document),
        ]
    )
    first, second = root.findall(f"{{{XDSB}}}DocumentResponse")
    assert [(etree.QName(c).localname, c.text) for c in first] == [
        ("RepositoryUniqueId", OWN),
        ("DocumentUniqueId", "a<b"),
        ("mimeType", "text/x&y"),
        ("Document", "AAAA"),
    ]
    assert second[0].text == "urn:oid:9"


def test_an_error_has_the_document_unique_id_as_its_location():
    request = one("9.9")
    complaint = rules.not_held(request)
    root = rendered(complaints=[complaint], status=Status.FAILURE)
    (error,) = root.iter("{*}RegistryError")
    assert error.get("location") == "9.9"
    assert error.get("errorCode") == "XDSDocumentUniqueIdError"
    assert "xds:DocumentRequest[1]" in error.get("codeContext")


def test_another_repository_is_refused_and_both_ids_are_named():
    assert rules.wrong_repository(one(), OWN) is None
    complaint = rules.wrong_repository(one(repository="1.9"), OWN)
    assert complaint.code == "XDSUnknownRepositoryId"
    assert "'1.9'" in complaint.code_context
    assert f"'{OWN}'" in complaint.code_context


def test_who_asks_for_a_document_on_demand_is_told_who_produces_them():
    for complaint in (rules.not_held(one()), rules.wrong_repository(one(repository="1.9"), OWN)):
        assert "On-Demand Document Source" in complaint.code_context
    assert "produces none on demand" in rules.not_held(one()).code_context


def test_status_is_success_partial_success_or_failure():
    complaint = rules.not_held(one())
    assert rules.status(["x"], []) == Status.SUCCESS
    assert rules.status(["x"], [complaint]) == Status.PARTIAL_SUCCESS
    assert rules.status([], [complaint]) == Status.FAILURE


def test_a_refusal_of_the_whole_is_a_valid_answer():
    _, complaints = read("")
    SCHEMA.assertValid(etree.fromstring(refusal(complaints)))


def test_a_store_that_fails_is_said_in_a_valid_answer():
    SCHEMA.assertValid(etree.fromstring(refusal([rules.unreadable(WHERE)])))
