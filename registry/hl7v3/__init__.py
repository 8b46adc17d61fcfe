"""HL7 v3 messages as the Registry's rooms share them: a tree, codes, rules as rows, parts.

    tree      a message as plain values, each with its place
    codes     HL7's names and codes
    rules     rows of a table, and what they find; the rows of every transmission wrapper
    reading   XML to a tree, only what is asked for
    parts     pieces of an answer: the transmission wrapper, devices, details

Spec: ITI TF-2 Appendix O (wrappers), Appendix E (identifiers); HL7 v3 XML ITS. What a message of
one transaction must say is in that transaction's room.
"""
