"""What a choice about a record changed, in the words of the patient's log: French and English.

Theory. The trail keeps what changed as `Difference.text` wrote it (`registry/records/changes.py`),
in the operator's words: "authorised 899700000001: no -> yes; language: fr -> en". Whoever reads the
log is the patient. What has no words here stands as it was written.

Spec: none.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from greffe.output import shown_time
from greffe.patient_words import Language, word

_CHANGE: Final = re.compile(r"(?P<what>.+?): (?P<before>[^:]*?) -> (?P<after>.*)", re.DOTALL)
_UNTIL: Final = re.compile(r"yes, until ([0-9]{14})")
_STANDING: Final = re.compile(r"(?P<standing>[a-z]+) (?P<who>\S+)")

_Pair = tuple[str, str]
SETTINGS: Final[Mapping[tuple[str, str], _Pair]] = MappingProxyType(
    {
        ("record", "open"): ("dossier ouvert", "record open"),
        ("record", "closed"): ("dossier fermé", "record closed"),
        ("new documents arrive masked", "yes"): (
            "les nouveaux documents arrivent masqués",
            "new documents arrive masked",
        ),
        ("new documents arrive masked", "no"): (
            "les nouveaux documents n'arrivent plus masqués",
            "new documents do not arrive masked any more",
        ),
        ("emergency: medical regulation", "yes"): (
            "la régulation médicale (centre 15) peut ouvrir le dossier",
            "the medical regulation (centre 15) may open the record",
        ),
        ("emergency: medical regulation", "no"): (
            "la régulation médicale (centre 15) ne peut pas ouvrir le dossier",
            "the medical regulation (centre 15) may not open the record",
        ),
        ("emergency: break-glass", "yes"): (
            "le bris de glace peut ouvrir le dossier",
            "break-glass may open the record",
        ),
        ("emergency: break-glass", "no"): (
            "le bris de glace ne peut pas ouvrir le dossier",
            "break-glass may not open the record",
        ),
        ("emergency: masked documents", "yes"): (
            "les documents masqués sont montrés en urgence",
            "masked documents are shown in an emergency",
        ),
        ("emergency: masked documents", "no"): (
            "les documents masqués restent masqués en urgence",
            "masked documents stay masked in an emergency",
        ),
        ("language", "fr"): ("messages en français", "messages in French"),
        ("language", "en"): ("messages en anglais", "messages in English"),
        ("e-mail address", "known"): ("adresse e-mail connue", "e-mail address known"),
        ("e-mail address", "another one"): ("autre adresse e-mail", "another e-mail address"),
        ("e-mail address", "none"): ("plus d'adresse e-mail", "no e-mail address any more"),
        ("document", "masked"): ("document masqué", "document masked"),
        ("document", "not masked"): ("document démasqué", "document not masked any more"),
    }
)
"""By what changed and what it is now."""
STANDINGS: Final[Mapping[str, tuple[_Pair, _Pair]]] = MappingProxyType(
    {
        "authorised": (
            ("{} est autorisé", "{} is authorised"),
            ("{} n'est plus autorisé", "{} is not authorised any more"),
        ),
        "blocked": (
            ("{} est bloqué", "{} is blocked"),
            ("{} n'est plus bloqué", "{} is not blocked any more"),
        ),
        "attending": (
            ("{} est médecin traitant", "{} is médecin traitant"),
            ("{} n'est plus médecin traitant", "{} is not médecin traitant any more"),
        ),
        "representative": (
            ("{} est représentant légal", "{} is a legal representative"),
            ("{} n'est plus représentant légal", "{} is not a legal representative any more"),
        ),
    }
)
"""By standing: what it is to have it, and to have it no more."""
_END: Final[_Pair] = (" jusqu'au {}", " until {}")


def chosen(detail: str, language: Language) -> str:
    """Return an event's detail in the patient's words, one change a line."""
    return "\n".join(_one(part, language) for part in detail.split("; ") if part)


def _one(text: str, language: Language) -> str:
    change = _CHANGE.fullmatch(text)
    if change is None:
        return text
    setting = SETTINGS.get((change["what"], change["after"]))
    if setting is not None:
        return word(setting, language)
    standing = _STANDING.fullmatch(change["what"])
    known = STANDINGS.get(standing["standing"]) if standing else None
    if standing is None or known is None:
        return text
    until = _UNTIL.fullmatch(change["after"])
    said = word(known[change["after"] == "no"], language).format(standing["who"])
    return said + (word(_END, language).format(f"{shown_time(until[1])} UTC") if until else "")
