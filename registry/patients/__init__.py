"""Who is a patient of the Registry: what an identity feed may change, and its rules.

    changes.py     what can happen to a patient, as frozen values, and what is wrong with one
    rules.py       the rules, as rows of a table (pure)
    change.py      the story: look up, check, plan, apply, inside one transaction of the ledger
    link.py        what a link change moves, keeps joined and leaves behind (pure)
    link_plan.py   its plan: versions, Associations, the SubmissionSet that records it (pure)
    linking.py     its part of the story

Three doors lead here: ITI-8 and ITI-64 over MLLP, ITI-44 over SOAP, and `greffe patient`. None of
them decides anything about patients.

Spec: ITI TF-2 §3.8.4, §3.44.4, §3.64.4.
"""
