"""xds.ebrim.query and response: what goes over the wire, both ways."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tests.build.submission import a_document_entry
from tests.strategies.metadata import xml_text
from xds.ebrim.query import AdhocQuery, read_query, write_query
from xds.ebrim.response import (
    Status,
    query_response,
    read_registry_response,
    registry_response,
    registry_response_content,
)
from xds.ebrim.writer import write_object
from xds.errors import Complaint, ErrorCode, Refusal, Severity, Where
from xds.metadata.rim import Slot
from xds.namespaces import QUERY, RIM, RS

EXAMPLES = Path(__file__).parents[4] / "shared" / "reference" / "examples" / "XDS.b"
PLACE = Where("query:AdhocQueryRequest", 1)
FIND_DOCUMENTS = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"


def a_complaint(code=ErrorCode.XDS_REGISTRY_METADATA_ERROR, severity=Severity.ERROR, **words):
    said = {
        "subject": "DocumentEntry 'a'",
        "rule": "a rule (ITI TF-3 §1)",
        "came": "'<&>\"'",
        "expected": "other",
        "fix": "mend it",
    } | words
    return Complaint(code=code, severity=severity, where=Where("x", 7), **said)


WARNING = a_complaint(ErrorCode.XDS_EXTRA_METADATA_NOT_SAVED, Severity.WARNING)
ERROR = a_complaint()


@given(st.dictionaries(xml_text.filter(bool), st.lists(xml_text, max_size=3), max_size=4))
def test_a_query_is_read_back_as_it_was_written(slots):
    written = write_query(FIND_DOCUMENTS, slots, return_type="ObjectRef", home="urn:oid:1.2.3")
    assert read_query(etree.fromstring(written), PLACE) == AdhocQuery(
        query_id=FIND_DOCUMENTS,
        slots=tuple(Slot(name=name, values=tuple(values)) for name, values in slots.items()),
        return_type="ObjectRef",
        home="urn:oid:1.2.3",
    )


@pytest.mark.skipif(not EXAMPLES.exists(), reason="needs ../shared/reference/examples")
def test_the_official_query_is_read_with_its_places():
    root = etree.parse(EXAMPLES / "RegistryStoredQueryRequest.xml").getroot()
    query = read_query(root, PLACE)
    assert query.query_id == FIND_DOCUMENTS  # the example has blanks around the id
    assert (query.return_type, len(query.slots)) == ("LeafClass", 5)
    assert query.slots[0].where.line == 4
    assert str(query.slots[0].where).startswith("/query:AdhocQueryRequest/rim:AdhocQuery/rim:Slot[")


def a_request(content: str, attributes: str = "") -> etree._Element:
    return etree.fromstring(
        f'<query:AdhocQueryRequest xmlns:query="{QUERY}" xmlns:rim="{RIM}" {attributes}>'
        f"{content}</query:AdhocQueryRequest>"
    )


def test_the_same_slot_twice_and_many_values_are_kept():
    values = "<rim:Value>1</rim:Value><rim:Value>2</rim:Value>"
    slot = f'<rim:Slot name="$a"><rim:ValueList>{values}</rim:ValueList></rim:Slot>'
    query = read_query(
        a_request(
            f'<query:ResponseOption/><rim:AdhocQuery id="q">{slot}{slot}</rim:AdhocQuery>',
            'maxResults="50" startIndex="-1"',
        ),
        PLACE,
    )
    assert [s.values for s in query.slots] == [("1", "2")] * 2
    assert (query.max_results, query.start_index) == (50, -1)
    assert query.return_type == "RegistryObject"
    assert not query.returns_composed_objects


@pytest.mark.parametrize(
    ("content", "attributes", "count"),
    [
        ("", "", 2),
        ("<query:ResponseOption/>", "", 1),
        ('<rim:AdhocQuery id="q"/>', "", 1),
        ('<query:ResponseOption/><rim:AdhocQuery id="q"/><rim:AdhocQuery id="q"/>', "", 1),
        ('<query:ResponseOption/><rim:AdhocQuery id="q"/>', 'maxResults="many"', 1),
        ('<query:ResponseOption/><rim:AdhocQuery id="q"><rim:Slot/></rim:AdhocQuery>', "", 1),
        ('<rim:AdhocQuery id="q"/>', 'maxResults="" startIndex="1.5"', 3),
    ],
)
def test_each_fault_of_a_query_is_named(content, attributes, count):
    with pytest.raises(Refusal) as refusal:
        read_query(a_request(content, attributes), PLACE)
    assert [c.code for c in refusal.value.complaints] == [ErrorCode.XDS_REGISTRY_ERROR] * count


@pytest.mark.parametrize(
    ("complaints", "status", "highest"),
    [
        ((), Status.SUCCESS, None),
        ((WARNING,), Status.SUCCESS, Severity.WARNING),
        ((ERROR,), Status.FAILURE, Severity.ERROR),
        ((WARNING, ERROR), Status.FAILURE, Severity.ERROR),
    ],
)
def test_a_warning_never_makes_a_failure_and_an_empty_list_is_never_written(
    complaints, status, highest
):
    element = etree.fromstring(registry_response(complaints))
    assert element.get("status") == status
    error_list = element.find(f"{{{RS}}}RegistryErrorList")
    assert (error_list is None) == (not complaints)
    if error_list is not None:
        assert error_list.get("highestSeverity") == highest
        assert len(error_list) == len(complaints)


def test_an_error_has_the_four_attributes_of_the_standard():
    element = etree.fromstring(registry_response([ERROR]))
    (error,) = element.iter(f"{{{RS}}}RegistryError")
    assert dict(error.attrib) == {
        "errorCode": "XDSRegistryMetadataError",
        "codeContext": "DocumentEntry 'a': a rule (ITI TF-3 §1). Came: '<&>\"'. Expected: other. "
        "Fix: mend it.",
        "severity": "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error",
        "location": "/x (line 7)",
    }


def test_partial_success_is_in_the_namespace_of_ihe():
    element = etree.fromstring(registry_response([ERROR], Status.PARTIAL_SUCCESS))
    assert element.get("status") == "urn:ihe:iti:2007:ResponseStatusType:PartialSuccess"


@pytest.mark.parametrize("complaints", [(), (ERROR,)])
def test_a_query_answer_has_its_list_of_objects_on_failure_too(complaints):
    element = etree.fromstring(query_response([], complaints))
    assert element[-1].tag == f"{{{RIM}}}RegistryObjectList"
    assert len(element[-1]) == 0


def test_an_answer_is_read_as_it_was_written():
    entry = a_document_entry()
    answer = read_registry_response(
        etree.fromstring(query_response([write_object(entry)], [ERROR, WARNING]))
    )
    assert answer.objects == (entry,)
    assert not answer.succeeded
    for sent, got in zip((ERROR, WARNING), answer.complaints, strict=True):
        assert (got.code, got.code_context, got.location, got.severity) == (
            sent.code,
            sent.code_context,
            sent.location,
            sent.severity,
        )


def test_a_relayed_error_is_written_as_it_came_whatever_its_code():
    first = registry_response([a_complaint()]).replace(b"XDSRegistryMetadataError", b"LocalError")
    answer = read_registry_response(etree.fromstring(first))
    assert registry_response(answer.complaints) == first


def test_severities_that_others_misspell_are_understood():
    xml = (
        f'<rs:RegistryResponse xmlns:rs="{RS}" status="{Status.FAILURE}"><rs:RegistryErrorList>'
        '<rs:RegistryError errorCode="A" codeContext="a" '
        'severity="oasis:names:tc:ebxmlregrep:ErrorSeverityType:Warning"/>'
        '<rs:RegistryError errorCode="B" codeContext="b"/>'
        "</rs:RegistryErrorList></rs:RegistryResponse>"
    )
    answer = read_registry_response(etree.fromstring(xml))
    assert [c.severity for c in answer.complaints] == [Severity.WARNING, Severity.ERROR]


def test_what_is_no_registry_response_is_a_value_error():
    with pytest.raises(ValueError, match="RegistryResponse"):
        read_registry_response(etree.fromstring("<x/>"))


def test_a_fragment_declares_nothing_and_means_the_same():
    fragment = registry_response_content([ERROR])
    assert b"xmlns" not in fragment
    wrapped = etree.fromstring(f'<a xmlns:rs="{RS}">'.encode() + fragment + b"</a>")[0]
    assert etree.tostring(wrapped, method="c14n", exclusive=True) == etree.tostring(
        etree.fromstring(registry_response([ERROR])), method="c14n", exclusive=True
    )


@pytest.mark.skipif(not EXAMPLES.exists(), reason="needs ../shared/reference/examples")
def test_the_official_answers_are_read():
    success = etree.parse(EXAMPLES / "RegisterDocumentSet-bResponse.xml").getroot()
    assert read_registry_response(success).succeeded
    found = etree.parse(EXAMPLES / "RegistryStoredQueryResponse.xml").getroot()
    assert len(read_registry_response(found).objects) > 0
