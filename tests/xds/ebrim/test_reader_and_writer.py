"""xds.ebrim.reader and writer: nothing lost, nothing invented, and every fault at once."""

from pathlib import Path

import pytest
from hypothesis import given
from lxml import etree

from tests.build.submission import a_submission
from tests.strategies.metadata import rim_objects, xml_text
from xds.ebrim.reader import read_objects, scan_objects, xpath_literal
from xds.ebrim.submit import read_submit_objects, scan_submit_objects, write_submit_objects
from xds.ebrim.writer import escape_attribute, escape_text, write_object
from xds.errors import ErrorCode, Refusal, Where
from xds.namespaces import LCM, RIM

EXAMPLES = Path(__file__).parents[4] / "shared" / "reference" / "examples" / "XDS.b"
PLACE = Where("lcm:SubmitObjectsRequest", 1)


def parsed(objects):
    return etree.fromstring(write_submit_objects(objects))


def a_list(content: str) -> etree._Element:
    return etree.fromstring(
        f'<rim:RegistryObjectList xmlns:rim="{RIM}">{content}</rim:RegistryObjectList>'
    )


@given(rim_objects)
def test_what_was_written_is_read_back_unchanged(rim):
    assert read_submit_objects(parsed([rim]), PLACE) == (rim,)


def test_a_whole_submission_is_read_back_unchanged():
    objects = a_submission(entries=2, folders=1)
    assert read_submit_objects(parsed(objects), PLACE) == objects


@given(xml_text)
def test_any_text_survives_in_content_and_in_attributes(text):
    element = etree.fromstring(f'<x a="{escape_attribute(text)}">{escape_text(text)}</x>')
    assert (element.text or "", element.get("a")) == (text, text)


@pytest.mark.parametrize("text", ["\x00", "a\x0bb", "￾", "\ud800"])
def test_text_that_xml_cannot_carry_is_a_value_error(text):
    with pytest.raises(ValueError, match="XML"):
        escape_text(text)
    with pytest.raises(ValueError, match="XML"):
        escape_attribute(text)


@pytest.mark.skipif(not EXAMPLES.exists(), reason="needs ../shared/reference/examples")
@pytest.mark.parametrize(
    "name",
    [
        "ProvideAndRegisterDocumentSet-bRequest.xml",
        "RegisterDocumentSet-bRequest_SOAP.xml",
        "RegisterOnDemandDocumentEntryRequest_SOAP.xml",
        "RegistryStoredQueryResponse.xml",
    ],
)
def test_each_object_of_the_official_examples_is_written_back_as_the_same_xml(name):
    tree = etree.parse(EXAMPLES / name)
    (object_list,) = tree.iter(f"{{{RIM}}}RegistryObjectList")
    objects = read_objects(object_list, PLACE)
    elements = [e for e in object_list if isinstance(e.tag, str)]
    assert len(objects) == len(elements) > 0
    for element, rim in zip(elements, objects, strict=True):
        ours = a_list(write_object(rim).decode())[0]
        assert canonical(ours) == canonical(element)


def canonical(element: etree._Element) -> bytes:
    """Canonical form in the schema's terms: no white space between elements, one prefix."""
    copy = etree.fromstring(etree.tostring(element, with_tail=False))
    for child in copy.iter():
        if len(child):
            child.text = None
        child.tail = None
    return etree.tostring(etree.fromstring(renamed(copy)), method="c14n2", with_comments=False)


def renamed(element: etree._Element) -> bytes:
    attributes = {
        k: v for k, v in element.attrib.items() if not k.startswith("{http://www.w3.org/2001")
    }
    fresh = etree.Element(element.tag, dict(sorted(attributes.items())), nsmap={"rim": RIM})
    fresh.text = element.text
    for child in element:
        if isinstance(child.tag, str):
            fresh.append(etree.fromstring(renamed(child)))
    etree.cleanup_namespaces(fresh)
    return etree.tostring(fresh)


def test_comments_and_cdata_do_not_split_a_value():
    objects = read_objects(
        a_list(
            '<rim:ExtrinsicObject id="a"><!-- hm --><rim:Slot name="hash"><rim:ValueList>'
            "<rim:Value>ab<!-- x -->c<![CDATA[d&e]]><?pi?>f</rim:Value></rim:ValueList></rim:Slot>"
            "</rim:ExtrinsicObject>"
        ),
        PLACE,
    )
    assert objects[0].slots[0].values == ("abcd&ef",)


def test_white_space_of_values_is_kept_and_of_uris_is_dropped():
    (rim,) = read_objects(
        a_list(
            '<rim:Association id=" a " sourceObject=" b"><rim:Slot name="n"><rim:ValueList>'
            "<rim:Value> v </rim:Value></rim:ValueList></rim:Slot></rim:Association>"
        ),
        PLACE,
    )
    assert (rim.id, rim.attribute("sourceObject"), rim.slots[0].values) == ("a", "b", (" v ",))


def test_children_in_another_order_than_the_schema_says_are_read():
    (rim,) = read_objects(
        a_list(
            '<rim:Classification id="c"><rim:Name><rim:LocalizedString value="x"/></rim:Name>'
            '<rim:Slot name="codingScheme"><rim:ValueList><rim:Value>s</rim:Value></rim:ValueList>'
            "</rim:Slot></rim:Classification>"
        ),
        PLACE,
    )
    assert rim.slot("codingScheme").values == ("s",)
    assert write_object(rim).index(b"<rim:Slot") < write_object(rim).index(b"<rim:Name")


def test_a_place_is_an_xpath_that_finds_the_element_and_its_line():
    xml = f"""<lcm:SubmitObjectsRequest xmlns:lcm="{LCM}" xmlns:rim="{RIM}"><rim:RegistryObjectList>
    <rim:ExtrinsicObject id="a"/>
    <rim:ExtrinsicObject id="b">
      <rim:Slot name="it's"><rim:ValueList/></rim:Slot>
      <rim:Classification id="c"/>
      <rim:Classification id="d"/>
    </rim:ExtrinsicObject></rim:RegistryObjectList></lcm:SubmitObjectsRequest>"""
    request = etree.fromstring(xml)
    _, second = read_submit_objects(request, PLACE)
    places = (second.slots[0].where, second.classifications[1].where)
    for place, line in zip(places, (4, 6), strict=True):
        (found,) = request.getroottree().xpath(place.path, namespaces={"lcm": LCM, "rim": RIM})
        assert (found.sourceline, place.line) == (line, line)


@given(xml_text)
def test_an_xpath_literal_is_one_string_whatever_the_text(text):
    shown = etree.XPath(f"string({xpath_literal(text)})")(etree.Element("x"))
    assert "\n" not in shown
    if text.isprintable() and "'" not in text:
        assert shown == text


BROKEN = {
    "unknown object": "<rim:Person id='a'/>",
    "object of another namespace": "<ExtrinsicObject xmlns='urn:x'/>",
    "identifier beside the objects": "<rim:ExternalIdentifier id='a'/>",
    "nested list": "<rim:RegistryPackage id='a'><rim:RegistryObjectList/></rim:RegistryPackage>",
    "unknown child": "<rim:ExtrinsicObject id='a'><rim:Address/></rim:ExtrinsicObject>",
    "slot without a name": "<rim:ExtrinsicObject id='a'><rim:Slot><rim:ValueList/></rim:Slot>"
    "</rim:ExtrinsicObject>",
    "value outside of a list": "<rim:ExtrinsicObject id='a'><rim:Slot name='n'><rim:Value>v"
    "</rim:Value></rim:Slot></rim:ExtrinsicObject>",
    "element in a value": "<rim:ExtrinsicObject id='a'><rim:Slot name='n'><rim:ValueList>"
    "<rim:Value><b/></rim:Value></rim:ValueList></rim:Slot></rim:ExtrinsicObject>",
    "text without a value": "<rim:ExtrinsicObject id='a'><rim:Name><rim:LocalizedString/>"
    "</rim:Name></rim:ExtrinsicObject>",
    "stranger in a name": "<rim:ExtrinsicObject id='a'><rim:Name><rim:Value/></rim:Name>"
    "</rim:ExtrinsicObject>",
    "two names": "<rim:ExtrinsicObject id='a'><rim:Name/><rim:Name/></rim:ExtrinsicObject>",
    "content version of a package": "<rim:RegistryPackage id='a'><rim:ContentVersionInfo/>"
    "</rim:RegistryPackage>",
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_fault_of_shape_is_one_metadata_error_with_its_place(content):
    _, (complaint,) = scan_objects(a_list(content), PLACE, actor="repository")
    assert complaint.code == ErrorCode.XDS_REPOSITORY_METADATA_ERROR
    assert complaint.where is not None
    assert complaint.where.path.startswith("/lcm:SubmitObjectsRequest/")


def test_a_foreign_namespace_is_quoted_short():
    _, (complaint,) = scan_objects(a_list(f"<Thing xmlns='urn:{'x' * 9000}'/>"), PLACE)
    assert len(complaint.code_context) + len(complaint.location) < 1000


def test_all_faults_of_shape_come_at_once_and_what_is_sound_is_read():
    content = "<rim:Association id='ok'/>" + "".join(BROKEN.values())
    with pytest.raises(Refusal) as refusal:
        read_objects(a_list(content), PLACE)
    assert len(refusal.value.complaints) == len(BROKEN)
    objects, _ = scan_objects(a_list(content), PLACE)
    assert objects[0].id == "ok"


@pytest.mark.parametrize("lists", [0, 2])
def test_a_request_without_one_list_of_objects_is_refused(lists):
    request = etree.fromstring(
        f'<lcm:SubmitObjectsRequest xmlns:lcm="{LCM}" xmlns:rim="{RIM}">'
        + "<rim:RegistryObjectList/>" * lists
        + "</lcm:SubmitObjectsRequest>"
    )
    objects, (complaint,) = scan_submit_objects(request, PLACE)
    assert objects == ()
    assert f"{lists} rim:RegistryObjectList" in complaint.came
