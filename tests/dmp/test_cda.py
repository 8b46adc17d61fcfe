"""Metadata derived from a CDA header: each attribute, each fallback, everything that can lack."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmp.cda import CdaError, derive
from dmp.cda_time import utc_of
from greffe.client.metadata import write_facts
from tests.dmp import cda_build as build
from tests.dmp.cda_build import a_cda
from xds.domain import load_domain
from xds.metadata.attributes import Subject
from xds.metadata.code import Code
from xds.metadata.datatype import DatatypeError
from xds.metadata.dtm import parse_dtm
from xds.metadata.judge import Judge

OFFICIAL = os.environ.get("GREFFE_CDA_SAMPLES", "")
"""A folder of official French CDA samples: ExemplesCDA of ansforge/TestContenuCDA-3-0."""
INS = "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH"


def complaints(entry):
    judge = Judge(actor="repository", domain=load_domain("dmp"))
    rim = write_facts(Subject.DOCUMENT_ENTRY, entry.facts)
    return [(c.rule, c.came) for c in judge.judge(Subject.DOCUMENT_ENTRY, rim)]


def gaps(octets):
    with pytest.raises(CdaError) as caught:
        derive(octets)
    return caught.value


def test_every_attribute_comes_from_the_header():
    entry = derive(a_cda())
    assert entry.unique_id == "2.25.1234^A-1"
    assert entry.mime_type == "text/xml"
    assert entry.title == "Compte rendu de consultation"
    assert entry.language_code == "fr-FR"
    assert entry.type_code == Code(
        code="11488-4",
        scheme="2.16.840.1.113883.6.1",
        display="CR ou fiche de consultation ou de visite",
    )
    assert entry.class_code.code == "10"
    assert entry.class_code.display == "Compte rendu"
    assert entry.format_code.code == "urn:asip:ci-sis:vac:2019"
    assert [c.code for c in entry.confidentiality_codes] == ["N"]
    assert entry.confidentiality_codes[0].display == "Normal"
    assert entry.healthcare_facility_type_code.code == "SA07"
    assert entry.practice_setting_code.display == "Ambulatoire"
    assert [c.display for c in entry.event_codes] == ["Consultation"]
    assert entry.creation_time == "20240312143000"
    assert entry.service_start_time == "20240312133000"
    assert entry.service_stop_time == "20240312140000"
    assert entry.patient_id == INS
    assert entry.source_patient_id == "P-42^^^&1.2.250.1.999.7&ISO^PI"
    assert entry.source_patient_info == ("PID-5|LE GALL^MARIE^^^^^L", "PID-7|19790328", "PID-8|F")
    assert entry.set_id == "2.25.1234^A"
    assert entry.version == "1"
    assert entry.notices == ()


def test_an_author_is_written_as_france_writes_it():
    (author,) = derive(a_cda()).authors
    assert author.person == "899900000017^MERCIER^Ada^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"
    assert author.institutions == (
        "Cabinet du Port^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1750803447",
    )
    specialty = "G15_10/SM26^Médecin - Qualifié en Médecine Générale (SM)^1.2.250.1.213.1.1.4.5"
    assert author.specialties == (specialty,)
    assert derive(a_cda()).legal_authenticator == author.person


def test_what_is_derived_is_metadata_that_the_domain_accepts():
    assert complaints(derive(a_cda())) == []


# -- variants ----------------------------------------------------------------------------------


def test_a_french_template_says_more_than_the_one_it_refines():
    roots = ("1.2.250.1.213.1.1.1.55", "1.3.6.1.4.1.19376.1.8.1.1.1", "1.2.3")
    for order in (roots, roots[::-1]):
        templates = "".join(f'<templateId root="{r}"/>' for r in order)
        assert derive(a_cda(templates=templates)).format_code.code == "urn:ihe:lab:xd-lab:2008"


def test_a_template_that_no_table_lists_gives_the_format_of_unlisted_documents():
    entry = derive(a_cda(templates='<templateId root="1.2.3"/>'))
    assert entry.format_code.code == "urn:asipSante:modelesHorsProfils:2011"
    assert "ASS_A11" in entry.notices[0]
    assert complaints(entry) == []


@pytest.mark.parametrize(
    ("media", "format_code"),
    [
        ("application/pdf", "urn:ihe:iti:xds-sd:pdf:2008"),
        ("text/plain", "urn:ihe:iti:xds-sd:text:2008"),
        ("image/jpeg", "urn:ihe:iti-fr:xds-sd:jpeg:2010"),
        ("image/tiff", "urn:ihe:iti-fr:xds-sd:tiff:2010"),
        ("text/rtf", "urn:ihe:iti-fr:xds-sd:rtf:2010"),
    ],
)
def test_the_format_of_one_embedded_file_is_that_of_its_media(media, format_code):
    body = f'<component><nonXMLBody><text mediaType="{media}" representation="B64">AA==</text>'
    entry = derive(a_cda(body=body + "</nonXMLBody></component>"))
    assert entry.format_code.code == format_code
    assert complaints(entry) == []


def test_an_embedded_file_of_another_media_is_a_gap():
    body = '<component><nonXMLBody><text mediaType="video/mp4"/></nonXMLBody></component>'
    error = gaps(a_cda(body=body))
    assert [g.attribute for g in error.gaps] == ["formatCode"]
    assert "video/mp4" in str(error)


def test_without_a_performer_the_next_best_setting_is_taken_and_said():
    event = build.EVENT[: build.EVENT.index("<performer")] + "</serviceEvent></documentationOf>"
    legal = build.LEGAL.replace(
        "</assignedEntity>",
        f"<representedOrganization>{build.PRACTICE}</representedOrganization></assignedEntity>",
    )
    entry = derive(a_cda(event=event, legal=legal))
    assert entry.practice_setting_code.code == "AMBULATOIRE"
    assert entry.notices == ("practiceSettingCode is that of legalAuthenticator",)
    assert [g.attribute for g in gaps(a_cda(event=event)).gaps] == ["practiceSettingCode"]


def test_an_act_whose_time_is_unknown_has_the_encounters():
    event = build.EVENT.replace('<low value="20240312143000+0100"/>', '<low nullFlavor="UNK"/>')
    entry = derive(a_cda(event=event))
    assert entry.service_start_time == "20240312130000"
    assert entry.service_stop_time == ""
    assert "serviceStopTime" not in entry.facts


def test_a_system_is_an_author():
    device = """<author><assignedAuthor>
      <id root="1.2.250.1.71.4.2.1" extension="1060021920/88"/>
      <code code="DISPOSITIF" codeSystem="1.2.250.1.213.1.1.4.6"/>
      <assignedAuthoringDevice><manufacturerModelName>M-1</manufacturerModelName>
      <softwareName>Labo &amp; Cie</softwareName></assignedAuthoringDevice></assignedAuthor>
      </author>"""
    entry = derive(a_cda(author=device + build.AUTHOR))
    assert len(entry.authors) == 2
    person = "1060021920/88^Labo \\T\\ Cie^M-1^^^^^^&1.2.250.1.71.4.2.1&ISO^U^^^RI"
    assert entry.authors[0].person == person
    assert entry.authors[0].specialties == ("DISPOSITIF^Dispositif médical^1.2.250.1.213.1.1.4.6",)
    assert complaints(entry) == []


def test_a_patient_is_an_author_without_a_structure():
    patient = """<author><functionCode code="PCP" codeSystem="2.16.840.1.113883.5.88"/>
      <assignedAuthor><id root="1.2.250.1.213.1.4.10" extension="279035121518989"/>
      <code code="EXP_PATIENT" codeSystem="1.2.250.1.213.1.1.4.6"/><assignedPerson><name>
      <family>LE GALL</family><given>MARIE</given></name></assignedPerson></assignedAuthor>
      </author>"""
    entry = derive(a_cda(author=patient))
    (author,) = entry.authors
    assert author.person == ("279035121518989^LE GALL^MARIE^^^^^^&1.2.250.1.213.1.4.10&ISO^D^^^NH")
    assert author.institutions == ()
    assert author.roles == ("Médecin traitant",)
    assert complaints(entry) == []


def test_a_structure_of_which_only_the_name_is_known_has_no_identifier():
    author = build.AUTHOR.replace(
        '<id root="1.2.250.1.71.4.2.2" extension="1750803447"/>', '<id nullFlavor="UNK"/>'
    )
    assert derive(a_cda(author=author)).authors[0].institutions == ("Cabinet du Port",)


def test_separators_in_names_are_escaped():
    author = build.AUTHOR.replace("MERCIER", "O^HARA &amp; fils")
    entry = derive(a_cda(author=author))
    assert entry.authors[0].person.startswith("899900000017^O\\S\\HARA \\T\\ fils^Ada^")
    assert complaints(entry) == []


def test_a_name_in_use_that_differs_is_given_too():
    patient = build.PATIENT.replace("</name>", '<family qualifier="CL">PORTIER</family></name>', 1)
    assert derive(a_cda(patient=patient)).source_patient_info[:2] == (
        "PID-5|LE GALL^MARIE^^^^^L",
        "PID-5|PORTIER^MARIE^^^^^D",
    )


def test_without_a_local_identifier_the_ins_stands_for_it():
    patient = build.PATIENT.replace('<id root="1.2.250.1.999.7" extension="P-42"/>', "")
    assert derive(a_cda(patient=patient)).source_patient_id == INS


def test_a_wrong_control_key_is_noticed_and_not_refused():
    entry = derive(a_cda(patient=build.PATIENT.replace("279035121518989", "279035121518988")))
    assert "control key" in entry.notices[0]


def test_orders_accession_numbers_and_studies_are_references():
    order = """<inFulfillmentOf><order><id root="1.2.250.1.748.1" extension="98"/>
      <x:accessionNumber xmlns:x="urn:dicom-org:ps3-20" root="1.2.250.1.925.2" extension="10"/>
      </order></inFulfillmentOf>"""
    event = build.EVENT.replace("<serviceEvent>", '<serviceEvent><id root="1.2.250.1.925.3.4"/>')
    imaging = '<code code="18748-4" codeSystem="2.16.840.1.113883.6.1"/>'
    assert derive(a_cda(order=order, event=event)).reference_ids == (
        "98^^^&1.2.250.1.748.1&ISO^urn:ihe:iti:xds:2013:order",
        "10^^^&1.2.250.1.925.2&ISO^urn:ihe:iti:xds:2013:accession",
    )
    entry = derive(a_cda(order=order, event=event, type=imaging))
    assert entry.reference_ids[2] == "1.2.250.1.925.3.4^^^^urn:ihe:iti:xds:2016:studyInstanceUID"
    assert complaints(entry) == []


def test_the_document_that_is_replaced_is_named():
    related = """<relatedDocument typeCode="RPLC"><parentDocument>
      <id root="2.25.1234" extension="A-0"/></parentDocument></relatedDocument>"""
    assert derive(a_cda(related=related)).replaces == "2.25.1234^A-0"


def test_a_document_inside_its_own_style_sheet_is_found():
    inner = a_cda().partition(b"?>")[2]
    sheet = b'<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0">'
    entry = derive(sheet + inner + b"</xsl:stylesheet>")
    assert entry.mime_type == "application/xslt+xml"
    assert entry.title == "Compte rendu de consultation"


def test_a_long_title_is_cut_and_said():
    entry = derive(a_cda(title=f"<title>{'Très ' * 40}</title>"))
    assert len(entry.title) == 127
    assert "cut" in entry.notices[0]
    assert complaints(entry) == []


def test_a_comment_does_not_split_a_value():
    entry = derive(a_cda(title="<title>Compte<!-- x --> rendu\n  de   <b>suite</b></title>"))
    assert entry.title == "Compte rendu de suite"


@pytest.mark.parametrize(
    ("encounter", "facility", "activity"),
    [
        ("IMP", "SA01", "03"),
        ("EMER", "SA01", "07"),
        ("HH", "SA01", "05"),
        ("AMB", "SA07", "SA07"),
        ("AMB", "SA01", "97"),
        ("", "SA25", "SA25"),
    ],
)
def test_the_activity_is_the_encounters_or_the_facilitys(encounter, facility, activity):
    code = f'<code code="{encounter}" codeSystem="2.16.840.1.113883.5.4"/>' if encounter else ""
    changed = build.ENCOUNTER.replace("SA07", facility).replace(
        "<encompassingEncounter>", f"<encompassingEncounter>{code}"
    )
    found = derive(a_cda(encounter=changed)).content_type_code
    assert found.code == activity
    assert load_domain("dmp").admits("contentTypeCode", found.code, found.scheme)
    assert found.display


def test_abroad_patient_identifiers_end_with_the_authority():
    facts = derive(a_cda()).facts_abroad
    assert facts["patientId"] == "279035121518989^^^&1.2.250.1.213.1.4.10&ISO"
    assert facts["sourcePatientId"] == "P-42^^^&1.2.250.1.999.7&ISO"


# -- times -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ts", "dtm"),
    [
        ("20240312153000+0100", "20240312143000"),
        ("20240312003000+0200", "20240311223000"),
        ("20231231233000-0500", "20240101043000"),
        ("202403121530+0100", "202403121430"),
        ("2024031215+0100", "2024031214"),
        ("2024031215+0530", "202403120930"),
        ("20240312153000.250+0100", "20240312143000"),
        ("20240312", "20240312"),
        ("20240312+0100", "20240312"),
        ("202403", "202403"),
        ("2024", "2024"),
        ("20240312153000", "20240312153000"),
        ("20240312153000+01", "20240312143000"),
    ],
)
def test_a_time_is_told_in_utc(ts, dtm):
    assert utc_of(ts) == dtm


def test_a_time_without_an_offset_is_taken_as_utc_and_said():
    entry = derive(a_cda(effective='<effectiveTime value="20240312153000"/>'))
    assert entry.creation_time == "20240312153000"
    assert entry.notices == ("creationTime has no offset from UTC: taken as UTC",)


@given(st.text("0123456789+-.Z ", max_size=24))
def test_any_text_is_a_time_or_one_error(text):
    try:
        dtm = utc_of(text)
    except DatatypeError:
        return
    parse_dtm(dtm)


@given(st.datetimes(), st.integers(-14 * 60, 14 * 60))
def test_an_offset_moves_the_clock_and_nothing_else(moment, minutes):
    sign, size = "+-"[minutes < 0], abs(minutes)
    ts = f"{moment:%Y%m%d%H%M%S}".rjust(14, "0") + f"{sign}{size // 60:02d}{size % 60:02d}"
    try:
        dtm = utc_of(ts)
    except DatatypeError:
        assert moment.year in {1, 9999}
        return
    elapsed = moment.replace(microsecond=0) - parse_dtm(dtm).earliest.replace(tzinfo=None)
    assert elapsed.total_seconds() == minutes * 60


# -- what lacks --------------------------------------------------------------------------------


def test_everything_that_lacks_is_said_at_once_with_its_place():
    error = gaps(a_cda(id="", language="", patient="", encounter="", legal="", author="", event=""))
    assert [g.attribute for g in error.gaps] == [
        "patientId",
        "serviceStartTime",
        "healthcareFacilityTypeCode",
        "uniqueId",
        "languageCode",
        "practiceSettingCode",
        "author",
        "legalAuthenticator",
    ]
    assert "ClinicalDocument/recordTarget/patientRole/id" in str(error)
    assert "1.2.250.1.213.1.4.8" in str(error)


@pytest.mark.parametrize(
    ("part", "attribute"),
    [
        ("id", "uniqueId"),
        ("type", "typeCode"),
        ("effective", "creationTime"),
        ("confidentiality", "confidentialityCode"),
        ("language", "languageCode"),
        ("patient", "patientId"),
        ("author", "author"),
        ("legal", "legalAuthenticator"),
        ("event", "practiceSettingCode"),
        ("encounter", "healthcareFacilityTypeCode"),
    ],
)
def test_one_thing_that_lacks_is_one_gap(part, attribute):
    assert [g.attribute for g in gaps(a_cda(**{part: ""})).gaps] == [attribute]


def test_a_type_without_a_class_is_a_gap():
    error = gaps(a_cda(type='<code code="1-8" codeSystem="2.16.840.1.113883.6.1"/>'))
    assert [g.attribute for g in error.gaps] == ["classCode"]
    assert "ASS_X04" in str(error)


def test_a_gap_names_the_line():
    octets = a_cda(effective='<effectiveTime value="hier"/>')
    (gap,) = gaps(octets).gaps
    assert octets.splitlines()[gap.line - 1].strip() == b'<effectiveTime value="hier"/>'
    assert "'hier'" in str(gap)


# -- hostile and odd bytes -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("octets", "word"),
    [
        (b"", "XML"),
        (b"%PDF-1.4", "XML"),
        (b"<a/>", "ClinicalDocument"),
        (b"<ClinicalDocument/>", "ClinicalDocument"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]>' + a_cda().partition(b"?>")[2].strip(), "DTD"),
        (b'<?xml version="1.0" encoding="UTF-7"?><a/>', "encoding"),
        (b"\xff\xfe<", "UTF-16"),
        (b"<\x00a\x00/\x00>\x00", "encoding"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "encoding"),
    ],
)
def test_what_is_no_cda_is_one_typed_error(octets, word):
    assert word in str(gaps(octets))
    assert gaps(octets).gaps == ()


def test_a_dtd_behind_a_comment_is_seen():
    octets = b"<?xml version='1.0'?>\n<!-- --><?a b?>\n<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>"
    assert "DTD" in str(gaps(octets))


def test_utf16_is_read():
    text = a_cda().decode().replace('encoding="UTF-8"', 'encoding="UTF-16"')
    assert derive(text.encode("utf-16")).title == "Compte rendu de consultation"


@given(st.data())
def test_a_damaged_document_is_derived_or_one_typed_error(data):
    octets = a_cda()
    start = data.draw(st.integers(0, len(octets)))
    stop = data.draw(st.integers(start, min(start + 200, len(octets))))
    damaged = octets[:start] + data.draw(st.binary(max_size=8)) + octets[stop:]
    try:
        entry = derive(damaged)
    except CdaError:
        return
    assert entry.unique_id


# -- the official documents ----------------------------------------------------------------------


@pytest.mark.skipif(not OFFICIAL, reason="GREFFE_CDA_SAMPLES names no folder of official samples")
def test_metadata_of_every_official_sample_is_derived_and_accepted():
    files = sorted(Path(OFFICIAL).glob("*.xml"))
    assert files
    for file in files:
        assert complaints(derive(file.read_bytes())) == [], file.name
