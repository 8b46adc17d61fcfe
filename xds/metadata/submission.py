"""From the objects of one SubmitObjectsRequest to a `Submission`, with all that is wrong with it.

Spec: ITI TF-3 §4.2.1.5, §4.2.2, §4.2.3; ITI TF-2 §3.42.4.1.3, §3.41.4.1.3. Pure, and only what
the message alone can tell: what depends on stored objects is the room's rules.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from xds.errors import Complaint, Where
from xds.metadata import vocabulary as v
from xds.metadata.judge import Judge
from xds.metadata.message import Message, sort_objects
from xds.metadata.policy import Actor, CodePolicy, IdentifierCheck
from xds.metadata.rim import NOWHERE, RimObject
from xds.metadata.rules import RULES, Rule
from xds.metadata.views import Submission

__all__ = ["Actor", "CodePolicy", "IdentifierCheck", "Submission", "read_submission"]

NO_CHECKS: Final[Mapping[str, IdentifierCheck]] = MappingProxyType({})
STABLE_ONLY: Final = frozenset({v.STABLE})
MAX_COMPLAINTS: Final = 500
"""Past this an answer stops listing: a hostile message must not make an even larger answer."""


def read_submission(  # noqa: PLR0913 - what a message is judged by
    objects: tuple[RimObject, ...],
    *,
    actor: Actor,
    domain: CodePolicy,
    identifier_checks: Mapping[str, IdentifierCheck] = NO_CHECKS,
    entry_types: frozenset[str] = STABLE_ONLY,
    where: Where = NOWHERE,
    rules: tuple[Rule, ...] = RULES,
) -> tuple[Submission | None, tuple[Complaint, ...]]:
    """Return the submission and every complaint; None when there is no single SubmissionSet.

    The submission may come beside errors, so that a room can add what the ledger knows; a caller
    that finds an error (`Complaint.is_error`) must not store it. `identifier_checks` are the checks
    that the domain's authorities name, such as `ins`. `entry_types` are the objectTypes that the
    transaction takes, and `rules` what holds between objects in it. `where` is the place of the
    request, for what is wrong with a submission that has no object to point at.

    Spec: ITI TF-3 §4.2, Table 4.3.1-3. Errors: XDSRegistryMetadataError or
    XDSRepositoryMetadataError, XDSPatientIdDoesNotMatch, XDSUnknownPatientId,
    UnresolvedReferenceException, XDS…DuplicateUniqueIdInMessage.
    """
    # (1) Sort the objects by kind; labels that stand beside a package move into it.
    judge = Judge(
        actor=actor, domain=domain, identifier_checks=identifier_checks, entry_types=entry_types
    )
    message, complaints = sort_objects(objects, judge)
    # (2) Each object against the attribute table.
    found = list(complaints)
    for subject, rim in message.objects:
        found.extend(judge.judge(subject, rim))
    # (3) The rules between objects.
    for rule in rules:
        found.extend(rule(message))
    found = [replace(c, where=where) if c.where is NOWHERE else c for c in found]
    # (4) In the message's order, which is how its author reads them.
    found.sort(key=lambda complaint: complaint.where.line if complaint.where else 0)
    return _submission(message), _bounded(found, judge)


def _submission(message: Message) -> Submission | None:
    if len(message.submission_sets) != 1:
        return None
    return Submission(
        submission_set=message.submission_sets[0],
        document_entries=message.document_entries,
        folders=message.folders,
        associations=message.associations,
        object_refs=tuple(ref.id for ref in message.object_refs),
        objects=tuple(rim for _, rim in message.objects),
    )


def _bounded(found: list[Complaint], judge: Judge) -> tuple[Complaint, ...]:
    if len(found) <= MAX_COMPLAINTS:
        return tuple(found)
    # Errors first: a cut must never turn a refusal into a success.
    kept = sorted(found, key=lambda complaint: not complaint.is_error)[:MAX_COMPLAINTS]
    more = judge.complaint(
        kept[-1].where or NOWHERE,
        severity=kept[0].severity,
        subject="the submission",
        rule=f"at most {MAX_COMPLAINTS} complaints are listed",
        came=f"{len(found)} complaints",
        expected="none",
        fix="mend these first, then send it again to see the others",
    )
    return (*kept, more)
