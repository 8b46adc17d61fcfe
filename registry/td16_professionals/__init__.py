"""TD1.6: who is authorised to open a patient's record, and who is blocked.

    rules     who is listed
    handle    the room

Spec: DMP, TD1.6 (listAuthorizationByPatient of the service habilitations). The patient is the
assertion's.
"""
