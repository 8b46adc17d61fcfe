"""TD0.2: does the patient have a record, and may I open it? PRPA_IN201307UV02 to PRPA_IN201308UV02.

    rules     what the question must say, as rows of a table
    message   XML to the patient whom it is about
    answer    what the record is to this caller, and the answer's text
    handle    the room

Spec: DMP, TD0.2 (test of existence, reasonCode TEST_EXST); HL7 v3 2009, PRPA_IN201307UV02 (Get
Demographics) and PRPA_IN201308UV02. The other use of the same message, TD1.3a (CNSLT_DATA), is not
served: the Registry keeps no administrative data.
"""
