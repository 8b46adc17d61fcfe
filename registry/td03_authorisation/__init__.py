"""TD0.3: declare oneself authorised, or médecin traitant, or no more.

    rules     what is asked, and what it changes of the record
    handle    the room

Spec: DMP, TD0.3 (setAuthorization of the service habilitations). The patient is the assertion's.
"""
