"""One rim:Value to the values that it holds: `'a'`, `('a','b')`, `123`.

Spec: ITI TF-2 §3.18.4.1.2.3.5. Pure.
"""

import re
from typing import Final

VALUE: Final = re.compile(r"\s*(?:'((?:[^']|'')*)'|([+-]?[0-9]+(?:\.[0-9]+)?))\s*(,|$)")


class ValueSyntaxError(Exception):
    """A slot value that is not written as the standard wants."""


def parse_values(text: str) -> list[str]:
    """Return the values of one rim:Value: `'a'`, `('a','b')`, `123`. Errors: ValueSyntaxError."""
    inner = text.strip()
    if inner.startswith("(") != inner.endswith(")") or not inner:
        raise ValueSyntaxError
    if inner.startswith("("):
        inner = inner[1:-1]
    values: list[str] = []
    position, separator = 0, ","
    while separator == ",":
        found = VALUE.match(inner, position)
        if found is None:
            raise ValueSyntaxError
        quoted, number, separator = found.groups()
        values.append(number if quoted is None else quoted.replace("''", "'"))
        position = found.end()
    if position != len(inner):
        raise ValueSyntaxError
    return values
