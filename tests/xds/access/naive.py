"""The decision once more, for the French policy only: slow, flat, and from the public rules alone.

It shares no code with `xds.access.decide` or `case` and reads none of the policy's files. It says
yes or no; reasons are the real one's.
"""

from tests.xds.access.matrix import published
from xds.access.model import Mode, RecordState
from xds.access.policy import Cell

YES, NO, OWN, STRUCTURE = Cell.YES, Cell.NO, Cell.OWN, Cell.STRUCTURE
PROFESSIONALS = [
    *("21", "26", "28", "31", "32", "35", "36", "37", "38", "39", "40", "50", "60", "69", "70"),
    *("80", "81", "82", "83", "84", "85", "86", "91", "92", "94", "95", "96", "98"),
]
G15, G16, A00 = "1.2.250.1.71.1.2.7", "1.2.250.1.71.1.2.8", "1.2.250.1.213.1.1.4.6"
R38 = "1.2.250.1.71.4.2.5"
OCCUPATIONAL = {"SM25", "SCH35", "C41", "CAPA11"}
EXCLUDED = {
    "ATTEST-RESID^1.2.250.1.213.1.1.4.12",
    *(
        f"{code}^2.16.840.1.113883.6.1"
        for code in ("80788-3", "75496-0", "83981-1", "88348-8", "83901-9", "68599-0")
    ),
}
CONSULTS = {"consult", "consult_masked", "consult_hidden", "consult_withdrawn"}
SEES = {*CONSULTS, "find", "find_reference"}
FREE = {
    *("test_existence", "authorise_self", "withdraw_self", "resign_attending", "list_records"),
    *("find_patient", "open_record", "reactivate_record", "submit", "submit_as_secretary"),
    *("delete", "feed_identities"),
}


def _assumed():
    """Yield the cells that no published matrix has."""
    for how in ("direct", "indirect_renforcee"):
        feeds = how == "direct"
        for kind in ("professional", "doctor", "attending_doctor"):
            for mode in Mode:
                yield how, kind, mode, "replace", OWN if feeds else NO
                normal = mode is Mode.NORMAL
                for action in ("open_record", "reactivate_record", "close_record"):
                    yield how, kind, mode, action, YES if normal else NO
                yield how, kind, mode, "update", OWN if normal else NO
        yield how, "attending_doctor", Mode.NORMAL, "change_choices", YES
        yield "indirect", "structure", Mode.NORMAL, "feed_identities", YES
        yield how, "secretary", Mode.NORMAL, "replace", STRUCTURE if feeds else NO
    for mode in Mode:
        yield "direct", "occupational_doctor", mode, "replace", OWN
        yield "direct", "occupational_doctor", mode, "update", OWN
        if mode is not Mode.BREAK_GLASS:
            yield "indirect", "structure", mode, "replace", STRUCTURE


PATIENTS = {
    "patient": {
        YES: "test_existence open_record reactivate_record close_record read_administrative "
        "list_professionals change_choices submit find find_reference consult consult_masked "
        "consult_hidden consult_withdrawn mask unmask make_visible",
        OWN: "replace archive delete update",
    },
    "representative": {
        YES: "test_existence read_administrative submit find find_reference consult "
        "consult_masked consult_withdrawn mask",
        OWN: "replace delete",
    },
}


def table():
    """Every cell that is not no, published or assumed."""
    cells = {
        (how, kind, mode, action): cell
        for how, kind, mode, action, cell in (*published(), *_assumed())
    }
    for (how, kind, mode, action), cell in list(cells.items()):
        if kind == "doctor" and mode is Mode.REGULATION:
            cells[how, "attending_doctor", mode, action] = cell
    return cells


CELLS = table()


def _kind(caller, choices, patient_id):  # noqa: PLR0911 - flat on purpose
    if not caller.identity.strip() or not caller.roles:
        return None
    first = (caller.roles[0].code, caller.roles[0].system)
    specialties = {r.code for r in caller.roles[1:] if r.system == R38}
    is_real = (
        (first[1] == G15 and first[0] in [*PROFESSIONALS, "10"])
        or first[1] == G16
        or (
            first[1] == A00
            and first[0]
            in ("ALIM_AM", "DISPOSITIF", "EXP_PATIENT", "SECRETARIAT_MEDICAL", "AUTOMATE")
        )
    )
    if not is_real:
        return None
    if caller.authentication_mode == "indirect":
        return "structure"
    if first == ("SECRETARIAT_MEDICAL", A00):
        return "secretary"
    if first == ("EXP_PATIENT", A00):
        number = patient_id.partition("^^^")[0]
        same_number = caller.identity == number
        named = caller.patient_concerned.removesuffix("^NH") == patient_id
        if (same_number and named) or caller.identity == patient_id:
            return "patient"
        return "representative" if caller.identity in choices.representatives else "stranger"
    if first[1] == A00:
        return "software"
    if first == ("10", G15):
        if not specialties:
            return None
        if specialties & OCCUPATIONAL:
            return "occupational_doctor"
        return "attending_doctor" if caller.identity in choices.attending else "doctor"
    return "professional"


def permits(caller, choices, resource, action, instant):
    """Whether the French rules let the caller do it."""
    action = str(action)
    kind = _kind(caller, choices, resource.patient_id)
    if kind in (None, "stranger"):
        return False
    purpose = caller.purpose_of_use
    if purpose is None or purpose.system not in (
        "1.2.250.1.213.1.1.4.248",
        "1.2.250.1.213.1.1.4.336",
    ):
        return False
    if purpose.code not in ("normal", "centre_15", "bris_de_glace"):
        return False
    mode = Mode(purpose.code)
    if mode is Mode.BREAK_GLASS and caller.emergency_reason.strip() == "":
        return False
    named = caller.patient_concerned.removesuffix("^NH")
    patientless = action in ("list_records", "find_patient") and resource.patient_id == ""
    if named != "" and not patientless and named != resource.patient_id:
        return False
    facts = _Facts(caller, choices, resource, action, kind, mode, instant)
    return facts.function() and facts.record() and facts.document_itself()


class _Facts:
    def __init__(self, caller, choices, resource, action, kind, mode, instant):  # noqa: PLR0917
        self.caller, self.choices, self.action = caller, choices, action
        self.kind, self.mode, self.instant = kind, mode, instant
        self.document = resource.document
        self.is_patients_side = kind in PATIENTS
        proved = "" if kind == "structure" else caller.identity
        self.author = self.depositor = self.structures = False
        d = self.document
        if d is not None:
            if self.is_patients_side:
                mine = kind == "patient" or d.depositor == caller.identity
                self.author = self.depositor = d.is_patients and mine
            elif not d.is_patients:
                self.depositor = proved != "" and proved == d.depositor
                nobody_wrote = not [a for a in d.authors if a != ""]
                self.author = proved != "" and proved in d.authors
                self.author = self.author or (nobody_wrote and self.depositor)
                s = caller.structure
                self.structures = s != "" and (s in d.structures or s == d.depositor_structure)
        self.proved = proved

    def cell(self, action):
        if self.kind == "software":
            return YES if (action, self.mode) == ("feed_identities", Mode.NORMAL) else NO
        if self.is_patients_side:
            if self.mode is not Mode.NORMAL:
                return NO
            for cell, actions in PATIENTS[self.kind].items():
                if action in actions.split():
                    return cell
            return NO
        return CELLS.get((self.caller.authentication_mode, self.kind, self.mode, action), NO)

    def function(self):
        actions = {self.action} | ({"consult"} if self.action in CONSULTS else set())
        for action in actions:
            cell = self.cell(action)
            if cell is NO or (cell is Cell.IMPUTED and self.caller.structure == ""):
                return False
            if not self.fits(action, cell):
                return False
        return True

    def fits(self, action, cell):
        if cell is Cell.CONSENT:
            return self.masked_consent()
        if self.document is None:
            return True
        if cell is OWN:
            return self.author or (self.depositor and action in SEES)
        if cell in (STRUCTURE, Cell.REFERENCE):
            return self.structures
        return True

    def consents(self):
        return {
            Mode.REGULATION: self.choices.regulation,
            Mode.BREAK_GLASS: self.choices.break_glass,
        }

    def masked_consent(self):
        opens = self.consents().get(self.mode, False) and self.kind != "occupational_doctor"
        return self.choices.masked_in_emergency and opens

    def record(self):  # noqa: PLR0911 - flat on purpose
        c, caller = self.choices, self.caller
        kept = {"test_existence", "open_record", "reactivate_record"}
        if c.state is RecordState.CLOSED and self.action not in kept:
            return False
        blocked = {b for b in c.blocked if b != ""}
        deposits = {"test_existence", "submit", "submit_as_secretary"}
        if (caller.identity in blocked or caller.structure in blocked) and (
            self.action not in deposits
        ):
            return False
        if self.action not in FREE:
            if self.mode is Mode.REGULATION and not c.regulation:
                return False
            if self.mode is Mode.BREAK_GLASS and not c.break_glass:
                return False
        if self.is_patients_side or self.let_in():
            return True
        limited = self.cell(self.action) in (OWN, STRUCTURE, Cell.REFERENCE)
        if self.action in FREE:
            return not (limited and self.document is None)
        owned = self.author or self.depositor or (limited and self.structures)
        return owned and self.action in {*SEES, "replace"}

    def let_in(self):
        if self.kind == "attending_doctor":
            return True
        for name in (self.proved, self.caller.structure):
            if name != "" and name in self.choices.authorised:
                end = self.choices.authorised[name]
                if end is None or end > self.instant:
                    return True
        helps = self.kind in ("professional", "doctor", "attending_doctor")
        return helps and self.consents().get(self.mode, False)

    def document_itself(self):
        d, action = self.document, self.action
        if d is None or action in ("submit", "submit_as_secretary"):
            return True
        cell = self.cell(action)
        if self.is_patients_side:
            hidden = {"INVISIBLE_PATIENT"}
            if self.kind == "representative":
                hidden.add("INVISIBLE_REPRESENTANTS_LEGAUX")
            return not hidden & {str(m) for m in d.marks}
        if action in ("archive", "delete") and d.is_patients and self.kind != "attending_doctor":
            return False
        structures_own = cell in (STRUCTURE, Cell.REFERENCE) and self.structures
        if not self.author and not structures_own and not self.type_fits("^".join(d.type_code)):
            return False
        marks = {str(m) for m in d.marks}
        return "MASQUE_PS" not in marks or self.under_the_mask(cell, structures_own)

    def under_the_mask(self, cell, structures_own):
        if structures_own or (cell is OWN and self.action not in SEES):
            return True
        masked = self.cell("consult_masked")
        if masked is NO:
            mine = self.author or self.depositor
            return mine and self.mode is Mode.NORMAL and self.action not in CONSULTS
        return self.fits("consult_masked", masked)

    def type_fits(self, type_code):
        role = self.caller.roles[0]
        if (role.code, role.system) == ("10", G15):
            return type_code != "ATTEST-RESID^1.2.250.1.213.1.1.4.12"
        return type_code not in EXCLUDED
