"""Whether a message asks in the way that each operation wants: Slots, ends, one operation each.

Spec: MU §3.57.4.1.3.1 (rules of all updates), §3.57.4.1.3.1.3 (Slots of a new version's HasMember),
§3.57.4.1.3.2 and §3.57.4.1.3.3 (Slots of UpdateAvailabilityStatus). Pure.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from registry.ledger.api import Kind
from registry.submission.identity_rules import (
    known_patients,
    new_ids,
    new_unique_ids_of_packages,
)
from registry.update.operations import (
    Operations,
    of_association,
    of_version,
    said,
    values_of,
)
from xds.errors import Complaint, ErrorCode, quote
from xds.metadata import vocabulary as v
from xds.metadata.judge import name_of
from xds.metadata.views import Association

Rule = Callable[[Operations], Iterator[Complaint]]
"""A row of a room's table: sees values, yields complaints."""

OPERATION: Final = ErrorCode.XDS_METADATA_UPDATE_OPERATION_ERROR
MAX_VERSION_DIGITS: Final = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerSlot:
    """A Slot of an Association that asks for something."""

    name: str
    is_required: bool
    admits: Callable[[str, Operations], bool]
    expected: str


def _is_version(text: str, _: Operations) -> bool:
    is_number = text.isascii() and text.isdecimal() and len(text) <= MAX_VERSION_DIGITS
    return is_number and int(text) > 0


def _is_status(text: str, operations: Operations) -> bool:
    return text in operations.statuses


ORIGINAL: Final = TriggerSlot(
    name=v.SUBMISSION_SET_STATUS,
    is_required=True,
    admits=lambda text, _: text == v.ORIGINAL,
    expected=v.ORIGINAL,
)
NEW_VERSION_SLOTS: Final = (
    TriggerSlot(
        name=v.PREVIOUS_VERSION,
        is_required=True,
        admits=_is_version,
        expected="the number of the latest registered version",
    ),
    TriggerSlot(
        name=v.ASSOCIATION_PROPAGATION,
        is_required=False,
        admits=lambda text, _: text in {"yes", "no"},
        expected="yes or no",
    ),
)
STATUS_SLOTS: Final = tuple(
    TriggerSlot(
        name=name,
        is_required=True,
        admits=_is_status,
        expected="an availabilityStatus of the affinity domain",
    )
    for name in (v.ORIGINAL_STATUS, v.NEW_STATUS)
)
SLOTS: Final[dict[str, tuple[TriggerSlot, ...]]] = {
    Kind.DOCUMENT_ENTRY: (ORIGINAL, *NEW_VERSION_SLOTS),
    Kind.FOLDER: (replace(ORIGINAL, is_required=False), *NEW_VERSION_SLOTS),
    v.UPDATE_AVAILABILITY_STATUS: STATUS_SLOTS,
    v.SUBMIT_ASSOCIATION: (replace(ORIGINAL, is_required=False),),
}
"""By what the new version is, or by the type of the Association."""
OF_OPERATIONS: Final = frozenset(slot.name for slots in SLOTS.values() for slot in slots)


def submission_rules(operations: Operations) -> Iterator[Complaint]:
    """Run the rules of a submission that hold here: patients, entryUUIDs, the set's uniqueId."""
    facts = operations.facts
    yield from known_patients(facts)
    yield from new_ids(facts)
    # A new version of a Folder keeps the uniqueId of the one before.
    yield from new_unique_ids_of_packages(
        replace(facts, submission=replace(facts.submission, folders=()))
    )


def types_are_known(operations: Operations) -> Iterator[Complaint]:
    """Check that an Association has a type of the Framework, or one that triggers an operation."""
    for association in operations.facts.submission.associations:
        kind = association.association_type
        if kind and kind not in v.ASSOCIATION_TYPES | v.UPDATE_ASSOCIATION_TYPES:
            yield of_association(
                association,
                ErrorCode.XDS_REGISTRY_METADATA_ERROR,
                "an Association has a type of ITI TF-3 Table 4.2.2-1, or of an update (MU "
                "§3.57.4.1.3.3)",
                quote(kind),
                ", ".join(sorted(v.ASSOCIATION_TYPES | v.UPDATE_ASSOCIATION_TYPES)),
                "correct the URN",
            )


def everything_is_of_an_operation(operations: Operations) -> Iterator[Complaint]:
    """Check that each part of the message belongs to an operation, and that there is one."""
    for stray in operations.strays:
        yield of_association(
            stray,
            OPERATION,
            "each Association of an update triggers an operation, or is what SubmitAssociation "
            "submits (MU §3.57.4.1.3.1)",
            f"{quote(stray.association_type)} from {quote(stray.source)} to {quote(stray.target)}",
            "HasMember from the SubmissionSet to a new version in this message, "
            "UpdateAvailabilityStatus or SubmitAssociation",
            "submit a relationship or a place in a Folder with SubmitAssociation; register new "
            "content with ITI-42",
        )
    for version in operations.versions:
        if version.membership is None:
            yield of_version(
                version,
                OPERATION,
                "a new version is the target of a HasMember from the message's SubmissionSet "
                "(MU §3.57.4.1.3.3.1, §3.57.4.1.3.3.3)",
                "no such Association",
                f"HasMember with Slot {v.PREVIOUS_VERSION}",
                "add the Association",
            )
    if not (operations.versions or operations.changes or operations.submits or operations.strays):
        submission_set = operations.facts.submission.submission_set
        yield said(
            name_of("SubmissionSet", submission_set.rim),
            OPERATION,
            "an update asks for at least one operation (MU §3.57.4.1.3.1)",
            "none",
            "a new version, a change of status or a SubmitAssociation",
            "add the operation",
            submission_set.where,
        )


def triggers_have_their_slots(operations: Operations) -> Iterator[Complaint]:
    """Check the Slots of what asks for something, and that it leads from the SubmissionSet."""
    for version in operations.versions:
        if version.membership is not None:
            yield from _slots(version.membership, SLOTS[version.kind], operations)
    for trigger in (*operations.changes, *operations.submits):
        if trigger.source != operations.own_set:
            yield of_association(
                trigger,
                OPERATION,
                f"{_short(trigger)} leads from the message's SubmissionSet (MU §3.57.4.1.3.3)",
                f"sourceObject {quote(trigger.source)}",
                f"sourceObject {quote(operations.own_set)}",
                "correct sourceObject",
            )
        yield from _slots(trigger, SLOTS[trigger.association_type], operations)


def _slots(
    trigger: Association, slots: tuple[TriggerSlot, ...], operations: Operations
) -> Iterator[Complaint]:
    named = {slot.name for slot in slots}
    for sent in trigger.rim.slots:
        if sent.name in OF_OPERATIONS - named:
            yield of_association(
                trigger,
                OPERATION,
                f"{_short(trigger)} has the Slots of its own operation (MU §3.57.4.1.3.3)",
                f"Slot {quote(sent.name)}",
                ", ".join(sorted(named)),
                "remove the Slot",
            )
    for slot in slots:
        values = values_of(trigger, slot.name)
        if not values and not slot.is_required and trigger.rim.slot(slot.name) is None:
            continue
        if len(values) != 1 or not slot.admits(values[0], operations):
            yield of_association(
                trigger,
                OPERATION,
                f"Slot {slot.name} of {_short(trigger)} has one value of its kind "
                "(MU §3.57.4.1.3.1.3, §3.57.4.1.3.3)",
                ", ".join(map(quote, values)) or "no value",
                slot.expected,
                "correct the Slot",
            )


def one_operation_for_each_object(operations: Operations) -> Iterator[Complaint]:
    """Check that a logical object has one new version, and one change of status."""
    seen: set[str] = set()
    for version in operations.versions:
        lid = version.item.logical_id
        if lid and lid in seen:
            yield of_version(
                version,
                OPERATION,
                "an update makes one new version of a logical object (MU §3.57.4.1.3.1)",
                f"a second one of {quote(lid)}",
                "each lid once",
                "send the second in an update of its own",
            )
        seen.add(lid)
    for triggers in (operations.changes, operations.submits):
        targets: set[str] = set()
        for trigger in triggers:
            if trigger.target in targets:
                yield of_association(
                    trigger,
                    OPERATION,
                    "an update does the same to an object once (MU §3.57.4.1.3.1)",
                    f"a second {_short(trigger)} of {quote(trigger.target)}",
                    "one",
                    "remove the second, or send it in an update of its own",
                )
            targets.add(trigger.target)


def _short(association: Association) -> str:
    return association.association_type.rpartition(":")[2]


OPERATION_RULES: Final[tuple[Rule, ...]] = (
    submission_rules,
    types_are_known,
    everything_is_of_an_operation,
    triggers_have_their_slots,
    one_operation_for_each_object,
)
