"""zeep, JAX-WS and gSOAP on the services around a record: its whole life, as vendors call it.

The running node is one of the French domain; every message has a signed assertion of its own.
"""

import uuid

import pytest
import zeep

from tests.interop.harness import build, greffe, ins_patient, need, run
from tests.interop.test_zeep import client, header

pytestmark = pytest.mark.interop
INTERACTIONS = "2.16.840.1.113883.1.6"
REASONS = "1.2.250.1.213.1.1.4.11"
AUTHORITY = "1.2.250.1.213.1.4.10"
CALLER = "899700000001"
CLIENT, REGISTRY = "1.3.6.1.4.1.21367.4.1", "1.2.250.1.213.4.1.1.1"


def address(node, path):
    return f"{node.registry.rpartition('/')[0]}/{path}"


def number(patient):
    return patient.partition("^")[0]


def party(type_code, oid):
    device = {"classCode": "DEV", "determinerCode": "INSTANCE", "id": [{"root": oid}]}
    return {"typeCode": type_code, "device": device}


def wrapped(interaction, act):
    return {
        "ITSVersion": "XML_1.0",
        "id": {"root": str(uuid.uuid4())},
        "creationTime": {"value": "20260301120000"},
        "interactionId": {"root": INTERACTIONS, "extension": interaction},
        "processingCode": {"code": "T"},
        "processingModeCode": {"code": "T"},
        "acceptAckCode": {"code": "AL"},
        "receiver": [party("RCV", REGISTRY)],
        "sender": party("SND", CLIENT),
        "controlActProcess": {"classCode": "CACT", "moodCode": "EVN"} | act,
    }


def question(patient):
    value = {"root": AUTHORITY, "extension": number(patient)}
    parameters = {"patientIdentifier": [{"value": [value], "semanticsText": {}}]}
    query = {
        "queryId": {"root": str(uuid.uuid4())},
        "statusCode": {"code": "new"},
        "parameterList": parameters,
    }
    reason = [{"code": "TEST_EXST", "codeSystem": REASONS}]
    return wrapped("PRPA_IN201307UV02", {"reasonCode": reason, "queryByParameter": query})


def request(interaction, patient, reason, status, *, because=(), observed=()):
    role = {
        "classCode": "PAT",
        "id": [{"root": AUTHORITY, "extension": number(patient)}],
        "statusCode": {"code": status},
        "patientPerson": {"name": [{"use": "L", "_value_1": [{"family": {}}]}]},
        "subjectOf": list(observed),
    }
    registration = {
        "classCode": "REG",
        "moodCode": "RQO",
        "statusCode": {"code": "active"},
        "subject1": {"typeCode": "SBJ", "patient": role},
        "author": {},
    }
    act = {
        "reasonCode": [{"code": reason, "codeSystem": REASONS}],
        "subject": {"typeCode": "SUBJ", "registrationRequest": registration},
        "reasonOf": list(because),
    }
    return wrapped(interaction, act)


def patients(node):
    return client(address(node, "patients"))


def ask(node, security, patient):
    """TD0.2; returns the response code, the record's status and the attention lines."""
    service = patients(node).service
    answer = service.PatientGetDemographics_PRPA_IN201307UV02(
        **question(patient), _soapheaders=[header(security)]
    )
    act = answer.controlActProcess
    status = ""
    if act.subject:
        status = act.subject[0].registrationEvent.subject1.patient.statusCode.code
    lines = {
        line.keyWordText.code: getattr(line.value, "code", None) or line.value.value
        for line in answer.attentionLine
    }
    return act.queryAck.queryResponseCode.code, status, lines


def revise(node, security, patient, reason, status, *, because=()):
    body = request("PRPA_IN201314UV02", patient, reason, status, because=because)
    answer = patients(node).service.PatientRevise_PRPA_IN201314UV02(
        **body, _soapheaders=[header(security)]
    )
    message = answer.PRPA_IN201315UV02 or answer.PRPA_IN201316UV02
    (said,) = message.acknowledgement
    return said.typeCode, [detail.code.code for detail in said.acknowledgementDetail]


def create(node, security, patient):
    """TD1.1, with the patient's consent and an opposition to the breaking of the glass."""
    made = patients(node)
    boolean = made.get_type("{urn:hl7-org:v3}BL")
    observed = [
        {
            "typeCode": "SBJ",
            "administrativeObservation": {
                "classCode": "OBS",
                "moodCode": "EVN",
                "code": {"code": code, "codeSystem": "1.2.250.1.213.4.1.2.3"},
                "value": zeep.xsd.AnyObject(boolean, boolean(value="true")),
            },
        }
        for code in ("CONSENTEMENT_OUVERTURE_DMP", "OPPOSITION_BRIS_DE_GLACE")
    ]
    body = request("PRPA_IN201311UV02", patient, "CREA_RD", "active", observed=observed)
    answer = made.service.PatientAdd_PRPA_IN201311UV02(**body, _soapheaders=[header(security)])
    message = answer.PRPA_IN201312UV02 or answer.PRPA_IN201313UV02
    (said,) = message.acknowledgement
    return said.typeCode, [detail.code.code for detail in said.acknowledgementDetail]


CLOSING = {
    "typeCode": "RSON",
    "detectedIssueEvent": {
        "classCode": "ALRT",
        "moodCode": "EVN",
        "code": {"code": "FERMETURE_DEMANDE_PATIENT", "codeSystem": "1.2.250.1.213.4.1.2.4"},
    },
}


def test_a_records_life_as_zeep_calls_it(french_node, tmp_path):
    node, patient = french_node, french_node.patient()
    security = node.security(tmp_path, "--patient", patient)
    none = {"AUTORISATION": "NON_EXISTE", "STATUT_MT": "false"}
    valid = {"AUTORISATION": "VALIDE", "STATUT_MT": "true"}
    assert ask(node, security, patient) == ("OK", "active", none)

    rights = client(address(node, "habilitations")).service
    listed = rights.listAuthorizationByPatient(_soapheaders=[header(security)])
    assert (listed.status, listed.listOfAuthorizationByPatient) == ("NotPermitted", [])
    for role in (None, "MEDECIN_TRAITANT"):
        said = rights.setAuthorization("AJOUT", role, _soapheaders=[header(security)])
        assert said.status == "DMPOk", said.context
    assert ask(node, security, patient) == ("OK", "active", valid)
    (one,) = rights.listAuthorizationByPatient("ACTIVE", _soapheaders=[header(security)])[
        "listOfAuthorizationByPatient"
    ]
    assert (one.nationalId, one.codeSpeciality) == (CALLER, ["G15_10/SM26"])

    mine = client(address(node, "patientsSpecific")).service
    found = mine.patientList(_soapheaders=[header(security)])
    assert [p.patientIdentifier[0].nationalId for p in found.patientlistData] == [number(patient)]

    assert revise(node, security, patient, "FERM", "terminated") == ("AE", ["InvalidRequest"])
    assert revise(node, security, patient, "FERM", "terminated", because=[CLOSING]) == ("AA", [])
    assert ask(node, security, patient) == ("OK", "terminated", none)
    said = rights.setAuthorization("SUPPRESSION", _soapheaders=[header(security)])
    assert said.status == "DMPClosed"
    assert revise(node, security, patient, "REAC", "active") == ("AA", [])
    assert ask(node, security, patient) == ("OK", "active", valid)


def test_who_is_blocked_at_the_command_line_is_told_so_at_once(french_node, tmp_path):
    node, patient = french_node, french_node.patient()
    security = node.security(tmp_path, "--patient", patient)
    greffe("patient", "block", patient, CALLER, "--home", node.home)
    assert ask(node, security, patient)[2]["AUTORISATION"] == "INTERDIT"
    rights = client(address(node, "habilitations")).service
    said = rights.setAuthorization("AJOUT", _soapheaders=[header(security)])
    assert said.status == "NotPermitted"
    assert "INTERDIT" in said.context


def test_a_patient_without_a_record_gets_one_when_the_patient_wants_it(french_node, tmp_path):
    unknown = ins_patient()
    security = french_node.security(tmp_path, "--patient", unknown)
    assert ask(french_node, security, unknown) == ("NF", "", {})
    assert create(french_node, security, unknown) == ("AA", [])
    assert ask(french_node, security, unknown)[:2] == ("OK", "active")
    assert create(french_node, security, unknown) == ("AE", ["DMPFound"])
    shown = greffe("patient", "show", unknown, "--home", french_node.home)
    assert "break-glass" in shown


def test_an_assertion_for_another_patient_is_refused(french_node, tmp_path):
    patient, other = french_node.patient(), french_node.patient()
    security = french_node.security(tmp_path, "--patient", other)
    assert ask(french_node, security, patient)[0] == "AE"


def test_no_assertion_no_answer(french_node):
    rights = client(address(french_node, "habilitations")).service
    with pytest.raises(zeep.exceptions.Fault):
        rights.setAuthorization("AJOUT")


def test_without_an_access_policy_nothing_of_it_is_described(node):
    described = zeep.Client(f"{address(node, 'patients')}?wsdl").wsdl.dump
    assert described
    operations = zeep.Client(f"{address(node, 'patients')}?wsdl").service._operations
    assert "PatientGetDemographics_PRPA_IN201307UV02" not in operations


@pytest.fixture(scope="module")
def jaxws(french_node, tmp_path_factory):
    """Practice software on JAX-WS."""
    need("java", "javac", "/usr/share/java/jaxws-tools.jar")
    services = [address(french_node, path) for path in ("patients", "habilitations")]
    folder = build("jaxws", tmp_path_factory.mktemp("records"), "Records", *services)
    classpath = (folder / "classpath").read_text().strip()

    def say(verb, path, security, *more):
        command = ("java", "-cp", classpath, "Records", verb, address(french_node, path))
        return run(*command, security, *more)

    return say


def test_jaxws_asks_declares_and_lists(french_node, jaxws, tmp_path):
    patient = french_node.patient()
    security = french_node.security(tmp_path, "--patient", patient)
    said = jaxws("exists", "patients", security, AUTHORITY, number(patient))
    assert (said.code, said.all("status")) == (0, ["OK"]), said.log
    assert said.all("found") == ["AUTORISATION NON_EXISTE", "STATUT_MT false"]
    assert jaxws("list", "habilitations", security).all("status") == ["NotPermitted"]
    said = jaxws("authorise", "habilitations", security)
    assert (said.code, said.all("status")) == (0, ["DMPOk"]), said.log
    assert jaxws("list", "habilitations", security).all("found") == [f"{CALLER} ACTIVE"]
    again = jaxws("exists", "patients", security, AUTHORITY, number(patient))
    assert again.all("found")[0] == "AUTORISATION VALIDE"


@pytest.mark.parametrize("path", ["patients", "habilitations", "patientsSpecific"])
def test_gsoap_generates_a_client(french_node, tmp_path, path):
    need("wsdl2h", "soapcpp2", "/usr/share/gsoap/import")
    header_file = tmp_path / "service.h"
    made = run("wsdl2h", "-s", "-o", header_file, f"{address(french_node, path)}?wsdl")
    assert made.code == 0, made.log
    options = ("-j", "-C", "-2", "-x", "-L", "-I/usr/share/gsoap/import", "-d", tmp_path)
    compiled = run("soapcpp2", *options, header_file)
    assert compiled.code == 0, compiled.log
    assert "error" not in compiled.log.lower()
