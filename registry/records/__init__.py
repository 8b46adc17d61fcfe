"""A patient's record: what the patient decided about it, kept beside the documents.

    model.py       a record as a frozen value; the stricter of two (pure)
    changes.py     what a patient may decide, as frozen values, and a record after it (pure)
    rules.py       the rules of such a choice, as rows of a table (pure)
    change.py      the story: look up, check, trace, save, inside one transaction of the ledger

Two doors lead here: `greffe patient` for an operator, and the SOAP services around the record.

Spec: none of IHE's; what France lets a patient decide is the DMP's (`domains/dmp/access`).
"""
