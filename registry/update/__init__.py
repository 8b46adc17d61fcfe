"""What the rooms that change metadata share: operations, rules, plan, story (ITI-57, ITI-92).

Spec: XDS Metadata Update (MU) supplement §3.57; Restricted Metadata Update (RMU) supplement §3.92.
Which operations and which rules a room has is a table of its own.

    operations.py         what a message asks for: new versions, statuses, Associations
    operation_rules.py    whether it asks in the way that each operation wants (rows)
    version_rules.py      new versions of DocumentEntries and Folders (rows)
    status_rules.py       changes of availabilityStatus (rows)
    submitted_rules.py    Associations that are submitted (rows)
    propagation.py        Associations that a new version takes over from the one before
    plan.py               what an accepted update changes
    change.py             the story
"""
