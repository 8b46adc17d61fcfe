"""Updates (ITI-57, ITI-92) as ebRIM objects: what a client makes of what it has queried.

objects = a_version(entry, change=titled)               a new version of a registered object
objects = a_status(entry.id, v.APPROVED, v.DEPRECATED)  another availabilityStatus
objects = a_submit(v.APPEND, source, target)            an Association between registered objects
objects = together(a_version(one), a_version(two))      several operations in one message
"""

import itertools
from dataclasses import replace

from tests.build.submission import (
    PATIENT,
    ROOT,
    SUBMISSION_SET_ID,
    Change,
    a_submission_set,
    an_association,
    has_member,
)
from xds.metadata import vocabulary as v
from xds.metadata.rim import LocalizedString, RimObject

_numbers = itertools.count(1)
UNKNOWN = "urn:uuid:00000000-0000-4000-8000-000000000000"


def a_set(unique_id: str = "", *, patient: str = PATIENT) -> RimObject:
    """A SubmissionSet of its own, unless it is given a uniqueId."""
    return a_submission_set(unique_id=unique_id or f"{ROOT}.57.{next(_numbers)}", patient=patient)


def a_version(
    registered: RimObject,
    previous: str = "1",
    *,
    change: Change = lambda rim: rim,
    patient: str = PATIENT,
    identifier: str = "New01",
    **slots: str,
) -> tuple[RimObject, ...]:
    """A whole update that makes a new version of a registered object."""
    lid = registered.attribute("lid") or ""
    new = change(registered.with_attribute("id", identifier).with_attribute("lid", lid))
    membership = has_member(SUBMISSION_SET_ID, identifier, status="Original").with_slot(
        "PreviousVersion", previous
    )
    for name, value in slots.items():
        membership = membership.with_slot(name, value)
    return a_set(patient=patient), renewed(new), membership


def renewed(rim: RimObject) -> RimObject:
    """The object with symbolic ids inside, and without what the Registry added."""
    parts: dict[str, tuple[RimObject, ...]] = {}
    for part, owner in (
        ("classifications", "classifiedObject"),
        ("external_identifiers", "registryObject"),
    ):
        parts[part] = tuple(
            one.with_attribute("id", f"{rim.id}-{part}{n}").with_attribute(owner, rim.id)
            for n, one in enumerate(getattr(rim, part))
        )
    return replace(rim, version_info=None, **parts)


def a_status(
    target: str,
    original: str,
    new: str,
    *,
    source: str = SUBMISSION_SET_ID,
    patient: str = PATIENT,
) -> tuple[RimObject, ...]:
    change = an_association(f"Change{next(_numbers)}", v.UPDATE_AVAILABILITY_STATUS, source, target)
    return (
        a_set(patient=patient),
        change.with_slot("OriginalStatus", original).with_slot("NewStatus", new),
    )


def a_submit(
    kind: str, source: str, target: str, *, patient: str = PATIENT
) -> tuple[RimObject, ...]:
    return (
        a_set(patient=patient),
        an_association("Submitted01", kind, source, target),
        an_association("Submit01", v.SUBMIT_ASSOCIATION, SUBMISSION_SET_ID, "Submitted01"),
    )


def together(*updates: tuple[RimObject, ...]) -> tuple[RimObject, ...]:
    """Several updates in one message, under the SubmissionSet of the first."""
    return (updates[0][0], *(rim for update in updates for rim in update[1:]))


def titled(rim: RimObject, title: str = "Autre titre") -> RimObject:
    return replace(rim, name=(LocalizedString(value=title),))
