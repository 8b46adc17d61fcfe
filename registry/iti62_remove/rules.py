"""What may be removed, as rows of a table; and what a removal changes besides.

Spec: RMD supplement §3.62.4.1.3 (the Registry's expected actions): what is named exists; what
remains neither points at what is gone, nor stays without anything that holds it. Pure.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from registry.access.quiet import is_quiet
from registry.iti62_remove.message import Named
from registry.ledger.api import Kind, Known, KnownAssociation, Plan
from xds.errors import Complaint, ErrorCode, quote
from xds.metadata import vocabulary as v


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What a request names, and what is known of it and of its neighbours."""

    named: tuple[Named, ...]
    known: Known
    """With every Association that touches a named object or an end of a named Association."""

    @property
    def gone(self) -> frozenset[str]:
        """The entryUUIDs that are named."""
        return frozenset(one.entry_uuid for one in self.named)

    def remaining(self) -> list[KnownAssociation]:
        """Return the Associations that are known and not named."""
        return [a for a in self.known.associations if a.entry_uuid not in self.gone]


Rule = Callable[[Removal], Iterator[Complaint]]


def check(removal: Removal) -> list[Complaint]:
    """Return every complaint; what is unknown is told first and alone."""
    unknown = list(all_are_registered(removal))
    return unknown or [complaint for rule in RULES for complaint in rule(removal)]


def all_are_registered(removal: Removal) -> Iterator[Complaint]:
    """Check that what is named is registered."""
    for one in removal.named:
        if one.entry_uuid not in removal.known.by_uuid:
            yield _complaint(
                one,
                ErrorCode.UNRESOLVED_REFERENCE_EXCEPTION,
                "an object to be removed is registered",
                f"{quote(one.entry_uuid)}, which is not",
                "the entryUUID of a registered object",
                "query the entryUUID (ITI-18); one that is removed already is not sent again",
            )


def nothing_points_at_what_is_gone(removal: Removal) -> Iterator[Complaint]:
    """Check that no Association remains whose end is removed."""
    pointing: dict[str, list[str]] = {}
    for association in removal.remaining():
        for end in {association.source, association.target} & removal.gone:
            pointing.setdefault(end, []).append(association.entry_uuid)
    for one in removal.named:
        if others := pointing.get(one.entry_uuid):
            shown = ", ".join(others[:5]) + (", …" if len(others) > 5 else "")  # noqa: PLR2004
            yield _complaint(
                one,
                ErrorCode.REFERENCES_EXIST_EXCEPTION,
                "an object is removed together with every Association that has it as an end",
                f"{quote(one.entry_uuid)}, an end of {len(others)} that would remain: {shown}",
                "no Association that remains and has it as an end",
                "name these Associations too (GetAssociations lists them)",
            )


def nothing_is_left_alone(removal: Removal) -> Iterator[Complaint]:
    """Check that each end of a removed Association is removed too, or an end of another one."""
    held = {end for a in removal.remaining() for end in (a.source, a.target)}
    by_uuid = {a.entry_uuid: a for a in removal.known.associations}
    for one in removal.named:
        association = by_uuid.get(one.entry_uuid)
        if association is None:
            continue
        for end in (association.source, association.target):
            if end in removal.gone or end in held:
                continue
            known = removal.known.by_uuid.get(end)
            kind = known.kind if known else "object"
            yield _complaint(
                one,
                ErrorCode.XDS_UNREFERENCED_OBJECT_EXCEPTION,
                "what remains is held by an Association",
                f"{quote(one.entry_uuid)}, the last Association of the {kind} {quote(end)}",
                "an object that stays in a submission, or goes with it",
                f"name the {kind} too, or leave this Association",
            )


RULES: Final[tuple[Rule, ...]] = (nothing_points_at_what_is_gone, nothing_is_left_alone)


def make_plan(removal: Removal, *, instant: str) -> Plan:
    """Return the plan of a removal that no rule forbids. `instant` is a DTM of 14 digits.

    A Folder that stays and loses a document has changed (ITI TF-3 §4.2.3.4.6).
    """
    changed = {
        a.source
        for a in removal.known.associations
        if a.entry_uuid in removal.gone
        and a.association_type == v.HAS_MEMBER
        and a.source not in removal.gone
        and not is_quiet(a.target, removal.known)
        and (known := removal.known.by_uuid.get(a.source)) is not None
        and known.kind is Kind.FOLDER
    }
    return Plan(add=(), remove=removal.gone, touch_folders=frozenset(changed), instant=instant)


def _complaint(  # noqa: PLR0913, PLR0917 - the parts of a complaint
    one: Named, code: ErrorCode, rule: str, came: str, expected: str, fix: str
) -> Complaint:
    return Complaint(
        code=code,
        subject="ObjectRef",
        rule=f"{rule} (RMD supplement §3.62.4.1.3)",
        came=came,
        expected=expected,
        fix=fix,
        where=one.where,
    )
