"""Callers of the French domain, and messages about a patient's record, valid by default."""

from dataclasses import replace

from dmp.vihf import PURPOSE_SYSTEM
from tests.build.feed import RECEIVER, SENDER, ii
from xds.security.caller import Caller, CodedValue

G15, R38, A00 = "1.2.250.1.71.1.2.7", "1.2.250.1.71.4.2.5", "1.2.250.1.213.1.1.4.6"
INS_TEST = "1.2.250.1.213.1.4.10"
INS = "284026938104238"
PATIENT = f"{INS}^^^&{INS_TEST}&ISO^NH"
OTHER_INS = "207058575627097"
OTHER = f"{OTHER_INS}^^^&{INS_TEST}&ISO^NH"
ADA = "899900000001"
CABINET = "499900000001001"
REASONS = "1.2.250.1.213.1.1.4.11"
MESSAGE_ID, QUERY_ID = ii("1.2.3.4", "M-1"), ii("1.2.3.5", "Q-1", "queryId")

DOCTOR = (CodedValue(code="10", system=G15), CodedValue(code="SM26", system=R38))
NURSE = (CodedValue(code="60", system=G15),)
SECRETARY = (CodedValue(code="SECRETARIAT_MEDICAL", system=A00),)
A_PATIENT = (CodedValue(code="EXP_PATIENT", system=A00),)


def a_caller(*, mode="direct", purpose="normal", patient=PATIENT, roles=DOCTOR, **more):
    known = {
        "identity": ADA,
        "issuer": "test",
        "name": "ESSAI ADA",
        "structure": CABINET,
        "roles": roles,
        "purpose_of_use": CodedValue(code=purpose, system=PURPOSE_SYSTEM),
        "patient_concerned": patient,
        "authentication_mode": mode,
        "emergency_reason": "" if purpose == "normal" else "malaise",
    }
    return replace(Caller(identity="", issuer=""), **(known | more))


def wrapped(interaction, act, *, ids=MESSAGE_ID):
    device = '<device classCode="DEV" determinerCode="INSTANCE"><id root="{}"/></device>'
    return (
        f'<{interaction} xmlns="urn:hl7-org:v3" ITSVersion="XML_1.0">{ids}'
        f'<creationTime value="20260301120000"/>'
        f"{ii('2.16.840.1.113883.1.6', interaction, 'interactionId')}"
        '<processingCode code="P"/><processingModeCode code="T"/><acceptAckCode code="AL"/>'
        f'<receiver typeCode="RCV">{device.format(RECEIVER)}</receiver>'
        f'<sender typeCode="SND">{device.format(SENDER)}</sender>'
        f'<controlActProcess classCode="CACT" moodCode="EVN">{act}</controlActProcess>'
        f"</{interaction}>"
    )


def a_test(ins=INS, root=INS_TEST, *, reason="TEST_EXST", query=QUERY_ID):
    return wrapped(
        "PRPA_IN201307UV02",
        f'<reasonCode code="{reason}" codeSystem="{REASONS}"/>'
        f'<queryByParameter>{query}<statusCode code="new"/><parameterList><patientIdentifier>'
        f"{ii(root, ins, 'value')}<semanticsText>Patient.id</semanticsText></patientIdentifier>"
        "</parameterList></queryByParameter>",
    )


PROVIDER = (
    '<providerOrganization xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'classCode="ORG" determinerCode="INSTANCE" xsi:nil="true"/>'
)
"""HL7 wants one in a creation."""


def a_request(interaction, *, reason, status, ins=INS, root=INS_TEST, observed="", because=""):
    provider = PROVIDER if interaction == "PRPA_IN201311UV02" else ""
    return wrapped(
        interaction,
        f'<reasonCode code="{reason}" codeSystem="{REASONS}"/>'
        '<subject typeCode="SUBJ" contextConductionInd="false">'
        '<registrationRequest classCode="REG" moodCode="RQO"><statusCode code="active"/>'
        f'<subject1 typeCode="SBJ"><patient classCode="PAT">{ii(root, ins)}'
        f'<statusCode code="{status}"/><patientPerson classCode="PSN" determinerCode="INSTANCE">'
        '<name><given>DOMINIQUE</given><family qualifier="SP">PAT-TROIS</family></name>'
        f"</patientPerson>{provider}{observed}</patient></subject1>"
        '<author typeCode="AUT"><assignedEntity classCode="ASSIGNED">'
        f"{ii('1.2.250.1.71.4.2.1', ADA)}</assignedEntity></author>"
        f"</registrationRequest></subject>{because}",
    )


def observed(code, value):
    return (
        '<subjectOf typeCode="SBJ"><administrativeObservation classCode="OBS" moodCode="EVN">'
        f'<code code="{code}" codeSystem="1.2.250.1.213.4.1.2.3"/>'
        '<value xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="BL" '
        f'value="{value}"/></administrativeObservation></subjectOf>'
    )


CONSENT = observed("CONSENTEMENT_OUVERTURE_DMP", "true")
AT_THE_PATIENTS_REQUEST = (
    '<reasonOf typeCode="RSON"><detectedIssueEvent classCode="ALRT" moodCode="EVN">'
    '<code code="FERMETURE_DEMANDE_PATIENT" codeSystem="1.2.250.1.213.4.1.2.4"/>'
    "<text>FERMETURE_DEMANDE_PATIENT</text></detectedIssueEvent></reasonOf>"
)


def a_creation(*, consents=CONSENT, **more):
    known = {"reason": "CREA_RD", "status": "active", "observed": consents}
    return a_request("PRPA_IN201311UV02", **(known | more))


def a_reactivation(**more):
    return a_request("PRPA_IN201314UV02", **({"reason": "REAC", "status": "active"} | more))


def a_closing(**more):
    known = {"reason": "FERM", "status": "terminated", "because": AT_THE_PATIENTS_REQUEST}
    return a_request("PRPA_IN201314UV02", **(known | more))


def an_authorisation(action="AJOUT", role=""):
    role = f"<role>{role}</role>" if role else ""
    action = f"<action>{action}</action>" if action else ""
    return f'<setAuthorization xmlns="urn:si-dmp-habilitations">{action}{role}</setAuthorization>'


def professionals(mode="TOUTE"):
    mode = f"<mode>{mode}</mode>" if mode else ""
    return (
        '<listAuthorizationByPatient xmlns="urn:si-dmp-habilitations">'
        f"{mode}</listAuthorizationByPatient>"
    )


def my_records(start="", date_type=""):
    start = f"<startDate>{start}</startDate>" if start else ""
    kind = f"<dateType>{date_type}</dateType>" if date_type else ""
    return f'<patientList xmlns="urn:si-dmp-patients">{start}{kind}</patientList>'
