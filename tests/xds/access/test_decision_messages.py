"""Question and answer of ITI-79: byte for byte as the goldens, read back, and nothing else read."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tests.strategies.metadata import xml_text
from xds.access import xacml
from xds.access.decision_query import (
    AskedDocument,
    DecisionQuery,
    read_decision_query,
    write_decision_query,
)
from xds.access.decision_response import (
    Head,
    Verdict,
    read_decisions,
    write_decisions,
    write_failure,
)
from xds.access.model import Action, Obligation, Reason
from xds.contract import DECISION_BODY, load_schema
from xds.errors import Complaint, ErrorCode, Where
from xds.security.caller import Caller, CodedValue

GOLDEN = Path(__file__).parent / "golden"
NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
PLACE = Where("xacmlsamlp:XACMLAuthzDecisionQuery", 1)
HEAD = Head(response_id="_b1", in_response_to="_a1", issuer="urn:example:registry", instant=NOW)
CONTEXT = "urn:oasis:names:tc:xacml:2.0:context:schema:os"
CALLER = Caller(
    identity="899700218896",
    issuer="CN=Dr Alix Essai,O=Cabinet",
    structure="1.2.250.1.71.4.2.2^1B0000001",
    roles=(
        CodedValue(code="10", system="1.2.250.1.71.1.2.7", display_name="Médecin"),
        CodedValue(code="SM54", system="1.2.250.1.71.4.2.5"),
    ),
    purpose_of_use=CodedValue(code="normal", system="1.2.250.1.213.1.1.4.248"),
    patient_concerned="227012345678910^^^&1.2.250.1.213.1.4.10&ISO^NH",
)
VERDICTS = (
    Verdict(
        document_unique_id="1.2.3.1",
        is_permitted=True,
        basis="emergency",
        obligations=frozenset({Obligation.TRACE_EMERGENCY, Obligation.TELL_PATIENT}),
    ),
    Verdict(document_unique_id="1.2.3.2", is_permitted=False),
    Verdict(
        document_unique_id="1.2.3.3",
        is_permitted=False,
        reason=Reason.FUNCTION,
        rule="consult is not given to secretary in mode normal",
    ),
)


def documents(*unique_ids):
    return tuple(
        AskedDocument(document_unique_id=one, repository_unique_id="1.2.9") for one in unique_ids
    )


def a_query(*unique_ids, caller=CALLER, action=Action.CONSULT):
    return write_decision_query(caller, documents(*unique_ids), action, query_id="_a1", instant=NOW)


def read(octets):
    return read_decision_query(etree.fromstring(octets), PLACE)


WRITTEN = {
    "question": a_query("1.2.3.1", "1.2.3.2"),
    "question-of-a-removal": a_query("1.2.3.1", action=Action.DELETE),
    "answer": write_decisions(VERDICTS, HEAD),
    "failure": write_failure(read(b"<x/>")[1], HEAD, is_ours=False),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_message_is_written_as_its_golden_has_it(name):
    assert WRITTEN[name] + b"\n" == (GOLDEN / f"{name}.xml").read_bytes()


@pytest.mark.parametrize("name", WRITTEN)
def test_a_message_is_valid(name):
    load_schema(DECISION_BODY).assertValid(etree.fromstring(WRITTEN[name]))


@given(st.lists(xml_text.map(str.strip).filter(bool), min_size=1, unique=True), xml_text)
def test_a_question_is_read_back_as_it_was_written(unique_ids, identity):
    identity = identity.strip() or "x"
    caller = Caller(identity=identity, issuer="i")
    query, complaints = read(a_query(*unique_ids, caller=caller, action=Action.DELETE))
    assert complaints == ()
    assert query == DecisionQuery(
        query_id="_a1",
        subject_id=identity,
        action=Action.DELETE,
        documents=documents(*unique_ids),
    )


VERDICT = st.builds(
    Verdict,
    document_unique_id=xml_text,
    is_permitted=st.just(True),
    basis=st.sampled_from(["", "own", "emergency"]),
    obligations=st.frozensets(st.sampled_from(Obligation)),
) | st.builds(
    Verdict,
    document_unique_id=xml_text,
    is_permitted=st.just(False),
    reason=st.sampled_from(Reason).map(str),
    rule=xml_text.filter(bool),
)


@given(st.lists(VERDICT, unique_by=lambda v: v.document_unique_id))
def test_an_answer_is_read_back_as_it_was_written(verdicts):
    # XML reads every line end as a line feed.
    answer = etree.fromstring(write_decisions(verdicts, HEAD))
    found = read_decisions(answer, "_a1")
    assert [f.is_permitted for f in found.values()] == [v.is_permitted for v in verdicts]
    for verdict in verdicts:
        one = found[verdict.document_unique_id]
        assert (one.basis, one.obligations, one.reason) == (
            verdict.basis,
            verdict.obligations,
            verdict.reason,
        )
        assert one.rule == verdict.rule.replace("\r\n", "\n").replace("\r", "\n")


@given(xml_text, xml_text, xml_text)
def test_a_code_is_read_back_from_its_urn(code, system, name):
    value = CodedValue(code=code, system=system, display_name=name)
    assert xacml.read_coded_urn(xacml.coded_urn(value)) == value


def test_the_urn_of_a_code_has_the_form_of_the_supplements_example():
    code = CodedValue(code="RECORDMGT", system="1.2.3", display_name="records management")
    assert xacml.coded_urn(code) == "urn:ihe:iti:2014:ser:1.2.3::RECORDMGT:records%20management"
    assert xacml.read_coded_urn("urn:oid:1.2.3") is None


AS_THE_SUPPLEMENT_SHOWS_IT = f"""
<p:XACMLAuthzDecisionQuery xmlns:p="urn:oasis:xacml:2.0:saml:protocol:schema:os"
    p:InputContextOnly="false" p:ReturnContext="false">
  <Request xmlns="{CONTEXT}">
    <Subject><Attribute AttributeId="{xacml.SUBJECT_ID}" DataType="{xacml.STRING}">
      <AttributeValue>somebody</AttributeValue></Attribute></Subject>
    <Resource>
      <Attribute AttributeId="{xacml.RESOURCE_ID}" DataType="{xacml.STRING}">
        <AttributeValue>1.5</AttributeValue></Attribute>
      <Attribute AttributeId="{xacml.REPOSITORY_UNIQUE_ID}" DataType="{xacml.ANY_URI}">
        <AttributeValue>urn:oid:1.2.9
        </AttributeValue></Attribute>
    </Resource>
    <Action><Attribute AttributeId="urn:oasis:names:tc:xacml:1.0:action-id"
        DataType="{xacml.ANY_URI}">
      <AttributeValue>urn:ihe:iti:2007:RetrieveDocumentSetResponse</AttributeValue></Attribute>
    </Action>
    <Environment/>
  </Request>
</p:XACMLAuthzDecisionQuery>"""


def test_a_question_in_the_form_of_the_supplements_own_example_is_read():
    query, complaints = read(AS_THE_SUPPLEMENT_SHOWS_IT)
    assert complaints == ()
    assert query == DecisionQuery(
        query_id="", subject_id="somebody", action=Action.CONSULT, documents=documents("1.5")
    )


def test_a_document_that_is_named_twice_is_one():
    query, _ = read(a_query("1.1", "1.2", "1.1"))
    assert query.documents == documents("1.1", "1.2")


GOOD = a_query("1.1", "1.2").decode()
RESOURCE = GOOD[GOOD.index("<Resource>") : GOOD.rindex("</Resource>") + len("</Resource>")]
SUBJECT = GOOD[GOOD.index("<Subject>") : GOOD.index("</Subject>") + len("</Subject>")]
MISSHAPEN = {
    "no resource": (RESOURCE, ""),
    "no subject": (SUBJECT, ""),
    "two subjects": (SUBJECT, SUBJECT * 2),
    "an empty subject": (CALLER.identity, " "),
    "no environment": ("<Environment/>", ""),
    "a stranger": ("<Environment/>", "<Environment/><Weather/>"),
    "an action that nobody decides": ("RetrieveDocumentSetResponse", "DeleteEverything"),
    "no action-id": (xacml.ACTION_ID, "urn:x"),
    "no resource-id": (xacml.RESOURCE_ID, "urn:x"),
    "no repository": (xacml.REPOSITORY_UNIQUE_ID, "urn:x"),
    "a policy": (
        "</Request>",
        f'</Request><Policy xmlns="{CONTEXT.replace("context", "policy")}"/>',
    ),
    "two requests": ("</Request>", f'</Request><Request xmlns="{CONTEXT}"/>'),
    "another element": ("XACMLAuthzDecisionQuery", "XACMLPolicyQuery"),
}


@pytest.mark.parametrize("change", MISSHAPEN.values(), ids=MISSHAPEN.keys())
def test_a_question_of_another_shape_is_refused_and_told_why(change):
    text = GOOD.replace(*change)
    assert text != GOOD
    query, complaints = read(text)
    assert query is None
    assert all(c.code == ErrorCode.XDS_REGISTRY_ERROR and c.fix and c.location for c in complaints)
    assert complaints


ANSWER = WRITTEN["answer"].decode()
STATUS = f'<samlp:StatusCode Value="{xacml.SAML_SUCCESS}"/>'
NO_ANSWER = {
    "a failure": WRITTEN["failure"].decode(),
    "a failure of ours": write_failure([], HEAD, is_ours=True).decode(),
    "no status": ANSWER.replace(STATUS, ""),
    "another status": ANSWER.replace("status:Success", "status:Successful"),
    "the answer to another question": ANSWER.replace("_a1", "_a2"),
    "another element": ANSWER.replace("samlp:Response", "samlp:Answer"),
    "a question": GOOD,
}


@pytest.mark.parametrize("text", NO_ANSWER.values(), ids=NO_ANSWER.keys())
def test_anything_else_is_no_answer(text):
    with pytest.raises(ValueError, match=r"\S"):
        read_decisions(etree.fromstring(text), "_a1")


DENIALS = {
    "a decision that is none": ("<Decision>Permit", "<Decision>Maybe"),
    "indeterminate": ("<Decision>Permit", "<Decision>Indeterminate"),
    "not applicable": ("<Decision>Permit", "<Decision>NotApplicable"),
    "no decision": ("<Decision>Permit</Decision>", ""),
    "two decisions": ("<Decision>Permit", "<Decision>Deny</Decision><Decision>Permit"),
    "an obligation that is not known": ("obligation:tell_patient", "obligation:dance"),
    "results that contradict each other": (
        '<Result ResourceId="1.2.3.2">',
        '<Result ResourceId="1.2.3.1">',
    ),
}


@pytest.mark.parametrize("change", DENIALS.values(), ids=DENIALS.keys())
def test_what_is_no_clear_permission_is_a_denial(change):
    text = ANSWER.replace(*change)
    assert text != ANSWER
    assert read_decisions(etree.fromstring(ANSWER), "_a1")["1.2.3.1"].is_permitted
    assert not read_decisions(etree.fromstring(text), "_a1")["1.2.3.1"].is_permitted


def test_a_contradiction_is_a_denial_in_either_order():
    both = [
        Verdict(document_unique_id="1.1", is_permitted=True),
        Verdict(document_unique_id="1.1", is_permitted=False),
    ]
    for verdicts in (both, both[::-1]):
        answer = etree.fromstring(write_decisions(verdicts, HEAD))
        assert not read_decisions(answer, "_a1")["1.1"].is_permitted


def test_a_failure_says_what_was_wrong():
    complaint = Complaint(
        code=ErrorCode.XDS_REGISTRY_BUSY, subject="s", rule="r", came="c", expected="e", fix="f"
    )
    answer = etree.fromstring(write_failure([complaint], HEAD, is_ours=True))
    with pytest.raises(ValueError, match=r"Responder.*XDSRegistryBusy"):
        read_decisions(answer, "_a1")
