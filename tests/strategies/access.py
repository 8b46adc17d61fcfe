"""Strategies: patients' records, and callers of every kind that a policy knows."""

from hypothesis import strategies as st

from registry.records.model import Person, Record
from xds.access.model import Document, Mark, RecordState, Standing
from xds.access.policy import ANY, Policy
from xds.security.caller import Caller, CodedValue

IDENTITIES = ("899900000001", "899900000002", "899900000003", "279035121518989")
STRUCTURES = ("1120456789", "10B0127189")
TIMES = ("", "20250101000000", "20260301120000", "20270101000000")
PATIENT_ID = "279035121518989^^^&1.2.250.1.213.1.4.10&ISO"

people = st.lists(
    st.builds(
        Person,
        identity=st.sampled_from((*IDENTITIES[:3], STRUCTURES[0])),
        standing=st.sampled_from(Standing),
        since=st.sampled_from(TIMES[1:]),
        until=st.sampled_from(TIMES),
    ),
    max_size=5,
    unique_by=lambda p: (p.identity, p.standing),
).map(tuple)


@st.composite
def records(draw, patient_id=PATIENT_ID):
    """A record in which something was chosen."""
    regulation, break_glass = draw(st.booleans()), draw(st.booleans())
    return Record(
        patient_id=patient_id,
        state=draw(st.sampled_from((RecordState.OPEN, RecordState.OPEN, RecordState.CLOSED))),
        since=draw(st.sampled_from(TIMES[1:])),
        people=draw(people),
        masks_new=draw(st.booleans()),
        regulation=regulation,
        break_glass=break_glass,
        masked_in_emergency=(regulation or break_glass) and draw(st.booleans()),
    )


documents = st.builds(
    Document,
    type_code=st.sampled_from([("11502-2", "2.16.840.1.113883.6.1"), ("x", "y")]),
    marks=st.frozensets(st.sampled_from(Mark)),
    is_withdrawn=st.booleans(),
    authors=st.frozensets(st.sampled_from(IDENTITIES[:3]), max_size=2),
    structures=st.frozensets(st.sampled_from(STRUCTURES), max_size=1),
    depositor=st.sampled_from(("", *IDENTITIES)),
    is_patients=st.booleans(),
)


@st.composite
def callers(draw, policy: Policy):
    """A caller of one of the policy's kinds, in one of its modes."""
    kind = draw(st.sampled_from(policy.kinds))
    roles = [
        draw(st.sampled_from(sorted(codes))) for codes in (kind.roles, kind.specialties) if codes
    ]
    modes = draw(st.sampled_from(sorted(kind.authentications) or ["direct", "indirect_renforcee"]))
    return Caller(
        identity=draw(st.sampled_from(IDENTITIES)),
        issuer="CN=test",
        structure=draw(st.sampled_from(STRUCTURES)),
        roles=tuple(
            CodedValue(code="SM26" if code == ANY else code, system=system)
            for code, system in roles
        ),
        purpose_of_use=CodedValue(
            code=draw(st.sampled_from(sorted(policy.modes))),
            system=min(policy.purpose_systems),
        ),
        emergency_reason="inconscient",
        patient_concerned=PATIENT_ID,
        authentication_mode=modes,
    )
