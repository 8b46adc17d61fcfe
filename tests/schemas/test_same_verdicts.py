"""Messages, and thousands of damaged ones, are valid under both schemas or under neither.

The seeds are the published examples and the golden messages of this project, which hold every
class of ebRIM. A mutation is drawn from a seeded generator, so a failure repeats; it names its
shard, the seed and what was done to it.
"""

import random
from copy import deepcopy
from pathlib import Path

import pytest
from lxml import etree

from xds.contract import load_schema
from xds.namespaces import LCM, QUERY, RIM, RS, XDSB, XML, XSI

SHARDS = 12
MUTATIONS_IN_A_SHARD = 1000
NAMESPACES = [RIM, RS, LCM, QUERY, XDSB, "urn:x:foreign", "urn:ihe:iti:rmd:2017", ""]
LENGTHS = (0, 1, 4, 5, 8, 9, 16, 17, 32, 33, 64, 65, 256, 257, 1024, 1025)
TEXTS = [
    *(
        "true",
        "1",
        "0",
        "yes",
        "-1",
        "12345678901234567890",
        "1.5",
        " padded ",
        "\N{GRINNING FACE}",
    ),
    *(
        "urn:x:y",
        "%zz",
        "http://[bad",
        "en",
        "not_a_language_tag",
        "SGVsbG8=",
        "SGVsbG8",
        "S G V s",
    ),
    *("2026-03-12T10:15:00Z", "2026-13-12T10:15:00", "P1D", "1 day"),
    *("AND", "LeafClass", "registryFull", "query:StringFilterType", "rim:UserType"),
]
TYPES = [
    *("rim:UserType", "rim:PersonType", "rim:ExtrinsicObjectType", "rim:RegistryObjectType"),
    *("rim:LongName", "rim:ActionType", "rim:NoSuchType"),
]


@pytest.fixture(scope="module")
def seeds(examples):
    golden = sorted((Path(__file__).parent / "golden").glob("*/*.xml"))
    return examples | {path.name: etree.parse(path).getroot() for path in golden}


@pytest.fixture(scope="module")
def vocabulary(official_files):
    """Every element and attribute name that the published schemas know."""
    elements, attributes = [], []
    for data in official_files.values():
        root = etree.fromstring(data)
        namespace = root.get("targetNamespace")
        elements += [
            f"{{{namespace}}}{one.get('name')}"
            for one in root.iter("{*}element")
            if one.get("name")
        ]
        attributes += [one.get("name") for one in root.iter("{*}attribute") if one.get("name")]
    return sorted(set(elements)), sorted(set(attributes))


class Damage:
    """One message and the ways in which it can be damaged. Every public method is a way."""

    def __init__(self, root, rng, vocabulary):
        self.root, self.rng = root, rng
        self.names, self.attributes = vocabulary

    def _any(self, *, child=False):
        elements = [
            one for one in self.root.iter(etree.Element) if not child or one is not self.root
        ]
        return self.rng.choice(elements or [self.root])

    def _text(self):
        if self.rng.random() < 0.5:
            return "x" * self.rng.choice(LENGTHS)
        return self.rng.choice(TEXTS)

    def _new(self):
        element = etree.Element(self.rng.choice(self.names))
        for name in ("id", *self.rng.sample(self.attributes, self.rng.randrange(4))):
            element.set(name, self._text())
        return element

    def drop_element(self):
        element = self._any(child=True)
        if element is not self.root:
            element.getparent().remove(element)

    def duplicate_element(self):
        element = self._any(child=True)
        if element is not self.root:
            element.addnext(deepcopy(element))

    def move_element(self):
        moved = deepcopy(self._any(child=True))
        target = self._any()
        target.insert(self.rng.randint(0, len(target)), moved)

    def reorder_children(self):
        parent = self.rng.choice([one for one in self.root.iter() if len(one) > 1] or [self.root])
        children = list(parent)
        self.rng.shuffle(children)
        parent[:] = children

    def rename_element(self):
        element = self._any()
        namespace = etree.QName(element).namespace
        same_namespace = [name for name in self.names if etree.QName(name).namespace == namespace]
        element.tag = self.rng.choice(same_namespace or self.names)

    def change_namespace(self):
        element = self._any()
        namespace = self.rng.choice(NAMESPACES)
        local = etree.QName(element).localname
        element.tag = f"{{{namespace}}}{local}" if namespace else local

    def add_element(self):
        parent = self._any()
        parent.insert(self.rng.randint(0, len(parent)), self._new())

    def add_object(self):
        """Puts some object where only members of the substitution group may stand."""
        lists = list(self.root.iter(f"{{{RIM}}}RegistryObjectList", f"{{{RIM}}}RegistryObject"))
        if lists:
            parent = self.rng.choice(lists)
            parent.insert(self.rng.randint(0, len(parent)), self._new())

    def _held(self):
        return self.rng.choice(
            [one for one in self.root.iter(etree.Element) if one.attrib] or [self.root]
        )

    def drop_attribute(self):
        element = self._held()
        if element.attrib:
            del element.attrib[self.rng.choice(sorted(element.attrib))]

    def alter_attribute(self):
        element = self._held()
        if element.attrib:
            element.set(self.rng.choice(sorted(element.attrib)), self._text())

    def add_attribute(self):
        plain = self.rng.choice(self.attributes)
        name = self.rng.choice([plain, plain, f"{{{RIM}}}{plain}", "{urn:x:foreign}a",
                                f"{{{XML}}}lang", f"{{{XSI}}}nil", f"{{{XSI}}}type"])  # fmt: skip
        self._any().set(name, self._text())

    def change_type(self):
        element = self._any()
        if "rim" in element.nsmap:
            element.set(f"{{{XSI}}}type", self.rng.choice(TYPES))

    def change_text(self):
        leaves = [one for one in self.root.iter(etree.Element) if not len(one)]
        self.rng.choice(leaves or [self.root]).text = self._text()

    def add_text(self):
        element = self._any()
        if self.rng.random() < 0.5:
            element.tail = self._text()
        else:
            element.text = self._text()

    def add_comment(self):
        element = self._any()
        element.insert(
            0, self.rng.choice([etree.Comment("c"), etree.ProcessingInstruction("p", "i")])
        )


WAYS = sorted(name for name in vars(Damage) if not name.startswith("_"))


def mutations(seeds, vocabulary, shard):
    """Yield MUTATIONS_IN_A_SHARD damaged messages, with what was done to each."""
    rng = random.Random(f"greffe-{shard}")
    names = sorted(seeds)
    for _ in range(MUTATIONS_IN_A_SHARD):
        name = rng.choice(names)
        damage = Damage(deepcopy(seeds[name]), rng, vocabulary)
        ways = rng.choices(WAYS, k=rng.choice((1, 1, 1, 2, 3)))
        for way in ways:
            getattr(damage, way)()
        yield f"{name}: {', '.join(ways)}", damage.root


def test_every_seed_has_the_same_verdict_under_both(seeds, official):
    own = load_schema()
    assert {name: own(seed) for name, seed in seeds.items()} == {
        name: official(seed) for name, seed in seeds.items()
    }


def test_every_published_example_of_the_transactions_is_valid(examples):
    own = load_schema()
    of_xds = {
        name: body for name, body in examples.items() if "rmd" not in etree.QName(body).namespace
    }
    assert len(of_xds) >= 20
    assert [name for name, body in of_xds.items() if not own(body)] == []


@pytest.mark.parametrize("shard", range(SHARDS))
def test_damaged_messages_have_the_same_verdict_under_both(shard, seeds, vocabulary, official):
    own = load_schema()
    verdicts = [
        (what, own(body), official(body)) for what, body in mutations(seeds, vocabulary, shard)
    ]
    assert [one for one in verdicts if one[1] != one[2]] == []
    valid = sum(one[1] for one in verdicts)
    # Both verdicts are common, or agreement would prove nothing.
    assert MUTATIONS_IN_A_SHARD // 10 < valid < MUTATIONS_IN_A_SHARD * 9 // 10


@pytest.fixture
def planted(request, own_files, compile_schema):
    """The project's schemas with one declaration changed."""
    name, old, new = request.param
    changed = own_files[name].replace(old.encode(), new.encode())
    assert changed != own_files[name]
    return compile_schema(own_files | {name: changed})


@pytest.mark.parametrize(
    "planted",
    [
        ("rim.xsd", '<xs:maxLength value="256"/>', '<xs:maxLength value="257"/>'),
        ("rim.xsd", 'name="id" type="xs:anyURI" use="required"', 'name="id" type="xs:anyURI"'),
        ("rim.xsd", 'ref="rim:Name" minOccurs="0"', 'ref="rim:Name" minOccurs="0" maxOccurs="2"'),
        ("rim.xsd", 'AdhocQueryType" substitutionGroup="rim:RegistryObject"', 'AdhocQueryType"'),
        ("rs.xsd", 'ref="rs:RegistryError" maxOccurs="unbounded"', 'ref="rs:RegistryError"'),
        ("query.xsd", '<xs:enumeration value="LeafClass"/>', ""),
    ],
    indirect=True,
)
def test_the_mutations_find_a_difference_that_was_planted(planted, seeds, vocabulary):
    own, other = load_schema(), planted
    assert any(
        own(body) != other(body)
        for shard in range(SHARDS)
        for _, body in mutations(seeds, vocabulary, shard)
    )
