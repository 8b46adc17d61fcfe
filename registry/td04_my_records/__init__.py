"""TD0.4: the records that I may open.

    rules     what may be asked, and which records are listed
    handle    the room

Spec: DMP, TD0.4 (patientList of the service patientsSpecific).
"""
