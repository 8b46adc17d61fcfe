"""What is wrong with a value of a data type, in words that help to mend it.

Spec: ITI TF-3 §4.2.3.1.7 (Table 4.2.3.1.7-2). The types themselves are in `hl7v2`, `dtm` and
`identifier`; each has a parse function that raises this.
"""


class DatatypeError(ValueError):
    """A text that is no value of its type. The text itself is not in it: the caller quotes it."""

    def __init__(self, rule: str, *, expected: str, fix: str) -> None:
        super().__init__(rule)
        self.rule = rule
        """What the type demands and the text lacks."""
        self.expected = expected
        self.fix = fix
