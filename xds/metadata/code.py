"""A coded value and how an ebRIM Classification carries it.

Spec: ITI TF-3 §4.2.3.1.2 (external classification coding). Whether a domain admits a code is its
own business.
"""

from dataclasses import dataclass

from xds.metadata.rim import RimObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A coded value of metadata: code, coding scheme, display name."""

    code: str
    scheme: str
    display: str = ""


def read_code(classification: RimObject) -> Code:
    """Return the code of a Classification; what is absent is ''."""
    scheme = classification.slot("codingScheme")
    name = classification.name
    return Code(
        code=classification.attribute("nodeRepresentation") or "",
        scheme=scheme.values[0] if scheme and scheme.values else "",
        display=name[0].value if name else "",
    )
