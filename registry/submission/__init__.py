"""What every room that takes a submission shares: facts, rules, naming, consequences.

Spec: ITI TF-2 §3.42.4.1.3; ITI TF-3 §4.2. Which rules a room runs is a table of its own.

    facts.py              the submission and what is registered of what it refers to
    identity_rules.py     patients, entryUUIDs and uniqueIds (rows)
    association_rules.py  references, relationships, folders (rows)
    naming.py             symbolic ids become UUIDs; objects as they are registered
    consequences.py       what a replacement deprecates, and what it inherits
"""
