"""What TD0.3 asks for, and what that changes of the record. Pure.

    action          role                 asks for            change
    AJOUT           -                    AUTHORISE_SELF      the caller is authorised; a secretary's
                                                             structure is, in her place
    AJOUT           MEDECIN_TRAITANT     AUTHORISE_SELF      the caller is médecin traitant
    SUPPRESSION     -                    WITHDRAW_SELF       the caller is authorised no more
    SUPPRESSION     MEDECIN_TRAITANT     RESIGN_ATTENDING    the caller is médecin traitant no more

Our readings, the stricter ones: médecin traitant is only whom the policy knows as such (doctors,
not in occupational medicine); who gives up the role keeps an authorisation only if it was given
apart from the role; a médecin traitant gives up the role before the authorisation. An authorisation
that is declared has no end; one that the patient gave an end keeps it, and begins anew when it is
over.

Spec: DMP, TD0.3; functional matrix, TD0.3.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from registry.records.changes import Attending, Authorise, RecordChange, Resign, Withdraw
from registry.records.fields import Field
from registry.records.visitor import Visitor
from registry.records.words import invalid
from xds.access.model import Action, Obligation, Permit, Standing
from xds.errors import Complaint, Where
from xds.security.caller import Caller

SPEC: Final = "DMP, TD0.3"
ATTENDING: Final = "MEDECIN_TRAITANT"


class Asked(StrEnum):
    """What is asked for."""

    ADD = "AJOUT"
    REMOVE = "SUPPRESSION"


FIELDS: Final = (
    Field(name="action", values=tuple(Asked), is_required=True),
    Field(name="role", values=(ATTENDING,)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a caller asks for."""

    asked: Asked
    is_for_role: bool

    @property
    def action(self) -> Action:
        """The function that the caller must have."""
        if self.asked is Asked.ADD:
            return Action.AUTHORISE_SELF
        return Action.RESIGN_ATTENDING if self.is_for_role else Action.WITHDRAW_SELF


def wish_of(texts: dict[str, str]) -> Wish:
    """Return what texts ask for that have been judged."""
    return Wish(asked=Asked(texts["action"]), is_for_role=texts["role"] == ATTENDING)


def complaint_of(wish: Wish, visitor: Visitor, where: Where) -> Complaint | None:
    """Return why a caller who has the function may not use it so."""
    kinds = visitor.policy.attending_of
    kind = visitor.case(wish.action).kind
    if (
        wish.asked is Asked.ADD
        and wish.is_for_role
        and not (kind in kinds or kind in kinds.values())
    ):
        return invalid(
            subject="role",
            rule=f"médecin traitant is one of the kinds {', '.join(sorted(kinds)) or 'none'} "
            f"({SPEC}; the access policy's table [attending])",
            came=f"a caller of kind {kind}",
            expected="a caller of one of these kinds",
            fix="leave role out: the authorisation alone may be declared",
            where=where,
        )
    if (
        wish.asked is Asked.REMOVE
        and not wish.is_for_role
        and visitor.case(wish.action).is_attending
    ):
        return invalid(
            subject="action",
            rule=f"the role of médecin traitant gives access by itself and ends first ({SPEC})",
            came="SUPPRESSION by the patient's médecin traitant, without role",
            expected=f"SUPPRESSION with role {ATTENDING}, then without",
            fix=f"send role {ATTENDING} first",
            where=where,
        )
    return None


def change_of(wish: Wish, visitor: Visitor) -> RecordChange:
    """Return what a wish changes of the record."""
    caller = visitor.caller
    if wish.asked is Asked.REMOVE:
        kind = Resign if wish.is_for_role else Withdraw
        return kind(identity=caller.identity)
    if wish.is_for_role:
        return Attending(identity=caller.identity, name=caller.name, specialty=specialty_of(caller))
    decision = visitor.decide(Action.AUTHORISE_SELF)
    if isinstance(decision, Permit) and Obligation.IMPUTE_TO_STRUCTURE in decision.obligations:
        until = _end(visitor, caller.structure)
        return Authorise(identity=caller.structure, is_structure=True, until=until)
    return Authorise(
        identity=caller.identity,
        name=caller.name,
        specialty=specialty_of(caller),
        until=_end(visitor, caller.identity),
    )


def _end(visitor: Visitor, identity: str) -> str:
    """Return the end of an authorisation that holds: nobody prolongs it by declaring it again."""
    record = visitor.record
    person = record.person(identity, Standing.AUTHORISED) if record else None
    is_over = person is None or person.until <= f"{visitor.instant:%Y%m%d%H%M%S}"
    return "" if person is None or is_over else person.until


def specialty_of(caller: Caller) -> str:
    """Return profession and specialty in one code, such as `G15_10/SM26`."""
    if not caller.roles:
        return ""
    table = TABLES.get(caller.roles[0].system, "")
    prefix = f"{table}_" if table else ""
    return "/".join((f"{prefix}{caller.roles[0].code}", *(r.code for r in caller.roles[1:2])))


TABLES: Final = {"1.2.250.1.71.1.2.7": "G15", "1.2.250.1.71.1.2.8": "G16"}
"""Short names of the professions' code systems, as authorSpecialty has them."""


def said_of(wish: Wish, *, is_new: bool) -> str:
    """Return what was done, in words."""
    what = "the role of médecin traitant" if wish.is_for_role else "the authorisation"
    if wish.asked is Asked.ADD:
        return f"{what} is given" if is_new else f"{what} was already present, nothing was done"
    return f"{what} is withdrawn" if is_new else f"{what} was not present, nothing was done"
