"""Which professions are named to a patient in a letter that anybody may read on its way.

A mail travels past strangers: "a midwife opened your record" would already say something about the
patient. So only professions that treat everybody for everything are named; all others are health
professionals. The record's own log names the person.

Spec: TRE_G15-ProfessionSante, TRE_G16 (students of the same professions); SNOMED CT for callers of
XUA.
"""

from types import MappingProxyType
from typing import Final

from dmp.vihf import G15, G16

SNOMED: Final = "2.16.840.1.113883.6.96"
DOCTOR, NURSE, PHARMACIST, AMBULANCE = "doctor", "nurse", "pharmacist", "ambulance"

NAMED: Final = MappingProxyType(
    {
        ("10", G15): DOCTOR,
        ("10", G16): DOCTOR,
        ("112247003", SNOMED): DOCTOR,
        ("60", G15): NURSE,
        ("69", G15): NURSE,
        ("21", G15): PHARMACIST,
        ("21", G16): PHARMACIST,
        ("36", G15): AMBULANCE,
    }
)
"""By code and system of the caller's first role value."""
