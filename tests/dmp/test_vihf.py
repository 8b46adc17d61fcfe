"""VIHF: what real messages look like is accepted; what an issuer got wrong is named."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from dmp.vihf import A00, G05, G15, G16, PROFESSIONS, R38, SPECIALTIES, Vihf, profile_of
from tests.xds.security.build import (
    NOW,
    a_gate,
    a_vihf,
    authority,
    call,
    certify,
    edited,
    envelope,
    saml,
)
from xds.access.decide import decide
from xds.access.model import Action, Choices, Resource
from xds.access.reading import load_policy
from xds.domain import load_domain
from xds.metadata.hl7v2 import cx_key
from xds.security.caller import CodedValue
from xds.security.pki import seal_name
from xds.security.refusal import Subcode
from xds.security.trust import TrustError
from xds.security.xua import Xua
from xds.soap.fault import SoapFault

HL7 = "{urn:hl7-org:v3}"
ROLE = "urn:oasis:names:tc:xacml:2.0:subject:role"
PURPOSE = "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse"
SUBJECT_ID = "urn:oasis:names:tc:xspa:1.0:subject:subject-id"


def attribute(root, name):
    return next(a for a in root.iter(saml("Attribute")) if a.get("Name") == name)


def value(name, text):
    return lambda root: setattr(attribute(root, name)[0], "text", text)


def drop(name):
    def edit(root):
        element = attribute(root, name)
        element.getparent().remove(element)

    return edit


def rename(name, other):
    return lambda root: attribute(root, name).set("Name", other)


def outcome(edit=None, profile=None, *, signer=None, **order):
    """The caller, or the text of the fault."""
    octets = a_vihf(signer, **order)
    if edit:
        octets = edited(octets, edit, signer)
    try:
        return call(envelope(octets), a_gate(profile))
    except SoapFault as fault:
        assert fault.subcode == Subcode.INVALID_SECURITY_TOKEN  # noqa: PT017 - both may come
        return fault.reason


def role(code, system):
    return CodedValue(code=code, system=system)


@pytest.mark.parametrize("version", ["3.0", "4.0"])
def test_both_versions_are_accepted(version):
    assert outcome(value("VIHF_Version", version)).identity == "899900063480"


@pytest.mark.parametrize(
    "name", ["Authentification_Mode", "Authentification_mode", "AUTHENTIFICATION_MODE"]
)
def test_the_case_of_the_modes_name_does_not_matter(name):
    assert outcome(rename("Authentification_Mode", name)).authentication_mode == "direct"


def test_two_spellings_with_two_modes_are_refused():
    def double(root):
        found = attribute(root, "Authentification_Mode")
        again = etree.fromstring(etree.tostring(found, with_tail=False))
        again.set("Name", "Authentification_mode")
        again[0].text = "INDIRECTE"
        found.addnext(again)

    assert "different values" in outcome(double)


@pytest.mark.parametrize(
    ("wire", "ours"),
    [
        ("DIRECTE", "direct"),
        ("INDIRECTE", "indirect"),
        ("INDIRECTE_RENFORCEE", "indirect_renforcee"),
    ],
)
def test_the_three_modes(wire, ours):
    assert outcome(value("Authentification_Mode", wire)).authentication_mode == ours


def test_real_messages_have_neither_conditions_nor_confirmation():
    octets = a_vihf()
    assert b"Conditions" not in octets
    assert b"SubjectConfirmation" not in octets
    assert call(envelope(octets))


def test_conditions_are_verified_whenever_present():
    octets = envelope(a_vihf(lifetime_seconds=30))
    assert call(octets)
    with pytest.raises(SoapFault, match="NotOnOrAfter"):
        call(octets, instant=NOW + timedelta(seconds=91))


def test_a_negative_lifetime_is_never_valid():
    with pytest.raises(SoapFault, match="before they begin"):
        call(envelope(a_vihf(lifetime_seconds=-5)))


def test_an_audience_is_verified_whenever_present():
    assert "another audience" in outcome(audience="urn:elsewhere")


def test_the_window_is_the_domains():
    octets = envelope(a_vihf())
    gate = a_gate(Vihf.from_settings({"window_seconds": 600}, bind_signer=False))
    assert call(octets, gate, instant=NOW + timedelta(seconds=660))
    with pytest.raises(SoapFault, match="usable for 600 s"):
        call(octets, gate, instant=NOW + timedelta(seconds=661))


@pytest.mark.parametrize(
    "name",
    [
        "VIHF_Version",
        "Identifiant_Structure",
        "Secteur_Activite",
        "Authentification_Mode",
        "Ressource_URN",
        "LPS_Nom",
        "LPS_Version",
        "LPS_ID_HOMOLOGATION_DMP",
        ROLE,
        PURPOSE,
    ],
)
def test_a_missing_attribute_is_named(name):
    assert name in outcome(drop(name))


def test_a_domain_may_do_without_an_attribute():
    profile = Vihf.from_settings({"optional_attributes": ["LPS_Nom"]}, bind_signer=False)
    assert outcome(drop("LPS_Nom"), profile).software == "1"


def test_everything_that_is_wrong_is_said_at_once():
    def spoil(root):
        drop("LPS_Nom")(root)
        value("VIHF_Version", "9")(root)
        value("Ressource_URN", "urn:ROR")(root)

    reason = outcome(spoil, role=role("10", R38))
    for word in ("LPS_Nom", "VIHF_Version", "urn:ROR", "no profession"):
        assert word in reason


@pytest.mark.parametrize("mode", ["indirect", "indirect_renforcee"])
def test_the_indirect_modes_need_a_human_name(mode):
    assert "subject-id" in outcome(drop(SUBJECT_ID), mode=mode)
    assert outcome(mode=mode).name == "Ada LAMBERT"


def test_the_direct_mode_needs_no_human_name():
    assert outcome(name="").name == ""


# --- roles


@pytest.mark.parametrize(
    ("profession", "specialty", "word"),
    [
        (role("10", G15), None, "No specialty"),
        (role("21", G15), None, "No specialty"),
        (role("10", G15), role("D", G05), "does not fit"),
        (role("21", G15), role("SM26", R38), "does not fit"),
        (role("10", G15), role("SM26", G15), "does not fit"),
        (role("10", R38), role("SM26", R38), "no profession"),
        (role("SM26", R38), role("10", G15), "no profession"),
        (role("11", G15), None, "no profession"),
        (role("10", ""), role("SM26", R38), "no profession"),
        (role("10", "2.16.840.1.113883.6.96"), role("SM26", R38), "no profession"),
        (role("SECRETARIAT_MEDICAL", G15), None, "no profession"),
        (role("60", A00), None, "no profession"),
    ],
)
def test_a_role_in_the_wrong_system_or_without_its_second_value_is_named(
    profession, specialty, word
):
    assert word in outcome(role=profession, specialty=specialty)


@pytest.mark.parametrize("place", [0, 1])
def test_a_role_without_a_code_keeps_its_place(place):
    def spoil(root):
        del attribute(root, ROLE)[place][0].attrib["code"]

    assert "has no code" in outcome(spoil, role=role("60", G15), specialty=role("60", G15))


@pytest.mark.parametrize(
    ("profession", "specialty"),
    [
        (role("10", G15), role("SM26", R38)),
        (role("10", G15), role("SCH01", R38)),
        (role("21", G15), role("D", G05)),
        (role("21", G15), role("EA", G05)),
        (role("60", G15), None),
        (role("40", G15), None),
        (role("10", G16), None),
        (role("SECRETARIAT_MEDICAL", A00), None),
        (role("AUTOMATE", A00), None),
    ],
)
def test_roles_of_the_field(profession, specialty):
    caller = outcome(role=profession, specialty=specialty)
    assert caller.roles[0].code == profession.code


def test_every_role_of_the_published_value_set_is_known():
    path = Path("../shared/reference/valuesets/JDV_J65-SubjectRole-DMP.xml")
    if not path.exists():
        pytest.skip("../shared/reference is not here")
    specialties = dict(SPECIALTIES.values())
    known = {**PROFESSIONS, **specialties}
    concepts = list(etree.parse(path).getroot().iter("{*}Concept"))
    assert len(concepts) > 250
    for concept in concepts:
        shape = known[concept.get("codeSystem")]
        assert shape.fullmatch(concept.get("code")), concept.get("code")


# --- purpose


@pytest.mark.parametrize("code", ["normal", "bris_de_glace", "centre_15"])
@pytest.mark.parametrize("system", ["1.2.250.1.213.1.1.4.248", "1.2.250.1.213.1.1.4.336"])
def test_the_purposes_under_both_numbers_of_their_system(code, system):
    def edit(root):
        root.find(f".//{HL7}PurposeOfUse").set("codeSystem", system)

    assert outcome(edit, purpose=code).purpose_of_use.code == code


@pytest.mark.parametrize(
    "edit",
    [
        lambda r: r.find(f".//{HL7}PurposeOfUse").set("code", "curiosity"),
        lambda r: r.find(f".//{HL7}PurposeOfUse").set("codeSystem", "1.2.3"),
        lambda r: r.find(f".//{HL7}PurposeOfUse").attrib.pop("code"),
    ],
)
def test_another_purpose_is_refused(edit):
    assert "urpose" in outcome(edit)


def test_a_reason_for_breaking_the_glass_is_kept():
    caller = outcome(purpose="bris_de_glace", reason="inconscient, urgence vitale")
    assert caller.emergency_reason == "inconscient, urgence vitale"


BREAKS = {"purpose": "bris_de_glace", "reason": "inconscient"}


@pytest.mark.parametrize("name", ["Mode_Acces_Raison", "mode_acces_raison", "MODE_ACCES_RAISON"])
def test_the_case_of_the_reasons_name_does_not_matter(name):
    assert outcome(**BREAKS, reason_attribute=name).emergency_reason == "inconscient"


def test_two_spellings_of_the_reason_with_two_texts_are_refused():
    def double(root):
        found = attribute(root, "Mode_Acces_Raison")
        again = etree.fromstring(etree.tostring(found, with_tail=False))
        again.set("Name", "mode_acces_raison")
        again[0].text = "autre"
        found.addnext(again)

    assert "different values" in outcome(double, **BREAKS)


def test_a_domain_names_the_attribute_of_the_reason():
    profile = Vihf.from_settings({"reason_attribute": "Motif_Acces"}, bind_signer=False)
    said = outcome(None, profile, **BREAKS, reason_attribute="Motif_Acces")
    assert said.emergency_reason == "inconscient"
    # What another domain calls so is no reason here.
    assert outcome(None, profile, **BREAKS).emergency_reason == ""


@pytest.mark.parametrize("value", ["", " ", 5, [], "LPS_Nom", "lps_nom", ROLE, "LPS_ID"])
def test_the_attribute_of_the_reason_means_nothing_else(value):
    with pytest.raises(TrustError, match="reason_attribute"):
        Vihf.from_settings({"reason_attribute": value}, bind_signer=False)


@pytest.mark.parametrize(
    ("edit", "order", "reason"),
    [
        (None, {"reason": ""}, "no_emergency_reason"),
        (value("Mode_Acces_Raison", " "), {}, "no_emergency_reason"),
        (drop("Mode_Acces_Raison"), {}, "no_emergency_reason"),
        (None, {}, ""),
    ],
)
def test_breaking_the_glass_without_a_reason_is_no_fault_but_opens_nothing(edit, order, reason):
    caller = outcome(edit, **{**BREAKS, **order})
    patient_id = cx_key(caller.patient_concerned)
    question = Resource(patient_id=patient_id), Action.FIND, load_policy(load_domain("dmp")), NOW
    decision = decide(caller, Choices(), *question)
    assert getattr(decision, "reason", "") == reason


# --- the signer


@pytest.mark.parametrize(
    "text",
    [
        "OU=10B0127189,CN=CABINET,O=GREFFE TEST,ST=Paris (75),C=FR",
        "CN=AUTRE,OU=10B0127189,O=GREFFE TEST,ST=Paris (75),C=FR",
        "https://idp.example.org",
        "",
    ],
)
def test_issuer_is_the_subject_of_the_signing_certificate(text):
    found = outcome(lambda r: setattr(r.find(saml("Issuer")), "text", text))
    assert "Issuer" in found


def test_issuer_may_be_written_in_another_way():
    text = 'cn = CABINET , OU="10B0127189", O=GREFFE TEST,S=Paris (75),C=fr'
    assert outcome(lambda r: setattr(r.find(saml("Issuer")), "text", text)).issuer == text


BOUND = Vihf(bind_signer=True)


def a_seal(structure):
    return certify("SCEAU", authority(), subject=seal_name("SCEAU", structure)).signer


def a_card(number):
    return certify("CARTE", authority(), subject=seal_name(number, "X")).signer


def test_a_seal_signs_for_its_own_structure_only_where_signers_are_bound():
    own, other = a_seal("499900063480001"), a_seal("10B0127189")
    assert outcome(None, BOUND, signer=own, mode="indirect").structure == "499900063480001"
    assert "not that of Identifiant_Structure" in outcome(
        None, BOUND, signer=other, mode="indirect"
    )
    assert outcome(None, None, signer=other, mode="indirect").identity


def test_a_card_signs_for_its_holder_only_where_signers_are_bound():
    assert outcome(None, BOUND, signer=a_card("899900063480")).identity == "899900063480"
    assert "not that of NameID" in outcome(None, BOUND, signer=a_card("899900038839"))


# --- the domain chooses


def test_the_domains_that_come_with_the_project_choose_their_profile():
    assert isinstance(profile_of(load_domain("dmp")), Vihf)
    assert isinstance(profile_of(load_domain("ihe")), Xua)


def test_a_setting_that_is_none_is_named():
    with pytest.raises(TrustError, match="versions"):
        Vihf.from_settings({"versions": "3.0"}, bind_signer=False)


def test_no_reason_quotes_at_length():
    found = outcome(value("VIHF_Version", "9" * 5000))
    assert not re.search("9{90}", found)
