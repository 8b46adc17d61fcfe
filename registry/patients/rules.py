"""The rules of a change to patients, as rows of a table. Pure.

Spec: ITI TF-2 §3.8.4.1.4 (add), §3.8.4.2.4 (merge: what shall be detected), §3.64.4.1.2 (link
change); ITI TF-3 Table 4.2.3.1.7-2 (CX). A rule sees values and yields faults; all of a stage run,
and all faults are answered. Rules about the identifiers come first: an identifier of another
domain is not looked up.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from registry.ledger.api import Known
from registry.patients.changes import (
    Add,
    Fault,
    FaultKind,
    LinkChange,
    Merge,
    Part,
    PatientChange,
    Revise,
)
from xds.domain import AffinityDomain
from xds.errors import quote
from xds.metadata.datatype import DatatypeError
from xds.metadata.hl7v2 import cx_key, parse_cx
from xds.metadata.policy import IdentifierCheck

ACTIVE: Final = "the surviving and the subsumed identifier are both active and known"


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientPolicy:
    """What identifiers are judged against."""

    domain: AffinityDomain
    identifier_checks: Mapping[str, IdentifierCheck]
    """By the name that the domain gives an authority's check."""


def patient_parts(change: PatientChange) -> tuple[tuple[Part, str], ...]:
    """Return the identifiers of a change that are of the affinity domain."""
    match change:
        case Add() | Revise():
            return ((Part.PATIENT, change.patient_id),)
        case Merge():
            return ((Part.SURVIVOR, change.survivor), (Part.SUBSUMED, change.subsumed))
        case LinkChange():
            return ((Part.NEW, change.new_patient_id), (Part.PREVIOUS, change.previous_patient_id))


def check_identifiers(change: PatientChange, policy: PatientPolicy) -> list[Fault]:
    """Return what is wrong with the identifiers themselves."""
    if isinstance(change, Revise):
        return []
    faults = [f for part, cx in patient_parts(change) for f in identifier_faults(part, cx, policy)]
    if isinstance(change, LinkChange):
        faults += _local_faults(change)
    if not any(f.is_error for f in faults):
        faults += [f for rule in SHAPES for f in rule(change)]
    return faults


def check_standing(change: PatientChange, known: Known) -> list[Fault]:
    """Return what is wrong with a change given what the Registry knows."""
    if isinstance(change, Revise):
        return []
    must_be_known = not isinstance(change, Add)
    return [
        fault
        for part, cx in patient_parts(change)
        for fault in _standing(part, cx, known, must_be_known=must_be_known)
    ]


def identifier_faults(part: Part, cx_text: str, policy: PatientPolicy) -> Iterator[Fault]:
    """Check form, assigning authority, and the identifier proper (§3.8.4.1.4, §3.8.4.2.4)."""
    authorities = policy.domain.authorities
    try:
        cx = parse_cx(cx_text.strip())
    except DatatypeError as error:
        yield Fault(
            kind=FaultKind.ILL_FORMED,
            part=part,
            rule=f"{error.rule} (ITI TF-3 Table 4.2.3.1.7-2)",
            came=quote(cx_text) if cx_text else "nothing",
            expected=error.expected,
            fix=error.fix,
        )
        return
    authority = authorities.get(cx.authority)
    if authorities and authority is None:
        known = ", ".join(f"{a.oid} {a.title}".strip() for a in authorities.values())
        yield Fault(
            kind=FaultKind.OTHER_AUTHORITY,
            part=part,
            rule=f"a patient identifier is of an assigning authority of the affinity domain "
            f"{policy.domain.name} (ITI TF-2 §3.8.4.1.4, §3.8.4.2.4)",
            came=quote(cx_text),
            expected=f"an identifier of one of {known}",
            fix="send the patient's identifier in this domain",
        )
        return
    check = policy.identifier_checks.get(authority.check) if authority else None
    if authority and check and (wrong := check(cx.id_number)):
        yield Fault(
            kind=FaultKind.WRONG_IDENTIFIER,
            part=part,
            rule=f"an identifier of {authority.oid} passes its authority's own check",
            came=f"{quote(cx_text)}: {wrong}",
            expected="the identifier as its authority assigned it",
            fix="correct the identifier",
            is_error=not authority.check_warns,
        )


def _local_faults(change: LinkChange) -> Iterator[Fault]:
    """Check the local identifiers' form; any authority may have assigned them (§3.64.4.1.2.3)."""
    locals_ = [(Part.LOCAL, change.local_patient_id)]
    if change.subsumed_local_patient_id:
        locals_.append((Part.SUBSUMED_LOCAL, change.subsumed_local_patient_id))
    for part, text in locals_:
        try:
            parse_cx(text.strip())
        except DatatypeError as error:
            yield Fault(
                kind=FaultKind.ILL_FORMED,
                part=part,
                rule=f"{error.rule} (ITI TF-2 §3.64.4.1.2.3)",
                came=quote(text) if text else "nothing",
                expected=error.expected,
                fix=error.fix,
            )


def _are_two_patients(change: PatientChange) -> Iterator[Fault]:
    if isinstance(change, Merge) and cx_key(change.survivor) == cx_key(change.subsumed):
        yield Fault(
            kind=FaultKind.SAME,
            part=Part.SUBSUMED,
            rule="the subsumed and the surviving identifier are not the same (ITI TF-2 §3.8.4.2.4)",
            came=quote(change.subsumed),
            expected="an identifier other than the surviving one",
            fix="correct one of the two; a patient cannot be merged into itself",
        )


def _locals_are_of_one_authority(change: PatientChange) -> Iterator[Fault]:
    if not isinstance(change, LinkChange) or not change.subsumed_local_patient_id:
        return
    local = parse_cx(change.local_patient_id.strip())
    subsumed = parse_cx(change.subsumed_local_patient_id.strip())
    if local.authority != subsumed.authority:
        yield Fault(
            kind=FaultKind.OTHER_AUTHORITY,
            part=Part.SUBSUMED_LOCAL,
            rule="the subsumed local identifier has the assigning authority of the local one "
            "(ITI TF-2 §3.64.4.1.2.4)",
            came=quote(change.subsumed_local_patient_id),
            expected=f"an identifier of {local.authority}",
            fix="send two identifiers of one local domain",
        )
    elif local.key == subsumed.key:
        yield Fault(
            kind=FaultKind.SAME,
            part=Part.SUBSUMED_LOCAL,
            rule="a local identifier is merged into another one (ITI TF-2 §3.64.4.1.2.4)",
            came=quote(change.subsumed_local_patient_id),
            expected="an identifier other than the local one",
            fix="leave the second repetition of MRG-1 out, or correct it",
        )


def _changes_something(change: PatientChange) -> Iterator[Fault]:
    is_same = isinstance(change, LinkChange) and (
        cx_key(change.new_patient_id) == cx_key(change.previous_patient_id)
    )
    if isinstance(change, LinkChange) and is_same and not change.subsumed_local_patient_id:
        yield Fault(
            kind=FaultKind.NOTHING_TO_DO,
            part=Part.PREVIOUS,
            rule="the previous identifier is the new one only when local identifiers are merged "
            "(ITI TF-2 §3.64.4.1.2.4)",
            came=quote(change.previous_patient_id),
            expected="another previous identifier, or a subsumed local identifier",
            fix="send the identifier to which the local one was linked before",
        )


SHAPES: Final[tuple[Callable[[PatientChange], Iterator[Fault]], ...]] = (
    _are_two_patients,
    _locals_are_of_one_authority,
    _changes_something,
)
"""Rules about the identifiers of one change together; each of them is well-formed by now."""


def _standing(part: Part, cx: str, known: Known, *, must_be_known: bool) -> Iterator[Fault]:
    """Check that an identifier is active (§3.8.4.2.4), and known if it must be."""
    key = cx_key(cx)
    if survivor := known.merged.get(key):
        yield Fault(
            kind=FaultKind.SUBSUMED,
            part=part,
            rule="an identifier that an earlier merge subsumed is not used again, and a merge is "
            "not reversible (ITI TF-2 §3.8.4.2.4)",
            came=f"{quote(cx)}, which was merged into {quote(survivor)}",
            expected="an active identifier",
            fix="send the identifier that survived",
        )
    elif must_be_known and key not in known.patient_ids:
        yield Fault(
            kind=FaultKind.UNKNOWN,
            part=part,
            rule=f"{ACTIVE} (ITI TF-2 §3.8.4.2.4)",
            came=f"{quote(cx)}, which this Registry does not know",
            expected="the identifier of a known patient",
            fix="make the patient known first (A01, A04, A05), or correct the identifier",
        )
