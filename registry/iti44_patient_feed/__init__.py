"""ITI-44: Patient Identity Feed HL7 V3, received by the Document Registry over SOAP.

    tree          a message as plain values, each with its place
    interactions  HL7's names and codes
    rules         what a message must say, as rows of a table
    identities    which identifiers of a message are the affinity domain's
    message       XML to a tree
    acknowledge   what became of a message, as MCCI_IN000002UV01
    handle        the rooms: add, revise, resolve duplicates

Spec: ITI TF-2 §3.44, Appendix O (wrappers), Appendix E.2 (identifiers).
"""
