"""The national functional matrices as the tests know them: typed from the published tables.

Spec: DMP, 526 v1.8 (25/09/2024) for cards and structure certificates, 606 v1.3 (08/07/2025) for
authentification indirecte renforcée. Nothing here reads the files that are tested.
"""

from xds.access.model import Mode
from xds.access.policy import Cell

CELLS = {
    "Y": Cell.YES,
    "n": Cell.NO,
    "own": Cell.OWN,
    "pat": Cell.CONSENT,
    "str": Cell.STRUCTURE,
    "ref": Cell.REFERENCE,
    "imp": Cell.IMPUTED,
}
MODES = {"n": Mode.NORMAL, "r": Mode.REGULATION, "b": Mode.BREAK_GLASS}

DIRECT = """
                     Nn  Nr  Nb  Dn  Dr  Db  W   MTn MTb CPE ESn ESr
test_existence       Y   Y   Y   Y   Y   Y   Y   Y   Y   Y   Y   Y
authorise_self       Y   n   n   Y   n   n   n   Y   n   imp n   n
withdraw_self        Y   n   n   Y   n   n   n   Y   n   n   n   n
resign_attending     n   n   n   n   n   n   n   Y   n   n   n   n
list_records         Y   Y   Y   Y   Y   Y   Y   Y   Y   imp imp n
find_patient         n   Y   n   n   Y   n   n   n   n   n   n   Y
web_access           Y   Y   Y   Y   Y   Y   Y   Y   Y   Y   n   n
read_administrative  Y   Y   Y   Y   Y   Y   Y   Y   Y   Y   Y   Y
list_professionals   Y   n   n   Y   n   n   Y   Y   n   n   n   n
submit               Y   Y   Y   Y   Y   Y   Y   Y   Y   n   imp imp
submit_as_secretary  n   n   n   n   n   n   n   n   n   imp n   n
find                 Y   Y   Y   Y   Y   Y   Y   Y   Y   n   n   n
find_reference       Y   Y   Y   Y   Y   Y   Y   Y   Y   ref ref ref
consult              Y   Y   Y   Y   Y   Y   n   Y   Y   n   n   n
consult_masked       own pat pat own pat pat n   Y   pat n   n   n
consult_hidden       Y   Y   Y   Y   Y   Y   n   Y   Y   n   n   n
consult_withdrawn    Y   Y   Y   Y   Y   Y   n   Y   Y   n   n   n
mask                 Y   n   n   Y   n   n   Y   Y   n   n   n   n
unmask               own n   n   own n   n   own Y   n   n   n   n
make_visible         Y   n   n   Y   n   n   Y   Y   n   n   n   n
archive              own n   n   own Y   Y   own Y   Y   n   n   n
delete               own own own own own own own own own str str str
"""
"""N professional, D doctor, W occupational doctor in any mode, MT médecin traitant, CPE secretary's
card, ES structure's certificate; n normal, r centre_15, b bris_de_glace."""

AIR = """
                     Nn  Nr  Nb  Dn  Dr  Db  MTn MTb PE
test_existence       Y   Y   Y   Y   Y   Y   Y   Y   n
authorise_self       Y   n   n   Y   n   n   Y   n   imp
withdraw_self        Y   n   n   Y   n   n   Y   n   n
resign_attending     n   n   n   n   n   n   Y   n   n
list_records         Y   Y   Y   Y   Y   Y   Y   Y   imp
find_patient         n   Y   n   n   Y   n   n   n   n
web_access           Y   Y   Y   Y   Y   Y   Y   Y   n
read_administrative  Y   Y   Y   Y   Y   Y   Y   Y   Y
list_professionals   Y   n   n   Y   n   n   Y   n   n
submit               n   n   n   n   n   n   n   n   n
submit_as_secretary  n   n   n   n   n   n   n   n   n
find                 Y   Y   Y   Y   Y   Y   Y   Y   n
find_reference       Y   Y   Y   Y   Y   Y   Y   Y   ref
consult              Y   Y   Y   Y   Y   Y   Y   Y   n
consult_masked       own pat pat own pat pat Y   pat n
consult_hidden       Y   Y   Y   Y   Y   Y   Y   Y   n
consult_withdrawn    Y   Y   Y   Y   Y   Y   Y   Y   n
mask                 Y   n   n   Y   n   n   Y   n   n
unmask               own n   n   own n   n   Y   n   n
make_visible         Y   n   n   Y   n   n   Y   n   n
archive              own n   n   Y   Y   Y   Y   Y   n
delete               own own own own own own own own str
"""
"""PE: persons of the structure who are no professionals."""

KINDS = {
    "N": "professional",
    "D": "doctor",
    "W": "occupational_doctor",
    "MT": "attending_doctor",
    "CPE": "secretary",
    "PE": "secretary",
    "ES": "structure",
}


def published():
    """Yield (authentication, kind, mode, action, cell) for every published cell."""
    for text, authentication in ((DIRECT, "direct"), (AIR, "indirect_renforcee")):
        heading, *rows = text.strip().split("\n")
        for row in rows:
            action, *cells = row.split()
            for column, cell in zip(heading.split(), cells, strict=True):
                kind, modes = _column(column)
                how = "indirect" if kind == "structure" else authentication
                for mode in modes:
                    yield how, kind, mode, action, CELLS[cell]


def _column(name):
    if name == "W":
        return KINDS[name], tuple(Mode)
    if name in KINDS:
        return KINDS[name], (Mode.NORMAL,)  # no mode is written: the ordinary one
    return KINDS[name[:-1]], (MODES[name[-1]],)
