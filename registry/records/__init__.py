"""A patient's record: what the patient decided about it, kept beside the documents.

    model.py       a record as a frozen value; the stricter of two (pure)

Spec: none of IHE's; what France lets a patient decide is the DMP's (`domains/dmp/access`).
"""
