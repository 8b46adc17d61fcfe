"""lcm:SubmitObjectsRequest to objects and back.

Spec: ebRS 3.0 (lcm.xsd); ITI TF-3 §4.2.1.5; ITI TF-2 §3.41.4.1.2, §3.42.4.1.2.
"""

from collections.abc import Mapping

from lxml import etree

from xds.ebrim.reader import (
    elements,
    is_named,
    line_of,
    scan_objects,
    shown_name,
)
from xds.ebrim.writer import write_submit_objects
from xds.errors import Complaint, Refusal, Where
from xds.metadata.policy import METADATA_ERROR, Actor, CodePolicy, IdentifierCheck
from xds.metadata.rim import RimObject
from xds.metadata.rules import RULES, Rule
from xds.metadata.submission import NO_CHECKS, STABLE_ONLY, read_submission
from xds.metadata.views import Submission
from xds.namespaces import LCM, RIM

__all__ = [
    "read_submission_request",
    "read_submit_objects",
    "scan_submit_objects",
    "write_submit_objects",
]


def read_submit_objects(
    request: etree._Element, where: Where, *, actor: Actor = "registry"
) -> tuple[RimObject, ...]:
    """Return the objects of an lcm:SubmitObjectsRequest. `where` is the request's own place.

    Errors: Refusal with every fault of shape.
    """
    objects, complaints = scan_submit_objects(request, where, actor=actor)
    if complaints:
        raise Refusal(complaints)
    return objects


def read_submission_request(  # noqa: PLR0913 - what a message is judged by
    request: etree._Element,
    where: Where,
    *,
    actor: Actor,
    domain: CodePolicy,
    identifier_checks: Mapping[str, IdentifierCheck] = NO_CHECKS,
    entry_types: frozenset[str] = STABLE_ONLY,
    rules: tuple[Rule, ...] = RULES,
) -> tuple[Submission | None, tuple[Complaint, ...]]:
    """Return the submission of an lcm:SubmitObjectsRequest and every complaint, shape and content.

    Why: all errors of a message at once. See `xds.metadata.submission.read_submission`.
    """
    objects, shape = scan_submit_objects(request, where, actor=actor)
    submission, content = read_submission(
        objects,
        actor=actor,
        domain=domain,
        identifier_checks=identifier_checks,
        entry_types=entry_types,
        where=where,
        rules=rules,
    )
    if shape and not objects:
        return None, shape
    return submission, (*shape, *content)


def scan_submit_objects(
    request: etree._Element, where: Where, *, actor: Actor = "registry"
) -> tuple[tuple[RimObject, ...], tuple[Complaint, ...]]:
    """Return what can be read of an lcm:SubmitObjectsRequest, and every fault of its shape."""
    lists = [e for e in elements(request) if is_named(e, RIM, "RegistryObjectList")]
    if not is_named(request, LCM, "SubmitObjectsRequest") or len(lists) != 1:
        return (), (_not_a_request(request, len(lists), where, actor),)
    place = where.child("rim:RegistryObjectList", line_of(lists[0]))
    return scan_objects(lists[0], place, actor=actor)


def _not_a_request(request: etree._Element, lists: int, where: Where, actor: Actor) -> Complaint:
    return Complaint(
        code=METADATA_ERROR[actor],
        subject="request",
        rule="a submission is one lcm:SubmitObjectsRequest with one rim:RegistryObjectList "
        "(ITI TF-3 §4.2.1.5)",
        came=f"{shown_name(request)} with {lists} rim:RegistryObjectList",
        expected=f"lcm:SubmitObjectsRequest in namespace {LCM} with one list in namespace {RIM}",
        fix="send one list that holds all objects of the submission",
        where=where,
    )
