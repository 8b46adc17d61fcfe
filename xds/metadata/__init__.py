"""The XDS metadata model as frozen values. Pure: no XML, SQL, clock, logging or I/O.

Spec: ITI TF-3 §4.1 (abstract model) and §4.2 (ebRIM representation).
"""
