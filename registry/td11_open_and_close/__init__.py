"""TD1.1, TD1.2, TD1.4: a record is created, opened again, closed.

    rules     what a request must say, as rows of a table
    message   XML to what is asked for
    answer    done or not done, as text
    handle    the rooms

Spec: DMP, TD1.1 (PRPA_IN201311UV02, reason CREA_RD), TD1.2 (PRPA_IN201314UV02, reason REAC), TD1.4
(PRPA_IN201314UV02, reason FERM); HL7 v3 2009. The other use of the last message, TD1.3b
(MODIF_DATA), is not served: the Registry keeps no administrative data.
"""
