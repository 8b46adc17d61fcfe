"""Callers, choices and documents drawn: often near a yes, so that both answers come."""

from dataclasses import fields, replace

from hypothesis import strategies as st

from tests.xds.access.build import (
    A00,
    EARLIER,
    ELSEWHERE,
    FRENCH_TYPES,
    G15,
    G16,
    LATER,
    LETTER,
    LOINC,
    ME,
    MINE,
    NUMBER,
    OTHER,
    PATIENT_ID,
    PURPOSES,
    R38,
    ROLES,
    a_caller,
    own_document,
    some_choices,
)
from xds.access.model import Action, Choices, Document, Mark, Mode, RecordState, Resource
from xds.security.caller import Caller, CodedValue

ODD_ROLES = (
    (),
    (("", ""),),
    (("10", G15),),
    (("10", R38), ("SM26", R38)),
    (("10", G15), ("SM26", R38), ("C41", R38)),
    (("10", G15), ("SM25", G15)),
    (("77", G15),),
    (("40", G15),),
    (("21", G15), ("D", "1.2.250.1.71.4.2.6")),
    (("10", G16),),
    (("AUTOMATE", A00),),
    (("60", ""),),
)
roles = st.one_of(st.sampled_from(sorted(ROLES.values())), st.sampled_from(ODD_ROLES)).map(
    lambda codes: tuple(CodedValue(code=c, system=s) for c, s in codes)
)
people = st.sampled_from([ME, ME, OTHER, NUMBER, PATIENT_ID, "", " "])
structures = st.sampled_from([MINE, MINE, ELSEWHERE, ""])
ids = st.sampled_from([ME, OTHER, MINE, ELSEWHERE, NUMBER, ""])
some_ids = st.frozensets(ids, max_size=2)
rare_ids = st.one_of(st.just(frozenset()), st.just(frozenset()), some_ids)
purposes = st.one_of(
    st.builds(
        CodedValue,
        code=st.sampled_from([str(m) for m in Mode]),
        system=st.sampled_from([PURPOSES, PURPOSES, "1.2.250.1.213.1.1.4.336"]),
    ),
    st.sampled_from([None, CodedValue(code="normal"), CodedValue(code="fun", system=PURPOSES)]),
)
callers = st.builds(
    Caller,
    identity=people,
    issuer=st.just("CN=test"),
    structure=structures,
    roles=roles,
    purpose_of_use=purposes,
    emergency_reason=st.sampled_from(["unconscious", "unconscious", "", "  "]),
    patient_concerned=st.sampled_from(["", PATIENT_ID, f"{PATIENT_ID}^NH", "1^^^&1.2.3&ISO"]),
    authentication_mode=st.sampled_from(
        ["direct", "direct", "indirect", "indirect_renforcee", "", "*"]
    ),
)
choices = st.builds(
    Choices,
    state=st.sampled_from([RecordState.OPEN, RecordState.OPEN, RecordState.CLOSED]),
    authorised=st.dictionaries(ids, st.sampled_from([None, LATER, EARLIER]), max_size=3),
    blocked=rare_ids,
    attending=some_ids,
    representatives=some_ids,
    masks_new=st.booleans(),
    regulation=st.booleans(),
    break_glass=st.booleans(),
    masked_in_emergency=st.booleans(),
)
documents = st.builds(
    Document,
    type_code=st.sampled_from(
        [LETTER, LETTER, ("ATTEST-RESID", FRENCH_TYPES), ("68599-0", LOINC), ("E1762", "ASTM")]
    ),
    marks=st.frozensets(st.sampled_from(sorted(Mark)), max_size=2),
    is_withdrawn=st.booleans(),
    authors=some_ids,
    structures=some_ids,
    depositor=people,
    depositor_structure=structures,
    is_patients=st.booleans(),
)
resources = st.builds(
    Resource, patient_id=st.just(PATIENT_ID), document=st.one_of(st.none(), documents, documents)
)
actions = st.sampled_from(sorted(Action))


def _spoiled(draw, thing, wide):
    """Return a thing with at most two of its fields as drawn from anywhere."""
    names = draw(st.sets(st.sampled_from([f.name for f in fields(thing)]), max_size=2))
    other = draw(wide)
    return replace(thing, **{name: getattr(other, name) for name in names})


@st.composite
def questions(draw):
    """Draw caller, choices, resource and action: most are one or two facts from a yes."""
    kind = draw(st.sampled_from(sorted(ROLES)))
    how = draw(st.sampled_from(["", "", "", "indirect_renforcee"]))
    mode = str(draw(st.sampled_from([Mode.NORMAL, *Mode])))
    caller = _spoiled(draw, a_caller(kind, mode, how=how), callers)
    known = _spoiled(draw, some_choices(kind), choices)
    document = draw(st.none() | st.just(own_document()).map(lambda d: _spoiled(draw, d, documents)))
    return caller, known, Resource(patient_id=PATIENT_ID, document=document), draw(actions)
