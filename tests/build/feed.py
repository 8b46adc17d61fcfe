"""Messages of the patient identity feed (ITI-44), valid by default; every patient is invented.

message = a_feed("PRPA_IN201301UV02", ids=(("1.2.3", "A"),))
message = a_merge(survivor=("1.2.3", "A"), subsumed=("1.2.3", "B"))

A negative test replaces one piece of the text.
"""

from xml.sax.saxutils import quoteattr

ADD, REVISE, MERGE = (f"PRPA_IN20130{n}UV02" for n in "124")
AUTHORITY = "1.3.6.1.4.1.21367.2005.3.7"
OTHER_AUTHORITY = "1.3.6.1.4.1.21367.2003.3.9"
SENDER, RECEIVER = "1.2.840.114350.1.13.99998.8734", "1.2.840.114350.1.13.99999.4567"
MESSAGE_ROOT, MESSAGE_EXTENSION = "22a0f9e0-4454-11dc-a6be-3603d6866807", "20260301-7"
DEVICE = '<device classCode="DEV" determinerCode="INSTANCE"><id root="{}"/></device>'


def ii(root, extension="", name="id"):
    extra = f" extension={quoteattr(extension)}" if extension else ""
    return f"<{name} root={quoteattr(root)}{extra}/>"


def an_organization(root=AUTHORITY, name="providerOrganization"):
    contact = '<contactParty classCode="CON"><telecom value="tel:+1-342-555-8394"/></contactParty>'
    return (
        f'<{name} classCode="ORG" determinerCode="INSTANCE">{ii(root)}<name>Clinic</name>'
        f"{contact if name == 'providerOrganization' else ''}</{name}>"
    )


def other_ids(root=OTHER_AUTHORITY, extension="666-5", scope=None):
    return (
        f'<asOtherIDs classCode="SD">{ii(root, extension)}'
        f"{an_organization(scope or root, 'scopingOrganization')}</asOtherIDs>"
    )


def a_person(others=""):
    return (
        "<patientPerson><name><given>Alix</given><family>ESSAI</family></name>"
        '<telecom value="tel:+33-1-99-00-00-00" use="HP"/><administrativeGenderCode code="F"/>'
        '<birthTime value="19840226"/><addr><city>Paris</city></addr>'
        f'{others}<languageCommunication><languageCode code="fr"/></languageCommunication>'
        "</patientPerson>"
    )


def a_replacement(root=AUTHORITY, extension="OTHER-6"):
    return (
        '<replacementOf typeCode="RPLC"><priorRegistration classCode="REG" moodCode="EVN">'
        '<statusCode code="obsolete"/><subject1 typeCode="SBJ"><priorRegisteredRole '
        f'classCode="PAT">{ii(root, extension)}</priorRegisteredRole></subject1>'
        "</priorRegistration></replacementOf>"
    )


def a_feed(
    interaction=ADD,
    *,
    ids=((AUTHORITY, "SELF-5"),),
    person=None,
    organization=None,
    replacement="",
    after_wrapper="",
):
    """A message as text; without white space, so that a replacement is easily found."""
    trigger = interaction.replace("_IN", "_TE")
    patient_ids = "".join(ii(root, extension) for root, extension in ids)
    organization = an_organization() if organization is None else organization
    return (
        f'<{interaction} xmlns="urn:hl7-org:v3" ITSVersion="XML_1.0">'
        f'{ii(MESSAGE_ROOT, MESSAGE_EXTENSION)}<creationTime value="20260301120000"/>'
        f'<versionCode code="V3PR1"/>{ii("2.16.840.1.113883.1.6", interaction, "interactionId")}'
        '<processingCode code="P"/><processingModeCode code="T"/><acceptAckCode code="AL"/>'
        f'<receiver typeCode="RCV">{DEVICE.format(RECEIVER)}</receiver>'
        f'<sender typeCode="SND">{DEVICE.format(SENDER)}</sender>{after_wrapper}'
        '<controlActProcess classCode="CACT" moodCode="EVN">'
        f'<code code="{trigger}" codeSystem="2.16.840.1.113883.1.6"/>'
        '<subject typeCode="SUBJ" contextConductionInd="false">'
        '<registrationEvent classCode="REG" moodCode="EVN"><statusCode code="active"/>'
        f'<subject1 typeCode="SBJ"><patient classCode="PAT">{patient_ids}'
        f'<statusCode code="active"/>{a_person() if person is None else person}{organization}'
        '</patient></subject1><custodian typeCode="CST"><assignedEntity classCode="ASSIGNED">'
        f"{ii(SENDER)}</assignedEntity></custodian>{replacement}</registrationEvent></subject>"
        f"</controlActProcess></{interaction}>"
    )


def a_merge(*, survivor=(AUTHORITY, "SELF-5"), subsumed=(AUTHORITY, "OTHER-6"), **more):
    more = {"organization": ""} | more
    return a_feed(MERGE, ids=(survivor,), replacement=a_replacement(*subsumed), **more)
