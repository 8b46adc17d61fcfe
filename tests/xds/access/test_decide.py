"""The decision, rule by rule, under the French policy: every reason, every obligation."""

from dataclasses import replace

import pytest

from tests.xds.access.build import (
    A00,
    EARLIER,
    ELSEWHERE,
    FRENCH_TYPES,
    G15,
    LATER,
    LOINC,
    ME,
    MINE,
    NOTHING_CHOSEN,
    NOW,
    NUMBER,
    OTHER,
    PATIENT_ID,
    POLICY,
    PURPOSES,
    R38,
    a_caller,
    a_document,
    decided,
    may,
    own_document,
    some_choices,
    why,
)
from xds.access.decide import decide
from xds.access.model import Action, Obligation, Reason, RecordState, Resource
from xds.access.policy import Cell, Policy
from xds.security.caller import CodedValue

EMERGENCIES = ("centre_15", "bris_de_glace")
LETTER = a_document()


def role(code, system):
    return CodedValue(code=code, system=system)


def roles(*pairs):
    return tuple(role(code, system) for code, system in pairs)


def reasons_of(rows):
    return [row[0] for row in rows]


# --- one way to each reason

WAYS = {
    Reason.NO_POLICY: lambda: why(a_caller(), some_choices(), "find", policy=Policy()),
    Reason.ROLE_UNKNOWN: lambda: why(a_caller(roles=()), some_choices(), "find"),
    Reason.MODE_UNKNOWN: lambda: why(a_caller(purpose_of_use=None), some_choices(), "find"),
    Reason.NO_EMERGENCY_REASON: lambda: why(
        a_caller(mode="bris_de_glace", emergency_reason=" "), some_choices(), "find"
    ),
    Reason.OTHER_PATIENT: lambda: why(
        a_caller(patient_concerned="1^^^&1.2.3&ISO"), some_choices(), "find"
    ),
    Reason.FUNCTION: lambda: why(a_caller("secretary"), some_choices(), "consult", LETTER),
    Reason.RECORD_CLOSED: lambda: why(
        a_caller(), some_choices(state=RecordState.CLOSED), "consult", LETTER
    ),
    Reason.BLOCKED: lambda: why(
        a_caller(), some_choices(blocked=frozenset({ME})), "consult", LETTER
    ),
    Reason.OPPOSED: lambda: why(
        a_caller(mode="centre_15"), some_choices(regulation=False), "consult", LETTER
    ),
    Reason.NOT_AUTHORISED: lambda: why(a_caller(), NOTHING_CHOSEN, "consult", LETTER),
    Reason.NOT_OWN: lambda: why(a_caller(), some_choices(), "delete", LETTER),
    Reason.DOCUMENT_TYPE: lambda: why(
        a_caller(), some_choices(), "consult", a_document(type_code=("ATTEST-RESID", FRENCH_TYPES))
    ),
    Reason.MASKED: lambda: why(a_caller(), some_choices(), "consult", a_document("MASQUE_PS")),
    Reason.HIDDEN: lambda: why(
        a_caller("patient"), NOTHING_CHOSEN, "consult", a_document("INVISIBLE_PATIENT")
    ),
    Reason.WITHDRAWN: lambda: why(
        a_caller(),
        some_choices(),
        "consult",
        a_document(is_withdrawn=True),
        policy=_with(consult_withdrawn="no"),
    ),
}


def _with(**cells):
    """The French policy with some rows the same in every column."""
    changed = {Action(action): Cell(cell) for action, cell in cells.items()}
    functions = {column: {**known, **changed} for column, known in POLICY.functions.items()}
    return replace(POLICY, functions=functions)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_can_come(reason):
    assert WAYS[reason]() == reason


def test_a_denial_says_the_rule_and_quotes_only_the_caller():
    hostile = a_caller(roles=roles(("10\n<x>" * 40, "1.2")))
    rule = decided(hostile, some_choices(), "find").rule
    assert "\n" not in rule
    assert len(rule) < 400
    assert "role" in rule


# --- who the caller is


@pytest.mark.parametrize("action", ["authorise_self", "find", "submit"])
def test_a_refusal_does_not_tell_that_somebody_is_a_representative(action):
    caller = a_caller("representative", "bris_de_glace")
    named, not_named = some_choices("representative"), some_choices()
    assert not decided(caller, named, action).is_tellable
    assert why(caller, named, action) == why(caller, not_named, action)


@pytest.mark.parametrize("code", ["AUTOMATE", "ALIM_AM", "DISPOSITIF"])
def test_software_feeds_identities_and_does_nothing_else(code):
    caller = a_caller(roles=roles((code, A00)))
    may_do = {action for action in Action if may(caller, some_choices(), action, LETTER)}
    assert may_do == {Action.FEED_IDENTITIES}


@pytest.mark.parametrize(
    "codes",
    [
        (),
        roles(("", "")),
        roles(("10", R38), ("SM26", R38)),
        roles(("10", "2.16.840.1.113883.6.96"), ("SM26", R38)),
        roles(("SM26", R38), ("10", G15)),
        roles(("SM26", R38), ("10", G15), ("SM26", R38)),
        roles(("", ""), ("60", G15)),
        roles(("60", "")),
        roles(("60", A00)),
        roles(("77", G15)),
    ],
)
def test_a_role_that_is_none_or_of_another_system_is_refused(codes):
    assert why(a_caller(roles=codes), some_choices(), "consult", LETTER) == "role_unknown"


@pytest.mark.parametrize(
    "codes",
    [roles(("10", G15)), roles(("10", G15), ("SM26", G15)), roles(("10", G15), ("D", "1.2"))],
)
def test_a_doctor_without_specialty_is_of_no_kind(codes):
    """Else an occupational doctor would become a doctor by leaving the specialty out."""
    decision = decided(a_caller(roles=codes), some_choices(), "consult", LETTER)
    assert decision.reason == Reason.ROLE_UNKNOWN
    assert decision.is_tellable


@pytest.mark.parametrize("specialty", ["SM25", "SCH35", "C41", "CAPA11"])
@pytest.mark.parametrize("mode", ["normal", *EMERGENCIES])
def test_an_occupational_doctor_never_consults(specialty, mode):
    codes = roles(("10", G15), ("SM26", R38), (specialty, R38))
    caller = a_caller(mode=mode, roles=codes)
    choices = some_choices(masked_in_emergency=True, attending=frozenset({ME}))
    for action in ("consult", "consult_masked", "consult_hidden", "consult_withdrawn"):
        for document in (LETTER, own_document(), own_document("MASQUE_PS")):
            assert why(caller, choices, action, document) == "function"
    assert may(caller, choices, "find", LETTER)


def test_an_emergency_opens_nothing_to_an_occupational_doctor():
    for mode in EMERGENCIES:
        caller = a_caller("occupational_doctor", mode)
        assert why(caller, NOTHING_CHOSEN, "find", LETTER) == "not_authorised"
        assert may(caller, some_choices(), "find", LETTER)


def test_an_occupational_doctor_finds_and_unmasks_what_is_its_own():
    caller = a_caller("occupational_doctor")
    masked = own_document("MASQUE_PS")
    assert may(caller, some_choices(), "find", masked)
    assert may(caller, some_choices(), "unmask", masked)
    assert why(caller, some_choices(), "find", a_document("MASQUE_PS")) == "masked"
    assert may(caller, some_choices(), "find", a_document("INVISIBLE_PATIENT"))
    for mode in EMERGENCIES:
        emergency = a_caller("occupational_doctor", mode)
        assert why(emergency, some_choices(), "find", masked) == "masked"


def test_a_student_is_no_doctor():
    codes = roles(("10", "1.2.250.1.71.1.2.8"), ("SM26", R38))
    student = a_caller(roles=codes, how="indirect_renforcee")
    assert why(student, some_choices(), "archive", LETTER) == "not_own"


def test_only_a_doctor_becomes_medecin_traitant():
    choices = some_choices("attending_doctor", authorised={})
    masked = a_document("MASQUE_PS")
    assert may(a_caller("doctor"), choices, "consult", masked)
    assert why(a_caller("professional"), choices, "consult", masked) == "not_authorised"
    assert why(a_caller("occupational_doctor"), choices, "find", masked) == "not_authorised"
    # What a structure says of its user is no proof of who the user is.
    indirect = a_caller("doctor", how="indirect")
    assert why(indirect, choices, "consult", masked) == "function"
    assert why(indirect, choices, "find_reference", LETTER) == "not_authorised"


def test_an_assertion_that_names_nobody_is_refused():
    for identity in ("", "  "):
        assert why(a_caller(identity=identity), some_choices(), "submit") == "role_unknown"


@pytest.mark.parametrize("system", ["1.2.250.1.213.1.1.4.248", "1.2.250.1.213.1.1.4.336"])
def test_the_purpose_of_use_has_two_systems(system):
    for code in ("normal", *EMERGENCIES):
        caller = a_caller(purpose_of_use=role(code, system), emergency_reason="x")
        assert may(caller, some_choices(), "consult", LETTER)


@pytest.mark.parametrize(
    "purpose", [role("normal", "1.2.3"), role("normal", ""), role("night", PURPOSES), role("", "")]
)
def test_another_purpose_is_refused(purpose):
    caller = a_caller(purpose_of_use=purpose)
    assert why(caller, some_choices(), "submit") == "mode_unknown"


# --- which patient


@pytest.mark.parametrize(
    "named", ["", PATIENT_ID, f"{PATIENT_ID}^NH", f" {PATIENT_ID}^NH^^20200101 "]
)
def test_the_same_patient_may_be_written_in_several_ways(named):
    assert may(a_caller(patient_concerned=named), some_choices(), "consult", LETTER)


@pytest.mark.parametrize(
    "named", [f"{NUMBER}^^^&1.2.250.1.213.1.4.8&ISO^NH", f"{NUMBER}^^^", "nonsense", "^^^&&"]
)
def test_an_assertion_for_another_patient_is_refused(named):
    decision = decided(a_caller(patient_concerned=named), some_choices(), "submit")
    assert decision.reason == Reason.OTHER_PATIENT
    assert decision.is_tellable


def test_what_is_about_no_patient_does_not_depend_on_the_assertions():
    for action, mode in (("list_records", "normal"), ("find_patient", "centre_15")):
        resource = Resource(patient_id="")
        caller = a_caller(mode=mode)
        decision = decide(caller, NOTHING_CHOSEN, resource, Action(action), POLICY, NOW)
        assert decision.basis == "function"


def test_where_a_patient_is_named_it_is_the_assertions():
    caller = a_caller(patient_concerned="1^^^&1.2.3&ISO")
    assert why(caller, NOTHING_CHOSEN, "list_records") == "other_patient"


# --- authorised, blocked, closed


def test_nobody_is_authorised_before_the_patient_chose():
    for kind in ("professional", "doctor"):
        for action in ("find", "consult", "mask", "list_professionals", "close_record"):
            assert why(a_caller(kind), NOTHING_CHOSEN, action, LETTER) == "not_authorised"
    for action in ("test_existence", "authorise_self", "submit", "open_record"):
        assert decided(a_caller(), NOTHING_CHOSEN, action).basis == "function"


@pytest.mark.parametrize(
    ("until", "expected"), [(None, ""), (LATER, ""), (EARLIER, "not_authorised")]
)
def test_an_authorisation_ends(until, expected):
    choices = some_choices(authorised={ME: until})
    assert why(a_caller(), choices, "consult", LETTER) == expected


def test_an_authorisation_ends_at_its_instant():
    choices = some_choices(authorised={ME: NOW})
    assert why(a_caller(), choices, "consult", LETTER) == "not_authorised"


def test_one_of_several_authorisations_is_enough():
    choices = some_choices(authorised={ME: EARLIER, MINE: LATER})
    assert decided(a_caller(), choices, "consult", LETTER).basis == "authorised"


def test_an_authorised_structure_lets_in_its_professionals():
    choices = some_choices(authorised={MINE: None})
    assert may(a_caller(), choices, "consult", LETTER)
    assert why(a_caller(structure=ELSEWHERE), choices, "consult", LETTER) == "not_authorised"


@pytest.mark.parametrize(
    "name",
    [
        f"{ME}\N{NO-BREAK SPACE}",
        f"{ME[:4]} {ME[4:]}",
        f"{ME}\N{ZERO WIDTH SPACE}",
        "".join(chr(ord("\N{FULLWIDTH DIGIT ZERO}") + int(d)) for d in ME),
    ],
)
def test_a_blocked_one_does_not_come_back_under_a_name_that_looks_like_the_own_one(name):
    choices = some_choices(blocked=frozenset({ME, "3990000000/dupont"}))
    choices = replace(choices, authorised={name: None, "3990000000/Dupont": None})
    for identity in (name, "3990000000/Dupont"):
        assert why(a_caller(identity=identity), choices, "consult", a_document()) == "blocked"


@pytest.mark.parametrize("blocked", [ME, MINE])
@pytest.mark.parametrize("kind", ["professional", "doctor", "attending_doctor", "structure"])
def test_a_blocked_one_deposits_and_does_nothing_else(kind, blocked):
    choices = some_choices(kind, blocked=frozenset({blocked}), masked_in_emergency=True)
    for mode in ("normal", *EMERGENCIES[: 1 if kind == "structure" else 2]):
        caller = a_caller(kind, mode)
        assert may(caller, choices, "submit")
        for action in ("find_reference", "delete", "replace"):
            assert why(caller, choices, action, own_document()) == "blocked"
    if kind != "structure":
        assert why(caller, choices, "consult", own_document()) == "blocked"


@pytest.mark.parametrize("mode", ["normal", *EMERGENCIES])
@pytest.mark.parametrize("kind", ["professional", "doctor", "attending_doctor"])
def test_nothing_opens_a_closed_record(kind, mode):
    choices = some_choices(kind, state=RecordState.CLOSED, masked_in_emergency=True)
    caller = a_caller(kind, mode)
    for action in ("find", "consult", "submit", "delete"):
        assert why(caller, choices, action, own_document()) == "record_closed"
    assert may(caller, choices, "test_existence")
    assert why(caller, choices, "reactivate_record") == ("" if mode == "normal" else "function")


def test_a_closed_record_is_closed_to_the_patient_too():
    choices = some_choices(state=RecordState.CLOSED)
    assert why(a_caller("patient"), choices, "find", LETTER) == "record_closed"
    assert may(a_caller("patient"), choices, "reactivate_record")


# --- own


def test_authors_and_depositors_see_their_own_without_being_authorised():
    for document in (own_document(), own_document(authors=frozenset()), own_document(depositor="")):
        for action in ("find", "find_reference", "consult"):
            assert decided(a_caller(), NOTHING_CHOSEN, action, document).basis == "own"


def test_changing_ones_own_needs_an_authorisation_but_for_replacing_and_deleting():
    for action in ("mask", "archive", "update", "make_visible"):
        assert why(a_caller(), NOTHING_CHOSEN, action, own_document()) == "not_authorised"
        assert may(a_caller(), some_choices(), action, own_document())
    for action in ("replace", "delete"):
        assert may(a_caller(), NOTHING_CHOSEN, action, own_document())


@pytest.mark.parametrize("action", ["delete", "replace", "archive", "update"])
def test_only_the_author_changes_a_document_not_who_deposited_it(action):
    deposited = own_document(authors=frozenset({OTHER}))
    assert why(a_caller(), some_choices(), action, deposited) == "not_own"
    assert may(a_caller(), some_choices(), action, own_document(depositor=OTHER))


@pytest.mark.parametrize("authors", [frozenset(), frozenset({""})])
def test_a_document_that_names_no_author_is_its_depositors(authors):
    document = own_document(authors=authors)
    assert may(a_caller(), some_choices(), "delete", document)
    assert why(a_caller(identity=OTHER), some_choices(), "delete", document) == "not_own"


def test_deleting_needs_an_author_even_from_the_medecin_traitant():
    choices = some_choices("attending_doctor")
    assert why(a_caller("doctor"), choices, "delete", LETTER) == "not_own"
    assert may(a_caller("doctor"), choices, "archive", LETTER)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (own_document(authors=frozenset(), depositor=""), ""),
        (a_document(structures=frozenset({MINE})), ""),
        (a_document(depositor_structure=MINE), ""),
        (a_document(authors=frozenset({ME}), depositor=ME), "not_own"),
        (a_document(depositor_structure=MINE, is_patients=True), "not_own"),
    ],
)
def test_a_structure_finds_references_of_its_own_documents_and_deletes_them(document, expected):
    caller = a_caller("structure")
    assert why(caller, NOTHING_CHOSEN, "delete", document) == expected
    unauthorised = "not_authorised" if expected else ""
    assert why(caller, NOTHING_CHOSEN, "find_reference", document) == unauthorised
    assert why(caller, some_choices("structure"), "find_reference", document) == expected


def test_a_structure_deletes_its_own_document_of_any_type():
    document = own_document(authors=frozenset(), type_code=("68599-0", LOINC))
    for action in ("find_reference", "delete", "replace"):
        assert may(a_caller("structure"), NOTHING_CHOSEN, action, document)


def test_a_structure_is_told_to_ask_for_references():
    rule = decided(a_caller("structure"), some_choices("structure"), "find").rule
    assert "ObjectRef" in rule
    assert "ObjectRef" not in decided(a_caller("structure"), NOTHING_CHOSEN, "consult").rule


def test_what_belongs_to_nobody_needs_an_authorisation_even_to_be_deleted():
    """Such as a folder: no author is there to be the caller."""
    assert why(a_caller(), NOTHING_CHOSEN, "delete") == "not_authorised"
    assert may(a_caller(), some_choices(), "delete")


# --- what the patient deposited


def test_the_patient_deletes_what_the_patient_deposited_and_nothing_else():
    patients = a_document(is_patients=True, depositor=NUMBER, authors=frozenset())
    patient = a_caller("patient")
    for action in ("delete", "archive", "update", "replace"):
        assert may(patient, NOTHING_CHOSEN, action, patients)
        assert why(patient, NOTHING_CHOSEN, action, LETTER) == "not_own"
    claimed = a_document(authors=frozenset({NUMBER}), depositor=NUMBER)
    assert why(patient, NOTHING_CHOSEN, "delete", claimed) == "not_own"


@pytest.mark.parametrize("kind", ["professional", "doctor"])
@pytest.mark.parametrize("mode", ["normal", *EMERGENCIES])
def test_no_professional_removes_what_the_patient_deposited(kind, mode):
    patients = own_document(is_patients=True)
    for action in ("delete", "archive"):
        assert why(a_caller(kind, mode), some_choices(), action, patients) in (
            "not_own",
            "function",
        )


def test_the_medecin_traitant_archives_what_the_patient_deposited():
    choices = some_choices("attending_doctor")
    assert may(a_caller("doctor"), choices, "archive", a_document(is_patients=True))
    assert why(a_caller("doctor"), choices, "delete", a_document(is_patients=True)) == "not_own"


# --- masked


def test_a_masked_document_is_seen_by_author_depositor_patient_and_medecin_traitant():
    masked = own_document("MASQUE_PS")
    for action in ("find", "find_reference", "consult"):
        assert may(a_caller(), some_choices(), action, masked)
        assert may(a_caller(identity=OTHER), NOTHING_CHOSEN, action, a_document("MASQUE_PS"))
        attending = some_choices("attending_doctor")
        assert may(a_caller(), attending, action, a_document("MASQUE_PS"))
        assert may(a_caller("patient"), NOTHING_CHOSEN, action, a_document("MASQUE_PS"))
        assert why(a_caller(), some_choices(), action, a_document("MASQUE_PS")) == "masked"


@pytest.mark.parametrize("action", ["mask", "make_visible", "list_professionals"])
def test_a_masked_document_cannot_be_touched_by_whom_it_is_masked_from(action):
    document = a_document("MASQUE_PS", "INVISIBLE_PATIENT")
    assert why(a_caller(), some_choices(), action, document) == "masked"


@pytest.mark.parametrize("mode", EMERGENCIES)
@pytest.mark.parametrize("kind", ["professional", "doctor", "attending_doctor"])
def test_masked_documents_in_an_emergency_need_both_consents(kind, mode):
    opens = {"centre_15": "regulation", "bris_de_glace": "break_glass"}[mode]
    caller, document = a_caller(kind, mode), a_document("MASQUE_PS")
    both = some_choices(kind, **{opens: True}, masked_in_emergency=True)
    assert may(caller, both, "consult", document)
    assert why(caller, some_choices(kind, **{opens: True}), "consult", document) == "masked"
    opposed = some_choices(kind, **{opens: False}, masked_in_emergency=True)
    assert why(caller, opposed, "consult", document) == "opposed"
    assert why(caller, some_choices(kind), "consult", own_document("MASQUE_PS")) == "masked"


def test_a_structure_deletes_its_own_masked_document():
    masked = own_document("MASQUE_PS")
    for action in ("find_reference", "delete"):
        assert may(a_caller("structure"), NOTHING_CHOSEN, action, masked)


def test_a_mask_is_what_the_policy_makes_of_it():
    masked = own_document("MASQUE_PS")
    strict = _with(consult="own", consult_masked="consent")
    assert may(a_caller(), some_choices(), "consult", own_document(), policy=strict)
    assert why(a_caller(), some_choices(), "consult", masked, policy=strict) == "masked"
    patient = a_caller("patient")
    strict = _with(consult_masked="no")
    assert why(patient, NOTHING_CHOSEN, "find", masked, policy=strict) == "masked"
    assert may(patient, NOTHING_CHOSEN, "find", own_document(), policy=strict)


@pytest.mark.parametrize("action", ["consult_masked", "consult_hidden", "consult_withdrawn"])
def test_a_special_consultation_is_held_to_the_other_rules_too(action):
    masked = why(a_caller(), some_choices(), action, a_document("MASQUE_PS"))
    assert masked == ("not_own" if action == "consult_masked" else "masked")
    withdrawn = own_document(is_withdrawn=True)
    strict = _with(consult_withdrawn="no")
    expected = "function" if action == "consult_withdrawn" else "withdrawn"
    assert why(a_caller(), some_choices(), action, withdrawn, policy=strict) == expected
    assert why(a_caller(), NOTHING_CHOSEN, action, LETTER) in ("not_authorised", "not_own")


def test_nobody_is_attending_whom_the_patient_did_not_name():
    """Even where a policy calls both by one name, which no file can."""
    policy = replace(POLICY, attending_of={"doctor": "doctor"})
    assert why(a_caller(), NOTHING_CHOSEN, "consult", LETTER, policy=policy) == "not_authorised"


# --- hidden from the patient's side


@pytest.mark.parametrize(
    ("mark", "patient", "representative"),
    [
        ("INVISIBLE_PATIENT", False, False),
        ("INVISIBLE_REPRESENTANTS_LEGAUX", True, False),
        ("MASQUE_PS", True, True),
    ],
)
def test_marks_and_whom_they_hide_from(mark, patient, representative):
    document = a_document(mark)
    choices = some_choices("representative")
    for action in ("find", "find_reference", "consult", "mask"):
        assert may(a_caller("patient"), choices, action, document) == patient
        assert may(a_caller("representative"), choices, action, document) == representative
    if mark != "MASQUE_PS":
        assert may(a_caller(), some_choices(), "consult", document)
        assert may(a_caller(), some_choices(), "find", document)


def test_a_patient_is_one_number_of_one_authority():
    same_number = f"{NUMBER}^^^&1.2.250.1.213.1.4.8&ISO"
    resource = Resource(patient_id=same_number)
    for named in ("", PATIENT_ID):
        caller = a_caller("patient", patient_concerned=named)
        decision = decide(caller, NOTHING_CHOSEN, resource, Action.FIND, POLICY, NOW)
        assert decision.reason in (Reason.NOT_AUTHORISED, Reason.OTHER_PATIENT)
    whole = a_caller("patient", identity=f"{PATIENT_ID}^NH", patient_concerned="")
    assert decided(whole, NOTHING_CHOSEN, "find").basis == "patient"


def test_a_patient_is_a_stranger_to_another_record():
    stranger = a_caller("patient", identity="1550775000000")
    choices = some_choices(authorised={"1550775000000": None})
    for action in Action:
        assert why(stranger, choices, action, LETTER) == "not_authorised"


def test_a_representative_is_whom_the_record_names():
    caller = a_caller("representative")
    assert why(caller, some_choices(), "consult", LETTER) == "not_authorised"
    named = some_choices("representative", authorised={})
    assert decided(caller, named, "consult", LETTER).basis == "representative"
    for action in ("unmask", "change_choices", "close_record", "make_visible"):
        assert why(caller, named, action, LETTER) == "not_authorised"


def test_a_representative_deletes_only_what_it_deposited_itself():
    choices = some_choices("representative")
    caller = a_caller("representative")
    own = a_document(is_patients=True, depositor=ME)
    assert may(caller, choices, "delete", own)
    patients = a_document(is_patients=True, depositor=NUMBER)
    assert why(caller, choices, "delete", patients) == "not_own"
    assert may(a_caller("patient"), choices, "delete", own)


def test_a_professional_who_is_the_patient_calls_as_a_professional():
    doctor = a_caller(identity=NUMBER)
    assert why(doctor, NOTHING_CHOSEN, "consult", LETTER) == "not_authorised"


# --- types of documents


EXCLUDED = [(c, LOINC) for c in ("80788-3", "75496-0", "83981-1", "88348-8", "83901-9", "68599-0")]


@pytest.mark.parametrize("type_code", EXCLUDED)
def test_types_that_dentists_and_others_do_not_see(type_code):
    document = a_document(type_code=type_code)
    for code in ("40", "60", "21"):
        caller = a_caller(roles=roles((code, G15)))
        for action in ("find", "find_reference", "consult", "mask"):
            assert why(caller, some_choices(), action, document) == "document_type"
    assert may(a_caller(), some_choices(), "consult", document)


def test_who_wrote_a_document_sees_it_whatever_its_type_and_who_deposited_it_does_not():
    document = own_document(type_code=EXCLUDED[0])
    assert may(a_caller("professional"), some_choices(), "consult", document)
    deposited = own_document(type_code=EXCLUDED[0], authors=frozenset({OTHER}))
    assert why(a_caller("professional"), some_choices(), "consult", deposited) == "document_type"


def test_the_attestation_of_residence_is_for_no_professional():
    document = a_document(type_code=("ATTEST-RESID", FRENCH_TYPES))
    for kind in ("professional", "doctor", "attending_doctor"):
        assert why(a_caller(kind), some_choices(kind), "consult", document) == "document_type"
    assert may(a_caller("patient"), NOTHING_CHOSEN, "consult", document)


def test_the_most_specific_row_holds():
    nurse, letter = f"60^{G15}", f"11488-4^{LOINC}"
    rows = [(("*", "*"), True), (("*", letter), False), ((nurse, "*"), True)]
    rows.append(((nurse, letter), False))
    caller = a_caller("professional")
    for count, (_, expected) in enumerate(rows, 1):
        policy = replace(POLICY, types=dict(rows[:count]))
        assert may(caller, some_choices(), "consult", LETTER, policy=policy) == expected


# --- emergencies


@pytest.mark.parametrize("mode", EMERGENCIES)
@pytest.mark.parametrize("kind", ["professional", "doctor"])
def test_an_emergency_opens_what_was_not_authorised_and_is_traced_and_told(kind, mode):
    permit = decided(a_caller(kind, mode), NOTHING_CHOSEN, "consult", LETTER)
    assert permit.basis == "emergency"
    assert permit.obligations == {Obligation.TRACE_EMERGENCY, Obligation.TELL_PATIENT}


@pytest.mark.parametrize(
    ("mode", "consent"), [("centre_15", "regulation"), ("bris_de_glace", "break_glass")]
)
def test_what_a_patient_opposed_is_not_opened_and_the_other_is(mode, consent):
    opposed = some_choices(**{consent: False})
    assert why(a_caller(mode=mode), opposed, "consult", LETTER) == "opposed"
    other = next(m for m in EMERGENCIES if m != mode)
    assert may(a_caller(mode=other), opposed, "consult", LETTER)
    assert may(a_caller(), opposed, "consult", LETTER)


def test_the_medecin_traitant_is_held_to_an_opposition_in_an_emergency():
    choices = some_choices("attending_doctor", break_glass=False)
    assert why(a_caller(mode="bris_de_glace"), choices, "consult", LETTER) == "opposed"


def test_breaking_the_glass_needs_a_reason_and_regulation_does_not():
    for empty in ("", " ", "\t"):
        caller = a_caller(mode="bris_de_glace", emergency_reason=empty)
        assert why(caller, some_choices(), "consult", LETTER) == "no_emergency_reason"
    assert may(a_caller(mode="centre_15", emergency_reason=""), NOTHING_CHOSEN, "find", LETTER)


def test_a_deposit_in_an_emergency_is_traced_and_tells_nobody():
    permit = decided(a_caller(mode="centre_15"), NOTHING_CHOSEN, "submit")
    assert permit.obligations == {Obligation.TRACE_EMERGENCY}


def test_no_emergency_authorises_anybody():
    for mode in EMERGENCIES:
        for action in ("authorise_self", "withdraw_self", "mask", "close_record"):
            assert why(a_caller(mode=mode), some_choices(), action) == "function"


# --- obligations and bases


def test_what_is_imputed_says_so():
    for kind, action in (
        ("structure", "submit"),
        ("secretary", "submit_as_secretary"),
        ("secretary", "authorise_self"),
        ("secretary", "list_records"),
    ):
        permit = decided(a_caller(kind), NOTHING_CHOSEN, action)
        assert permit.obligations == {Obligation.IMPUTE_TO_STRUCTURE}
    assert decided(a_caller(), NOTHING_CHOSEN, "submit").obligations == frozenset()


@pytest.mark.parametrize(
    ("kind", "choices", "document", "basis"),
    [
        ("doctor", some_choices(), LETTER, "authorised"),
        ("doctor", some_choices("attending_doctor"), LETTER, "attending"),
        ("doctor", some_choices("attending_doctor"), own_document(), "own"),
        ("patient", NOTHING_CHOSEN, LETTER, "patient"),
        ("representative", some_choices("representative"), LETTER, "representative"),
    ],
)
def test_on_what_a_permission_rests(kind, choices, document, basis):
    assert decided(a_caller(kind), choices, "consult", document).basis == basis
