"""The schemas of ITI-79 refuse what the standard does not have, each for the reason named."""

from pathlib import Path

import pytest
from lxml import etree

from xds.contract import DECISION_BODY, DECISION_SCHEMAS, load_schema

GOLDEN = Path(__file__).parents[1] / "xds" / "access" / "golden"
ENVIRONMENT = "<Environment/>"
CHANGES = {
    "no id": ("question", ' ID="_a1"', "", "ID"),
    "no environment": ("question", ENVIRONMENT, "", "Environment"),
    "two environments": ("question", ENVIRONMENT, ENVIRONMENT * 2, "Environment"),
    "no data type": (
        "question",
        ' DataType="http://www.w3.org/2001/XMLSchema#string"',
        "",
        "DataType",
    ),
    "another decision": ("answer", "<Decision>Deny", "<Decision>Perhaps", "Perhaps"),
    "an obligation for ever": ("answer", 'FulfillOn="Permit"', 'FulfillOn="Always"', "Always"),
    "another statement": ("answer", "XACMLAuthzDecisionStatementType", "OtherType", "OtherType"),
    "no status": ("failure", "samlp:Status>", "samlp:State>", "State"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_message_that_the_standard_does_not_have_is_refused_for_its_reason(change):
    name, old, new, reason = change
    text = (GOLDEN / f"{name}.xml").read_text(encoding="utf-8")
    schema = load_schema(DECISION_BODY)
    assert schema.validate(etree.fromstring(text))
    assert old in text
    assert not schema.validate(etree.fromstring(text.replace(old, new)))
    assert reason in str(schema.error_log)


@pytest.mark.parametrize("name", DECISION_SCHEMAS)
def test_every_schema_stands_on_its_own(name):
    assert load_schema(name) is load_schema(name)
