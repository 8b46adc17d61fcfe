"""From the objects of one SubmitObjectsRequest to a `Submission`, with all that is wrong with it.

Spec: ITI TF-3 §4.2.1.5, §4.2.2, §4.2.3; ITI TF-2 §3.42.4.1.3, §3.41.4.1.3. Pure, and only what
the message alone can tell: what depends on stored objects is the room's rules.
"""

from collections.abc import Mapping
from typing import Literal, Protocol

from xds.errors import Complaint
from xds.metadata.rim import RimObject
from xds.metadata.views import Submission

Actor = Literal["registry", "repository"]


class CodePolicy(Protocol):
    """What a submission is judged against; an `xds.domain.AffinityDomain` is one."""

    @property
    def authorities(self) -> Mapping[str, object]:
        """Patient identifier authorities by OID; empty means any."""

    def admits(self, attribute: str, code: str, scheme: str) -> bool:
        """Return whether the attribute may take this code."""


def read_submission(
    objects: tuple[RimObject, ...], *, actor: Actor, domain: CodePolicy
) -> tuple[Submission | None, tuple[Complaint, ...]]:
    """Return the submission and every complaint; None when there is no single SubmissionSet.

    The submission may come beside errors, so that a room can add what the ledger knows; a caller
    that finds an error (`Complaint.is_error`) must not store it.
    """
    raise NotImplementedError
