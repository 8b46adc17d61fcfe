"""Our schema of the patient identity feed beside HL7's: ours accepts whatever HL7's accept.

Messages are grown from HL7's own declarations by chance; those that HL7's schema finds
valid must be valid by ours.
"""

from functools import cache
from pathlib import Path
from random import Random

import pytest
from lxml import etree

from tests.build.feed import ADD, MERGE, REVISE, a_feed, a_merge, a_person, other_ids
from xds.contract import FEED_BODY, load_schema
from xds.namespaces import XSI

FOLDER = Path(__file__).parents[3] / "shared" / "reference" / "schema" / "HL7V3" / "NE2008"
MESSAGES_FOLDER = FOLDER / "multicacheschemas"
XS = "{http://www.w3.org/2001/XMLSchema}"
HL7 = "urn:hl7-org:v3"
ACKNOWLEDGEMENT = "MCCI_IN000002UV01"
BODIES = (ADD, REVISE, MERGE, ACKNOWLEDGEMENT)
VALUES = {
    "oid": "1.2.3", "uid": "1.2.3", "ts": "20260301", "int": "1", "bl": "true", "bn": "true",
    "url": "tel:+33-1", "real": "1.5", "probability": "0.5", "st": "text", "bin": "AAAA",
    "cs": "X", "uuid": "22a0f9e0-4454-11dc-a6be-3603d6866807",
}  # fmt: skip
ABSTRACT = ("ANY", "QTY")
MAX_DEPTH = 14
LIKELY = 0.15
"""Of an optional element: a message has hundreds, and each leads to more."""
GROWN = 200


@pytest.fixture(autouse=True)
def _published():
    if not FOLDER.is_dir():
        pytest.skip(f"the published schemas are not at {FOLDER}")


@cache
def official(name):
    return etree.XMLSchema(etree.parse(MESSAGES_FOLDER / f"{name}.xsd"))


@cache
def declarations():
    """Every named declaration of HL7's schemas, by kind and name."""
    named = {}
    for path in sorted(FOLDER.glob("*/*.xsd")):
        for one in etree.parse(path).getroot():
            if isinstance(one.tag, str) and one.get("name"):
                named[one.tag.removeprefix(XS), one.get("name")] = one
    return named


def valid_by_ours(root):
    schema = load_schema(FEED_BODY)
    assert schema.validate(root), f"{schema.error_log.last_error}\n{etree.tostring(root).decode()}"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (ADD, a_feed(person=a_person(other_ids()))),
        (REVISE, a_feed(REVISE)),
        (MERGE, a_merge()),
    ],
)
def test_the_messages_of_the_other_tests_are_valid_by_both(name, message):
    root = etree.fromstring(message)
    official(name).assertValid(root)
    valid_by_ours(root)


class Growing:
    """Grows one element from its declaration."""

    def __init__(self, random):
        self.random = random

    def root(self, name):
        element = etree.Element(f"{{{HL7}}}{name}", nsmap={None: HL7})
        self.fill(element, declarations()["element", name].find(f"{XS}complexType"), 0)
        return element

    def fill(self, element, kind, depth):
        """Put into an element what a complexType says."""
        content = kind.find(f"{XS}complexContent")
        if content is not None:
            (derived,) = [one for one in content if isinstance(one.tag, str)]
            if derived.tag == f"{XS}extension":
                self.fill(element, declarations()["complexType", derived.get("base")], depth)
            elif derived.find(f"{XS}sequence") is None:
                base = declarations()["complexType", derived.get("base")]
                self.attributes(element, base)
            kind = derived
        for group in kind:
            if group.tag in (f"{XS}sequence", f"{XS}choice", f"{XS}group"):
                self.particle(element, group, depth)
        self.attributes(element, kind)

    def particle(self, element, particle, depth):
        if particle.tag == f"{XS}group":
            (inner,) = declarations()["group", particle.get("ref")].iterchildren(f"{XS}sequence")
            self.particle(element, inner, depth)
        elif particle.tag == f"{XS}choice":
            choices = [one for one in particle if isinstance(one.tag, str)]
            if particle.get("minOccurs") != "0":
                self.particle(element, self.random.choice(choices), depth)
        elif particle.tag == f"{XS}sequence":
            for one in particle:
                self.particle(element, one, depth)
        elif particle.tag == f"{XS}element":
            self.element(element, particle, depth)

    def element(self, parent, declared, depth):
        least = int(declared.get("minOccurs", "1"))
        wanted = depth < MAX_DEPTH and self.random.random() < LIKELY
        if declared.get("maxOccurs") == "0" or not (least or wanted):
            return
        twice = declared.get("maxOccurs") == "unbounded" and wanted
        for _ in range(1 + twice):
            child = etree.SubElement(parent, f"{{{HL7}}}{declared.get('name')}")
            if declared.get("type"):
                kind = declarations().get(("complexType", declared.get("type")))
            else:
                kind = declared.find(f"{XS}complexType")
            if declared.get("type") in ABSTRACT:
                child.set(f"{{{XSI}}}type", "BL")
            elif kind is not None and depth < MAX_DEPTH + 8:
                self.fill(child, kind, depth + 1)

    def attributes(self, element, kind):
        for declared in kind.iterchildren(f"{XS}attribute"):
            name, use = declared.get("name"), declared.get("use", "optional")
            element.attrib.pop(name, None)
            is_likely = name not in {"nullFlavor", "default"} and self.random.random() < 0.3
            if use == "required" or (use != "prohibited" and is_likely):
                value = declared.get("fixed") or self.value(declared.get("type", "st"))
                if value is not None:
                    element.set(name, value)

    def value(self, kind):
        if kind in VALUES:
            return VALUES[kind]
        found = tuple(enumerated(kind))
        return self.random.choice(found) if found else "text"


@cache
def enumerated(kind):
    """Return the values of a simple type of HL7's vocabulary."""
    declared = declarations().get(("simpleType", kind.removeprefix("xs:")))
    if declared is None:
        return ()
    values = [one.get("value") for one in declared.iter(f"{XS}enumeration")]
    for union in declared.iter(f"{XS}union"):
        for member in (union.get("memberTypes") or "").split():
            values += enumerated(member)
    for lists in declared.iter(f"{XS}list"):
        values += enumerated(lists.get("itemType", ""))
    return tuple(values[:12])


@pytest.mark.parametrize("name", BODIES)
def test_what_hl7s_schema_accepts_ours_accepts(name):
    judged = 0
    for seed in range(GROWN):
        root = Growing(Random(seed)).root(name)
        if official(name).validate(root):
            judged += 1
            valid_by_ours(root)
    assert judged > GROWN / 2, official(name).error_log.last_error


@pytest.mark.parametrize("name", BODIES)
def test_what_is_no_such_message_is_not_accepted(name):
    schema = load_schema(FEED_BODY)
    assert not schema.validate(etree.fromstring(f'<{name} xmlns="{HL7}" ITSVersion="XML_1.0"/>'))
    assert not schema.validate(etree.fromstring(f"<{name}/>"))
