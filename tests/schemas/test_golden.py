"""Golden messages: what is good is valid, what is bad is refused for the reason that it names."""

from pathlib import Path

import pytest
from lxml import etree

from xds.contract import SCHEMA_FILES, load_schema
from xds.namespaces import LCM, QUERY, RS, XDSB

HERE = Path(__file__).parent / "golden"
SAMPLES = Path(__file__).parents[2] / "samples"
BODIES = {LCM, QUERY, RS, XDSB}

GOOD = sorted((HERE / "good").glob("*.xml"))
BAD = sorted((HERE / "bad").glob("*.xml"))


def sample_bodies():
    """Every element in samples/ that could be the body of an XDS.b message."""
    for path in sorted(SAMPLES.glob("**/*.xml")):
        root = etree.parse(path).getroot()
        for element in root.iter(etree.Element):
            if etree.QName(element).namespace in BODIES and (
                element is root or etree.QName(element.getparent()).localname == "Body"
            ):
                yield path.name, element


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_good_message_is_valid(path):
    load_schema().assertValid(etree.parse(path))


def test_every_message_among_the_samples_is_valid():
    schema = load_schema()
    assert [(name, schema.error_log) for name, body in sample_bodies() if not schema(body)] == []


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_message_is_refused_for_the_reason_that_it_names(path):
    document = etree.parse(path)
    reason = document.getroot().getprevious().text.strip()
    schema = load_schema()
    assert not schema.validate(document)
    assert reason in str(schema.error_log)


def test_there_are_good_and_bad_messages_to_look_at():
    assert len(GOOD) >= 8
    assert len(BAD) >= 8


@pytest.mark.parametrize("name", SCHEMA_FILES)
def test_every_schema_stands_on_its_own(name):
    assert load_schema(name) is load_schema(name)


def test_a_schema_of_another_name_is_refused():
    with pytest.raises(KeyError):
        load_schema("../pyproject.toml")
