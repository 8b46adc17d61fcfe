"""Builders of CDA documents, valid by default; a test replaces one thing."""

PERSON = """<assignedPerson><name><given>Ada</given><family>MERCIER</family><prefix>MME</prefix>
  <suffix>DR</suffix></name></assignedPerson>"""
STRUCTURE = """<representedOrganization><id root="1.2.250.1.71.4.2.2" extension="1750803447"/>
  <name>Cabinet du Port</name></representedOrganization>"""
AUTHOR = f"""<author><time value="20240312"/><assignedAuthor>
  <id root="1.2.250.1.71.4.2.1" extension="899900000017"/>
  <code code="G15_10/SM26" codeSystem="1.2.250.1.213.1.1.4.5"/>
  {PERSON}{STRUCTURE}</assignedAuthor></author>"""
PATIENT = """<recordTarget><patientRole>
  <id root="1.2.250.1.213.1.4.10" extension="279035121518989"/>
  <id root="1.2.250.1.999.7" extension="P-42"/>
  <patient><name><family qualifier="BR">LE GALL</family><given>MARIE ANNE</given>
  <given qualifier="BR">MARIE</given></name>
  <administrativeGenderCode code="F"/><birthTime value="19790328"/></patient>
  </patientRole></recordTarget>"""
LEGAL = f"""<legalAuthenticator><time value="20240312"/><signatureCode code="S"/><assignedEntity>
  <id root="1.2.250.1.71.4.2.1" extension="899900000017"/>{PERSON}</assignedEntity>
  </legalAuthenticator>"""
PRACTICE = """<standardIndustryClassCode code="AMBULATOIRE"
  codeSystem="1.2.250.1.213.1.1.4.9"/>"""
EVENT = f"""<documentationOf><serviceEvent>
  <code code="11488-4" codeSystem="2.16.840.1.113883.6.1" displayName="Consultation"/>
  <effectiveTime><low value="20240312143000+0100"/><high value="20240312150000+0100"/>
  </effectiveTime><performer typeCode="PRF"><assignedEntity>
  <id root="1.2.250.1.71.4.2.1" extension="899900000017"/>
  <representedOrganization>{PRACTICE}</representedOrganization>
  </assignedEntity></performer></serviceEvent></documentationOf>"""
ENCOUNTER = """<componentOf><encompassingEncounter>
  <effectiveTime><low value="20240312140000+0100"/></effectiveTime><location>
  <healthCareFacility><code code="SA07" codeSystem="1.2.250.1.71.4.2.4"
  displayName="Cabinet individuel"/></healthCareFacility></location></encompassingEncounter>
  </componentOf>"""
TYPE = '<code code="11488-4" codeSystem="2.16.840.1.113883.6.1"/>'
BODY = """<component><structuredBody><component><section><text>Rien.</text></section></component>
  </structuredBody></component>"""
TEMPLATES = '<templateId root="1.2.250.1.213.1.1.1.1"/><templateId root="1.2.250.1.213.1.1.1.37"/>'

PARTS = {
    "templates": TEMPLATES,
    "id": '<id root="2.25.1234" extension="A-1"/>',
    "type": TYPE,
    "title": "<title>Compte rendu de consultation</title>",
    "effective": '<effectiveTime value="20240312153000+0100"/>',
    "confidentiality": '<confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/>',
    "language": '<languageCode code="fr-FR"/>',
    "set": '<setId root="2.25.1234" extension="A"/><versionNumber value="1"/>',
    "patient": PATIENT,
    "author": AUTHOR,
    "legal": LEGAL,
    "order": "",
    "event": EVENT,
    "related": "",
    "encounter": ENCOUNTER,
    "body": BODY,
}


def a_cda(**parts):
    """Return a CDA with some parts replaced; '' leaves one out."""
    content = "\n".join((PARTS | parts).values())
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ClinicalDocument xmlns="urn:hl7-org:v3" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n{content}\n</ClinicalDocument>'
    ).encode()
