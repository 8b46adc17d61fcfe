"""INS, France's national health identity: the form of a matricule and its control key.

A matricule INS is 15 characters: 13 of the NIR or NIA, then a key of two digits, which is 97 minus
the remainder of the 13 by 97; the letters of Corsica's departments, 2A and 2B, count as 19 and 18.
The assigning authority's OID says what kind of matricule it is.

Spec: référentiel INS (ANS), "Liste des OID des autorités d'affectation des INS"; INSEE, NIR. Only
the form is judged: whether the person exists is for the teleservice INSi to say.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from xds.errors import quote
from xds.metadata.datatype import DatatypeError
from xds.metadata.hl7v2 import Cx, parse_cx, render_cx
from xds.metadata.policy import IdentifierCheck

NIR: Final = "1.2.250.1.213.1.4.8"
NIA: Final = "1.2.250.1.213.1.4.9"
NIR_TEST: Final = "1.2.250.1.213.1.4.10"
NIR_DEMONSTRATION: Final = "1.2.250.1.213.1.4.11"
AUTHORITIES: Final = MappingProxyType(
    {
        NIR: "INS-NIR",
        NIA: "INS-NIA",
        NIR_TEST: "INS-NIR of test",
        NIR_DEMONSTRATION: "INS-NIR of demonstration",
    }
)
"""Assigning authorities of a matricule INS, by OID."""
NATIONAL_HEALTH_ID: Final = "NH"
"""CX.5 of an INS."""

_BODY_CHARACTERS: Final = 13
_MODULUS: Final = 97
_FORM: Final = re.compile(r"[0-9]{5}(?:[0-9]{2}|2[AB])[0-9]{8}", re.ASCII)
_CORSICA: Final = MappingProxyType({"2A": "19", "2B": "18"})
_EXPECTED: Final = "15 characters, 13 of the NIR or NIA and its key, such as 279035121518989"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matricule:
    """A matricule INS whose form and key are right."""

    body: str
    """13 characters; the sixth and seventh may be 2A or 2B."""
    key: str
    """Two digits."""

    @property
    def text(self) -> str:
        """The 15 characters."""
        return self.body + self.key


def control_key(body: str) -> str:
    """Return the two digits of the key of 13 characters. Errors: ValueError for another form."""
    if not _FORM.fullmatch(body + "00"):
        raise ValueError("13 characters of a NIR or NIA are needed")
    department = body[5:7]
    number = int(body[:5] + _CORSICA.get(department, department) + body[7:])
    return f"{_MODULUS - number % _MODULUS:02d}"


def parse_matricule(text: str) -> Matricule:
    """Return the matricule INS of a text.

    Errors: DatatypeError, which says whether the form or the key is wrong.
    """
    if not _FORM.fullmatch(text):
        raise DatatypeError(
            "a matricule INS has 15 characters: digits, but for a department 2A or 2B",
            expected=_EXPECTED,
            fix="send the matricule with its key, without spaces, letters in upper case",
        )
    body, key = text[:_BODY_CHARACTERS], text[_BODY_CHARACTERS:]
    if control_key(body) != key:
        raise DatatypeError(
            "the last two digits of a matricule INS are the control key of the others",
            expected="the key that 97 minus the remainder by 97 of the first 13 characters gives",
            fix="send the matricule as the teleservice INSi returned it",
        )
    return Matricule(body=body, key=key)


def parse_ins(cx: str) -> Matricule:
    """Return the matricule of a patient identifier in CX form, of one of INS's authorities.

    Errors: DatatypeError.
    """
    parsed = parse_cx(cx)
    if parsed.authority not in AUTHORITIES:
        raise DatatypeError(
            "the assigning authority of an INS is one of INS's own",
            expected="one of " + ", ".join(AUTHORITIES),
            fix="send the patient's INS with the OID that came with it",
        )
    return parse_matricule(parsed.id_number)


def fault_of(id_number: str) -> str:
    """Return what is wrong with the identifier proper of an INS, form or key; '' if nothing."""
    try:
        parse_matricule(id_number)
    except DatatypeError as error:
        return error.rule
    return ""


CHECKS: Final[Mapping[str, IdentifierCheck]] = MappingProxyType({"ins": fault_of})
"""Checks of identifiers, by the names that a domain's authorities give them."""


def warning_about(cx: str) -> str:
    """Return what is odd about an INS, in one sentence for the person who sends it; '' if nothing.

    Why: the published test documents of the ANS have matricules with wrong keys, so that a node
    cannot refuse them; an identifier of another authority is not looked at.
    """
    try:
        if parse_cx(cx).authority in AUTHORITIES:
            parse_ins(cx)
    except DatatypeError as error:
        return f"patient identifier {quote(cx)}: {error.rule}; {error.fix}"
    return ""


def render_ins(matricule: Matricule, authority: str = NIR) -> str:
    """Return an INS in the CX form of the CI-SIS: `15 characters^^^&OID&ISO^NH`."""
    return render_cx(
        Cx(id_number=matricule.text, authority=authority, further=(NATIONAL_HEALTH_ID,))
    )
