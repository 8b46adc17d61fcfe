"""The project's schemas declare what the published ones declare, compared one by one.

Two schemas with the same declarations accept the same documents, whatever documents anybody thinks
of; `test_same_verdicts` shows the same from the other side, with messages.
"""

import pytest
from lxml import etree

XS = "{http://www.w3.org/2001/XMLSchema}"
NAMES = {"type", "ref", "base", "substitutionGroup"}
DEFAULTS = {("minOccurs", "1"), ("maxOccurs", "1"), ("use", "optional")}
# What documents cannot show: where the files lie.
SILENT = {f"{XS}annotation", f"{XS}import"}
COMPARED = ["rim.xsd", "rs.xsd", "lcm.xsd", "query.xsd", "XDS.b_DocumentRepository.xsd", "RMD.xsd"]


def clark(qname, element):
    prefix, _, local = qname.rpartition(":")
    return f"{{{element.nsmap.get(prefix or None, '')}}}{local}"


def declaration(element):
    """A declaration as nested tuples: no layout, no prefixes, no defaults written out."""
    attributes = frozenset(
        (key, clark(value, element) if key in NAMES else value)
        for key, value in element.items()
        if (key, value) not in DEFAULTS
    )
    children = [
        declaration(child)
        for child in element
        if isinstance(child.tag, str) and child.tag not in SILENT
    ]
    if element.tag == f"{XS}restriction":
        children.sort(key=repr)  # facets have no order
    # Attributes have no order among each other; particles have.
    particles = [child for child in children if child[0] != f"{XS}attribute"]
    own_attributes = frozenset(child for child in children if child[0] == f"{XS}attribute")
    # A sequence of nothing is nothing.
    particles = [
        child for child in particles if child != (f"{XS}sequence", frozenset(), (), frozenset())
    ]
    return (element.tag, attributes, tuple(particles), own_attributes)


def declarations(data):
    root = etree.fromstring(data)
    found = {(child[0], dict(child[1]).get("name")): child for child in declaration(root)[2]}
    return dict(root.attrib), found


@pytest.mark.parametrize("name", COMPARED)
def test_a_schema_declares_what_the_published_one_declares(name, own_files, official_files):
    own_head, own = declarations(own_files[name])
    official_head, official = declarations(official_files[name])
    assert own_head == official_head
    assert own.keys() == official.keys()
    assert [key for key in own if own[key] != official[key]] == []
    assert len(own) >= (1 if name == "RMD.xsd" else 3)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'<xs:maxLength value="256"/>', b'<xs:maxLength value="255"/>'),
        (b'name="sourceObject" type="rim:referenceURI" use="required"', b'name="sourceObject"'),
        (b'<xs:element ref="rim:ValueList"/>', b'<xs:element ref="rim:ValueList" minOccurs="0"/>'),
        (b'type="rim:UserType" substitutionGroup="rim:Identifiable"', b'type="rim:UserType"'),
        (b'type="rim:String16" default="1.1"', b'type="rim:String16" default="1.0"'),
        (b'abstract="true"', b""),
    ],
)
def test_the_comparison_sees_a_difference_that_was_planted(own_files, old, new):
    changed = own_files["rim.xsd"].replace(old, new, 1)
    assert changed != own_files["rim.xsd"]
    assert declarations(changed) != declarations(own_files["rim.xsd"])
