"""What a patient reads, and that nothing from outside can change what a mail system reads."""

import email
import email.policy
from datetime import UTC
from email.headerregistry import Address
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.telling.letter import Style, address_complaint, compose
from registry.telling.words import LANGUAGES
from tests.registry.telling.build import STYLE, a_letter
from xds.access.model import Mode

HEADERS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "Content-Type",
    "Content-Transfer-Encoding",
    "MIME-Version",
    "Content-Language",
]


def read(message):
    return email.message_from_bytes(message.as_bytes(), policy=email.policy.SMTP)


def test_a_french_letter_says_when_how_and_who_and_no_more():
    style = Style(
        sender=Address("Dossier partagé", addr_spec="no-reply@greffe.test"),
        contact="Questions : 01 23 45 67 89",
        zone=ZoneInfo("Europe/Paris"),
    )
    letter = a_letter(message_id="<0a1b2c3d4e5f@greffe.test>")
    message = read(compose(letter, style))
    assert message["From"] == "Dossier partagé <no-reply@greffe.test>"
    assert message["To"] == letter.address
    assert message["Subject"] == "Votre dossier a été ouvert en urgence"
    assert message["Date"] == "Sun, 01 Mar 2026 12:30:00 +0000"
    assert message["Message-ID"] == letter.message_id
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "fr"
    text = message.get_content()
    assert message.get_content_type() == "text/plain"
    assert "le 1 mars 2026 à 13 h 30 (CET)" in text
    assert "bris de glace" in text
    assert "Par : un médecin\r\nStructure (identifiant national) : 10B0127189\r\n" in text
    assert "Questions : 01 23 45 67 89" in text
    assert "Référence de ce message : 0A1B2C3D" in text


def test_an_english_letter_of_medical_regulation():
    message = read(compose(a_letter(language="en-GB", role="", mode=Mode.REGULATION), STYLE))
    assert message["Content-Language"] == "en"
    text = message.get_content()
    assert "on 1 March 2026 at 12:30 (UTC), by the medical regulation of emergency calls" in text
    assert "By: a health professional" in text


def test_a_letter_that_stands_for_several_accesses_says_so():
    style = Style(sender=STYLE.sender, contact="", zone=UTC, together_minutes=60)
    text = read(compose(a_letter(), style)).get_content()
    assert "dans les 60 minutes" in text
    assert "minutes" not in read(compose(a_letter(), STYLE)).get_content()


@pytest.mark.parametrize("tag", ["", "de", "x-klingon", "fr-CA"])
def test_a_language_that_is_not_known_is_told_in_french(tag):
    assert read(compose(a_letter(language=tag), STYLE))["Content-Language"] == "fr"


@pytest.mark.parametrize("mode", [Mode.BREAK_GLASS, Mode.REGULATION])
def test_every_language_has_every_sentence(mode):
    for words in LANGUAGES.values():
        assert mode in words.modes
        assert len(words.months) == 12
        assert set(words.professions) == {"doctor", "nurse", "pharmacist", "ambulance", ""}


@given(
    language=st.text(max_size=5),
    role=st.text(max_size=9),
    structure=st.text(max_size=200),
    patient_id=st.text(min_size=1, max_size=40),
    contact=st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
    mode=st.sampled_from([Mode.BREAK_GLASS, Mode.REGULATION]),
)
def test_whatever_came_from_outside_the_headers_are_these_and_the_lines_are_short(
    *, language, role, structure, patient_id, contact, mode
):
    letter = a_letter(
        language=language, role=role, structure=structure, patient_id=patient_id, mode=mode
    )
    style = Style(sender=STYLE.sender, contact=contact, zone=UTC)
    octets = compose(letter, style).as_bytes()
    head, _, _ = octets.partition(b"\r\n\r\n")
    assert [line.split(b":")[0].decode() for line in head.split(b"\r\n")] == HEADERS
    assert all(len(line) <= 998 for line in octets.split(b"\r\n"))
    assert octets.isascii()
    assert octets.endswith(b"\r\n")
    assert b"\r" not in octets.replace(b"\r\n", b"")
    assert b"\n" not in octets.replace(b"\r\n", b"")
    assert octets == compose(letter, style).as_bytes()


@pytest.mark.parametrize(
    "structure",
    ["", "www evil", "http://evil.example/", "a\r\nBcc: x@y.org", "x" * 65, "<b>", "Clinique é"],
)
def test_a_structure_that_is_no_identifier_is_left_out(structure):
    text = read(compose(a_letter(structure=structure), STYLE)).get_content()
    assert "Structure" not in text


@given(st.emails())
def test_what_looks_like_an_address_to_others_is_written_to_as_it_is_or_refused(address):
    if address_complaint(address):
        with pytest.raises(ValueError, match="it is"):
            compose(a_letter(address=address), STYLE)
    else:
        message = read(compose(a_letter(address=address), STYLE))
        (to,) = message["To"].addresses
        assert to.addr_spec == address


@pytest.mark.parametrize(
    "address",
    [
        *("", "a", "a@", "@b.org", "a b@c.org", "a@b..org", "a@-b.org", ".a@b.org", "a.@b.org"),
        *("a@b.org\r\nBcc: c@d.org", "a@b.org, c@d.org", "<a@b.org>", '"a b"@c.org', "a@[1.2.3.4]"),
        *("é@b.org", "a@é.org", "a" * 65 + "@b.org", "a@" + "b" * 253, "a@b.org\n"),
    ],
)
def test_these_are_no_addresses(address):
    assert address_complaint(address)


@pytest.mark.parametrize("address", ["a@b", "jean.dupont+greffe@mail.example.org", "x_y@1.fr"])
def test_these_are_addresses(address):
    assert not address_complaint(address)
