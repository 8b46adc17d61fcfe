"""Where the Registry asks who may see and do what; the decision itself is `xds.access.decide`.

facts.py       what a decision must know of a DocumentEntry, kept beside it as one text (pure)
"""
