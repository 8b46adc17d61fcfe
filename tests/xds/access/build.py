"""Callers, records and documents for tests of the access decision."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from xds.access.decide import decide
from xds.access.model import Action, Choices, Document, Mark, Permit, Resource
from xds.access.reading import load_policy
from xds.domain import load_domain
from xds.security.caller import Caller, CodedValue

DMP = load_domain("dmp")
POLICY = load_policy(DMP)
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
LATER, EARLIER = NOW + timedelta(days=1), NOW - timedelta(days=1)

G15 = "1.2.250.1.71.1.2.7"
G16 = "1.2.250.1.71.1.2.8"
A00 = "1.2.250.1.213.1.1.4.6"
R38 = "1.2.250.1.71.4.2.5"
PURPOSES = "1.2.250.1.213.1.1.4.248"
LOINC = "2.16.840.1.113883.6.1"
FRENCH_TYPES = "1.2.250.1.213.1.1.4.12"

NUMBER = "279035121518989"
PATIENT_ID = f"{NUMBER}^^^&1.2.250.1.213.1.4.10&ISO"
ME, OTHER = "899900063480", "899900011111"
MINE, ELSEWHERE = "499900063480001", "10B0127189"
LETTER = ("11488-4", LOINC)

ROLES = {
    "professional": ((("60", G15)),),
    "doctor": (("10", G15), ("SM26", R38)),
    "occupational_doctor": (("10", G15), ("SM25", R38)),
    "attending_doctor": (("10", G15), ("SM26", R38)),
    "secretary": (("SECRETARIAT_MEDICAL", A00),),
    "structure": (("60", G15),),
    "patient": (("EXP_PATIENT", A00),),
    "representative": (("EXP_PATIENT", A00),),
}
AUTHENTICATIONS = {"structure": "indirect"}


def a_caller(kind="doctor", mode="normal", *, how="", **changes):
    """A caller of a kind; of an attending doctor's the choices must say so."""
    made = Caller(
        identity=NUMBER if kind == "patient" else ME,
        issuer="CN=test",
        structure=MINE,
        roles=tuple(CodedValue(code=c, system=s) for c, s in ROLES[kind]),
        purpose_of_use=CodedValue(code=str(mode), system=PURPOSES),
        emergency_reason="unconscious" if mode == "bris_de_glace" else "",
        patient_concerned=f"{PATIENT_ID}^NH",
        authentication_mode=how or AUTHENTICATIONS.get(kind, "direct"),
    )
    return replace(made, **changes)


def some_choices(kind="", **changes):
    """Choices that let the caller in, and make it what its kind needs."""
    known = {"authorised": {ME: None}}
    if kind == "attending_doctor":
        known["attending"] = frozenset({ME})
    if kind == "representative":
        known["representatives"] = frozenset({ME})
    if kind in ("structure", "secretary"):
        known["authorised"] = {MINE: None}
    return Choices(**{**known, **changes})


NOTHING_CHOSEN = Choices()


def a_document(*marks, **changes):
    """A letter of somebody else's."""
    made = Document(
        type_code=LETTER,
        marks=frozenset(map(Mark, marks)),
        authors=frozenset({OTHER}),
        structures=frozenset({ELSEWHERE}),
        depositor=OTHER,
        depositor_structure=ELSEWHERE,
    )
    return replace(made, **changes)


def own_document(*marks, **changes):
    """A letter that the caller wrote and deposited, of the caller's structure."""
    mine = frozenset({ME})
    return a_document(
        *marks,
        **{
            "authors": mine,
            "structures": frozenset({MINE}),
            "depositor": ME,
            "depositor_structure": MINE,
            **changes,
        },
    )


def decided(caller, choices, action, document=None, *, policy=POLICY, instant=NOW):
    """The decision on the patient's record, or on a document of it."""
    resource = Resource(patient_id=PATIENT_ID, document=document)
    return decide(caller, choices, resource, Action(action), policy, instant)


def may(*arguments, **options):
    return isinstance(decided(*arguments, **options), Permit)


def why(*arguments, **options):
    """The reason of a denial, '' for a permission."""
    decision = decided(*arguments, **options)
    return "" if isinstance(decision, Permit) else str(decision.reason)
