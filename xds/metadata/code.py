"""A coded value and how an ebRIM Classification carries it.

Spec: ITI TF-3 §4.2.3.1.2 (external classification coding). Whether a domain admits a code is its
own business.
"""

from dataclasses import dataclass

from xds.metadata.rim import RimObject, texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A coded value of metadata: code, coding scheme, display name."""

    code: str
    scheme: str
    display: str = ""


def read_code(classification: RimObject) -> Code:
    """Return the code of a Classification; what is absent is ''."""
    name = classification.name
    return Code(
        code=(classification.attribute("nodeRepresentation") or "").strip(),
        scheme=next(iter(texts(classification.slot("codingScheme"))), ""),
        display=name[0].value.strip() if name else "",
    )
