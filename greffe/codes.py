"""Codes as people type them: `CODE` or `CODE^SCHEME`, completed from the domain's value sets.

Spec: ITI TF-3 §4.2.3.1.2 (a code has a scheme and a display name). Whether a server admits a code
is its own business; here a code is only made whole.
"""

import difflib
from collections.abc import Sequence
from typing import Final

from greffe.exits import CommandError
from xds.domain import AffinityDomain, ValueSet
from xds.metadata.code import Code

FLAGS: Final = {
    "class-code": "classCode",
    "type-code": "typeCode",
    "format-code": "formatCode",
    "practice-setting-code": "practiceSettingCode",
    "facility-type-code": "healthcareFacilityTypeCode",
    "confidentiality-code": "confidentialityCode",
    "event-code": "eventCodeList",
    "content-type-code": "contentTypeCode",
}
"""Flag → the attribute that it fills."""


_MISLEADING: Final = frozenset({"typeCode", "formatCode"})
"""What a document is and how it is read: nobody guesses these from a list's order."""


def read_code(flag: str, text: str, domain: AffinityDomain | None) -> Code:
    """Return the code that a flag's value means. Errors: CommandError, naming near codes."""
    code, _, scheme = text.partition("^")
    scheme = scheme.removeprefix("^")
    value_set = domain.value_sets.get(FLAGS[flag]) if domain else None
    found = [
        c
        for c in (value_set.codes.values() if value_set else ())
        if c.code == code and scheme in {"", c.scheme}
    ]
    if found:
        return found[0]
    if scheme and (value_set is None or not value_set.closed):
        return Code(code=code, scheme=scheme)
    if value_set is None:
        raise CommandError(
            f"--{flag} {text!r} has no scheme, and no home's value set knows it. "
            "Fix: write CODE^SCHEME"
        )
    raise CommandError(
        f"--{flag} {text!r} is not in the value set {value_set.attribute} of domain "
        f"{domain.name if domain else '?'}. Fix: {_near(code, value_set)}"
    )


def usual_code(domain: AffinityDomain | None, attribute: str, wanted: Sequence[str]) -> Code | None:
    """Return the first wanted code that the domain's value set has.

    When it has none: its own first code where any will do, None where it would mislead.
    """
    value_set = domain.value_sets.get(attribute) if domain else None
    if value_set is None:
        return None
    for code in wanted:
        for known in value_set.codes.values():
            if known.code == code:
                return known
    if attribute in _MISLEADING:
        return None
    return next(iter(value_set.codes.values()), None)


def _near(code: str, value_set: ValueSet) -> str:
    known = {c.code: c for c in value_set.codes.values()}
    near = difflib.get_close_matches(code, known, n=3, cutoff=0.4) or list(known)[:3]
    return "such codes are " + ", ".join(f"{n} ({known[n].display})" for n in near)
