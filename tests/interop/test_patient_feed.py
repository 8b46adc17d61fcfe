"""zeep, JAX-WS and gSOAP on /patients?wsdl: they add, revise and merge patients; documents follow.

zeep has no mixed content, in which HL7 v3 writes names: its patients have empty ones.
"""

import uuid

import pytest
import zeep

from tests.build.feed import ADD, MERGE, REVISE, a_feed, a_merge
from tests.interop.harness import build, need, run, submission
from tests.interop.test_zeep import SUCCESS, client, find, header, provide

pytestmark = pytest.mark.interop
INTERACTIONS = "2.16.840.1.113883.1.6"
AUTHORITY = "1.3.6.1.4.1.21367.2005.13.20.1000"
SOURCE, REGISTRY = "1.3.6.1.4.1.21367.4.1", "1.3.6.1.4.1.21367.4.2"


def patients_of(node):
    return node.registry.rpartition("/")[0] + "/patients"


def party(type_code, oid):
    device = {"classCode": "DEV", "determinerCode": "INSTANCE", "id": [{"root": oid}]}
    return {"typeCode": type_code, "device": device}


def organization():
    return {
        "classCode": "ORG",
        "determinerCode": "INSTANCE",
        "id": [{"root": AUTHORITY}],
    }


def replacement(extension):
    role = {"classCode": "PAT", "id": [{"root": AUTHORITY, "extension": extension}]}
    return {
        "typeCode": "RPLC",
        "priorRegistration": {
            "classCode": "REG",
            "moodCode": "EVN",
            "statusCode": {"code": "obsolete"},
            "subject1": {"typeCode": "SBJ", "priorRegisteredRole": role},
        },
    }


def message(interaction, extension, *, replaces=None):
    patient = {
        "classCode": "PAT",
        "id": [{"root": AUTHORITY, "extension": extension}],
        "statusCode": {"code": "active"},
        "patientPerson": {"name": [{"use": "L", "_value_1": [{"family": {}}]}]},
        "providerOrganization": organization(),
    }
    event = {
        "classCode": "REG",
        "moodCode": "EVN",
        "statusCode": {"code": "active"},
        "subject1": {"typeCode": "SBJ", "patient": patient},
        "custodian": {
            "typeCode": "CST",
            "assignedEntity": {"classCode": "ASSIGNED", "id": [{"root": SOURCE}]},
        },
        "replacementOf": [replacement(replaces)] if replaces else [],
    }
    return {
        "ITSVersion": "XML_1.0",
        "id": {"root": str(uuid.uuid4())},
        "creationTime": {"value": "20260301120000"},
        "interactionId": {"root": INTERACTIONS, "extension": interaction},
        "processingCode": {"code": "T"},
        "processingModeCode": {"code": "T"},
        "acceptAckCode": {"code": "AL"},
        "receiver": [party("RCV", REGISTRY)],
        "sender": party("SND", SOURCE),
        "controlActProcess": {
            "classCode": "CACT",
            "moodCode": "EVN",
            "code": {"code": interaction.replace("_IN", "_TE")},
            "subject": [{"typeCode": "SUBJ", "registrationEvent": event}],
        },
    }


def send(node, security, interaction, extension, **more):
    """Send a message as zeep writes it; returns kind, and texts of details."""
    operation = client(patients_of(node)).service[f"DocumentRegistry_{interaction}"]
    sent = message(interaction, extension, **more)
    answer = operation(**sent, _soapheaders=[header(security)])
    (acknowledgement,) = answer.acknowledgement
    assert acknowledgement.targetMessage.id.root == sent["id"]["root"]
    assert answer.receiver[0].device.id[0].root == SOURCE
    details = acknowledgement.acknowledgementDetail
    return acknowledgement.typeCode.code, [str(detail.location) for detail in details]


def a_name():
    return f"ZEEP-{uuid.uuid4().hex[:12]}"


def cx(extension):
    return f"{extension}^^^&{AUTHORITY}&ISO"


def test_what_zeep_adds_is_known_and_what_it_merges_is_one_patient(node, tmp_path):
    security = node.security(tmp_path)
    survivor, subsumed = a_name(), a_name()
    one = submission(tmp_path, node, cx(subsumed))
    assert provide(node, security, one).status != SUCCESS
    for extension in (survivor, subsumed):
        assert send(node, security, "PRPA_IN201301UV02", extension) == ("CA", [])
        assert send(node, security, "PRPA_IN201302UV02", extension) == ("CA", [])
    assert provide(node, security, submission(tmp_path, node, cx(subsumed))).status == SUCCESS
    assert provide(node, security, submission(tmp_path, node, cx(survivor))).status == SUCCESS

    merge = "PRPA_IN201304UV02"
    assert send(node, security, merge, survivor, replaces=subsumed) == ("CA", [])
    found = find(node, security, cx(survivor), "ObjectRef").RegistryObjectList._raw_elements
    assert len(found) == 2
    assert not find(node, security, cx(subsumed), "ObjectRef").RegistryObjectList
    refused = provide(node, security, submission(tmp_path, node, cx(subsumed)))
    assert refused.status != SUCCESS
    assert "XDSUnknownPatientId" in {
        error.errorCode for error in refused.RegistryErrorList.RegistryError
    }


def test_zeep_reads_what_is_wrong_in_an_acknowledgement(node, tmp_path):
    security = node.security(tmp_path)
    kind, places = send(node, security, "PRPA_IN201304UV02", a_name(), replaces=a_name())
    assert kind == "CE"
    assert len(places) == 2


def test_zeep_is_refused_without_a_security_header(node):
    operation = client(patients_of(node)).service.DocumentRegistry_PRPA_IN201301UV02
    with pytest.raises(zeep.exceptions.Fault):
        operation(**message("PRPA_IN201301UV02", a_name()))


@pytest.fixture(scope="module")
def jaxws(node, tmp_path_factory):
    """A Patient Identity Source on JAX-WS."""
    need("java", "javac", "/usr/share/java/jaxws-tools.jar")
    folder = build("jaxws", tmp_path_factory.mktemp("feed"), "Feed", patients_of(node))
    classpath = (folder / "classpath").read_text().strip()

    def say(verb, security, *ids):
        command = ("java", "-cp", classpath, "Feed", verb, patients_of(node), security)
        return run(*command, AUTHORITY, *ids)

    return say


def test_what_jaxws_adds_is_known_and_what_it_merges_is_one_patient(node, jaxws, tmp_path):
    security = node.security(tmp_path)
    survivor, subsumed = a_name(), a_name()
    for verb, ids in (
        ("add", (survivor,)),
        ("add", (subsumed,)),
        ("revise", (survivor,)),
    ):
        said = jaxws(verb, security, *ids)
        assert (said.code, said.all("status")) == (0, ["CA"]), said.log
    assert provide(node, security, submission(tmp_path, node, cx(subsumed))).status == SUCCESS
    said = jaxws("merge", security, survivor, subsumed)
    assert (said.code, said.all("status")) == (0, ["CA"]), said.log
    found = find(node, security, cx(survivor), "ObjectRef").RegistryObjectList._raw_elements
    assert len(found) == 1
    again = jaxws("merge", security, survivor, subsumed)
    assert (again.code, again.all("status")) == (1, ["CE"])
    assert "merged into" in again.all("error")[0]


def test_jaxws_is_refused_with_an_old_assertion(node, jaxws, tmp_path):
    old = node.security(tmp_path, "--issued-at", "2020-01-01T00:00:00Z", "--lifetime", "60")
    said = jaxws("add", old, a_name())
    assert said.code == 1
    assert "2020" in said.all("fault")[0]


@pytest.fixture(scope="module")
def gsoap(node, tmp_path_factory):
    """A Patient Identity Source on gSOAP, which writes again what it has read."""
    need("wsdl2h", "soapcpp2", "g++", "/usr/include/stdsoap2.h")
    folder = build("gsoap", tmp_path_factory.mktemp("feed"), "feed", patients_of(node))

    def say(verb, security, text):
        path = folder / "message.xml"
        path.write_text(text)
        return run(folder / "client", verb, patients_of(node), security, path)

    return say


def test_what_gsoap_adds_is_known_and_what_it_merges_is_one_patient(node, gsoap, tmp_path):
    security = node.security(tmp_path)
    survivor, subsumed = a_name(), a_name()
    for verb, text in (
        ("add", a_feed(ADD, ids=((AUTHORITY, survivor),))),
        ("add", a_feed(ADD, ids=((AUTHORITY, subsumed),))),
        ("revise", a_feed(REVISE, ids=((AUTHORITY, survivor),))),
    ):
        said = gsoap(verb, security, text)
        assert (said.code, said.all("status")) == (0, ["CA"]), said.log
    assert provide(node, security, submission(tmp_path, node, cx(subsumed))).status == SUCCESS
    merge = a_merge(survivor=(AUTHORITY, survivor), subsumed=(AUTHORITY, subsumed))
    assert MERGE in merge
    said = gsoap("merge", security, merge)
    assert (said.code, said.all("status")) == (0, ["CA"]), said.log
    found = find(node, security, cx(survivor), "ObjectRef").RegistryObjectList._raw_elements
    assert len(found) == 1
    again = gsoap("merge", security, merge)
    assert (again.code, again.all("status")) == (1, ["CE"])
    assert "merged into" in again.all("error")[0]
