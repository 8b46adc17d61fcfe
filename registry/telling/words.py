"""What a patient reads, in each language: sentences as rows, nothing that is medical.

Spec: none. A language that is not here is told in French, as the law of the record is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from xds.access.model import Mode

FRENCH, ENGLISH = "fr", "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language. The braces are filled by `registry.telling.letter`."""

    tag: str
    """Of RFC 5646."""
    subject: str
    greeting: str
    opened: str
    by: str
    structure: str
    together: str
    log: str
    reply: str
    reference: str
    modes: Mapping[Mode, str]
    professions: Mapping[str, str]
    """By the words of `dmp.professions`; '' is any other."""
    months: tuple[str, ...]
    when: str

    def moment(self, local: datetime) -> str:
        """Return an instant as people say it, with its zone."""
        return self.when.format(
            day=local.day,
            month=self.months[local.month - 1],
            year=local.year,
            hour=local.hour,
            minute=f"{local.minute:02}",
            zone=local.tzname() or "UTC",
        )


_FRENCH: Final = Words(
    tag=FRENCH,
    subject="Votre dossier a été ouvert en urgence",
    greeting="Bonjour,",
    opened="Votre dossier médical partagé a été ouvert en urgence le {when}, {mode}.",
    by="Par : {who}",
    structure="Structure (identifiant national) : {structure}",
    together="Si la même personne l'a ouvert encore dans les {minutes} minutes qui ont suivi, ce "
    "message vaut pour ces accès aussi.",
    log="L'historique des accès à votre dossier dit qui l'a ouvert et pour quelle raison. Vous "
    "pouvez y répondre par vos choix : bloquer un professionnel, ou vous opposer aux accès en "
    "urgence.",
    reply="Ce message est envoyé automatiquement ; personne ne lit les réponses.",
    reference="Référence de ce message : {reference}",
    modes=MappingProxyType(
        {
            Mode.BREAK_GLASS: "par un professionnel qui a déclaré que votre état l'exigeait "
            "(« bris de glace »)",
            Mode.REGULATION: "par la régulation médicale (centre 15)",
        }
    ),
    professions=MappingProxyType(
        {
            "doctor": "un médecin",
            "nurse": "un infirmier ou une infirmière",
            "pharmacist": "un pharmacien ou une pharmacienne",
            "ambulance": "un ambulancier ou une ambulancière",
            "": "un professionnel de santé",
        }
    ),
    months=(
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ),
    when="{day} {month} {year} à {hour} h {minute} ({zone})",
)
_ENGLISH: Final = Words(
    tag=ENGLISH,
    subject="Your record was opened in an emergency",
    greeting="Hello,",
    opened="Your shared medical record was opened in an emergency on {when}, {mode}.",
    by="By: {who}",
    structure="Structure (national identifier): {structure}",
    together="If the same person opened it again within the next {minutes} minutes, this message "
    "stands for these accesses too.",
    log="The log of accesses to your record says who opened it, and for which reason. You can "
    "answer with your choices: block a professional, or oppose accesses in an emergency.",
    reply="This message is sent automatically; nobody reads replies to it.",
    reference="Reference of this message: {reference}",
    modes=MappingProxyType(
        {
            Mode.BREAK_GLASS: "by a professional who declared that your state demanded it "
            '("break glass")',
            Mode.REGULATION: "by the medical regulation of emergency calls (centre 15)",
        }
    ),
    professions=MappingProxyType(
        {
            "doctor": "a doctor",
            "nurse": "a nurse",
            "pharmacist": "a pharmacist",
            "ambulance": "a member of an ambulance crew",
            "": "a health professional",
        }
    ),
    months=(
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    when="{day} {month} {year} at {hour}:{minute} ({zone})",
)
LANGUAGES: Final = MappingProxyType({FRENCH: _FRENCH, ENGLISH: _ENGLISH})


def words(language: str) -> Words:
    """Return the words of a language tag: `en`, `en-GB`; French for what is not here."""
    return LANGUAGES.get(language[:2].lower(), _FRENCH)
