"""Who may do what to which record: one pure decision, and what it decides on.

    model.py    caller's capacity, the patient's choices, what is asked for, the decision: values
    policy.py   the policy of an affinity domain, as a value
    case.py     one question, with what follows from it
    reading.py  the policy's files, read and validated; tables.py the two that are tables
    decide.py   the decision

    decision_query.py, decision_response.py
                question and answer of ITI-79; xacml.py has their words

Enforced in two places only: the Registry (`registry.access`) and, for bytes, the Repository, which
asks the Registry (ITI-79).
"""
