"""The words of a patient's log, in French and English: what was done, why, by whom.

Spec: none. French first, since the patients are; codes without a word here stand for themselves.
"""

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from xds.audit.personal import Deed

if TYPE_CHECKING:
    from xds.security.caller import CodedValue

Language = Literal["fr", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("fr", "en")

DONE: Final = MappingProxyType(
    {
        Deed.SEARCHED: ("a recherché des documents", "searched for documents"),
        Deed.CONSULTED: ("a consulté", "consulted"),
        Deed.DEPOSITED: ("a déposé", "deposited"),
        Deed.CHANGED: ("a modifié", "changed"),
        Deed.REMOVED: ("a supprimé", "removed"),
        Deed.IDENTIFIED: ("a transmis votre identité", "sent your identity"),
        Deed.MOVED: ("a rattaché des documents", "moved documents"),
        Deed.CHOSE: ("a modifié vos choix", "changed your choices"),
        Deed.CHECKED: ("a vérifié que vous avez un dossier", "checked that you have a record"),
        Deed.LISTED: ("a lu la liste de vos professionnels", "read the list of your professionals"),
        Deed.READ_LOG: ("a lu ce journal", "read this log"),
        Deed.OTHER: ("a fait une opération", "did something"),
    }
)
NOT_DONE: Final = MappingProxyType(
    {
        Deed.SEARCHED: ("recherche refusée", "search refused"),
        Deed.CONSULTED: ("consultation refusée", "consultation refused"),
        Deed.DEPOSITED: ("dépôt refusé", "deposit refused"),
        Deed.CHANGED: ("modification refusée", "change refused"),
        Deed.REMOVED: ("suppression refusée", "removal refused"),
        Deed.IDENTIFIED: ("identité refusée", "identity refused"),
        Deed.MOVED: ("rattachement refusé", "move refused"),
        Deed.CHOSE: ("choix refusé", "choice refused"),
        Deed.CHECKED: ("vérification du dossier refusée", "check of the record refused"),
        Deed.LISTED: ("lecture des professionnels refusée", "reading the professionals refused"),
        Deed.READ_LOG: ("lecture du journal refusée", "reading of this log refused"),
        Deed.OTHER: ("opération refusée", "operation refused"),
    }
)
TOLD: Final = frozenset({Deed.CHOSE, Deed.IDENTIFIED, Deed.MOVED})
"""Deeds of which the event's own detail is for the patient; of others it is the operator's."""
PURPOSES: Final = MappingProxyType(
    {
        "normal": ("soins", "care"),
        "bris_de_glace": ("bris de glace", "break-glass"),
        "centre_15": ("régulation médicale (centre 15)", "medical regulation (centre 15)"),
        "TREAT": ("soins", "care"),
        "TREATMENT": ("soins", "care"),
        "EMER": ("urgence", "emergency"),
    }
)
TRE_G15: Final = "1.2.250.1.71.1.2.7"
"""The code system of French professions."""
PROFESSIONS: Final = MappingProxyType(
    {
        "10": ("Médecin", "Doctor"),
        "21": ("Pharmacien", "Pharmacist"),
        "26": ("Audioprothésiste", "Hearing-aid specialist"),
        "28": ("Opticien-lunetier", "Optician"),
        "31": ("Assistant dentaire", "Dental assistant"),
        "32": ("Physicien médical", "Medical physicist"),
        "35": ("Aide-soignant", "Care assistant"),
        "36": ("Ambulancier", "Ambulance crew"),
        "37": ("Auxiliaire de puériculture", "Nursery assistant"),
        "38": ("Préparateur en pharmacie hospitalière", "Hospital pharmacy technician"),
        "39": ("Préparateur en pharmacie", "Pharmacy technician"),
        "40": ("Chirurgien-dentiste", "Dentist"),
        "50": ("Sage-femme", "Midwife"),
        "60": ("Infirmier", "Nurse"),
        "69": ("Infirmier psychiatrique", "Psychiatric nurse"),
        "70": ("Masseur-kinésithérapeute", "Physiotherapist"),
        "80": ("Pédicure-podologue", "Podiatrist"),
        "86": ("Technicien de laboratoire médical", "Medical laboratory technician"),
        "91": ("Orthophoniste", "Speech therapist"),
        "92": ("Orthoptiste", "Orthoptist"),
        "94": ("Ergothérapeute", "Occupational therapist"),
        "95": ("Diététicien", "Dietitian"),
        "96": ("Psychomotricien", "Psychomotor therapist"),
        "98": ("Manipulateur radio", "Radiographer"),
    }
)
"""Professions of `TRE_G15` by code, for callers whose assertion has no display name."""
HEADINGS: Final = (
    ("quand", "when"),
    ("qui", "who"),
    ("structure", "structure"),
    ("quoi", "what"),
    ("documents", "documents"),
    ("pourquoi", "why"),
)
EMERGENCY: Final = ("URGENCE", "EMERGENCY")
NOTHING: Final = ("rien n'est tracé pour ce patient", "nothing is traced for this patient")
SYSTEM: Final = ("système", "system")
COMMAND_LINE: Final = ("administration du registre", "the registry's administration")
REFUSED_DOCUMENT: Final = ("refusé", "refused")


def word(pair: tuple[str, str], language: Language) -> str:
    """Return the word of a language."""
    return pair[LANGUAGES.index(language)]


def what(deed: Deed, language: Language, *, is_refused: bool) -> str:
    """Return what was done, or was not."""
    return word((NOT_DONE if is_refused else DONE)[deed], language)


def profession(role: "CodedValue", language: Language) -> str:
    """Return a caller's role: as the assertion names it, else in words, else its code."""
    known = PROFESSIONS.get(role.code) if role.system == TRE_G15 else None
    return role.display_name or (word(known, language) if known else role.code)


def purpose(code: str, display_name: str, language: Language) -> str:
    """Return why, in words where the code has some."""
    known = PURPOSES.get(code)
    return word(known, language) if known else display_name or code
